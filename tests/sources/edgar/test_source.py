"""EDGAR's filings as headlines: whose, what they say, from when on, and how often EDGAR is asked for them."""

from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest

from stockseq.errors import SettingsError, SourceError
from stockseq.sources.archive import Chunk
from stockseq.sources.edgar import EdgarSettings, EdgarSource
from stockseq.testing import check_source
from tests.edgar_server import EdgarServer, Filed, ListedFiler, eastern
from tests.sources.edgar.scenario import (
    CONTACT,
    KOLA,
    KOLA_LIST,
    KOLA_OLDER,
    NOW,
    RESULTS,
    hurried,
    reasons,
    some,
    whole,
)


def test_it_keeps_the_contract_of_a_source(server: EdgarServer, source: EdgarSource) -> None:
    """Checked tables, one outcome a ticker, nothing before its time, and the same when asked again."""
    recent = [Filed(eastern(f"2024-11-2{day} 0{day}:3{day}:00"), "8.01") for day in (7, 6, 5)]
    server.filers[0] = replace(KOLA, recent=recent)
    check_source(source, ["KOLA", "FERN-A"], NOW)


def test_a_whole_history_is_headlines_of_four_requests(server: EdgarServer, source: EdgarSource) -> None:
    """The list of filings, its two older files and one header, besides the list of tickers; 7 and 9.01 say nothing."""
    fetched = whole(source)
    rows = fetched.headlines
    assert rows["text"].tolist() == [
        f"Kola Inc. 8-K: {RESULTS}",
        "Kola Inc. 8-K/A: Entry into a Material Definitive Agreement",
        f"Kola Inc. 8-K: {RESULTS}",
        "Kola Inc. 8-K: Departure of Directors or Certain Officers; Election of Directors; Appointment of Certain "
        "Officers; Compensatory Arrangements of Certain Officers",
        f"Kola Inc. 8-K: {RESULTS}",
    ]
    # 16:30 and 16:10 in daylight time, 16:00 and 16:05:30 in standard time, 7:31 in daylight time.
    assert rows["published_at"].dt.strftime("%Y-%m-%d %H:%M:%S").tolist() == [
        "2003-10-15 20:30:00", "2018-02-01 21:00:00", "2019-05-02 20:10:00", "2024-07-30 11:31:00",
        "2024-11-26 21:05:30",
    ]  # fmt: skip
    assert rows["first_seen_at"].isna().all()
    assert set(rows["known_by"]) == {"accepted"}
    accession = KOLA.accession(KOLA.recent[0])
    folder = f"{server.url}/Archives/edgar/data/77/{accession.replace('-', '')}"
    assert rows["url"].iloc[-1] == f"{folder}/{accession}-index.html"
    assert fetched.outcomes["KOLA"].status == "updated"
    assert fetched.dropped == ()
    assert len(server.log) == 5
    assert {request.headers["user-agent"] for request in server.log} == {CONTACT}


def test_only_older_files_of_the_days_asked_for_are_read(server: EdgarServer, source: EdgarSource) -> None:
    """What is filed a few days after its acceptance counts, too, so a week around them is."""
    assert some(source, "2024-01-01", "2024-11-27").outcomes["KOLA"].n_rows == 2
    assert KOLA_OLDER not in server.paths()
    server.forget()
    assert some(source, "2018-02-01", "2018-12-31").headlines["text"].str.startswith("Kola Inc. 8-K/A").tolist() == [
        True
    ]
    assert server.paths() == [KOLA_LIST, KOLA_OLDER]


@pytest.mark.parametrize(("first", "last", "n"), [("2024-11-26", "2024-11-26", 1), ("2024-11-27", "2024-11-27", 0)])
def test_a_chunk_has_what_was_accepted_on_its_days(source: EdgarSource, first: str, last: str, n: int) -> None:
    """Days of UTC; what lies outside is nobody's fault, so it isn't counted."""
    fetched = some(source, first, last)
    assert len(fetched.headlines) == n
    assert fetched.dropped == ()
    assert fetched.outcomes["KOLA"].reason == ("" if n else "no filing of form 8-K")


def test_what_is_accepted_after_now_is_left_out_and_counted(source: EdgarSource) -> None:
    """The list may be newer than the instant as of which it is asked."""
    fetched = whole(source, now=pd.Timestamp("2024-11-26T21:05:29Z"))
    assert fetched.headlines["published_at"].max() == eastern("2024-07-30 07:31:00")
    assert reasons(fetched) == {"filing accepted in the future": 1}


@pytest.mark.parametrize("ticker", ["FERN-A", "FERN.A", "fern-b"])
def test_class_shares_of_either_spelling_have_one_filer(server: EdgarServer, source: EdgarSource, ticker: str) -> None:
    """BRK-B and BRK.B; where it is incorporated is no part of a name."""
    rows = whole(source, ticker).headlines
    assert rows["text"].tolist() == ["FERN CORP 8-K: Other Events"]
    assert rows["ticker"].tolist() == [ticker]


def test_a_ticker_that_is_not_listed_is_unknown(source: EdgarSource) -> None:
    """With a sentence, and beside others that are."""
    chunk = Chunk(("KOLA", "GONE"), pd.Timestamp("2024-01-01"), pd.Timestamp("2024-12-31"))
    outcomes = source.fetch_chunk(chunk, now=NOW).outcomes
    assert outcomes["KOLA"].status == "updated"
    assert outcomes["GONE"].status == "unknown"
    assert "EDGAR's list of today has no ticker GONE" in outcomes["GONE"].reason
    assert "list of today" in source.notes(NOW)[0]


def test_without_a_contact_nothing_is_asked(server: EdgarServer) -> None:
    """The sentence says what to write, and where."""
    with pytest.raises(SourceError, match=r'contact = "Jane Doe jane@example.com" under \[edgar\]'):
        EdgarSource(EdgarSettings(url=server.url, data_url=server.url))
    for contact in ("Jane Doe", "jane@example.com\r\nX-Evil: 1", "Zoë zoe@example.com"):
        with pytest.raises(SettingsError, match="a name and an e-mail address in plain letters"):
            EdgarSettings(contact=contact)
    assert server.log == []


def test_at_most_eight_requests_a_second_are_made_by_default(server: EdgarServer, tmp_path: Path) -> None:
    """Over both hosts and all tickers; 0.9 s leave room for a request that is slow to come."""
    server.filers = [replace(KOLA, cik=n, tickers=[f"T{n}"]) for n in range(1, 5)]
    settings = EdgarSettings(url=server.url, data_url=server.url, contact=CONTACT, cache_folder=tmp_path)
    source = EdgarSource(settings)
    for chunk in source.chunks([f"T{n}" for n in range(1, 5)], pd.Timestamp("2015-01-01"), pd.Timestamp("2024-11-27")):
        source.fetch_chunk(chunk, now=NOW)
    assert len(server.log) == 13
    assert server.most_per(0.9) <= 8


def test_a_morning_asks_for_the_list_alone_and_sees_it_first(server: EdgarServer, source: EdgarSource) -> None:
    """Tickers, older files and the clock are remembered; our own clock counts."""
    whole(source)
    server.forget()
    fetched = source.fetch_headlines(["KOLA"], since=None, now=NOW)
    assert server.paths() == [KOLA_LIST]
    assert fetched.headlines["text"].tolist() == [f"Kola Inc. 8-K: {RESULTS}"]
    assert fetched.headlines["first_seen_at"].tolist() == [NOW]
    assert fetched.headlines["known_by"].tolist() == ["first_seen"]


def test_a_company_has_the_name_of_the_time(server: EdgarServer, source: EdgarSource) -> None:
    """Today's name would tell a reader of 2018 that the company will be renamed."""
    former = [
        ("OLD KOLA CO", "1999-01-01T00:00:00.000Z", "2010-06-30T00:00:00.000Z"),
        ("Kola Works", "2010-07-02T00:00:00.000Z", "2018-12-31T00:00:00.000Z"),
    ]
    server.filers[0] = replace(KOLA, former=former)
    rows = whole(source).headlines
    names = ["OLD KOLA CO 8", "Kola Works 8-", "Kola Inc. 8-K", "Kola Inc. 8-K", "Kola Inc. 8-K"]
    assert rows["text"].str[:13].tolist() == names


def test_a_filing_stays_the_same_headline_when_its_company_is_renamed(server: EdgarServer, source: EdgarSource) -> None:
    """EDGAR may write a former name otherwise than it did; the filing is known by its number."""
    before = whole(source).headlines
    server.filers[0] = replace(KOLA, name="NOLA", former=[("KOLA INC", "1990-01-01", "2024-11-27")])
    after = whole(source).headlines
    assert after["headline_id"].tolist() == before["headline_id"].tolist()
    assert after["text"].iloc[0] == f"KOLA INC 8-K: {RESULTS}"


def test_a_chunk_is_a_ticker_whatever_the_years() -> None:
    """From 2001 on; before that there is none."""
    source = EdgarSource(EdgarSettings(contact=CONTACT))
    first, last = pd.Timestamp("1995-01-01"), pd.Timestamp("2024-12-31")
    assert source.chunks(["A", "B"], first, last) == (
        Chunk(("A",), pd.Timestamp("2001-01-01"), last),
        Chunk(("B",), pd.Timestamp("2001-01-01"), last),
    )
    assert source.chunks(["A"], first, pd.Timestamp("2000-12-31")) == ()


def test_a_filer_of_thousands_of_filings_is_read_within_seconds(server: EdgarServer, tmp_path: Path) -> None:
    """Five files of 2,000 filings, every tenth of them of form 8-K."""
    days = pd.date_range("2005-01-03 15:00", periods=10_000, freq="12h", tz="UTC")
    filed = [Filed(day, "8.01", form="8-K" if n % 10 == 0 else "4", accession=f"{n:010d}-05-{n:06d}")
             for n, day in enumerate(days)]  # fmt: skip
    parts = [filed[n : n + 2000] for n in range(0, 10_000, 2000)]
    server.filers[0] = ListedFiler(77, ["KOLA"], "Kola Inc.", recent=parts[-1], older=parts[:-1])
    assert whole(hurried(server, tmp_path)).outcomes["KOLA"].n_rows == 1000
