"""A hash of the code that an answer depends on, so that no old answer passes for a new one."""

import hashlib
import sys
from collections.abc import Iterable
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pipelines
import stockseq

NUMERICS = ("tensorflow", "keras", "numpy")


def source_hash(layers: Iterable[type[Any]] = ()) -> str:
    """Return a hash of every source file of the library, the recipes and the packages of a user's layers.

    Parameters
    ----------
    layers : iterable of class
        Layers in the slots of a network; of numerical libraries the version stands for the files.

    Examples
    --------
    >>> len(source_hash())
    64
    """
    files = {str(stockseq.__file__), str(pipelines.__file__), *map(_file, layers)}
    digest = hashlib.sha256(repr([version(name) for name in NUMERICS]).encode())
    for file in map(Path, sorted(files)):
        paths = sorted(file.parent.rglob("*.py")) if file.name == "__init__.py" else [file]
        for path in paths:
            digest.update(str(path.relative_to(file.parent.parent)).encode() + path.read_bytes())
    return digest.hexdigest()


def _file(layer: type[Any]) -> str:
    """Return the file of the layer's package, or of its module where it stands in no package."""
    package = layer.__module__.partition(".")[0]
    if package in NUMERICS:
        return str(stockseq.__file__)
    return str(sys.modules[package].__file__ or sys.modules[layer.__module__].__file__)
