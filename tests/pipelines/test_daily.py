"""A day forecasts once, is scored when its bars are final, and changes nothing when it is run again."""

import json
import shutil
from collections import Counter
from dataclasses import dataclass, replace
from pathlib import Path

import pandas as pd
import pytest

from pipelines.daily import run_daily
from pipelines.unattended import is_due
from stockseq.config import Settings, load_settings
from stockseq.errors import DataError
from stockseq.forecast_ledger import verify
from stockseq.forecasting.morning import Morning
from stockseq.forecasting.next_book import NextBook
from stockseq.runs.folder import find_run
from stockseq.schemas import as_headlines
from stockseq.sources.simulated import SimulatedSource
from stockseq.store import TABLES, Store
from tests.pipelines.small import SMALL
from tests.store.scans import Scans, count_scans


def contents(store: Store) -> dict[str, pd.DataFrame]:
    return {table: store.read(table) for table in TABLES}


def test_the_same_day_again_changes_no_table(begun, mornings):
    """Make is run twice by accident; the ledger must not notice, even where all is forecast anew."""
    store = Store(begun.data)
    shutil.rmtree(Path(begun.data) / "runs")
    before, versions = contents(store), store.versions()
    run_daily(begun, mornings[0])
    assert store.versions() == versions
    for table, frame in contents(store).items():
        pd.testing.assert_frame_equal(frame, before[table])


@dataclass(frozen=True)
class SecondMorning:
    """The day after `first_morning`, for all who only look: settings, result, folder of the run and what it read."""

    settings: Settings
    daily: Morning
    folder: Path
    scans: Scans


@pytest.fixture(scope="module")
def second(first_morning, mornings, tmp_path_factory) -> SecondMorning:
    data = shutil.copytree(first_morning, tmp_path_factory.mktemp("second-morning") / "data", symlinks=True)
    settings = load_settings(overrides={**SMALL, "data": str(data)})
    with pytest.MonkeyPatch.context() as patch:
        scans = count_scans(patch)
        daily, folder = run_daily(settings, mornings[1], quiet=True)
    return SecondMorning(settings, daily, folder, scans)


def test_a_day_reads_each_table_once(second):
    """What was written in the meantime is known without reading; only the name of the content needs all vintages."""
    scans = second.scans
    named = {"bars": 1, "actions": 1, "headlines": 1}
    assert scans.reads - Counter(named) == Counter(
        [
            *("bars", "actions", "headlines", "scores", "features", "models", "forecasts", "ledger_heads", "trials"),
            *("exchanges", "sources", "comparisons"),
        ]
    )
    assert max(scans.checks.values()) == 1


def read_book(folder: Path) -> NextBook:
    return NextBook.from_dict(json.loads((folder / "metrics.json").read_text(encoding="utf-8"))["book"])


def test_positions_of_a_file_are_read_before_anything_is_fetched(begun, mornings, market, tmp_path, capsys):
    """A wrong line ends the run with the store as it was; a right one stands in the book."""
    path = tmp_path / "mine.csv"
    daily = begun.daily.model_copy(update={"positions": str(path)})
    settings = begun.model_copy(update={"daily": daily})
    versions = Store(begun.data).versions()
    path.write_text(f"ticker,shares\n{market.tickers[0]},many\n$CASH,5000\n")
    with pytest.raises(DataError, match=r"line 2: the shares of .* received 'many'"):
        run_daily(settings, mornings[1])
    assert Store(begun.data).versions() == versions
    path.write_text(f"ticker,shares\n{market.tickers[0]},7\nELSEWHERE,3\n$CASH,5000\n")
    _, folder = run_daily(settings, mornings[1])
    book = read_book(folder)
    assert (book.source, book.cash, book.unvalued) == ("file", 5000.0, ("ELSEWHERE",))
    assert {row.ticker: row.held for row in book.rows}[market.tickers[0]] == 7.0
    printed = " ".join(capsys.readouterr().out.split())
    assert "What is held is what your positions file says" in printed
    assert "Out of sample: right" in printed


def test_each_day_adds_one_session_and_scores_the_one_before(settings, second, mornings, market):
    """Three mornings: three sessions of forecasts in the chain, two of them with their outcome."""
    shutil.copytree(second.settings.data, settings.data, symlinks=True)
    daily, folder = run_daily(settings, mornings[2])
    book = read_book(folder)
    assert (book.reason, book.source, book.n_sessions) == ("", "ledger", 2)
    assert 'id="book"' in (folder / "report" / "index.html").read_text(encoding="utf-8")
    store = Store(settings.data)
    ledger, outcomes = store.read("forecasts"), store.read("outcomes")
    assert ledger["session"].unique().tolist() == market.sessions[-5:-2].tolist()
    assert len(ledger) == 3 * len(market.tickers)
    assert not ledger["late"].any()
    assert verify(store).n_rows == len(ledger)
    known = ledger.merge(outcomes, on="forecast_id")
    truth = market.truth.merge(known, on=["ticker", "session"], suffixes=("_true", ""))
    assert len(known) == 2 * len(market.tickers)
    assert (truth["realised_return"] - truth["realised_return_true"]).abs().max() < 1e-9
    assert daily.live.n == len(known)


def test_a_forecast_after_the_open_is_late_and_never_counts(settings, mornings, market):
    """Hindsight must not enter the live record by way of a late run; two networks say so, as one would."""
    settings = settings.model_copy(update={"training": settings.training.model_copy(update={"n_seeds": 2})})
    opened = mornings[0] + pd.Timedelta(hours=2)
    assert run_daily(settings, opened)[0].late
    daily, _ = run_daily(settings, mornings[1])
    assert daily.live.n == 0
    assert daily.live.n_late == len(market.tickers)


def test_a_forecast_does_not_depend_on_what_came_later(begun, mornings):
    """Live equals replay: the day recomputed from a store that has gone on gives the same forecasts."""
    first = pd.read_parquet(find_run(Path(begun.data), None) / "forecasts.parquet")
    run_daily(begun, mornings[2])
    again = run_daily(begun, mornings[0])[0].table
    pd.testing.assert_frame_equal(first, again)


def test_a_run_leaves_its_numbers_in_files_and_a_page(second, mornings):
    """Everything that the screen shows stands in Parquet and JSON too."""
    daily, folder = second.daily, second.folder
    assert find_run(Path(second.settings.data), None) == folder.resolve()
    metrics = json.loads((folder / "metrics.json").read_text())
    forecasts = pd.read_parquet(folder / "forecasts.parquet")
    assert {row["ticker"] for row in metrics["next"]} == set(forecasts["ticker"])
    assert {"n", "accuracy", "accuracy_ci", "base_rate", "pt_clustered_p"} <= metrics["forecast"].keys()
    assert metrics["model_id"] == daily.champion.model_id
    why = pd.read_parquet(folder / "why.parquet")
    told = why.groupby("ticker").agg({"base": "first", "contribution": "sum", "probability_up": "first"})
    assert (told["base"] + told["contribution"] - forecasts.set_index("ticker")["probability_up"]).abs().max() < 1e-6
    assert why["kind"].unique().tolist() == ["group", "headline", "rest"]
    page = (folder / "report" / "index.html").read_text()
    assert page.count('<ol class="why"') == len(forecasts)
    assert all(ticker in page for ticker in forecasts["ticker"])
    live = pd.read_parquet(folder / "live.parquet")
    assert live["session"].unique().tolist() == [mornings[0].tz_localize(None).normalize()]
    assert live["realised_return"].notna().all()
    assert pd.read_parquet(folder / "bars.parquet")["session"].max() == live["session"].max()
    assert '"live","2' in (folder / "report" / "tickers" / f"t-{forecasts['ticker'][0]}.js").read_text()


def test_a_ticker_without_its_last_bar_is_refused_by_name(begun, mornings, market, monkeypatch):
    """A stale price is worse than no forecast."""
    lagging = market.tickers[0]
    fetch = SimulatedSource.fetch_bars

    def without_the_last_bar(source, first_sessions, *, now):
        fetched = fetch(source, first_sessions, now=now)
        stale = (fetched.bars["ticker"] == lagging) & (fetched.bars["session"] == fetched.bars["session"].max())
        return replace(fetched, bars=fetched.bars[~stale])

    monkeypatch.setattr(SimulatedSource, "fetch_bars", without_the_last_bar)
    outlook = run_daily(begun, mornings[1])[0].next
    assert set(outlook.refused) == {lagging}
    assert "is missing" in outlook.refused[lagging]
    assert lagging not in set(outlook.forecasts["ticker"])


def test_a_scheduled_start_does_nothing_twice_or_too_early(begun, mornings, capsys):
    """The first morning is over: its start comes again, then the next one an hour too early, then in time."""
    assert not is_due(begun, mornings[0])
    assert "has its forecasts already" in capsys.readouterr().out
    assert not is_due(begun, mornings[1] - pd.Timedelta(hours=1))
    assert "is to be forecast from" in capsys.readouterr().out
    assert is_due(begun, mornings[1])
    assert is_due(begun.model_copy(update={"data": f"{begun.data}-new"}), mornings[0])
    assert not Path(f"{begun.data}-new").exists()


def test_a_second_run_with_newer_news_is_a_later_opinion(begun, mornings, monkeypatch, capsys):
    """Both are in the ledger, the first one counts, and screen, page and record say so."""
    fetch = SimulatedSource.fetch_headlines

    def with_news(source, tickers, *, since, now):
        fetched = fetch(source, tickers, since=since, now=now)
        text, at = "Profits soar to a great record, excellent outlook", now - pd.Timedelta(hours=1)
        fresh = source.market.headlines.tail(1).assign(
            ticker=tickers[0], text=text, headline_id="0" * 16, published_at=at, first_seen_at=at
        )
        return replace(fetched, headlines=as_headlines(pd.concat([fetched.headlines, fresh], ignore_index=True)))

    monkeypatch.setattr(SimulatedSource, "fetch_headlines", with_news)
    daily, folder = run_daily(begun, mornings[0] + pd.Timedelta(minutes=5))
    ledger = verify(Store(begun.data)).forecasts
    assert daily.earlier is not None
    assert daily.earlier.made_at == mornings[0]
    assert len(ledger) == 2 * daily.earlier.n_changed + (daily.earlier.n - daily.earlier.n_changed)
    said = " ".join(capsys.readouterr().out.split())
    page = (folder / "report" / "index.html").read_text()
    for text in (said, " ".join(page.split())):
        assert "stand and count in the live record; these are a later opinion" in text
