"""The README's own layer: written, installed, checked, judged and used as it stands there; wrong ones told in time."""

import os
import re
import shlex
import subprocess
import sys
import tomllib
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import tomli_w

from stockseq.config import Settings
from stockseq.dataset.dataset import Inputs
from stockseq.errors import PluginError
from stockseq.layers.slots import find_layer
from stockseq.models.settings import NetworkSettings
from stockseq.testing import check_layer
from stockseq.testing.layers import check_network_layers
from stockseq.workspace import Workspace
from tests.pipelines.small import SMALL

ROOT = Path(__file__).parents[2]
SECTION = re.search(
    r"^## Your own layer\n(.*)\Z",
    (ROOT / "docs" / "plugins.md").read_text(encoding="utf-8"),
    flags=re.MULTILINE | re.DOTALL,
)[1]
BLOCKS = re.findall(r"^```(\w+)\n(.*?)^```", SECTION, flags=re.MULTILINE | re.DOTALL)
# A block of a file begins with its name.
FILES = {
    block.splitlines()[0].removeprefix("# "): block for language, block in BLOCKS if language in ("python", "toml")
}
COMMANDS = [
    line[2:] for language, block in BLOCKS if language == "console" for line in block.splitlines() if line[:2] == "$ "
]
LAYER, PROJECT = "my-package/my_package/layers.py", "my-package/pyproject.toml"
NOW = pd.Timestamp("2026-11-20T22:00:00Z")


class Spoken:
    """A progress that notes what is said."""

    def __init__(self) -> None:
        self.sentences: list[str] = []

    def step(self, task: str, done: int, total: int | None, note: str = "") -> None:
        pass

    def say(self, sentence: str) -> None:
        self.sentences.append(sentence)


def run(project: Path, command: list[str], **variables: str) -> subprocess.CompletedProcess[str]:
    """Run a command where the package is installed, as its user would."""
    bare = {name: value for name, value in os.environ.items() if not name.startswith("STOCKSEQ")}
    environment = {**bare, "PYTHONPATH": os.pathsep.join([str(project / "site"), str(ROOT)]), **variables}
    return subprocess.run(command, cwd=project, env=environment, capture_output=True, text=True, check=False)


def install(project: Path, layer: str) -> None:
    """Write the README's package with this layer and install it beside the virtual environment, not into it."""
    for name, text in ((LAYER, layer), (PROJECT, FILES[PROJECT])):
        (project / name).parent.mkdir(parents=True, exist_ok=True)
        (project / name).write_text(text, encoding="utf-8")
    program, *arguments = shlex.split(COMMANDS[0])
    assert (program, arguments[:3]) == (".venv/bin/python", ["-m", "pip", "install"])
    # An environment that uv made has no pip; there the page says to take uv's.
    with_pip = [sys.executable, *arguments, "--disable-pip-version-check"]
    with_uv = ["uv", *arguments[1:], "--python", sys.executable]
    done = run(project, [*(with_pip if find_spec("pip") else with_uv), "--target", "site", "--quiet"])
    assert done.returncode == 0, done.stderr


def write_settings(project: Path, *parts: str) -> None:
    """Write the README's lines over the settings of the small market as `stockseq.toml`."""
    settings: dict[str, Any] = {}
    for name, value in SMALL.items():
        _put(settings, name.split("."), value)
    for part in parts:
        for table, values in tomllib.loads(FILES[part]).items():
            settings[table] = {**settings.get(table, {}), **values}
    (project / "stockseq.toml").write_text(tomli_w.dumps(settings), encoding="utf-8")


def _put(settings: dict[str, Any], path: list[str], value: Any) -> None:
    for name in path[:-1]:
        settings = settings.setdefault(name, {})
    settings[path[-1]] = value


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the README's package, installed."""
    project = tmp_path_factory.mktemp("own")
    install(project, FILES[LAYER])
    return project


def test_the_section_shows_what_is_run_here() -> None:
    """Guards the test itself: a README in another form would make it run nothing."""
    assert list(FILES) == [LAYER, PROJECT, "stockseq.toml", "stockseq.toml, from now on"]
    assert [command.split()[0] for command in COMMANDS] == [".venv/bin/python", ".venv/bin/python", "make"]


def test_the_readmes_layer_is_checked_in_silence_and_averages_what_it_says(
    project: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    """By hand at speed 0.5: 4, then (8 + 4/2) / 1.5 = 6.6667, then (2 + 8/2 + 4/4) / 1.75 = 4."""
    monkeypatch.syspath_prepend(str(project / "site"))
    program, option, code = shlex.split(COMMANDS[1])
    assert (program, option) == (".venv/bin/python", "-c")
    exec(compile(code, "README.md", "exec"), {})  # noqa: S102  the command, in this process
    assert capfd.readouterr() == ("", "")
    made = find_layer("before", "ema")(speed=0.5)(np.array([[[4.0], [8.0], [2.0]]], np.float32))
    np.testing.assert_allclose(made[0], [[4.0, 4.0], [8.0, 6.6667], [2.0, 4.0]], atol=1e-4)


def test_the_readmes_slip_gets_the_readmes_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A reader who tries it sees what is written."""
    slip = re.search(r"With `(.*?)` for the age", SECTION)[1]
    wrong = re.sub(r"\bage = .*", f"age = {slip}", FILES[LAYER]).replace('package="my_package"', 'package="slipped"')
    (tmp_path / "slipped.py").write_text(wrong, encoding="utf-8")
    monkeypatch.syspath_prepend(str(tmp_path))
    sentence = " ".join(line[2:] for line in SECTION.splitlines() if line.startswith("> "))
    with pytest.raises(PluginError) as refused:
        check_layer("before", find_layer("before", "slipped:Ema"), fresh_process=False)
    assert str(refused.value) == sentence
    # The run's own network looks back on 6 sessions, and is told before its seeds are fitted.
    with pytest.raises(PluginError, match="output 1 of 6 moves when the sessions from 2 of 6 on change"):
        check_network_layers(NetworkSettings(lookback=6, before="slipped:Ema"), names=Inputs().names)


@pytest.mark.slow
def test_a_backtest_with_the_layer_checks_it_and_shows_what_it_learnt(project: Path) -> None:
    """The last lines of the section, in a real process that finds the layer by its entry point."""
    write_settings(project, "stockseq.toml, from now on")
    done = run(project, [sys.executable, "-m", "pipelines", "backtest"], STOCKSEQ_FOLDS="1", STOCKSEQ_SEEDS="1")
    assert done.returncode == 0, done.stderr
    assert re.search(
        r"^The contract of layers is kept by `ema`; checking took \d+ s\.$", done.stdout, flags=re.MULTILINE
    )
    metrics = (project / "data/runs/latest/metrics.json").read_text(encoding="utf-8")
    assert '"speed": 0.' in metrics


@pytest.mark.slow
def test_the_ablation_judges_the_layer(project: Path) -> None:
    """What the whole section is for."""
    write_settings(project, "stockseq.toml")
    variables = {f"STOCKSEQ_{name}": value for name, value in (word.split("=") for word in COMMANDS[2].split()[2:])}
    small = {**variables, "STOCKSEQ_FOLDS": "1", "STOCKSEQ_SEEDS": "1"}
    done = run(project, [sys.executable, "-m", "pipelines", COMMANDS[2].split()[1]], **small)
    assert done.returncode == 0, done.stderr
    assert "ema" in done.stdout
    assert (project / "my-data/runs/latest/report/index.html").is_file()


@pytest.mark.parametrize(
    ("network", "reason"),
    [
        ({"within": "news_gat"}, r"No plug-in `news_gat` in stockseq.layers.within; did you mean `news_gate`\?"),
        ({"after": "keras.layers:Dens"}, r"keras.layers has no layer `Dens`; did you mean `Dense`\?"),
        ({"before": "projection"}, "is one after the LSTM, not before it; name it as `after`"),
        (
            {"before": "temporal_convolution + causal_normalisation"},
            "`causal_normalisation`, can't follow `temporal_convolution`, which gives one vector per window",
        ),
        (
            {"after": "projection + temporal_attention", "after_options": {"projection": {"dimension": 2}}},
            "`temporal_attention`, reads every state of the LSTM, so it must be named first",
        ),
        ({"lookback": 2, "before": "temporal_convolution"}, "need a lookback of at least 3 sessions, received 2"),
        ({"after": "projection", "after_options": {"dimensions": 2}}, r"no `dimensions`; did you mean `dimension`\?"),
        ({"before": "sentiment_decay", "before_options": {"side": ["news_men"]}}, r"did you mean `news_mean`\?"),
    ],
)
def test_what_cannot_be_built_is_told_before_anything_is_fetched(
    settings: Settings, network: dict[str, Any], reason: str
) -> None:
    """A fetch takes minutes and a fit hours; a misspelt name takes a second."""
    wrong = settings.model_copy(update={"network": NetworkSettings(**network)})
    with pytest.raises(PluginError, match=reason), Workspace(wrong, now=NOW, create=True).lock():
        pass
    assert not (Path(settings.data) / "bars").exists()


def test_a_run_that_does_not_train_is_not_kept_waiting(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    """A forecast with last week's model needs no check of what was checked before it was trained."""
    crossing = NetworkSettings(after="keras.layers:BatchNormalization")
    workspace = Workspace(settings.model_copy(update={"network": crossing}), now=NOW, create=True)
    with workspace.lock(trains=False):
        pass
    with (
        pytest.raises(PluginError, match="`BatchNormalization`, looks across its batch in training"),
        workspace.lock(),
    ):
        pass


def test_a_layer_is_checked_once_in_a_process_and_shipped_ones_never(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An ablation asks for each variant; ours are held to the contract by the tests."""
    monkeypatch.syspath_prepend(str(project / "site"))
    spoken = Spoken()
    check_network_layers(NetworkSettings(before="ema", lookback=3), names=Inputs().names, progress=spoken)
    (sentence,) = spoken.sentences
    assert sentence.startswith("The contract of layers is kept by `ema`")
    for network in (
        NetworkSettings(before="ema", lookback=3),
        NetworkSettings(before="causal_normalisation"),
        NetworkSettings(),
    ):
        check_network_layers(network, names=Inputs().names, progress=spoken)
    assert spoken.sentences == [sentence]
