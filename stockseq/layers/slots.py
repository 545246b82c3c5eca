"""The three places of the network that take a layer of the user's: before, within and after the LSTM."""

import importlib
import inspect
import random
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Literal

from stockseq.errors import PluginError
from stockseq.layers.backend import keras
from stockseq.plugins import load_plugin

Slot = Literal["before", "within", "after"]


def find_layer(slot: Slot, name: str) -> type[Any]:
    """Import the layer class that `name` stands for.

    Parameters
    ----------
    slot : "before", "within" or "after"
    name : str
        An entry point of `stockseq.layers.<slot>`, or `package.module:Layer`.

    Raises
    ------
    PluginError
        If there is none, it can't be imported, or it isn't a Keras layer that can be saved.

    Examples
    --------
    >>> find_layer("after", "keras.layers:Dense").__name__
    'Dense'
    """
    module_name, colon, attribute = name.partition(":")
    if not colon:
        found = load_plugin(f"stockseq.layers.{slot}", name)
    else:
        try:
            found = getattr(importlib.import_module(module_name), attribute)
        except (ImportError, AttributeError, ValueError) as error:
            raise PluginError(f"The layer {slot} the LSTM, `{name}`, can't be imported: {error}.") from error
    if not (inspect.isclass(found) and issubclass(found, keras.layers.Layer)):
        raise PluginError(f"The layer {slot} the LSTM, `{name}`, must be a Keras layer class, received {found!r}.")
    own = found.__module__.partition(".")[0] == "keras"
    if not own and keras.saving.get_registered_name(found) == found.__name__:
        raise PluginError(
            f"The layer {slot} the LSTM, `{name}`, must be registered, or no bundle could load it: decorate the class "
            "with @keras.saving.register_keras_serializable(package=...)."
        )
    return found


def make_layer(slot: Slot, name: str, options: Mapping[str, Any], *, seed: int) -> Any:
    """Return the slot's layer, built with `options`; one that takes a `seed` is given this one.

    Raises
    ------
    PluginError
        If the layer refuses its options, or there is no such layer; see `find_layer`.

    Examples
    --------
    >>> make_layer("after", "keras.layers:Dense", {"units": 3}, seed=1).units
    3
    """
    layer = find_layer(slot, name)
    arguments = dict(options)
    if "seed" in inspect.signature(layer.__init__).parameters:
        arguments.setdefault("seed", seed)
    try:
        return layer(**arguments)
    except (TypeError, ValueError) as error:
        raise PluginError(f"The layer {slot} the LSTM, `{name}`, refuses its options {arguments}: {error}") from error


@contextmanager
def seeded(seed: int) -> Iterator[None]:
    """Let Keras draw the seeds that a layer leaves open from `seed`, and put Python's own generator back after.

    Keras takes them from the global `random`; a user's layer that names no seed would differ from run to run.
    """
    state = random.getstate()
    random.seed(seed)
    try:
        yield
    finally:
        random.setstate(state)
