"""`check_layer` lets every shipped layer pass and catches each planted fault by name."""

import subprocess
import sys
import types
from collections.abc import Iterator, Mapping

import pytest
from tensorflow.python.framework.config import is_op_determinism_enabled

from stockseq.errors import PluginError
from stockseq.layers.after.branch_gate import BranchGate
from stockseq.layers.after.projection import Projection
from stockseq.layers.after.temporal_attention import TemporalAttention
from stockseq.layers.backend import keras, tf
from stockseq.layers.before.causal_normalisation import CausalNormalisation
from stockseq.layers.before.sentiment_decay import SentimentDecay
from stockseq.layers.before.temporal_convolution import TemporalConvolution
from stockseq.layers.before.variable_selection import VariableSelection
from stockseq.layers.within.layer_normalised_cell import LayerNormalisedCell
from stockseq.layers.within.news_gate_cell import NewsGateCell
from stockseq.layers.within.time_aware_cell import TimeAwareCell
from stockseq.plugins import Slot
from stockseq.testing import check_layer
from stockseq.testing.layer_bundle import find_unloadable, importable_name, sample_settings
from tests.testing import wrong_layers

SHIPPED = [
    ("before", TemporalConvolution, {}),
    ("before", TemporalConvolution, {"joined": False, "filters": 3}),
    ("before", SentimentDecay, {}),
    ("before", SentimentDecay, {"side": []}),
    ("before", CausalNormalisation, {}),
    ("before", VariableSelection, {"dimension": 3}),
    ("within", TimeAwareCell, {}),
    ("within", NewsGateCell, {}),
    ("within", LayerNormalisedCell, {}),
    ("after", Projection, {"orthogonality": 0.1, "start": "pca"}),
    ("after", TemporalAttention, {}),
    ("after", BranchGate, {}),
]


@pytest.mark.parametrize(
    ("slot", "layer", "options"), SHIPPED, ids=lambda value: getattr(value, "__name__", str(value))
)
def test_every_shipped_layer_keeps_the_contract(slot: str, layer: type, options: dict[str, object]) -> None:
    """What is shipped is held to what is asked of others."""
    check_layer(slot, layer, options, fresh_process=False)


@pytest.fixture(scope="module")
def unloadable() -> Iterator[Mapping[str, str]]:
    """What one fresh process says of every shipped layer, a user's and two that it can't have as they were."""
    typed_in = types.ModuleType("typed_in")
    typed = type("Typed", (wrong_layers.Right,), {"__module__": "typed_in"})
    typed_in.Typed = keras.saving.register_keras_serializable(package="typed_in")(typed)  # type: ignore[attr-defined]
    layers = [(slot, layer) for slot, layer, _ in SHIPPED]
    layers += [("before", wrong_layers.Right), ("after", wrong_layers.OfThisProcess), ("after", typed)]
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(sys.modules, "typed_in", typed_in)
        names = {importable_name(slot, layer): (slot, layer) for slot, layer in layers}
        yield find_unloadable({name: sample_settings(slot, name, {}, layer) for name, (slot, layer) in names.items()})


def test_every_shipped_layer_and_a_users_load_in_a_process_that_imports_nothing_by_hand(
    unloadable: Mapping[str, str],
) -> None:
    """The morning's run loads what last week's training saved, by what the bundle names alone."""
    assert list(unloadable) == ["tests.testing.wrong_layers:OfThisProcess", "typed_in:Typed"]


def test_a_layer_that_depends_on_its_process_is_refused(unloadable: Mapping[str, str]) -> None:
    """The hash of a text differs from process to process, so a saved model would forecast something else."""
    said = unloadable["tests.testing.wrong_layers:OfThisProcess"]
    assert "OfThisProcess` does not come back from a saved model as it was" in said


def test_a_layer_that_no_other_process_finds_is_refused(unloadable: Mapping[str, str]) -> None:
    """Such as one typed into a notebook and put among the modules by hand."""
    said = unloadable["typed_in:Typed"]
    assert "does not load in a fresh process" in said
    assert "No module named 'typed_in'" in said


def test_a_users_layer_keeps_the_rest_of_the_contract() -> None:
    """The 20 lines that a user writes need nothing of ours."""
    check_layer("before", wrong_layers.Right, {"units": 5}, fresh_process=False)


def test_a_layer_of_keras_passes() -> None:
    """The nearest thing to try."""
    check_layer("after", keras.layers.Dense, {"units": 2}, fresh_process=False)


@pytest.mark.parametrize(
    ("slot", "name", "reason"),
    [
        ("before", "LooksAhead", r"isn't causal: output 1 of 8 moves when the sessions from 2 of 8 on change"),
        ("before", "PoolsAhead", r"isn't causal: output 1 of 4 moves when the sessions from 3 of 8 on change"),
        ("before", "AcrossBatch", "looks across its batch: a window's output moves by"),
        ("before", "AcrossBatchInTraining", "looks across its batch in training"),
        ("after", "AcrossBatch", "looks across its batch: a window's output moves by"),
        ("before", "Unregistered", "must be registered, or no bundle could load it"),
        ("before", "TooManyDimensions", "must return 2 dimensions or 3 dimensions"),
        ("after", "TooManyDimensions", "must return 2 dimensions with a known last one"),
        ("within", "Right", "must be a recurrent cell with a `state_size`"),
        ("after", "ForgetsOption", "loses its configuration: get_config gives no `strength`"),
        ("after", "ChangesOption", r"loses its configuration: `strength` is 0\.01 before saving and 0\.0001 after"),
        ("after", "TakesNoKeywords", "can't be made from its own configuration"),
        ("after", "DeadWeight", r"has a trainable weight that the gradient doesn't reach, `.*unused`"),
        ("after", "RandomAlways", "gives other values when it is called again"),
        ("after", "RandomInTraining", "draws in training from a source that no seed fixes"),
        ("after", "CountsCalls", "gives other values when it is called again"),
        ("after", "CountsLayers", "differs from another layer of the same configuration and weights"),
        ("after", "NotFinite", "gives values that are no finite numbers"),
        ("after", "DoublePrecision", "must give float32, as it is given, and gives float64"),
        ("after", "SinglePrecisionOnly", r"doesn't run in half precision \(mixed_bfloat16\)"),
        ("after", "OverflowsInHalf", r"overflows in half precision \(mixed_float16\)"),
        ("after", "ReturnsPair", "must return one tensor from `call`, received 2 of them in a tuple"),
        ("before", "ReturnsIntegers", "must return floats, received int32"),
        ("before", "ComputesMask", "computes a mask, and a window has no session to skip"),
        ("after", "RaisesInTraining", "raises RuntimeError: out of luck"),
        ("after", "RaisesWhenAskedForItsConfiguration", "raises KeyError: 'units'"),
        ("after", "NotCompilable", "can't be compiled by XLA.*AsString"),
    ],
)
def test_a_wrong_layer_is_refused_with_what_is_wrong(slot: str, name: str, reason: str) -> None:
    """Each of these trains without complaint, and its forecasts would be false, lost or unrepeatable."""
    with pytest.raises(PluginError, match=f"{name}.*{reason}"):
        check_layer(slot, getattr(wrong_layers, name), fresh_process=False)


@pytest.mark.parametrize("slot", ["before", "after"])
def test_a_layer_that_bears_a_name_of_the_networks_own_is_refused(slot: Slot) -> None:
    """Keras raises a ValueError that names no layer; two of one fixed name are the same fault."""
    layer = wrong_layers.NamedLikeTheNetwork
    with pytest.raises(PluginError, match=r"Two layers of the network are called `direction`.*NamedLikeTheNetwork"):
        check_layer(slot, layer, fresh_process=False)


def test_a_layer_inside_a_function_is_refused() -> None:
    """No bundle can name it."""

    @keras.saving.register_keras_serializable(package="wrong")
    class Inner(keras.layers.Layer):
        """Unreachable from outside."""

    with pytest.raises(PluginError, match="must stand in a module of its own at the top level"):
        check_layer("after", Inner)


def test_the_contracts_of_features_and_sources_load_no_tensorflow() -> None:
    """Loaded before curl_cffi it breaks every download, and each command imports these contracts."""
    code = "import sys, stockseq.testing; print('tensorflow' in sys.modules)"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout == "False\n"


def test_a_layer_passes_in_a_process_that_has_trained() -> None:
    """Training asks for deterministic kernels, of which XLA has none for pooling."""
    tf.config.experimental.enable_op_determinism()
    check_layer("before", TemporalConvolution, fresh_process=False)
    assert is_op_determinism_enabled()
