"""Bundles with files that no bundle has, without some that it must have, and of sizes that none can have."""

import os
import shutil
from pathlib import Path

from tests.campaign.families.bundles.foe import Foe, Harm, edit

EXTRA = (
    "evil.py", "__init__.py", "sitecustomize.py", "evil.so", "network_0.keras.bak", "network_00.keras",
    "network_-1.keras", "network_9.keras", "Network_0.keras", "network_0.h5", ".hidden", "scaler.pkl", "settings.toml",
    "manifest.json~", "evil\x1b[31m.py",
)  # fmt: skip
PARTS = ("settings.json", "scaler.json", "vocabulary.json", "network_0.keras", "network_1.keras", "manifest.json")


def foes() -> list[Foe]:
    """Return a foe per file."""
    found = []
    for name in EXTRA:
        shown = name.encode("unicode_escape").decode()
        found.append(Foe(f"an extra {shown}, listed", _write(name), short=name == "evil.py"))
        found.append(Foe(f"an extra {shown}, not listed", _write(name), signed=False))
    for name in PARTS:
        found.append(Foe(f"without {name}", _remove(name)))
        found.append(Foe(f"without {name}, which is listed", _remove(name), signed=False))
        found.append(Foe(f"an empty {name}", _empty(name)))
        found.append(Foe(f"{name} cut", _cut(name), signed=False))
        found.append(Foe(f"{name} is a link", _link(name)))
        found.append(Foe(f"{name} is a folder", _folder(name), signed=False))
        found.append(Foe(f"{name} is a pipe", _pipe(name), signed=False))
        found.append(Foe(f"{name} of three billion bytes", _grow(name), signed=False))
    for path in ("../../../etc/passwd", "/etc/passwd", "sub/network_0.keras", "", "."):
        found.append(Foe(f"the manifest lists {path!r}", _list(path), signed=False))
    return [
        *found,
        Foe("a folder beside", lambda bundle: (bundle / "assets").mkdir(), "plain file"),
        Foe("the bundle is a link", _link_whole, "a link in place of a file"),
        Foe("the bundle is a file", _as_file, "no model bundle"),
        Foe("the bundle is missing", shutil.rmtree, "no model bundle", short=True),
        Foe("the folder of bundles is missing", lambda bundle: shutil.rmtree(bundle.parent), "not listed any more"),
        Foe("the folder of bundles is a file", _models_as_file, "could not be read"),
        Foe("a hash in capitals", _capitals, signed=False),
        Foe("a hash of nothing", lambda bundle: _hash(bundle, ""), signed=False),
    ]


def _write(name: str) -> Harm:
    return lambda bundle: (bundle / name).write_text("import os")


def _remove(name: str) -> Harm:
    return lambda bundle: (bundle / name).unlink()


def _empty(name: str) -> Harm:
    return lambda bundle: (bundle / name).write_bytes(b"")


def _cut(name: str) -> Harm:
    return lambda bundle: (bundle / name).write_bytes((bundle / name).read_bytes()[:-7])


def _link(name: str) -> Harm:
    def harm(bundle: Path) -> None:
        elsewhere = bundle.parents[2] / name
        (bundle / name).rename(elsewhere)
        (bundle / name).symlink_to(elsewhere)

    return harm


def _folder(name: str) -> Harm:
    def harm(bundle: Path) -> None:
        (bundle / name).unlink()
        (bundle / name).mkdir()

    return harm


def _pipe(name: str) -> Harm:
    def harm(bundle: Path) -> None:
        (bundle / name).unlink()
        os.mkfifo(bundle / name)

    return harm


def _grow(name: str) -> Harm:
    """Return the harm of a file that is mostly a hole: it takes no room, and would fill the memory."""
    return lambda bundle: os.truncate(bundle / name, 3_000_000_000)


def _list(path: str) -> Harm:
    return lambda bundle: edit(bundle, "manifest.json", lambda said: said["sha256"].update({path: "0" * 64}))


def _capitals(bundle: Path) -> None:
    def change(said: dict[str, dict[str, str]]) -> None:
        said["sha256"]["scaler.json"] = said["sha256"]["scaler.json"].upper()

    edit(bundle, "manifest.json", change)


def _hash(bundle: Path, digest: str) -> None:
    edit(bundle, "manifest.json", lambda said: said["sha256"].update({"scaler.json": digest}))


def _link_whole(bundle: Path) -> None:
    elsewhere = bundle.parents[2] / "elsewhere"
    bundle.rename(elsewhere)
    bundle.symlink_to(elsewhere)


def _as_file(bundle: Path) -> None:
    shutil.rmtree(bundle)
    bundle.write_text("a bundle")


def _models_as_file(bundle: Path) -> None:
    shutil.rmtree(bundle.parent)
    bundle.parent.write_text("models")
