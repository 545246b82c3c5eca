"""The layers that the settings name: found before a fetch, and a user's own held to the contract before a fit."""

import time
from collections.abc import Sequence
from functools import cache

from rich.markup import escape
from rich.progress import SpinnerColumn, TextColumn, TimeElapsedColumn

from pipelines.context import console, show_progress
from stockseq.features.indicators import DEFAULT_FEATURES
from stockseq.features.sentiment import SENTIMENT_COLUMNS
from stockseq.layers.slots import find_layer
from stockseq.models.network import check_network
from stockseq.models.placing import named_layers
from stockseq.models.settings import NetworkSettings
from stockseq.testing.layers import check_own_layers, own_layers

FEATURE_NAMES = (*(feature.name for feature in DEFAULT_FEATURES), *SENTIMENT_COLUMNS)
# Nobody asks where two seconds went.
UNTOLD_SECONDS = 2.0


def find_layers(network: NetworkSettings) -> None:
    """Raise `PluginError` unless every layer that the settings name can be imported."""
    for slot, name in named_layers(network):
        find_layer(slot, name)


def check_layers(network: NetworkSettings, *, names: Sequence[str] = FEATURE_NAMES) -> None:
    """Hold a network's layers to what can be known before it is trained; without layers there is nothing to do.

    The network is built once, so that layers which don't compose, a lookback too short for a kernel and refused
    options are told at once. A user's own layers are held to the contract as they stand in it, which takes five seconds
    and more, most of them for the process that loads a saved model; the same network again takes none.

    Parameters
    ----------
    network : NetworkSettings
    names : sequence of str
        Of the indicators; by default those without plug-in features.

    Raises
    ------
    PluginError
        With the first layer that doesn't fit or breaks the contract.
    SettingsError
        If the LSTM is to read the text and there is none.
    """
    if not named_layers(network):
        return
    _check_network(network.model_dump_json(), tuple(names))


@cache
def _check_network(network_json: str, names: tuple[str, ...]) -> None:
    network = NetworkSettings.model_validate_json(network_json)
    own = ", ".join(f"`{name}`" for name in own_layers(network))
    if not own:
        check_network(network, names=names)
        return
    started = time.perf_counter()
    with show_progress(SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn()) as progress:
        progress.add_task(f"Holding {escape(own)} to the contract of layers")
        check_own_layers(network, names=names)
    seconds = time.perf_counter() - started
    if seconds > UNTOLD_SECONDS:
        console.print(f"The contract of layers is kept by {escape(own)}; checking took {seconds:.0f} s.")
