"""The lease on a store at a URL: a row that names the run which holds it, taken, renewed and given back by commits."""

import os
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime

import pandas as pd
from deltalake import DeltaTable

from stockseq.errors import StoreBusy, StoreError
from stockseq.printable import visible
from stockseq.schemas import FLAG, INSTANT, TEXT
from stockseq.store.delta import Change, DeltaFile
from stockseq.store.tables import COUNT, Table

RUN_LOCK = Table(
    "run_lock",
    {"token": TEXT, "host": TEXT, "pid": COUNT, "since": INSTANT, "until": INSTANT, "is_held": FLAG},
    ("token",),
    "derived",
)
# A row is replaced every minute, and nobody asks for an old one.
RUN_LOCK_CONFIGURATION = {
    "delta.enableExpiredLogCleanup": "true",
    "delta.logRetentionDuration": "interval 1 days",
}
ALL_ROWS = "token IS NOT NULL"

Clock = Callable[[], datetime]


@dataclass(frozen=True)
class LeaseTerms:
    """How long a lease lasts.

    Parameters
    ----------
    lasts_s : float, default=300
        Seconds from each renewal, after which a run that died elsewhere no longer holds the store.
    renewed_s : float, default=60
        Seconds between renewals.
    watched_s : float, default=90
        Seconds for which whoever takes over an expired lease looks whether it is renewed after all: clocks differ.
    """

    lasts_s: float = 300.0
    renewed_s: float = 60.0
    watched_s: float = 90.0


TERMS = LeaseTerms()


@dataclass(frozen=True)
class Holder:
    """The run that holds a store, or held it last.

    Parameters
    ----------
    token : str
        Of this run alone.
    host, pid : str, int
    since, until : datetime, tz-aware
        By the clock of its machine.
    is_held : bool
    """

    token: str
    host: str
    pid: int
    since: datetime
    until: datetime
    is_held: bool = True

    def sentence(self, now: datetime) -> str:
        """Return who holds the store, since when and until when, and what to do."""
        ahead = (self.since - now).total_seconds()
        clock = f" (its clock is {ahead:.0f} s ahead of this machine's)" if ahead > 1 else ""
        return (
            f"process {self.pid} on {visible(self.host)[:80]} since {_second(self.since)}{clock}, until "
            f"{_second(self.until)} unless it goes on; wait for it to end, or end it there, and run again. If that "
            "machine is down, run again after that instant."
        )


class Lease:
    """What this run holds a store by, renewed by a thread.

    Parameters
    ----------
    file : DeltaFile
        The table of `RUN_LOCK`.
    holder : Holder
        This run, as it stands in the table.
    terms : LeaseTerms
    clock : callable
        Returns the time, tz-aware.
    """

    def __init__(self, file: DeltaFile, holder: Holder, terms: LeaseTerms, clock: Clock) -> None:
        self._file, self._holder, self._terms, self._clock = file, holder, terms, clock
        self._lost, self._ended = "", threading.Event()
        self._thread = threading.Thread(target=self._renew_until_ended, name="run lock", daemon=True)
        self._thread.start()

    def require(self) -> None:
        """Raise `StoreBusy` if the lease is over: another run may hold the store, so this one writes nothing more."""
        if self._lost or self._clock() >= self._holder.until:
            why = self._lost or "it could not be renewed in time, because the machine slept or the store didn't answer"
            raise StoreBusy(
                f"This run holds the store {self._file.url.rpartition('/')[0]} no longer, as it did until "
                f"{_second(self._holder.until)}: {why}. It wrote nothing after that; run again."
            )

    def end(self) -> None:
        """Give the lease back."""
        self._ended.set()
        self._thread.join()
        # One that can't be given back runs out by itself.
        with suppress(StoreError):
            self._replace(replace(self._holder, is_held=False))

    def _renew_until_ended(self) -> None:
        while not self._ended.wait(self._terms.renewed_s) and not self._lost:
            renewed = replace(self._holder, until=_after(self._clock(), self._terms.lasts_s))
            # It is tried again until the lease is over, and after that as long as nobody else took it.
            with suppress(StoreError):
                if self._replace(renewed):
                    self._holder = renewed

    def _replace(self, holder: Holder) -> bool:
        """Put this run's row anew, unless another run's stands there; return whether it was put."""

        def change(snapshot: DeltaTable | None) -> Change | None:
            found = _read(self._file, snapshot)
            if found is None or found.token != holder.token or not found.is_held:
                who = (
                    "its row is gone" if found is None else f"process {found.pid} on {visible(found.host)[:80]} took it"
                )
                self._lost = f"{who} since"
                return None
            return _change(holder, snapshot)

        self._file.commit(change)
        return not self._lost


@contextmanager
def hold_lease(
    file: DeltaFile, *, token: str, ended: str | None = None, terms: LeaseTerms, clock: Clock
) -> Iterator[Lease]:
    """Hold a store by a lease that is renewed until the block ends.

    Parameters
    ----------
    file : DeltaFile
        The table of `RUN_LOCK`.
    token : str
        Another one for each run.
    ended : str, optional
        The token of a run of this machine that is over: its lease is taken at once.
    terms : LeaseTerms
    clock : callable
        Returns the time, tz-aware.

    Raises
    ------
    StoreBusy
        If another run holds the store: who, where, since when and until when.
    """
    expired = _wait_until_expired(file, ended=ended, terms=terms, clock=clock)
    now = clock()
    holder = Holder(token, socket.gethostname(), os.getpid(), now, _after(now, terms.lasts_s))

    def change(snapshot: DeltaTable | None) -> Change:
        found = _read(file, snapshot)
        if found is not None and found.is_held and found != expired:
            raise _busy(file, found, clock)
        return _change(holder, snapshot)

    file.commit(change)
    lease = Lease(file, holder, terms, clock)
    try:
        yield lease
    finally:
        lease.end()


def read_lease(file: DeltaFile, *, now: datetime) -> str | None:
    """Return who holds a store by a lease, a sentence with what to do; None where nobody does."""
    found = _read(file, file.open())
    return found.sentence(now) if found is not None and found.is_held and now < found.until else None


def _wait_until_expired(file: DeltaFile, *, ended: str | None, terms: LeaseTerms, clock: Clock) -> Holder | None:
    """Return whose lease may be taken over, if any; one that expired is watched for a while before its run is dead."""
    first = _read(file, file.open())
    if first is None or not first.is_held or (first.token == ended and first.host == socket.gethostname()):
        return first
    if clock() < first.until:
        raise _busy(file, first, clock)
    deadline = time.monotonic() + terms.watched_s
    while time.monotonic() < deadline:
        time.sleep(min(terms.renewed_s / 4, max(0.0, deadline - time.monotonic())))
        found = _read(file, file.open())
        if found is not None and found.is_held and found != first:
            raise _busy(file, found, clock)
    return first


def _busy(file: DeltaFile, holder: Holder, clock: Clock) -> StoreBusy:
    return StoreBusy(f"Another run holds the store {file.url.rpartition('/')[0]}: {holder.sentence(clock())}")


def _read(file: DeltaFile, snapshot: DeltaTable | None) -> Holder | None:
    rows = None if snapshot is None else RUN_LOCK.to_pandas(file.scan(snapshot, None))
    if rows is None or rows.empty:
        return None
    row = rows.iloc[0]
    since, until = (row[name].to_pydatetime() for name in ("since", "until"))
    return Holder(str(row["token"]), str(row["host"]), int(row["pid"]), since, until, bool(row["is_held"]))


def _change(holder: Holder, snapshot: DeltaTable | None) -> Change:
    row = pd.DataFrame([vars(holder)])
    return RUN_LOCK.to_arrow(RUN_LOCK.check(row)), None if snapshot is None else ALL_ROWS


def _after(now: datetime, seconds: float) -> datetime:
    return datetime.fromtimestamp(now.timestamp() + seconds, UTC)


def _second(instant: datetime) -> str:
    return instant.isoformat(timespec="seconds")
