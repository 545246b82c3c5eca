"""The contract of a layer: causal, alone with its window, repeatable, trainable, and loaded without help."""

import inspect
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from stockseq.errors import PluginError
from stockseq.layers.backend import keras, tf
from stockseq.layers.slots import Slot, seeded, tell
from stockseq.models.network import build_network
from stockseq.testing.layer_bundle import (
    check_reloads,
    importable_name,
    sample_scaler,
    sample_settings,
    sample_vocabulary,
)

N_WINDOWS = 6
# Scaled features are clipped to five spreads: a later session may hold no greater value.
POISON = 5.0
TOLERANCE = 1e-5
HALF_POLICIES = ("mixed_bfloat16", "mixed_float16")
LIBRARIES = ("keras", "tensorflow", "builtins")

Array = npt.NDArray[np.float32]


@dataclass(frozen=True)
class _Case:
    """A layer as the network built it: what it reads, and weights moved off their first values."""

    slot: Slot
    layer: type[Any]
    config: dict[str, Any]
    shape: tuple[int, ...]
    weights: list[Array]

    def windows(self, seed: int = 0) -> Array:
        return np.random.default_rng(seed).standard_normal((N_WINDOWS, *self.shape)).astype(np.float32)

    def refuse(self, sentence: str, cause: Exception | None = None) -> None:
        raise PluginError(f"The layer {self.slot} the LSTM, `{self.layer.__name__}`, {sentence}.") from cause


def check_layer(
    slot: Slot, layer: type[Any], options: Mapping[str, Any] | None = None, *, fresh_process: bool = True
) -> None:
    """Raise `PluginError` unless the layer can be trusted in its slot.

    Built into a small network, it must come back from its configuration; look at no other window and no later session;
    give the same outputs for the same inputs, in training too; let the gradient reach every trainable weight; run in
    half precision and by XLA; and load, saved, in a process that imports nothing but what the bundle names.

    Parameters
    ----------
    slot : "before", "within" or "after"
    layer : class of a Keras layer, or within of a recurrent cell
    options : mapping, optional
        Arguments of the layer, as in `<slot>_options` of the settings.
    fresh_process : bool, default=True
        Whether to load a saved model in another process, which takes some seconds.

    Raises
    ------
    PluginError
        Naming the layer, the first check that it fails, what came, and how to mend it.

    Examples
    --------
    >>> from stockseq.layers.after.projection import Projection
    >>> check_layer("after", Projection, {"dimension": 2}, fresh_process=False)
    >>> check_layer("after", Projection, {"dimensions": 2})
    Traceback (most recent call last):
    stockseq.errors.PluginError: The layer after the LSTM, `stockseq.layers.after.projection:Projection`, refuses its
    options {'dimensions': 2}: it knows no `dimensions`; did you mean `dimension`?
    """
    name = importable_name(slot, layer)
    case = _build(slot, name, layer, dict(options or {}))
    _check_config(case)
    _check_repeatable(case)
    _check_rows(case)
    _check_causal(case)
    _check_gradients(case)
    _check_precision(case)
    _check_compiled(case)
    if fresh_process:
        check_reloads({name: sample_settings(slot, name, dict(options or {}), layer)})


def _build(slot: Slot, name: str, layer: type[Any], options: dict[str, Any]) -> _Case:
    settings = sample_settings(slot, name, options, layer)
    scaler, vocabulary = sample_scaler(settings), sample_vocabulary()
    network = build_network(
        settings.network,
        n_features=len(settings.names),
        vocabulary_size=len(vocabulary),
        seed=0,
        names=settings.names,
        scaler=scaler,
    )
    placed = next(each for each in network.layers if type(getattr(each, "cell", each)) is layer)
    built = getattr(placed, "cell", placed)
    moves = np.random.default_rng(1)
    # A weight that begins at 0 would hide what it lets through.
    weights = [
        weight + 0.1 * moves.standard_normal(weight.shape).astype(weight.dtype) for weight in built.get_weights()
    ]
    return _Case(slot, layer, built.get_config(), tuple(placed.input.shape[1:]), weights)


def _unit(case: _Case, *, seed: int = 0) -> tuple[Any, Any]:
    """Return a new layer of the case's configuration and weights, and the network that consists of it alone."""
    with seeded(seed):
        layer = case.layer.from_config(case.config)
        inputs = keras.Input(case.shape)
        outer = keras.layers.RNN(layer, return_sequences=True) if case.slot == "within" else layer
        network = keras.Model(inputs, outer(inputs))
    layer.set_weights(case.weights)
    return layer, network


def _run(network: Any, windows: Array, *, training: bool = False) -> Array:
    made = network(tf.constant(windows), training=training)
    return np.asarray(keras.ops.convert_to_numpy(keras.ops.cast(made, "float32")))


def _check_config(case: _Case) -> None:
    lost = [name for name in _arguments(case.layer) if name not in case.config]
    if lost:
        case.refuse(
            f"loses its configuration: get_config gives no `{lost[0]}`, so a saved model would come back with another "
            "one; return every argument of __init__ from get_config"
        )
    try:
        layer, network = _unit(case)
        again = layer.get_config()
    except (TypeError, ValueError) as error:
        case.refuse(f"can't be made from its own configuration, so no saved model would load: {tell(error)}", error)
    changed = [name for name in case.config if again.get(name) != case.config[name]]
    if changed:
        case.refuse(
            f"loses its configuration: `{changed[0]}` is {case.config[changed[0]]!r} before saving and "
            f"{again.get(changed[0])!r} after; store each argument unchanged under its name"
        )
    made = _run(network, case.windows())
    if not np.isfinite(made).all():
        case.refuse("gives values that are no finite numbers on ordinary inputs; guard divisions, logarithms and roots")
    if str(network.output.dtype) != "float32":
        case.refuse(f"must give float32, as it is given, and gives {network.output.dtype}; cast to its compute_dtype")


def _arguments(layer: type[Any]) -> list[str]:
    """Return what the class asks for beyond what every Keras layer takes."""
    own = [each for each in layer.__mro__ if each.__module__.partition(".")[0] not in LIBRARIES]
    makers = [vars(each)["__init__"] for each in own if "__init__" in vars(each)]
    parameters = [parameter for maker in makers for parameter in inspect.signature(maker).parameters.values()]
    shared = inspect.signature(keras.layers.Layer.__init__).parameters
    return [
        each.name
        for each in parameters
        if each.kind in (each.POSITIONAL_OR_KEYWORD, each.KEYWORD_ONLY) and each.name not in shared
    ]


def _check_repeatable(case: _Case) -> None:
    windows = case.windows()
    _, network = _unit(case)
    first = _run(network, windows)
    if _moved(_run(network, windows), first).any():
        case.refuse(
            "gives other values when it is called again with the same windows: a forecast could not be repeated. Draw "
            "at random in training only, and keep no state between calls"
        )
    _, other = _unit(case)
    if _moved(_run(other, windows), first).any() or _moved(_run(network, windows), first).any():
        case.refuse(
            "differs from another layer of the same configuration and weights: something outside the two is shared and "
            "changed. Keep all state in the layer's own weights"
        )
    trained = [_run(_unit(case)[1], windows, training=True) for _ in range(2)]
    if _moved(trained[0], trained[1]).any():
        case.refuse(
            "draws in training from a source that no seed fixes, so no training could be repeated: draw by "
            "keras.random with a keras.random.SeedGenerator made in __init__"
        )


def _check_rows(case: _Case) -> None:
    windows = case.windows()
    poisoned = windows.copy()
    poisoned[1:] = _poison(windows[1:])
    for training in (False, True):
        made = [_run(_unit(case)[1], given, training=training)[0] for given in (windows, poisoned)]
        if _moved(*made).any():
            case.refuse(
                f"looks across its batch{' in training' if training else ''}: a window's output moves by "
                f"{np.abs(made[0] - made[1]).max():.2g} when the other windows change, and those are of other tickers "
                "and later dates. Take means and norms over the last axis, or over the steps so far, not over axis 0"
            )


def _check_causal(case: _Case) -> None:
    windows = case.windows()
    _, network = _unit(case)
    known = _run(network, windows)
    if case.slot == "after" or known.ndim != 3:
        # One vector per window knows the whole window, which ends before what is forecast.
        return
    span = -(-case.shape[0] // known.shape[1])
    for step in range(1, case.shape[0]):
        poisoned = windows.copy()
        poisoned[:, step:] = _poison(windows[:, step:])
        before = _moved(_run(network, poisoned), known)[:, : step // span]
        if before.any():
            first = int(np.argwhere(before)[0, 1])
            case.refuse(
                f"isn't causal: output {first + 1} of {known.shape[1]} moves when the sessions from {step + 1} of "
                f"{case.shape[0]} on change, so it tells a session of later ones. Pad by padding='causal', and use "
                "nothing of the steps behind"
            )


def _check_gradients(case: _Case) -> None:
    layer, network = _unit(case)
    reached = [False] * len(layer.trainable_weights)
    for seed in range(3):
        gradients = _gradients(network, layer, tf.constant(case.windows(seed)))
        for place, gradient in enumerate(gradients):
            reached[place] |= gradient is not None and bool(np.any(keras.ops.convert_to_numpy(gradient)))
    for weight, alive in zip(layer.trainable_weights, reached, strict=True):
        if not alive:
            case.refuse(
                f"has a trainable weight that the gradient doesn't reach, `{weight.path}` of shape "
                f"{tuple(weight.shape)}: it would stay as random as it began. Use it in call, or make it "
                "trainable=False"
            )


def _gradients(network: Any, layer: Any, windows: Any) -> list[Any]:
    with tf.GradientTape() as tape:
        made = keras.ops.cast(network(windows, training=False), "float32")
        # Weighted at random: the plain sum of what a softmax gives is the same whatever its weights.
        aim = np.random.default_rng(2).standard_normal(made.shape).astype(np.float32)
        total = tf.reduce_sum(made * aim)
    return [
        None if gradient is None else tf.convert_to_tensor(gradient)
        for gradient in tape.gradient(total, [weight.value for weight in layer.trainable_weights])
    ]


def _check_precision(case: _Case) -> None:
    before = keras.config.dtype_policy()
    for policy in HALF_POLICIES:
        keras.config.set_dtype_policy(policy)
        try:
            half = _Case(case.slot, case.layer, {**case.config, "dtype": policy}, case.shape, case.weights)
            layer, network = _unit(half)
            made = _run(network, case.windows())
            gradients = _gradients(network, layer, tf.constant(case.windows()))
        except Exception as error:
            case.refuse(f"doesn't run in half precision ({policy}): {tell(error)}", error)
        finally:
            keras.config.set_dtype_policy(before)
        if not (np.isfinite(made).all() and all(np.isfinite(gradient).all() for gradient in gradients)):
            case.refuse(f"overflows in half precision ({policy}): cast to float32 where sums or powers grow")


def _check_compiled(case: _Case) -> None:
    layer, network = _unit(case)
    windows = tf.constant(case.windows())

    def run(given: Any) -> Any:
        return network(given, training=False), _gradients(network, layer, given)

    plain, wanted = run(windows)
    try:
        made, gradients = tf.function(run, jit_compile=True)(windows)
    except Exception as error:
        # TensorFlow shows the way into the layer first, and the reason after it.
        lines = [line.strip() for line in str(error).splitlines() if line.strip()]
        reason = next((line for line in reversed(lines) if "Error: " in line), lines[0] if lines else repr(error))
        case.refuse(
            f"can't be compiled by XLA, which takes fixed shapes and TensorFlow's own operations: {reason}", error
        )
    pairs = [(made, plain), *zip(gradients, wanted, strict=True)]
    if any(_moved(np.asarray(left), np.asarray(right), tolerance=1e-3).any() for left, right in pairs):
        case.refuse("gives other values when it is compiled by XLA; use Keras' or TensorFlow's operations alone")


def _poison(windows: Array) -> Array:
    return np.where(windows > 0, -POISON, POISON).astype(np.float32)


def _moved(left: Array, right: Array, *, tolerance: float = TOLERANCE) -> npt.NDArray[np.bool_]:
    return ~np.isclose(left, right, rtol=tolerance, atol=tolerance, equal_nan=True)
