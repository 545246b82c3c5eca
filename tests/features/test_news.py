"""Headlines are known from an instant, and inform the first session whose decision may use them."""

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stockseq.features.news import Latency, as_latency, available_at, decide, traded_decisions
from stockseq.schemas import Headlines
from stockseq.sessions import DecisionPolicy, TradingCalendar

CALENDAR = TradingCalendar("XNYS", pd.Timestamp("2024-11-01"), pd.Timestamp("2024-12-31"))
NEW_YORK = "America/New_York"
NO_LATENCY = pd.Timedelta(0)


def _headlines(published: str, *, seen: str | None = None, date_only: bool = False) -> Headlines:
    stamps = pd.to_datetime([published, seen], utc=True, format="ISO8601").astype("datetime64[us, UTC]")
    row = {"published_at": stamps[:1], "first_seen_at": stamps[1:], "date_only": date_only}
    return Headlines(pd.DataFrame(row).assign(ticker="ACME", text="Acme", headline_id="1"))


@pytest.mark.parametrize(
    ("headlines", "expected"),
    [
        (_headlines("2024-11-27T20:00:00Z"), "2024-11-27T20:15:00+00:00"),
        (_headlines("2024-11-27T20:00:00Z", seen="2024-11-27T20:05:00Z"), "2024-11-27T20:15:00+00:00"),
        (_headlines("2024-11-27T20:00:00Z", seen="2024-11-27T21:05:00Z"), "2024-11-27T21:05:00+00:00"),
        # The end of 27 November in New York is 05:00 of the 28th in UTC; in July it would be 04:00.
        (_headlines("2024-11-27T00:00:00Z", date_only=True), "2024-11-28T04:59:59.999999+00:00"),
        (_headlines("2024-07-03T00:00:00Z", date_only=True), "2024-07-04T03:59:59.999999+00:00"),
        (_headlines("2024-11-27T05:00:00Z", date_only=True), "2024-11-28T04:59:59.999999+00:00"),
        (_headlines("2024-11-28T04:59:59.999999Z", date_only=True), "2024-11-28T04:59:59.999999+00:00"),
        (_headlines("2024-11-27T00:00:00Z", seen="2024-12-02T10:00:00Z", date_only=True), "2024-12-02T10:00:00+00:00"),
    ],
)
def test_a_headline_is_available_at_the_latest_of_what_is_known_of_it(headlines: Headlines, expected: str) -> None:
    """A vendor's stamp can lie before the feed; our own clock and the end of a date can't be beaten."""
    available = available_at(headlines, timezone=NEW_YORK).iloc[0]
    assert available.isoformat() == expected
    if pd.notna(headlines["first_seen_at"].iloc[0]):
        assert available >= headlines["first_seen_at"].iloc[0]


@pytest.mark.parametrize(
    ("headlines", "quality"),
    [
        (_headlines("2024-11-27T20:00Z"), "vendor"),
        (_headlines("2024-11-27T20:00Z", seen="2024-11-27T20:05Z"), "first_seen"),
        (_headlines("2024-11-27T00:00Z", seen="2024-11-27T20:05Z", date_only=True), "date_only"),
    ],
)
def test_the_quality_of_a_stamp_is_said(headlines: Headlines, quality: str) -> None:
    """A backtest on vendor stamps is worth less than one on our own."""
    decided = decide(headlines, calendar=CALENDAR, policy=DecisionPolicy())
    assert decided["known_by"].tolist() == [quality]


@pytest.mark.parametrize(
    ("policy", "traded"),
    [("before_open(30)", "2024-11-29"), ("close_minus(15)", "2024-11-27"), ("after_close(30)", "2024-11-29")],
)
def test_a_headline_of_wednesday_noon_is_traded_when_its_decision_is(policy: str, traded: str) -> None:
    """After the close, the decision of a session is traded in the next one, Friday after Thanksgiving."""
    noon = _headlines("2024-11-27T17:00:00Z")
    decided = decide(noon, calendar=CALENDAR, policy=DecisionPolicy.parse(policy), latency=NO_LATENCY)
    assert decided["session"].dt.strftime("%Y-%m-%d").tolist() == [traded]


def test_a_date_only_headline_never_informs_its_own_date() -> None:
    """Midnight is where a missing time of day is written, and the news may be of the evening."""
    dated = _headlines("2024-11-27T00:00:00Z", date_only=True)
    decided = decide(dated, calendar=CALENDAR, policy=DecisionPolicy())
    assert decided["session"].dt.strftime("%Y-%m-%d").tolist() == ["2024-11-29"]


def test_a_backdated_headline_counts_from_when_it_was_seen() -> None:
    """Vendors stamp after the fact; a model on such stamps reads the future."""
    stamped = _headlines("2024-11-27T13:00:00Z", seen="2024-11-27T22:00:00Z")
    decided = decide(stamped, calendar=CALENDAR, policy=DecisionPolicy())
    assert decided["session"].dt.strftime("%Y-%m-%d").tolist() == ["2024-11-29"]


@given(
    minutes=st.integers(0, 60 * 24 * 50),
    policy=st.sampled_from(["before_open(30)", "close_minus(15)", "after_close(30)"]),
)
def test_a_headline_is_always_known_at_the_decision_it_informs(minutes: int, policy: str) -> None:
    """Rule R1 for every stamp: `available_at <= decision_at`, and not at the decision before."""
    at = pd.Timestamp("2024-11-05", tz="UTC") + pd.Timedelta(minutes=minutes)
    parsed = DecisionPolicy.parse(policy)
    decided = decide(_headlines(at.isoformat()), calendar=CALENDAR, policy=parsed).iloc[0]
    decisions = traded_decisions(CALENDAR, parsed)
    before = decisions.shift(1)[decided["session"]]
    assert before < decided["available_at"] <= decisions[decided["session"]]


def test_headlines_are_not_changed_in_place() -> None:
    """The caller stores the same frame."""
    headlines = _headlines("2024-11-27T20:00:00Z")
    before = headlines.copy()
    decide(headlines, calendar=CALENDAR, policy=DecisionPolicy())
    pd.testing.assert_frame_equal(headlines, before)


@pytest.mark.parametrize(
    ("date", "end"),
    [
        # Back from midnight to 23:00: the last hour of the 17th comes twice, and its second end is at 03:00 UTC.
        ("2018-02-17", "2018-02-18T02:59:59.999999+00:00"),
        # Forward from midnight to 1:00: the 3rd ends at 03:00 UTC, the 4th at 02:00.
        ("2018-11-03", "2018-11-04T02:59:59.999999+00:00"),
        ("2018-11-04", "2018-11-05T01:59:59.999999+00:00"),
    ],
)
def test_a_date_ends_where_its_clock_is_changed_at_midnight(date: str, end: str) -> None:
    """As B3's in Sao Paulo was, until 2019; the later of two ends is the one that can't be too early."""
    dated = _headlines(f"{date}T00:00:00Z", date_only=True)
    assert available_at(dated, timezone="America/Sao_Paulo").iloc[0].isoformat() == end


@pytest.mark.parametrize(("minutes", "session"), [(4, "2024-11-27"), (6, "2024-11-29")])
def test_the_latency_that_is_asked_for_decides_the_session(minutes: int, session: str) -> None:
    """Published at 8:55 in New York, five minutes before the decision of 9:00."""
    decided = decide(
        _headlines("2024-11-27T13:55:00Z"),
        calendar=CALENDAR,
        policy=DecisionPolicy(),
        latency=pd.Timedelta(minutes=minutes),
    )
    assert decided["session"].dt.strftime("%Y-%m-%d").tolist() == [session]


def test_each_source_has_its_own_latency() -> None:
    """A filing is public when it is accepted, a feed's stamp is minutes before its readers have it."""
    rows = pd.concat([_headlines("2024-11-27T13:55:00Z")] * 4, ignore_index=True)
    rows["source"] = ["edgar", "files:fnspid", "files", "yahoo"]
    latency = Latency(pd.Timedelta(minutes=15), {"edgar": pd.Timedelta(0), "files": pd.Timedelta(hours=1)})
    available = available_at(rows, timezone=NEW_YORK, latency=latency)
    assert available.dt.strftime("%H:%M").tolist() == ["13:55", "14:55", "14:55", "14:10"]
    # Of these only the filing is known half an hour before the open, at 14:00 UTC.
    decided = decide(Headlines(rows), calendar=CALENDAR, policy=DecisionPolicy(), latency=latency)
    assert decided["session"].dt.strftime("%d").tolist() == ["27", "29", "29", "29"]


def test_a_name_that_begins_alike_is_another_source() -> None:
    """The part before the colon is the name, not any beginning of it."""
    rows = pd.DataFrame({"source": ["filesystem", "files:", ":files"]})
    assert Latency(pd.Timedelta(0), {"files": pd.Timedelta(hours=1)}).of(rows).tolist() == [
        pd.Timedelta(0),
        pd.Timedelta(hours=1),
        pd.Timedelta(0),
    ]


def test_latencies_that_say_the_same_are_equal_and_written_alike() -> None:
    """A model's basis and an exam's answer go by what is written."""
    minute, day = pd.Timedelta(minutes=1), pd.Timedelta(days=1)
    first = Latency(day, {"b": minute, "a": pd.Timedelta(0), "c": day})
    second = Latency(day, {"a": pd.Timedelta(0), "b": minute})
    assert (first, hash(first), repr(first), str(first)) == (second, hash(second), repr(second), "86400, a 0, b 60")
    assert str(Latency(day)) == str(as_latency(day)) == "86400"


def test_how_an_instant_is_known_is_taken_from_the_headline_where_it_says_so() -> None:
    """A filing's acceptance and a vendor's stamp are worth different trust."""
    rows = Headlines(_headlines("2024-11-27T20:00Z").assign(known_by="accepted"))
    assert decide(rows, calendar=CALENDAR, policy=DecisionPolicy())["known_by"].tolist() == ["accepted"]
