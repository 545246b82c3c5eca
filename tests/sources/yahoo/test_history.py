"""As-traded bars, splits and dividends out of Yahoo's answers, through the real yfinance."""

from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from stockseq.sessions import TradingCalendar
from stockseq.sources.simulated import SimulatedMarket
from stockseq.sources.source import FetchedBars
from stockseq.sources.yahoo import YahooSource
from tests.sources.yahoo.scenario import NOW, fetch, hurried, plain_bars
from tests.yahoo_server.faults import Reply
from tests.yahoo_server.market import ListedMarket, Listing
from tests.yahoo_server.server import YahooServer
from tests.yahoo_server.simulated import SimulatedListings

SPLIT = pd.Timestamp("2024-11-26")
EX_DATE = pd.Timestamp("2024-11-25")


def values(result: FetchedBars, column: str = "close") -> dict[str, float]:
    return {f"{row.session:%m-%d}": getattr(row, column) for row in result.bars.itertuples()}


def listed(result: FetchedBars) -> list[tuple[str, str, float]]:
    return [(f"{row.session:%m-%d}", row.kind, round(row.value, 6)) for row in result.actions.itertuples()]


def test_prices_and_volume_are_as_traded(source: YahooSource) -> None:
    """FERN closed at 204 with 1,000 shares before its 2:1 split and at 102.125 with 2,000 on it; Yahoo says 102."""
    result = fetch(source, "FERN")
    assert values(result)["11-25"] == pytest.approx(204.0, rel=1e-12)
    assert values(result)["11-26"] == pytest.approx(102.125, rel=1e-12)
    assert values(result, "volume")["11-25"] == 1000
    assert values(result, "volume")["11-26"] == 2000


def test_the_golden_example_comes_back_as_traded(yahoo: YahooServer, calendar: TradingCalendar, tmp_path: Path) -> None:
    """EVALUATION 1.4, worked by hand: 2:1 on 11-27, a dividend of 0.515 on 11-29; Yahoo's adjusted closes are given."""
    sessions = pd.to_datetime(["2024-11-25", "2024-11-26", "2024-11-27", "2024-11-29", "2024-12-02"])
    closes = [100.0, 102.0, 51.5, 51.0, 52.0]
    bars = pd.DataFrame(dict.fromkeys(("open", "high", "low", "close"), closes), index=sessions)
    listing = Listing(bars.assign(volume=[1000, 1000, 2000, 2000, 2000]), {sessions[2]: 2.0}, {sessions[3]: 0.515})
    yahoo.market, yahoo.now = ListedMarket({"GOLD": listing}, calendar), pd.Timestamp("2024-12-02T22:00Z")
    view = yahoo.market.view("GOLD", yahoo.now)
    assert view is not None
    assert view.bars["adj_close"].round(6).tolist() == [49.5, 50.49, 50.985, 51.0, 52.0]
    assert view.bars["volume"].tolist() == [2000] * 5
    result = fetch(YahooSource(hurried(tmp_path)), "GOLD", now=yahoo.now)
    assert list(values(result).values()) == pytest.approx(closes, rel=1e-12)
    assert list(values(result, "volume").values()) == [1000, 1000, 2000, 2000, 2000]
    assert listed(result) == [("11-27", "split", 2.0), ("11-29", "dividend", 0.515)]


def test_a_split_and_a_dividend_of_one_date_are_told_apart(
    yahoo: YahooServer, calendar: TradingCalendar, tmp_path: Path
) -> None:
    """EVALUATION 1.4: 2:1 and 1.00 on one date take 100 to 49; the dividend is per share after the split."""
    sessions = pd.to_datetime(["2024-11-25", "2024-11-26"])
    bars = pd.DataFrame({name: [100.0, 49.0] for name in ("open", "high", "low", "close")}, index=sessions)
    listing = Listing(bars.assign(volume=1000.0), {sessions[1]: 2.0}, {sessions[1]: 1.0})
    yahoo.market = ListedMarket({"BOTH": listing}, calendar)
    view = yahoo.market.view("BOTH", NOW)
    assert view is not None
    assert view.bars["adj_close"].tolist() == [49.0, 49.0]
    result = fetch(YahooSource(hurried(tmp_path)), "BOTH")
    assert list(values(result).values()) == [100.0, 49.0]
    assert listed(result) == [("11-26", "dividend", 1.0), ("11-26", "split", 2.0)]


@pytest.mark.parametrize("ratio", [4.0, 1.5, 0.05])
def test_a_late_split_leaves_the_as_traded_past_alone(
    source: YahooSource, yahoo: YahooServer, market: ListedMarket, ratio: float
) -> None:
    """Yahoo rewrites its whole past on the day of a split; what was traded doesn't change."""
    before = fetch(source, "KOLA")
    session = pd.Timestamp("2024-11-29")
    listing = market.listings["KOLA"]
    listing.splits[session] = ratio
    listing.bars.loc[session:, ["open", "high", "low", "close"]] /= ratio
    yahoo.now = pd.Timestamp("2024-11-29T23:00:00Z")
    after = fetch(source, "KOLA", now=yahoo.now)
    past = after.bars[after.bars["session"] < session]
    for column in ("open", "high", "low", "close", "volume"):
        assert past[column].tolist() == pytest.approx(before.bars[column].tolist(), rel=1e-12), column
    assert listed(after) == [("11-29", "split", ratio)]


@pytest.mark.parametrize(
    ("instant", "newest"),
    [
        ("2024-11-27T14:29:00Z", "11-26"),
        ("2024-11-27T18:00:00Z", "11-26"),
        ("2024-11-27T21:29:59Z", "11-26"),
        ("2024-11-27T21:30:00Z", "11-27"),
        # Closed early on the day after Thanksgiving: at 13:00 in New York, 18:00 UTC.
        ("2024-11-29T18:29:59Z", "11-27"),
        ("2024-11-29T18:30:00Z", "11-29"),
    ],
)
def test_an_unfinished_bar_is_never_kept(source: YahooSource, yahoo: YahooServer, instant: str, newest: str) -> None:
    """A bar is final half an hour after the close, early closes included; Yahoo shows it from the open on."""
    yahoo.now = pd.Timestamp(instant)
    result = fetch(source, "KOLA", now=yahoo.now)
    assert max(values(result)) == newest
    unfinished = [dropped for dropped in result.dropped if dropped.reason == "session not final yet"]
    assert len(unfinished) == (instant not in ("2024-11-27T14:29:00Z", "2024-11-27T21:30:00Z", "2024-11-29T18:30:00Z"))


def test_yahoos_own_trading_hours_count_too(source: YahooSource, yahoo: YahooServer) -> None:
    """At 21:45 UTC the calendar takes 11-27 for final, but Yahoo shows its session open until 23:00."""
    yahoo.faults.add("late_close", ticker="KOLA")
    yahoo.now = pd.Timestamp("2024-11-27T21:45:00Z")
    result = fetch(source, "KOLA", "MOSS", now=yahoo.now)
    newest = result.bars.groupby("ticker")["session"].max()
    assert newest.to_dict() == {"KOLA": pd.Timestamp("2024-11-26"), "MOSS": pd.Timestamp("2024-11-27")}


def test_a_machine_hours_ahead_does_not_make_a_bar_final(source: YahooSource, yahoo: YahooServer) -> None:
    """At 18:00 UTC by Yahoo's clock, and at 23:00 by the machine's, 11-27 is still traded."""
    yahoo.now = pd.Timestamp("2024-11-27T18:00:00Z")
    result = fetch(source, "KOLA", now=pd.Timestamp("2024-11-27T23:00:00Z"))
    assert max(values(result)) == "11-26"
    assert [(item.reason, item.n_rows) for item in result.dropped] == [("session not final yet", 1)]


def test_a_machine_hours_behind_loses_nothing(source: YahooSource, yahoo: YahooServer) -> None:
    """It takes 11-27 for unfinished, and has it the next time."""
    assert max(values(fetch(source, "KOLA", now=NOW - pd.Timedelta(hours=6)))) == "11-26"
    yahoo.now = NOW + pd.Timedelta(days=1)
    assert max(values(fetch(source, "KOLA", now=yahoo.now - pd.Timedelta(hours=6)))) == "11-27"


@pytest.mark.parametrize("date", ["Thu, 01 Jan 1970 00:00:00 GMT", "Fri, 31 Dec 9999 23:59:59 GMT", "today", ""])
def test_a_server_whose_clock_lies_costs_nothing(source: YahooSource, yahoo: YahooServer, date: str) -> None:
    """Its last trade tells that it is later than its header says."""
    yahoo.faults.add(Reply(headers={"Date": date}), ticker="KOLA")
    assert max(values(fetch(source, "KOLA"))) == "11-27"


@pytest.mark.parametrize(
    ("stamp", "factor", "close", "reason"),
    [
        # Stamped at 15:30 in New York: a live bar beside the finished one.
        ("2024-11-26T20:30Z", 1.02, 106.25, "session repeated unfinished"),
        # Stamped at the close: the same prices again.
        ("2024-11-26T21:00Z", 1.0, 106.25, "session repeated"),
        ("2024-11-26T21:00Z", 1.02, None, "session given more than once with different prices"),
        ("2024-11-26T14:30Z", 1.02, None, "session given more than once with different prices"),
    ],
)
def test_of_two_bars_of_a_session_the_finished_one_counts(
    source: YahooSource, yahoo: YahooServer, market: ListedMarket, stamp: str, factor: float, close: float, reason: str
) -> None:
    """KOLA opened 11-26 at 14:30 UTC and closed at 106.25; where two finished ones differ, neither is taken."""
    market.listings["KOLA"].bars.loc[SPLIT, "close"] = 106.25
    market.listings["KOLA"].bars.loc[SPLIT, "high"] = 108.5

    def add(envelope: dict[str, Any]) -> None:
        result = envelope["chart"]["result"][0]
        quote = result["indicators"]["quote"][0]
        for column in (result["timestamp"], *quote.values(), result["indicators"]["adjclose"][0]["adjclose"]):
            column.insert(-1, column[-2])
        result["timestamp"][-2] = int(pd.Timestamp(stamp).timestamp())
        quote["close"][-2] *= factor

    yahoo.faults.add(Reply(alter=add), ticker="KOLA")
    result = fetch(source, "KOLA")
    assert values(result).get("11-26") == close
    assert [(item.reason, item.n_rows) for item in result.dropped] == [(reason, 1 if close else 2)]


def test_stamps_at_midnight_in_utc_are_no_sessions(source: YahooSource, yahoo: YahooServer) -> None:
    """In New York it is the evening before: each bar would be known a session too early."""

    def shift(envelope: dict[str, Any]) -> None:
        result = envelope["chart"]["result"][0]
        result["timestamp"] = [at - at % 86_400 for at in result["timestamp"]]

    yahoo.faults.add(Reply(alter=shift), ticker="KOLA")
    reason = fetch(source, "KOLA", "MOSS").outcomes["KOLA"].reason
    assert "not one of its" in reason
    assert "stamped hours after its session's close" in reason


def test_a_replay_of_the_past_knows_nothing_later(source: YahooSource, yahoo: YahooServer) -> None:
    """On 11-22 neither the dividend of 11-25 nor the split of 11-26 was known, and 203.75 had been traded."""
    result = fetch(source, "FERN", now=pd.Timestamp("2024-11-22T23:00:00Z"))
    assert max(values(result)) == "11-22"
    assert values(result)["11-22"] == pytest.approx(203.75, rel=1e-12)
    assert listed(result) == []


def test_bars_start_at_the_first_session_asked_for(source: YahooSource) -> None:
    """The days before it, asked to check dividends, don't come back."""
    result = source.fetch_bars({"KOLA": pd.Timestamp("2024-11-25")}, now=NOW)
    assert list(values(result)) == ["11-25", "11-26", "11-27"]


def test_a_dividend_on_the_first_session_asked_for_is_confirmed(source: YahooSource) -> None:
    """The close before it is needed, and is asked for."""
    result = source.fetch_bars({"FERN": EX_DATE}, now=NOW)
    assert listed(result) == [("11-25", "dividend", 0.5), ("11-26", "split", 2.0)]


def test_a_dividend_given_as_traded_is_recognised(source: YahooSource, yahoo: YahooServer) -> None:
    """FERN's 0.50 is 0.25 per share of today; where Yahoo lists 0.50, the adjusted closes still say 0.25."""
    yahoo.faults.add("dividend_doubled", ticker="FERN")
    result = fetch(source, "FERN")
    assert listed(result) == [("11-25", "dividend", 0.5), ("11-26", "split", 2.0)]
    assert not result.dropped


def test_a_dividend_that_fits_no_basis_is_quarantined(source: YahooSource, yahoo: YahooServer) -> None:
    """A quarter of the amount is neither per share of then nor of today; the bars stay."""
    yahoo.faults.add("dividend_quartered", ticker="FERN")
    result = fetch(source, "FERN")
    assert listed(result) == [("11-26", "split", 2.0)]
    assert len(result.bars) == 8
    assert [dropped.reason for dropped in result.dropped] == [
        "dividend of 0.0625 on 2024-11-25 not confirmed: the adjusted closes imply 0.5 per share then traded"
    ]


def test_a_dividend_without_a_close_before_it_is_quarantined(source: YahooSource, market: ListedMarket) -> None:
    """On the first session of a listing there is nothing to tell its basis from."""
    market.listings["MOSS"].bars = market.listings["MOSS"].bars.loc[EX_DATE:]
    market.listings["MOSS"].dividends[EX_DATE] = 0.2
    result = fetch(source, "MOSS")
    assert list(values(result)) == ["11-25", "11-26", "11-27"]
    assert listed(result) == []
    assert [dropped.reason for dropped in result.dropped] == [
        "dividend of 0.2 on 2024-11-25 not confirmed: the adjusted closes are missing before it"
    ]


def test_a_changed_dividend_comes_with_its_new_amount(
    source: YahooSource, yahoo: YahooServer, market: ListedMarket
) -> None:
    """Yahoo corrects dividends, and its adjusted closes with them."""
    market.listings["FERN"].dividends[EX_DATE] = 0.75
    assert listed(fetch(source, "FERN"))[0] == ("11-25", "dividend", 0.75)


def test_rounded_adjusted_closes_still_confirm_a_small_dividend(
    yahoo: YahooServer, calendar: TradingCalendar, tmp_path: Path
) -> None:
    """Written to the cent, closes of 10 can tell 0.03 from nothing, but not from 0.0333."""
    sessions = calendar.between(pd.Timestamp("2024-11-18"), pd.Timestamp("2024-11-27"))
    listing = Listing(plain_bars(sessions, 10.0), dividends={EX_DATE: 0.03})
    listed_market = ListedMarket({"CENT": listing}, calendar)

    class Rounded:
        def view(self, ticker: str, now: pd.Timestamp) -> object:
            view = listed_market.view(ticker, now)
            assert view is not None
            view.bars["adj_close"] = view.bars["adj_close"].round(2)
            return view

    yahoo.market = Rounded()  # type: ignore[assignment]
    result = fetch(YahooSource(hurried(tmp_path)), "CENT")
    assert listed(result) == [("11-25", "dividend", 0.03)]


def test_prices_before_a_split_that_isnt_applied_are_left_out(source: YahooSource, yahoo: YahooServer) -> None:
    """Yahoo lists some splits before it adjusts the prices; undoing what wasn't done would double them."""
    yahoo.faults.add("split_not_applied", ticker="FERN")
    result = fetch(source, "FERN")
    assert values(result) == {"11-26": 102.125, "11-27": 102.25}
    assert ("11-26", "split", 2.0) in listed(result)
    reasons = {dropped.reason for dropped in result.dropped}
    assert "before the split of 2024-11-26, which Yahoo lists but hasn't applied to these prices" in reasons


def test_a_split_on_a_missing_session_keeps_its_date(source: YahooSource, yahoo: YahooServer) -> None:
    """yfinance moves such a split to the session before, which would then be taken for split already."""
    # The last row but one is the session of the split.
    yahoo.faults.add("missing_session", ticker="FERN")
    result = fetch(source, "FERN")
    assert values(result)["11-25"] == pytest.approx(204.0, rel=1e-12)
    assert ("11-26", "split", 2.0) in listed(result)


def test_nothing_new_says_why(source: YahooSource, yahoo: YahooServer) -> None:
    """Asked on Thanksgiving from Thanksgiving on, there is no session."""
    yahoo.now = pd.Timestamp("2024-11-28T15:00:00Z")
    result = source.fetch_bars({"KOLA": pd.Timestamp("2024-11-28")}, now=yahoo.now)
    assert result.outcomes["KOLA"].status == "nothing_new"
    assert result.outcomes["KOLA"].reason == "no final session in the time asked for"


def test_a_simulated_market_comes_back_as_it_was_traded(yahoo: YahooServer, tmp_path: Path) -> None:
    """Bars, splits and dividends of 300 sessions survive the way through Yahoo's convention and the real yfinance."""
    market = SimulatedMarket(n_sessions=300, n_tickers=3, seed=7)
    last = market.sessions[299]
    now = market.calendar.schedule.loc[last, "close"] + pd.Timedelta(hours=2)
    yahoo.market, yahoo.now, yahoo.calendar = SimulatedListings(market), now, market.calendar
    first = market.sessions[0]
    result = YahooSource(hurried(tmp_path)).fetch_bars(dict.fromkeys(market.tickers, first), now=now)
    traded = market.bars[market.bars["session"] <= last].sort_values(["ticker", "session"], ignore_index=True)
    assert len(result.bars) == len(traded) == 900
    for column in ("open", "high", "low", "close"):
        assert result.bars[column].tolist() == pytest.approx(traded[column].tolist(), rel=1e-9), column
    assert result.bars["volume"].tolist() == pytest.approx(traded["volume"].tolist(), abs=1)
    order = ["ticker", "session", "kind"]
    actions = market.actions[market.actions["session"] <= last].sort_values(order, ignore_index=True)
    assert result.actions[order].to_numpy().tolist() == actions[order].to_numpy().tolist()
    assert result.actions["value"].tolist() == pytest.approx(actions["value"].tolist(), rel=1e-6)
    assert not result.dropped
