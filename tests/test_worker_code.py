"""What a worker elsewhere lacks to give the same answers is said in a few words."""

import os
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest

from stockseq.tensorflow_environment import ENVIRONMENT
from stockseq.worker_code import PluginCode, WorkerCode, has_changed, plugin_code


def test_this_process_has_its_own_code() -> None:
    """Else no run would begin."""
    assert WorkerCode.here().prepare() is None


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"version": "0.1.0"}, "has stockseq {version}, this machine 0.1.0"),
        ({"digest": "other"}, "has other source files of stockseq {version} than this machine"),
        ({"libraries": (("Python", "2.7"),)}, "has Python {python}, this machine 2.7"),
    ],
    ids=["version", "files", "library"],
)
def test_other_code_is_named(changes: dict[str, object], problem: str) -> None:
    """Of stockseq first, then of what decides the bits of an answer."""
    here = WorkerCode.here()
    if "libraries" in changes:
        changes = {"libraries": (*changes["libraries"], *here.libraries[1:])}  # type: ignore[misc]
    said = replace(here, **changes).prepare()  # type: ignore[arg-type]
    assert said == problem.format(version=here.version, python=here.libraries[0][1])


def test_a_process_is_given_the_environment_that_tensorflow_reads(monkeypatch: pytest.MonkeyPatch) -> None:
    """Only until it is loaded: `dask worker` knows nothing of what our command line sets."""
    here = replace(WorkerCode.here(), variables=(("TF_ENABLE_ONEDNN_OPTS", "0"), ("TF_CPP_MIN_LOG_LEVEL", "3")))
    monkeypatch.delitem(sys.modules, "tensorflow", raising=False)
    monkeypatch.setenv("TF_ENABLE_ONEDNN_OPTS", "1")
    monkeypatch.setenv("TF_CPP_MIN_LOG_LEVEL", "2")
    assert here.prepare() is None
    assert os.environ["TF_ENABLE_ONEDNN_OPTS"] == "0"
    assert os.environ["TF_CPP_MIN_LOG_LEVEL"] == "3"
    monkeypatch.setitem(sys.modules, "tensorflow", sys)
    monkeypatch.setenv("TF_ENABLE_ONEDNN_OPTS", "1")
    assert here.prepare() == "has loaded TensorFlow with TF_ENABLE_ONEDNN_OPTS=1, this machine with 0"


def test_what_is_not_set_yet_will_be_set_to_the_default(monkeypatch: pytest.MonkeyPatch) -> None:
    """A run that has no network yet names its workers what both will have, not what it lacks."""
    for name in ENVIRONMENT:
        monkeypatch.delenv(name, raising=False)
    here = WorkerCode.here()
    for name, value in ENVIRONMENT.items():
        monkeypatch.setenv(name, value)
    assert here.variables == tuple(ENVIRONMENT.items()) == WorkerCode.here().variables


def test_a_plug_in_of_ones_own_is_named_with_its_module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file beside the settings belongs to no package; another text in it is another version."""
    (tmp_path / "made_up_layers.py").write_text("x = 1\n")
    monkeypatch.syspath_prepend(tmp_path)
    (plugin,) = plugin_code([("after", "made_up_layers:Mine"), ("within", "news_gate")], [])
    assert "made_up_layers" not in sys.modules
    assert plugin.problem() is None
    (tmp_path / "made_up_layers.py").write_text("x = 2\n")
    from_it = "of the package `made_up_layers`, which the layer `made_up_layers:Mine` (after) comes from"
    assert plugin.problem() == f"has another version {from_it}"
    (tmp_path / "made_up_layers.py").unlink()
    assert plugin.problem() == f"lacks {from_it.removeprefix('of ')}"


def test_a_table_in_a_package_is_part_of_its_code(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Other weights of words give other scores."""
    package = tmp_path / "made_up_package"
    package.mkdir()
    (package / "__init__.py").touch()
    (package / "words.csv").write_text("beats,1.5\n")
    monkeypatch.syspath_prepend(tmp_path)
    (plugin,) = plugin_code([("after", "made_up_package:Mine")], [])
    assert plugin.problem() is None
    (package / "words.csv").write_text("beats,1.6\n")
    assert (plugin.problem() or "").startswith("has another version of the package `made_up_package`")


def test_a_package_without_its_entry_point_is_none() -> None:
    """Its files alone don't let the name be found."""
    code = PluginCode("the layer `x` (after)", "stockseq.layers.after", "x", "stockseq", "`p 1.0`", "")
    assert code.problem() == "lacks the package `p 1.0`, which the layer `x` (after) comes from"


def test_files_that_are_newer_than_a_process_are_found() -> None:
    """A worker that was started before an upgrade has the old ones in its memory."""
    assert has_changed("stockseq", 0.0)
    assert not has_changed("stockseq", time.time())
    assert not has_changed("no_such_package", 0.0)
