"""Every model stays listed with its numbers, and one of them forecasts."""

import pandas as pd
import pytest

from stockseq.errors import StoreError
from stockseq.models.registry import COLUMNS, Registry
from stockseq.models.settings import NetworkSettings, TrainingSettings
from stockseq.schemas import empty
from stockseq.store.store import Store
from tests.models.model_rows import FAST, SMALL

MONDAY, TUESDAY, WEDNESDAY = pd.date_range("2024-11-25 22:00", periods=3, tz="UTC")
THROUGH = pd.Timestamp("2024-11-22")


class Memory:
    """A store of one table; it counts the commits and gives the rows back in the opposite order."""

    def __init__(self) -> None:
        self.rows = empty(COLUMNS)
        self.n_commits = 0

    def read(self, table: str) -> pd.DataFrame:
        assert table == "models"
        return self.rows.iloc[::-1].reset_index(drop=True)

    def append(self, table: str, frame: pd.DataFrame) -> None:
        assert table == "models"
        self.rows = pd.concat([self.rows, frame], ignore_index=True)
        self.n_commits += 1


class Fitted:
    """As much of a model as the registry looks at."""

    network, training = SMALL, FAST


def register(registry: Registry, model_id: str, at: pd.Timestamp) -> None:
    metrics = {"accuracy": 0.53, "first_session": THROUGH}
    registry.register(model_id, Fitted(), trained_through=THROUGH, metrics=metrics, at=at, data_version="v1")


def test_the_first_champion_is_who_was_promoted() -> None:
    """Registered and promoted at the same instant, in one run."""
    registry = Registry(Memory())
    assert registry.champion() is None
    register(registry, "a", MONDAY)
    assert registry.champion() is None
    registry.promote("a", at=MONDAY)
    champion = registry.champion()
    assert champion is not None
    assert (champion["model_id"], champion["trained_through"]) == ("a", THROUGH)
    assert champion["metrics"] == {"accuracy": 0.53, "first_session": "2024-11-22T00:00:00"}


def test_a_promotion_retires_the_champion_in_one_commit() -> None:
    """Two commits could leave two champions, or none, if the run died between them."""
    store = Memory()
    registry = Registry(store)
    register(registry, "a", MONDAY)
    registry.promote("a", at=MONDAY)
    register(registry, "b", TUESDAY)
    commits = store.n_commits
    registry.promote("b", at=TUESDAY)
    assert store.n_commits == commits + 1
    listed = registry.list_models()
    assert dict(zip(listed["model_id"], listed["state"], strict=True)) == {"a": "retired", "b": "champion"}


def test_states_are_appended_and_never_changed() -> None:
    """What was champion when can be read years later."""
    store = Memory()
    registry = Registry(store)
    register(registry, "a", MONDAY)
    registry.promote("a", at=TUESDAY)
    registry.retire("a", at=WEDNESDAY)
    assert store.rows["state"].tolist() == ["candidate", "champion", "retired"]
    assert store.rows["at"].tolist() == [MONDAY, TUESDAY, WEDNESDAY]
    assert registry.champion() is None


def test_a_model_is_entered_and_promoted_once() -> None:
    """The same day run twice changes nothing."""
    store = Memory()
    registry = Registry(store)
    for _ in range(2):
        register(registry, "a", MONDAY)
        registry.promote("a", at=MONDAY)
    assert len(store.rows) == 2


@pytest.mark.parametrize("act", ["promote", "retire"])
def test_a_model_that_is_not_listed_is_refused(act: str) -> None:
    """A typing error must not leave the store without a champion."""
    registry = Registry(Memory())
    register(registry, "a", MONDAY)
    with pytest.raises(StoreError, match=r"No model b is listed; the newest are: a\."):
        getattr(registry, act)("b", at=MONDAY)


def test_the_name_follows_from_what_the_model_was_told() -> None:
    """The same settings and data name the same model, and any other another."""

    def name(**changes: object) -> str:
        told = {"trained_through": THROUGH, "data_version": "v1", "base": None} | changes
        network = NetworkSettings(units=int(str(told.pop("units", 8))))
        training = TrainingSettings(seed=int(str(told.pop("seed", 0))))
        return Registry.identify(network, training, **told)

    others = [name(units=9), name(seed=1), name(data_version="v2"), name(base="x"), name(trained_through=MONDAY)]
    assert name() == name()
    assert len({name(), *others}) == 6
    assert name().startswith("20241122-")


def test_the_store_keeps_what_the_registry_enters(tmp_path: object) -> None:
    """The table of the store and the rows of the registry are the same, to the dtype."""
    registry = Registry(Store(str(tmp_path)))
    register(registry, "a", MONDAY)
    registry.promote("a", at=MONDAY)
    register(registry, "b", TUESDAY)
    registry.promote("b", at=TUESDAY)
    champion = registry.champion()
    assert champion is not None
    assert champion["model_id"] == "b"
    assert registry.list_models()["state"].tolist() == ["champion", "retired"]
