"""Look at everything that the next morning stands on, and change nothing."""

import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pandas as pd

from stockseq.config import Settings
from stockseq.doctor.check import Check, Diagnosis, guard
from stockseq.doctor.machine import check_clock, check_folder, check_packages, check_python, check_secrets
from stockseq.doctor.store import check_champion, check_ledger, check_lock, check_tables
from stockseq.errors import SourceError, StoreError
from stockseq.ingestion.asked_days import covering_sources
from stockseq.schedule.install import build_plan, find_kind, find_state
from stockseq.schedule.job import build_job
from stockseq.schedule.starts import find_starts
from stockseq.sessions import DecisionPolicy, TradingCalendar
from stockseq.source_choice import SHIPPED_ARCHIVES, open_source, with_remembered_source
from stockseq.store import Store, local_folder
from stockseq.store.root import MARKER
from stockseq.workspace import Workspace


def diagnose(
    settings: Settings,
    now: pd.Timestamp,
    *,
    folder: Path,
    config: str | None = None,
    data: str | None = None,
    server_time: Callable[[], pd.Timestamp] | None = None,
) -> Diagnosis:
    """Return what is found of machine, store, sources, schedule and receivers; nothing is written or fetched.

    Parameters
    ----------
    settings : Settings
        As read, without what the store remembers.
    now : Timestamp, tz-aware
    folder : Path
        Where commands are run: the lock file and a settings file without a path lie there.
    config, data : str, optional
        As the command line gave them, by which a schedule is found.
    server_time : callable, optional
        Asked for the instant of a server, where the network may be used.
    """
    root = local_folder(settings.data) or Path("data").absolute()
    what = "the data root" if local_folder(settings.data) else "the folder of runs and models"
    checks = [
        *guard("Python", check_python),
        *guard("packages", lambda: check_packages(folder / "requirements.lock")),
        *guard("folder", lambda: check_folder(root, what)),
        *guard("clock", lambda: check_clock(now, server_time, _calendar(settings, now).timezone)),
        *_check_store(settings, now),
        *guard("next session", lambda: _check_next(settings, now)),
        *guard("schedule", lambda: _check_schedule(settings, now, folder, config, data)),
        *guard("secrets", lambda: _check_receivers(settings, folder)),
    ]
    return Diagnosis(tuple(checks))


def _check_store(settings: Settings, now: pd.Timestamp) -> Iterator[Check]:
    """Yield what is found of the store, and of the sources that it goes on with."""
    local = local_folder(settings.data)
    if local is not None and not (local / MARKER).exists():
        yield Check("store", "warning", f"there is none at {local} yet", "make daily makes it.")
        yield from guard("sources", lambda: _check_sources(settings, settings.headlines_from))
        return
    try:
        store = Store(settings.data, storage_options=settings.storage_options or None, create=False)
    except StoreError as error:
        yield Check("store", "failure", str(error).rstrip("."))
        return
    yield from guard("lock", lambda: check_lock(store))
    try:
        workspace = Workspace(with_remembered_source(settings), now=now)
        names = settings.headlines_from or covering_sources(store)
    except Exception:
        # What it is that can't be read is said below, as far as it can.
        workspace, names = None, settings.headlines_from
        yield from guard("store", lambda: _raise_from(settings))
    if workspace is not None:
        yield from guard("store", lambda: check_tables(workspace))
        yield from guard("champion", lambda: check_champion(workspace))
    yield from guard("ledger", lambda: check_ledger(store))
    going_on = settings if workspace is None else workspace.settings
    yield from guard("sources", lambda: _check_sources(going_on, names))


def _raise_from(settings: Settings) -> Iterator[Check]:
    with_remembered_source(settings)
    yield Check("store", "failure", "the table of what was asked of each source can't be read")


def _check_sources(settings: Settings, names: tuple[str, ...]) -> Iterator[Check]:
    """Yield whether each source of headlines can be asked: its key is set, which is never shown."""
    for name in dict.fromkeys((settings.source, *names)):
        if name not in (*SHIPPED_ARCHIVES, settings.source):
            continue
        try:
            open_source(settings, name)
        except SourceError as error:
            yield Check("sources", "warning", f"{name} can't be asked: {str(error).rstrip('.')}", "See docs/news.md.")
        else:
            yield Check("sources", "ok", f"{name} can be asked")


def _check_next(settings: Settings, now: pd.Timestamp) -> Iterator[Check]:
    calendar, decision = _calendar(settings, now), DecisionPolicy.parse(settings.decision)
    session = calendar.next_session(calendar.last_final_session(now))
    # After a close the decision of the session before it fixes this one.
    of = calendar.previous_session(session) if decision.kind == "after_close" else session
    zone = calendar.timezone
    opens, decided = (at.tz_convert(zone) for at in (calendar.opens_at(session), calendar.decision_at(decision)[of]))
    said = f"{session.date()} on {calendar.exchange}, decided {decided:%Y-%m-%d %H:%M %Z}, opens {opens:%H:%M %Z}"
    if opens <= now:
        yield Check("next session", "ok", f"{said}: it is open, so that a forecast now would be late")
    else:
        yield Check("next session", "ok", said)


def _check_schedule(
    settings: Settings, now: pd.Timestamp, folder: Path, config: str | None, data: str | None
) -> Iterator[Check]:
    kind = find_kind()
    if kind is None:
        yield Check("schedule", "ok", "this machine has no scheduler that this user can use")
        return
    starts = find_starts(_calendar(settings, now), DecisionPolicy.parse(settings.decision), now=now)
    plan = build_plan(build_job(sys.executable, folder=folder, config=config, data=data), starts, kind, now=now)
    state = find_state(plan)
    if state == "missing":
        yield Check("schedule", "warning", "no morning runs by itself", "make schedule lets it; or run it yourself.")
    elif state == "outdated":
        yield Check(
            "schedule",
            "warning",
            f"{plan.job.name} in {kind} isn't what make schedule would install now ({starts})",
            "Run make schedule again, unless you chose another start by AT.",
        )
    else:
        yield Check("schedule", "ok", f"{starts}, by {kind}")


def _check_receivers(settings: Settings, folder: Path) -> Iterator[Check]:
    receivers = settings.notify.receivers
    names = (
        getattr(receiver, field, "")
        for receiver in receivers.values()
        for field in ("password_variable", "url_variable", "token_variable")
    )
    variables = tuple(dict.fromkeys(name for name in names if name))
    said = f"told of a morning: {', '.join(receivers)}" if receivers else "nobody is told of a morning"
    yield Check("notify", "ok", said)
    yield from check_secrets(build_job(sys.executable, folder=folder).secrets, variables)


def _calendar(settings: Settings, now: pd.Timestamp) -> TradingCalendar:
    return TradingCalendar.until(now, exchange=settings.exchange)
