"""The instant of a run beside what the store remembers: a clock set back enters nothing, the past is only shown."""

import pandas as pd

from stockseq.errors import StoreError
from stockseq.forecast_ledger import Ledger
from stockseq.models.registry import Registry
from stockseq.sessions import TradingCalendar
from stockseq.store import Store

# When what these tables hold was entered, the largest table last; the first entry of all is when the store began.
ENTERED = {"forecasts": "made_at", "sources": "at", "universe": "at", "bars": "fetched_at"}


def require_newest(store: Store, registry: Registry, now: pd.Timestamp) -> None:
    """Refuse an instant before the store's newest forecast or model, as which nothing may be fetched or entered.

    Raises
    ------
    StoreError
        With both instants.
    """
    require_begun(store, registry, now)
    _require_newest(store.read("forecasts", columns=["made_at"])["made_at"], registry, now)


def is_replay(ledger: Ledger, registry: Registry, calendar: TradingCalendar, now: pd.Timestamp) -> bool:
    """Return whether a morning as of `now` was over before the store's newest entry, so that it is only shown again.

    Parameters
    ----------
    ledger : Ledger
        As `verify` gave it.
    registry : Registry
    calendar : TradingCalendar
    now : Timestamp, tz-aware

    Raises
    ------
    StoreError
        If `now` lies before the newest forecast or model, and the session that it would forecast had no forecast by
        then: a morning that is made up afterwards.
    """
    due = calendar.next_session(calendar.last_final_session(now))
    if not (ledger.as_of(now).forecasts["session"] == due).any():
        _require_newest(ledger.forecasts["made_at"], registry, now)
    newest = _newest(ledger.forecasts["made_at"], registry)
    return newest is not None and newest[1] > now


def require_begun(store: Store, registry: Registry, now: pd.Timestamp) -> None:
    """Refuse an instant before the first entry of a store that holds something.

    Raises
    ------
    StoreError
        With both instants.

    Examples
    --------
    >>> import tempfile
    >>> store = Store(tempfile.mkdtemp())
    >>> require_begun(store, Registry(store), pd.Timestamp("1999-01-04", tz="UTC"))
    """
    first = registry.entered_at.min()
    for table, column in ENTERED.items():
        if first <= now:
            return
        entered = store.read(table, columns=[column])[column].min()
        first = entered if pd.isna(first) or entered < first else first
    if first > now:
        raise StoreError(
            f"The store begins at {_at(first)}, and this run is as of {_at(now)}, when it held nothing; nothing was "
            "changed. Give a later NOW, or leave it out."
        )


def has_gone_on(store: Store, registry: Registry, now: pd.Timestamp) -> bool:
    """Return whether a store holds an entry of after `now`, so that what it lacked then may not be fetched as of then.

    Raises
    ------
    StoreError
        If `now` lies before the store's first entry.

    Examples
    --------
    >>> import tempfile
    >>> store = Store(tempfile.mkdtemp())
    >>> has_gone_on(store, Registry(store), pd.Timestamp("2024-11-29", tz="UTC"))
    False
    """
    require_begun(store, registry, now)
    later = (store.read(table, columns=[column])[column].max() > now for table, column in ENTERED.items())
    return bool(registry.entered_at.max() > now) or any(later)


def refuse_training(registry: Registry, ledger: Ledger, now: pd.Timestamp) -> None:
    """Raise `StoreError` where a morning that is only shown again would have to train a model."""
    _require_newest(ledger.forecasts["made_at"], registry, now)


def _newest(made_at: pd.Series, registry: Registry) -> tuple[str, pd.Timestamp] | None:
    """Return what was entered last, and when."""
    entries = [("forecast was made", made_at.max()), ("model was entered", registry.entered_at.max())]
    return max((entry for entry in entries if not pd.isna(entry[1])), key=lambda entry: entry[1], default=None)


def _require_newest(made_at: pd.Series, registry: Registry, now: pd.Timestamp) -> None:
    newest = _newest(made_at, registry)
    if newest is not None and newest[1] > now:
        raise StoreError(
            f"This run is as of {_at(now)}, and the store's newest {newest[0]} at {_at(newest[1])}; nothing was "
            "fetched, trained or entered. Set the machine's clock right, or leave out NOW; use another data root to "
            "replay the past."
        )


def _at(instant: pd.Timestamp) -> str:
    return f"{instant.tz_convert('UTC'):%Y-%m-%d %H:%M:%S} UTC"
