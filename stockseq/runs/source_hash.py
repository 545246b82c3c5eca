"""A hash of the code that an answer depends on, so that no old answer passes for a new one."""

import hashlib
import sys
from collections.abc import Iterable
from importlib.metadata import version
from pathlib import Path
from typing import Any

import stockseq
from stockseq.models.settings import NetworkSettings
from stockseq.worker_code import source_files

NUMERICS = ("tensorflow", "keras", "numpy")


def source_hash(layers: Iterable[type[Any]] = ()) -> str:
    """Return a hash of every source file of the library and of the packages of a user's layers.

    Parameters
    ----------
    layers : iterable of class
        Layers in the slots of a network; of numerical libraries the version stands for the files.

    Examples
    --------
    >>> len(source_hash())
    64
    """
    files = {str(stockseq.__file__), *map(_file, layers)}
    digest = hashlib.sha256(repr([version(name) for name in NUMERICS]).encode())
    for file in map(Path, sorted(files)):
        for path in source_files(file.parent) if file.name == "__init__.py" else [file]:
            digest.update(str(path.relative_to(file.parent.parent)).encode() + path.read_bytes())
    return digest.hexdigest()


def hash_networks(networks: Iterable[NetworkSettings]) -> str:
    """Return a hash of the code that networks run: of every source file, and of the class that each layer's name means.

    Examples
    --------
    >>> len(hash_networks([NetworkSettings()]))
    64
    """
    # Layers bring TensorFlow, which takes seconds to load.
    from stockseq.layers.slots import find_layer
    from stockseq.models.placing import named_layers

    layers = {key: find_layer(*key) for key in sorted({key for network in networks for key in named_layers(network)})}
    classes = [(*key, layer.__module__, layer.__qualname__) for key, layer in layers.items()]
    return hashlib.sha256((source_hash(layers.values()) + repr(classes)).encode()).hexdigest()


def _file(layer: type[Any]) -> str:
    """Return the file of the layer's package, or of its module where it stands in no package."""
    package = layer.__module__.partition(".")[0]
    if package in NUMERICS:
        return str(stockseq.__file__)
    return str(sys.modules[package].__file__ or sys.modules[layer.__module__].__file__)
