"""A user's layer is found by name, or refused with the reason."""

import random
from pathlib import Path

import pytest

from stockseq.errors import PluginError
from stockseq.layers.slots import describe_error, find_layer, make_layer, seeded
from stockseq.plugins import Slot


def test_a_layer_is_found_by_module_and_class() -> None:
    """A layer needs no package of its own to be tried."""
    assert find_layer("before", "tests.layers.slot_layers:Halve").__name__ == "Halve"


def test_a_layer_that_takes_a_seed_is_given_one() -> None:
    """So that it draws the same in every process; its own option comes first."""
    assert make_layer("after", "tests.layers.slot_layers:Seeded", {}, seed=5).seed == 5
    assert make_layer("after", "tests.layers.slot_layers:Seeded", {"seed": 7}, seed=5).seed == 7


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("no_such_layer", "No plug-in `no_such_layer` in stockseq.layers.after"),
        ("projections", r"No plug-in `projections` in stockseq.layers.after; did you mean `projection`\?"),
        ("news_gate", "is one within the LSTM, not after it; name it as `within`"),
        (
            "tests.layers.slot_layers:Missing",
            "can't be imported: tests.layers.slot_layers has no layer `Missing`; it has: Halve, Seeded",
        ),
        ("tests.layers.slot_layers:Halves", r"tests.layers.slot_layers has no layer `Halves`; did you mean `Halve`\?"),
        ("tests.layers.slot_layers:", "tests.layers.slot_layers has no layer ``"),
        ("no_such_module:Layer", "can't be imported: ModuleNotFoundError: No module named 'no_such_module'"),
        (":Layer", "can't be imported"),
        ("tests.layers.slot_layers:NOT_A_LAYER", "must be a Keras layer class, received 3"),
        ("tests.layers.slot_layers:Unregistered", "must be registered, or no bundle could load it"),
    ],
)
def test_what_is_no_layer_is_refused(name: str, reason: str) -> None:
    """The message says what is wrong before any training starts."""
    with pytest.raises(PluginError, match=reason):
        find_layer("after", name)


def test_what_a_module_raises_on_import_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A slip at the top level of the user's file is theirs to see, without our traceback around it."""
    (tmp_path / "slip.py").write_text("SPEED = 1 / 0\n", encoding="utf-8")
    monkeypatch.syspath_prepend(str(tmp_path))
    with pytest.raises(PluginError, match="`slip:Layer`, can't be imported: ZeroDivisionError: division by zero"):
        find_layer("after", "slip:Layer")


def test_options_that_do_not_fit_are_named() -> None:
    """The user learns which layer refused, and what it was given."""
    with pytest.raises(PluginError, match=r"refuses its options \{'width': 3\}"):
        make_layer("after", "tests.layers.slot_layers:Halve", {"width": 3}, seed=0)


def test_seeding_leaves_pythons_generator_as_it_was() -> None:
    """Keras draws from the global generator; nobody else may notice."""
    random.seed(1)
    expected = random.Random(1).random()
    with seeded(9):
        drawn = random.random()
    assert random.random() == expected
    with seeded(9):
        assert random.random() == drawn


def test_an_unknown_option_is_named_with_the_nearest() -> None:
    """A misspelt option must not pass for the default."""
    convolution = "stockseq.layers.before.temporal_convolution:TemporalConvolution"
    with pytest.raises(PluginError, match=r"it knows no `filter`; did you mean `filters`\?"):
        make_layer("before", convolution, {"filter": 3}, seed=0)


def test_what_keras_says_is_told_without_its_frame() -> None:
    """A sentence in a terminal has no place for a traceback's arguments and colours."""
    framed = (
        "Exception encountered when calling Wrong.call().\n\n\x1b[1mCould not automatically infer the output shape / "
        "dtype. Error encountered:\n\ntoo short.\x1b[0m\n\nArguments received by Wrong.call():\n  - args=(3,)"
    )
    assert describe_error(ValueError(framed)) == "too short."


@pytest.mark.parametrize(
    ("slot", "name"), [("before", "variable_selection"), ("after", "temporal_attention"), ("after", "branch_gate")]
)
def test_a_layer_of_no_width_is_refused(slot: Slot, name: str) -> None:
    """It would end in the middle of training, or train to the end and learn nothing."""
    for wrong in (0, -2, 2.5, True, "8", None):
        with pytest.raises(PluginError, match=f"`dimension` must be a whole number from 1 on, received {wrong!r}"):
            make_layer(slot, name, {"dimension": wrong}, seed=1)
