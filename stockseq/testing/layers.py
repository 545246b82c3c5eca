"""The contract of a layer: causal, alone with its window, repeatable, trainable, and loaded without help."""

import inspect
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cache
from typing import Any

from stockseq.errors import PluginError, StockseqError
from stockseq.layers.backend import any_kernel
from stockseq.layers.slots import describe_error, find_layer, is_shipped
from stockseq.models.network import check_network
from stockseq.models.placing import named_layers, user_layers
from stockseq.models.settings import NetworkSettings
from stockseq.plugins import SLOTS, Slot
from stockseq.progress import SILENT, Progress
from stockseq.testing.layer_bundle import SampleSettings, build_sample, check_reloads, importable_name, sample_settings
from stockseq.testing.layer_case import find_cases
from stockseq.testing.layer_clauses import check_case

# Nobody asks where two seconds went.
SILENT_SECONDS = 2.0


@any_kernel()
def check_layer(
    slot: Slot, layer: type[Any], options: Mapping[str, object] | None = None, *, fresh_process: bool = True
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
    if slot not in SLOTS:
        raise ValueError(f"`slot` must be one of {', '.join(SLOTS)}, received {slot!r}.")
    if not inspect.isclass(layer):
        raise TypeError(f"`layer` must be the class of a Keras layer, received {layer!r}.")
    name = importable_name(slot, layer)
    with _one_sentence(f"The layer {slot} the LSTM, `{layer.__name__}`, can't be checked"):
        settings = sample_settings(slot, name, dict(options or {}), layer)
        for case in find_cases(build_sample(settings), settings.network):
            check_case(case)
        if fresh_process:
            check_reloads({name: settings})


@any_kernel()
def check_user_layers(settings: NetworkSettings, *, names: Sequence[str]) -> None:
    """Raise `PluginError` unless the layers that are not shipped keep the contract as they stand in this very network.

    Parameters
    ----------
    settings : NetworkSettings
        Its lookback, units and the layers beside are what each layer is held to the contract with.
    names : sequence of str
        Of the indicators.

    Raises
    ------
    PluginError
        As `check_layer` raises it, or if the layers don't compose.

    Examples
    --------
    >>> settings = NetworkSettings(after="keras.layers:BatchNormalization", lookback=2)
    >>> check_user_layers(settings, names=["momentum"])
    Traceback (most recent call last):
    stockseq.errors.PluginError: The layer after the LSTM, `BatchNormalization`, looks across its batch in training: a
    window's output moves by 1.3 when the other windows change, and those are of other tickers and later dates. Take
    means and norms over the last axis, or over the steps so far, not over axis 0.
    """
    sample = SampleSettings(settings, tuple(names))
    layers = user_layers(settings)
    with _one_sentence(f"The layers {', '.join(layers)} can't be checked"):
        for case in find_cases(build_sample(sample), settings):
            if not is_shipped(case.layer):
                check_case(case)
        if layers:
            check_reloads({", ".join(layers): sample})


@contextmanager
def _one_sentence(what: str) -> Iterator[None]:
    """Turn whatever a user's layer raises into one `PluginError`, in whichever clause it comes."""
    try:
        yield
    except StockseqError:
        raise
    except Exception as error:  # a user's layer may raise anything
        said = describe_error(error).rstrip(".")
        raise PluginError(
            f"{what}: it raises {type(error).__name__}: {said}. Run it on a batch of windows by itself to find out "
            "where."
        ) from error


def find_network_layers(network: NetworkSettings) -> None:
    """Raise `PluginError` unless every layer that the settings name can be imported."""
    for slot, name in named_layers(network):
        find_layer(slot, name)


@any_kernel()
def check_network_layers(network: NetworkSettings, *, names: Sequence[str], progress: Progress = SILENT) -> None:
    """Hold a network's layers to what can be known before it is trained; without layers there is nothing to do.

    The network is built once, so that layers which don't compose, a lookback too short for a kernel and refused
    options are told at once. A user's own layers are held to the contract as they stand in it, which takes five seconds
    and more, most of them for the process that loads a saved model; the same network again takes none.

    Parameters
    ----------
    network : NetworkSettings
    names : sequence of str
        Of the indicators.
    progress : Progress, optional

    Raises
    ------
    PluginError
        With the first layer that doesn't fit or breaks the contract.
    SettingsError
        If the LSTM is to read the text and there is none.
    """
    if not named_layers(network):
        return
    layers = ", ".join(f"`{name}`" for name in user_layers(network))
    started = time.perf_counter()
    if layers:
        progress.step(f"Holding {layers} to the contract of layers", 0, None)
    try:
        _check_once(network.model_dump_json(), tuple(names))
    finally:
        if layers:
            progress.step(f"Holding {layers} to the contract of layers", 1, 1)
    seconds = time.perf_counter() - started
    if layers and seconds > SILENT_SECONDS:
        progress.say(f"The contract of layers is kept by {layers}; checking took {seconds:.0f} s.")


@cache
def _check_once(network_json: str, names: tuple[str, ...]) -> None:
    network = NetworkSettings.model_validate_json(network_json)
    if user_layers(network):
        check_user_layers(network, names=names)
    else:
        check_network(network, names=names)
