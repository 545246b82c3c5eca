"""A market is run once for each product, plan and code, and leaves its answers and nothing else."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from stockseq.backtest.trading import TradingRules
from stockseq.dataset.dataset import Inputs
from stockseq.dataset.folds import FoldSettings
from stockseq.evaluate.ranking import score_ranking
from stockseq.exam.market_run import ExamPlan, MarketRun, Product, plan_markets, run_markets
from stockseq.models.settings import NetworkSettings, TrainingSettings
from stockseq.schemas import RANK_AND_SIZE

PLAN = ExamPlan(n_train=120, n_test=60, n_tickers=6, n_settling=20, rolling_train=50, rolling_test=30, rolling_epochs=1)
PRODUCT = Product(
    Inputs(lookback=3),
    NetworkSettings(lookback=3, units=2),
    TrainingSettings(n_seeds=1, epochs=1),
    FoldSettings(validation_size=15),
    TradingRules(),
)
REGIME = MarketRun("regime", 100, PRODUCT, PLAN, "code")


@pytest.mark.slow
def test_a_market_is_run_once(tmp_path: Path) -> None:
    """A stopped exam goes on where it was; the market that changes is forecast by two on the same rows."""
    (first,) = run_markets([REGIME], tmp_path)
    assert set(first.forecasts) == set(first.optima) == {"static", "rolling"}
    keys = [rows[["ticker", "session"]].sort_values(["ticker", "session"]) for rows in first.forecasts.values()]
    pd.testing.assert_frame_equal(*(rows.reset_index(drop=True) for rows in keys))
    # Its store is gone: other code would have found this one's tables there.
    (folder,) = tmp_path.iterdir()
    written = (folder / "answers.json").stat().st_mtime_ns
    assert [each.seed for each in run_markets([REGIME], tmp_path)] == [first.seed]
    assert (folder / "answers.json").stat().st_mtime_ns == written


def test_answers_hold_what_ranks_and_sizes_are_judged_by(tmp_path: Path) -> None:
    """On the market of ranks alone: the forecaster's columns, what was realised, and what the law knows."""
    (first,) = run_markets([replace(REGIME, kind="relative", plan=replace(PLAN, n_tickers=10))], tmp_path)
    rows = first.forecasts["text"]
    known = ["best_relative", "best_variance", "known_volatility", "realised_variance"]
    assert len(rows) == 600
    assert np.isfinite(rows[known]).all(axis=None)
    assert {*RANK_AND_SIZE} <= {*rows.columns}
    # The best forecaster's own rank IC on these rows, not the one that the law lets expect.
    own = score_ranking(rows.assign(relative=rows["best_relative"]), horizon=0).rank_ic
    assert first.optima["text"].rank_ic == pytest.approx(own)


@pytest.mark.parametrize(
    "other",
    [
        replace(REGIME, code="other code"),
        replace(REGIME, plan=replace(PLAN, n_test=61)),
        replace(REGIME, product=replace(PRODUCT, training=TrainingSettings(n_seeds=1, epochs=1, seed=9))),
        replace(REGIME, product=replace(PRODUCT, inputs=Inputs(lookback=3, features=PRODUCT.inputs.features[:3]))),
        replace(REGIME, product=replace(PRODUCT, rules=TradingRules(label="open_to_next_open"))),
    ],
    ids=["code", "plan", "training", "features", "rules"],
)
def test_another_product_is_another_exam(other: MarketRun) -> None:
    """No old answer may pass for a new one."""
    assert other.name == REGIME.name
    assert other.key != REGIME.key


def test_the_key_of_the_same_run_is_the_same_in_every_process() -> None:
    """A stopped exam would never go on."""
    assert replace(REGIME).key == REGIME.key
    assert " at 0x" not in PRODUCT.fingerprint


def test_each_kind_has_so_many_markets_on_seeds_of_their_own() -> None:
    """Two markets of one seed would be one."""
    runs = plan_markets(PRODUCT, PLAN, n_markets=2, kinds=("null", "signal"))
    assert [run.name for run in runs] == ["null-100", "null-101", "signal-100", "signal-101"]
