"""EDGAR's lists of a filer's filings: parallel arrays, the newest in one answer, older ones in files of their own."""

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import pandas as pd

from stockseq.headline_text import clean_text
from stockseq.sources.edgar.clock import read_stamp
from stockseq.sources.edgar.tickers import read_cik
from stockseq.sources.json_text import describe, has_stray_bytes

# Parallel arrays by name.
Block = Mapping[str, list[object]]

FORMS = ("8-K", "8-K/A")
COLUMNS = ("accessionNumber", "filingDate", "acceptanceDateTime", "form", "items")
# What is accepted in the evening, or before a weekend of holidays, is filed days later; a file's days are filing dates.
REACH = pd.Timedelta(days=7)
LONGEST_NAME = 200
# A bank that issues notes every day has a hundred.
MOST_FILES = 1000
_ACCESSION = re.compile(r"\d{10}-\d\d-\d{6}", re.ASCII)
_DATE = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)
# Where a company is incorporated, as in BANK OF AMERICA CORP /DE/.
_STATE = re.compile(r"\s*[/\\][A-Z]{2,3}[/\\]?\s*$", re.ASCII)


@dataclass(frozen=True)
class Filing:
    """One filing: its number, form, the list's stamp of its acceptance and its filing date (tz-naive), items unread."""

    accession: str
    form: str
    stamp: pd.Timestamp
    items: object
    filed: pd.Timestamp


@dataclass(frozen=True)
class OlderFile:
    """A file of older filings: how many it has and from when to when, by their filing dates; None where not stated."""

    name: str
    n_filings: int | None
    first: pd.Timestamp | None
    last: pd.Timestamp | None

    @property
    def label(self) -> str | None:
        """What the list says that the file holds: while that stays the same, so does the file. None says nothing."""
        if self.n_filings is None or self.first is None or self.last is None:
            return None
        return f"{self.n_filings} from {self.first:%Y-%m-%d} to {self.last:%Y-%m-%d}"

    def may_hold(self, first: pd.Timestamp, last: pd.Timestamp) -> bool:
        """Return whether filings that were accepted on some days (tz-naive) may stand in it."""
        return (self.first is None or self.first <= last + REACH) and (self.last is None or self.last >= first - REACH)


@dataclass(frozen=True)
class Names:
    """The names that a company had: the last day of each former one, and today's."""

    former: tuple[tuple[pd.Timestamp, str], ...]
    today: str

    def at(self, instant: pd.Timestamp) -> str:
        """Return the name of that instant: today's would tell of a later renaming."""
        day = instant.tz_convert("UTC").tz_localize(None).normalize()
        return next((name for last, name in self.former if day <= last), self.today)


@dataclass(frozen=True)
class Submissions:
    """What EDGAR has of a filer: a block of arrays of the newest filings, the files of older ones, and its names."""

    recent: Block
    older: tuple[OlderFile, ...]
    names: Names


def read_submissions(value: object, cik: int, *, name: str = "") -> Submissions:
    """Return the list of a filer's filings.

    Parameters
    ----------
    value : JSON of submissions/CIK<10 digits>.json
    cik : int
        Whose it must be.
    name : str, default=""
        Used where the answer has none.

    Raises
    ------
    ValueError
        If it is another filer's, lacks an array, has arrays of unequal length, or names a file that can't be one of its
        own: what it would leave out, nobody would see.
    """
    filings = value.get("filings") if isinstance(value, Mapping) else None
    if not isinstance(value, Mapping) or not isinstance(filings, Mapping):
        raise ValueError(f"it holds no list of filings, it is {describe(value)}")
    if read_cik(value.get("cik")) != cik:
        raise ValueError(f"it is of another filer than {cik}")
    entries = filings.get("files")
    if not isinstance(entries, list) or len(entries) > MOST_FILES:
        raise ValueError("it doesn't say in which files older filings stand")
    older = tuple(_older_file(entry, cik) for entry in entries)
    return Submissions(read_block(filings.get("recent")), older, _names(value, name))


def read_block(value: object) -> Block:
    """Return the arrays of a list's 8-K filings, one element each; raise `ValueError` where they can't be parallel.

    Examples
    --------
    >>> block = {name: ["a", "b"] for name in COLUMNS} | {"form": ["8-K", "4"]}
    >>> read_block(block)["form"]
    ['8-K']
    >>> read_block(block | {"items": ["2.02"]})
    Traceback (most recent call last):
    ValueError: its arrays have unequal lengths: 1, 2
    """
    columns = value if isinstance(value, Mapping) else {}
    arrays = {name: column for name, column in columns.items() if isinstance(column, list)}
    missing = [name for name in COLUMNS if name not in arrays]
    if missing:
        raise ValueError(f"its list of filings lacks {', '.join(missing)}")
    lengths = sorted({len(column) for column in arrays.values()})
    if len(lengths) > 1:
        raise ValueError(f"its arrays have unequal lengths: {', '.join(map(str, lengths[:4]))}")
    # Of what is no form at all it can't be said that it is none of ours.
    kept = [n for n, form in enumerate(arrays["form"]) if form in FORMS or not isinstance(form, str)]
    return {name: [arrays[name][n] for n in kept] for name in COLUMNS}


def read_filings(
    blocks: Iterable[Block], *, first: pd.Timestamp, last: pd.Timestamp
) -> tuple[tuple[Filing, ...], "Counter[str]"]:
    """Return the filings of some blocks, newest stamp first, and why others can't be read.

    Parameters
    ----------
    blocks : iterable of `read_block`
        Of a filing that is listed twice, the later stamp counts.
    first, last : Timestamp, tz-naive
        The days that are asked for: what can't be read is counted only if it may be of these days.
    """
    filings: dict[str, Filing] = {}
    faults: Counter[str] = Counter()
    for block in blocks:
        for accession, filed, stamp, form, items in zip(*(block[name] for name in COLUMNS), strict=True):
            date, accepted = _date(filed), _accepted(stamp)
            dated = [day for day in (date, accepted) if day is not None]
            counts = int(not dated or any(first - REACH <= day <= last + REACH for day in dated))
            try:
                filing = _filing(accession, date, accepted, form, items)
            except ValueError as error:
                faults[str(error)] += counts
                continue
            listed = filings.setdefault(filing.accession, filing)
            if listed is not filing:
                faults["filing repeated"] += counts
                filings[filing.accession] = max(listed, filing, key=lambda one: one.stamp)
    newest_first = sorted(filings.values(), key=lambda one: (one.stamp, one.accession), reverse=True)
    return tuple(newest_first), +faults


def _filing(
    accession: object, date: pd.Timestamp | None, accepted: pd.Timestamp | None, form: object, items: object
) -> Filing:
    if not isinstance(form, str):
        raise ValueError("filing without a form")
    if not isinstance(accession, str) or _ACCESSION.fullmatch(accession) is None:
        raise ValueError("filing without an accession number")
    if accepted is None:
        raise ValueError("filing whose time of acceptance can't be read")
    if date is None:
        raise ValueError("filing without a filing date")
    # A filing is accepted on the day that it is filed, or a few days before.
    if accepted < date - REACH:
        raise ValueError("filing accepted more than a week before its filing date")
    return Filing(accession, form, accepted, items, date)


def _accepted(stamp: object) -> pd.Timestamp | None:
    try:
        return read_stamp(stamp)
    except ValueError:
        return None


def _older_file(entry: object, cik: int) -> OlderFile:
    name = entry.get("name") if isinstance(entry, Mapping) else None
    # It becomes part of an address: nothing but the form that EDGAR writes, of this filer.
    if not isinstance(entry, Mapping) or not isinstance(name, str) or _is_foreign(name, cik):
        raise ValueError("it names a file of older filings that can't be one of this filer's")
    n_filings = entry.get("filingCount")
    known = isinstance(n_filings, int) and not isinstance(n_filings, bool)
    return OlderFile(name, n_filings if known else None, _date(entry.get("filingFrom")), _date(entry.get("filingTo")))


def _is_foreign(name: str, cik: int) -> bool:
    return re.fullmatch(rf"CIK{cik:010d}-submissions-[0-9]{{3,6}}\.json", name) is None


def _names(value: Mapping[object, object], otherwise: str) -> Names:
    entries = value.get("formerNames")
    former = []
    for entry in entries if isinstance(entries, list) else []:
        if isinstance(entry, Mapping):
            last, name = entry.get("to"), _name(entry.get("name"))
            day = _date(last[:10]) if isinstance(last, str) else None
            if day is not None and name:
                former.append((day, name))
    return Names(tuple(sorted(former)), _name(value.get("name")) or _name(otherwise))


def _name(name: object) -> str:
    if not isinstance(name, str) or has_stray_bytes(name):
        return ""
    text = clean_text(name[: 10 * LONGEST_NAME])[:LONGEST_NAME].rstrip()
    return _STATE.sub("", text)


def _date(text: object) -> pd.Timestamp | None:
    if not isinstance(text, str) or _DATE.fullmatch(text) is None:
        return None
    try:
        return pd.Timestamp(text)
    except ValueError:
        return None
