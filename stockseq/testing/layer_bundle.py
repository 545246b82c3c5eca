"""A small model around a layer, saved and loaded where nothing has been imported by hand."""

import inspect
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from stockseq.dataset.scaling import Scaler
from stockseq.dataset.vocabulary import Vocabulary
from stockseq.errors import PluginError
from stockseq.layers.side import TEXT
from stockseq.layers.slots import find_layer
from stockseq.models.bundle import save_bundle
from stockseq.models.model import Model
from stockseq.models.network import check_network, input_names, reads_text
from stockseq.models.placing import named_layers
from stockseq.models.settings import NetworkSettings, TrainingSettings
from stockseq.plugins import Slot

# Long enough for kernels and pools, wide enough for a projection to sixteen dimensions.
LOOKBACK = 8
UNITS = 24
N_FEATURES = 4
VOCABULARY = Vocabulary(("profit", "rises", "falls"))
TOLERANCE = 1e-5

Outputs = npt.NDArray[np.float32]

LOAD = """
import json
import sys
from pathlib import Path
import numpy as np
import numpy.typing as npt
from stockseq.models.bundle import load_bundle
from stockseq.errors import StockseqError
for folder in map(Path, sys.argv[1:]):
    try:
        own_layers = json.loads((folder / "layers.json").read_text(encoding="utf-8"))
        network = load_bundle(folder / "model", own_layers=own_layers).networks[0]
    except StockseqError as error:
        (folder / "refused.txt").write_text(str(error), encoding="utf-8")
        continue
    given = dict(np.load(folder / "inputs.npz"))
    np.savez(folder / "loaded.npz", **{name: np.asarray(made) for name, made in network(given, training=False).items()})
"""


@dataclass(frozen=True)
class SampleSettings:
    """A small network with a layer in a slot, and the names of the features that it reads."""

    network: NetworkSettings
    names: tuple[str, ...]


def importable_name(slot: Slot, layer: type[Any]) -> str:
    """Return the name by which a bundle finds the class; raise `PluginError` if none would."""
    if layer.__module__ == "__main__" or "<locals>" in layer.__qualname__:
        raise PluginError(
            f"The layer {slot} the LSTM, `{layer.__qualname__}`, must stand in a module of its own at the top level, "
            f"or no other process could load it; it stands in {layer.__module__}."
        )
    name = f"{layer.__module__}:{layer.__qualname__}"
    find_layer(slot, name)
    return name


def sample_settings(slot: Slot, name: str, options: Mapping[str, Any], layer: type[Any]) -> SampleSettings:
    """Return settings under which the layer has every feature that it asks for by name."""
    parameter = inspect.signature(layer.__init__).parameters.get("side")
    side = options.get("side", parameter.default) if parameter is not None else ()
    named = [column for column in side if column != TEXT]
    names = (*(f"feature_{number}" for number in range(1, N_FEATURES + 1)), *named)
    network = NetworkSettings(
        cross_section=False,
        lookback=LOOKBACK,
        units=UNITS,
        headlines_per_session=1,
        tokens_per_headline=3,
        embedding_dimension=2,
        indicator_dimension=0,
        **{slot: name, f"{slot}_options": options},
    )
    return SampleSettings(network, names)


def build_sample(settings: SampleSettings) -> Any:
    """Return the network of the settings, untrained."""
    return check_network(settings.network, names=settings.names, vocabulary_size=len(VOCABULARY))


def find_unloadable(layers: Mapping[str, SampleSettings]) -> dict[str, str]:
    """Return what is wrong with each layer whose saved model doesn't give the same forecasts in a fresh process.

    Parameters
    ----------
    layers : mapping of what the layer is called to its settings
        One process loads the models of all.

    Returns
    -------
    dict of str to str
        A sentence by name; empty where all come back as they were.
    """
    with tempfile.TemporaryDirectory() as root:
        folders = {name: Path(root) / str(number) for number, name in enumerate(layers)}
        made = {name: _save(layers[name], folder) for name, folder in folders.items()}
        # The process finds modules where this one does, and imports none of them by itself.
        environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
        command = [sys.executable, "-c", LOAD, *map(str, folders.values())]
        run = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
        wrong = {name: _fault(name, folder, made[name], run.stderr) for name, folder in folders.items()}
        return {name: sentence for name, sentence in wrong.items() if sentence is not None}


def check_reloads(layers: Mapping[str, SampleSettings]) -> None:
    """Raise `PluginError` with the first sentence of `find_unloadable`, if there is one."""
    for sentence in find_unloadable(layers).values():
        raise PluginError(sentence)


def _fault(name: str, folder: Path, made: Mapping[str, Outputs], said: str) -> str | None:
    loaded, refused = folder / "loaded.npz", folder / "refused.txt"
    if not loaded.exists():
        lines = said.strip().splitlines()
        reason = refused.read_text(encoding="utf-8") if refused.exists() else lines[-1] if lines else "it says nothing."
        return f"The layer `{name}` does not load in a fresh process, so no saved model with it would: {reason}"
    found = np.load(loaded)
    apart = {head: float(np.abs(found[head] - expected).max()) for head, expected in made.items()}
    for head, moved in apart.items():
        if not moved <= TOLERANCE:
            return (
                f"The layer `{name}` does not come back from a saved model as it was: `{head}` moves by {moved:.2g}. "
                "Create every weight in build, by add_weight or by building sublayers there, and let nothing depend on "
                "the process."
            )
    return None


def _save(settings: SampleSettings, folder: Path) -> dict[str, Outputs]:
    """Save the model and some inputs in `folder`; return what the network makes of them here."""
    network, shape = build_sample(settings), settings.network
    names = input_names(shape, settings.names)
    draws = np.random.default_rng(0)
    # Other weights than those that a network of the same seed begins with.
    network.set_weights([weight + 0.1 * draws.standard_normal(weight.shape) for weight in network.get_weights()])
    model = Model(
        networks=(network,),
        names=names,
        scaler=Scaler((1.0,) * len(names), (1.0,) * len(names)),
        vocabulary=VOCABULARY,
        network=shape,
        training=TrainingSettings(n_seeds=1),
        trained_through=pd.Timestamp("2024-11-27"),
        median_volatility=0.02,
    )
    folder.mkdir()
    save_bundle(model, folder / "model")
    named = [name for _, name in named_layers(shape)]
    (folder / "layers.json").write_text(json.dumps(named), encoding="utf-8")
    inputs: dict[str, npt.NDArray[np.generic]] = {
        "indicators": draws.standard_normal((3, shape.lookback, len(names))).astype(np.float32)
    }
    if reads_text(shape, len(VOCABULARY)):
        words = (3, shape.lookback, shape.headlines_per_session, shape.tokens_per_headline)
        inputs["text"] = draws.integers(0, len(VOCABULARY), words).astype(np.int32)
    np.savez(folder / "inputs.npz", allow_pickle=False, **inputs)
    return {name: np.asarray(made) for name, made in network(inputs, training=False).items()}
