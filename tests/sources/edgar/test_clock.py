"""The clock of EDGAR's lists: true UTC and New York's with a Z, summer, winter, and the nights of the change."""

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stockseq.sources.edgar import EdgarSource
from stockseq.sources.edgar.calibration import Calibration, calibrate
from stockseq.sources.edgar.clock import accepted_at, judge_clock, read_header, read_stamp
from stockseq.sources.edgar.filings import Filing
from tests.edgar_server import EdgarServer, Filed, eastern
from tests.sources.edgar.scenario import KOLA, hurried, some, whole

# New York's clock, which of two, the true instant by hand, and what New York's clock alone lets one know.
CLOCKS = [
    ("2024-07-30 16:05:00", 0, "2024-07-30T20:05:00Z", "2024-07-30T20:05:00Z"),
    ("2024-01-30 16:05:00", 0, "2024-01-30T21:05:00Z", "2024-01-30T21:05:00Z"),
    # The night that is an hour shorter, before and after two o'clock.
    ("2024-03-10 01:59:59", 0, "2024-03-10T06:59:59Z", "2024-03-10T06:59:59Z"),
    ("2024-03-10 03:00:00", 0, "2024-03-10T07:00:00Z", "2024-03-10T07:00:00Z"),
    # The night that is an hour longer: before, in the first and in the second of the two hours, and after.
    ("2024-11-03 00:59:59", 0, "2024-11-03T04:59:59Z", "2024-11-03T04:59:59Z"),
    ("2024-11-03 01:30:00", 0, "2024-11-03T05:30:00Z", "2024-11-03T06:30:00Z"),
    ("2024-11-03 01:30:00", 1, "2024-11-03T06:30:00Z", "2024-11-03T06:30:00Z"),
    ("2024-11-03 02:00:00", 0, "2024-11-03T07:00:00Z", "2024-11-03T07:00:00Z"),
    # Before 2007 the clock was set back at the end of October.
    ("2006-10-30 09:00:00", 0, "2006-10-30T14:00:00Z", "2006-10-30T14:00:00Z"),
]  # fmt: skip


@pytest.mark.parametrize("clock", ["utc", "new_york"])
@pytest.mark.parametrize(("wall", "fold", "true", "later"), CLOCKS)
def test_a_filing_counts_from_its_acceptance(
    server: EdgarServer,
    source: EdgarSource,
    clock: Literal["utc", "new_york"],
    wall: str,
    fold: int,
    true: str,
    later: str,
) -> None:
    """Whichever clock its filer's stamps show; in the hour that comes twice New York's is read as the later one."""
    accepted = eastern(wall, fold=fold)
    assert accepted == pd.Timestamp(true)
    server.filers[0] = replace(KOLA, clock=clock, recent=[KOLA.recent[0], Filed(accepted, "1.03")])
    rows = some(source, f"{accepted:%Y-%m-%d}", f"{accepted:%Y-%m-%d}").headlines
    assert rows["published_at"].tolist() == [pd.Timestamp(true if clock == "utc" else later)]
    assert not any("isn't settled" in note for note in source.notes(accepted))


@pytest.mark.parametrize("clock", ["utc", "new_york"])
@pytest.mark.parametrize(
    ("wall", "filed", "shown"),
    [
        # In the evening: on the next morning, after a weekend, and after Columbus Day, on which stocks are traded.
        ("2024-11-20 18:00:00", "2024-11-21", "2024-11-21T12:30:00Z"),
        ("2024-11-22 20:00:00", "2024-11-25", "2024-11-25T12:30:00Z"),
        ("2024-10-11 20:00:00", "2024-10-15", "2024-10-15T11:30:00Z"),
        # Before half past five, and before the office opens: at once.
        ("2024-11-20 17:29:00", "2024-11-20", "2024-11-20T22:29:00Z"),
        ("2024-11-20 06:05:00", "2024-11-20", "2024-11-20T11:05:00Z"),
    ],
)
def test_a_filing_of_the_evening_counts_from_the_morning_that_shows_it(
    server: EdgarServer, source: EdgarSource, clock: Literal["utc", "new_york"], wall: str, filed: str, shown: str
) -> None:
    """Accepted after 17:30 it bears the next business day's date, and nobody can read it before."""
    evening = Filed(eastern(wall), "1.03", filed=filed)
    server.filers[0] = replace(KOLA, clock=clock, recent=[KOLA.recent[0], evening])
    rows = some(source, "2024-10-01", "2024-11-25").headlines
    assert rows["published_at"].tolist() == [pd.Timestamp(shown)]


@pytest.mark.parametrize(
    ("wall", "later"),
    [
        # Read as New York's clock though it is UTC: four hours late in summer, five in winter.
        ("2024-07-30 16:05:00", "2024-07-31T00:05:00Z"),
        ("2024-01-30 16:05:00", "2024-01-31T02:05:00Z"),
        # 02:30Z stands on no clock of New York in that night: an hour that wasn't set forward is the later.
        ("2024-03-09 21:30:00", "2024-03-10T07:30:00Z"),
        # 01:30Z stands there twice.
        ("2024-11-02 21:30:00", "2024-11-03T06:30:00Z"),
    ],
)
def test_without_a_header_the_later_reading_counts(
    server: EdgarServer, source: EdgarSource, wall: str, later: str
) -> None:
    """And the note names the ticker."""
    server.filers[0] = replace(KOLA, recent=[Filed(eastern(wall), "8.01")])
    server.rule = lambda request: "404" if "index-headers" in request.path else None
    day = pd.Timestamp(later).strftime("%Y-%m-%d")
    assert some(source, day, day).headlines["published_at"].tolist() == [pd.Timestamp(later)]
    assert (
        "the clock of KOLA isn't settled (no header of its filings can be read)" in source.notes(pd.Timestamp(later))[1]
    )


def test_the_next_header_is_asked_for_where_the_newest_has_none(server: EdgarServer, source: EdgarSource) -> None:
    """A filing of this very minute may not have its pages yet."""
    newest = KOLA.accession(KOLA.recent[0])
    server.rule = lambda request: "404" if f"{newest}-index-headers" in request.path else None
    assert whole(source).headlines["published_at"].max() == eastern("2024-11-26 16:05:30")
    assert sum("index-headers" in path for path in server.paths()) == 2
    assert len(source.notes(eastern("2024-11-27"))) == 1


def test_a_filing_whose_header_fits_neither_clock_counts_from_the_latest(
    server: EdgarServer, source: EdgarSource
) -> None:
    """Its list is an hour early, so by UTC 15:05:30; the header, which is right, says 16:05:30."""
    odd = replace(KOLA.recent[0], seconds_off=-3600)
    server.filers[0] = replace(KOLA, recent=[odd, *KOLA.recent[1:]])
    rows = whole(source).headlines
    assert rows["published_at"].iloc[-1] == eastern("2024-11-26 16:05:30")
    # The others go by the clock that the next header told.
    assert rows["published_at"].iloc[-2] == eastern("2024-07-30 07:31:00")


def test_headers_that_all_fit_neither_clock_leave_it_unsettled(server: EdgarServer, source: EdgarSource) -> None:
    """Three are asked for, once for all time; those not asked for are read as New York's clock."""
    server.filers[0] = replace(KOLA, recent=[replace(one, seconds_off=600) for one in KOLA.filings], older=[])
    rows = whole(source).headlines
    assert "fit neither clock" in source.notes(eastern("2024-11-27"))[1]
    assert sum("index-headers" in path for path in server.paths()) == 3
    # 16:30 in daylight time of New York is 20:30Z; with ten minutes added and read as New York's it is 00:40Z.
    assert rows["published_at"].iloc[0] == pd.Timestamp("2003-10-16T00:40:00Z")
    server.forget()
    whole(source)
    assert not any("index-headers" in path for path in server.paths())


def test_a_filer_that_shows_both_clocks_is_found_out_by_a_filing_at_night(
    server: EdgarServer, source: EdgarSource
) -> None:
    """07:30 of New York read as UTC is half past three, when EDGAR is shut; its header says that it isn't UTC."""
    night = Filed(eastern("2024-04-30 07:30:32"), "7.01", clock="new_york")
    server.filers[0] = replace(KOLA, recent=[*KOLA.recent, night])
    rows = some(source, "2024-04-30", "2024-04-30").headlines
    assert rows["published_at"].tolist() == [eastern("2024-04-30 07:30:32")]
    assert "(its filings show both clocks)" in source.notes(eastern("2024-11-27"))[1]
    # What is UTC counts four or five hours late: never too early.
    assert some(source, "2024-11-27", "2024-11-27").headlines["published_at"].tolist() == [
        pd.Timestamp("2024-11-27T02:05:30Z")
    ]


def test_a_filing_at_night_that_its_header_confirms_changes_nothing(server: EdgarServer, source: EdgarSource) -> None:
    """Whatever EDGAR's hours were, the header decides."""
    night = Filed(eastern("2024-04-30 03:30:32"), "7.01")
    server.filers[0] = replace(KOLA, recent=[*KOLA.recent, night])
    assert some(source, "2024-04-30", "2024-04-30").headlines["published_at"].tolist() == [night.accepted]
    assert len(source.notes(eastern("2024-11-27"))) == 1


def test_a_clock_is_found_out_once_and_anew_when_the_list_is_mended(server: EdgarServer, tmp_path: Path) -> None:
    """EDGAR may write all stamps in UTC one day: the old clock would then be hours late."""
    server.filers[0] = replace(KOLA, clock="new_york")
    before = whole(hurried(server, tmp_path)).headlines
    server.forget()
    assert whole(hurried(server, tmp_path)).headlines.equals(before)
    assert not any("index-headers" in path for path in server.paths())
    server.filers[0] = KOLA
    assert whole(hurried(server, tmp_path)).headlines.equals(before)
    assert sum("index-headers" in path for path in server.paths()) == 1
    # Of the older files the saved ones show New York's clock, though the list counts the same filings in them.
    assert sum("submissions-00" in path for path in server.paths()) == 2


def test_a_night_of_an_older_file_is_asked_about_even_when_the_clock_is_known(
    server: EdgarServer, source: EdgarSource
) -> None:
    """A morning's list may have had no filing that gives the second clock away."""
    night = Filed(eastern("2018-04-30 07:30:32"), "7.01", clock="new_york")
    server.filers[0] = replace(KOLA, older=[[night]])
    assert some(source, "2024-11-20", "2024-11-27").headlines["published_at"].tolist() == [KOLA.recent[0].accepted]
    assert some(source, "2018-04-30", "2018-04-30").headlines["published_at"].tolist() == [night.accepted]


@pytest.mark.parametrize(
    ("stamp", "header", "clock"),
    [
        ("2025-05-01T16:21:59.000Z", "20250501162159", "new_york"),
        ("2018-02-01T21:30:17Z", "20180201163017", "utc"),
        # The hour that comes twice: either may be meant, so both instants are UTC.
        ("2024-11-03T05:30:00Z", "20241103013000", "utc"),
        ("2024-11-03T06:30:00Z", "20241103013000", "utc"),
        ("2024-11-03T01:30:00Z", "20241103013000", "new_york"),
        ("2021-05-04T15:34:25.000Z", "20210504163425", None),
        # Standard time's offset in summer.
        ("2021-05-04T21:34:25.000Z", "20210504163425", None),
    ],
)
def test_a_header_tells_the_clock(stamp: str, header: str, clock: str | None) -> None:
    """Of U.S. Steel and Apple, as published; and of nights of the change."""
    accession = "0001163302-25-000028"
    wall = read_header(f"{accession}\n&lt;ACCEPTANCE-DATETIME&gt;{header}\n", accession)
    assert judge_clock(read_stamp(stamp), wall) == clock


@pytest.mark.parametrize(
    "stamp",
    [None, 20240101, "", "2024-01-01", "2024-01-01T10:00:00", "2024-01-01T10:00:00-05:00", "20240101100000",
     "2024-13-01T10:00:00Z", "2024-01-01T25:00:00Z", "1969-01-01T00:00:00Z", "9999-01-01T00:00:00Z",
     "٢٠٢٤-01-01T10:00:00Z"],
)  # fmt: skip
def test_a_stamp_of_another_form_is_none(stamp: object) -> None:
    """A guess could be wrong by hours."""
    with pytest.raises(ValueError, match=r"it is no stamp|out of reach|must be in|month"):
        read_stamp(stamp)


@pytest.mark.parametrize(
    "page",
    [
        "", "null", "<h1>Sorry</h1>",
        "0000000077-24-000000 <ACCEPTANCE-DATETIME>2024112616053",
        "0000000077-24-000000 <ACCEPTANCE-DATETIME>20241326160530",
        "0000000077-24-000000 <ACCEPTANCE-DATETIME>20241126160530 &lt;ACCEPTANCE-DATETIME&gt;20241126170530",
        "0000000088-24-000000 <ACCEPTANCE-DATETIME>20241126160530",
        "0000000077-24-000000 <ACCEPTANCE-DATETIME>18501126160530",
    ],
)  # fmt: skip
def test_a_page_that_is_no_header_settles_nothing(server: EdgarServer, source: EdgarSource, page: str) -> None:
    """It is asked for again, then the next filings' are; without any the later reading counts."""
    for filed in KOLA.filings:
        accession = KOLA.accession(filed)
        server.edits[f"/Archives/edgar/data/77/{accession.replace('-', '')}/{accession}-index-headers.html"] = (
            lambda whole: page
        )
    rows = whole(source).headlines
    assert rows["published_at"].iloc[-1] == pd.Timestamp("2024-11-27T02:05:30Z")
    assert "no header of its filings can be read" in source.notes(eastern("2024-11-27"))[1]


@given(
    accepted=st.lists(
        st.datetimes(datetime(2001, 1, 1), datetime(2026, 12, 31), timezones=st.just(UTC)), min_size=1, max_size=8
    ),
    clock=st.sampled_from(["utc", "new_york"]),
    has_header=st.lists(st.booleans(), min_size=8, max_size=8),
)
def test_no_filing_of_a_filer_with_one_clock_counts_before_its_acceptance(
    accepted: list[datetime], clock: str, has_header: list[bool]
) -> None:
    """Whichever headers there are, at any time of any year; and later by at most what New York's clock leaves open."""
    truth, headers = {}, {}
    for n, instant in enumerate(accepted):
        utc = pd.Timestamp(instant).floor("s")
        wall = utc.tz_convert("America/New_York").tz_localize(None)
        stamp = utc.tz_localize(None) if clock == "utc" else wall
        filing = Filing(f"0000000077-24-{n:06d}", "8-K", stamp, "", wall.normalize())
        truth[filing], headers[filing.accession] = utc, wall if has_header[n] else None
    calibration = calibrate(list(truth), headers.__getitem__)
    for filing, utc in truth.items():
        late = calibration.instant(filing) - utc
        assert pd.Timedelta(0) <= late <= pd.Timedelta(hours=0 if calibration.clock == "utc" else 6)
        assert calibration.clock == "new_york" or clock == "utc"


def test_a_calibration_survives_its_file_and_nothing_else_does() -> None:
    """What isn't one is asked for again."""
    stamp, date = pd.Timestamp("2024-11-26 21:05:30"), pd.Timestamp("2024-11-26")
    filing = Filing("0000000077-24-000000", "8-K", stamp, "2.02", date)
    made = calibrate([filing], lambda accession: pd.Timestamp("2024-11-26 16:05:30"))
    read = Calibration.from_dict(made.to_dict())
    assert read == made
    assert read.instant(filing) == accepted_at(filing.stamp, "utc")
    assert not read.holds_for([])
    whole = made.to_dict()
    changes = ({"clock": "moon"}, {"doubt": 1}, {"headers": []}, {"headers": {"a": 1}}, {"headers": {"a": ["x", "y"]}})
    for damaged in (None, [], {}, {"clock": "utc"}, *({**whole, **change} for change in changes)):
        assert Calibration.from_dict(damaged) is None
