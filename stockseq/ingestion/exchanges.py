"""The exchange of a store's tickers: a store is of one, whose sessions they all share, and remembers it."""

import pandas as pd

from stockseq.errors import SettingsError, counted
from stockseq.ingestion.notes import append_notes
from stockseq.sessions import TradingCalendar
from stockseq.sources.listing import find_foreign
from stockseq.store import Store

TABLE = "exchanges"


def check_exchange(store: Store, calendar: TradingCalendar) -> None:
    """Raise `SettingsError` where a store is of another exchange than the calendar.

    A store of an earlier version has none noted: it is refused where most of its tickers trade elsewhere, by their
    suffixes and dates.

    Examples
    --------
    >>> import tempfile
    >>> check_exchange(Store(tempfile.mkdtemp()), TradingCalendar("XLON"))
    """
    import exchange_calendars

    stored = store.read(TABLE)["exchange"].tolist() if store.version(TABLE) is not None else []
    now = exchange_calendars.resolve_alias(calendar.exchange)
    if not stored:
        _check_bars(store, calendar)
    elif now not in stored:
        raise SettingsError(
            f"The store {store.root} is of {stored[0]}, and `exchange` is {now}: a store is of one exchange. Keep a "
            f'store of its own for {now}, such as DATA={now.lower()}, or write exchange = "{stored[0]}" in the '
            "settings file for this one."
        )


def record_exchange(store: Store, calendar: TradingCalendar, *, at: pd.Timestamp) -> None:
    """Note the exchange of a store that holds something and has none noted.

    Examples
    --------
    >>> import tempfile
    >>> store, at = Store(tempfile.mkdtemp()), pd.Timestamp("2024-11-29T12:00Z")
    >>> record_exchange(store, TradingCalendar("XLON"), at=at)
    >>> store.versions()
    {}
    """
    import exchange_calendars

    holds_something = any(store.version(table) is not None for table in ("bars", "headlines"))
    if holds_something and store.version(TABLE) is None:
        row = {"exchange": exchange_calendars.resolve_alias(calendar.exchange), "at": at}
        append_notes(store, TABLE, [row])


def _check_bars(store: Store, calendar: TradingCalendar) -> None:
    if store.version("bars") is None:
        return
    bars = store.read("bars", columns=["ticker", "session", "volume"])
    foreign, n_tickers = find_foreign(bars, calendar), bars["ticker"].nunique()
    if 2 * len(foreign) > n_tickers:
        ticker, reason = next(iter(foreign.items()))
        raise SettingsError(
            f"The store {store.root} is of another exchange than {calendar.exchange}, as `exchange` says: "
            f"{len(foreign)} of {counted(n_tickers, 'ticker')} trade elsewhere, first {ticker}: {reason}."
        )
