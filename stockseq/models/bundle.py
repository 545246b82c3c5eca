"""A model on disk: its networks and all else that a forecast needs, checked before anything is loaded."""

import hashlib
import json
import shutil
import tempfile
import zipfile
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pandas as pd
from pydantic import BaseModel, ValidationError, field_validator

from stockseq.dataset.scaling import Scaler
from stockseq.dataset.vocabulary import Vocabulary
from stockseq.errors import BundleError, PluginError
from stockseq.layers.backend import keras
from stockseq.layers.slots import find_layer, layer_names
from stockseq.models.distribution import Calibration
from stockseq.models.model import Model, TrainingRecord
from stockseq.models.network import avoid_cudnn, reads_text
from stockseq.models.settings import NetworkSettings, TrainingSettings
from stockseq.plugins import SLOTS
from stockseq.store.durability import sync, sync_tree

FORMAT = "stockseq-model-1"
MANIFEST = "manifest.json"
PARTS = ("settings.json", "scaler.json", "vocabulary.json")
LIBRARIES = ("stockseq", "keras", "tensorflow", "numpy")
# What a network file may name of Keras; no loader, no file reader, no code carried along.
MODULES = ("keras.layers", "keras.initializers", "keras.regularizers", "keras.constraints", "keras.activations")
# The one operation outside a layer: where the padding of the text is, for the LSTM that reads it.
MASKS = ("keras.src.ops.numpy", "NotEqual")
FORBIDDEN = {"Lambda", "TFSMLayer", "TorchModuleWrapper", "JaxLayer", "FlaxLayer"}
# How Keras writes a tuple and a tensor between two layers.
PLAIN = {"__tuple__", "__keras_tensor__"}


class Manifest(BaseModel, frozen=True, extra="forbid"):
    """What a bundle says of itself."""

    format: str
    libraries: dict[str, str]
    layers: dict[str, str]
    sha256: dict[str, str]


class State(BaseModel, frozen=True, extra="forbid"):
    """What a bundle keeps beside the networks, the scaler and the vocabulary."""

    network: NetworkSettings
    training: TrainingSettings
    names: tuple[str, ...]
    trained_through: str
    median_volatility: float
    record: TrainingRecord
    calibration: Calibration | None = None

    @field_validator("network", mode="before")
    @classmethod
    def _before(cls, network: object) -> object:
        """Take what is there by default from a network of before there was such a thing."""
        return {"size_head": False, "cross_section": False, **network} if isinstance(network, dict) else network


def save_bundle(model: Model, folder: Path) -> Path:
    """Write the model to `folder` in one step, replacing an earlier bundle there; return the folder.

    Raises
    ------
    BundleError
        If `folder` holds something that is not a bundle, or can't be written.
    """
    folder = Path(folder)
    if folder.exists() and not (folder / MANIFEST).is_file():
        raise BundleError(f"{folder} exists and is no model bundle; choose another folder or remove it.")
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        draft = Path(tempfile.mkdtemp(prefix=".bundle-", dir=folder.parent))
        # By its name a bundle that a kill leaves here is put back.
        replaced = folder.with_name(f".bundle-replaced-{folder.name}")
        try:
            _write(model, draft)
            draft.chmod(0o755)
            # A name that is safe before its content would list a model without its networks after a power cut.
            sync_tree(draft)
            shutil.rmtree(replaced, ignore_errors=True)
            if folder.exists():
                folder.rename(replaced)
            draft.rename(folder)
            sync(folder.parent, folder.parent.parent)
        finally:
            if replaced.exists() and not folder.exists():
                replaced.rename(folder)
            shutil.rmtree(draft, ignore_errors=True)
            shutil.rmtree(replaced, ignore_errors=True)
    except OSError as error:
        raise BundleError(f"The model can't be written to {folder}: {error.strerror or error}.") from error
    return folder


def load_bundle(folder: Path) -> Model:
    """Read a model back; it forecasts as the one that was saved.

    Every file is checked against the manifest's hash first. The layers that the bundle names are imported from the
    plug-ins installed here; nothing is unpickled, and a network that carries code is refused.

    Raises
    ------
    BundleError
        If the bundle is missing, incomplete, damaged, foreign or unsafe.
    """
    folder = Path(folder)
    manifest = _read_manifest(folder)
    _check_files(folder, manifest)
    try:
        state = State.model_validate_json((folder / "settings.json").read_bytes())
        scaler = Scaler.from_dict(json.loads((folder / "scaler.json").read_bytes()))
        vocabulary = Vocabulary.from_dict(json.loads((folder / "vocabulary.json").read_bytes()))
        trained_through = pd.Timestamp(state.trained_through).as_unit("us")
    except (ValidationError, ValueError, AttributeError) as error:
        raise BundleError(f"The bundle {folder} holds settings that this version can't read: {error}") from error
    _import_layers(folder, state.network)
    networks = tuple(
        _load_network(folder / _network_name(seed), state, len(vocabulary)) for seed in state.training.seeds
    )
    return Model(
        networks=networks,
        names=state.names,
        scaler=scaler,
        vocabulary=vocabulary,
        network=state.network,
        training=state.training,
        trained_through=trained_through,
        median_volatility=state.median_volatility,
        record=state.record,
        calibration=state.calibration,
    )


def _write(model: Model, folder: Path) -> None:
    for seed, network in zip(model.training.seeds, model.networks, strict=True):
        network.save(folder / _network_name(seed))
    state = State(
        network=model.network,
        training=model.training,
        names=model.names,
        trained_through=model.trained_through.isoformat(),
        median_volatility=model.median_volatility,
        record=model.record,
        calibration=model.calibration,
    )
    contents = (state.model_dump(mode="json"), model.scaler.to_dict(), model.vocabulary.to_dict())
    for name, content in zip(PARTS, contents, strict=True):
        (folder / name).write_text(_as_json(content), encoding="utf-8")
    manifest = Manifest(
        format=FORMAT,
        libraries={name: version(name) for name in LIBRARIES},
        layers=_named_layers(model.network),
        sha256={path.name: _digest(path) for path in sorted(folder.iterdir())},
    )
    (folder / MANIFEST).write_text(_as_json(manifest.model_dump()), encoding="utf-8")


def _read_manifest(folder: Path) -> Manifest:
    path = folder / MANIFEST
    try:
        manifest = Manifest.model_validate_json(path.read_bytes())
    except OSError as error:
        raise BundleError(f"There is no model bundle at {folder}: {path.name} can't be read.") from error
    except ValidationError as error:
        raise BundleError(f"{path} is damaged, or not the manifest of a model bundle.") from error
    if manifest.format != FORMAT:
        raise BundleError(f"The bundle {folder} has the format {manifest.format!r}; this version reads {FORMAT!r}.")
    return manifest


def _check_files(folder: Path, manifest: Manifest) -> None:
    found = {path.name for path in folder.iterdir()} - {MANIFEST}
    listed = set(manifest.sha256)
    for problem, names in (("lacks", listed - found), ("has beside its own files", found - listed)):
        if names:
            raise BundleError(f"The bundle {folder} {problem} {', '.join(sorted(names))}; train again with make train.")
    for name, digest in manifest.sha256.items():
        if not (folder / name).is_file() or _digest(folder / name) != digest:
            raise BundleError(
                f"{folder / name} is damaged: its hash isn't the manifest's; train again with make train."
            )
    missing = set(PARTS) - listed
    if missing:
        raise BundleError(f"The bundle {folder} lacks {', '.join(sorted(missing))}; train again with make train.")


def _import_layers(folder: Path, settings: NetworkSettings) -> None:
    for slot in SLOTS:
        for name in layer_names(getattr(settings, slot)):
            try:
                find_layer(slot, name)
            except PluginError as error:
                raise BundleError(f"The bundle {folder} needs a layer that isn't installed here. {error}") from error


def _load_network(path: Path, state: State, vocabulary_size: int) -> Any:
    try:
        with zipfile.ZipFile(path) as archive:
            config = json.loads(archive.read("config.json"))
        _check_config(path, config)
        network = keras.saving.load_model(path, compile=False, safe_mode=True)
        for layer in network.layers:
            if isinstance(layer, keras.layers.LSTM):
                avoid_cudnn(layer, state.network)
    except BundleError:
        raise
    except Exception as error:
        raise BundleError(f"{path} can't be read as a network: {type(error).__name__}: {error}") from error
    expected: dict[str, tuple[int | None, ...]] = {"indicators": (None, state.network.lookback, len(state.names))}
    if reads_text(state.network, vocabulary_size):
        places = (state.network.headlines_per_session, state.network.tokens_per_headline)
        expected["text"] = (None, state.network.lookback, *places)
    inputs = network.input if isinstance(network.input, dict) else {}
    found = {name: tuple(tensor.shape) for name, tensor in inputs.items()}
    if found != expected:
        raise BundleError(f"{path} is the network of another model: it reads {found}, the settings say {expected}.")
    return network


def _check_config(path: Path, config: Any) -> None:
    """Refuse a network that names anything but Keras' own building blocks and layers registered here."""
    for part in _objects(config):
        name, module, registered = part["class_name"], part.get("module"), part.get("registered_name")
        own = module is not None and (module in MODULES or (module == "keras" and name == "DTypePolicy"))
        own |= (module, name) == MASKS
        network = name == "Functional" and str(module).startswith("keras")
        known = registered is not None and keras.saving.get_registered_object(registered) is not None
        if name in FORBIDDEN or not (own or network or known):
            raise BundleError(
                f"{path} names {module}.{name}, which a stockseq network doesn't hold; it was not loaded."
            )


def _objects(config: Any) -> Iterator[dict[str, Any]]:
    if isinstance(config, dict):
        if "class_name" in config and config["class_name"] not in PLAIN:
            yield config
        for value in config.values():
            yield from _objects(value)
    elif isinstance(config, list):
        for value in config:
            yield from _objects(value)


def _named_layers(settings: NetworkSettings) -> dict[str, str]:
    return {slot: getattr(settings, slot) for slot in SLOTS if getattr(settings, slot) is not None}


def _network_name(seed: int) -> str:
    return f"network_{seed}.keras"


def _digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _as_json(content: Any) -> str:
    return json.dumps(content, indent=1, sort_keys=True, allow_nan=False) + "\n"
