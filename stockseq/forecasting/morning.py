"""A morning: the next session's forecasts, the headlines behind them, and how the model did so far."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from stockseq.dataset.dataset import Dataset
from stockseq.evaluate.scores import Scores, score_forecasts
from stockseq.forecast_ledger import Ledger, append_forecasts
from stockseq.forecasting.champion import Champion, forecast_record
from stockseq.forecasting.live import LiveRecord, score_live
from stockseq.ingestion.ingest import Ingested
from stockseq.models.forecasting import NextSession, forecast_next
from stockseq.schemas import Dropped
from stockseq.store import Store


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
        Those that the forecasts could use, the newest first: ticker, published_at, text, url, compound.
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

    @property
    def dropped(self) -> tuple[Dropped, ...]:
        """The tickers without a forecast, with the reason."""
        return tuple(Dropped("forecast", ticker, reason, 1) for ticker, reason in self.next.refused.items())


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
    failures = ingested.headline_failures
    return Morning(
        next=outlook,
        n_new=appended.n_rows,
        table=with_spread(outlook.forecasts).assign(made_at=market.now, late=late),
        headlines=headlines_read(data, outlook.forecasts, outlook.session),
        champion=champion,
        out_of_sample=out_of_sample,
        scores=score_forecasts(out_of_sample, horizon=data.inputs.horizon),
        live=score_live(ledger.extend(appended).as_of(market.now), models, champion.record.basis.label),
        late=late,
        without_headlines={ticker: why for ticker, why in failures.items() if ticker not in outlook.refused},
    )


def with_spread(forecasts: pd.DataFrame) -> pd.DataFrame:
    """Return the forecasts with the spread over seeds in place of each seed's own; NaN for one seed."""
    seeds = [column for column in forecasts.columns if column.startswith("probability_up_seed_")]
    spread = forecasts[seeds].std(axis=1, ddof=1) if len(seeds) > 1 else np.nan
    return forecasts.drop(columns=seeds).assign(spread=spread)


def headlines_read(data: Dataset, forecasts: pd.DataFrame, session: pd.Timestamp) -> pd.DataFrame:
    """Return the headlines that the forecasts of a session could use, the newest first."""
    read = data.headlines[data.headlines["session"] == session]
    read = read[read["ticker"].isin(forecasts["ticker"])]
    scored = read.merge(data.scores[["headline_id", "compound"]], on="headline_id", how="left")
    columns = ["ticker", "published_at", "text", "url", "compound"]
    return scored.sort_values("available_at", ascending=False, kind="stable", ignore_index=True)[columns]
