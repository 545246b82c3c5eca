"""Each fault of a service at each of EDGAR's addresses, and lists of filings that are wrong: a right result or none."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from stockseq.errors import SourceError, SourceUnreachable
from stockseq.sources.edgar import EdgarSource
from stockseq.sources.service import ServiceRefused
from tests.edgar_server import EdgarServer, Filed, eastern
from tests.service_server import FAULTS, Fault
from tests.service_server.faults import PASSING
from tests.sources.edgar.scenario import (
    KOLA,
    KOLA_HEADER,
    KOLA_LIST,
    KOLA_OLDER,
    LISTING,
    NOW,
    hurried,
    patience_with,
    reasons,
    whole,
)

PLACES = {"tickers": LISTING, "filings": KOLA_LIST, "older filings": KOLA_OLDER, "header": KOLA_HEADER}
REFUSED = ("401", "403", "422")
UNREACHABLE = ("reset", "no answer in time")
# Pages that come whole, with status 200.
PAGES = ("empty body", "HTML", "null", "another shape")


@pytest.mark.parametrize("fault", PASSING)
def test_a_fault_that_passes_costs_one_more_request_at_each_address(
    server: EdgarServer, tmp_path: Path, fault: Fault
) -> None:
    """The first answer of each of the five addresses is the fault; the headlines are those of an undisturbed run."""
    seen: set[str] = set()

    def first_time(request: Any) -> Fault | None:
        new = request.path not in seen
        seen.add(request.path)
        # Half a page of a header may hold all that is asked of it.
        return fault if new and not (fault == "cut JSON" and "index-headers" in request.path) else None

    server.rule = first_time
    source = hurried(server, tmp_path, timeout_s=patience_with(fault))
    disturbed = whole(source)
    assert len(server.log) == (9 if fault == "cut JSON" else 10)
    assert disturbed.outcomes["KOLA"].n_rows == 5
    assert [row.isoformat() for row in disturbed.headlines["published_at"]][::4] == [
        "2003-10-15T20:30:00+00:00",
        "2024-11-26T21:05:30+00:00",
    ]
    assert len(source.notes(NOW)) == 1


def _verdict(fault: Fault, place: str) -> str:
    """Return how a fault must end that lasts: by hand, for every fault and address."""
    if fault in REFUSED:
        return "refused"
    if fault in UNREACHABLE:
        return "unreachable"
    if fault == "404":
        return {"tickers": "error", "filings": "unknown", "older filings": "failed", "header": "next header"}[place]
    if fault == "cut JSON" and place == "header":
        return "right"
    if fault in PAGES and place == "header":
        return "next header"
    if fault == "not UTF-8":
        # What is kept on disk must be whole.
        return {"tickers": "error", "filings": "failed", "older filings": "right", "header": "right"}[place]
    return "error" if place == "tickers" else "failed"


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_that_lasts_ends_in_a_right_result_or_a_sentence(
    server: EdgarServer, tmp_path: Path, fault: Fault, place: str
) -> None:
    """Never in a headline too many, too few or too early; within the attempts of the settings."""
    server.rule = lambda request: fault if request.path.startswith(PLACES[place]) else None
    source = hurried(server, tmp_path, attempts=2, timeout_s=patience_with(fault))
    verdict = _verdict(fault, place)
    errors = {"refused": ServiceRefused, "unreachable": SourceUnreachable, "error": SourceError}
    if verdict in errors:
        with pytest.raises(errors[verdict]) as raised:
            whole(source)
        said = str(raised.value)
        assert "\n" not in said
        assert ("check `contact` under [edgar]" in said) == (verdict == "refused")
    else:
        fetched = whole(source)
        outcome = fetched.outcomes["KOLA"]
        if verdict in ("failed", "unknown"):
            assert outcome.status == verdict
            assert outcome.reason
            assert fetched.headlines.empty
        else:
            assert outcome.n_rows == 5
            assert fetched.headlines["published_at"].max() == eastern("2024-11-26 16:05:30")
    # Of a refusal for asking too often, as many as the patience allows.
    assert sum(request.path.startswith(PLACES[place]) for request in server.log) <= (6 if "429" in fault else 2)


def _columns(**changes: Callable[[list[Any]], Any]) -> Callable[[dict[str, Any]], dict[str, Any]]:
    """Return what changes arrays of the newest filings."""

    def edit(value: dict[str, Any]) -> dict[str, Any]:
        recent = value["filings"]["recent"]
        for name, change in changes.items():
            recent[name] = change(recent[name])
        return value

    return edit


def _files(change: Callable[[list[Any]], Any]) -> Callable[[dict[str, Any]], dict[str, Any]]:
    def edit(value: dict[str, Any]) -> dict[str, Any]:
        value["filings"]["files"] = change(value["filings"]["files"])
        return value

    return edit


def _named(name: object) -> Callable[[dict[str, Any]], dict[str, Any]]:
    return _files(lambda files: [{**files[0], "name": name}, *files[1:]])


def _without(name: str) -> Callable[[dict[str, Any]], dict[str, Any]]:
    def edit(value: dict[str, Any]) -> dict[str, Any]:
        del value["filings"]["recent"][name]
        return value

    return edit


@pytest.mark.parametrize(
    ("edit", "reason"),
    [
        (_columns(items=lambda column: column[:-1]), "its arrays have unequal lengths: 2, 3"),
        (_columns(primaryDocument=lambda column: [*column, "x"]), "its arrays have unequal lengths: 3, 4"),
        (_without("items"), "lacks items"),
        (_without("acceptanceDateTime"), "lacks acceptanceDateTime"),
        (_columns(form=lambda column: "8-K"), "lacks form"),
        (_columns(form=lambda column: {"0": "8-K"}), "lacks form"),
        (lambda value: {**value, "cik": "0000000088"}, "of another filer than 77"),
        (lambda value: {**value, "cik": None}, "of another filer than 77"),
        (lambda value: {**value, "filings": []}, "it holds no list of filings"),
        (lambda value: [value], "it holds no list of filings"),
        (_files(lambda files: None), "in which files older filings stand"),
        (_files(lambda files: files * 600), "in which files older filings stand"),
        (_named("../../Archives/edgar/data/1/x.json"), "a file of older filings that can't be one of this filer's"),
        (_named("https://evil.example/CIK0000000077-submissions-001.json"), "can't be one of this filer's"),
        (_named("CIK0000000088-submissions-001.json"), "can't be one of this filer's"),
        (_named("CIK0000000077-submissions-001.json\n"), "can't be one of this filer's"),
        (_named("CIK0000000077-submissions-٠٠١.json"), "can't be one of this filer's"),
        (_named(None), "can't be one of this filer's"),
        (_files(lambda files: [7]), "can't be one of this filer's"),
    ],
)  # fmt: skip
def test_a_list_that_would_hide_filings_is_refused(
    server: EdgarServer, source: EdgarSource, edit: Callable[[Any], Any], reason: str
) -> None:
    """The ticker fails with a sentence and is asked again; nothing but its own addresses was asked for."""
    server.edits[KOLA_LIST] = edit
    fetched = whole(source)
    assert fetched.outcomes["KOLA"].status == "failed"
    assert reason in fetched.outcomes["KOLA"].reason
    assert fetched.headlines.empty
    assert set(server.paths()) == {LISTING, KOLA_LIST}


@pytest.mark.parametrize(
    ("edit", "reason"),
    [
        (_columns(accessionNumber=lambda column: [None, *column[1:]]), "filing without an accession number"),
        (_columns(accessionNumber=lambda column: ["../../../etc", *column[1:]]), "filing without an accession number"),
        (_columns(accessionNumber=lambda column: [77, *column[1:]]), "filing without an accession number"),
        (_columns(form=lambda column: [None, *column[1:]]), "filing without a form"),
        (_columns(form=lambda column: [["8-K"], *column[1:]]), "filing without a form"),
        (_columns(filingDate=lambda column: ["", *column[1:]]), "filing without a filing date"),
        (_columns(filingDate=lambda column: ["2024-02-30", *column[1:]]), "filing without a filing date"),
        (_columns(filingDate=lambda column: ["2024-12-24", *column[1:]]), "more than a week before its filing date"),
        (_columns(acceptanceDateTime=lambda column: [None, *column[1:]]), "whose time of acceptance can't be read"),
        (_columns(acceptanceDateTime=lambda column: [1732655130, *column[1:]]), "time of acceptance can't be read"),
        (_columns(acceptanceDateTime=lambda column: ["2024-11-26T16:05:30", *column[1:]]), "can't be read"),
        (_columns(acceptanceDateTime=lambda column: ["2024-11-26", *column[1:]]), "can't be read"),
        (_columns(acceptanceDateTime=lambda column: ["1970-01-01T00:00:00.000Z", *column[1:]]), "can't be read"),
        (_columns(acceptanceDateTime=lambda column: ["2024-11-27T23:30:00.000Z", *column[1:]]), "in the future"),
    ],
)  # fmt: skip
def test_a_filing_that_can_be_none_is_left_out_and_counted(
    server: EdgarServer, source: EdgarSource, edit: Callable[[Any], Any], reason: str
) -> None:
    """Once, by its reason; the others are as they were."""
    server.edits[KOLA_LIST] = edit
    fetched = whole(source)
    assert fetched.headlines["published_at"].max() == eastern("2024-07-30 07:31:00")
    assert fetched.outcomes["KOLA"].n_rows == 4
    ((told, n),) = reasons(fetched).items()
    assert reason in told
    assert n == 1


def test_what_is_wrong_in_other_years_is_not_counted_each_morning(server: EdgarServer, source: EdgarSource) -> None:
    """Else each morning would count a filing of 2024-07 again."""
    server.edits[KOLA_LIST] = _columns(acceptanceDateTime=lambda column: [*column[:2], None])
    assert source.fetch_headlines(["KOLA"], since=None, now=NOW).dropped == ()


def test_a_filing_listed_twice_is_one_headline_from_the_later_instant_on(
    server: EdgarServer, source: EdgarSource
) -> None:
    """In one list, or in the newest and an older one."""
    accession = KOLA.accession(KOLA.recent[2])
    again = Filed(eastern("2024-07-30 09:31:00"), "5.02", accession=accession)
    server.filers[0] = replace(KOLA, recent=[*KOLA.recent, again], older=[[*KOLA.older[0], again]])
    fetched = whole(source)
    assert fetched.headlines["published_at"].iloc[-2] == eastern("2024-07-30 09:31:00")
    assert reasons(fetched) == {"filing repeated": 2}


def test_a_filing_in_doubt_costs_no_other(server: EdgarServer, source: EdgarSource) -> None:
    """Items of no form are shown by number, or not at all; a note tells."""
    odd = ["2.02,9.99", None, "", 8.01, "<script>,8.01"]
    times = [eastern(f"2024-11-26 16:0{n}:00") for n in range(len(odd))]
    recent = [Filed(at, items, accession=f"0000000077-24-{at:%d%H%M}") for at, items in zip(times, odd, strict=True)]
    server.filers[0] = replace(KOLA, recent=recent, older=[])
    assert whole(source).headlines["text"].tolist() == [
        "Kola Inc. 8-K: Results of Operations and Financial Condition; Item 9.99",
        "Kola Inc. 8-K",
        "Kola Inc. 8-K",
        "Kola Inc. 8-K",
        "Kola Inc. 8-K: Other Events",
    ]
    assert source.notes(NOW)[1:] == (
        "edgar: items that form 8-K doesn't have are shown by their number: 9.99.",
        "edgar: in 4 filings not every item can be read; the others are shown.",
    )


def test_an_older_file_with_fewer_filings_than_counted_is_told_and_not_kept(
    server: EdgarServer, tmp_path: Path
) -> None:
    """What comes whole may still lack some; the next run asks again."""
    server.edits[KOLA_OLDER] = lambda block: {name: column[:1] for name, column in block.items()}
    fetched = whole(hurried(server, tmp_path))
    assert fetched.outcomes["KOLA"].n_rows == 4
    assert reasons(fetched) == {"filing that EDGAR counts in a file of older filings, and doesn't give": 1}
    server.edits.clear()
    assert whole(hurried(server, tmp_path)).outcomes["KOLA"].n_rows == 5


def test_an_older_file_is_kept_while_the_list_says_the_same_of_it(server: EdgarServer, tmp_path: Path) -> None:
    """It may grow: then the list counts more filings in it."""
    whole(hurried(server, tmp_path))
    server.forget()
    whole(hurried(server, tmp_path))
    assert server.paths() == [KOLA_LIST]
    grown = [Filed(eastern("2019-06-03 16:10:00"), "8.01"), *KOLA.older[0]]
    server.filers[0] = replace(KOLA, older=[grown, KOLA.older[1]])
    server.edits["/submissions/CIK0000000077-submissions-002.json"] = lambda block: pytest.fail("it was asked for")
    server.forget()
    assert whole(hurried(server, tmp_path)).outcomes["KOLA"].n_rows == 6
    assert server.paths() == [KOLA_LIST, KOLA_OLDER]


def test_a_file_of_unknown_days_is_always_read(server: EdgarServer, tmp_path: Path) -> None:
    """Nothing says that it can be left out, or that it stays the same."""
    server.edits[KOLA_LIST] = _files(lambda files: [{"name": file["name"], "filingTo": 7} for file in files])
    assert whole(hurried(server, tmp_path)).outcomes["KOLA"].n_rows == 5
    server.forget()
    assert whole(hurried(server, tmp_path)).outcomes["KOLA"].n_rows == 5
    assert len(server.paths()) == 3


@pytest.mark.parametrize("damage", [b"", b"{}", b"x" * 200, None])
def test_a_damaged_cache_is_asked_again_and_never_believed(
    server: EdgarServer, tmp_path: Path, damage: bytes | None
) -> None:
    """Empty, foreign, overwritten, or with one digit changed."""
    before = whole(hurried(server, tmp_path)).headlines
    files = sorted((tmp_path / "edgar").iterdir())
    # The tickers, two older files and the clock; nothing half written stays.
    assert [file.suffix for file in files] == [".json"] * 4
    for file in files:
        content = file.read_bytes()
        # Of 2024 it makes 2025, of 2019 2029 and so on: JSON as before.
        file.write_bytes(content.replace(b"20", b"30") if damage is None else damage)
    server.forget()
    assert whole(hurried(server, tmp_path)).headlines.equals(before)
    assert len(server.log) == 5


def test_the_list_of_tickers_lasts_a_day(server: EdgarServer, tmp_path: Path) -> None:
    """On disk and in memory; an earlier `now` is another day, too."""
    source = hurried(server, tmp_path)
    whole(source)
    for hours, n_asked in ((23, 0), (24, 1), (-25, 1)):
        server.forget()
        whole(hurried(server, tmp_path), now=NOW + pd.Timedelta(hours=hours))
        assert server.paths().count(LISTING) == n_asked
        whole(source, now=NOW + pd.Timedelta(hours=hours))
        assert server.paths().count(LISTING) == n_asked


def test_a_cache_that_cannot_be_written_costs_requests_alone(server: EdgarServer, tmp_path: Path) -> None:
    """Where its folder should be is a file."""
    (tmp_path / "edgar").write_text("")
    assert whole(hurried(server, tmp_path)).outcomes["KOLA"].n_rows == 5


@pytest.mark.parametrize("name", [None, 7, "", "\udc80Kola", " \x1b[31mKola\x00 &amp; Sons /DE/ ", "K" * 5000])
def test_a_name_is_clean_or_that_of_the_list_of_tickers(server: EdgarServer, source: EdgarSource, name: object) -> None:
    """It ends in headlines, pages and terminals."""
    server.edits[KOLA_LIST] = lambda value: {**value, "name": name}
    text = whole(source).headlines["text"].iloc[-1]
    assert text.isprintable()
    expected = {" \x1b[31mKola\x00 &amp; Sons /DE/ ": "Kola & Sons", "K" * 5000: "K" * 200}
    assert text.removesuffix(" 8-K: Results of Operations and Financial Condition") == (
        expected.get(name, "Kola Inc.") if isinstance(name, str) else "Kola Inc."
    )


@pytest.mark.parametrize(
    "former", [None, 7, [7, {}, {"name": "X"}, {"name": 1, "to": "2030-01-01"}, {"name": "X", "to": "soon"}]]
)
def test_former_names_that_cannot_be_read_are_passed_over(
    server: EdgarServer, source: EdgarSource, former: object
) -> None:
    """The name is today's then."""
    server.edits[KOLA_LIST] = lambda value: {**value, "formerNames": former}
    assert whole(source).headlines["text"].str.startswith("Kola Inc.").all()


@pytest.mark.parametrize("value", [[], {}, {"0": 7}, {"0": {"cik_str": "x", "ticker": "KOLA"}}, None, "KOLA"])
def test_a_list_of_tickers_that_is_none_is_an_error(server: EdgarServer, source: EdgarSource, value: object) -> None:
    """Else every ticker would be unknown."""
    server.edits[LISTING] = lambda whole: value
    with pytest.raises(SourceError, match="EDGAR gave no usable answer in 4 of 4 attempts"):
        whole(source)


def test_a_list_of_tickers_is_read_entry_by_entry(server: EdgarServer, source: EdgarSource) -> None:
    """What can't be read has no filer, and what has two is nobody's."""
    odd = [
        7,
        {"cik_str": True, "ticker": "A"},
        {"cik_str": 9, "ticker": None},
        {"cik_str": 10**11, "ticker": "B"},
        {"cik_str": 9, "ticker": "FERN.A", "title": "Other"},
        {"cik_str": "0000000077", "ticker": "kola"},
    ]
    server.edits[LISTING] = lambda value: {**value, **{f"x{n}": entry for n, entry in enumerate(odd)}}
    assert whole(source).outcomes["KOLA"].status == "updated"
    assert whole(source, "FERN-A").outcomes["FERN-A"].reason == "EDGAR's list gives the ticker FERN-A to two filers"
    assert whole(source, "B").outcomes["B"].status == "unknown"
