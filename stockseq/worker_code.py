"""Which code a worker elsewhere must have to give the same answers, and what it has instead."""

import hashlib
import os
import platform
import sys
from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import lru_cache
from importlib.metadata import PackageNotFoundError, entry_points, packages_distributions, version
from importlib.util import find_spec
from pathlib import Path

from stockseq.plugins import GROUPS
from stockseq.tensorflow_environment import ENVIRONMENT

# Whose versions decide the bits of an answer.
LIBRARIES = (
    "tensorflow",
    "keras",
    "numpy",
    "scipy",
    "pandas",
    "pyarrow",
    "scikit-learn",
    "vaderSentiment",
    "ta",
    "exchange_calendars",
)
# Code, and tables that it reads: a lexicon decides scores.
SOURCES = ("*.py", "*.csv")
# Packages that come with stockseq.
SHIPPED = ("stockseq", "keras")


@dataclass(frozen=True)
class PluginCode:
    """A package that a plug-in in the settings comes from.

    Parameters
    ----------
    plugin : str
        What of it is used, as a sentence names it, such as "the layer `spectral` (after)".
    group : str
        The group of its entry point; "" where the settings name the module itself.
    name : str
        The entry point, or the module with what it holds.
    module : str
        The topmost package or module.
    package : str
        The distribution with its version, or the module where it belongs to none.
    digest : str
        Of its source files.
    """

    plugin: str
    group: str
    name: str
    module: str
    package: str
    digest: str

    def problem(self) -> str | None:
        """Return what this process lacks of the package; None where it has the same."""
        sources = _hash_module(self.module)
        if sources is None or (self.group and not entry_points(group=self.group, name=self.name)):
            return f"lacks the package {self.package}, which {self.plugin} comes from"
        if sources != self.digest:
            return f"has another version of the package {self.package}, which {self.plugin} comes from"
        return None


@dataclass(frozen=True)
class WorkerCode:
    """The code that an answer depends on.

    Parameters
    ----------
    version : str
        Of stockseq.
    digest : str
        Of its source files.
    libraries : tuple of (name, version)
    variables : tuple of (name, value or None)
        Of the environment, as TensorFlow reads it when it is loaded.
    plugins : tuple of PluginCode
    """

    version: str
    digest: str
    libraries: tuple[tuple[str, str], ...]
    variables: tuple[tuple[str, str], ...]
    plugins: tuple[PluginCode, ...] = ()

    @classmethod
    def here(cls, plugins: Iterable[PluginCode] = ()) -> "WorkerCode":
        """Return the code of this process."""
        python = ".".join(platform.python_version_tuple()[:2])
        libraries = (("Python", python), *((name, _version(name)) for name in LIBRARIES))
        variables = tuple((name, os.environ.get(name, value)) for name, value in ENVIRONMENT.items())
        return cls(_version("stockseq"), _hash_module("stockseq") or "", libraries, variables, tuple(plugins))

    def prepare(self) -> str | None:
        """Give this process the environment of this code, and return what it lacks all the same; None for nothing."""
        for name, value in self.variables:
            if os.environ.get(name) == value:
                continue
            if "tensorflow" in sys.modules:
                return f"has loaded TensorFlow with {name}={os.environ.get(name)}, this machine with {value}"
            os.environ[name] = value
        return _problem(replace(self, variables=()))


# Asked before each job; files are read once.
@lru_cache(maxsize=8)
def _problem(expected: WorkerCode) -> str | None:
    here = WorkerCode.here()
    if here.version != expected.version:
        return f"has stockseq {here.version}, this machine {expected.version}"
    if here.digest != expected.digest:
        return f"has other source files of stockseq {expected.version} than this machine"
    for (name, expects), (_, has) in zip(expected.libraries, here.libraries, strict=True):
        if has != expects:
            return f"has {name} {has}, this machine {expects}"
    return next((problem for plugin in expected.plugins if (problem := plugin.problem())), None)


def has_changed(module: str, since: float) -> bool:
    """Return whether a source file of a topmost package was put in place after an instant, in seconds since 1970."""
    spec = find_spec(module)
    folders = [] if spec is None else [Path(folder) for folder in spec.submodule_search_locations or ()]
    return any(path.stat().st_ctime > since for folder in folders for path in source_files(folder))


def plugin_code(layers: Iterable[tuple[str, str]], features: Iterable[str]) -> tuple[PluginCode, ...]:
    """Return the packages that layers and features of the settings come from, but for stockseq and Keras.

    Parameters
    ----------
    layers : iterable of (slot, name)
        The name as the settings have it: an entry point, or `package.module:Layer`.
    features : iterable of str
        Entry points.

    Examples
    --------
    >>> plugin_code([("after", "projection"), ("after", "keras.layers:Dense")], [])
    ()
    """
    groups = {group.rpartition(".")[2]: group for group in GROUPS}
    named = [(f"the layer `{name}` ({slot})", groups[slot], name) for slot, name in layers]
    named += [(f"the feature `{name}`", groups["features"], name) for name in features]
    return tuple(code for each in dict.fromkeys(named) if (code := _describe(*each)) is not None)


def _describe(plugin: str, group: str, name: str) -> PluginCode | None:
    is_module = ":" in name
    values = [name] if is_module else [point.value for point in entry_points(group=group, name=name)]
    modules = [value.partition(":")[0].partition(".")[0] for value in values]
    if not modules or modules[0] in SHIPPED:
        return None
    owners = packages_distributions().get(modules[0], [])
    package = f"{owners[0]} {_version(owners[0])}" if owners else modules[0]
    digest = _hash_module(modules[0]) or ""
    return PluginCode(plugin, "" if is_module else group, name, modules[0], f"`{package}`", digest)


def _hash_module(name: str) -> str | None:
    """Return a hash of the source files of a topmost package or module, without importing it; None where it isn't."""
    spec = find_spec(name)
    if spec is None:
        return None
    origins = [Path(spec.origin)] if spec.origin and spec.origin.endswith(".py") else []
    folders = [Path(folder) for folder in spec.submodule_search_locations or ()]
    digest = hashlib.sha256()
    for root, paths in [
        *((path.parent, [path]) for path in origins if not folders),
        *((folder, source_files(folder)) for folder in folders),
    ]:
        for path in paths:
            digest.update(str(path.relative_to(root)).encode() + path.read_bytes())
    return digest.hexdigest()


def source_files(folder: Path) -> list[Path]:
    """Return the code in a folder and the tables that it reads, at any depth, sorted."""
    return sorted(path for each in SOURCES for path in folder.rglob(each))


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return "(not installed)"
