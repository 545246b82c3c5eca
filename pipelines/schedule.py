"""The morning by itself: tell this machine's scheduler to run it, or make it forget."""

import os
import sys
from pathlib import Path

import pandas as pd

from pipelines.screens.schedule import agrees, show_plan, show_removal, show_state
from stockseq.config import Settings, load_settings
from stockseq.errors import SettingsError, StockseqError
from stockseq.schedule.install import KINDS, build_plan, find_kind, find_state, install, lingers, remove
from stockseq.schedule.job import Job, Plan, build_job
from stockseq.schedule.starts import Starts, find_starts
from stockseq.sessions import DecisionPolicy, TradingCalendar
from stockseq.source_choice import with_remembered_source


def run_schedule(
    settings: Settings,
    now: pd.Timestamp,
    *,
    config: str | None,
    data: str | None,
    at: str | None,
    by: str | None,
    yes: str | None,
) -> None:
    """Show what would be installed, and install it once that is agreed to; the same again changes nothing.

    Raises
    ------
    SettingsError
        If a setting is given that the scheduled run wouldn't have.
    StockseqError
        If this machine has no scheduler that this user can use, or it refuses.
    """
    _require_in_file(settings, config=config, data=data)
    kind = by or find_kind()
    if kind is None:
        raise StockseqError(
            "No scheduler was found that this user can use: no user manager of systemd, no launchd, no crontab. "
            "Install cron, name one with BY=systemd, BY=launchd or BY=cron, or see docs/operations.md for a container "
            "and for GitHub Actions."
        )
    starts = _starts(settings, now, at)
    plan = build_plan(_job(config, data, at), starts, kind, now=now)
    state = find_state(plan)
    show_plan(plan, starts, state, as_root=os.geteuid() == 0)
    if not agrees(yes, "Install this?"):
        return
    install(plan)
    show_state(plan, starts, now=now, lingers=lingers() if kind == "systemd" else None)


def run_unschedule(
    settings: Settings, now: pd.Timestamp, *, config: str | None, data: str | None, yes: str | None
) -> None:
    """Take away what `run_schedule` installed for this folder, settings file and data root, once agreed to."""
    found = [plan for plan in _plans(settings, now, config, data) if find_state(plan) != "missing"]
    show_removal(found)
    if not found or not agrees(yes, "Take this away?"):
        return
    for plan in found:
        remove(plan)
        show_removal([plan], done=True)


def _plans(settings: Settings, now: pd.Timestamp, config: str | None, data: str | None) -> list[Plan]:
    job, starts = _job(config, data, None), _starts(settings, now, None)
    there = [kind for kind in KINDS if kind != "cron" or find_kind() != "launchd"]
    return [build_plan(job, starts, kind, now=now) for kind in there]


def _job(config: str | None, data: str | None, at: str | None) -> Job:
    return build_job(sys.executable, folder=Path.cwd(), config=config, data=data, at=at)


def _starts(settings: Settings, now: pd.Timestamp, at: str | None) -> Starts:
    calendar = TradingCalendar.until(now, exchange=settings.exchange)
    return find_starts(calendar, DecisionPolicy.parse(settings.decision), now=now, at=at)


def _require_in_file(settings: Settings, *, config: str | None, data: str | None) -> None:
    """Refuse settings of the command line alone: the scheduled run would go without them."""
    path = Path(config or "stockseq.toml")
    overrides = {"data": data} if data else {}
    written = with_remembered_source(load_settings(path if config or path.exists() else None, overrides))
    if written != settings:
        raise SettingsError(
            "A setting was given by SET (`--set`), which the scheduled run wouldn't have; write it into "
            f"{path}. CONFIG, DATA and AT are handed on."
        )
