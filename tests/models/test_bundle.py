"""A bundle gives back the model that was saved, or refuses with a sentence."""

import json
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from stockseq.dataset.scaling import Scaler
from stockseq.dataset.vocabulary import Vocabulary
from stockseq.errors import BundleError
from stockseq.layers.backend import keras
from stockseq.models.bundle import find_bundle, load_bundle, save_bundle
from stockseq.models.matrix import make_predictor
from stockseq.models.model import Model
from stockseq.models.network import build_network
from stockseq.models.settings import NetworkSettings
from stockseq.models.training import fit_model
from tests.models.model_rows import FAST, SMALL, TinyMarket, first

FILES = {"manifest.json", "network_0.keras", "network_1.keras", "scaler.json", "settings.json", "vocabulary.json"}

QUICK = FAST.model_copy(update={"epochs": 1, "n_seeds": 1})
FORECAST = """
import pathlib, sys
from tests.models.model_rows import make_market
from stockseq.models.bundle import load_bundle
market = make_market()
forecasts = load_bundle(pathlib.Path(sys.argv[1])).forecast(market.panel, market.samples)
forecasts.to_parquet(sys.argv[2])
"""


@pytest.fixture(scope="module")
def saved(model: Model, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_bundle(model, tmp_path_factory.mktemp("bundles") / "saved")


@pytest.fixture
def bundle(saved: Path, tmp_path: Path) -> Path:
    """Return a copy that a test may damage."""
    return Path(shutil.copytree(saved, tmp_path / "bundle"))


def sign(bundle: Path) -> None:
    """Write the hashes of the files as they are now into the manifest, as a forger would."""
    manifest = json.loads((bundle / "manifest.json").read_text())
    names = {path.name for path in bundle.iterdir()} - {"manifest.json"}
    manifest["sha256"] = {name: sha256((bundle / name).read_bytes()).hexdigest() for name in sorted(names)}
    (bundle / "manifest.json").write_text(json.dumps(manifest))


def test_a_fresh_process_forecasts_the_same(market: TinyMarket, model: Model, saved: Path, tmp_path: Path) -> None:
    """To 1e-6, as the morning's run reads what the evening's training wrote."""
    out = tmp_path / "forecasts.parquet"
    command = [sys.executable, "-c", FORECAST, str(saved), str(out)]
    subprocess.run(command, check=True, capture_output=True, cwd=Path(__file__).parents[2])
    here = model.forecast(market.panel, market.samples)
    there = pd.read_parquet(out)
    for column in ("probability_up", "expected_return", "probability_up_seed_1"):
        np.testing.assert_allclose(there[column], here[column], rtol=0, atol=1e-6)


def test_all_that_a_model_knows_comes_back(model: Model, saved: Path) -> None:
    """Settings, scaler, vocabulary, features, record and dates, exactly."""
    loaded = load_bundle(saved)
    for name in (
        "names", "scaler", "vocabulary", "network", "training", "trained_through", "median_volatility", "record",
        "calibration",
    ):  # fmt: skip
        assert getattr(loaded, name) == getattr(model, name), name


def test_a_bundle_from_before_sizes_forecasts_as_it_did(market: TinyMarket, tmp_path: Path) -> None:
    """Its settings name neither the size head nor a calibration: each head speaks for itself, and no size is named."""
    before = SMALL.model_copy(update={"size_head": False})
    model = fit_model(market.panel, market.samples, market.fold, network=before, training=QUICK)
    folder = save_bundle(model, tmp_path / "bundle")
    settings = json.loads((folder / "settings.json").read_text())
    del settings["calibration"], settings["network"]["size_head"], settings["training"]["size_weight"]
    (folder / "settings.json").write_text(json.dumps(settings))
    sign(folder)
    loaded, windows = load_bundle(folder), first(market.samples, 20)
    assert loaded.network == before
    forecasts = loaded.forecast(market.panel, windows)
    matrix, ends = loaded.read(market.panel, windows.ends)
    output = make_predictor(loaded.networks[0], matrix.reader())(ends)
    np.testing.assert_array_equal(forecasts["probability_up"], output["direction"])
    np.testing.assert_array_equal(forecasts["expected_return"], output["return"] * windows.volatility)
    assert forecasts[["sigma", "low_80", "high_95"]].isna().all(axis=None)


def test_a_bundle_holds_these_files_and_no_draft(saved: Path) -> None:
    """It is written beside its place and moved there in one step."""
    assert {path.name for path in saved.iterdir()} == FILES
    assert [path.name for path in saved.parent.iterdir()] == ["saved"]


def test_a_bundle_replaces_the_one_before(model: Model, bundle: Path) -> None:
    """The same model trained again has the same name."""
    (bundle / "vocabulary.json").write_text("torn")
    save_bundle(model, bundle)
    assert load_bundle(bundle).vocabulary == model.vocabulary
    assert [path.name for path in bundle.parent.iterdir()] == ["bundle"]


def test_a_folder_that_is_no_bundle_is_left_alone(model: Model, tmp_path: Path) -> None:
    """A wrong path must not cost anybody's files."""
    (tmp_path / "thesis.tex").write_text("mine")
    with pytest.raises(BundleError, match="exists and is no model bundle"):
        save_bundle(model, tmp_path)
    assert (tmp_path / "thesis.tex").read_text() == "mine"


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-20])


def flip(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(bytes(content))


def edit_manifest(bundle: Path, **changes: object) -> None:
    manifest = json.loads((bundle / "manifest.json").read_text())
    (bundle / "manifest.json").write_text(json.dumps(manifest | changes))


@pytest.mark.parametrize(
    ("damage", "reason"),
    [
        (lambda bundle: shutil.rmtree(bundle), "There is no model bundle at"),
        (lambda bundle: (bundle / "manifest.json").unlink(), "There is no model bundle at"),
        (lambda bundle: (bundle / "manifest.json").write_text("{"), r"manifest\.json is damaged: "),
        (lambda bundle: (bundle / "manifest.json").write_bytes(b"\xff\xfe"), r"manifest\.json is damaged: "),
        (lambda bundle: edit_manifest(bundle, format="stockseq-model-9"), "has the format 'stockseq-model-9'"),
        (lambda bundle: (bundle / "network_1.keras").unlink(), r"lacks network_1\.keras"),
        (lambda bundle: (bundle / "extra.py").write_text("1"), r"has 'extra\.py' beside its own files"),
        (lambda bundle: cut(bundle / "network_0.keras"), r"network_0\.keras is damaged"),
        (lambda bundle: flip(bundle / "network_0.keras"), r"network_0\.keras is damaged"),
        (lambda bundle: (bundle / "scaler.json").write_text("{}"), r"scaler\.json is damaged"),
    ],
)
def test_a_damaged_bundle_is_refused(bundle: Path, damage: Callable[[Path], Any], reason: str) -> None:
    """Missing, torn, extra or edited files; never a silent forecast."""
    damage(bundle)
    with pytest.raises(BundleError, match=reason):
        load_bundle(bundle)


def replace_network(bundle: Path, network: Any) -> None:
    network.save(bundle / "network_0.keras")


def lambda_network() -> Any:
    inputs = {"indicators": keras.Input((3, 3), name="indicators"), "text": keras.Input((3, 2, 4), name="text")}
    out = keras.layers.Lambda(lambda values: values[:, -1, :1])(inputs["indicators"])
    return keras.Model(inputs, {"direction": out})


def foreign_network() -> Any:
    return build_network(SMALL.model_copy(update={"lookback": 5}), n_features=3, vocabulary_size=9, seed=0)


def edit_config(bundle: Path, old: str, new: str) -> None:
    """Rewrite the architecture inside the network's file."""
    path = bundle / "network_0.keras"
    with zipfile.ZipFile(path) as archive:
        contents = {name: archive.read(name) for name in archive.namelist()}
    assert old.encode() in contents["config.json"]
    contents["config.json"] = contents["config.json"].replace(old.encode(), new.encode())
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in contents.items():
            archive.writestr(name, content)


def name_system(bundle: Path) -> None:
    edit_config(
        bundle, '"module": "keras.layers", "class_name": "Concatenate"', '"module": "os", "class_name": "system"'
    )


@pytest.mark.parametrize(
    ("forge", "reason"),
    [
        (lambda bundle: replace_network(bundle, lambda_network()), r"names keras\.layers\.Lambda, which a stockseq"),
        (lambda bundle: replace_network(bundle, foreign_network()), "is the network of another model"),
        (name_system, r"names os\.system"),
        (lambda bundle: (bundle / "network_0.keras").write_bytes(b"not a zip"), "can't be read as a network"),
        (lambda bundle: (bundle / "settings.json").write_text('{"names": []}'), "settings that this version can't"),
        (lambda bundle: (bundle / "vocabulary.json").write_text("[]"), "settings that this version can't read"),
        (lambda bundle: (bundle / "scaler.json").unlink(), r"lacks scaler\.json"),
    ],
)
def test_a_forged_bundle_is_refused(bundle: Path, forge: Callable[[Path], Any], reason: str) -> None:
    """The hashes are right, as whoever forges a bundle would make them; what is inside is still looked at."""
    forge(bundle)
    sign(bundle)
    with pytest.raises(BundleError, match=reason):
        load_bundle(bundle)


def test_a_layer_that_is_not_installed_is_named(bundle: Path) -> None:
    """The bundle of a user with another plug-in."""
    settings = json.loads((bundle / "settings.json").read_text())
    settings["network"]["after"] = "their_projection"
    (bundle / "settings.json").write_text(json.dumps(settings))
    edit_manifest(bundle, layers={"after": "their_projection"})
    sign(bundle)
    with pytest.raises(BundleError, match=r"needs a layer that isn't installed here\. No plug-in `their_projection`"):
        load_bundle(bundle)


def name_layer(bundle: Path, layer: str) -> None:
    settings = json.loads((bundle / "settings.json").read_text())
    settings["network"]["before"] = layer
    (bundle / "settings.json").write_text(json.dumps(settings))
    edit_manifest(bundle, layers={"before": layer})
    sign(bundle)


@pytest.mark.parametrize("layer", ["planted_layer:X", "causal_normalisation + planted_layer:X"])
def test_a_bundle_brings_no_code(bundle: Path, monkeypatch: pytest.MonkeyPatch, layer: str) -> None:
    """A module that lies where Python finds it is not imported because a bundle names it."""
    (bundle.parent / "planted_layer.py").write_text("raise SystemExit('it ran')")
    monkeypatch.syspath_prepend(str(bundle.parent))
    name_layer(bundle, layer)
    with pytest.raises(
        BundleError, match=r"`planted_layer:X` before the LSTM is no entry point of an installed package"
    ):
        load_bundle(bundle)
    assert "planted_layer" not in sys.modules


def test_a_layer_of_ones_own_loads_where_the_caller_names_it(market: TinyMarket, tmp_path: Path) -> None:
    """The settings of whoever trained it name it; a bundle alone is no reason to import it."""
    own = "tests.layers.slot_layers:Halve"
    settings = SMALL.model_copy(update={"before": own})
    model = fit_model(market.panel, market.samples, market.fold, network=settings, training=QUICK)
    folder = save_bundle(model, tmp_path / "bundle")
    with pytest.raises(BundleError, match="name it in your settings"):
        load_bundle(folder)
    assert load_bundle(folder, own_layers=[own]).network.before == own


@pytest.mark.parametrize(
    ("file", "name", "value", "reason"),
    [
        ("settings.json", "median_volatility", 0.0, "median volatility must be positive and finite"),
        ("settings.json", "trained_through", "NaT", "must be a date such as 2024-11-27, received 'NaT'"),
        ("settings.json", "trained_through", "9999-12-31", "must be a session of 1900 to 2199"),
        ("settings.json", "names", ["a", "a", "a"], "the feature 'a' is named twice"),
        ("scaler.json", "centre", [0.0], "A stored scaler needs one finite centre and one spread"),
        ("scaler.json", "limit", "5", "expected a number, received '5'"),
        ("vocabulary.json", "tokens", [], r"it embeds \[\d+\] codes, and the vocabulary has 2"),
    ],
)
def test_a_bundle_that_contradicts_itself_is_refused(
    bundle: Path, file: str, name: str, value: object, reason: str
) -> None:
    """Its hashes are right, and what it says can't be."""
    content = json.loads((bundle / file).read_text())
    (bundle / file).write_text(json.dumps(content | {name: value}))
    sign(bundle)
    with pytest.raises(BundleError, match=reason):
        load_bundle(bundle)


def test_a_bundle_that_is_a_link_or_holds_one_is_refused(bundle: Path) -> None:
    """What a link points at may change after it was checked."""
    (bundle.parent / "link").symlink_to(bundle)
    with pytest.raises(BundleError, match="must be a folder, and is a link"):
        load_bundle(bundle.parent / "link")
    (bundle / "scaler.json").rename(bundle.parent / "scaler.json")
    (bundle / "scaler.json").symlink_to(bundle.parent / "scaler.json")
    with pytest.raises(BundleError, match="it is no plain file"):
        load_bundle(bundle)


@pytest.mark.parametrize("model_id", ["../../elsewhere", "/etc", "..", "", "a/b", "a\n"])
def test_a_registered_name_leads_to_no_other_folder(model_id: str) -> None:
    """The table is a file, too, and may come from somebody else."""
    with pytest.raises(BundleError, match="is no model's id"):
        find_bundle(Path("data/models"), model_id)


def test_a_network_that_declares_more_than_it_holds_is_not_built(bundle: Path) -> None:
    """A billion units would fill the memory before anything is found wrong."""
    edit_config(bundle, f'"units": {SMALL.units},', '"units": 1000000000,')
    sign(bundle)
    with pytest.raises(BundleError, match=r"network_0\.keras can't be read as a network"):
        load_bundle(bundle)


def test_a_model_with_layers_names_them_and_comes_back(market: TinyMarket, tmp_path: Path) -> None:
    """All three slots, two layers in one of them, with features read by name: the same forecasts to the last bit."""
    normalisation = "stockseq.layers.before.causal_normalisation:CausalNormalisation"
    decay = "stockseq.layers.before.sentiment_decay:SentimentDecay"
    layers = {
        "before": f"{normalisation} + {decay}",
        "before_options": {decay: {"side": ["text"]}},
        "within": "stockseq.layers.within.news_gate_cell:NewsGateCell",
        "within_options": {"side": ["text"]},
        "after": "stockseq.layers.after.branch_gate:BranchGate",
        "after_options": {"side": ["text"], "dimension": 2},
    }
    settings = NetworkSettings(**(SMALL.model_dump() | layers))
    model = fit_model(market.panel, market.samples, market.fold, network=settings, training=QUICK)
    folder = save_bundle(model, tmp_path / "bundle")
    named = json.loads((folder / "manifest.json").read_text())["layers"]
    assert named == {slot: layers[slot] for slot in ("after", "before", "within")}
    windows = first(market.samples, 50)
    expected = model.forecast(market.panel, windows)
    pd.testing.assert_frame_equal(load_bundle(folder).forecast(market.panel, windows), expected)


def test_the_lstm_that_reads_the_text_avoids_cudnn_after_loading(tmp_path: Path) -> None:
    """Keras doesn't save the choice, and a forecast on a GPU would fail."""
    settings = SMALL.model_copy(update={"text_reader": "lstm", "headlines_per_session": 2})
    vocabulary = Vocabulary(("profit", "falls"))
    network = build_network(settings, n_features=1, vocabulary_size=len(vocabulary), seed=0)
    model = Model(
        networks=(network,),
        names=("momentum",),
        scaler=Scaler((0.0,), (1.0,)),
        vocabulary=vocabulary,
        network=settings,
        training=QUICK,
        trained_through=pd.Timestamp("2024-11-27"),
        median_volatility=0.02,
    )
    (loaded,) = load_bundle(save_bundle(model, tmp_path / "text")).networks
    assert [each.get_layer("lstm").use_cudnn for each in (network, loaded)] == [False, False]
