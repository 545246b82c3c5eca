"""What a person reads, and agrees to, before a scheduler is told of the morning."""

import shlex
import sys
from collections.abc import Sequence

import pandas as pd

from pipelines.screens.console import console, escape
from stockseq.errors import SettingsError
from stockseq.printable import shown
from stockseq.schedule.install import State
from stockseq.schedule.job import Plan
from stockseq.schedule.starts import Starts

NAMES = {"systemd": "a user timer of systemd", "launchd": "an agent of launchd", "cron": "the user's crontab"}
KNOWN = {
    "systemd": "It keeps to the exchange's clock, and catches up a start that the machine slept through.",
    "launchd": "launchd knows the machine's clock alone, so each time that may be the right one is listed; a run that "
    "isn't due ends at once. A start that the machine slept through is caught up. After a move to another time zone, "
    "run make schedule again.",
    "cron": "Cron knows the machine's clock alone, so each time that may be the right one is listed; a run that isn't "
    "due ends at once. A start that the machine slept through is not caught up. After a move to another time zone, run "
    "make schedule again.",
}


def show_plan(plan: Plan, starts: Starts, state: State, *, as_root: bool) -> None:
    """Every file, every line and every command, before anything is written."""
    console.print(f"The morning would start {starts}, by {NAMES[plan.kind]}.", markup=False)
    console.print(KNOWN[plan.kind], markup=False)
    for path, text in plan.files.items():
        console.print(f"\n[bold]{escape(str(path))}[/bold]")
        console.print(text, markup=False, end="")
    if plan.crontab:
        console.print("\n[bold]crontab -l[/bold], with these lines added or renewed:")
        console.print(plan.crontab, markup=False, end="")
    for command in plan.install:
        console.print(f"[bold]$[/bold] {escape(shlex.join(command))}")
    console.print(
        f"\nKeys and passwords are read from {plan.job.secrets}, lines of NAME=value, if it is there: chmod 600 it.",
        markup=False,
    )
    if as_root:
        console.print("[yellow]Note:[/yellow] you are root, so this would run as root. An ordinary user is enough.")
    if state != "missing":
        there = "exactly this is installed already" if state == "current" else "another version of it is installed"
        console.print(f"[yellow]Note:[/yellow] {there}.")


def agrees(yes: str | None, question: str) -> bool:
    """Return whether the user agrees, by YES=1 or by hand; without a terminal and without YES nothing is done.

    Raises
    ------
    SettingsError
        If YES is neither 1 nor left out.
    """
    if yes not in (None, "1"):
        raise SettingsError(f"YES is 1 or left out, received {shown(yes)}.")
    if yes:
        return True
    if not sys.stdin.isatty():
        console.print("Nothing was done: there is no terminal to ask on. YES=1 (`--yes 1`) agrees.")
        return False
    try:
        agreed = console.input(f"{question} (y/N) ").strip().lower() in ("y", "yes")
    except EOFError:
        agreed = False
    if not agreed:
        console.print("Nothing was done.")
    return agreed


def show_state(plan: Plan, starts: Starts, *, now: pd.Timestamp, lingers: bool | None) -> None:
    """What was installed, how to see what it does, and what still keeps it from running."""
    console.print(f"[green]✓[/green] Installed: {escape(str(starts))}.")
    if plan.kind == "systemd":
        console.print(f"  Next start: systemctl --user list-timers {plan.job.name}.timer", markup=False)
        console.print(f"  What it said: journalctl --user -u {plan.job.name}", markup=False)
        if lingers is False:
            console.print(
                "  [yellow]Note:[/yellow] it runs only while you are logged in. `loginctl enable-linger` lets it run "
                "without."
            )
    else:
        console.print(f"  What it said: {plan.job.log}", markup=False)
    console.print("  Whether all is well: make doctor", markup=False)


def show_removal(plans: Sequence[Plan], *, done: bool = False) -> None:
    """What is there to be taken away, or was."""
    if not plans:
        console.print("Nothing is scheduled for this folder, settings file and data root.")
    for plan in plans:
        names = [str(path) for path in plan.files] or [f"the lines of {plan.job.name} in the crontab"]
        mark = "[green]✓[/green] Taken away:" if done else "Installed by make schedule:"
        console.print(f"{mark} {escape(', '.join(names))}")
        if not done:
            for command in plan.remove:
                console.print(f"[bold]$[/bold] {escape(shlex.join(command))}")
