"""What a source is: bars and headlines by ticker, with an account of how each ticker ended."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, Protocol

import pandas as pd

from stockseq.schemas import Actions, Bars, Dropped, Headlines

Status = Literal["updated", "nothing_new", "unknown", "failed"]


@dataclass(frozen=True)
class Outcome:
    """How one ticker ended in one fetch.

    `status` is "updated" (rows came), "nothing_new" (answered, no rows), "unknown" (unknown or delisted, with the
    source's reason) or "failed" (why, and `retry_at` where the source knows when to try again).
    """

    ticker: str
    status: Status
    n_rows: int = 0
    reason: str = ""
    retry_at: pd.Timestamp | None = None


@dataclass(frozen=True)
class FetchedBars:
    """Bars and actions of one fetch; every asked ticker has exactly one outcome."""

    bars: Bars
    actions: Actions
    outcomes: Mapping[str, Outcome]
    dropped: Sequence[Dropped] = field(default_factory=tuple)


@dataclass(frozen=True)
class FetchedHeadlines:
    """Headlines of one fetch; every asked ticker has exactly one outcome."""

    headlines: Headlines
    outcomes: Mapping[str, Outcome]
    dropped: Sequence[Dropped] = field(default_factory=tuple)


class Source(Protocol):
    """Anything that gives bars and headlines; ours and a user's pass `testing.check_source`."""

    name: str

    def fetch_bars(self, first_sessions: Mapping[str, pd.Timestamp], *, now: pd.Timestamp) -> FetchedBars:
        """Return all final as-traded bars and the actions of each ticker from its first session up to `now`.

        Parameters
        ----------
        first_sessions : mapping of ticker to tz-naive session
            Where each ticker's answer starts.
        now : Timestamp, tz-aware
            The instant of the fetch; nothing that became known later may be returned, and `fetched_at` is this instant.
        """
        ...

    def fetch_headlines(
        self, tickers: Sequence[str], *, since: pd.Timestamp | None, now: pd.Timestamp
    ) -> FetchedHeadlines:
        """Return the headlines that the source has for each ticker, published in (`since`, `now`]; None is all."""
        ...
