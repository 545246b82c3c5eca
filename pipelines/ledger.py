"""The forecast ledger: the live record, and the proof that nothing in it was rewritten."""

import re

import pandas as pd

from pipelines.context import Context, console
from pipelines.daily import live_scores
from pipelines.screen import record_line
from stockseq.config import Settings
from stockseq.errors import SettingsError
from stockseq.forecast_ledger import verify


def run_ledger_check(settings: Settings, now: pd.Timestamp, *, check: bool, head: str | None) -> None:
    """Show the live record; with `check`, recompute every hash, and find `head` among them where one is given."""
    if head is not None and not re.fullmatch(r"[0-9a-f]{64}", head):
        raise SettingsError(f"HEAD must be the whole hash of 64 hexadecimal digits, received {head!r}.")
    context = Context(settings, now, new_store=False)
    console.print(f"Live record: {record_line(live_scores(context))}")
    if check:
        state = verify(context.store, expected_head=head)
        console.print(
            f"[green]✓[/green] {state.n_rows} forecasts, every hash as it was written. Head: {state.head_hash}\n"
            "Note the head elsewhere; later, make ledger HEAD=... proves that nothing before it changed."
        )
