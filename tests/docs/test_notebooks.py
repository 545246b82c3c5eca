"""The notebooks run as they stand, and what they show is what they print."""

import json
import re
from pathlib import Path

import pytest

from docs.scripts.notebooks import FOLDER, code_cells, run_notebook

NOTEBOOKS = sorted(FOLDER.glob("*.ipynb"))
TINY = "N_TICKERS, N_SESSIONS, N_SEEDS, N_FOLDS, EPOCHS = 5, 640, 1, 1, 1"
README = (Path(__file__).parents[2] / "README.md").read_text(encoding="utf-8")


def words(text):
    """Return a text without its numbers, whose last digits differ across processors, and with each blank once."""
    return " ".join(re.sub(r"[-+−]?\d[\d,.]*%?", "#", text).split())


def test_a_layer_is_judged_in_a_notebook(tmp_path):
    """All of its cells, on sizes so small that nothing is found: the leak is refused, and a verdict is printed."""
    printed = run_notebook(FOLDER / "judging-a-layer.ipynb", tmp_path, sizes=TINY)
    assert any("`Leaking`, isn't causal" in text for text in printed)
    assert any("Of 2 components, declared beforehand, none is shown" in text for text in printed)


@pytest.mark.slow
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_prints_what_is_saved_in_it(path, tmp_path):
    """At its own sizes, minutes each; the numbers of another processor may differ in the last digit that is shown."""
    saved = [text for _, text in code_cells(json.loads(path.read_text(encoding="utf-8")))]
    assert list(map(words, run_notebook(path, tmp_path))) == list(map(words, saved))


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_is_saved_with_outputs_and_without_a_machines_path(path):
    """The site shows what was saved; `make notebooks` saves it anew."""
    text = path.read_text(encoding="utf-8")
    assert not re.search(r"/(home|tmp|root|Users)/", text)
    assert sum(bool(printed) for _, printed in code_cells(json.loads(text))) >= 4


def test_the_first_notebook_has_the_lines_of_the_readme():
    """The README's ten lines are run at every test; so the notebook's calls are those."""
    block = re.search(r"^```python\n(import stockseq.*?)^```", README, flags=re.MULTILINE | re.DOTALL)[1]
    called = set(re.findall(r"\b(sq\.\w+|result\.\w+|\w+\.plot|\w+\.forecast_next)\(", block))
    notebook = (FOLDER / "ten-lines-to-a-backtest.ipynb").read_text(encoding="utf-8")
    assert {call for call in called if f"{call}(" not in notebook} == set()
