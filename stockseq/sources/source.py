"""What a source is: bars and headlines by ticker, with an account of how each ticker ended."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, Protocol

import pandas as pd

from stockseq.schemas import ACTION_KINDS, ACTIONS, BARS, Actions, Bars, Dropped, Headlines, as_actions, as_bars, empty

Status = Literal["updated", "nothing_new", "unknown", "failed"]


@dataclass(frozen=True)
class Outcome:
    """How one ticker ended in one fetch.

    `status` is "updated" (rows came), "nothing_new" (answered, no rows), "unknown" (unknown or delisted, with the
    source's reason) or "failed" (why, and `retry_at` where the source knows when to try again). `held` says why the bar
    of the last final session came and is not used; empty where it is, or did not come.
    """

    ticker: str
    status: Status
    n_rows: int = 0
    reason: str = ""
    retry_at: pd.Timestamp | None = None
    held: str = ""

    @property
    def is_answered(self) -> bool:
        """Whether the source answered for the ticker, with rows or without."""
        return self.status in ("updated", "nothing_new")


@dataclass(frozen=True)
class TickerBars:
    """The bars and actions of one ticker or file, what was left out of them, and the prices' currency if it is said."""

    bars: Bars
    actions: Actions
    dropped: tuple[Dropped, ...]
    currency: str | None = field(default=None, kw_only=True)


@dataclass(frozen=True)
class FetchedBars:
    """Bars and actions of one fetch; every asked ticker has exactly one outcome, and a currency where it is known.

    Of kinds of actions that aren't among `action_kinds` the source says nothing, not even that there are none.
    """

    bars: Bars
    actions: Actions
    outcomes: Mapping[str, Outcome]
    dropped: Sequence[Dropped] = field(default_factory=tuple)
    action_kinds: Sequence[str] = ACTION_KINDS
    currencies: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def of_tickers(cls, parts: Iterable[TickerBars], outcomes: Mapping[str, Outcome]) -> "FetchedBars":
        """Return what was fetched ticker by ticker, in one."""
        parts = list(parts)
        return cls(
            as_bars(pd.concat([empty(BARS), *(part.bars for part in parts)])),
            as_actions(pd.concat([empty(ACTIONS), *(part.actions for part in parts)])),
            outcomes,
            tuple(dropped for part in parts for dropped in part.dropped),
        )


@dataclass(frozen=True)
class FetchedHeadlines:
    """Headlines of one fetch; every asked ticker has exactly one outcome."""

    headlines: Headlines
    outcomes: Mapping[str, Outcome]
    dropped: Sequence[Dropped] = field(default_factory=tuple)

    @property
    def failures(self) -> dict[str, str]:
        """Why each ticker failed that did; one that the source doesn't know is none of them."""
        return {ticker: outcome.reason for ticker, outcome in self.outcomes.items() if outcome.status == "failed"}


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


def count_outcomes(
    tickers: Iterable[str], rows: pd.DataFrame, *, listed: Collection[str], unlisted: str
) -> dict[str, Outcome]:
    """Return how each ticker ended, by the rows that it has and by the list of what the source holds.

    Parameters
    ----------
    tickers : iterable of str
        Those asked for.
    rows : DataFrame with ticker
        What the source gives of them.
    listed : collection of str
        All tickers of the source.
    unlisted : str
        The reason given for any other.

    Examples
    --------
    >>> rows = pd.DataFrame({"ticker": ["KOLA", "KOLA"]})
    >>> outcomes = count_outcomes(["KOLA", "FERN", "X"], rows, listed=["FERN", "KOLA"], unlisted="Not listed.")
    >>> [(outcome.status, outcome.n_rows) for outcome in outcomes.values()]
    [('updated', 2), ('nothing_new', 0), ('unknown', 0)]
    """
    counts = rows["ticker"].value_counts()
    outcomes = {}
    for ticker in tickers:
        n_rows = int(counts.get(ticker, 0))
        answered = Outcome(ticker, "updated" if n_rows else "nothing_new", n_rows)
        outcomes[ticker] = answered if ticker in listed else Outcome(ticker, "unknown", reason=unlisted)
    return outcomes
