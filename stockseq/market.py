"""What is known of a market at one instant: bars, actions and headlines of one vintage, with the calendar."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import cached_property
from html import escape
from typing import TypeVar

import pandas as pd

from stockseq.errors import counted
from stockseq.schemas import Actions, Bars, Headlines
from stockseq.sessions import TradingCalendar

Table = TypeVar("Table", bound=pd.DataFrame)


@dataclass(frozen=True, repr=False, eq=False)
class MarketData:
    """The data of some tickers as they were known at one instant; nothing here is ever changed in place.

    Parameters
    ----------
    bars : Bars of n_bars rows
        As traded, one per ticker and session, sorted by both.
    actions : Actions of n_actions rows
        One per ticker, session and kind. A dividend of 0 and a split of 1 were withdrawn.
    headlines : Headlines of n_headlines rows
        Sorted by ticker and publication.
    calendar : TradingCalendar
        Of the exchange on which all tickers trade.
    now : Timestamp, tz-aware
        The instant whose knowledge this is.
    truth : DataFrame or None, default=None
        The chance of a rise that the simulator drew each bar from; None for real data, whose truth nobody has.

    Examples
    --------
    >>> from stockseq.schemas import ACTIONS, HEADLINES, as_actions, as_bars, as_headlines, empty
    >>> calendar = TradingCalendar("XNYS", pd.Timestamp("2024-02-01"), pd.Timestamp("2024-02-29"))
    >>> now = pd.Timestamp("2024-02-07", tz="UTC")
    >>> rows = pd.DataFrame({"ticker": ["AAPL", "AAPL", "MSFT"], "session": pd.to_datetime(["2024-02-05", "2024-02-06",
    ...     "2024-02-06"]), "open": 10.0, "high": 11.0, "low": 9.0, "close": 10.5, "volume": 1e6, "source": "files"})
    >>> market = MarketData(as_bars(rows.assign(fetched_at=now)), as_actions(empty(ACTIONS)),
    ...     as_headlines(empty(HEADLINES)), calendar, now)
    >>> market
    <MarketData: 3 bars of 2 tickers from 2024-02-05 to 2024-02-06, 0 actions, 0 headlines, as of 2024-02-07 00:00 UTC>
    >>> market.tickers, len(market.of(["MSFT"]).bars)
    (('AAPL', 'MSFT'), 1)
    """

    bars: Bars
    actions: Actions
    headlines: Headlines
    calendar: TradingCalendar
    now: pd.Timestamp
    truth: pd.DataFrame | None = None

    def __post_init__(self) -> None:
        if self.now.tzinfo is None:
            raise ValueError(f"`now` must be an instant with a time zone, received {self.now}.")

    @cached_property
    def tickers(self) -> tuple[str, ...]:
        """The tickers that have bars, in alphabetical order."""
        return tuple(sorted(self.bars["ticker"].unique()))

    def of(self, tickers: Iterable[str]) -> "MarketData":
        """Return the data of these tickers alone; a ticker without any adds none."""
        wanted = list(tickers)

        def rows(table: Table) -> Table:
            return table[table["ticker"].isin(wanted)].reset_index(drop=True)

        return replace(
            self,
            bars=rows(self.bars),
            actions=rows(self.actions),
            headlines=rows(self.headlines),
            truth=None if self.truth is None else rows(self.truth),
        )

    def __repr__(self) -> str:
        parts = ", ".join([self._bars_in_words(), counted(len(self.actions), "action"), self._headlines_in_words()])
        return f"<{type(self).__name__}: {parts}, as of {self._now_in_words()}>"

    def _repr_html_(self) -> str:
        cells = {
            "bars": self._bars_in_words(),
            "tickers": ", ".join(self.tickers),
            "actions": f"{len(self.actions):,}",
            "headlines": self._headlines_in_words(),
            "exchange": self.calendar.exchange,
            "as of": self._now_in_words(),
        }
        rows = "".join(f"<tr><th>{name}</th><td>{escape(text)}</td></tr>" for name, text in cells.items())
        return f"<table>{rows}</table>"

    def _bars_in_words(self) -> str:
        sessions = self.bars["session"]
        span = "" if sessions.empty else f" from {sessions.min().date()} to {sessions.max().date()}"
        return f"{counted(len(sessions), 'bar')} of {counted(len(self.tickers), 'ticker')}{span}"

    def _headlines_in_words(self) -> str:
        return counted(len(self.headlines), "headline")

    def _now_in_words(self) -> str:
        return f"{self.now.tz_convert('UTC'):%Y-%m-%d %H:%M} UTC"
