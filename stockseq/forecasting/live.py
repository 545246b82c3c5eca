"""The live record: forecasts made before their session opened, beside what came of them."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pandas as pd

from stockseq.dataset.labels import compute_labels, parse_label
from stockseq.evaluate.ranking import RankingScores, score_ranking
from stockseq.evaluate.scores import Scores, score_forecasts
from stockseq.evaluate.size import SizeScores, score_size
from stockseq.forecast_ledger import Ledger, append_outcomes, live_record, open_forecasts
from stockseq.market import MarketData
from stockseq.store import Store

# One session has no interval.
LEAST_SESSIONS = 2


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
    """

    n: int
    n_sessions: int
    n_late: int
    n_open: int
    scores: Scores | None
    ranking: RankingScores | None = None
    size: SizeScores | None = None

    def to_dict(self) -> dict[str, object]:
        """Return the scores, where there are some, and the counts under the keys of `metrics.json`."""
        counts = {"n": self.n, "n_sessions": self.n_sessions, "n_late": self.n_late, "n_open": self.n_open}
        further = {"ranking": self.ranking, "size": self.size}
        scored = {name: record.to_dict() for name, record in further.items() if record is not None}
        return {**({} if self.scores is None else self.scores.to_dict()), **counts, **scored}

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> "LiveRecord":
        """Return the record that `to_dict` gave."""
        counts = {name: int(values[name]) for name in ("n", "n_sessions", "n_late", "n_open")}
        return cls(
            **counts,
            scores=Scores.from_dict(values) if "accuracy" in values else None,
            ranking=RankingScores.from_dict(values["ranking"]) if "ranking" in values else None,
            size=SizeScores.from_dict(values["size"]) if "size" in values else None,
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
    ledger = ledger.of_models(models.loc[models["label"] == label, "model_id"].tolist())
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
    )


def score_open_forecasts(store: Store, ledger: Ledger, models: pd.DataFrame, market: MarketData) -> Ledger:
    """Note what came of each open forecast, and return the ledger with it.

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
    rows = open_forecasts(ledger.as_of(market.now))
    if rows.empty:
        return ledger
    tickers = sorted(rows["ticker"].unique())
    if not set(tickers) <= set(market.tickers):
        market = store.market(market.calendar, tickers=tickers, as_of=market.now)
    # A forecast is judged by the trade that its own model forecast, whatever the settings say today.
    horizons = rows["model_id"].map(models.set_index("model_id")["label"]).map(parse_label)
    for horizon, same_trade in rows.groupby(horizons):
        realised = compute_labels(market.bars, market.actions, calendar=market.calendar, horizon=horizon)
        ids = set(same_trade["model_id"])
        appended = append_outcomes(store, realised, scored_at=market.now, model_ids=ids, ledger=ledger)
        ledger = ledger.extend(appended)
    return ledger
