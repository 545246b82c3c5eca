"""The budget of a ticker and a morning, redirects, and pages for cookies, through the real yfinance."""

import itertools
import warnings
from pathlib import Path

import pandas as pd
import pytest

from stockseq.sources.yahoo import YahooSource
from tests.sources.yahoo.scenario import NOW, FakeTime, fetch, hurried, states
from tests.yahoo_server.faults import Reply
from tests.yahoo_server.memory import forget_yfinance
from tests.yahoo_server.server import YahooServer

CHART = "https://query1.finance.yahoo.com/v8/finance/chart/KOLA?{query}"
N_SESSIONS = 8


def redirect(target: str, status: int = 302) -> Reply:
    return Reply(status, "", {"Location": target})


def test_a_redirect_loop_ends_by_the_budget_and_keeps_the_pace(
    yahoo: YahooServer, tmp_path: Path, fake_time: FakeTime
) -> None:
    """Six requests, then four, are the ten that a ticker may lose; the next ticker is untouched."""
    yahoo.clock = fake_time.clock
    yahoo.faults.add(redirect(CHART), ticker="KOLA")
    source = YahooSource(hurried(tmp_path, requests_per_second=2.0), clock=fake_time.clock, sleep=fake_time.sleep)
    result = fetch(source, "KOLA", "MOSS")
    assert states(result) == {"KOLA": ("failed", 0), "MOSS": ("updated", N_SESSIONS)}
    assert result.outcomes["KOLA"].reason == (
        "Yahoo redirected 5 times and more, last to 'https://query1.finance.yahoo.com/v8/finance/chart/KOLA'; "
        "10 requests of this ticker were lost this morning, so it waits until the next"
    )
    assert yahoo.n_requests("chart", "KOLA") == 10
    assert all(after.at - before.at >= 0.5 for before, after in itertools.pairwise(yahoo.log))


def test_bars_and_headlines_share_one_budget(source: YahooSource, yahoo: YahooServer) -> None:
    """Three lost on bars, three on headlines, and a further fetch of the same morning has four left."""
    yahoo.faults.add("500", endpoint="any", ticker="KOLA")
    fetch(source, "KOLA", "MOSS")
    source.fetch_headlines(["KOLA"], since=None, now=NOW)
    assert (yahoo.n_requests("chart", "KOLA"), yahoo.n_requests("news", "KOLA")) == (3, 3)
    for _ in range(3):
        fetch(source, "KOLA", "MOSS")
    assert yahoo.n_requests("chart", "KOLA") == 3 + 4
    # The next morning counts anew.
    fetch(source, "KOLA", "MOSS", now=NOW + pd.Timedelta(days=1))
    assert yahoo.n_requests("chart", "KOLA") == 3 + 4 + 3


def test_what_was_answered_costs_nothing(source: YahooSource, yahoo: YahooServer) -> None:
    """Twenty good fetches of one morning, each after a fault that passes."""
    for _ in range(4):
        yahoo.faults.add("500", ticker="KOLA", times=1)
        assert states(fetch(source, "KOLA"))["KOLA"] == ("updated", N_SESSIONS)
    for _ in range(12):
        assert states(fetch(source, "KOLA"))["KOLA"] == ("updated", N_SESSIONS)


@pytest.mark.parametrize("n_redirects", [1, 5])
def test_a_redirect_that_ends_well_costs_nothing(source: YahooSource, yahoo: YahooServer, n_redirects: int) -> None:
    """Yahoo moves its hosts at times."""
    yahoo.faults.add(redirect(CHART), ticker="KOLA", times=n_redirects)
    assert states(fetch(source, "KOLA")) == {"KOLA": ("updated", N_SESSIONS)}


@pytest.mark.parametrize(
    "target",
    [
        "https://wire.invalid/KOLA",
        "http://query1.finance.yahoo.com/v8/finance/chart/KOLA",
        "https://query1.finance.yahoo.com@wire.invalid/",
        "https://yahoo.com.wire.invalid/",
        "file:///etc/passwd",
        "https://[::bad/",
    ],
)
def test_nothing_is_asked_of_another_host(source: YahooSource, yahoo: YahooServer, target: str) -> None:
    """A redirect away from Yahoo, or without TLS, is an answer that can't be used."""
    yahoo.faults.add(redirect(target), ticker="KOLA")
    result = fetch(source, "KOLA", "MOSS")
    assert states(result) == {"KOLA": ("failed", 0), "MOSS": ("updated", N_SESSIONS)}
    assert "Yahoo" in result.outcomes["KOLA"].reason
    assert yahoo.refused_hosts == []


@pytest.mark.parametrize("cookie", ["B=d; Domain=.yahoo.com; Path=/", "A3=d; Domain=.yahoo.com; Path=/"])
def test_a_cookie_that_yfinance_stumbles_over_fails_no_ticker(
    yahoo: YahooServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, cookie: str
) -> None:
    """Without A3, or without a time, yfinance raises KeyError or TypeError for every ticker, unsent."""
    yahoo.faults.add(Reply(404, "", {"Set-Cookie": cookie}), endpoint="cookie")
    yahoo.faults.add("500", endpoint="crumb")
    for _ in range(2):
        forget_yfinance(monkeypatch)
        result = fetch(YahooSource(hurried(tmp_path)), "KOLA", "MOSS")
        assert states(result) == {"KOLA": ("updated", N_SESSIONS), "MOSS": ("updated", N_SESSIONS)}
        assert yahoo.n_requests("chart", "KOLA") <= 2


def test_pages_for_cookies_are_asked_a_few_times_in_a_morning(source: YahooSource, yahoo: YahooServer) -> None:
    """Not for every attempt of every ticker."""
    for endpoint in ("cookie", "crumb", "chart"):
        yahoo.faults.add("500", endpoint=endpoint)
    fetch(source, "KOLA", "FERN", "MOSS")
    assert yahoo.n_requests("chart") == 9
    assert sum(entry.endpoint in ("cookie", "crumb", "consent") for entry in yahoo.log) <= 12


def test_retry_after_is_heeded_up_to_a_day(yahoo: YahooServer, tmp_path: Path, fake_time: FakeTime) -> None:
    """90 s instead of the usual 60; what is no number of seconds within a day is passed over."""
    settings = hurried(tmp_path, back_off_s=60, longest_back_off_s=900, patience_s=900)
    for value in ("90", "-5", "1e9", "999999", "Wed, 27 Nov 2024 23:02:00 GMT", "Fri, 31 Dec 9999 23:59:59 GMT"):
        yahoo.faults.add(Reply(429, "", {"Retry-After": value}), ticker="KOLA", times=1)
        source = YahooSource(settings, clock=fake_time.clock, sleep=fake_time.sleep)
        assert states(fetch(source, "KOLA")) == {"KOLA": ("updated", N_SESSIONS)}
    assert [wait for wait in fake_time.waits if wait >= 1] == [90, 60, 60, 60, 120, 60]


def test_an_answer_of_gigabytes_is_given_up(source: YahooSource, yahoo: YahooServer) -> None:
    """A few kilobytes of gzip can hold them."""
    yahoo.faults.add(Reply(body=b" " * (40 * 2**20)), ticker="KOLA")
    assert "larger than 32 MB" in fetch(source, "KOLA", "MOSS").outcomes["KOLA"].reason


def test_no_warning_of_a_library_gets_out(
    source: YahooSource, yahoo: YahooServer, capfd: pytest.CaptureFixture[str]
) -> None:
    """A page that the parser of consent forms warns of, and every other answer broken."""
    yahoo.faults.add(Reply(body="https://wire.invalid/page"), endpoint="consent")
    yahoo.faults.add("500", endpoint="crumb")
    yahoo.faults.add("html", ticker="KOLA")
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        fetch(source, "KOLA", "MOSS")
    assert [str(warning.message) for warning in caught] == []
    assert capfd.readouterr() == ("", "")
