"""What one run shows on its page."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pandas as pd

from stockseq.schemas import Dropped
from stockseq.sources.source import Outcome


@dataclass(frozen=True)
class RunReport:
    """All that a page shows of one run; every part but the first four may be absent, and the page then says so.

    Numbers are fractions throughout: 0.05 is 5 %. A missing number is None or NaN and is shown as a dash.

    Parameters
    ----------
    run_id : str
        Name of the run's folder.
    recipe : str
        "daily", "backtest", "train", "demo": the recipe that ran.
    created_at : Timestamp, tz-aware
        The instant of the run.
    title : str
        One line.
    verdict : str
        Plain sentences, one paragraph a line. Empty: a sentence is composed from `metrics["forecast"]`.
    metrics : mapping
        The contents of `metrics.json`: forecast (as `score_forecasts` gives it), baselines, portfolio (as `summarise`
        gives it), benchmarks, coverage, trials.
    out_of_sample : DataFrame of n_forecasts rows, optional
        Columns ticker, session, probability_up, expected_return, realised_return. Rows without a realised return are
        left out of every figure and counted.
    base_rates : Series of n_sessions, optional
        By session, the share of its forecasts that the constant forecast learnt on the training sessions got right.
        Where absent, the more frequent direction within each rolling stretch is used, which is harder to beat.
    optimum : mapping, optional
        Simulated markets only: "accuracy" is the best accuracy that any legal forecast can reach.
    equity : DataFrame of n_sessions rows, optional
        Index session; a column a curve in money: strategy, strategy_0x, strategy_2x, buy_and_hold, equal_weight.
    fills : DataFrame, optional
        One row a fill; all rows are expected in `fills.parquet` beside the report's folder.
    next_forecasts : DataFrame, optional
        Columns ticker, session, decision_at, made_at, late, probability_up, expected_return, spread (standard deviation
        of the probability over seeds, optional), headlines (optional, list of (published_at, text, url, compound)).
    live_record : mapping, optional
        n, n_sessions, accuracy, accuracy_ci, base_rate of the forecasts made before their open; n_late of the others.
    models : DataFrame, optional
        One row a registered model.
    dropped : sequence of Dropped
        What each stage left out.
    ticker_outcomes : sequence of Outcome
        How each ticker ended in the fetch.
    limitations : sequence of str
        What this run could not show, a sentence each; the page adds those that follow from the other parts.
    settings, manifest : mapping
        As resolved; nested mappings are shown with dotted names.
    """

    run_id: str
    recipe: str
    created_at: pd.Timestamp
    title: str
    verdict: str = ""
    metrics: Mapping[str, Any] = field(default_factory=dict)
    out_of_sample: pd.DataFrame | None = None
    base_rates: pd.Series | None = None
    optimum: Mapping[str, Any] | None = None
    equity: pd.DataFrame | None = None
    fills: pd.DataFrame | None = None
    next_forecasts: pd.DataFrame | None = None
    live_record: Mapping[str, Any] | None = None
    models: pd.DataFrame | None = None
    dropped: Sequence[Dropped] = ()
    ticker_outcomes: Sequence[Outcome] = ()
    limitations: Sequence[str] = ()
    settings: Mapping[str, Any] = field(default_factory=dict)
    manifest: Mapping[str, Any] = field(default_factory=dict)

    def measures(self, name: str) -> Mapping[str, Any]:
        """Return the mapping `metrics[name]`, empty where the run has none."""
        value = self.metrics.get(name)
        return value if isinstance(value, Mapping) else {}
