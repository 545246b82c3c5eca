"""A morning: the next session's forecasts, the headlines behind them, and how the model did so far."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from stockseq.dataset.dataset import Dataset
from stockseq.dataset.vocabulary import PADDING, UNKNOWN
from stockseq.evaluate.scores import Scores, score_forecasts
from stockseq.features.news import standing_session
from stockseq.forecast_ledger import Ledger, append_forecasts, verify
from stockseq.forecasting.champion import Champion, forecast_record
from stockseq.forecasting.clock import is_replay, require_begun
from stockseq.forecasting.earlier import EarlierForecasts, compare_with_earlier
from stockseq.forecasting.live import LiveRecord, require_listed, score_live
from stockseq.ingestion.ingest import Ingested
from stockseq.models.forecasting import NextSession, forecast_next
from stockseq.models.registry import Registry, of_label
from stockseq.schemas import Dropped
from stockseq.sessions import TradingCalendar
from stockseq.store import Store

if TYPE_CHECKING:
    from stockseq.models.model import Model


@dataclass(frozen=True)
class Morning:
    """What a daily run found.

    Parameters
    ----------
    next : NextSession
    n_new : int
        Forecasts that were not in the ledger yet.
    table : DataFrame
        Its forecasts with the spread over seeds, when they were made, and whether that was after the open.
    headlines : DataFrame
        Those in the windows of the forecasts, the newest first; see `headlines_read`.
    champion : Champion
    out_of_sample : DataFrame
        The champion's forecasts of every session since its training ended, with what was realised.
    scores : Scores
        Of `out_of_sample`.
    live : LiveRecord
    late : bool
        The session had opened when it was forecast.
    without_headlines : mapping of ticker to reason
        Forecast though today's headlines could not be fetched.
    earlier : EarlierForecasts or None
        Those that stand, where other numbers were forecast for the same session before.
    """

    next: NextSession
    n_new: int
    table: pd.DataFrame
    headlines: pd.DataFrame
    champion: Champion
    out_of_sample: pd.DataFrame
    scores: Scores
    live: LiveRecord
    late: bool
    without_headlines: Mapping[str, str]
    earlier: EarlierForecasts | None = None

    @property
    def dropped(self) -> tuple[Dropped, ...]:
        """The tickers without a forecast, with the reason."""
        return tuple(Dropped("forecast", ticker, reason, 1) for ticker, reason in self.next.refused.items())


def begin_morning(
    store: Store, registry: Registry, calendar: TradingCalendar, now: pd.Timestamp
) -> tuple[Ledger, bool]:
    """Return the ledger, verified, and whether this morning was over before the store's newest entry.

    It comes before anything is fetched or trained: what is there, and what may be done as of `now` (tz-aware).

    Raises
    ------
    StoreError
        If `now` lies before the store's first entry, or before its newest forecast or model, and no morning was run
        then; see `is_replay`.
    LedgerBroken
        If the ledger doesn't verify, or the model of a forecast is no longer listed.
    """
    require_begun(store, registry, now)
    ledger = verify(store)
    require_listed(ledger.as_of(now).forecasts, registry.list_models())
    return ledger, is_replay(ledger, registry, calendar, now)


def forecast_morning(
    store: Store, ledger: Ledger, champion: Champion, data: Dataset, *, ingested: Ingested, models: pd.DataFrame
) -> Morning:
    """Forecast the session after the last final one, enter the forecasts into the ledger, and bring together the rest.

    Parameters
    ----------
    store : Store
    ledger : Ledger
        As `verify` gave it, with what was appended since.
    champion : Champion
        Who forecasts.
    data : Dataset
        Its market's `now` is when the forecasts are made.
    ingested : Ingested
        How the fetch ended; a ticker that failed gets no forecast.
    models : DataFrame
        Every registered model, from `Registry.list_models`; those of the champion's label have its live record.
    """
    market = data.market
    outlook = forecast_next(champion.model, data, ingested.outcomes)
    appended = append_forecasts(
        store,
        outlook.forecasts,
        made_at=market.now,
        model_id=champion.model_id,
        calendar=market.calendar,
        ledger=ledger,
    )
    late = bool(market.calendar.opens_at(outlook.session) <= market.now)
    out_of_sample = forecast_record(champion, data)
    failures, label = ingested.headline_failures, champion.record.basis.label
    return Morning(
        next=outlook,
        n_new=appended.n_rows,
        table=with_spread(outlook.forecasts).assign(made_at=market.now, late=late, **_text_input(champion.model)),
        headlines=headlines_read(data, outlook.forecasts, outlook.session, model=champion.model),
        champion=champion,
        out_of_sample=out_of_sample,
        scores=score_forecasts(out_of_sample, horizon=data.inputs.horizon),
        live=score_live(ledger.extend(appended).as_of(market.now), models, label),
        late=late,
        without_headlines={ticker: why for ticker, why in failures.items() if ticker not in outlook.refused},
        earlier=compare_with_earlier(ledger, outlook.forecasts, model_ids=of_label(models, label), now=market.now),
    )


def _text_input(model: "Model") -> dict[str, Any]:
    from stockseq.models.network import reads_text

    return {"lookback": model.network.lookback, "reads_text": reads_text(model.network, len(model.vocabulary))}


def with_spread(forecasts: pd.DataFrame) -> pd.DataFrame:
    """Return the forecasts with the spread over seeds in place of each seed's own; NaN for one seed."""
    seeds = [column for column in forecasts.columns if column.startswith("probability_up_seed_")]
    spread = forecasts[seeds].std(axis=1, ddof=1) if len(seeds) > 1 else np.nan
    return forecasts.drop(columns=seeds).assign(spread=spread)


def headlines_read(
    data: Dataset, forecasts: pd.DataFrame, session: pd.Timestamp, *, model: "Model | None" = None
) -> pd.DataFrame:
    """Return the headlines in the windows of a session's forecasts, the newest published first.

    Parameters
    ----------
    data : Dataset
    forecasts : DataFrame with ticker
    session : Timestamp
        The session that is forecast.
    model : Model, optional
        Who forecasts; without it, only the session's own headlines are given.

    Returns
    -------
    DataFrame
        ticker, published_at, text, url, compound, sessions_ago (0 is the session's own news), and as_text (whether the
        network reads its words), n_words and n_unknown (words that the model's vocabulary lacks).
    """
    lookback = 1 if model is None else model.network.lookback
    calendar = data.market.calendar.sessions
    standing = standing_session(data.headlines)
    ago = calendar.searchsorted(session) - calendar.searchsorted(standing.to_numpy())
    inside = standing.notna() & (data.headlines["session"] <= session) & (ago >= 0) & (ago < lookback)
    read = data.headlines.assign(sessions_ago=ago)[inside]
    read = read[read["ticker"].isin(forecasts["ticker"])].sort_values(["public_at", "text"], ascending=False)
    scored = read.merge(data.scores[["headline_id", "compound"]], on="headline_id", how="left")
    columns = ["ticker", "published_at", "text", "url", "compound", "sessions_ago"]
    return scored[columns].assign(**_words(data.inputs.as_read(scored), model))


def _words(read: pd.DataFrame, model: "Model | None") -> dict[str, Any]:
    """Return whether a network reads the words of each headline, how many it reads, and how many are unknown to it."""
    from stockseq.models.network import reads_text

    if model is None or not reads_text(model.network, len(model.vocabulary)) or read.empty:
        return {"as_text": False, "n_words": 0, "n_unknown": 0}
    network = model.network
    as_text = read.groupby(["ticker", "sessions_ago"]).cumcount() < network.headlines_per_session
    codes = model.vocabulary.encode([[text] for text in read["text"]], 1, network.tokens_per_headline).padded()[:, 0]
    n_words, n_unknown = (codes != PADDING).sum(axis=1), (codes == UNKNOWN).sum(axis=1)
    return {"as_text": as_text, "n_words": n_words * as_text, "n_unknown": n_unknown * as_text}
