"""The clauses of a layer's contract, each of which refuses with what came and how to mend it."""

import inspect
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt

from stockseq.layers.backend import keras, tf
from stockseq.layers.slots import Readable, describe_error
from stockseq.models.layer_readings import read_layer
from stockseq.testing.layer_case import Array, LayerCase

# Scaled features are clipped to five spreads: a later session may hold no greater value.
POISON = 5.0
TOLERANCE = 1e-5
HALF_POLICIES = ("mixed_bfloat16", "mixed_float16")
LIBRARIES = ("keras", "tensorflow", "builtins")


def check_case(case: LayerCase) -> None:
    """Raise `PluginError` with the first clause that the layer breaks; all but the reload in another process.

    The order counts: what is not repeatable would seem to look ahead.
    """
    _check_config(case)
    _check_repeatable(case)
    _check_rows(case)
    _check_causal(case)
    _check_gradients(case)
    _check_precision(case)
    _check_compiled(case)


def _run(network: Any, windows: Array, *, training: bool = False) -> Array:
    made = network(tf.constant(windows), training=training)
    return np.asarray(keras.ops.convert_to_numpy(keras.ops.cast(made, "float32")))


def _check_config(case: LayerCase) -> None:
    lost = [name for name in _arguments(case.layer) if name not in case.config]
    if lost:
        case.refuse(
            f"loses its configuration: get_config gives no `{lost[0]}`, so a saved model would come back with another "
            "one; return every argument of __init__ from get_config"
        )
    try:
        layer, network = case.unit()
        again = layer.get_config()
    except Exception as error:  # a user's layer may raise anything
        case.refuse(
            "can't be made from its own configuration, so no saved model would load: take **kwargs in __init__, and "
            f"hand them to super().__init__. It says: {describe_error(error)}",
            error,
        )
    changed = [name for name in case.config if again.get(name) != case.config[name]]
    if changed:
        case.refuse(
            f"loses its configuration: `{changed[0]}` is {case.config[changed[0]]!r} before saving and "
            f"{again.get(changed[0])!r} after; store each argument unchanged under its name"
        )
    if isinstance(layer, Readable):
        read_layer(layer, tf.constant(case.windows()))
    made = _run(network, case.windows())
    if not np.isfinite(made).all():
        case.refuse("gives values that are no finite numbers on ordinary inputs; guard divisions, logarithms and roots")
    if str(network.output.dtype) != "float32":
        case.refuse(f"must give float32, as it is given, and gives {network.output.dtype}; cast to its compute_dtype")


def _arguments(layer: type[Any]) -> list[str]:
    """Return what the class asks for beyond what every Keras layer takes."""
    classes = [each for each in layer.__mro__ if each.__module__.partition(".")[0] not in LIBRARIES]
    makers = [vars(each)["__init__"] for each in classes if "__init__" in vars(each)]
    parameters = [parameter for maker in makers for parameter in inspect.signature(maker).parameters.values()]
    shared = inspect.signature(keras.layers.Layer.__init__).parameters
    return [
        each.name
        for each in parameters
        if each.kind in (each.POSITIONAL_OR_KEYWORD, each.KEYWORD_ONLY) and each.name not in shared
    ]


def _check_repeatable(case: LayerCase) -> None:
    windows = case.windows()
    _, network = case.unit()
    first = _run(network, windows)
    if _moved(_run(network, windows), first).any():
        case.refuse(
            "gives other values when it is called again with the same windows: a forecast could not be repeated. Draw "
            "at random in training only, and keep no state between calls"
        )
    _, other = case.unit()
    if _moved(_run(other, windows), first).any() or _moved(_run(network, windows), first).any():
        case.refuse(
            "differs from another layer of the same configuration and weights: something outside the two is shared and "
            "changed. Keep all state in the layer's own weights"
        )
    if _moved(_run(network, windows, training=True), _run(other, windows, training=True)).any():
        case.refuse(
            "draws in training from a source that no seed fixes, so no training could be repeated: draw by "
            "keras.random with a keras.random.SeedGenerator made in __init__"
        )


def _check_rows(case: LayerCase) -> None:
    windows = case.windows()
    poisoned = windows.copy()
    poisoned[1:] = _poison(windows[1:])
    networks = [case.unit()[1] for _ in range(2)]
    for training in (False, True):
        pairs = zip(networks, (windows, poisoned), strict=True)
        made = [_run(network, given, training=training)[0] for network, given in pairs]
        if _moved(*made).any():
            case.refuse(
                f"looks across its batch{' in training' if training else ''}: a window's output moves by "
                f"{np.abs(made[0] - made[1]).max():.2g} when the other windows change, and those are of other tickers "
                "and later dates. Take means and norms over the last axis, or over the steps so far, not over axis 0"
            )


def _check_causal(case: LayerCase) -> None:
    windows = case.windows()
    _, network = case.unit()
    reference = _run(network, windows)
    if case.slot == "after" or reference.ndim != 3 or case.shape[0] < 2:
        # One vector per window knows the whole window, which ends before what is forecast.
        return
    n_steps, n_outputs = case.shape[0], reference.shape[1]
    span = -(-n_steps // n_outputs)
    # All at once, which the clause before allows: row (step - 1) of the first axis is changed from `step` on.
    changed = np.arange(n_steps) >= np.arange(1, n_steps)[:, np.newaxis]
    poisoned = np.where(changed[:, np.newaxis, :, np.newaxis], _poison(windows), windows)
    made = _run(network, poisoned.reshape(-1, *case.shape)).reshape(n_steps - 1, *reference.shape)
    for step, given in enumerate(made, start=1):
        before = _moved(given, reference)[:, : step // span]
        if before.any():
            first = int(np.argwhere(before)[0, 1])
            case.refuse(
                f"isn't causal: output {first + 1} of {n_outputs} moves when the sessions from {step + 1} of "
                f"{n_steps} on change, so it tells a session of later ones. Pad by padding='causal', and use nothing "
                "of the steps behind"
            )


def _check_gradients(case: LayerCase) -> None:
    layer, network = case.unit()
    reached = [False] * len(layer.trainable_weights)
    for seed in range(3):
        if all(reached):
            return
        _, gradients = _differentiate(network, layer, tf.constant(case.windows(seed)))
        for number, gradient in enumerate(gradients):
            reached[number] |= gradient is not None and bool(np.any(keras.ops.convert_to_numpy(gradient)))
    for weight, alive in zip(layer.trainable_weights, reached, strict=True):
        if not alive:
            case.refuse(
                f"has a trainable weight that the gradient doesn't reach, `{weight.path}` of shape "
                f"{tuple(weight.shape)}: it would stay as random as it began. Use it in call, or make it "
                "trainable=False"
            )


def _differentiate(network: Any, layer: Any, windows: Any) -> tuple[Any, list[Any]]:
    """Return what the network makes of the windows, in float32, and the gradient of each weight."""
    with tf.GradientTape() as tape:
        made = keras.ops.cast(network(windows, training=False), "float32")
        # Weighted at random: the plain sum of what a softmax gives is the same whatever its weights.
        aim = np.random.default_rng(2).standard_normal(made.shape).astype(np.float32)
        total = tf.reduce_sum(made * aim)
    gradients = tape.gradient(total, [weight.value for weight in layer.trainable_weights])
    return made, [None if gradient is None else tf.convert_to_tensor(gradient) for gradient in gradients]


def _check_precision(case: LayerCase) -> None:
    before = keras.config.dtype_policy()
    for policy in HALF_POLICIES:
        keras.config.set_dtype_policy(policy)
        try:
            layer, network = replace(case, config={**case.config, "dtype": policy}).unit()
            made, gradients = _differentiate(network, layer, tf.constant(case.windows()))
        except Exception as error:
            case.refuse(
                f"doesn't run in half precision ({policy}): give constants the dtype of what comes in. It says: "
                f"{describe_error(error)}",
                error,
            )
        finally:
            keras.config.set_dtype_policy(before)
        if not all(np.isfinite(values).all() for values in (made, *gradients)):
            case.refuse(f"overflows in half precision ({policy}): cast to float32 where sums or powers grow")


def _check_compiled(case: LayerCase) -> None:
    layer, network = case.unit()
    windows = tf.constant(case.windows())

    def run(given: Any) -> Any:
        return _differentiate(network, layer, given)

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
