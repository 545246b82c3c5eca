"""A backtest leaves every promised number, and counts what it has tried."""

import json
import math

import pandas as pd
import pytest

from pipelines.backtest import run_backtest
from pipelines.report import list_runs
from pipelines.why import run_why
from stockseq.config import load_settings
from stockseq.errors import StoreError
from stockseq.models.baselines import BASELINES
from stockseq.runs.folder import find_run, run_names
from stockseq.store import Store
from stockseq.workspace import Workspace
from tests.pipelines.small import SMALL

FORECAST = {
    "n", "n_sessions", "accuracy", "accuracy_ci", "base_rate", "balanced_accuracy", "mcc", "auc", "brier", "log_loss",
    "ic", "rank_ic", "pt_clustered_t", "pt_clustered_p", "seeds",
}  # fmt: skip
PORTFOLIO = {
    "cagr", "volatility", "sharpe", "deflated_sharpe", "sortino", "max_drawdown", "turnover", "cost",
    "break_even_cost_bps", "n_fills",
}  # fmt: skip


@pytest.fixture(scope="module")
def folder(mornings, tmp_path_factory):
    """What one whole backtest leaves."""
    data = str(tmp_path_factory.mktemp("backtest") / "data")
    return run_backtest(load_settings(overrides={**SMALL, "backtest.placebos": True, "data": data}), mornings[-1])


@pytest.fixture
def quick(settings):
    """Two tickers, one fold, one seed and one epoch: all of a backtest's parts, and little of each."""
    training = settings.training.model_copy(update={"epochs": 1, "n_seeds": 1})
    folds = settings.folds.model_copy(update={"n_folds": 1})
    return settings.model_copy(update={"tickers": ("BANVEX", "BELDANE"), "training": training, "folds": folds})


def test_a_backtest_leaves_the_promised_numbers_tables_and_page(folder):
    """The keys are a contract with whoever reads metrics.json."""
    metrics = json.loads((folder / "metrics.json").read_text())
    assert metrics["forecast"].keys() >= FORECAST
    assert all(scores.keys() >= FORECAST for scores in metrics["baselines"].values())
    assert metrics["portfolio"].keys() >= PORTFOLIO
    assert metrics["benchmarks"].keys() >= {"buy_and_hold", "equal_weight", "random_same_turnover"}
    assert metrics["coverage"].keys() >= {"sessions", "bars", "headlines", "share_with_news"}
    assert metrics["portfolio"]["n_trials"] == metrics["trials"] == 1
    # 230 sessions hold no year before a decision; that is said, and every other baseline is there.
    assert metrics["baselines"].keys() == set(BASELINES) - {"momentum_12_1"}
    assert "needs 252 sessions" in metrics["impossible"]["momentum_12_1"]
    assert metrics["comparisons"].keys() == metrics["baselines"].keys() <= metrics["benchmarks"].keys()
    for pair in metrics["comparisons"].values():
        assert {"difference", "ci", "p", "p_holm"} <= pair["accuracy"].keys() & pair["log_loss"].keys()
    assert metrics["placebos"].keys() == {"shuffled_labels", "late_features", "early_features"}
    assert 0 < metrics["superior"]["any_better_p"] <= 1
    assert 0 < metrics["circular_shift"]["p"] <= 1
    assert 0 < metrics["random_signal"]["p"] <= 1
    assert 0 <= metrics["overfitting"]["pbo"] <= 1
    assert metrics["repetition"]["n_tickers"] == 6
    assert metrics["readings"] == [{}]
    assert 0.5 < metrics["optimum"]["accuracy"] < 0.65
    assert metrics["baseline_sizes"].keys() == {"ewma", "har"}
    # Six tickers are too few to rank.
    assert metrics["ranking"]["n_sessions"] == 0
    assert metrics["claims"].keys() == {"direction", "ranking", "size"}
    equity = pd.read_parquet(folder / "equity.parquet").set_index("session")
    assert {"strategy", "strategy_0x", "strategy_2x", "buy_and_hold", "equal_weight"} <= set(equity.columns)
    assert (equity["strategy_0x"].iloc[-1] > equity["strategy_2x"].iloc[-1]).all()
    assert (folder / "report" / "index.html").exists()
    assert (folder / "report" / "plotly.min.js").exists()
    assert folder.name in (folder.parent / "index.html").read_text()
    assert len(pd.read_parquet(folder / "fills.parquet")) == metrics["portfolio"]["n_fills"]
    assert len(list((folder / "report" / "tickers").glob("t-*.js"))) == 6


def test_what_each_ticker_earned_adds_up_to_what_the_account_did(folder):
    """Interest and borrow fees are of no ticker; the account is in cash at each close, which earns none here."""
    equity = pd.read_parquet(folder / "equity.parquet")["strategy"]
    profits = pd.read_parquet(folder / "profits.parquet")
    assert profits["profit"].sum() == pytest.approx(equity.iloc[-1] - equity.iloc[0], abs=1e-6)


def test_a_backtest_leaves_the_bars_and_headlines_of_its_forecasts(folder):
    """Every forecast has its bar; 63 sessions stand before the first; no headline is of a later decision."""
    forecasts, bars, news = (
        pd.read_parquet(folder / f"{name}.parquet") for name in ("forecasts", "bars", "ticker_news")
    )
    keys = pd.MultiIndex.from_frame(bars[["ticker", "session"]])
    assert pd.MultiIndex.from_frame(forecasts[["ticker", "session"]]).isin(keys).all()
    first = forecasts["session"].min()
    assert bars.loc[bars["session"] < first, "session"].nunique() == 63
    assert news["session"].between(first, forecasts["session"].max()).all()
    assert (news["published_at"] < news["session"].dt.tz_localize("UTC") + pd.Timedelta(hours=14)).all()


def test_the_profit_by_ticker_and_side_is_that_of_the_curve(folder):
    """To the cent, for the strategy and for buy and hold; each month of the page comes from the same balances."""
    equity = pd.read_parquet(folder / "equity.parquet").set_index("session")
    balances, profits = (pd.read_parquet(folder / f"{name}.parquet") for name in ("balances", "attribution"))
    for account, rows in profits.groupby("account"):
        own = balances[balances["account"] == account]
        assert own["equity"].tolist() == equity[account].tolist()
        gained = rows["price"].sum() + rows["dividends"].sum() - rows["borrow"].sum() - rows["cost"].sum()
        change = equity[account].iloc[-1] - equity[account].iloc[0]
        assert gained + own["interest"].sum() == pytest.approx(change, rel=0, abs=0.005)
    assert "Who earned it" in (folder / "report" / "index.html").read_text()


def test_what_was_learnt_and_from_how_much_reaches_the_numbers_and_the_page(quick, mornings, monkeypatch):
    """A weight for each of three sessions from either seed, on the last fold's test windows; none without a layer.

    And that boosting learnt from 100 windows of the largest fold's, which are many more.
    """
    monkeypatch.setattr("stockseq.models.window_learners.MOST_BOOSTED", 100)
    network = quick.network.model_copy(update={"after": "temporal_attention"})
    training = quick.training.model_copy(update={"n_seeds": 2})
    folder = run_backtest(quick.model_copy(update={"network": network, "training": training}), mornings[-1])
    metrics = json.loads((folder / "metrics.json").read_text())
    assert metrics["thinned"]["gradient_boosting"]["n_learnt"] == 100
    readings = metrics["readings"]
    assert [list(seed) for seed in readings] == [["TemporalAttention"]] * 2
    for seed in readings:
        assert sum(seed["TemporalAttention"]["attention"]) == pytest.approx(1.0, abs=1e-6)
        assert len(seed["TemporalAttention"]["attention"]) == quick.network.lookback
    page = (folder / "report" / "index.html").read_text()
    assert "What the layers learnt" in page
    assert "TemporalAttention" in page
    assert "Thinned: gradient boosting learnt from 100 of the " in page


def test_out_of_sample_rows_are_the_test_sessions_of_the_folds(folder):
    """Every forecast that is scored comes from a model whose training labels had ended before its decision."""
    forecasts = pd.read_parquet(folder / "forecasts.parquet")
    assert not forecasts.duplicated(["ticker", "session"]).any()
    assert forecasts["fold"].nunique() == SMALL["folds.n_folds"]
    assert forecasts.groupby("fold")["session"].max().iloc[0] < forecasts.groupby("fold")["session"].min().iloc[1]


@pytest.mark.slow
def test_the_same_configuration_is_one_trial_and_one_run_and_another_is_two(quick, mornings, capsys):
    """The deflated Sharpe ratio is only honest if the count is; and a replay must not lose what it is compared with."""
    first = run_backtest(quick, mornings[-1])
    assert run_backtest(quick, mornings[-1]) == first
    assert len(Store(quick.data).read("trials")) == 1
    other = quick.model_copy(update={"policy": quick.policy.model_copy(update={"top_k": 1})})
    second = run_backtest(other, mornings[-1])
    trials = Store(quick.data).read("trials")
    assert len(trials) == json.loads((second / "metrics.json").read_text())["trials"] == 2
    assert all(math.isfinite(json.loads(text)["sharpe_per_session"]) for text in trials["metrics"])
    root = first.parents[1]
    assert run_names(root) == [first.name, f"{first.name}-2"]
    assert find_run(root, None) == find_run(root, second.name).resolve() == second.resolve()
    list_runs(quick, mornings[-1])
    printed = capsys.readouterr().out
    assert second.name in printed
    assert "times of 1" in printed
    assert "would have become" in printed


def test_a_backtest_as_of_the_past_fetches_nothing(settings, mornings, market):
    """A store that has gone on would hold bars as of an instant at which it never had them."""
    two = settings.model_copy(update={"tickers": market.tickers[:2]})
    for morning in mornings[:2]:
        Workspace(two, now=morning, create=True).ingest(market.tickers[:2])
    for morning, n_tickers in ((mornings[0], 2), (mornings[1], 6)):
        workspace = Workspace(settings, now=morning)
        _, known = workspace.ingest(market.tickers, missing_only=True)
        assert known.bars["ticker"].nunique() == n_tickers
    with pytest.raises(StoreError, match="The store begins at"):
        Workspace(settings, now=mornings[0] - pd.Timedelta(days=1)).ingest(market.tickers, missing_only=True)


def test_a_forecast_of_a_backtest_is_explained_by_its_fold_trained_again(folder, mornings):
    """The networks aren't kept: those that are trained again must forecast what was recorded, whatever came later."""
    data = str(folder.resolve().parents[1])
    recorded = pd.read_parquet(folder / "forecasts.parquet")
    row = recorded[(recorded["fold"] == 1) & (recorded["ticker"] == "BANVEX")].iloc[5]
    settings = load_settings(overrides={"source": "simulated", "data": data})
    chosen = {"session": f"{row['session']:%Y-%m-%d}", "tickers": ("BANVEX",)}
    why = run_why(settings, mornings[-1], name=folder.name, **chosen)[0]
    assert why.probability_up == pytest.approx(row["probability_up"], abs=1e-6)
    assert sum(part.contribution for part in why.parts) == pytest.approx(why.probability_up - why.base, abs=1e-6)
