"""Bundles that name code: in themselves, in the data root, in the working directory, anywhere that imports find."""

import shutil
from pathlib import Path

from tests.campaign.families.bundles.foe import EVIL, Foe, Harm, edit

# `{id}` is the bundle's own folder.
NAMES = {
    "its own module by the data root": "data.models.{id}.evil:X",
    "a module of the folder of bundles": "data.models.evil:X",
    "a module of the data root": "data.evil:X",
    "a module of the working directory": "evil:X",
    "a relative module": ".evil:X",
    "a module above": "..evil:X",
    "the shell": "os:system",
    "a process": "subprocess:Popen",
    "eval": "builtins:eval",
    "the main module": "__main__:main",
    "a module that opens a browser": "antigravity:X",
    "a module of the library": "stockseq.models.bundle:load_bundle",
    "a loader of Keras": "keras.saving:load_model",
    "a layer of Keras that it doesn't hold": "keras.layers:Dense",
    "a layer of Keras that carries code": "keras.layers:Lambda",
    "a private module of Keras": "keras.src.layers.core.dense:Dense",
    "the tests' own layers": "tests.layers.slot_layers:Halve",
    "no class": "evil:",
    "no module": ":X",
    "two colons": "evil:X:X",
    "a path": "data/models/{id}/evil.py:X",
    "an absolute path": "/tmp/evil.py:X",
    "a NUL": "evil\0:X",
    "a line break": "evil\n:X",
    "an escape sequence": "\x1b[31mevil:X",
    "a text turned around": "\u202eevil:X",
    "full-width letters": "\uff45vil:X",
    "a full-width colon": "evil\uff1aX",
    "ten thousand letters": "a" * 10_000 + ":X",
    "a shipped layer behind its own": "data.models.{id}.evil:X + causal_normalisation",
    "its own behind a shipped layer": "causal_normalisation + data.models.{id}.evil:X",
    "spaces around its own": "  evil:X  ",
    "an entry point that nobody offers": "evil",
    "a shipped layer that it doesn't hold": "temporal_convolution",
}
SHORT = {"its own module by the data root", "a module of the working directory"}


def foes() -> list[Foe]:
    """Return a foe per name and kind of place."""
    named = [Foe(f"before: {kind}", name_layer("before", name), short=kind in SHORT) for kind, name in NAMES.items()]
    slots = [
        Foe(
            f"{slot}: its own module, and the module is listed",
            name_layer(slot, "data.models.{id}.evil:X", brings=True),
        )
        for slot in ("before", "within", "after")
    ]
    package = Foe("before: its own package", _bring_package)
    return [*named, *slots, package]


def name_layer(slot: str, name: str, *, brings: bool = False) -> Harm:
    def harm(bundle: Path) -> None:
        layer = name.replace("{id}", bundle.name)
        edit(bundle, "settings.json", lambda said: said["network"].update({slot: layer}))
        edit(bundle, "manifest.json", lambda said: said["layers"].update({slot: layer}))
        if brings:
            (bundle / "evil.py").write_text(EVIL.format(flag=str(bundle.parents[2] / "ran.txt")))

    return harm


def _bring_package(bundle: Path) -> None:
    """Bring a package of its own."""
    (bundle / "evil").mkdir()
    shutil.copy(bundle.parent / "evil.py", bundle / "evil" / "__init__.py")
    name_layer("before", "data.models.{id}.evil:X")(bundle)
