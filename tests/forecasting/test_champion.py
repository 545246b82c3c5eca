"""A candidate is promoted only if it is better beyond noise on sessions that neither model saw."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from stockseq.dataset.dataset import Dataset
from stockseq.dataset.folds import Fold
from stockseq.errors import BundleError, SettingsError
from stockseq.evaluate.comparison import compare_forecasts
from stockseq.evaluate.scores import score_forecasts
from stockseq.features.news import Latency
from stockseq.features.sentiment import VaderScorer
from stockseq.forecasting.champion import (
    Basis,
    Challenge,
    Champion,
    Incumbent,
    ModelRecord,
    challenge,
    enter,
    forecast_record,
    hash_training_data,
    load_champion,
)
from stockseq.models.forecaster import Forecaster
from stockseq.models.forecasting import forecast_samples
from stockseq.models.model import Model
from stockseq.models.registry import Registry
from stockseq.store import Store
from tests.models.model_rows import FAST, SMALL, TinyMarket

MONDAY, TUESDAY = pd.date_range("2024-06-24 22:00", periods=2, tz="UTC")
UNTRAINED = FAST.model_copy(update={"epochs": 1, "learning_rate": 1e-9})


class Prepared(Forecaster):
    """A forecaster whose fit is done already; it remembers what it was asked to train on."""

    def __init__(self, model: Model) -> None:
        super().__init__(model.network, model.training)
        object.__setattr__(self, "model", model)
        object.__setattr__(self, "bases", [])

    def fit_fold(self, data: Dataset, fold: Fold, **options: Any) -> Model:
        return self.model  # type: ignore[attr-defined, no-any-return]

    def fine_tune(self, base: Model, data: Dataset, fold: Fold) -> Model:
        self.bases.append(base)  # type: ignore[attr-defined]
        return self.model  # type: ignore[attr-defined, no-any-return]


@pytest.fixture(scope="module")
def poor(market: TinyMarket) -> Model:
    """As good as untrained."""
    return Forecaster(SMALL, UNTRAINED).fit_fold(market.data, market.fold)


def challenge_with(model: Model, market: TinyMarket, champion: Champion | None, **options: Any) -> Challenge:
    return challenge(Prepared(model), market.data, market.fold, champion, **{"promotion_z": 2.0} | options)


@pytest.fixture(scope="module")
def incumbent(market: TinyMarket, poor: Model) -> Champion:
    """The untrained model, as champion of nobody better."""
    return challenge_with(poor, market, None).winner


def test_the_first_candidate_is_champion_with_its_scores_on_the_sessions_held_out(
    market: TinyMarket, poor: Model
) -> None:
    """There is nothing to compare it with; its record names its sessions and what its inputs mean."""
    result = challenge_with(poor, market, None)
    assert (result.promoted, result.unchanged, result.champion, result.comparison) == (True, False, None, None)
    champion = result.winner
    forecasts = forecast_samples(poor, market.panel, market.samples.on(market.fold.test))
    record = champion.record.to_dict()
    assert {name: record[name] for name in score_forecasts(forecasts).to_dict()} == score_forecasts(forecasts).to_dict()
    # The 101st and the 120th session of 2024.
    assert (champion.record.first_session, champion.record.last_session) == ("2024-05-24", "2024-06-24")
    assert champion.record.training == poor.record
    assert champion.record.basis == Basis.of(market.data.inputs)
    assert champion.trained_through == market.fold.validation[-1]


def test_a_candidate_of_lower_log_loss_takes_over_and_says_what_it_was_chosen_on(
    market: TinyMarket, model: Model, poor: Model, incumbent: Champion
) -> None:
    """The difference is that of both models' forecasts on the 20 sessions that neither saw."""
    result = challenge_with(model, market, incumbent)
    assert (result.promoted, result.n_sessions) == (True, 20)
    assert result.winner is result.candidate
    assert result.winner.record.chosen_over == incumbent.model_id
    test = market.samples.on(market.fold.test)
    pair = [forecast_samples(each, market.panel, test) for each in (model, poor)]
    assert result.comparison == compare_forecasts(*pair)
    assert result.comparison.log_loss.z < -2


def test_a_candidate_does_not_replace_a_champion_that_it_does_not_beat_beyond_noise(
    market: TinyMarket, model: Model, poor: Model, incumbent: Champion
) -> None:
    """Neither a worse model nor a better one by fewer standard errors than are asked for."""
    best = challenge_with(model, market, None).winner
    for result, stays in (
        (challenge_with(poor, market, best), best),
        (challenge_with(model, market, incumbent, promotion_z=50.0), incumbent),
    ):
        assert not result.promoted
        assert result.winner is stays
        assert result.candidate.record.chosen_over is None


@pytest.mark.parametrize(("through", "n_sessions"), [("2024-06-20", 2), ("2024-06-21", 1), ("2024-06-24", 0)])
def test_models_are_compared_on_sessions_that_neither_saw(
    market: TinyMarket, model: Model, incumbent: Champion, through: str, n_sessions: int
) -> None:
    """By hand: after the 20th come the 21st and the 24th. One session has no spread, so the champion stays."""
    late = replace(incumbent, trained_through=pd.Timestamp(through))
    result = challenge_with(model, market, late)
    assert result.n_sessions == n_sessions
    assert (result.comparison is None) == (n_sessions < 2)
    if n_sessions < 2:
        assert result.winner is late


def test_a_candidate_that_is_the_champion_is_not_trained_again(
    market: TinyMarket, poor: Model, incumbent: Champion
) -> None:
    """The same settings on the same data; who waits for a check of the layers waits for nothing."""
    result = challenge_with(poor, market, incumbent, before_fit=lambda: pytest.fail("trained again"))
    assert result.unchanged
    assert not result.promoted
    assert result.winner is incumbent
    called: list[bool] = []
    challenge_with(poor, market, None, before_fit=lambda: called.append(True))
    assert called == [True]


def test_fine_tuning_goes_on_from_the_champion(market: TinyMarket, model: Model, incumbent: Champion) -> None:
    """And gives a model of another name than one trained from scratch."""
    forecaster = Prepared(model)
    result = challenge(forecaster, market.data, market.fold, incumbent, fine_tune=True, promotion_z=2.0)
    assert forecaster.bases == [incumbent.model]  # type: ignore[attr-defined]
    scratch = challenge_with(model, market, incumbent)
    assert len({result.candidate.model_id, scratch.candidate.model_id, incumbent.model_id}) == 3


def test_fine_tuning_needs_a_champion_of_as_many_networks(
    market: TinyMarket, model: Model, incumbent: Champion
) -> None:
    """There is nothing to go on from."""
    with pytest.raises(SettingsError, match="no champion to fine-tune; train one first"):
        challenge_with(model, market, None, fine_tune=True)
    one = Forecaster(SMALL, FAST, n_seeds=1)
    asked = r"it has 2, and SEEDS \(`training\.n_seeds`\) is 1\. Give SEEDS=2"
    with pytest.raises(SettingsError, match=asked):
        challenge(one, market.data, market.fold, incumbent, fine_tune=True, promotion_z=2.0)


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "data")


def enter_in(store: Store, result: Challenge, at: pd.Timestamp) -> None:
    enter(result, Registry(store), store.folder / "models", at=at, data_version="v1")


def load_from(store: Store, basis: Basis) -> Any:
    return load_champion(Registry(store), store.folder / "models", basis)


def test_every_model_stays_listed_and_the_champion_comes_back(
    market: TinyMarket, model: Model, poor: Model, incumbent: Champion, store: Store
) -> None:
    """A kill between entry and promotion would list a better model and never use it: they are one commit."""
    basis = Basis.of(market.data.inputs)
    nobody = load_from(store, basis)
    assert (nobody.model_id, nobody.champion) == (None, None)
    enter_in(store, challenge_with(poor, market, None), MONDAY)
    result = challenge_with(model, market, incumbent)
    version = store.version("models")
    enter_in(store, result, TUESDAY)
    assert store.version("models") == version + 1
    listed = Registry(store).list_models()
    assert dict(zip(listed["model_id"], listed["state"], strict=True)) == {
        incumbent.model_id: "retired",
        result.candidate.model_id: "champion",
    }
    loaded = load_from(store, basis)
    assert (loaded.model_id, loaded.changes) == (result.candidate.model_id, {})
    assert loaded.champion.record == result.candidate.record
    assert loaded.champion.trained_through == result.candidate.trained_through
    again = forecast_samples(loaded.champion.model, market.panel, market.samples)
    pd.testing.assert_frame_equal(again, forecast_samples(model, market.panel, market.samples))


def test_a_candidate_that_was_not_promoted_is_listed_all_the_same(
    market: TinyMarket, model: Model, poor: Model, store: Store
) -> None:
    """What was tried and not taken is on record."""
    best = challenge_with(model, market, None)
    enter_in(store, best, MONDAY)
    enter_in(store, challenge_with(poor, market, best.winner), TUESDAY)
    assert Registry(store).list_models()["state"].tolist() == ["candidate", "champion"]
    assert load_from(store, Basis.of(market.data.inputs)).model_id == best.candidate.model_id


@pytest.mark.parametrize(
    ("changed", "name"),
    [
        ({"scorer": VaderScorer(finance=True)}, "scorer"),
        ({"latency": pd.Timedelta(minutes=1)}, "headline_latency_s"),
        ({"latency": Latency(by_source={"edgar": pd.Timedelta(0)})}, "headline_latency_s"),
        ({"features": ()}, "features"),
    ],
)
def test_a_champion_of_another_basis_does_not_forecast(
    market: TinyMarket, poor: Model, store: Store, changed: dict[str, Any], name: str
) -> None:
    """The same columns would mean other numbers, and the network could not know; what changed is named."""
    first = challenge_with(poor, market, None)
    enter_in(store, first, MONDAY)
    was, now = Basis.of(market.data.inputs), Basis.of(replace(market.data.inputs, **changed))
    other = load_from(store, now)
    assert (other.model_id, other.champion) == (first.candidate.model_id, None)
    assert other.changes == {name: (getattr(was, name), getattr(now, name))}


def test_another_label_leaves_the_champion_in_its_place(market: TinyMarket, model: Model, store: Store) -> None:
    """A horizon tried for a day finds nobody, trains its own, and dethrones nobody."""
    first = challenge_with(model, market, None)
    enter_in(store, first, MONDAY)
    basis = Basis.of(market.data.inputs)
    longer = Basis.of(replace(market.data.inputs, label="open_to_open(5)"))
    assert load_from(store, longer) == Incumbent(None, None, {})
    record = first.candidate.record.model_copy(update={"basis": longer})
    enter_in(store, replace(first, candidate=replace(first.candidate, model_id="longer", record=record)), TUESDAY)
    assert load_from(store, longer).model_id == "longer"
    assert load_from(store, basis).model_id == first.candidate.model_id


def test_a_champion_without_its_bundle_is_an_error(market: TinyMarket, poor: Model, store: Store) -> None:
    """A folder that somebody deleted must not look like the first training."""
    enter_in(store, challenge_with(poor, market, None), MONDAY)
    for path in sorted((store.folder / "models").glob("*/manifest.json")):
        path.unlink()
    with pytest.raises(BundleError, match="There is no model bundle at"):
        load_from(store, Basis.of(market.data.inputs))


def test_the_record_of_a_champion_is_of_every_session_since_its_training(
    market: TinyMarket, incumbent: Champion
) -> None:
    """20 sessions were held out, and those that came since."""
    record = forecast_record(incumbent, market.data)
    assert len(record) == 20 * 6
    assert record["session"].min() == market.fold.test[0]
    older = replace(incumbent, record=incumbent.record.model_copy(update={"first_session": "2024-06-21"}))
    assert len(forecast_record(older, market.data)) == 2 * 6


def test_the_name_of_a_model_depends_on_nothing_after_its_training_dates(market: TinyMarket) -> None:
    """The hash of what was learnt from must not move when the hold-out does; and moves with all that was."""
    data, fold = market.data, market.fold
    before = hash_training_data(data, fold)
    later = (data.panel.keys["session"] > fold.validation[-1]).to_numpy()

    def with_panel(rows: np.ndarray) -> Dataset:
        indicators = np.where(rows[:, None], np.float32(7), data.panel.indicators)
        texts = tuple(("new",) if row else text for row, text in zip(rows, data.panel.texts, strict=True))
        return replace(data, panel=replace(data.panel, indicators=indicators, texts=texts))

    unseen = data.samples.session > fold.validation[-1].to_datetime64()
    returns = np.where(unseen, 0.5, data.samples.realised_return)
    spoilt = replace(data.samples, realised_return=returns)
    assert hash_training_data(replace(with_panel(later), samples=spoilt), fold) == before
    changes = [
        with_panel(~later),
        replace(data, samples=replace(data.samples, realised_return=data.samples.realised_return + 1e-9)),
        replace(data, samples=replace(data.samples, ticker=np.char.add("X", data.samples.ticker.astype(str)))),
    ]
    assert len({before, *(hash_training_data(changed, fold) for changed in changes)}) == 4


def test_a_record_of_before_is_read(incumbent: Champion) -> None:
    """Registries hold records that were written when fewer figures were computed."""
    old = incumbent.record.to_dict()
    for name in ("training", "pt_serial_t", "n_pt_serial", "edge_ci"):
        old.pop(name, None)
    read = ModelRecord.from_dict({**old, "an_older_figure": 1.0})
    assert (read.accuracy, read.pt_serial_t) == (incumbent.record.accuracy, None)
