"""Every model stays listed with its numbers, and one of them forecasts."""

from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from stockseq.errors import StoreError
from stockseq.models.registry import Registry
from stockseq.models.settings import NetworkSettings, TrainingSettings
from stockseq.store import Store
from tests.models.model_rows import FAST, SMALL

MONDAY, TUESDAY, WEDNESDAY = pd.date_range("2024-11-25 22:00", periods=3, tz="UTC")
THROUGH = pd.Timestamp("2024-11-22")


class Reversed(Store):
    """A store that gives the rows back in the opposite order: what a registry reads must not depend on it."""

    def read(self, table: str, **options: Any) -> pd.DataFrame:
        return super().read(table, **options).iloc[::-1].reset_index(drop=True)


@pytest.fixture
def store(tmp_path: Path) -> Reversed:
    return Reversed(tmp_path / "data")


@pytest.fixture
def registry(store: Reversed) -> Registry:
    return Registry(store)


class Fitted:
    """As much of a model as the registry looks at."""

    network, training = SMALL, FAST


def register(
    registry: Registry, model_id: str, at: pd.Timestamp, *, promote: bool = False, label: str | None = None
) -> None:
    metrics = {"accuracy": 0.53, "first_session": THROUGH, **({"basis": {"label": label}} if label else {})}
    registry.register(
        model_id, Fitted(), trained_through=THROUGH, metrics=metrics, at=at, data_version="v1", promote=promote
    )


def states(registry: Registry) -> dict[str, str]:
    listed = registry.list_models()
    return dict(zip(listed["model_id"], listed["state"], strict=True))


def test_the_first_champion_is_who_was_promoted(registry: Registry) -> None:
    """Registered and promoted at the same instant, in one run."""
    assert registry.champion() is None
    register(registry, "a", MONDAY)
    assert registry.champion() is None
    registry.promote("a", at=MONDAY)
    champion = registry.champion()
    assert champion is not None
    assert (champion.model_id, champion.trained_through) == ("a", THROUGH)
    assert champion.metrics == {"accuracy": 0.53, "first_session": "2024-11-22T00:00:00"}


@pytest.mark.parametrize("at_once", [True, False])
def test_a_promotion_retires_the_champion_in_one_commit(store: Reversed, registry: Registry, at_once: bool) -> None:
    """Two commits could leave two champions, or none, if the run died between them; entry and promotion too."""
    register(registry, "a", MONDAY, promote=True)
    assert store.version("models") == 0
    register(registry, "b", TUESDAY, promote=at_once)
    if not at_once:
        registry.promote("b", at=TUESDAY)
    assert store.version("models") == (1 if at_once else 2)
    assert states(registry) == {"a": "retired", "b": "champion"}
    assert registry.list_models()["model_id"].tolist() == ["b", "a"]


@pytest.mark.parametrize("at_once", [True, False])
def test_each_label_has_a_champion(registry: Registry, at_once: bool) -> None:
    """Who forecasts ten sessions for a while finds the model of the session's close where it was."""
    register(registry, "day", MONDAY, promote=True)
    register(registry, "ten", TUESDAY, promote=at_once, label="open_to_open(10)")
    if not at_once:
        registry.promote("ten", at=TUESDAY)
    register(registry, "one", WEDNESDAY, promote=True, label="open_to_next_open")
    assert states(registry) == {"day": "champion", "ten": "champion", "one": "champion"}
    labels = ("open_to_close", "open_to_open(10)", "open_to_open(1)")
    champions = [registry.champion(label) for label in labels]
    assert [champion and champion.model_id for champion in champions] == ["day", "ten", "one"]
    assert registry.champion("open_to_open(5)") is None
    register(registry, "better", WEDNESDAY, promote=True, label="open_to_open(10)")
    assert states(registry) == {"day": "champion", "ten": "retired", "one": "champion", "better": "champion"}
    assert registry.list_models().set_index("model_id")["label"].to_dict() == {
        "day": "open_to_close",
        "ten": "open_to_open(10)",
        "one": "open_to_next_open",
        "better": "open_to_open(10)",
    }


def test_states_are_appended_and_never_changed(store: Reversed, registry: Registry) -> None:
    """What was champion when can be read years later: by its rows, or by a registry of that instant."""
    register(registry, "a", MONDAY)
    registry.promote("a", at=TUESDAY)
    register(registry, "b", WEDNESDAY, promote=True)
    rows = store.read("models").sort_values(["at", "model_id", "state"])
    assert list(zip(rows["model_id"], rows["state"], rows["at"], strict=True)) == [
        ("a", "candidate", MONDAY),
        ("a", "champion", TUESDAY),
        ("a", "retired", WEDNESDAY),
        ("b", "candidate", WEDNESDAY),
        ("b", "champion", WEDNESDAY),
    ]
    assert states(Registry(store, as_of=MONDAY)) == {"a": "candidate"}
    assert states(Registry(store, as_of=TUESDAY)) == {"a": "champion"}
    assert Registry(store, as_of=MONDAY - pd.Timedelta(seconds=1)).champion() is None


def test_a_model_is_entered_and_promoted_once(store: Reversed, registry: Registry) -> None:
    """The same day run twice changes nothing; a candidate that is entered again may still be promoted."""
    register(registry, "a", MONDAY)
    for _ in range(2):
        register(registry, "a", MONDAY, promote=True)
    assert store.version("models") == 1
    assert states(registry) == {"a": "champion"}


def test_a_model_that_is_not_listed_is_refused(registry: Registry) -> None:
    """A typing error must not leave the store without a champion."""
    register(registry, "a", MONDAY)
    with pytest.raises(StoreError, match=r"No model b is listed; the newest are: a\."):
        registry.promote("b", at=MONDAY)


def test_the_name_follows_from_settings_and_data() -> None:
    """The same settings and data name the same model, and any other another."""

    def name(**changes: object) -> str:
        given = {"trained_through": THROUGH, "data_version": "v1", "base": None} | changes
        network = NetworkSettings(units=int(str(given.pop("units", 8))))
        training = TrainingSettings(seed=int(str(given.pop("seed", 0))))
        return Registry.identify(network, training, **given)

    others = [name(units=9), name(seed=1), name(data_version="v2"), name(base="x"), name(trained_through=MONDAY)]
    assert name() == name()
    assert len({name(), *others}) == 6
    assert name().startswith("20241122-")


@pytest.mark.parametrize(
    ("damage", "reason"),
    [
        ({"metrics": '{"a": 1, "a": 2}'}, "its numbers can't be read"),
        ({"metrics": "[" * 3000}, "its numbers can't be read"),
        ({"state": "emperor"}, "its state is 'emperor', and must be one of candidate, champion, retired"),
    ],
)
def test_a_damaged_row_is_told_by_its_model(store: Store, damage: dict[str, Any], reason: str) -> None:
    """The table may come from somebody else; what stands in it is read as JSON and as a date."""
    Registry(store).register("m1", Fitted(), trained_through=THROUGH, metrics={}, at=MONDAY)
    rows = Store.read(store, "models").assign(model_id="m2", at=TUESDAY, **damage)
    store.append("models", rows)
    with pytest.raises(StoreError, match=f"damaged at the model 'm2': {reason}"):
        Registry(store).list_models()
