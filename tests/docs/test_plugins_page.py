"""Every example of the plug-ins page, copied as a reader would copy it, passes the check that it shows."""

import importlib
import re
import sys
from pathlib import Path

import pytest

import stockseq as sq
from stockseq.testing.layers import check_layer

PAGE = (Path(__file__).parents[2] / "docs" / "plugins.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```python\n(.*?)^```", PAGE, flags=re.MULTILINE | re.DOTALL)
FILE = re.compile(r"# my-package/(my_package/\w+\.py)\n")


@pytest.fixture(scope="module")
def package(tmp_path_factory):
    """The package that the page's files make, where Python finds it."""
    folder = tmp_path_factory.mktemp("my-package")
    (folder / "my_package").mkdir()
    for block in BLOCKS:
        if name := FILE.match(block):
            (folder / name[1]).write_text(block, encoding="utf-8")
    sys.path.insert(0, str(folder))
    yield folder
    sys.path.remove(str(folder))
    for name in [name for name in sys.modules if name.partition(".")[0] == "my_package"]:
        del sys.modules[name]


def block_with(text):
    """Return the one block without a file name that has the text."""
    (block,) = [block for block in BLOCKS if text in block and not FILE.match(block)]
    return block


def test_the_feature_passes():
    """The first thing an author copies; the block ends with the check."""
    exec(compile(block_with("check_feature"), "plugins.md", "exec"), {"__name__": "plugins"})  # noqa: S102


def test_the_source_passes(package, monkeypatch):
    """Its table is of two tickers' bars, named as the page names them; the block ends with the check."""
    monkeypatch.chdir(package)
    bars = sq.load_simulated(n_tickers=2, n_sessions=60).bars
    names = dict(zip(bars["ticker"].unique(), ["AAPL", "MSFT"], strict=True))
    table = bars.assign(ticker=bars["ticker"].map(names))
    table[["ticker", "session", "open", "high", "low", "close", "volume"]].to_csv("my-bars.csv", index=False)
    exec(compile(block_with("check_source"), "plugins.md", "exec"), {"__name__": "plugins"})  # noqa: S102


@pytest.mark.parametrize(
    ("slot", "name"), [("before", "layers:Ema"), ("within", "cells:LeakyCell"), ("after", "gains:Gain")]
)
def test_the_layer_of_each_slot_passes(package, slot, name):
    """That another process loads such layers is tested for a layer of a user's in tests/testing."""
    module, layer = name.split(":")
    check_layer(slot, getattr(importlib.import_module(f"my_package.{module}"), layer), fresh_process=False)
