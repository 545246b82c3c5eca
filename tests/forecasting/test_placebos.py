"""A placebo breaks one thing, all of it, and nothing else."""

import threading
from collections.abc import Iterator
from dataclasses import fields, replace
from typing import Any

import numpy as np
import pandas as pd
import pytest

from stockseq.dataset.dataset import Dataset
from stockseq.dataset.folds import Fold
from stockseq.dataset.panel import Panel
from stockseq.dataset.samples import Samples, build_samples
from stockseq.dataset.windows import build_windows
from stockseq.errors import TrainingFailed
from stockseq.forecasting.placebos import (
    BLOCK_SESSIONS,
    Placebo,
    begin_placebos,
    judge_placebo,
    shift_features,
    shuffle_labels,
)
from stockseq.models.forecaster import Forecaster
from stockseq.models.forecasting import forecast_samples
from stockseq.models.model import Model
from stockseq.progress import SILENT, Progress
from stockseq.schemas import Labels
from tests.models.model_rows import CALENDAR, FAST, SMALL, VOLATILITY, TinyMarket, make_market

N_SESSIONS, TICKERS = 23, ("T0", "T1")
SESSIONS = CALENDAR.sessions[:N_SESSIONS]


@pytest.fixture(scope="module")
def data() -> Dataset:
    """Two tickers whose return names its session: 1 basis point a session, T1 from 100 on; T1 lacks session 10."""
    keys = pd.DataFrame({"ticker": np.repeat(TICKERS, N_SESSIONS), "session": np.tile(SESSIONS, 2)})
    keys["realised_return"] = np.r_[np.arange(N_SESSIONS), 100 + np.arange(N_SESSIONS)] / 1e4
    keys["realised_variance"] = keys["realised_return"] / 2
    keys = keys.drop(index=N_SESSIONS + 10).reset_index(drop=True)
    keys["decision_at"] = (keys["session"] + pd.Timedelta(hours=14)).dt.tz_localize("UTC")
    columns = keys[["ticker", "session", "decision_at"]]
    panel = Panel(columns, np.zeros((len(keys), 1), np.float32), ("nothing",), ((),) * len(keys))
    windows = build_windows(panel, np.full(len(keys), 0.01), lookback=SMALL.lookback, sessions=SESSIONS)
    samples = build_samples(windows, Labels(keys.assign(exit_at=keys["decision_at"])))
    return replace(make_market(n_sessions=N_SESSIONS).data, panel=panel, windows=windows, samples=samples)


def origins(samples: Samples) -> Iterator[tuple[str, int, int]]:
    """Ticker, number of the session, and number of the session that the label came from."""
    for ticker, session, value in zip(samples.ticker, samples.session, samples.realised_return, strict=True):
        yield ticker, SESSIONS.get_loc(session), round(value * 1e4) - (100 if ticker == "T1" else 0)


def test_labels_move_by_whole_blocks_and_none_keeps_its_own(data: Dataset) -> None:
    """Both tickers of a session get the labels of one other session, five in a row together."""
    shuffled = shuffle_labels(data.samples, SESSIONS[2:22], seed=3)
    moved = {(number, source) for _, number, source in origins(shuffled) if 2 <= number < 22}
    assert len(moved) == len({number for number, _ in moved}) == 20
    assert all(number != source for number, source in moved)
    by_block = {((number - 2) // BLOCK_SESSIONS, source - number) for number, source in moved}
    assert len(by_block) == 4


def test_labels_of_long_trades_move_by_blocks_as_long(data: Dataset) -> None:
    """Neighbouring trades of ten sessions share nine of them: shorter blocks would tear that apart. By hand: two."""
    shuffled = shuffle_labels(data.samples, SESSIONS[2:22], seed=3, horizon=10)
    moved = {(number, source) for _, number, source in origins(shuffled) if 2 <= number < 22}
    assert {source - number for number, source in moved} == {10, -10}


def test_all_that_a_label_says_moves_together(data: Dataset) -> None:
    """Return, direction and target are of one session; the window and its volatility stay."""
    shuffled = shuffle_labels(data.samples, SESSIONS[2:22], seed=3)
    np.testing.assert_array_equal(shuffled.target, np.clip(shuffled.realised_return / 0.01, -4, 4).astype(np.float32))
    assert shuffled.up.tolist() == (shuffled.realised_return > 0).tolist()
    assert shuffled.realised_variance.tolist() == (shuffled.realised_return / 2).tolist()
    read = data.panel.keys.loc[shuffled.ends]
    assert read["session"].tolist() == pd.DatetimeIndex(shuffled.session).tolist()


def test_labels_of_test_sessions_stay(data: Dataset) -> None:
    """The placebo is scored against what really happened."""
    shuffled = shuffle_labels(data.samples, SESSIONS[2:12], seed=3)
    assert all(number == source for _, number, source in origins(shuffled) if number >= 12)


def test_a_ticker_without_the_other_label_is_left_out(data: Dataset) -> None:
    """T1 has no label on session 10, so whoever should get it gets none; nothing is made up."""
    shuffled = shuffle_labels(data.samples, SESSIONS[2:22], seed=3)
    assert len(shuffled) == len(data.samples) - 1
    arrays = [field.name for field in fields(Samples) if field.name != "dropped"]
    assert all(len(getattr(shuffled, name)) == len(shuffled) for name in arrays)


@pytest.mark.parametrize("by", [-1, 1])
def test_features_move_by_one_session_of_the_same_ticker(data: Dataset, by: int) -> None:
    """T1's windows beside the session that it lacks would move by two, and are left out; labels stay."""
    shifted = shift_features(data, by=by)
    read = pd.DatetimeIndex(data.panel.keys["session"].to_numpy()[shifted.ends])
    assert (SESSIONS.get_indexer(read) - SESSIONS.get_indexer(pd.DatetimeIndex(shifted.session)) == by).all()
    assert (data.panel.keys["ticker"].to_numpy()[shifted.ends] == shifted.ticker).all()
    assert all(number == source for _, number, source in origins(shifted))
    # Each ticker loses one at an end, and T1 one beside the gap.
    assert len(shifted) == len(data.samples) - 3


def forecasts(*, share_right: float, seed: int) -> pd.DataFrame:
    """Return forecasts of 100 sessions and 4 tickers, of which so many are right; what was realised is the same."""
    rows = pd.DataFrame(
        {"session": np.repeat(pd.bdate_range("2024-01-01", periods=100), 4), "ticker": list("ABCD") * 100}
    )
    up = np.random.default_rng(1).random(400) < 0.5
    right = np.random.default_rng(seed).random(400) < share_right
    return rows.assign(probability_up=np.where(up == right, 0.6, 0.4), realised_return=np.where(up, 0.01, -0.01))


# 90 % right against a half is no noise on 400 rows, and two halves are: their difference has a standard error of 3.5 %.
SKILLED, COIN, OTHER = (forecasts(share_right=share, seed=seed) for share, seed in ((0.9, 2), (0.5, 3), (0.5, 4)))


@pytest.mark.parametrize(
    ("name", "placebo", "run", "as_expected"),
    [
        ("shuffled_labels", COIN, SKILLED, True),
        ("shuffled_labels", COIN.assign(probability_up=0.6), SKILLED, True),
        ("shuffled_labels", SKILLED, OTHER, False),
        ("late_features", COIN, SKILLED, True),
        ("late_features", COIN, OTHER, True),
        ("late_features", SKILLED, COIN, False),
        ("early_features", SKILLED, COIN, True),
        ("early_features", COIN, OTHER, False),
        ("early_features", COIN, SKILLED, False),
    ],
)
def test_a_placebo_must_go_wrong_in_its_own_way(
    name: Placebo, placebo: pd.DataFrame, run: pd.DataFrame, as_expected: bool
) -> None:
    """Nothing found on shuffled labels, nothing gained by older features, and a jump with the outcome in sight."""
    result = judge_placebo(name, placebo, run)
    assert result.as_expected is as_expected
    right = [(frame["probability_up"] > 0.5) == (frame["realised_return"] > 0) for frame in (placebo, run)]
    assert result.accuracy == pytest.approx(right[0].mean(), rel=1e-12)
    assert result.difference == pytest.approx(right[0].mean() - right[1].mean(), abs=1e-12)


@pytest.fixture(scope="module")
def null_market(market: TinyMarket) -> Dataset:
    """The small market without what drives it: noise, and the return of the session before."""
    panel = market.panel
    returns = panel.keys.merge(market.data.labels, on=["ticker", "session"], how="left")["realised_return"]
    before = returns.groupby(panel.keys["ticker"]).shift().fillna(0.0) / VOLATILITY
    indicators = np.column_stack([panel.indicators[:, 1], before.to_numpy(dtype=np.float32)])
    silent = replace(panel, indicators=indicators, names=("noise", "last_return"), texts=((),) * len(panel))
    return replace(market.data, panel=silent)


def test_on_a_market_without_skill_all_placebos_go_as_they_should(market: TinyMarket, null_market: Dataset) -> None:
    """Features a session early hold the return that is to be forecast; there is nothing else to find."""
    test = null_market.samples.on(market.fold.test)
    names = ("ticker", "session", "realised_return")
    coin = np.random.default_rng(5).uniform(0.4, 0.6, len(test))
    run = pd.DataFrame({name: getattr(test, name) for name in names}).assign(probability_up_seed_0=coin)
    with begin_placebos(Forecaster(SMALL, FAST, n_seeds=1), null_market, market.fold) as placebos:
        found = placebos.judge(run, SILENT)
    assert list(found) == ["shuffled_labels", "late_features", "early_features"]
    assert all(result.as_expected for result in found.values())
    assert found["early_features"].accuracy is not None
    assert found["early_features"].accuracy > 0.85
    # By hand: 20 test sessions of six tickers; the session to come has features too, so none is lost at the end.
    assert [result.n for result in found.values()] == [120, 120, 120]


class Stub:
    """A forecaster of one fitted model, which fails the first time."""

    def __init__(self, model: Model) -> None:
        self.model, self.training = model, model.training
        self.n_seeds: list[int] = []
        self.n_fits = 0

    def with_seeds(self, n_seeds: int, *, progress: Progress) -> "Stub":
        self.n_seeds.append(n_seeds)
        return self

    def fit_fold(self, data: Dataset, fold: Fold, *, samples: Samples) -> Model:
        self.n_fits += 1
        if self.n_fits == 1:
            raise TrainingFailed("All went up.")
        return self.model


def test_a_placebo_that_can_not_be_fitted_says_why_and_the_others_go_on(market: TinyMarket, model: Model) -> None:
    """One network is asked for; it is compared with the run's first seed, not with the mean of its two."""
    test = market.samples.on(market.fold.test)
    run = forecast_samples(model, market.panel, test)
    first_seed = ((run["probability_up_seed_0"] > 0.5).to_numpy() == test.up).mean()
    stub: Any = Stub(model)
    # The mean of the seeds is made wrong throughout, and may not count.
    with begin_placebos(stub, market.data, market.fold) as placebos:
        found = placebos.judge(run.assign(probability_up=np.where(test.up, 0.1, 0.9)), SILENT)
    assert stub.n_seeds == [1]
    failed, late, early = found["shuffled_labels"], found["late_features"], found["early_features"]
    assert (failed.error, failed.as_expected, failed.accuracy) == ("All went up.", None, None)
    assert late.accuracy is not None
    assert late.difference == pytest.approx(late.accuracy - first_seed, abs=1e-12)
    assert late.as_expected
    # Nothing of this market's outcomes is among its features, so a look ahead would not have been seen.
    assert early.as_expected is False


class Endless(Stub):
    """A forecaster whose fits wait to be let go."""

    begun, let_go = threading.Event(), threading.Event()

    def fit_fold(self, data: Dataset, fold: Fold, *, samples: Samples) -> Model:
        self.n_fits += 1
        self.begun.set()
        assert self.let_go.wait(60)
        return self.model


def test_an_error_beside_the_placebos_is_said_at_once(market: TinyMarket, model: Model) -> None:
    """While the first is being fitted still; the others are not begun."""
    endless: Any = Endless(model)

    def judge() -> None:
        with begin_placebos(endless, market.data, market.fold):
            assert endless.begun.wait(60)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        judge()
    assert not endless.let_go.is_set()
    endless.let_go.set()
    for thread in _placebo_threads():
        thread.join(timeout=60)
    assert endless.n_fits == 1


def _placebo_threads() -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread.name.startswith("placebos")]


def test_a_network_that_nobody_waits_for_ends_at_its_next_look(market: TinyMarket) -> None:
    """It would train for an hour."""
    long = Forecaster(SMALL, FAST, n_seeds=1, epochs=1_000_000, patience=1_000_000)
    running: list[threading.Thread] = []

    def judge() -> None:
        with begin_placebos(long, market.data, market.fold):
            running.extend(_placebo_threads())
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        judge()
    assert running
    for thread in running:
        thread.join(timeout=60)
    assert not any(thread.is_alive() for thread in running)
