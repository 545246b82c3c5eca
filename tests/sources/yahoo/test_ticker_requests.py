"""Everything that can go wrong on the way to Yahoo, through the real yfinance."""

from pathlib import Path

import pandas as pd
import pytest

from stockseq.errors import SourceUnreachable
from stockseq.sources.yahoo import YahooSource
from tests.sources.yahoo.scenario import NOW, FakeTime, fetch, hurried, states
from tests.yahoo_server.faults import CHANGES
from tests.yahoo_server.memory import forget_yfinance
from tests.yahoo_server.server import YahooServer

# NYSE sessions from 2024-11-18 to 11-27.
N_SESSIONS = 8


def test_good_answers_give_every_final_session(source: YahooSource) -> None:
    """The frame of all that follows: nothing wrong, nothing dropped."""
    result = fetch(source, "KOLA", "MOSS")
    assert states(result) == {"KOLA": ("updated", N_SESSIONS), "MOSS": ("updated", N_SESSIONS)}
    assert not result.dropped
    assert (result.bars["fetched_at"] == NOW).all()


@pytest.mark.parametrize("times", [1, 2])
@pytest.mark.parametrize(
    "kind",
    [
        *("429", "401", "500", "503_html", "404_html", "html", "right_back", "empty", "null", "list", "truncated"),
        *("short", "reset", "empty_result", "null_result", "other_symbol", "no_currency", "unequal_lengths"),
    ],
)
def test_a_passing_fault_costs_nothing(source: YahooSource, yahoo: YahooServer, kind: str, times: int) -> None:
    """yfinance keeps bad answers and repeats them to itself; the retry must reach Yahoo."""
    yahoo.faults.add(kind, ticker="KOLA", times=times)
    assert states(fetch(source, "KOLA", "MOSS")) == {"KOLA": ("updated", N_SESSIONS), "MOSS": ("updated", N_SESSIONS)}


@pytest.mark.parametrize(
    ("kind", "words"),
    [
        ("401", "HTTP 401: Invalid Crumb"),
        ("500", "HTTP 500: Internal Server Error"),
        ("503_html", "HTTP 503"),
        ("404_html", "HTTP 404"),
        ("html", "isn't JSON (it starts '<!DOCTYPE html>"),
        ("right_back", "it will be right back"),
        ("empty", "isn't JSON"),
        ("truncated", "isn't JSON"),
        ("null", "can't be understood"),
        ("list", "can't be understood"),
        ("short", "no answer"),
        ("reset", "no answer"),
        ("empty_result", "can't be understood"),
        ("null_result", "can't be understood"),
        ("other_symbol", "it is the data of 'OTHER'"),
        ("no_currency", "currency"),
        ("unequal_lengths", "same length"),
        ("zero_denominator", "a split without a usable date or ratio"),
    ],
)
def test_a_lasting_fault_fails_its_ticker_alone(source: YahooSource, yahoo: YahooServer, kind: str, words: str) -> None:
    """The reason is said in words, the attempts are bounded, and the tickers before and after keep their data."""
    yahoo.faults.add(kind, ticker="FERN")
    result = fetch(source, "KOLA", "FERN", "MOSS")
    assert states(result) == {
        "KOLA": ("updated", N_SESSIONS),
        "FERN": ("failed", 0),
        "MOSS": ("updated", N_SESSIONS),
    }
    assert words in result.outcomes["FERN"].reason
    assert result.outcomes["FERN"].reason.endswith(", 3 times")
    assert result.outcomes["FERN"].retry_at > NOW
    assert set(result.bars["ticker"]) == {"KOLA", "MOSS"}
    assert yahoo.n_requests("chart", "FERN") <= 12


def test_a_timeout_fails_its_ticker_alone(yahoo: YahooServer, tmp_path: Path) -> None:
    """yfinance waits 10 to 30 s where it isn't told; the source's own limit holds for every request."""
    yahoo.faults.add("hang", ticker="KOLA")
    yahoo.hang_s = 0.4
    result = fetch(YahooSource(hurried(tmp_path, timeout_s=0.15, attempts=2)), "KOLA", "MOSS")
    assert states(result) == {"KOLA": ("failed", 0), "MOSS": ("updated", N_SESSIONS)}
    assert "timed out" in result.outcomes["KOLA"].reason.lower()


def test_an_unknown_ticker_ends_with_yahoos_reason_after_one_request(source: YahooSource, yahoo: YahooServer) -> None:
    """Left alone, yfinance makes 13 requests for it."""
    result = fetch(source, "NOPE", "KOLA")
    assert states(result) == {"NOPE": ("unknown", 0), "KOLA": ("updated", N_SESSIONS)}
    assert result.outcomes["NOPE"].reason == "Yahoo: No data found, symbol may be delisted"
    assert yahoo.n_requests("chart", "NOPE") == 1
    assert yahoo.n_requests("other") == 0


def test_a_ticker_known_yesterday_may_be_delisted_today(source: YahooSource, yahoo: YahooServer) -> None:
    """Yahoo's 404 ends it, whatever was stored before."""
    assert states(fetch(source, "KOLA")) == {"KOLA": ("updated", N_SESSIONS)}
    yahoo.faults.add("delisted", ticker="KOLA")
    assert states(fetch(source, "KOLA")) == {"KOLA": ("unknown", 0)}


@pytest.mark.parametrize("ticker", ["../../x", "<script>", " KOLA", "KOLA ", "", "KOLA MOSS", "A" * 25, "..", "kola"])
def test_what_cant_be_a_ticker_is_refused_unasked(source: YahooSource, yahoo: YahooServer, ticker: str) -> None:
    """It would end up in a URL; a blank would be a different ticker to Yahoo."""
    result = fetch(source, ticker)
    assert states(result) == {ticker: ("unknown", 0)}
    assert result.outcomes[ticker].reason.startswith("not asked: ")
    assert not yahoo.log


def test_a_ticker_that_trades_in_another_zone_is_refused_with_the_remedy(
    source: YahooSource, yahoo: YahooServer
) -> None:
    """Its session opens before this exchange decides; asking again would give the same answer."""
    yahoo.faults.add("other_zone", ticker="KOLA")
    result = fetch(source, "KOLA", "MOSS")
    assert states(result) == {"KOLA": ("failed", 0), "MOSS": ("updated", N_SESSIONS)}
    reason = result.outcomes["KOLA"].reason
    assert "Europe/London" in reason
    assert "keep a store of its own" in reason
    assert result.currencies == {"MOSS": "USD"}


def test_the_currency_is_the_one_that_yahoo_says(source: YahooSource, yahoo: YahooServer) -> None:
    """GBp is pence; nothing in the prices themselves tells."""
    yahoo.faults.add("pence", ticker="KOLA")
    assert fetch(source, "KOLA", "MOSS").currencies == {"KOLA": "GBp", "MOSS": "USD"}


def test_a_symbol_without_prices_has_nothing_new(source: YahooSource, yahoo: YahooServer) -> None:
    """Yahoo answers so for a listing that hasn't traded yet; that is no failure."""
    yahoo.faults.add("no_sessions", ticker="KOLA")
    result = fetch(source, "KOLA", "MOSS")
    assert states(result) == {"KOLA": ("nothing_new", 0), "MOSS": ("updated", N_SESSIONS)}


@pytest.mark.parametrize(
    ("kind", "reason"),
    [
        ("null_row", "price missing or not finite"),
        ("null_close", "price missing or not finite"),
        ("nan_close", "price missing or not finite"),
        ("infinite_price", "price missing or not finite"),
        ("zero_price", "price not positive"),
        ("negative_price", "price not positive"),
        ("high_below_low", "high below open, low or close"),
        ("weekend_session", "not a session of XNYS"),
    ],
)
def test_a_bad_row_is_left_out_and_counted(source: YahooSource, yahoo: YahooServer, kind: str, reason: str) -> None:
    """yfinance hands such rows on without a word."""
    yahoo.faults.add(kind, ticker="KOLA")
    result = fetch(source, "KOLA", "MOSS")
    n_rows = N_SESSIONS if kind == "weekend_session" else N_SESSIONS - 1
    assert states(result) == {"KOLA": ("updated", n_rows), "MOSS": ("updated", N_SESSIONS)}
    assert [(d.ticker, d.reason, d.n_rows) for d in result.dropped] == [("KOLA", reason, 1)]


def test_every_change_of_a_chart_is_tested(request: pytest.FixtureRequest) -> None:
    """A fault that the loopback Yahoo can make and no test uses would be forgotten."""
    folder = Path(request.path).parent
    tests = "".join(path.read_text(encoding="utf-8") for path in folder.glob("test_*.py"))
    assert [kind for kind in CHANGES if f'"{kind}"' not in tests] == []


def test_a_missing_session_stays_missing(source: YahooSource, yahoo: YahooServer) -> None:
    """The last row but one is 2024-11-26; nothing is filled in."""
    yahoo.faults.add("missing_session", ticker="KOLA")
    sessions = fetch(source, "KOLA").bars["session"]
    assert len(sessions) == N_SESSIONS - 1
    assert pd.Timestamp("2024-11-26") not in set(sessions)


def test_a_repeated_session_is_stored_once(source: YahooSource, yahoo: YahooServer) -> None:
    """Yahoo repeats sessions at times."""
    yahoo.faults.add("repeated_session", ticker="KOLA")
    assert states(fetch(source, "KOLA")) == {"KOLA": ("updated", N_SESSIONS)}


@pytest.mark.parametrize("endpoint", ["crumb", "cookie"])
@pytest.mark.parametrize("kind", ["429", "500", "html", "reset", "empty"])
def test_a_bad_crumb_or_cookie_costs_nothing(source: YahooSource, yahoo: YahooServer, endpoint: str, kind: str) -> None:
    """Charts need neither."""
    yahoo.faults.add(kind, endpoint=endpoint)
    assert states(fetch(source, "KOLA", "MOSS")) == {"KOLA": ("updated", N_SESSIONS), "MOSS": ("updated", N_SESSIONS)}


@pytest.mark.parametrize("kind", ["429", "500", "html"])
def test_an_error_page_is_never_sent_as_a_crumb(source: YahooSource, yahoo: YahooServer, kind: str) -> None:
    """yfinance takes the body of any answer for the crumb and keeps it."""
    yahoo.faults.add(kind, endpoint="crumb", times=1)
    fetch(source, "KOLA", "MOSS")
    assert {entry.query.get("crumb") for entry in yahoo.log if entry.endpoint == "chart"} <= {None, "loopback.crumb"}


def test_a_cookie_without_its_a3_part_is_forgotten(
    yahoo: YahooServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Stored, it makes every later process fail without a request."""
    yahoo.faults.add("no_a3", endpoint="cookie", times=1)
    fetch(YahooSource(hurried(tmp_path)), "KOLA")
    forget_yfinance(monkeypatch)
    assert states(fetch(YahooSource(hurried(tmp_path)), "KOLA")) == {"KOLA": ("updated", N_SESSIONS)}


@pytest.mark.parametrize("name", ["cookies.db", "tkr-tz.db"])
def test_a_damaged_cache_is_replaced(yahoo: YahooServer, tmp_path: Path, name: str) -> None:
    """A file cut short by a crash must not stop all later runs."""
    folder = tmp_path / "yahoo"
    folder.mkdir()
    (folder / name).write_bytes(b"no database at all" * 100)
    assert states(fetch(YahooSource(hurried(tmp_path)), "KOLA")) == {"KOLA": ("updated", N_SESSIONS)}


def test_no_network_is_said_in_one_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The user needs to know that it isn't the tickers."""
    forget_yfinance(monkeypatch)
    for name in ("HTTPS_PROXY", "https_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    with pytest.raises(SourceUnreachable, match=r"^Yahoo Finance can't be reached: no answer .* SOURCE=files\.$"):
        fetch(YahooSource(hurried(tmp_path)), "KOLA", "FERN", "MOSS", "NOPE")


def test_a_passing_refusal_waits_twice_as_long_each_time(
    yahoo: YahooServer, tmp_path: Path, fake_time: FakeTime
) -> None:
    """60, then 120 s: asking on at once is how an address gets blocked for hours."""
    yahoo.faults.add("429", ticker="KOLA", times=2)
    settings = hurried(tmp_path, back_off_s=60, longest_back_off_s=900, patience_s=900)
    result = fetch(YahooSource(settings, clock=fake_time.clock, sleep=fake_time.sleep), "KOLA", "MOSS")
    assert states(result) == {"KOLA": ("updated", N_SESSIONS), "MOSS": ("updated", N_SESSIONS)}
    assert [wait for wait in fake_time.waits if wait >= 1] == [60, 120]


def test_a_lasting_refusal_of_one_ticker_costs_it_alone(
    yahoo: YahooServer, tmp_path: Path, fake_time: FakeTime
) -> None:
    """After 60, 120 and 240 s the next ticker is tried, and goes through."""
    yahoo.faults.add("429", ticker="KOLA")
    settings = hurried(tmp_path, back_off_s=60, longest_back_off_s=900, patience_s=900)
    result = fetch(YahooSource(settings, clock=fake_time.clock, sleep=fake_time.sleep), "KOLA", "FERN", "MOSS")
    assert states(result) == {"KOLA": ("failed", 0), "FERN": ("updated", N_SESSIONS), "MOSS": ("updated", N_SESSIONS)}
    assert result.outcomes["KOLA"].reason == "Yahoo answered HTTP 429: too many requests"
    assert [wait for wait in fake_time.waits if wait >= 1] == [60, 120, 240]


def test_a_lasting_refusal_ends_in_bounded_time(yahoo: YahooServer, tmp_path: Path, fake_time: FakeTime) -> None:
    """60 + 120 + 240 + 480 s is all the patience of 900; the other tickers fail unasked, to be tried 900 s later."""
    yahoo.faults.add("429")
    settings = hurried(tmp_path, back_off_s=60, longest_back_off_s=900, patience_s=900)
    source = YahooSource(settings, clock=fake_time.clock, sleep=fake_time.sleep)
    result = fetch(source, "KOLA", "FERN", "MOSS")
    assert states(result) == {"KOLA": ("failed", 0), "FERN": ("failed", 0), "MOSS": ("failed", 0)}
    assert [wait for wait in fake_time.waits if wait >= 1] == [60, 120, 240, 480]
    # One request per wait and one at the end: nothing is repeated at once.
    assert yahoo.n_requests("chart") == 5
    retry_at = result.outcomes["MOSS"].retry_at
    assert abs((retry_at - NOW).total_seconds() - (900 + 900)) < 1


def test_requests_are_spaced_over_cookies_crumbs_and_charts(
    yahoo: YahooServer, tmp_path: Path, fake_time: FakeTime
) -> None:
    """Two a second: each request after the first waits half a second, whatever it asks for."""
    settings = hurried(tmp_path, requests_per_second=2.0)
    fetch(YahooSource(settings, clock=fake_time.clock, sleep=fake_time.sleep), "KOLA", "MOSS")
    # Cookie, crumb, and a chart for each ticker.
    assert len(yahoo.log) == 4
    assert fake_time.waits == [0.5] * 3


def test_nothing_but_yahoo_is_called(source: YahooSource, yahoo: YahooServer) -> None:
    """The proxy sees every host that is asked for."""
    fetch(source, "KOLA", "NOPE")
    source.fetch_headlines(["KOLA"], since=None, now=NOW)
    assert yahoo.refused_hosts == []
    assert {entry.endpoint for entry in yahoo.log} == {"cookie", "crumb", "chart", "news"}


def test_yfinance_stays_off_the_terminal(
    source: YahooSource, yahoo: YahooServer, capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    """Its messages go into the reasons instead."""
    yahoo.faults.add("html", ticker="KOLA")
    yahoo.faults.add("500", endpoint="crumb")
    fetch(source, "KOLA", "MOSS", "NOPE")
    assert capfd.readouterr() == ("", "")
    assert not caplog.records
