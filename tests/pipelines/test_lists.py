"""The lists of runs and models: nothing that is typed again is cut, and what is damaged is said."""

from pathlib import Path

import pandas as pd
import pytest

from pipelines.report import list_runs, run_report
from pipelines.screens.console import console
from pipelines.screens.models import show_models
from stockseq.errors import StockseqError


def test_ids_and_dates_of_models_are_never_cut(monkeypatch, capsys):
    """On the narrowest terminal in use."""
    monkeypatch.setattr(console, "width", 80)
    row = {
        "model_id": "20181018-876791f1c1", "state": "champion", "label": "open_to_close", "metrics": {},
        "trained_through": pd.Timestamp("2018-10-18"),
    }  # fmt: skip
    show_models(pd.DataFrame([row]))
    shown = capsys.readouterr().out
    assert "20181018-876791f1c1" in shown
    assert "2018-10-18" in shown


@pytest.mark.parametrize("text", ["[]", "null", "[" * 100_000, "{"])
def test_a_run_with_damaged_numbers_is_listed_as_such(begun, mornings, text, capsys):
    """Valid JSON that is no table of numbers, too."""
    (run,) = (Path(begun.data) / "runs").glob("2*")
    (run / "metrics.json").write_text(text, encoding="utf-8")
    list_runs(begun, mornings[0])
    assert "unreadable" in capsys.readouterr().out


@pytest.mark.parametrize("name", ["metrics.json", "manifest.json", "settings.toml", "forecasts.parquet"])
@pytest.mark.parametrize("text", ["[]", "{"])
def test_the_page_of_a_damaged_run_is_a_sentence(begun, mornings, name, text):
    """It names the run and what to do."""
    (run,) = (Path(begun.data) / "runs").glob("2*")
    (run / name).write_text(text, encoding="utf-8")
    with pytest.raises(
        StockseqError, match=f"The page of {run.name} can't be drawn again: a file of it is damaged .*run again"
    ):
        run_report(begun, mornings[0], name=None, open_page=False)
