"""Whether what is told of a forecast holds, and what it costs. Run by `make bench`."""

import time
from dataclasses import replace

import numpy as np
import pytest

from stockseq.dataset.dataset import Dataset, build_dataset
from stockseq.dataset.folds import FoldSettings
from stockseq.dataset.windows import Windows
from stockseq.market import MarketData
from stockseq.models.explaining import explain_forecasts, groups_read
from stockseq.models.forecaster import Forecaster
from stockseq.models.forecasting import windows_read
from stockseq.models.model import Model
from stockseq.models.shapley import ShapleyPlan, plan_shapley
from stockseq.models.why import Part, Why
from stockseq.schemas import Actions, Bars, Headlines
from stockseq.sources.markets import load_simulated
from tests.bench.figures import Recorder

N_TICKERS, N_SESSIONS, N_RECENT, N_EXPLAINED = 20, 420, 90, 10
# Points of probability within which a headline must move the forecast as told.
PROMISED = 0.002
EXACT = 1e-6


@pytest.fixture(scope="module")
def whole() -> MarketData:
    return load_simulated(n_tickers=N_TICKERS, n_sessions=N_SESSIONS)


@pytest.fixture(scope="module")
def model(whole: MarketData) -> Model:
    forecaster = Forecaster(n_seeds=3, epochs=12)
    return forecaster.fit(build_dataset(whole), folds=FoldSettings(min_train=300, validation_size=40)).model


@pytest.fixture(scope="module")
def market(whole: MarketData) -> MarketData:
    """The end of that market alone, which is built anew without each headline in a fraction of a second."""
    first = whole.calendar.sessions[whole.calendar.sessions.searchsorted(whole.bars["session"].max()) - N_RECENT]
    bars, actions = (table[table["session"] >= first].reset_index(drop=True) for table in (whole.bars, whole.actions))
    news = whole.headlines[whole.headlines["published_at"] >= first.tz_localize("UTC")].reset_index(drop=True)
    return replace(whole, bars=Bars(bars), actions=Actions(actions), headlines=Headlines(news))


@pytest.fixture(scope="module")
def data(market: MarketData) -> Dataset:
    return build_dataset(market)


@pytest.fixture(scope="module")
def windows(model: Model, data: Dataset) -> Windows:
    """The windows of the last ten sessions: 200 forecasts."""
    every = windows_read(model, data)
    return every.on(every.sessions[-N_EXPLAINED:])


@pytest.fixture(scope="module")
def explained(model: Model, data: Dataset, windows: Windows) -> tuple[Why, ...]:
    return explain_forecasts(model, data, windows)


def group_contributions(explained: tuple[Why, ...]) -> np.ndarray:
    """The contributions of the groups of indicators, of shape (n_forecasts, n_groups)."""
    return np.array([[part.contribution for part in why.parts if part.kind == "group"] for why in explained])


def leave_each_out(n_groups: int) -> ShapleyPlan:
    """The plan that attributes to each group what leaving it alone out changes; the values needn't sum to anything."""
    nobody, everybody = np.zeros((1, n_groups), dtype=bool), np.ones((1, n_groups), dtype=bool)
    weights = np.zeros((n_groups, n_groups + 2))
    weights[:, 1:-1] = -np.eye(n_groups)
    weights[:, -1] = 1.0
    return ShapleyPlan(np.concatenate([nobody, ~np.eye(n_groups, dtype=bool), everybody]), weights)


@pytest.mark.bench
def test_two_hundred_forecasts_are_moved_by_their_strongest_headline_as_told(
    market: MarketData, data: Dataset, model: Model, windows: Windows, explained: tuple[Why, ...]
) -> None:
    """Another path: the market without that row, built and forecast anew. Promised are .2 points; it is exact."""
    gaps, moved = [], []
    for why in explained:
        strongest = next((part for part in why.strongest if part.kind == "headline"), None)
        if strongest is not None:
            gaps.append(abs(moved_without(market, data, model, why, strongest) - strongest.contribution))
            moved.append(abs(strongest.contribution))
    sums = [abs(sum(part.contribution for part in why.parts) - why.probability_up + why.base) for why in explained]
    print(f"\n{len(explained)} forecasts, {len(gaps)} with a headline, which moved {100 * np.mean(moved):.2f} points")
    print(f"told less moved: at most {100 * max(gaps):.2g} points; parts less the whole: at most {max(sums):.2g}")
    assert len(explained) == N_TICKERS * N_EXPLAINED
    assert max(gaps) < EXACT < PROMISED
    assert max(sums) < EXACT


def moved_without(market: MarketData, data: Dataset, model: Model, why: Why, part: Part) -> float:
    """How far the forecast moves where the market never had the headline."""
    rows = market.headlines
    less = replace(market, headlines=Headlines(rows[rows["headline_id"] != part.name].reset_index(drop=True)))
    again = build_dataset(less, data.inputs, scores=data.scores, stored=data.features)
    windows = windows_read(model, again)
    one = windows.where((windows.ticker == why.ticker) & (windows.session == np.datetime64(why.session)))
    return why.probability_up - float(model.forecast(again.panel, one)["probability_up"].iloc[0])


@pytest.mark.bench
def test_groups_agree_with_leaving_them_out_and_drawn_orders_with_all_orders(
    data: Dataset, model: Model, windows: Windows, explained: tuple[Why, ...]
) -> None:
    """A Shapley value shares out what groups do together; leaving one out charges all of it to that one."""
    exact = group_contributions(explained)
    groups = groups_read(model, data)
    left_out = group_contributions(explain_forecasts(model, data, windows, plan=leave_each_out(len(groups))))
    correlation = np.corrcoef(exact.ravel(), left_out.ravel())[0, 1]
    gap = 100 * np.abs(exact - left_out)
    top = np.abs(exact).argmax(axis=1)
    at_top = gap[np.arange(len(gap)), top]
    print(
        f"\nShapley and leave-one-out of {exact.shape[1]} groups: correlation {correlation:.3f}, mean gap "
        f"{gap.mean():.2f} points"
    )
    print(
        f"of the strongest group: mean gap {at_top.mean():.2f} points of {100 * np.abs(exact).max(axis=1).mean():.2f}"
    )
    rest = [part.contribution for why in explained for part in why.parts if part.kind == "rest"]
    print(f"the rest: {100 * np.mean(np.abs(rest)):.2f} points in the mean of absolute values")
    for n_permutations in (8, 32, 64):
        plan = plan_shapley(len(groups), most_exact=0, n_permutations=n_permutations)
        drawn = group_contributions(explain_forecasts(model, data, windows, plan=plan))
        error = 100 * np.abs(drawn - exact)
        print(
            f"{n_permutations} drawn orders, {len(plan.coalitions)} coalitions: error {error.mean():.3f} points in "
            f"the mean, {error.max():.2f} at most"
        )
    assert correlation > 0.8


@pytest.mark.bench
def test_a_morning_of_thirty_tickers_is_explained_in_seconds(bench: Recorder, model: Model) -> None:
    """Five networks read a window in 128 coalitions, and once without each headline."""
    data = build_dataset(load_simulated(n_tickers=30, n_sessions=120))
    networks = (*model.networks, *model.networks)[:5]
    five = replace(model, networks=networks, training=model.training.model_copy(update={"n_seeds": 5}))
    windows = windows_read(five, data)
    started, used = time.perf_counter(), time.process_time()
    explained = explain_forecasts(five, data, windows.on(windows.sessions[-1:]))
    seconds, used = time.perf_counter() - started, time.process_time() - used
    bench.record("why of 30 forecasts", used, "s")
    n = sum(part.kind == "headline" for why in explained for part in why.parts)
    print(
        f"\n{len(explained)} forecasts, {n} headlines, five networks: {seconds:.1f} s, {used:.1f} s of processor time"
    )
    assert used < 20
