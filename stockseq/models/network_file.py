"""A network's file: looked at from outside, held against its weights without building it, and only then loaded."""

import io
import math
import zipfile
from collections import Counter
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import h5py  # Keras brings it, and writes weights with it
import numpy as np

from stockseq.errors import BundleError
from stockseq.layers.backend import keras
from stockseq.models.bundle_state import Contents
from stockseq.models.network import RELATIVE, SIZE, avoid_cudnn, build_network, reads_text
from stockseq.models.placing import named_layers
from stockseq.models.settings import NetworkSettings
from stockseq.models.strict_json import read_json

CONFIG, WEIGHTS, METADATA = MEMBERS = ("config.json", "model.weights.h5", "metadata.json")
# Bytes of a network's description; one of ours has some thousands.
LARGEST_TEXT = 64 * 1024**2
MOST_WEIGHTS = 100_000
Shape = tuple[int, ...]
# What a network file may name of Keras; no loader, no file reader, no code carried along.
MODULES = ("keras.layers", "keras.initializers", "keras.regularizers", "keras.constraints", "keras.activations")
FUNCTIONAL = {None, "keras", "keras.models", "keras.src.models.functional"}
# The one operation outside a layer: where the padding of the text is, for the LSTM that reads it.
MASKS = ("keras.src.ops.numpy", "NotEqual")
FORBIDDEN = {
    *("Lambda", "TFSMLayer", "TorchModuleWrapper", "JaxLayer", "FlaxLayer"),
    # They read files.
    *("StringLookup", "IntegerLookup", "TextVectorization"),
}
# How Keras writes a tuple and a tensor between two layers.
PLAIN = {"__tuple__", "__keras_tensor__"}


def load_network(path: Path, contents: Contents) -> Any:
    """Return the network of a file, of which nothing was built or run before all of it was looked at.

    Parameters
    ----------
    path : Path
    contents : Contents
        What the bundle says of it.

    Raises
    ------
    BundleError
        If the file is no network, holds more than one, or is of another model than the bundle says.
    """
    settings = contents.state.network
    try:
        config, weights = _read_members(path)
        _check_named(path, settings)
        _check_config(path, config)
        _check_outside(path, config, _read_shapes(path, weights), contents)
        network = keras.saving.load_model(path, compile=False, safe_mode=True)
        for layer in network.layers:
            if isinstance(layer, keras.layers.LSTM):
                avoid_cudnn(layer, settings)
        _check_shape(path, network, contents)
    except BundleError:
        raise
    except Exception as error:
        reason = " ".join(str(error).split())[:300]
        raise BundleError(
            f"{path} can't be read as a network: {type(error).__name__}: {reason}. Put the bundle back from a copy, or "
            "train again with make train."
        ) from error
    return network


def _read_members(path: Path) -> tuple[Any, bytes]:
    """Return the description and the weights, which Keras writes as they are: none of them packed."""
    with zipfile.ZipFile(path) as archive:
        members = archive.infolist()
        names = [member.filename for member in members]
        if sorted(names) != sorted(MEMBERS):
            raise BundleError(
                f"{path} must hold {', '.join(MEMBERS)} and nothing else, received {names[:9]}; it was not loaded."
            )
        for member in members:
            packed = member.compress_type != zipfile.ZIP_STORED or member.file_size != member.compress_size
            if packed or member.flag_bits & 1 or (member.filename != WEIGHTS and member.file_size > LARGEST_TEXT):
                raise BundleError(
                    f"{path} holds {member.filename} packed, encrypted or too large ({member.file_size:,} bytes), as "
                    "no network is written; it was not loaded."
                )
        return read_json(archive.read(CONFIG)), archive.read(WEIGHTS)


def _check_named(path: Path, settings: NetworkSettings) -> None:
    """Refuse settings that ask Keras for code or files, by a layer or inside of a layer's options."""
    for slot, name in named_layers(settings):
        if name.partition(":")[2] in FORBIDDEN:
            raise BundleError(f"{path} is of a network with {name}, which reads code or files; it was not loaded.")
        _check_parts(path, getattr(settings, f"{slot}_options"))


def _check_config(path: Path, config: Any) -> None:
    """Refuse a network that names anything but Keras' own building blocks and layers registered here."""
    if not isinstance(config, dict) or config.get("class_name") != "Functional":
        raise BundleError(f"{path} describes no network; it was not loaded.")
    _check_parts(path, config)


def _check_parts(path: Path, config: Any) -> None:
    for part in _objects(config):
        name, module, registered = part["class_name"], part.get("module"), part.get("registered_name")
        if not all(isinstance(text, str | None) for text in (name, module, registered)):
            raise BundleError(f"{path} names {ascii(part)[:60]}, which is no layer; it was not loaded.")
        own = module in MODULES or (module == "keras" and name == "DTypePolicy") or (module, name) == MASKS
        network = name == "Functional" and module in FUNCTIONAL
        special = name is None or name == "function" or name.startswith("__")
        known = not special and registered is not None and keras.saving.get_registered_object(registered) is not None
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


def _read_shapes(path: Path, content: bytes) -> Counter[Shape]:
    """Return how many weights there are of each shape; each lies in the file itself and is finite."""
    shapes: Counter[Shape] = Counter()
    with h5py.File(io.BytesIO(content), "r") as file:
        for name, dataset in _datasets(path, file, "", set()):
            if dataset.dtype.kind not in "fiub" or dataset.is_virtual or dataset.external or dataset.chunks:
                raise BundleError(
                    f"{path} holds the weights {name} in another form than Keras writes them; train again."
                )
            size = math.prod(dataset.shape) * dataset.dtype.itemsize
            if size != dataset.id.get_storage_size() or size > len(content):
                raise BundleError(
                    f"{path} says that the weights {name} are of {dataset.shape}, and doesn't hold them; train again."
                )
            if not np.isfinite(dataset[()]).all():
                raise BundleError(f"{path} holds weights that are no finite numbers ({name}); train again.")
            # The state of a generator of random numbers belongs to training.
            if "seed_generator" not in name:
                shapes[tuple(map(int, dataset.shape))] += 1
    return shapes


def _datasets(path: Path, group: Any, where: str, seen: set[int]) -> Iterator[tuple[str, Any]]:
    """Yield each dataset by its place; no link leads out of the group, and no place is seen twice."""
    for name in group:
        if not isinstance(group.get(name, getlink=True), h5py.HardLink):
            raise BundleError(f"{path} holds no weights at {where}/{name}, but a link to others; it was not loaded.")
        found = group[name]
        address = h5py.h5o.get_info(found.id).addr
        if address in seen or len(seen) > MOST_WEIGHTS:
            raise BundleError(
                f"{path} holds {where}/{name} twice, or more weights than any network; it was not loaded."
            )
        seen.add(address)
        if isinstance(found, h5py.Dataset):
            yield f"{where}/{name}", found
        elif isinstance(found, h5py.Group):
            yield from _datasets(path, found, f"{where}/{name}", seen)
        else:
            raise BundleError(f"{path} holds something else than weights at {where}/{name}; it was not loaded.")


def _check_outside(path: Path, config: Any, held: Counter[Shape], contents: Contents) -> None:
    """Hold the description, and the settings, against the weights that the file holds; room is made for none."""
    settings, n_codes = contents.state.network, len(contents.vocabulary)
    # Keras would make up for the room that was not made at the next chance, but it keeps that list thread by thread.
    with ThreadPoolExecutor(1) as pool:
        rows, described, expected = pool.submit(_build_outside, config, contents).result()
    if rows - {n_codes} or bool(rows) != reads_text(settings, n_codes):
        raise BundleError(
            f"{path} is the network of another model: it embeds {sorted(rows)} codes, and the vocabulary has {n_codes}."
        )
    for what, shapes in (("its description says", described), ("the settings say", expected)):
        if shapes != held:
            apart = sorted({*(shapes - held), *(held - shapes)})
            raise BundleError(
                f"{path} is the network of another model: it holds other weights than {what}, "
                f"of the shapes {apart[:5]}; it was not loaded."
            )


def _build_outside(config: Any, contents: Contents) -> tuple[set[int], Counter[Shape], Counter[Shape]]:
    """Return the codes that the description embeds, its weights and those of the settings, by their shapes alone."""
    state = contents.state
    with keras.StatelessScope(initialize_variables=False):
        described = keras.saving.deserialize_keras_object(config, safe_mode=True)
        rows = {int(each.weights[0].shape[0]) for each in described.layers if each.name in ("headlines", "embedding")}
        built = build_network(
            state.network,
            n_features=len(state.names),
            vocabulary_size=len(contents.vocabulary),
            seed=0,
            names=state.names,
            scaler=contents.scaler,
        )
        return rows, _weight_shapes(described), _weight_shapes(built)


def _weight_shapes(network: Any) -> Counter[Shape]:
    return Counter(tuple(map(int, weight.shape)) for weight in network.weights)


def _check_shape(path: Path, network: Any, contents: Contents) -> None:
    """Refuse a network that reads or says something else than the settings."""
    settings = contents.state.network
    expected: dict[str, tuple[int | None, ...]] = {
        "indicators": (None, settings.lookback, len(contents.state.names)),
    }
    if reads_text(settings, len(contents.vocabulary)):
        places = (settings.headlines_per_session, settings.tokens_per_headline)
        expected["text"] = (None, settings.lookback, *places)
    if _shapes(network.input) != expected:
        raise BundleError(
            f"{path} is the network of another model: it reads {_shapes(network.input)}, the settings say {expected}."
        )
    heads = [*settings.heads, *([RELATIVE] if settings.relative_head else []), *([SIZE] if settings.size_head else [])]
    said = dict.fromkeys(heads, (None, 1))
    if _shapes(network.output) != said:
        raise BundleError(
            f"{path} is the network of another model: it gives {_shapes(network.output)}, the settings say {said}."
        )


def _shapes(tensors: Any) -> Mapping[str, tuple[int | None, ...]]:
    return {name: tuple(tensor.shape) for name, tensor in tensors.items()} if isinstance(tensors, dict) else {}
