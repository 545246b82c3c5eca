"""The layers of a slot put into a network: their options, what they read beside their input, and what they may give."""

import inspect
from collections.abc import Sequence
from itertools import count
from typing import Any

from stockseq.errors import PluginError
from stockseq.layers.backend import keras
from stockseq.layers.side import Sessions
from stockseq.layers.slots import describe_error, find_layer, is_shipped, layer_names, make_layer
from stockseq.models.settings import NetworkSettings
from stockseq.plugins import SLOTS, Options, Slot

FLOATS = ("float16", "float32", "float64")


def named_layers(settings: NetworkSettings) -> list[tuple[Slot, str]]:
    """Return the layers that the settings name, with their slots, in the order in which they are passed.

    Examples
    --------
    >>> named_layers(NetworkSettings(after="projection + keras.layers:Dense"))
    [('after', 'projection'), ('after', 'keras.layers:Dense')]
    """
    return [(slot, name) for slot in SLOTS for name in layer_names(getattr(settings, slot))]


def user_layers(settings: NetworkSettings) -> list[str]:
    """Return the names of the settings' layers that are not shipped with stockseq, Keras' among them.

    Raises
    ------
    PluginError
        If a layer can't be found; see `find_layer`.

    Examples
    --------
    >>> user_layers(NetworkSettings(before="causal_normalisation", after="keras.layers:Dense"))
    ['keras.layers:Dense']
    """
    return [name for slot, name in named_layers(settings) if not is_shipped(find_layer(slot, name))]


def place_layers(
    slot: Slot, settings: NetworkSettings, values: Any, known: Sessions, seeds: count, *, columns: Sequence[str] = ()
) -> list[Any]:
    """Pass `values` through the slot's layers, one after the other.

    Parameters
    ----------
    slot : "before" or "after"
    settings : NetworkSettings
    values : tensor
    known : Sessions
    seeds : iterator of int
    columns : sequence of str, optional
        The names of the last axis of `values`, told to the first layer.

    Returns
    -------
    list of tensor
        `values`, then what each layer makes of what the one in front of it gave.

    Raises
    ------
    PluginError
        If a layer can't be found or made, doesn't fit its slot, or doesn't follow the one in front of it.

    Examples
    --------
    >>> sessions = keras.Input((5, 2))
    >>> settings = NetworkSettings(before="keras.layers:Dense", before_options={"units": 3})
    >>> [made.shape for made in place_layers("before", settings, sessions, Sessions(sessions), count())]
    [(None, 5, 2), (None, 5, 3)]
    """
    passed, last = [values], ""
    for name, options in layers_with_options(slot, settings):
        if last:
            _check_follows(slot, name, last, passed[-1], getattr(settings, slot))
        passed.append(_place(slot, name, options, passed[-1], known, seeds, columns=() if last else columns))
        last = name
    return passed


def make_in_slot(
    slot: Slot,
    name: str,
    options: Options,
    values: Any,
    known: Sessions,
    seeds: count,
    *,
    columns: Sequence[str] = (),
    offered: Options | None = None,
) -> tuple[Any, Any]:
    """Return the slot's layer and what it reads: `values`, and behind them the features that it names as `side`.

    Parameters
    ----------
    slot, name, options : as for `make_layer`
    values, known, seeds, columns : as for `place_layers`
    offered : mapping, optional
        Further arguments for a layer that takes them.

    Raises
    ------
    PluginError
        If the layer can't be found or made, or what it names can't be had.
    """
    parameter = inspect.signature(find_layer(slot, name).__init__).parameters.get("side")
    arguments: Options = {"names": columns, **(offered or {})}
    side: tuple[str, ...] = ()
    if parameter is not None:
        asked = options.get("side", parameter.default)
        try:
            side = known.expand(asked)
        except PluginError as error:
            raise PluginError(f"The layer {slot} the LSTM, `{name}`, can't have its `side`: {error}") from error
        centre, spread = known.scales(side)
        arguments |= {"side_centre": centre, "side_spread": spread}
        options = {**options, "side": side}
    layer = make_layer(slot, name, options, seed=next(seeds), offered=arguments)
    if not side:
        return layer, values
    beside = known.pick(side)
    if len(values.shape) == 2:
        last = keras.layers.Cropping1D((beside.shape[1] - 1, 0))(beside)
        beside = keras.layers.Flatten()(last)
    elif values.shape[1] != beside.shape[1]:
        raise PluginError(
            f"The layer {slot} the LSTM, `{name}`, reads {', '.join(side)} of each of {beside.shape[1]} sessions, and "
            f"what comes to it has {values.shape[1]} steps; choose a layer without `side`, or none that changes the "
            "number of steps."
        )
    return layer, keras.layers.Concatenate()([values, beside])


def layers_with_options(slot: Slot, settings: NetworkSettings) -> list[tuple[str, Options]]:
    """Return the slot's layers with the options of each: those under its name where there are several.

    Raises
    ------
    PluginError
        If there are several, and an option is given by none of their names.

    Examples
    --------
    >>> layers_with_options("after", NetworkSettings(after="projection", after_options={"dimension": 4}))
    [('projection', {'dimension': 4})]
    """
    names, options = layer_names(getattr(settings, slot)), getattr(settings, f"{slot}_options")
    if len(names) < 2:
        return [(name, options) for name in names]
    foreign = [key for key, value in options.items() if key not in names or not isinstance(value, dict)]
    if foreign:
        raise PluginError(
            f"The options of the layers {slot} the LSTM must be given by layer, as {slot}_options.{names[0]}, received "
            f"`{foreign[0]}`; the layers are {', '.join(names)}."
        )
    return [(name, options.get(name, {})) for name in names]


def _check_follows(slot: Slot, name: str, last: str, values: Any, named: str) -> None:
    if slot == "before" and len(values.shape) == 2:
        raise PluginError(
            f"The layer before the LSTM, `{name}`, can't follow `{last}`, which gives one vector per window; name "
            f"`{last}` last, or let it give a series."
        )
    if slot == "after" and getattr(find_layer(slot, name), "reads_states", False):
        raise PluginError(
            f"The layer after the LSTM, `{name}`, reads every state of the LSTM, so it must be named first, received "
            f"{named!r}."
        )


def _place(
    slot: Slot,
    name: str,
    options: Options,
    values: Any,
    known: Sessions,
    seeds: count,
    *,
    columns: Sequence[str],
) -> Any:
    """Return what the slot's layer makes of `values`; it must keep the batch and give floats of a known width."""
    layer, read = make_in_slot(slot, name, options, values, known, seeds, columns=columns)
    allowed = (2, 3) if slot == "before" else (2,)
    try:
        made = layer(read)
    except Exception as error:  # a user's layer may raise anything
        under = f" under its options {options}" if options else ""
        raise PluginError(
            f"The layer {slot} the LSTM, `{name}`, refuses the shape {tuple(read.shape)}{under}: "
            f"{describe_error(error)}"
        ) from error
    where = f"The layer {slot} the LSTM, `{name}`,"
    if isinstance(made, list | tuple | dict):
        raise PluginError(
            f"{where} must return one tensor from `call`, received {len(made)} of them in a {type(made).__name__}; "
            "return the one that the network is to read."
        )
    if not hasattr(made, "shape"):
        raise PluginError(f"{where} must return a tensor from `call`, received {made!r}; is there a `return`?")
    if not str(made.dtype).endswith(FLOATS):
        raise PluginError(f"{where} must return floats, received {made.dtype}; cast them to its compute_dtype.")
    if _mask_of(made) is not None and _mask_of(read) is None:
        raise PluginError(
            f"{where} computes a mask, and a window has no session to skip: on a GPU an LSTM refuses a mask that isn't "
            "at the end. Leave out compute_mask, and let the layer give 0 where it has nothing to say."
        )
    if len(made.shape) not in allowed or made.shape[-1] is None:
        series = "(batch, steps, n) for the LSTM to read, or " if slot == "before" else ""
        raise PluginError(
            f"The layer {slot} the LSTM, `{name}`, must return {' or '.join(f'{n} dimensions' for n in allowed)} with "
            f"a known last one, received the shape {made.shape}; return {series}(batch, n)."
        )
    if made.shape[0] is not None:
        raise PluginError(
            f"{where} must keep the batch, its first dimension, received the shape {made.shape}; use no operation over "
            "axis 0."
        )
    return made


def _mask_of(values: Any) -> Any:
    """Return the mask that Keras hands on beside a tensor, or None."""
    return getattr(values, "_keras_mask", None)
