"""What moved a forecast is told again for any session of a run, or refused where nobody can tell it any more."""

import json
import shutil
from pathlib import Path

import pandas as pd
import pytest

from pipelines.why import run_why
from stockseq.errors import SettingsError, StockseqError
from stockseq.runs.folder import find_run
from stockseq.store import Store

TICKER = "BANVEX"


def ask(settings, now, *, name=None, session=None, tickers=(TICKER,)):
    return run_why(settings, now, name=name, session=session, tickers=tickers)


def test_a_morning_s_own_words_are_shown_and_made_again_they_are_the_same(begun, mornings, capsys):
    """Without the table, as a run of an older version lies there, the registered model says it anew."""
    told = ask(begun, mornings[0])
    shown = capsys.readouterr().out
    folder = find_run(Path(begun.data), None)
    (folder / "why.parquet").unlink()
    versions = Store(begun.data).versions()
    again = ask(begun, mornings[0])
    assert Store(begun.data).versions() == versions
    assert [part.name for part in again[0].parts] == [part.name for part in told[0].parts]
    for mine, theirs in zip(again[0].parts, told[0].parts, strict=True):
        assert mine.contribution == pytest.approx(theirs.contribution, abs=1e-6)
    assert f"{TICKER}, " in shown
    assert "base: what the model says where nothing is known" in shown
    assert "the forecast" in shown


def test_a_past_session_of_a_morning_is_explained_by_its_model(begun, mornings):
    """The page shows the champion's forecasts since its training ended; each can be asked about."""
    recorded = pd.read_parquet(find_run(Path(begun.data), None) / "out_of_sample.parquet")
    row = recorded[recorded["ticker"] == TICKER].iloc[3]
    why = ask(begun, mornings[1], session=f"{row['session']:%Y-%m-%d}")[0]
    assert why.session == row["session"]
    assert why.probability_up == pytest.approx(row["probability_up"], abs=1e-6)


def test_a_forecast_that_can_t_be_made_again_is_refused(begun, mornings):
    """A record that says something else than the store gives: what moved another forecast would mislead."""
    folder = find_run(Path(begun.data), None).resolve()
    (folder / "why.parquet").unlink()
    forecasts = pd.read_parquet(folder / "forecasts.parquet")
    forecasts["probability_up"] += 1e-4
    forecasts.to_parquet(folder / "forecasts.parquet", index=False)
    manifest = json.loads((folder / "manifest.json").read_text())
    manifest["libraries"]["numpy"] = "0.1"
    (folder / "manifest.json").write_text(json.dumps(manifest))
    with pytest.raises(StockseqError, match=r"comes out as .* nobody can say any more .* numpy was 0\.1 and is"):
        ask(begun, mornings[0])


def test_what_is_not_there_is_named(begun, mornings):
    """A mistyped date, session, ticker or run says what there is."""
    with pytest.raises(SettingsError, match="SESSION must be a date such as 2021-03-04"):
        ask(begun, mornings[0], session="04/03/2021")
    with pytest.raises(SettingsError, match="has no forecast of 1999-01-04; its forecasts are of sessions from"):
        ask(begun, mornings[0], session="1999-01-04")
    with pytest.raises(SettingsError, match=r"has no forecast of BANVEK .* did you mean `?BANVEX"):
        ask(begun, mornings[0], tickers=("BANVEK",))
    with pytest.raises(StockseqError, match="No run 2020"):
        ask(begun, mornings[0], name="2020")


def test_a_damaged_run_is_said_to_be_damaged(begun, mornings):
    """Never a traceback, and never what is left of it."""
    folder = find_run(Path(begun.data), None).resolve()
    (folder / "why.parquet").write_bytes(b"PAR1")
    with pytest.raises(StockseqError, match="can't be read: a file of it is missing or damaged"):
        ask(begun, mornings[0])
    copy = folder.with_name(f"{folder.name[:17]}ablation")
    shutil.copytree(folder, copy)
    manifest = json.loads((copy / "manifest.json").read_text()) | {"recipe": "ablation"}
    (copy / "manifest.json").write_text(json.dumps(manifest))
    with pytest.raises(StockseqError, match="is a run of `ablation`, and forecasts of daily, train, backtest"):
        ask(begun, mornings[0], name=copy.name)
