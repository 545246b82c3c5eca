"""Training learns what is there, from the training rows alone, and the same everywhere."""

from collections.abc import Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from dataclasses import replace
from multiprocessing import get_context
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import pytest

from stockseq.dataset.vocabulary import Vocabulary
from stockseq.errors import TooFewSessions, TrainingFailed
from stockseq.models.distribution import Calibration
from stockseq.models.model import Model
from stockseq.models.settings import NetworkSettings
from stockseq.models.training import _median_volatility, fine_tune, fit_model
from tests.models.model_rows import FAST, SMALL, TinyMarket, first

ONE = FAST.model_copy(update={"n_seeds": 1, "epochs": 2})


class Recorder:
    """A progress that remembers its steps."""

    def __init__(self) -> None:
        self.steps: list[tuple[str, int, int | None, str]] = []

    def step(self, task: str, done: int, total: int | None, note: str = "") -> None:
        self.steps.append((task, done, total, note))

    def say(self, sentence: str) -> None:
        raise AssertionError(sentence)


def fit(market: TinyMarket, **changes: Any) -> Model:
    given = {
        "panel": market.panel,
        "samples": market.samples,
        "fold": market.fold,
        "network": SMALL,
        "training": ONE,
    } | changes
    return fit_model(given.pop("panel"), given.pop("samples"), given.pop("fold"), **given)


@pytest.fixture(scope="module")
def recorder() -> Recorder:
    """What `plain` reported."""
    return Recorder()


@pytest.fixture(scope="module")
def plain(market: TinyMarket, recorder: Recorder) -> Model:
    """One seed, fitted in this process."""
    return fit(market, progress=recorder)


def weights(model: Model) -> list[np.ndarray]:
    return [array for network in model.networks for array in network.get_weights()]


def assert_same(left: Model, right: Model) -> None:
    for one, other in zip(weights(left), weights(right), strict=True):
        np.testing.assert_array_equal(one, other)


def test_a_planted_effect_is_found(market: TinyMarket, model: Model) -> None:
    """Indicator + news + noise of half their size: the sign of the first two is right nine times in ten."""
    test = market.samples.on(market.fold.test)
    forecasts = model.forecast(market.panel, test)
    assert ((forecasts["probability_up"] > 0.5).to_numpy() == test.up).mean() > 0.8
    assert np.corrcoef(forecasts["expected_return"], test.realised_return)[0, 1] > 0.8


def test_the_record_holds_the_class_balance_and_each_seed(market: TinyMarket, model: Model) -> None:
    """80 training sessions less the 2 that no window of 3 rows ends on, of 6 tickers; 20 validation sessions."""
    train, balance, validation = market.samples.on(market.fold.train), model.record.train, model.record.validation
    assert balance is not None
    assert validation is not None
    assert (balance.n, balance.n_sessions, balance.n_tickers, balance.n_unmoved) == (78 * 6, 78, 6, 0)
    assert balance.up_share == pytest.approx(train.up.mean())
    assert (balance.first, validation.last) == ("2024-01-04", f"{market.fold.validation[-1]:%Y-%m-%d}")
    assert validation.n_sessions == 20
    # shares, sink, soar, firm and soars, with padding and unknown.
    assert model.record.vocabulary_size == len(model.vocabulary) == 7
    assert [seed.seed for seed in model.record.seeds] == [0, 1]
    assert all(seed.best_epoch <= seed.n_epochs <= FAST.epochs for seed in model.record.seeds)
    assert model.trained_through == market.fold.validation[-1]


def test_the_median_volatility_is_of_training_samples_that_teach_a_size(market: TinyMarket) -> None:
    """By hand: 1 % and 2 % of the two in the middle; what is clipped at 4 volatilities or unmoved is left out."""
    few = first(market.samples, 5)
    volatility, target = np.array([0.01, 0.02, 0.5, 0.6, 0.7]), np.array([-1.0, 3.9, 4.0, -4.0, 0.0], np.float32)
    assert _median_volatility(replace(few, volatility=volatility, target=target)) == pytest.approx(0.015, rel=1e-12)
    with pytest.raises(TrainingFailed, match="None of the 468 training samples has a return between 0 and 4"):
        fit(market, samples=replace(market.samples, target=np.zeros(len(market.samples), np.float32)))


def test_the_same_seed_gives_the_same_model_in_another_process(
    market: TinyMarket, plain: Model, recorder: Recorder
) -> None:
    """Bit for bit; a step is reported after each epoch here, and after each whole network there."""
    there = Recorder()
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        assert_same(plain, fit(market, executor=pool, progress=there))
    assert [step[:3] for step in recorder.steps] == [("Training", 1, 2), ("Training", 2, 2)]
    assert [step[:3] for step in there.steps] == [("Training", 2, 2)]
    assert recorder.steps[0][3].startswith("network 1 of 1, epoch 1, loss ")


def test_nothing_is_learnt_from_later_sessions(market: TinyMarket, plain: Model) -> None:
    """Rows and labels after the validation are replaced by nonsense; not a bit of the model may move."""
    panel, samples = market.panel, market.samples
    later = (panel.keys["session"] > market.fold.validation[-1]).to_numpy()
    poisoned = replace(
        panel,
        indicators=np.where(later[:, None], np.float32(np.nan), panel.indicators),
        texts=tuple(("poison",) if bad else text for bad, text in zip(later, panel.texts, strict=True)),
    )
    after = samples.session > np.datetime64(market.fold.validation[-1])
    spoilt = replace(samples, target=np.where(after, np.float32(4), samples.target), up=samples.up | after)
    other = fit(market, panel=poisoned, samples=spoilt)
    assert (plain.scaler, plain.vocabulary) == (other.scaler, other.vocabulary)
    assert_same(plain, other)


def test_outcomes_of_the_test_sessions_leave_the_intervals_alone(market: TinyMarket, plain: Model) -> None:
    """Tenfold returns in the test would widen them; tenfold returns in the validation do."""

    def calibrate_with(sessions: pd.DatetimeIndex) -> Calibration | None:
        wild = np.isin(market.samples.session, sessions.to_numpy())
        realised = np.where(wild, 10 * market.samples.realised_return, market.samples.realised_return)
        return fit(market, samples=replace(market.samples, realised_return=realised)).calibration

    assert plain.calibration is not None
    assert plain.calibration.n == len(market.samples.on(market.fold.validation))
    assert calibrate_with(market.fold.test) == plain.calibration
    widened = calibrate_with(market.fold.validation)
    assert widened is not None
    assert widened.quantile_80 > 5 * plain.calibration.quantile_80


def test_the_size_begins_as_the_scaled_volatility(market: TinyMarket) -> None:
    """At a learning rate next to 0: sigma squared is the training mean of realised over known variance, times known."""
    model = fit(market, training=ONE.model_copy(update={"learning_rate": 1e-12}))
    train, test = market.samples.on(market.fold.train), market.samples.on(market.fold.test)
    ratio = (train.realised_variance / train.volatility**2).mean()
    expected = np.sqrt(ratio) * test.volatility
    np.testing.assert_allclose(model.forecast(market.panel, test)["sigma"], expected, rtol=1e-5)


def test_without_the_size_head_sigma_is_the_volatility_known(market: TinyMarket) -> None:
    """The intervals are calibrated around it all the same."""
    forecasts = fit(market, network=SMALL.model_copy(update={"size_head": False, "relative_head": False})).forecast(
        market.panel, first(market.samples, 5)
    )
    assert forecasts["sigma"].tolist() == market.samples.volatility[:5].tolist()
    assert forecasts["relative"].isna().all()
    assert (forecasts["low_80"] < forecasts["high_80"]).all()


def test_the_relative_head_ranks_within_the_session(market: TinyMarket, model: Model) -> None:
    """What is planted tells the tickers of a session apart: a rank correlation near 1."""
    test = market.samples.on(market.fold.test)
    shown = model.forecast(market.panel, test).assign(realised=test.realised_return)
    ranks = shown.groupby("session")[["relative", "realised"]].rank()
    assert ranks["relative"].corr(ranks["realised"]) > 0.7


def test_too_few_tickers_teach_no_ranks(market: TinyMarket) -> None:
    """A rank needs five tickers a session; a head that nothing taught says nothing, not what its first weights say."""
    few = market.samples.where(np.isin(market.samples.ticker, np.unique(market.samples.ticker)[:3]))
    fitted = fit_model(market.panel, few, market.fold, network=SMALL, training=ONE)
    assert not any(weights.any() for weights in fitted.networks[0].get_layer("relative").get_weights())


def test_the_scaler_and_the_vocabulary_know_no_validation_row(market: TinyMarket, plain: Model) -> None:
    """What is learnt comes from training sessions alone; a word of the validation is unknown."""
    inside = market.panel.keys["session"].isin(market.fold.validation).to_numpy()
    texts = tuple(("novelty",) if new else text for new, text in zip(inside, market.panel.texts, strict=True))
    indicators = np.where(inside[:, None], np.float32(9), market.panel.indicators)
    changed = fit(market, panel=replace(market.panel, texts=texts, indicators=indicators))
    assert "novelty" not in changed.vocabulary.tokens
    assert changed.scaler == plain.scaler


def test_training_goes_on_without_text(market: TinyMarket) -> None:
    """A market without headlines has an empty vocabulary and a network of one input."""
    silent = replace(market.panel, texts=((),) * len(market.panel))
    model = fit(market, panel=silent)
    assert list(model.networks[0].input) == ["indicators"]
    assert model.forecast(silent, first(market.samples, 5))["probability_up"].between(0, 1).all()


def test_without_validation_all_epochs_are_run(market: TinyMarket) -> None:
    """There is nothing to stop early on."""
    model = fit(market, fold=replace(market.fold, validation=market.fold.validation[:0]))
    seed = model.record.seeds[0]
    assert seed.n_epochs == seed.best_epoch == ONE.epochs
    assert seed.validation_loss is None
    assert model.trained_through == market.fold.train[-1]


def test_fine_tuning_keeps_what_the_model_knows_and_never_gets_worse(
    market: TinyMarket, model: Model, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Scaler and vocabulary stay; weights stay too where no epoch lowers the validation loss.

    The text of 100 sessions of six tickers is encoded once for both networks.
    """
    encoded: list[int] = []
    encode = Vocabulary.encode

    def count_rows(self: Vocabulary, texts: Sequence[Sequence[str]], *sizes: int) -> npt.NDArray[np.int32]:
        encoded.append(len(texts))
        return encode(self, texts, *sizes)

    monkeypatch.setattr(Vocabulary, "encode", count_rows)
    tuned = fine_tune(model, market.panel, market.samples, market.fold)
    assert encoded == [600]
    assert (tuned.scaler, tuned.vocabulary, tuned.names) == (model.scaler, model.vocabulary, model.names)
    for before, after in zip(model.record.seeds, tuned.record.seeds, strict=True):
        assert before.validation_loss is not None
        assert after.validation_loss is not None
        assert after.validation_loss <= before.validation_loss + 1e-9


def test_fine_tuning_asks_for_as_many_seeds(market: TinyMarket, model: Model) -> None:
    """A network can't be trained on from nothing."""
    with pytest.raises(ValueError, match=r"has 2 networks to train on, `n_seeds` asks for 1"):
        fine_tune(model, market.panel, market.samples, market.fold, training=ONE)


def test_a_loss_that_is_no_number_is_an_error(market: TinyMarket) -> None:
    """A learning rate of 1e30 overflows; a model of NaNs would forecast nothing and say so nowhere."""
    with pytest.raises(
        TrainingFailed, match=r"loss of seed 0 is no number any more in epoch 1 .* lower `learning_rate`"
    ):
        fit(market, training=ONE.model_copy(update={"learning_rate": 1e30}))


def test_samples_that_teach_no_direction_are_an_error(market: TinyMarket) -> None:
    """All up, none up, and prices that never change between open and close."""
    n = len(market.samples)
    up, down = (replace(market.samples, up=np.full(n, rose)) for rose in (True, False))
    with pytest.raises(TrainingFailed, match="All 468 training samples went up"):
        fit(market, samples=up)
    with pytest.raises(TrainingFailed, match="All 468 training samples went down or nowhere"):
        fit(market, samples=down)
    with pytest.raises(TrainingFailed, match="Not one of 468 training samples moved"):
        fit(market, samples=replace(down, realised_return=np.zeros(n)))


def test_no_training_sample_is_an_error(market: TinyMarket) -> None:
    """Sessions that the samples don't have."""
    other = replace(market.fold, train=pd.DatetimeIndex(["1999-01-04"]))
    with pytest.raises(TooFewSessions, match="None of the 1 training sessions has a sample"):
        fit(market, fold=other)


def test_samples_of_another_lookback_are_refused(market: TinyMarket) -> None:
    """Their windows would start in another ticker."""
    with pytest.raises(ValueError, match="Windows of 9 rows must end between row 8"):
        fit(market, network=SMALL.model_copy(update={"lookback": 9}))


class InterruptedExecutor:
    """Its first future is interrupted; the second has not begun."""

    def __init__(self) -> None:
        self.futures: list[Future[Any]] = []

    def submit(self, *_: Any) -> "Future[Any]":
        future: Future[Any] = Future()
        if not self.futures:
            future.set_exception(KeyboardInterrupt())
        self.futures.append(future)
        return future


def test_an_interrupt_cancels_what_has_not_begun(market: TinyMarket) -> None:
    """Ctrl-C must not leave a pool busy with networks that nobody waits for."""
    pool = InterruptedExecutor()
    with pytest.raises(KeyboardInterrupt):
        fit(market, training=FAST, executor=pool)
    assert pool.futures[1].cancelled()


@pytest.mark.parametrize("heads", [("direction",), ("return",)])
def test_one_head_gives_both_figures(market: TinyMarket, heads: tuple[str, ...]) -> None:
    """Under the normal law that the docstring names, both point the same way."""
    network = NetworkSettings(**(SMALL.model_dump() | {"heads": heads}))
    forecasts = fit(market, network=network).forecast(market.panel, first(market.samples, 50))
    assert ((forecasts["probability_up"] > 0.5) == (forecasts["expected_return"] > 0)).all()
