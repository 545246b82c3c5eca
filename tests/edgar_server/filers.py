"""Filers and their filings, with the clock that EDGAR's lists show of each."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Literal

import pandas as pd


def eastern(wall: str, *, fold: int = 0) -> pd.Timestamp:
    """Return the instant (UTC) at which clocks in New York show a time; fold 1 is the second of two."""
    return pd.Timestamp(wall).tz_localize("America/New_York", ambiguous=fold == 0).tz_convert("UTC")


@dataclass(frozen=True)
class Filed:
    """A filing and the true instant of its acceptance; the list shows it by `clock`, `seconds_off` beside."""

    accepted: pd.Timestamp
    items: Any = "8.01"
    form: Any = "8-K"
    accession: str = ""
    clock: Literal["utc", "new_york"] | None = None
    seconds_off: int = 0
    filed: str = ""


@dataclass(frozen=True)
class ListedFiler:
    """A filer: `older` are the filings of each older file, newest file first."""

    cik: int
    tickers: Sequence[str]
    name: str
    recent: Sequence[Filed]
    older: Sequence[Sequence[Filed]] = ()
    clock: Literal["utc", "new_york"] = "utc"
    former: Sequence[tuple[str, str, str]] = field(default_factory=tuple)

    @cached_property
    def filings(self) -> list[Filed]:
        """All of them."""
        return [*self.recent, *(one for part in self.older for one in part)]

    def accession(self, filed: Filed) -> str:
        """Return a filing's number."""
        return filed.accession or f"{self.cik:010d}-{filed.accepted:%y}-{self._places[id(filed)]:06d}"

    @cached_property
    def headers(self) -> dict[str, Filed]:
        """The filings by the paths of their headers."""
        numbers = [(self.accession(filed), filed) for filed in self.filings]
        folder = f"/Archives/edgar/data/{self.cik}"
        return {f"{folder}/{name.replace('-', '')}/{name}-index-headers.html": filed for name, filed in numbers}

    @cached_property
    def _places(self) -> dict[int, int]:
        return {id(filed): n for n, filed in enumerate(self.filings)}

    def file_name(self, n: int) -> str:
        """Return the name of an older file, from 1."""
        return f"CIK{self.cik:010d}-submissions-{n:03d}.json"

    def block(self, filings: Sequence[Filed]) -> dict[str, list[Any]]:
        """Return filings as parallel arrays."""
        wall = [_new_york(filed.accepted) for filed in filings]
        return {
            "accessionNumber": [self.accession(filed) for filed in filings],
            "filingDate": [one.filed or f"{time:%Y-%m-%d}" for one, time in zip(filings, wall, strict=True)],
            "reportDate": [f"{time:%Y-%m-%d}" for time in wall],
            "acceptanceDateTime": [self._stamp(filed) for filed in filings],
            "act": ["34"] * len(filings),
            "form": [filed.form for filed in filings],
            "items": [filed.items for filed in filings],
            "primaryDocument": ["form8k.htm"] * len(filings),
            "primaryDocDescription": ["8-K"] * len(filings),
        }

    def submissions(self) -> dict[str, Any]:
        """Return the list of filings."""
        files = []
        for n, part in enumerate(self.older, start=1):
            dates = sorted(self.block(part)["filingDate"])
            entry = {"name": self.file_name(n), "filingCount": len(part)}
            files.append({**entry, "filingFrom": dates[0], "filingTo": dates[-1]})
        former = [{"name": name, "from": first, "to": last} for name, first, last in self.former]
        return {
            "cik": f"{self.cik:010d}",
            "name": self.name,
            "tickers": list(self.tickers),
            "formerNames": former,
            "filings": {"recent": self.block(self.recent), "files": files},
        }

    def header(self, filed: Filed) -> str:
        """Return the page of a filing's header, which shows it twice."""
        accession, stamp = self.accession(filed), f"{_new_york(filed.accepted):%Y%m%d%H%M%S}"
        return (
            f"<HTML><HEAD><TITLE>SEC EDGAR Submission {accession}</TITLE>\n<!--\n<SEC-HEADER>{accession}.hdr.sgml\n"
            f"<ACCEPTANCE-DATETIME>{stamp}\n<TYPE>{filed.form}\n-->\n</HEAD><BODY>\n<PRE>&lt;SEC-HEADER&gt;\n"
            f"&lt;ACCEPTANCE-DATETIME&gt;{stamp}\nACCESSION NUMBER:\t\t{accession}\n</PRE></BODY></HTML>\n"
        )

    def _stamp(self, filed: Filed) -> str:
        wall = _new_york(filed.accepted) if (filed.clock or self.clock) == "new_york" else filed.accepted
        return f"{wall + pd.Timedelta(seconds=filed.seconds_off):%Y-%m-%dT%H:%M:%S}.000Z"


def as_json(filers: Sequence[ListedFiler]) -> dict[str, Any]:
    """Return the list of tickers."""
    rows = [
        {"cik_str": filer.cik, "ticker": ticker, "title": filer.name} for filer in filers for ticker in filer.tickers
    ]
    return {str(n): row for n, row in enumerate(rows)}


def _new_york(instant: pd.Timestamp) -> pd.Timestamp:
    return instant.tz_convert("America/New_York").tz_localize(None)
