"""The forecast ledger: the live record, and the proof that nothing in it was rewritten."""

import re

import pandas as pd

from pipelines.screens.console import console
from stockseq.config import Settings
from stockseq.errors import SettingsError
from stockseq.forecast_ledger import verify
from stockseq.forecasting.clock import require_begun
from stockseq.forecasting.live import score_live
from stockseq.report.text.names import trade_words
from stockseq.report.text.skill import rank_and_size_sentence
from stockseq.report.text.verdict import record_sentence
from stockseq.workspace import Workspace


def run_ledger_check(settings: Settings, now: pd.Timestamp, *, check: bool, head: str | None) -> None:
    """Show the live record; with `check`, recompute every hash, and find `head` among them where one is given."""
    if head is not None and not re.fullmatch(r"[0-9a-f]{64}", head):
        raise SettingsError(f"HEAD must be the whole hash of 64 hexadecimal digits, received {head!r}.")
    workspace = Workspace(settings, now=now)
    require_begun(workspace.store, workspace.registry, now)
    ledger = verify(workspace.store, expected_head=head if check else None)
    workspace.registry.require_listed(set(ledger.forecasts["model_id"]))
    models = workspace.registry.list_models()
    forecast = models[models["model_id"].isin(ledger.forecasts["model_id"])]
    for label in sorted({*forecast["label"]} or {settings.label}):
        live = score_live(ledger.as_of(now), models, label)
        console.print(f"Live record {trade_words(label)}: {record_sentence(live.scores, n=live.n)}")
        if further := rank_and_size_sentence(live.ranking, live.size):
            console.print(f"  {further}")
    if check and not ledger.n_rows:
        console.print("There is nothing to verify yet; make daily enters the first forecasts.")
    elif check:
        console.print(
            f"[green]✓[/green] {ledger.n_rows} forecasts, every hash as it was written. Head: {ledger.head_hash}\n"
            "Note the head elsewhere; later, make ledger HEAD=... proves that nothing before it changed."
        )
