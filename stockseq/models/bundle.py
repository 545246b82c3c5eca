"""A model on disk: its networks and all else that a forecast needs, checked before anything is loaded."""

import json
import re
import shutil
import tempfile
from collections.abc import Collection
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

from stockseq.errors import BundleError, PluginError
from stockseq.models.bundle_files import (
    FORMAT,
    MANIFEST,
    PARTS,
    Manifest,
    check_files,
    file_digest,
    network_name,
)
from stockseq.models.bundle_state import State, named_layers_of, read_contents
from stockseq.models.settings import NetworkSettings
from stockseq.store.durability import sync, sync_tree

if TYPE_CHECKING:
    from stockseq.models.model import Model

# What `Registry.identify` gives, and any other plain name.
MODEL_ID = re.compile(r"[0-9A-Za-z][0-9A-Za-z_-]{0,79}", flags=re.ASCII)
LIBRARIES = ("stockseq", "keras", "tensorflow", "numpy")


def save_bundle(model: "Model", folder: Path) -> Path:
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


def load_bundle(folder: Path, *, own_layers: Collection[str] = ()) -> "Model":
    """Read a model back; it forecasts as the one that was saved.

    All of the bundle is checked before any of it is loaded. It may name layers that packages installed here offer by
    an entry point, and layers of Keras; code that lies somewhere else is imported only where the caller names it.

    Parameters
    ----------
    folder : Path
    own_layers : collection of str, optional
        Layers that the user's own settings name as `package.module:Layer`, which a bundle may name too.

    Raises
    ------
    BundleError
        If the bundle is missing, incomplete, damaged, foreign or unsafe.
    """
    # Whoever only asks which bundles there are waits for no TensorFlow.
    from stockseq.models.model import Model
    from stockseq.models.network_file import load_network

    folder = Path(folder)
    contents = read_contents(folder, check_files(folder))
    state = contents.state
    _import_layers(folder, state.network, own_layers)
    networks = tuple(load_network(folder / network_name(seed), contents) for seed in state.training.seeds)
    return Model(
        networks=networks,
        names=state.names,
        scaler=contents.scaler,
        vocabulary=contents.vocabulary,
        network=state.network,
        training=state.training,
        trained_through=contents.trained_through,
        median_volatility=state.median_volatility,
        record=state.record,
        calibration=state.calibration,
    )


def find_bundle(models: Path, model_id: str) -> Path:
    """Return the folder of a registered model's bundle.

    Parameters
    ----------
    models : Path
        The folder of model bundles.
    model_id : str
        As the table `models` has it, which is another's word: it may name no other folder.

    Raises
    ------
    BundleError
        If it is no plain name.

    Examples
    --------
    >>> find_bundle(Path("data/models"), "20241127-2f1c7a9be0").as_posix()
    'data/models/20241127-2f1c7a9be0'
    """
    if not MODEL_ID.fullmatch(model_id):
        raise BundleError(
            f"The table `models` names {model_id[:80]!r}, which is no model's id, such as 20241127-2f1c7a9be0; nothing "
            "was loaded. Put the table back from a copy."
        )
    return models / model_id


def _write(model: "Model", folder: Path) -> None:
    for seed, network in zip(model.training.seeds, model.networks, strict=True):
        network.save(folder / network_name(seed))
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
        layers=named_layers_of(model.network),
        sha256={path.name: file_digest(path) for path in sorted(folder.iterdir())},
    )
    (folder / MANIFEST).write_text(_as_json(manifest.model_dump()), encoding="utf-8")


def _import_layers(folder: Path, settings: NetworkSettings, own_layers: Collection[str]) -> None:
    """Import the layers that a bundle names, once it is known that none of them brings code of the bundle's choice."""
    from stockseq.layers.slots import find_layer, require_installed
    from stockseq.models.placing import named_layers

    named = named_layers(settings)
    try:
        for slot, name in named:
            if name not in own_layers:
                require_installed(slot, name)
        for slot, name in named:
            find_layer(slot, name)
    except PluginError as error:
        raise BundleError(
            f"The bundle {folder} needs a layer that isn't installed here. {error} Or train again with make train."
        ) from error


def _as_json(content: Any) -> str:
    return json.dumps(content, indent=1, sort_keys=True, allow_nan=False) + "\n"
