"""Plug-ins come from installed packages' entry points, and a wrong one is named."""

import sys

import pytest

from stockseq.errors import PluginError
from stockseq.plugins import load_plugin, plugin_names


@pytest.fixture
def package(tmp_path, monkeypatch):
    """Install a package of one module that offers what is asked of it."""

    def install(group: str, name: str, value: str, code: str) -> None:
        (tmp_path / "toy_plugin.py").write_text(code, encoding="utf-8")
        info = tmp_path / f"toy_{name}-1.0.dist-info"
        info.mkdir()
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: toy-{name}\nVersion: 1.0\n", encoding="utf-8")
        (info / "entry_points.txt").write_text(f"[{group}]\n{name} = {value}\n", encoding="utf-8")
        monkeypatch.syspath_prepend(str(tmp_path))
        monkeypatch.delitem(sys.modules, "toy_plugin", raising=False)

    return install


def test_an_installed_feature_is_found_by_name(package):
    """A user's package is loaded without a line of ours naming it."""
    package("stockseq.features", "toy", "toy_plugin:FEATURE", "FEATURE = 7\n")
    assert "toy" in plugin_names("stockseq.features")
    assert load_plugin("stockseq.features", "toy") == 7


@pytest.mark.parametrize(
    ("value", "code"), [("toy_plugin:MISSING", "X = 1\n"), ("toy_plugin:X", "raise RuntimeError('no')\n")]
)
def test_a_plugin_that_fails_to_load_is_named(package, value, code):
    """The traceback of somebody else's module says nothing to the person at the terminal."""
    package("stockseq.sources", "broken", value, code)
    with pytest.raises(PluginError, match="`broken`"):
        load_plugin("stockseq.sources", "broken")


def test_a_name_offered_twice_is_refused(package, monkeypatch, tmp_path):
    """Which of the two would be meant depends on the order of installation."""
    package("stockseq.sources", "yahoo", "toy_plugin:X", "X = 1\n")
    with pytest.raises(PluginError, match="offered by"):
        load_plugin("stockseq.sources", "yahoo")
