"""A layer taken out of the network that was built around it, to be held to the contract alone."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from stockseq.errors import PluginError
from stockseq.layers.backend import keras
from stockseq.layers.slots import find_layer, layer_names, seeded
from stockseq.models.settings import NetworkSettings
from stockseq.plugins import SLOTS, Slot

N_WINDOWS = 6

Array = npt.NDArray[np.float32]


@dataclass(frozen=True)
class LayerCase:
    """A layer as the network built it.

    Parameters
    ----------
    slot, layer : the place, and the class
    config : dict
        Of `get_config`.
    shape : tuple of int
        Of what it reads of one window: (steps, features), or (features,) after the LSTM.
    weights : list of float32 array
        Moved off their first values: one that begins at 0 would hide what it lets through.
    """

    slot: Slot
    layer: type[Any]
    config: dict[str, Any]
    shape: tuple[int, ...]
    weights: list[Array]

    def windows(self, seed: int = 0) -> Array:
        """Return windows of ordinary scaled inputs, of shape (6, *shape)."""
        return np.random.default_rng(seed).standard_normal((N_WINDOWS, *self.shape)).astype(np.float32)

    def unit(self) -> tuple[Any, Any]:
        """Return a new layer of this configuration and these weights, and the network that consists of it alone."""
        with seeded(0):
            layer = self.layer.from_config(self.config)
            inputs = keras.Input(self.shape)
            outer = keras.layers.RNN(layer, return_sequences=True) if self.slot == "within" else layer
            network = keras.Model(inputs, outer(inputs))
        layer.set_weights(self.weights)
        return layer, network

    def refuse(self, sentence: str, cause: Exception | None = None) -> None:
        """Raise `PluginError` with what the layer does wrong."""
        raise PluginError(
            f"The layer {self.slot} the LSTM, `{self.layer.__name__}`, {sentence.rstrip('.')}."
        ) from cause


def find_cases(network: Any, settings: NetworkSettings) -> list[LayerCase]:
    """Return the layers in the slots of the network that was built of these settings."""
    classes = {slot: {find_layer(slot, name) for name in layer_names(getattr(settings, slot))} for slot in SLOTS}
    cases = []
    for placed in network.layers:
        layer = getattr(placed, "cell", placed)
        slots = [slot for slot in SLOTS if type(layer) in classes[slot]]
        if slots:
            # Of a class in two slots, what reads a series is held to more.
            slot = slots[0] if len(placed.input.shape) == 3 else slots[-1]
            shape = tuple(placed.input.shape[1:])
            cases.append(LayerCase(slot, type(layer), layer.get_config(), shape, _moved_weights(layer)))
    return cases


def _moved_weights(layer: Any) -> list[Array]:
    moves = np.random.default_rng(1)
    return [weight + 0.1 * moves.standard_normal(weight.shape).astype(weight.dtype) for weight in layer.get_weights()]
