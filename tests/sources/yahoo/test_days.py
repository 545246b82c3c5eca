"""Day after day: what is asked again, what is rewritten, and the loopback Yahoo as a process of its own."""

import json
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest

from stockseq.ingestion.revisions import find_revised, overlap_starts
from stockseq.schemas import Actions, Bars, as_actions, as_bars
from stockseq.sources.source import FetchedBars
from stockseq.sources.yahoo import YahooSource
from stockseq.testing import check_source
from tests.sources.yahoo.scenario import NOW, hurried
from tests.yahoo_server.market import ListedMarket
from tests.yahoo_server.memory import forget_yfinance
from tests.yahoo_server.server import YahooServer

START = pd.Timestamp("2024-11-01")
TICKERS = ("FERN", "KOLA", "MOSS")


class Shelf:
    """The newest vintage of everything, as a store would give it."""

    def __init__(self, first: FetchedBars) -> None:
        self.bars, self.actions = first.bars, first.actions

    def add(self, fetched: FetchedBars) -> None:
        """Lay new vintages over the old ones."""
        self.bars = as_bars(_newest(self.bars, fetched.bars, ["ticker", "session"]))
        self.actions = as_actions(_newest(self.actions, fetched.actions, ["ticker", "session", "kind"]))


def _newest(old: Bars | Actions, new: Bars | Actions, key: list[str]) -> pd.DataFrame:
    return pd.concat([old, new]).drop_duplicates(key, keep="last")


def first_day(source: YahooSource) -> Shelf:
    return Shelf(source.fetch_bars(dict.fromkeys(TICKERS, START), now=NOW))


def next_day(source: YahooSource, yahoo: YahooServer, shelf: Shelf) -> tuple[FetchedBars, dict[str, str]]:
    """Ask for the overlap after the short session of 2024-11-29."""
    yahoo.now = pd.Timestamp("2024-11-29T23:00:00Z")
    starts = overlap_starts(shelf.bars, TICKERS, first=START)
    answer = source.fetch_bars(starts, now=yahoo.now)
    return answer, find_revised(shelf.bars, shelf.actions, answer)


def test_a_quiet_day_asks_for_ten_sessions_and_revises_nothing(source: YahooSource, yahoo: YahooServer) -> None:
    """The ten stored sessions up to 11-27 and the new one of 11-29."""
    shelf = first_day(source)
    answer, revised = next_day(source, yahoo, shelf)
    assert revised == {}
    assert answer.bars.groupby("ticker").size().to_dict() == dict.fromkeys(TICKERS, 11)
    assert set(answer.actions["ticker"]) == {"FERN"}


def test_a_late_split_is_found_and_the_whole_history_agrees(
    source: YahooSource, yahoo: YahooServer, market: ListedMarket
) -> None:
    """MOSS splits 4:1 on 11-29; asked again from its start, all that was traded before stands unchanged."""
    shelf = first_day(source)
    session = pd.Timestamp("2024-11-29")
    market.listings["MOSS"].splits[session] = 4.0
    market.listings["MOSS"].bars.loc[session:, ["open", "high", "low", "close"]] /= 4
    answer, revised = next_day(source, yahoo, shelf)
    assert revised == {"MOSS": "split of 4 on 2024-11-29 is new"}
    whole = source.fetch_bars(dict.fromkeys(revised, START), now=yahoo.now)
    before = shelf.bars[shelf.bars["ticker"] == "MOSS"]
    again = whole.bars[whole.bars["session"] <= before["session"].max()]
    assert again["close"].tolist() == pytest.approx(before["close"].tolist(), rel=1e-12)
    assert again["volume"].tolist() == before["volume"].tolist()
    # Stored, it is no longer new.
    shelf.add(answer)
    assert next_day(source, yahoo, shelf)[1] == {}


def test_a_changed_dividend_is_found(source: YahooSource, yahoo: YahooServer, market: ListedMarket) -> None:
    """Yahoo corrects FERN's 0.50 to 0.75."""
    shelf = first_day(source)
    market.listings["FERN"].dividends[pd.Timestamp("2024-11-25")] = 0.75
    assert next_day(source, yahoo, shelf)[1] == {"FERN": "dividend of 2024-11-25 was 0.5, now 0.75"}


def test_a_rewritten_price_is_found(source: YahooSource, yahoo: YahooServer, market: ListedMarket) -> None:
    """KOLA's close of 11-26 was 104.25."""
    shelf = first_day(source)
    market.listings["KOLA"].bars.loc[pd.Timestamp("2024-11-26"), "close"] = 104.5
    assert next_day(source, yahoo, shelf)[1] == {"KOLA": "close of 2024-11-26 was 104.25, now 104.5"}


def test_a_session_that_was_missing_comes_later(source: YahooSource, yahoo: YahooServer) -> None:
    """Yahoo leaves sessions out for days; inside the overlap they are asked again without being noted down."""
    yahoo.faults.add("missing_session", ticker="KOLA")
    shelf = first_day(source)
    yahoo.faults.clear()
    late = pd.Timestamp("2024-11-26")
    assert late not in set(shelf.bars.loc[shelf.bars["ticker"] == "KOLA", "session"])
    answer, revised = next_day(source, yahoo, shelf)
    assert revised == {}
    shelf.add(answer)
    assert late in set(shelf.bars.loc[shelf.bars["ticker"] == "KOLA", "session"])


def test_yahoo_keeps_the_contract_of_a_source(source: YahooSource, market: ListedMarket) -> None:
    """The same checks as for a user's own source."""
    market.listings["KOLA"].splits[pd.Timestamp("2024-11-20")] = 1.5
    check_source(source, TICKERS, NOW)


def test_the_loopback_yahoo_serves_a_process_through_its_environment_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """That is how whole commands are run against it."""
    command = [sys.executable, "-m", "tests.yahoo_server", "--folder", str(tmp_path), "--sessions", "30"]
    with subprocess.Popen([*command, "--tickers", "2"], stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            served = json.loads(process.stdout.readline())
            forget_yfinance(monkeypatch)
            for name, value in served["environment"].items():
                monkeypatch.setenv(name, value)
            # The market starts on 2018-01-02, a Tuesday; its 30th session is 2018-02-13.
            result = YahooSource(hurried(tmp_path)).fetch_bars(
                dict.fromkeys(served["tickers"], pd.Timestamp("2018-01-02")), now=pd.Timestamp("2018-02-13T23:00:00Z")
            )
        finally:
            process.terminate()
    assert (
        result.bars.groupby("ticker")["session"].agg(["size", "max"]).to_numpy().tolist()
        == [[30, pd.Timestamp("2018-02-13")]] * 2
    )
