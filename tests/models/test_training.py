"""Training learns what is there, from the training rows alone, and the same everywhere."""

from concurrent.futures import Future, ProcessPoolExecutor
from dataclasses import replace
from multiprocessing import get_context
from typing import Any

import numpy as np
import pandas as pd
import pytest

from stockseq.errors import TooFewSessions, TrainingFailed
from stockseq.models.model import Model
from stockseq.models.settings import NetworkSettings
from stockseq.models.training import fine_tune, fit_model
from tests.models.model_rows import FAST, SMALL, VOLATILITY, TinyMarket

ONE = FAST.model_copy(update={"n_seeds": 1, "epochs": 2})


def fit(market: TinyMarket, **changes: Any) -> Model:
    told = {"network": SMALL, "training": ONE} | changes
    return fit_model(market.panel, market.samples, market.train, market.validation, **told)


def weights(model: Model) -> list[np.ndarray]:
    return [array for network in model.networks for array in network.get_weights()]


def assert_same(left: Model, right: Model) -> None:
    for first, second in zip(weights(left), weights(right), strict=True):
        np.testing.assert_array_equal(first, second)


def test_a_planted_effect_is_found(market: TinyMarket, model: Model) -> None:
    """Indicator + news + noise of half their size: the sign of the first two is right nine times in ten."""
    test = market.samples.on(market.test)
    forecasts = model.forecast(market.panel, test.ends)
    assert ((forecasts["probability_up"] > 0.5).to_numpy() == test.up).mean() > 0.8
    assert np.corrcoef(forecasts["expected_return"], test.realised_return)[0, 1] > 0.8


def test_the_record_tells_the_class_balance_and_each_seed(market: TinyMarket, model: Model) -> None:
    """80 training sessions less the 2 that no window of 3 rows ends on, of 6 tickers; 20 validation sessions."""
    train = market.samples.on(market.train)
    assert model.record["train"]["n"] == 78 * 6
    assert model.record["train"]["up_share"] == pytest.approx(train.up.mean())
    assert model.record["validation"]["n_sessions"] == 20
    assert [seed["seed"] for seed in model.record["seeds"]] == [0, 1]
    assert all(seed["best_epoch"] <= seed["n_epochs"] <= FAST.epochs for seed in model.record["seeds"])
    assert model.trained_through == market.validation[-1]
    assert model.median_volatility == pytest.approx(VOLATILITY, rel=1e-5)


def test_the_same_seed_gives_the_same_model_in_another_process(market: TinyMarket) -> None:
    """Bit for bit, so that a forecast can be made again anywhere."""
    here = fit(market)
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        assert_same(here, fit(market, executor=pool))


def test_nothing_is_learnt_from_later_sessions(market: TinyMarket) -> None:
    """Rows and labels after the validation are replaced by nonsense; not a bit of the model may move."""
    panel, samples = market.panel, market.samples
    later = (panel.keys["session"] > market.validation[-1]).to_numpy()
    poisoned = replace(
        panel,
        indicators=np.where(later[:, None], np.float32(1e6), panel.indicators),
        texts=tuple(("poison",) if bad else text for bad, text in zip(later, panel.texts, strict=True)),
    )
    after = samples.session > np.datetime64(market.validation[-1])
    spoilt = replace(samples, target=np.where(after, np.float32(4), samples.target), up=samples.up | after)
    clean, other = fit(market), fit(replace(market, panel=poisoned, samples=spoilt))
    assert (clean.scaler, clean.vocabulary) == (other.scaler, other.vocabulary)
    assert_same(clean, other)


def test_the_scaler_and_the_vocabulary_know_no_validation_row(market: TinyMarket) -> None:
    """What is learnt comes from training sessions alone; a word of the validation is unknown."""
    inside = market.panel.keys["session"].isin(market.validation).to_numpy()
    texts = tuple(("novelty",) if new else text for new, text in zip(inside, market.panel.texts, strict=True))
    indicators = np.where(inside[:, None], np.float32(9), market.panel.indicators)
    model, changed = fit(market), fit(replace(market, panel=replace(market.panel, texts=texts, indicators=indicators)))
    assert "novelty" not in changed.vocabulary.tokens
    assert changed.scaler == model.scaler


def test_training_goes_on_without_text(market: TinyMarket) -> None:
    """A market without headlines has an empty vocabulary and a network of one input."""
    silent = replace(market, panel=replace(market.panel, texts=((),) * len(market.panel)))
    model = fit(silent)
    assert list(model.networks[0].input) == ["indicators"]
    assert model.forecast(silent.panel, market.samples.ends[:5])["probability_up"].between(0, 1).all()


def test_without_validation_all_epochs_are_run(market: TinyMarket) -> None:
    """There is nothing to stop early on."""
    record = fit(replace(market, validation=pd.DatetimeIndex([]))).record
    assert record["seeds"][0]["n_epochs"] == record["seeds"][0]["best_epoch"] == ONE.epochs
    assert record["seeds"][0]["validation_loss"] is None


def test_progress_is_told_after_each_epoch(market: TinyMarket) -> None:
    """A library doesn't print; who calls it decides what is shown."""
    told: list[tuple[int, int, str]] = []
    fit(market, progress=lambda *state: told.append(state))
    assert [state[:2] for state in told] == [(1, 2), (2, 2)]
    assert told[0][2].startswith("network 1 of 1, epoch 1, loss ")


def test_fine_tuning_keeps_what_the_model_knows_and_never_gets_worse(market: TinyMarket, model: Model) -> None:
    """Scaler and vocabulary stay; weights stay too where no epoch lowers the validation loss."""
    tuned = fine_tune(model, market.panel, market.samples, market.train, market.validation)
    assert (tuned.scaler, tuned.vocabulary, tuned.names) == (model.scaler, model.vocabulary, model.names)
    for before, after in zip(model.record["seeds"], tuned.record["seeds"], strict=True):
        assert after["validation_loss"] <= before["validation_loss"] + 1e-9


def test_fine_tuning_asks_for_as_many_seeds(market: TinyMarket, model: Model) -> None:
    """A network can't be trained on from nothing."""
    with pytest.raises(ValueError, match=r"has 2 networks to train on, `n_seeds` asks for 1"):
        fine_tune(model, market.panel, market.samples, market.train, market.validation, training=ONE)


def test_a_loss_that_is_no_number_is_an_error(market: TinyMarket) -> None:
    """A learning rate of 1e30 overflows; a model of NaNs would forecast nothing and say so nowhere."""
    with pytest.raises(
        TrainingFailed, match=r"loss of seed 0 is no number any more in epoch 1 .* lower `learning_rate`"
    ):
        fit(market, training=ONE.model_copy(update={"learning_rate": 1e30}))


def test_one_class_is_an_error(market: TinyMarket) -> None:
    """All up leaves no direction to learn."""
    samples = replace(market.samples, up=np.ones(len(market.samples), dtype=bool))
    with pytest.raises(TrainingFailed, match="All 468 training samples went up"):
        fit(replace(market, samples=samples))


def test_no_training_sample_is_an_error(market: TinyMarket) -> None:
    """Sessions that the samples don't have."""
    with pytest.raises(TooFewSessions, match="None of the 1 training sessions has a sample"):
        fit(replace(market, train=pd.DatetimeIndex(["1999-01-04"])))


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
    forecasts = fit(market, network=network).forecast(market.panel, market.samples.ends[:50])
    assert ((forecasts["probability_up"] > 0.5) == (forecasts["expected_return"] > 0)).all()
