"""A morning on which nothing is new forecasts nothing anew; wherever anything could differ, it runs in full."""

import json
import shutil
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest

from pipelines.daily import run_daily
from stockseq.backtest.policy import Threshold
from stockseq.backtest.positions_file import read_positions
from stockseq.config import Settings
from stockseq.ingestion.ingest import Ingested
from stockseq.market import MarketData
from stockseq.report.morning_run import run_morning
from stockseq.runs.inputs import EarlierMorning, Inputs, find_earlier, hash_start, read_inputs
from stockseq.runs.trials import record_trial
from stockseq.schemas import Dropped, as_headlines
from stockseq.sources.source import Outcome
from stockseq.store import Store
from stockseq.workspace import Workspace

LATER = pd.Timedelta(minutes=5)


def read(settings: Settings, now: pd.Timestamp) -> Inputs | None:
    """What a morning as of `now` reads before it fetches."""
    workspace = Workspace(settings, now=now)
    positions = settings.daily.positions
    start = hash_start(None if positions is None else read_positions(positions, account=settings.account))
    return read_inputs(start, workspace.settings, workspace.registry, workspace.models, workspace.calendar, now)


def find(settings: Settings, now: pd.Timestamp) -> EarlierMorning | None:
    """The morning that a run as of `now` would stand by if its fetch brings nothing new."""
    return find_earlier(Path(settings.data), read(settings, now), now=now)


def fetched(settings: Settings, now: pd.Timestamp) -> tuple[MarketData, Ingested]:
    """What the store knows, after a fetch that brought nothing."""
    market = Workspace(settings, now=now).market()
    return market, Ingested({ticker: Outcome(ticker, "nothing_new") for ticker in market.tickers}, {}, ())


def runs(settings: Settings) -> list[str]:
    return sorted(path.name for path in (Path(settings.data) / "runs").glob("2*"))


def test_a_morning_with_nothing_new_leaves_store_and_runs_as_they_are(begun, mornings, capsys):
    """It says since when, and where the page is."""
    versions, before = Store(begun.data).versions(), runs(begun)
    found, folder = run_daily(begun, mornings[0] + LATER)
    assert isinstance(found, EarlierMorning)
    assert (found.now, found.folder, folder.name) == (mornings[0], folder, before[0])
    assert (Store(begun.data).versions(), runs(begun)) == (versions, before)
    said = " ".join(capsys.readouterr().out.split())
    clock = mornings[0].tz_convert("America/New_York")
    assert f"Nothing new since the run of {clock:%Y-%m-%d %H:%M %Z}: no new bar, no new headline, the same" in said
    assert f"Page: {folder}" in said


def test_a_later_opinion_is_what_a_third_run_stands_by(begun, mornings, monkeypatch):
    """The newest run read what is there now; which forecasts count is the ledger's affair."""
    folder = Path(begun.data) / "runs" / runs(begun)[0]
    # As a run of an earlier version left it.
    manifest = json.loads((folder / "manifest.json").read_text())
    del manifest["inputs"]
    (folder / "manifest.json").write_text(json.dumps(manifest))
    _, second = run_daily(begun, mornings[0] + LATER)
    found, folder = run_daily(begun, mornings[0] + 2 * LATER)
    assert isinstance(found, EarlierMorning)
    assert folder == second


def test_the_same_inputs_are_found_again_and_a_move_of_the_store_is_none(begun, mornings):
    """Nor does it matter in how many processes the run works."""
    assert find(begun, mornings[0] + LATER).now == mornings[0]
    assert find(begun.model_copy(update={"workers": 2}), mornings[0] + LATER) is not None


@pytest.mark.parametrize(
    "changed",
    [
        {"policy": Threshold()},
        {"seeds": 3},
        {"tickers": ("BANVEX",)},
        {"headline_latency_s": 60.0},
        {"scorer": "vader_finance"},
        {"label": "open_to_open(2)"},
        {"features": ("somebody.features:volume",)},
        {"network": {"after": "projection"}},
    ],
)
def test_other_settings_run_in_full(begun, mornings, changed):
    """Whatever the setting; and code of somebody else's may have changed without a trace."""
    if "seeds" in changed:
        changed = {"training": begun.training.model_copy(update={"n_seeds": changed["seeds"]})}
    if "network" in changed:
        changed = {"network": begun.network.model_copy(update=changed["network"])}
    assert find(begun.model_copy(update=changed), mornings[0] + LATER) is None


def test_another_session_and_another_part_of_the_day_run_in_full(begun, mornings):
    """Late forecasts, those of the evening before and those of the morning count differently."""
    for now in (mornings[1], mornings[0] + pd.Timedelta(hours=2), mornings[0] - pd.Timedelta(hours=14)):
        assert find(begun, now) is None


def test_other_positions_run_in_full(begun, mornings, tmp_path):
    """The book is of what the file says, not of its name."""
    path = tmp_path / "mine.csv"
    settings = begun.model_copy(update={"daily": begun.daily.model_copy(update={"positions": str(path)})})
    path.write_text("ticker,shares\n$CASH,5000\n")
    before = read(settings, mornings[0])
    assert before.before_fetch != read(begun, mornings[0]).before_fetch
    path.write_text("ticker,shares\n$CASH,5001\n")
    assert before.before_fetch != read(settings, mornings[0]).before_fetch


def test_positions_that_change_while_a_morning_runs_are_of_the_next(begun, mornings, tmp_path, monkeypatch):
    """What is noted is what the book was made of, not what the file says when the run ends."""
    path = tmp_path / "mine.csv"
    settings = begun.model_copy(update={"daily": begun.daily.model_copy(update={"positions": str(path)})})
    path.write_text("ticker,shares\n$CASH,5000\n")

    def run_while_the_file_changes(*args, **options):
        path.write_text("ticker,shares\n$CASH,5001\n")
        return run_morning(*args, **options)

    monkeypatch.setattr("pipelines.daily.run_morning", run_while_the_file_changes)
    run_daily(settings, mornings[0] + LATER, quiet=True)
    assert find(settings, mornings[0] + 2 * LATER) is None
    path.write_text("ticker,shares\n$CASH,5000\n")
    assert find(settings, mornings[0] + 2 * LATER).now == mornings[0] + LATER


@pytest.mark.parametrize(
    "name", ["metrics.json", "forecasts.parquet", "manifest.json", "report/index.html", "../index.html"]
)
def test_a_run_that_lacks_something_is_made_anew(begun, mornings, name):
    """A page that is gone comes back with the next run; one killed before it listed all runs lacks the list."""
    folder = Path(begun.data) / "runs" / runs(begun)[0]
    (folder / name).unlink()
    assert find(begun, mornings[0] + LATER) is None


@pytest.mark.parametrize("text", ["{", "[]", '{"inputs": 1}', '{"inputs": {"session": "x"}, "now": "2018"}'])
def test_a_damaged_manifest_is_no_earlier_morning(begun, mornings, text):
    """Nothing is believed that can't be read."""
    (Path(begun.data) / "runs" / runs(begun)[0] / "manifest.json").write_text(text)
    assert find(begun, mornings[0] + LATER) is None


def test_a_damaged_or_missing_bundle_runs_in_full(begun, mornings):
    """Loading it says what is wrong with it."""
    (bundle,) = (path.parent for path in (Path(begun.data) / "models").glob("*/manifest.json"))
    (bundle / "scaler.json").write_text("{}")
    assert find(begun, mornings[0] + LATER) is None
    shutil.rmtree(bundle)
    assert find(begun, mornings[0] + LATER) is None


def test_rows_in_another_order_are_the_same(begun, mornings):
    """What was read and what was appended stand in different orders."""
    inputs = read(begun, mornings[0])
    market, ingested = fetched(begun, mornings[0])
    again = replace(market, headlines=market.headlines[::-1], bars=market.bars[::-1])
    assert inputs.after(market, ingested) == inputs.after(again, ingested) != inputs
    assert find(begun, mornings[0]).inputs == inputs.after(market, ingested)


def test_whatever_a_fetch_brings_runs_in_full(begun, mornings):
    """A headline, a bar, an action, a ticker that failed or whose bar is held back, a doubt, headlines that failed."""
    inputs = read(begun, mornings[0])
    market, ingested = fetched(begun, mornings[0])
    ticker = market.tickers[0]
    headline = market.headlines.tail(1).assign(headline_id="0" * 16, text="Kola soars")
    bars, close = market.bars, market.bars["close"].iloc[-1]
    markets = [
        replace(market, headlines=as_headlines(pd.concat([market.headlines, headline], ignore_index=True))),
        replace(market, bars=bars.assign(close=[*bars["close"][:-1], close * 1.0000001])),
        replace(market, bars=bars.iloc[:-1]),
        replace(market, actions=market.actions.iloc[1:]),
    ]
    outcomes = [
        {**ingested.outcomes, ticker: Outcome(ticker, "failed", reason="no answer")},
        {**ingested.outcomes, ticker: Outcome(ticker, "failed", reason="HTTP 429")},
        {**ingested.outcomes, ticker: Outcome(ticker, "nothing_new", held="its open is 100 times the stored one")},
        {name: outcome for name, outcome in ingested.outcomes.items() if name != ticker},
    ]
    rounds = [
        *(replace(ingested, outcomes=each) for each in outcomes),
        replace(ingested, headline_failures={ticker: "no answer"}),
        replace(ingested, doubts=("Its whole history comes at half the stored prices.",)),
    ]
    found = [
        inputs.after(market, ingested),
        *(inputs.after(each, ingested) for each in markets),
        *(inputs.after(market, each) for each in rounds),
    ]
    assert len(set(found)) == len(found) == 11
    # That a ticker was brought up to date then and has nothing new now is no difference, nor what was left out.
    updated = Outcome(ticker, "updated", 2, "1 bar, 1 headline")
    same = replace(
        ingested, outcomes={**ingested.outcomes, ticker: updated}, dropped=(Dropped("bars", ticker, "late", 1),)
    )
    assert inputs.after(market, same) == found[0]


def test_a_store_that_was_written_to_runs_in_full(begun, mornings):
    """A backtest counts as a trial, which the page of a morning counts."""
    earlier, store = find(begun, mornings[0] + LATER), Store(begun.data)
    inputs = earlier.inputs
    assert earlier.is_same(inputs, store.versions())
    assert not earlier.is_same(replace(inputs, fetched="0"), store.versions())
    record_trial(store, begun, "backtest", {"accuracy": 0.5}, now=mornings[0])
    assert not earlier.is_same(inputs, store.versions())


def test_without_a_model_there_is_nothing_to_stand_by(settings, mornings):
    """The first morning trains one."""
    Store(settings.data)
    assert read(settings, mornings[0]) is None
