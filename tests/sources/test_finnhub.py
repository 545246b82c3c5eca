"""Finnhub's news against a loopback server that speaks its protocol, with its limits and faults."""

from collections.abc import Iterator
from typing import Any

import pandas as pd
import pytest

from stockseq.errors import SourceError, SourceUnreachable
from stockseq.schemas import Dropped
from stockseq.sources.archive import Chunk
from stockseq.sources.finnhub import BEFORE_REACH, FULL_DAY, FinnhubSource
from stockseq.sources.news_items import OUTSIDE
from stockseq.sources.service import KeyRefused
from stockseq.sources.settings import FinnhubSettings
from stockseq.testing import check_source
from tests.finnhub_server import KEY, FinnhubServer, article, seconds
from tests.service_server import FAULTS, Fault
from tests.service_server.faults import PASSING

# A Friday; the plan's year begins on 2023-11-30.
NOW = pd.Timestamp("2024-11-29T15:00Z")
MONDAY, SUNDAY = pd.Timestamp("2024-11-18"), pd.Timestamp("2024-11-24")
WEEK = Chunk(("KOLA",), MONDAY, SUNDAY)


@pytest.fixture(autouse=True)
def key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FINNHUB_API_KEY", KEY)


def of_week(n_days: int = 7) -> list[dict[str, Any]]:
    """Return one article at noon of each day of the week."""
    days = pd.date_range(MONDAY, periods=n_days)
    return [article(n, f"{day:%Y-%m-%d}T12:00Z", f"Kola news of {day:%A}") for n, day in enumerate(days, start=1)]


@pytest.fixture
def server() -> Iterator[FinnhubServer]:
    with FinnhubServer({"KOLA": of_week()}) as running:
        running.hang_s = 0.4
        yield running


def source(server: FinnhubServer, **changes: object) -> FinnhubSource:
    """Return the source, whose waits take no time."""
    settings = {"url": server.url, "requests_per_second": 1000.0, "timeout_s": 0.15, "retry_wait_s": 0.0}
    return FinnhubSource(FinnhubSettings.model_validate({**settings, **changes}), sleep=lambda s: None)


def reasons(dropped: Any) -> dict[str, int]:
    return {drop.reason: drop.n_rows for drop in dropped}


def test_a_week_comes_with_one_request_and_each_row_says_whose_clock_it_has(server: FinnhubServer) -> None:
    """A day to spare on both sides is two more; the key stands in a header, never in the address."""
    fetched = source(server).fetch_chunk(WEEK, now=NOW)
    assert [(request.query["from"], request.query["to"]) for request in server.log] == [
        ("2024-11-17", "2024-11-17"), ("2024-11-18", "2024-11-24"), ("2024-11-25", "2024-11-25"),
    ]  # fmt: skip
    assert all(KEY not in str(request.query) for request in server.log)
    assert fetched.outcomes["KOLA"].n_rows == 7
    assert fetched.dropped == ()
    first = fetched.headlines.iloc[0]
    assert first["text"] == "Kola news of Monday"
    assert first["published_at"] == pd.Timestamp("2024-11-18T12:00Z")
    assert (first["known_by"], first["publisher"], first["summary"]) == (
        "vendor",
        "Loopback Wire",
        "More on it: Kola news of Monday.",
    )
    assert fetched.headlines["first_seen_at"].isna().all()


def test_it_keeps_the_contract_of_a_source(server: FinnhubServer) -> None:
    """For headlines alone, as of now and as of earlier instants."""
    stamps = [f"2024-11-{day}T{hour}:30Z" for day in range(24, 30) for hour in ("09", "14")]
    server.articles["KOLA"] = [article(n, stamp, f"Kola {n}") for n, stamp in enumerate(stamps, start=1)]
    check_source(source(server), ["KOLA"], NOW)


def test_a_morning_asks_for_the_last_week_and_sees_it_now(server: FinnhubServer) -> None:
    """Our own clock counts, whatever the vendor's says."""
    fetched = source(server).fetch_headlines(["KOLA", "NONE"], since=pd.Timestamp("2024-11-21T18:00Z"), now=NOW)
    assert fetched.headlines["text"].tolist() == [f"Kola news of {day}" for day in ("Friday", "Saturday", "Sunday")]
    assert set(fetched.headlines["known_by"]) == {"first_seen"}
    assert (fetched.headlines["first_seen_at"] == NOW).all()
    none = fetched.outcomes["NONE"]
    assert none.status == "nothing_new"
    assert "says the same of a ticker that it doesn't know" in none.reason


def test_a_full_week_is_asked_for_by_day_and_a_full_day_is_told(server: FinnhubServer) -> None:
    """Twenty articles of one day, of which the newest ten come, are lost to whoever doesn't ask again."""
    crowd = [article(100 + n, f"2024-11-20T{n:02}:10Z", f"Kola crowd {n}") for n in range(20)]
    server.articles["KOLA"] = [*of_week(), *crowd]
    server.most = 10
    fetched = source(server, full_answer=10).fetch_chunk(WEEK, now=NOW)
    texts = set(fetched.headlines["text"])
    assert {f"Kola news of {day}" for day in ("Monday", "Tuesday", "Thursday", "Friday", "Saturday", "Sunday")} <= texts
    assert reasons(fetched.dropped) == {FULL_DAY: 1}
    assert len(server.log) == 3 + 7
    assert len(texts) == 6 + 10


def test_days_before_the_plan_are_told_and_not_asked_for(server: FinnhubServer) -> None:
    """Silence would read as a year without news."""
    client = source(server)
    before = client.fetch_chunk(Chunk(("KOLA",), pd.Timestamp("2022-01-01"), pd.Timestamp("2022-12-31")), now=NOW)
    assert server.log == []
    assert before.outcomes["KOLA"].reason == (
        "Finnhub gives your plan the days from 2023-11-30 on, and none of those asked for"
    )
    assert before.dropped == (Dropped("fetch headlines", "KOLA", BEFORE_REACH, 365),)
    across = client.fetch_chunk(Chunk(("KOLA",), pd.Timestamp("2023-11-01"), pd.Timestamp("2023-12-31")), now=NOW)
    assert server.log[0].query["from"] == "2023-11-30"
    assert reasons(across.dropped) == {BEFORE_REACH: 29}


def test_a_plan_that_reaches_further_is_asked_further(server: FinnhubServer) -> None:
    """`finnhub.reach_days`."""
    server.articles["KOLA"] = [article(1, "2020-03-02T15:00Z", "Kola of old")]
    chunk = Chunk(("KOLA",), pd.Timestamp("2020-03-01"), pd.Timestamp("2020-03-31"))
    assert source(server, reach_days=4000).fetch_chunk(chunk, now=NOW).headlines["text"].tolist() == ["Kola of old"]


def test_a_service_that_ignores_the_days_fails_the_ticker(server: FinnhubServer) -> None:
    """It once gave the newest fifty whatever was asked for; the same fifty would fill every week of the year."""
    stamps = pd.date_range("2024-11-25", periods=60, freq="h")
    server.articles["KOLA"] = [article(n, stamp.isoformat() + "Z", f"Kola {n}") for n, stamp in enumerate(stamps, 1)]
    server.ignores_range = True
    month = Chunk(("KOLA",), pd.Timestamp("2024-10-01"), pd.Timestamp("2024-10-31"))
    fetched = source(server).fetch_chunk(month, now=NOW)
    assert fetched.headlines.empty
    assert fetched.outcomes["KOLA"].status == "failed"
    assert fetched.outcomes["KOLA"].reason.startswith(
        "Finnhub was asked for 2024-09-30 to 2024-10-06, and 50 of the 50 items that came lie outside"
    )


def test_single_strays_are_left_out_and_counted(server: FinnhubServer) -> None:
    """One among seven is no proof that the days were ignored."""
    stray = article(99, "2024-08-01T12:00Z", "Kola of August", day="2024-11-19T12:00Z")
    server.articles["KOLA"] = [*of_week(), stray]
    fetched = source(server).fetch_chunk(WEEK, now=NOW)
    assert "Kola of August" not in set(fetched.headlines["text"])
    assert len(fetched.headlines) == 7
    assert reasons(fetched.dropped) == {OUTSIDE: 1}


@pytest.mark.parametrize("zone", ["America/New_York", "Asia/Tokyo", "UTC"])
def test_a_chunk_is_whole_in_whatever_zone_the_days_are_cut(server: FinnhubServer, zone: str) -> None:
    """In which zone a day begins isn't documented: the evening of the last day must not fall between two chunks."""
    stamps = ["2024-11-18T00:10Z", "2024-11-20T12:00Z", "2024-11-24T23:50Z"]
    outside = ["2024-11-17T23:50Z", "2024-11-25T00:10Z"]
    server.articles["KOLA"] = [article(n, stamp, f"Kola {stamp}") for n, stamp in enumerate(stamps + outside, 1)]
    server.zone = zone
    fetched = source(server).fetch_chunk(WEEK, now=NOW)
    assert fetched.headlines["text"].tolist() == [f"Kola {stamp}" for stamp in stamps]
    assert fetched.dropped == ()


GOOD = seconds("2024-11-20T10:00Z")
FAULTY: dict[str, tuple[Any, str]] = {
    "datetime 0": (article(8, "2024-11-20", "Kola", datetime=0), "news item without a publication time"),
    "datetime null": (article(8, "2024-11-20", "Kola", datetime=None), "news item without a publication time"),
    "datetime negative": (
        article(8, "2024-11-20", "Kola", datetime=-GOOD),
        "news item with a publication time that can't be read",
    ),
    "datetime in milliseconds": (
        article(8, "2024-11-20", "Kola", datetime=GOOD * 1000),
        "news item with a publication time that isn't in seconds",
    ),
    "datetime as text": (
        article(8, "2024-11-20", "Kola", datetime=str(GOOD)),
        "news item with a publication time that can't be read",
    ),
    "datetime as a float": (
        article(8, "2024-11-20", "Kola", datetime=float(GOOD)),
        "news item with a publication time that can't be read",
    ),
    "datetime true": (
        article(8, "2024-11-20", "Kola", datetime=True),
        "news item with a publication time that can't be read",
    ),
    "datetime beyond all use": (
        article(8, "2024-11-20", "Kola", datetime=10**400),
        "news item with a publication time that can't be read",
    ),
    "datetime of 1971": (article(8, "2024-11-20", "Kola", datetime=40_000_000), "news item dated before 1990"),
    "datetime in the future": (
        article(8, "2024-11-20", "Kola", datetime=seconds("2024-11-29T15:00:01Z")),
        "news item dated in the future",
    ),
    "no headline": (article(8, "2024-11-20", ""), "news item without a title"),
    "headline of control codes": (article(8, "2024-11-20", "\x1b[31m\x00"), "news item without a title"),
    "headline a number": ({**article(8, "2024-11-20", ""), "headline": 7}, "news item without a title"),
    "no object": ("Kola up", "news item without content"),
    "of another ticker": (article(8, "2024-11-20T10:00Z", "Fern", related="FERN"), "news item of other tickers"),
    "id too long": (
        article(8, "2024-11-20T10:00Z", "Kola", id="9" * 101),
        "news item with an id that can't be read",
    ),
    "the same twice": (of_week()[0], "news item repeated"),
    "the same under another id": ({**of_week()[0], "id": 77}, "news item repeated"),
}


@pytest.mark.parametrize("case", FAULTY)
def test_what_can_not_be_a_headline_is_counted_by_its_reason(server: FinnhubServer, case: str) -> None:
    """The seven good ones beside it are kept."""
    raw, reason = FAULTY[case]
    server.articles["KOLA"] = [*of_week(), {"day": "2024-11-18T10:00Z", "datetime": GOOD, "raw": raw}]
    fetched = source(server).fetch_chunk(WEEK, now=NOW)
    assert len(fetched.headlines) == 7
    assert reasons(fetched.dropped) == {reason: 1}


@pytest.mark.parametrize("related", ["", "KOLA", "FERN,KOLA", "kola", None, 5, "Kola Works Inc & Sons (of old), plc."])
def test_related_that_names_the_ticker_or_none_is_no_fault(server: FinnhubServer, related: object) -> None:
    """It was asked for by its symbol."""
    server.articles["KOLA"] = [article(1, "2024-11-20T10:00Z", "Kola up", related=related)]
    assert len(source(server).fetch_chunk(WEEK, now=NOW).headlines) == 1


def test_a_class_of_shares_is_asked_for_as_finnhub_writes_it(server: FinnhubServer) -> None:
    """BRK-B at Yahoo is BRK.B there, and BRK-B in the table."""
    server.articles["KOLA.B"] = [article(1, "2024-11-20T10:00Z", "Kola up", related="KOLA.B")]
    chunk = Chunk(("KOLA-B",), MONDAY, SUNDAY)
    assert source(server).fetch_chunk(chunk, now=NOW).headlines["ticker"].tolist() == ["KOLA-B"]


def test_two_stories_without_an_id_are_told_apart_by_their_stamps(server: FinnhubServer) -> None:
    """An id of 0 is none."""
    stamps = ("2024-11-20T10:00Z", "2024-11-21T10:00Z")
    server.articles["KOLA"] = [article(0, stamp, "Kola opens") for stamp in stamps]
    assert len(source(server).fetch_chunk(WEEK, now=NOW).headlines) == 2


def test_a_text_of_megabytes_is_cut_before_it_is_cleaned(server: FinnhubServer) -> None:
    """Entities of a megabyte would take seconds."""
    huge = article(1, "2024-11-20T10:00Z", "Kola &amp; " * 200_000, summary="&lt;" * 500_000)
    server.articles["KOLA"] = [huge]
    row = source(server, timeout_s=5.0).fetch_chunk(WEEK, now=NOW).headlines.iloc[0]
    assert row["text"].startswith("Kola & Kola &")
    assert len(row["text"]) <= 1000
    assert len(row["summary"]) <= 4000


@pytest.mark.parametrize("fault", PASSING)
def test_a_fault_that_passes_loses_nothing(server: FinnhubServer, fault: Fault) -> None:
    """The same rows, with one more request."""
    server.faults[2] = fault
    fetched = source(server).fetch_chunk(WEEK, now=NOW)
    assert len(fetched.headlines) == 7
    assert len(server.log) == 4


@pytest.mark.parametrize("fault", [fault for fault in FAULTS if fault not in ("not UTF-8", "401")])
def test_a_fault_that_lasts_fails_the_ticker_and_not_the_others(server: FinnhubServer, fault: Fault) -> None:
    """Nothing is kept of a ticker of which half came; without any answer the run ends."""
    server.articles["FERN"] = [article(50, "2024-11-20T10:00Z", "Fern up", related="FERN")]
    server.rule = lambda request: fault if request.query["symbol"] == "KOLA" and request.number > 1 else None
    client = source(server, attempts=2, patience_s=60.0)
    chunk = Chunk(("KOLA", "FERN"), MONDAY, SUNDAY)
    if fault in ("reset", "no answer in time", "cut body", "drips"):
        try:
            fetched = client.fetch_chunk(chunk, now=NOW)
        except SourceUnreachable:
            return
    else:
        fetched = client.fetch_chunk(chunk, now=NOW)
    assert fetched.outcomes["KOLA"].status == ("unknown" if fault == "403" else "failed")
    assert KEY not in fetched.outcomes["KOLA"].reason
    assert fetched.headlines["text"].tolist() == ["Fern up"]


def test_bytes_that_are_no_text_cost_their_item_alone(server: FinnhubServer) -> None:
    """One letter of one title doesn't take the week with it."""
    server.rule = lambda request: "not UTF-8" if request.number == 2 else None
    fetched = source(server).fetch_chunk(WEEK, now=NOW)
    assert len(fetched.headlines) == 6
    assert reasons(fetched.dropped) == {"news item with a title that isn't UTF-8": 1}


def test_a_key_that_is_not_taken_ends_the_run_with_what_to_do(
    server: FinnhubServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The variable is named, and the key is not; without a key nothing is asked."""
    monkeypatch.setenv("FINNHUB_API_KEY", "wr0ng")
    with pytest.raises(KeyRefused, match=r"FINNHUB_API_KEY in the environment; get a free one at") as raised:
        source(server).fetch_chunk(WEEK, now=NOW)
    assert "wr0ng" not in str(raised.value)
    assert len(server.log) == 1
    monkeypatch.delenv("FINNHUB_API_KEY")
    with pytest.raises(SourceError, match="FINNHUB_API_KEY isn't set in the environment"):
        source(server).fetch_chunk(WEEK, now=NOW)
    assert len(server.log) == 1


def test_an_exchange_that_the_plan_does_not_cover_costs_its_ticker_alone(server: FinnhubServer) -> None:
    """Finnhub answers 403, as for a key that it doesn't take; the other tickers come."""
    server.forbidden = {"KOLA.TO"}
    fetched = source(server).fetch_chunk(Chunk(("KOLA.TO", "KOLA"), MONDAY, SUNDAY), now=NOW)
    assert fetched.outcomes["KOLA.TO"].status == "unknown"
    assert "the plan of this key doesn't cover it" in fetched.outcomes["KOLA.TO"].reason
    assert fetched.outcomes["KOLA"].n_rows == 7


def test_a_year_keeps_below_sixty_calls_a_minute() -> None:
    """53 requests for a year of one ticker; none comes before its time."""
    waits: list[float] = []
    now = [0.0]

    def sleep(seconds: float) -> None:
        waits.append(seconds)
        now[0] += seconds

    with FinnhubServer({"KOLA": of_week()}) as server:
        client = FinnhubSource(FinnhubSettings(url=server.url), clock=lambda: now[0], sleep=sleep)
        chunk = Chunk(("KOLA",), pd.Timestamp("2023-11-30"), pd.Timestamp("2024-11-29"))
        assert client.fetch_chunk(chunk, now=NOW).outcomes["KOLA"].n_rows == 7
        assert len(server.log) == 53
    assert min(waits) >= 60 / 55
