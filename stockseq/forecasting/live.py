"""The live record: forecasts made before their session opened, beside what came of them."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import pandas as pd

from stockseq.dataset.labels import compute_labels, parse_label
from stockseq.errors import counted, listed
from stockseq.evaluate.ranking import RankingScores, score_ranking
from stockseq.evaluate.scores import Scores, score_forecasts
from stockseq.evaluate.size import SizeScores, score_size
from stockseq.forecast_ledger import Ledger, append_outcomes, corrected_outcomes, live_record
from stockseq.hash_chain import broken
from stockseq.market import MarketData
from stockseq.models.registry import of_label
from stockseq.schemas import as_labels
from stockseq.store import Store

# One session has no interval.
LEAST_SESSIONS = 2


@dataclass(frozen=True)
class Corrections:
    """The outcomes that were corrected after they had counted, because their bars were.

    Parameters
    ----------
    n : int
        Of forecasts made in time.
    ticker, session : str
        Of the forecast whose outcome changed most.
    before, after : float
        Its realised return as it counted first, and as it counts now; fractions.
    """

    n: int
    ticker: str
    session: str
    before: float
    after: float


@dataclass(frozen=True)
class LiveRecord:
    """How the live forecasts did.

    Parameters
    ----------
    n, n_sessions : int
        Forecasts made in time whose outcome is known, and their sessions.
    n_late : int
        Forecasts made after their session opened; they never count.
    n_open : int
        Forecasts made in time whose outcome is not known yet.
    scores : Scores or None
        None for fewer than two sessions, which have no interval.
    ranking, size : RankingScores or None, SizeScores or None
        Of the forecasts that name a rank, and a size; None for fewer than two sessions of those.
    corrections : Corrections or None
        Of the outcomes that count; None where none was corrected.
    """

    n: int
    n_sessions: int
    n_late: int
    n_open: int
    scores: Scores | None
    ranking: RankingScores | None = None
    size: SizeScores | None = None
    corrections: Corrections | None = None

    def to_dict(self) -> dict[str, object]:
        """Return the scores, where there are some, and the counts under the keys of `metrics.json`."""
        counts = {"n": self.n, "n_sessions": self.n_sessions, "n_late": self.n_late, "n_open": self.n_open}
        further = {"ranking": self.ranking, "size": self.size}
        scored = {name: record.to_dict() for name, record in further.items() if record is not None}
        corrected = {} if self.corrections is None else {"corrections": asdict(self.corrections)}
        return {**({} if self.scores is None else self.scores.to_dict()), **counts, **scored, **corrected}

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> "LiveRecord":
        """Return the record that `to_dict` gave."""
        counts = {name: int(values[name]) for name in ("n", "n_sessions", "n_late", "n_open")}
        return cls(
            **counts,
            scores=Scores.from_dict(values) if "accuracy" in values else None,
            ranking=RankingScores.from_dict(values["ranking"]) if "ranking" in values else None,
            size=SizeScores.from_dict(values["size"]) if "size" in values else None,
            corrections=Corrections(**values["corrections"]) if "corrections" in values else None,
        )


def score_live(ledger: Ledger, models: pd.DataFrame, label: str) -> LiveRecord:
    """Score the forecasts of one trade that were made before their session opened and whose outcome is known.

    Parameters
    ----------
    ledger : Ledger
    models : DataFrame
        Every registered model, from `Registry.list_models`.
    label : str
        Of the trade. Forecasts of other trades have a record of their own.
    """
    ledger = ledger.of_models(of_label(models, label))
    record = live_record(ledger)
    n_sessions = int(record["session"].nunique())
    forecasts = ledger.forecasts
    horizon = parse_label(label)
    named = {name: record[record[name].notna()] for name in ("relative", "sigma")}
    ranked, sized = (rows if rows["session"].nunique() >= LEAST_SESSIONS else None for rows in named.values())
    n_on_time = len(forecasts[~forecasts["late"]].drop_duplicates(["ticker", "session"]))
    return LiveRecord(
        n=len(record),
        n_sessions=n_sessions,
        n_late=int(forecasts["late"].sum()),
        n_open=n_on_time - len(record),
        scores=score_forecasts(record, horizon=horizon) if n_sessions >= LEAST_SESSIONS else None,
        ranking=None if ranked is None else score_ranking(ranked, horizon=horizon),
        size=None if sized is None else score_size(sized, horizon=horizon),
        corrections=_corrections(ledger, record),
    )


def score_open_forecasts(store: Store, ledger: Ledger, models: pd.DataFrame, market: MarketData) -> Ledger:
    """Note what came of each forecast, and what its bars say now where that differs; return the ledger with it.

    Parameters
    ----------
    store : Store
    ledger : Ledger
        As `verify` gave it.
    models : DataFrame
        Every registered model, from `Registry.list_models`.
    market : MarketData
        Tickers that have since left it are read from the store, as of its `now`.
    """
    rows = ledger.as_of(market.now).forecasts
    forecast = {*rows["ticker"]}
    markets = [market.of(sorted(forecast & {*market.tickers}))]
    if left := sorted(forecast - {*market.tickers}):
        markets.append(store.market(market.calendar, tickers=left, as_of=market.now))
    for horizon, same_trade in rows.groupby(horizons_of(rows, models)):
        realised = as_labels(
            pd.concat(
                compute_labels(part.bars, part.actions, calendar=market.calendar, horizon=horizon) for part in markets
            )
        )
        ids = set(same_trade["model_id"])
        appended = append_outcomes(store, realised, scored_at=market.now, model_ids=ids, ledger=ledger)
        ledger = ledger.extend(appended)
    return ledger


def horizons_of(forecasts: pd.DataFrame, models: pd.DataFrame) -> pd.Series:
    """Return the horizon of each forecast: it is judged by its own model's trade, whatever the settings say today.

    Raises
    ------
    LedgerBroken
        If a model is not listed; a record without its forecasts would pass for the whole one.
    """
    require_listed(forecasts, models)
    return forecasts["model_id"].map(models.set_index("model_id")["label"]).map(parse_label)


def require_listed(forecasts: pd.DataFrame, models: pd.DataFrame) -> None:
    """Raise `LedgerBroken` where the model of a forecast is no longer listed: then it would count in no record."""
    unlisted = sorted({*forecasts["model_id"]} - {*models["model_id"]})
    if unlisted:
        n_rows = int(forecasts["model_id"].isin(unlisted).sum())
        raise broken(
            "the table `models`", f"{counted(n_rows, 'forecast')} are by {listed(unlisted[:3])}, not listed any more"
        )


def _corrections(ledger: Ledger, record: pd.DataFrame) -> Corrections | None:
    """Return what was corrected of the outcomes in a live record."""
    corrected = record[["forecast_id", "ticker", "session"]].merge(corrected_outcomes(ledger), on="forecast_id")
    if corrected.empty:
        return None
    change = (corrected["realised_return"] - corrected["realised_return_first"]).abs()
    most = corrected.iloc[int(change.argmax())]
    return Corrections(
        n=len(corrected),
        ticker=str(most["ticker"]),
        session=str(most["session"].date()),
        before=float(most["realised_return_first"]),
        after=float(most["realised_return"]),
    )
