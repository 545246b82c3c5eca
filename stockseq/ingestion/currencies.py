"""The currency of each ticker's prices, as its source says it; a store holds one."""

from collections.abc import Iterable, Mapping

import pandas as pd

from stockseq.errors import SourceError
from stockseq.ingestion.notes import append_notes, latest_notes
from stockseq.store import Store

TABLE = "currencies"


def read_currencies(store: Store, tickers: Iterable[str], *, as_of: pd.Timestamp) -> dict[str, str]:
    """Return the last known currency of each of these tickers; those of which none was said are absent."""
    known = latest_notes(store, TABLE, "currency", as_of=as_of)
    return {ticker: known[ticker] for ticker in tickers if ticker in known}


def record_currencies(store: Store, currencies: Mapping[str, str], *, at: pd.Timestamp) -> None:
    """Note the currency of each ticker; what is known already is not noted again.

    Examples
    --------
    >>> import tempfile
    >>> store, at = Store(tempfile.mkdtemp()), pd.Timestamp("2024-11-29T12:00Z")
    >>> record_currencies(store, {"KOL.L": "GBp"}, at=at)
    >>> read_currencies(store, ["KOL.L", "MALT.L"], as_of=at)
    {'KOL.L': 'GBp'}
    """
    known = read_currencies(store, currencies, as_of=at)
    rows = [{"ticker": name, "currency": of, "at": at} for name, of in currencies.items() if known.get(name) != of]
    append_notes(store, TABLE, rows)


def changed_currencies(store: Store, fetched: Mapping[str, str], *, as_of: pd.Timestamp) -> dict[str, str]:
    """Return the tickers whose prices come in another currency than the stored ones, with a sentence each.

    One answer that names a wrong currency must not stop the tickers beside it.

    Examples
    --------
    >>> import tempfile
    >>> store, at = Store(tempfile.mkdtemp()), pd.Timestamp("2024-11-29T12:00Z")
    >>> record_currencies(store, {"KOL.L": "GBp"}, at=at)
    >>> changed_currencies(store, {"KOL.L": "GBP", "MALT.L": "GBp"}, as_of=at)
    {'KOL.L': "its prices come in 'GBP', and those stored are in 'GBp'; nothing of it is taken. If it changed for good,
    begin another DATA folder"}
    """
    known = read_currencies(store, fetched, as_of=as_of)
    return {
        ticker: f"its prices come in {currency!r}, and those stored are in {known[ticker]!r}; nothing of it is taken. "
        "If it changed for good, begin another DATA folder"
        for ticker, currency in fetched.items()
        if known.get(ticker, currency) != currency
    }


def join_currencies(
    store: Store, fetched: Mapping[str, str], tickers: Iterable[str], *, as_of: pd.Timestamp
) -> dict[str, str]:
    """Return the currencies of what was fetched and of the store's own tickers.

    Raises
    ------
    SourceError
        If there are several: one account can't hold them.
    """
    joined = read_currencies(store, tickers, as_of=as_of) | dict(fetched)
    by_currency: dict[str, list[str]] = {}
    for ticker, currency in sorted(joined.items()):
        by_currency.setdefault(currency, []).append(ticker)
    if len(by_currency) > 1:
        listed = "; ".join(f"{currency}: {', '.join(names[:5])}" for currency, names in sorted(by_currency.items()))
        raise SourceError(
            f"The tickers are priced in {len(by_currency)} currencies ({listed}), and an account has one; GBp is "
            "pence, GBP pounds. Keep a store for each, with its own DATA folder and TICKERS. Nothing was stored."
        )
    return joined
