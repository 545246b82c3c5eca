"""Which clock a filer's stamps show, found out once by the headers of a few of its filings."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

import pandas as pd

from stockseq.sources.edgar.clock import Clock, accepted_at, is_at_night, judge_clock
from stockseq.sources.edgar.filings import Filing

# The first header nearly always settles it.
MOST_HEADERS: Final = 3


@dataclass(frozen=True)
class Calibration:
    """How a filer's stamps are read.

    Parameters
    ----------
    clock : Clock
        New York's, which is always the later reading, unless all headers say UTC.
    doubt : str, default=""
        Why the clock isn't settled; "" where it is.
    headers : mapping of accession to the list's stamp and the header's
        What it rests on; tz-naive.
    lasts : bool, default=True
        Whether every header that was asked for could be had, so that asking again would tell the same.
    """

    clock: Clock
    doubt: str = ""
    headers: Mapping[str, tuple[pd.Timestamp, pd.Timestamp]] = field(default_factory=dict)
    lasts: bool = True

    def instant(self, filing: Filing) -> pd.Timestamp:
        """Return when a filing was accepted (UTC); of one whose header fits neither clock, the latest that it may be.

        Examples
        --------
        >>> stamp, date = pd.Timestamp("2025-05-01 16:21:59"), pd.Timestamp("2025-05-01")
        >>> filing = Filing("0001163302-25-000028", "8-K", stamp, "2.02", date)
        >>> Calibration("new_york").instant(filing).isoformat()
        '2025-05-01T20:21:59+00:00'
        """
        instant = accepted_at(filing.stamp, self.clock)
        stamp, header = self.headers.get(filing.accession, (None, None))
        if stamp != filing.stamp or header is None or judge_clock(filing.stamp, header) is not None:
            return instant
        return max(instant, accepted_at(header, "new_york"))

    def holds_for(self, filings: Sequence[Filing]) -> bool:
        """Return whether it can be used for these filings, or the clock must be found out anew.

        It must rest on one of them, and all such must have the stamp that they had: EDGAR may mend its stamps. And
        where UTC puts one of them at night, it must have been asked about such a one.
        """
        stamps = {filing.accession: filing.stamp for filing in filings if filing.accession in self.headers}
        if not stamps or any(self.headers[accession][0] != stamp for accession, stamp in stamps.items()):
            return False
        asked = any(_is_nightly(stamp) for stamp, _ in self.headers.values())
        return self.clock != "utc" or asked or not any(_is_nightly(filing.stamp) for filing in filings)

    def to_dict(self) -> dict[str, object]:
        """Return it as JSON has it."""
        headers = {name: [stamp.isoformat() for stamp in pair] for name, pair in self.headers.items()}
        return {"clock": self.clock, "doubt": self.doubt, "headers": headers}

    @classmethod
    def from_dict(cls, value: object) -> "Calibration | None":
        """Return what `to_dict` wrote; None where it is anything else."""
        try:
            clock, doubt, headers = (value[name] for name in ("clock", "doubt", "headers"))  # type: ignore[index]
            pairs = {name: (pd.Timestamp(stamp), pd.Timestamp(header)) for name, (stamp, header) in headers.items()}
        except (TypeError, ValueError, LookupError, AttributeError):
            return None
        return cls(clock, doubt, pairs) if clock in ("utc", "new_york") and isinstance(doubt, str) else None


def calibrate(filings: Sequence[Filing], fetch_header: Callable[[str], pd.Timestamp | None]) -> Calibration:
    """Return how a filer's stamps are read, by its newest filing's header.

    Where that can't be had or fits neither clock, the next filings' are asked for. Where it says UTC, and UTC would put
    a filing at a time of night when EDGAR is shut, that filing's header must say so, too: some filers show both clocks.

    Parameters
    ----------
    filings : sequence of Filing
        Newest first.
    fetch_header : callable
        From an accession number to New York's clock of `read_header`, or None where the filing has no such page.

    Examples
    --------
    >>> stamp, date = pd.Timestamp("2025-05-01 16:21:59"), pd.Timestamp("2025-05-01")
    >>> filings = [Filing("0001163302-25-000028", "8-K", stamp, "2.02", date)]
    >>> calibrate(filings, lambda accession: pd.Timestamp("2025-05-01 12:21:59")).clock
    'utc'
    >>> calibrate(filings, lambda accession: None)
    Calibration(clock='new_york', doubt='no header of its filings can be read', headers={}, lasts=False)
    """
    headers: dict[str, tuple[pd.Timestamp, pd.Timestamp]] = {}
    lasts = True

    def ask(filing: Filing) -> Clock | None:
        nonlocal lasts
        header = fetch_header(filing.accession)
        if header is None:
            lasts = False
            return None
        headers[filing.accession] = (filing.stamp, header)
        return judge_clock(filing.stamp, header)

    clock = next((judged for filing in filings[:MOST_HEADERS] if (judged := ask(filing))), None)
    if clock == "utc":
        doubtful = next((one for one in filings if _is_nightly(one.stamp) and one.accession not in headers), None)
        if doubtful is not None and (judged := ask(doubtful)) != "utc":
            reason = (
                "its filings show both clocks" if judged else "UTC puts a filing at night, and no header clears it up"
            )
            return Calibration("new_york", reason, headers, lasts)
    if clock is not None:
        return Calibration(clock, "", headers, lasts=True)
    reason = "the headers of its filings fit neither clock" if headers else "no header of its filings can be read"
    return Calibration("new_york", reason, headers, lasts)


def _is_nightly(stamp: pd.Timestamp) -> bool:
    return is_at_night(accepted_at(stamp, "utc"))
