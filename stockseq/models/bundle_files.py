"""The files of a bundle: which there may be, how large, and that each is as the manifest says, before any is read."""

import hashlib
import os
import re
import stat
from collections.abc import Mapping
from pathlib import Path

from pydantic import BaseModel, ValidationError

from stockseq.errors import BundleError
from stockseq.models.strict_json import read_json

FORMAT = "stockseq-model-1"
MANIFEST = "manifest.json"
SETTINGS, SCALER, VOCABULARY = PARTS = ("settings.json", "scaler.json", "vocabulary.json")
# The name of a network's file says its seed.
NETWORK = re.compile(r"network_(0|[1-9][0-9]{0,18})\.keras", flags=re.ASCII)
# Bytes; far above what the largest vocabulary and the largest network that can be trained need.
LARGEST_PART = 64 * 1024**2
LARGEST_NETWORK = 2 * 1024**3
MOST_NETWORKS = 1000
AGAIN = "put the folder back from a copy, or train again with make train"


class Manifest(BaseModel, frozen=True, extra="forbid"):
    """What a bundle says of itself."""

    format: str
    libraries: dict[str, str]
    layers: dict[str, str]
    sha256: dict[str, str]


def network_name(seed: int) -> str:
    """Return the name of the file of a seed's network.

    Examples
    --------
    >>> network_name(3)
    'network_3.keras'
    """
    return f"network_{seed}.keras"


def check_files(folder: Path) -> Manifest:
    """Return the manifest of a bundle of which every file is there, plain, of a possible size and as it was written.

    Raises
    ------
    BundleError
        If a file is missing, damaged or too large, or one is there that no bundle has.
    """
    sizes = _sizes(folder)
    manifest = _read_manifest(folder)
    found, listed = sizes.keys() - {MANIFEST}, manifest.sha256.keys()
    foreign = sorted(name for name in found | listed if name not in PARTS and not NETWORK.fullmatch(name))
    if foreign:
        raise BundleError(
            f"The bundle {folder} has {', '.join(map(repr, foreign[:9]))} beside its own files; a bundle holds "
            f"{MANIFEST}, {', '.join(PARTS)} and a network per seed. Nothing of it was loaded; {AGAIN}."
        )
    missing = sorted((listed | set(PARTS)) - found)
    if missing:
        raise BundleError(f"The bundle {folder} lacks {', '.join(missing[:9])}; {AGAIN}.")
    unlisted = sorted(found - listed)
    if unlisted:
        raise BundleError(
            f"The bundle {folder} has {', '.join(unlisted[:9])} beside its own files: its manifest doesn't list it. "
            f"Nothing of it was loaded; {AGAIN}."
        )
    for name, digest in manifest.sha256.items():
        if file_digest(folder / name) != digest:
            raise BundleError(f"{folder / name} is damaged: its hash isn't the manifest's; {AGAIN}.")
    return manifest


def file_digest(path: Path) -> str:
    """Return the SHA-256 of a file in hexadecimal digits."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def read_part(folder: Path, name: str) -> object:
    """Return what a JSON file of a bundle says; raise `BundleError` with the reason if it is none."""
    try:
        return read_json((folder / name).read_bytes())
    except (ValueError, RecursionError) as error:
        raise BundleError(f"{folder / name} is damaged: {error}; {AGAIN}.") from error
    except OSError as error:
        raise BundleError(f"{folder / name} can't be read: {error.strerror or error}; {AGAIN}.") from error


def _sizes(folder: Path) -> Mapping[str, int]:
    """Return the size of each file in bytes; raise `BundleError` if one is no plain file, or too large."""
    if folder.is_symlink():
        raise BundleError(f"{folder} must be a folder, and is a link; put the bundle itself there.")
    sizes: dict[str, int] = {}
    try:
        with os.scandir(folder) as entries:
            for entry in entries:
                found = entry.stat(follow_symlinks=False)
                if not stat.S_ISREG(found.st_mode):
                    raise BundleError(
                        f"The bundle {folder} has {entry.name!r} beside its own files, and it is no plain file; a "
                        f"bundle holds no folder, link or device. Nothing of it was loaded; {AGAIN}."
                    )
                sizes[entry.name] = found.st_size
    except OSError as error:
        raise BundleError(f"There is no model bundle at {folder}: {error.strerror or error}; {AGAIN}.") from error
    if MANIFEST not in sizes:
        raise BundleError(f"There is no model bundle at {folder}: {MANIFEST} is missing; {AGAIN}.")
    if len(sizes) > MOST_NETWORKS:
        raise BundleError(f"The bundle {folder} holds {len(sizes):,} files, and may hold {MOST_NETWORKS:,}; {AGAIN}.")
    for name, size in sizes.items():
        most = LARGEST_NETWORK if NETWORK.fullmatch(name) else LARGEST_PART
        if size > most:
            raise BundleError(f"{folder / name} has {size:,} bytes, and may have {most:,}; {AGAIN}.")
    return sizes


def _read_manifest(folder: Path) -> Manifest:
    content = read_part(folder, MANIFEST)
    try:
        manifest = Manifest.model_validate(content)
    except ValidationError as error:
        raise BundleError(f"{folder / MANIFEST} is damaged, or not the manifest of a model bundle; {AGAIN}.") from error
    if manifest.format != FORMAT:
        raise BundleError(f"The bundle {folder} has the format {manifest.format!r}; this version reads {FORMAT!r}.")
    return manifest
