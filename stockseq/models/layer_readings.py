"""What the layers of a model learnt that a person can read: half-lives, weights of features, attention."""

from typing import Any

import numpy as np
import numpy.typing as npt

from stockseq.dataset.panel import Panel
from stockseq.errors import PluginError
from stockseq.layers.backend import keras, tf
from stockseq.layers.slots import Readable, Readings
from stockseq.models.matrix import Tensors, check_windows
from stockseq.models.model import Model
from stockseq.models.placing import named_layers
from stockseq.ranges import spread_evenly

# The mean over so many windows is known well enough, and their attention fits in memory.
MOST_WINDOWS = 2048


def read_layers(model: Model, panel: Panel, ends: npt.NDArray[np.int64]) -> list[dict[str, Readings]]:
    """Return what each network's layers learnt, as `metrics.json` takes it.

    Parameters
    ----------
    model : Model
    panel : Panel
        With the model's features.
    ends : int64 array of shape (n,)
        Rows on which windows end, over which weights that depend on the window are averaged: the training windows to
        see what was learnt, test windows to see how it is used. Of more than 2,048, so many spread evenly.

    Returns
    -------
    list of dict, one per seed
        Readings by the name of the layer's class; empty where no layer in a slot has any.

    Raises
    ------
    PluginError
        If a layer's readings are no finite numbers.
    ValueError
        If there is no window, or one leaves its ticker.
    """
    if not named_layers(model.network):
        return [{} for _ in model.networks]
    if not len(ends):
        raise ValueError("`ends` must name at least one window to read the layers on, received none.")
    check_windows(panel.keys, ends, model.network.lookback)
    ends = ends[spread_evenly(len(ends), MOST_WINDOWS)]
    matrix, ends = model.read(panel, ends)
    inputs = matrix.reader()(tf.constant(ends))
    return [read_network(network, inputs) for network in model.networks]


def read_network(network: Any, inputs: Tensors) -> dict[str, Readings]:
    """Return the readings of one network's layers and cells on its inputs, by the name of each one's class.

    The second of one class, counted from the input, is "Name 2", and so on.
    """
    found: dict[str, Readings] = {}
    for layer in network.layers:
        readable = getattr(layer, "cell", layer)
        if isinstance(readable, Readable):
            seen = keras.Model(network.input, layer.input)(inputs, training=False)
            name = type(readable).__name__
            n_before = sum(other.partition(" ")[0] == name for other in found)
            found[f"{name} {n_before + 1}" if n_before else name] = read_layer(readable, seen)
    return found


def read_layer(layer: Readable, inputs: Any) -> Readings:
    """Return what a layer or cell reads on its inputs; raise `PluginError` if that fails or is no finite number."""
    name = type(layer).__name__
    try:
        readings = dict(layer.readings(inputs))
    except Exception as error:  # a user's layer may raise anything
        raise PluginError(f"The layer {name} fails in `readings`: {type(error).__name__}: {error}") from error
    for key, value in readings.items():
        numbers = value if isinstance(value, list) else [value]
        if not all(isinstance(number, float) and np.isfinite(number) for number in numbers):
            raise PluginError(
                f"The layer {name} must read finite numbers or lists of them, received {value!r} for `{key}`."
            )
    return readings
