"""The three places of the network that take a layer of the user's: before, within and after the LSTM.

What a layer may ask for, by the names in its class:

* an argument `seed` of its `__init__` is given one;
* an argument `side` lists features, by name, that it reads beside its main input ("text" is the text vector): it
  comes with a default, and the network appends these columns to the layer's input, last and in this order; after the
  LSTM they are those of the last session. `side_centre` and `side_spread`, if it takes them, say how they were scaled;
* a cell that takes `kernel_initializer` and `recurrent_initializer` is given the first weights of the plain LSTM;
* an argument `names` is told the names of the columns of its main input;
* a class attribute `reads_states = True` of a layer after gets it every state of the LSTM instead of the last one;
* a method `start_from(inputs)` is called once before training with its inputs on training windows;
* a method `readings(inputs)` returns what it learnt that a person can read: numbers and lists of numbers by name.
"""

import importlib
import inspect
import random
import re
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from threading import RLock
from typing import Any, Protocol, runtime_checkable

from stockseq.errors import PluginError, nearest
from stockseq.layers.backend import keras
from stockseq.plugins import SLOTS, Options, Slot, load_plugin, plugin_names, plugin_values
from stockseq.printable import visible

Readings = dict[str, float | list[float]]
_generator = RLock()


@runtime_checkable
class Readable(Protocol):
    """A layer that learns something a person can read, such as half-lives or weights of features."""

    def readings(self, inputs: Any) -> Readings:
        """Return finite numbers, or lists of them, by name.

        Parameters
        ----------
        inputs : tensor of shape (n_windows, ...)
            The layer's inputs on some windows; for a cell, those of all steps: (n_windows, steps, features).
        """
        ...


@runtime_checkable
class Startable(Protocol):
    """A layer whose first weights come from data."""

    def start_from(self, inputs: Any) -> None:
        """Set the first weights by the layer's inputs, of shape (n_windows, ...), on training windows."""
        ...


def layer_names(setting: str | None) -> tuple[str, ...]:
    """Return the layers that the setting of a slot names, in the order in which they are passed.

    Examples
    --------
    >>> layer_names("causal_normalisation + temporal_convolution")
    ('causal_normalisation', 'temporal_convolution')
    """
    return () if setting is None else tuple(name.strip() for name in setting.split("+"))


def is_shipped(layer: type[Any]) -> bool:
    """Return whether a layer is one of stockseq's own.

    Examples
    --------
    >>> is_shipped(find_layer("after", "projection")), is_shipped(find_layer("after", "keras.layers:Dense"))
    (True, False)
    """
    return layer.__module__.partition(".")[0] == __name__.partition(".")[0]


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
        If there is none (with the nearest one, or the slot that has it), it can't be imported, or it isn't a Keras
        layer that can be saved.

    Examples
    --------
    >>> find_layer("after", "keras.layers:Dense").__name__
    'Dense'
    >>> find_layer("after", "keras.layers:Dens")
    Traceback (most recent call last):
    stockseq.errors.PluginError: The layer after the LSTM, `keras.layers:Dens`, can't be imported: keras.layers has no
    layer `Dens`; did you mean `Dense`?
    """
    found = _import_layer(slot, name) if ":" in name else _load_layer(slot, name)
    if not _is_layer(found):
        raise PluginError(f"The layer {slot} the LSTM, `{name}`, must be a Keras layer class, received {found!r}.")
    is_keras = found.__module__.partition(".")[0] == "keras"
    if not is_keras and keras.saving.get_registered_name(found) == found.__name__:
        raise PluginError(
            f"The layer {slot} the LSTM, `{name}`, must be registered, or no bundle could load it: decorate the class "
            "with @keras.saving.register_keras_serializable(package=...)."
        )
    return found


def require_installed(slot: Slot, name: str) -> None:
    """Raise `PluginError` unless `name` is of Keras or offered in the slot by an installed package; import nothing.

    Whoever names a layer in a model bundle chooses from what the user installed, and brings no code of his own.

    Examples
    --------
    >>> require_installed("after", "projection")
    >>> require_installed("after", "keras.layers:Dense")
    >>> require_installed("after", "data.models.evil:Layer")
    Traceback (most recent call last):
    stockseq.errors.PluginError: `data.models.evil:Layer` after the LSTM is no entry point of an installed package, and
    was not imported: a bundle alone is no reason to run code. If the layer is your own, name it in your settings, as
    in [network] after = ..., or offer it as an entry point (docs/plugins.md).
    """
    group = f"stockseq.layers.{slot}"
    if ":" not in name and name.isprintable() and len(name) <= 100:
        if name not in plugin_names(group):
            _load_layer(slot, name)
        return
    module, _, attribute = name.partition(":")
    if name in plugin_values(group) or (module == "keras.layers" and attribute.isidentifier()):
        return
    raise PluginError(
        f"`{visible(name[:100])}` {slot} the LSTM is no entry point of an installed package, and was not imported: a "
        "bundle alone is no reason to run code. If the layer is your own, name it in your settings, as in [network] "
        f"{slot} = ..., or offer it as an entry point (docs/plugins.md)."
    )


def _load_layer(slot: Slot, name: str) -> Any:
    """Return what is offered in the slot under `name`."""
    offered = {other: plugin_names(f"stockseq.layers.{other}") for other in SLOTS}
    elsewhere = [other for other in SLOTS if name in offered[other]]
    if elsewhere and slot not in elsewhere:
        raise PluginError(
            f"The layer `{name}` is one {elsewhere[0]} the LSTM, not {slot} it; name it as `{elsewhere[0]}`."
        )
    return load_plugin(f"stockseq.layers.{slot}", name)


def _import_layer(slot: Slot, name: str) -> Any:
    """Return what stands in a module, named as `package.module:Layer`."""
    where = f"The layer {slot} the LSTM, `{name}`, can't be imported"
    module_name, _, attribute = name.partition(":")
    try:
        module = importlib.import_module(module_name)
    except Exception as error:  # a user's module may raise anything
        raise PluginError(f"{where}: {type(error).__name__}: {error}.") from error
    if hasattr(module, attribute):
        return getattr(module, attribute)
    layers = [key for key, value in vars(module).items() if _is_layer(value)]
    hint = nearest(attribute, layers, f"it has: {', '.join(sorted(layers)[:9]) or 'none'}.")
    raise PluginError(f"{where}: {module_name} has no layer `{attribute}`; {hint}")


def _is_layer(found: Any) -> bool:
    return inspect.isclass(found) and issubclass(found, keras.layers.Layer)


def make_layer(slot: Slot, name: str, options: Options, *, seed: int, offered: Options | None = None) -> Any:
    """Return the slot's layer, built with `options`; one that takes a `seed` is given this one.

    Parameters
    ----------
    slot, name : as for `find_layer`
    options : mapping
    seed : int
    offered : mapping, optional
        Further arguments, each given to a layer whose `__init__` takes it.

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
    given = {"seed": seed, **(offered or {})}
    arguments = {key: value for key, value in given.items() if key in _accepted(layer)} | dict(options)
    try:
        return layer(**arguments)
    except Exception as error:  # a user's layer may raise anything
        unknown = [option for option in options if option not in _option_names(layer)]
        reason = _unknown_option(unknown[0], layer) if unknown else describe_error(error)
        raise PluginError(
            f"The layer {slot} the LSTM, `{name}`, refuses its options {dict(options)}: {reason}"
        ) from error


def require_dimension(dimension: int) -> int:
    """Return the width that a layer of ours is to have; raise `ValueError` unless it is a whole number from 1 on.

    Examples
    --------
    >>> require_dimension(8)
    8
    """
    if isinstance(dimension, bool) or not isinstance(dimension, int) or dimension < 1:
        raise ValueError(f"`dimension` must be a whole number from 1 on, received {dimension!r}.")
    return dimension


def describe_error(error: Exception) -> str:
    """Return what an error of Keras says, without the frame that Keras puts around it."""
    text = re.sub(r"\x1b\[\d+m", "", str(error))
    text = text.partition("Arguments received by")[0]
    parts = [part.strip() for part in re.split(r"\n\s*\n|Error encountered:", text) if part.strip()]
    relevant = [
        part for part in parts if not part.startswith(("Exception encountered", "Could not automatically infer"))
    ]
    return " ".join(" ".join(relevant or parts).split())


@contextmanager
def seeded(seed: int) -> Iterator[None]:
    """Let Keras draw the seeds that a layer leaves open from `seed`, and put Python's own generator back after.

    Keras takes them from the global `random`; a user's layer that names no seed would differ from run to run. There is
    one such generator, so networks are built one at a time.
    """
    with _generator:
        state = random.getstate()
        random.seed(seed)
        try:
            yield
        finally:
            random.setstate(state)


def _accepted(layer: type[Any]) -> Collection[str]:
    """Return the arguments that the class takes: its own, and where it hands the rest upwards those it inherits."""
    accepted = inspect.signature(layer.__init__).parameters
    upwards = any(parameter.kind is parameter.VAR_KEYWORD for parameter in accepted.values())
    return {*accepted, *(_option_names(layer) if upwards else [])}


def _option_names(layer: type[Any]) -> list[str]:
    """Return the arguments of the class and of what it inherits from: Keras layers hand the rest upwards."""
    makers = [vars(ancestor)["__init__"] for ancestor in layer.__mro__ if "__init__" in vars(ancestor)]
    return [name for maker in makers if inspect.isfunction(maker) for name in inspect.signature(maker).parameters]


def _unknown_option(option: str, layer: type[Any]) -> str:
    names = [name for name in inspect.signature(layer.__init__).parameters if name not in ("self", "args", "kwargs")]
    hint = nearest(option, _option_names(layer), f"it knows: {', '.join(names) or 'nothing'}.")
    return f"it knows no `{option}`; {hint}"
