"""A morning that nobody watches: run only when it is due, and told to whom the settings name."""

from pathlib import Path
from typing import Protocol

import pandas as pd

from pipelines.screens.daily import show_not_due
from pipelines.screens.notify import tell, tell_of_failure
from stockseq.config import Settings
from stockseq.errors import StoreError
from stockseq.forecasting.morning import Morning
from stockseq.models.registry import of_label
from stockseq.report.text.notice import morning_message, nothing_new_message
from stockseq.runs.inputs import EarlierMorning
from stockseq.schedule.starts import find_due, find_starts
from stockseq.sessions import DecisionPolicy, TradingCalendar
from stockseq.workspace import Workspace


class Daily(Protocol):
    """The recipe of a morning."""

    def __call__(self, settings: Settings, now: pd.Timestamp) -> tuple[Morning | EarlierMorning, Path]: ...


def run_unattended(
    settings: Settings, now: pd.Timestamp, *, daily: Daily, due: bool = False, at: str | None = None
) -> None:
    """Run the recipe `daily`, where `due` only if it is due, and tell whom the settings name how it went."""
    with tell_of_failure(settings, now):
        if due and not is_due(settings, now, at=at):
            return
        morning, folder = daily(settings, now)
    # The run is complete and the store free again, whatever a receiver does.
    if settings.notify.receivers:
        calendar = TradingCalendar.until(now, exchange=settings.exchange)
        page = (folder / "report" / "index.html").absolute()
        if isinstance(morning, EarlierMorning):
            message = nothing_new_message(morning, page=page, calendar=calendar)
        else:
            message = morning_message(morning, page=page, calendar=calendar)
        tell(settings, message)


def is_due(settings: Settings, now: pd.Timestamp, *, at: str | None = None) -> bool:
    """Return whether the next session's forecasts are missing though their hour has come; say so where not.

    So a start that comes at the wrong hour, on a holiday, twice or late is harmless.
    """
    try:
        workspace = Workspace(settings, now=now)
    except StoreError:
        # The first run makes the store, and one that finds it damaged says what is wrong.
        return True
    starts = find_starts(workspace.calendar, DecisionPolicy.parse(settings.decision), now=now, at=at)
    models = workspace.registry.list_models()
    due = find_due(
        starts,
        workspace.calendar,
        workspace.store.read("forecasts", columns=["model_id", "session", "made_at"]),
        now=now,
        model_ids=set(of_label(models, settings.label)),
    )
    if not due.is_due:
        show_not_due(due, timezone=workspace.calendar.timezone)
    return due.is_due
