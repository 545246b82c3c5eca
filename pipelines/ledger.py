"""The forecast ledger: the live record, and the proof that nothing in it was rewritten."""

import re

import pandas as pd

from pipelines.screens.console import console
from stockseq.config import Settings, read_now
from stockseq.errors import SettingsError, counted
from stockseq.forecast_ledger import Ledger, verify
from stockseq.forecasting.clock import require_begun
from stockseq.forecasting.live import require_listed, score_live
from stockseq.forecasting.recomputed import recompute_outcomes
from stockseq.report.text.names import trade_words
from stockseq.report.text.skill import rank_and_size_sentence
from stockseq.report.text.verdict import corrections_sentence, record_sentence
from stockseq.workspace import Workspace


def run_ledger_check(settings: Settings, now: pd.Timestamp, *, check: bool, head: str | None) -> None:
    """Show the live record; with `check`, recompute every hash; with a `head`, do so, and find it among them."""
    if head is not None and not re.fullmatch(r"[0-9a-f]{64}", head):
        raise SettingsError(f"HEAD must be the whole hash of 64 hexadecimal digits, received {head!r}.")
    # Whoever gives a head wants to know that it is there.
    check = check or head is not None
    workspace = Workspace(settings, now=now)
    require_begun(workspace.store, workspace.registry, now)
    clock = read_now(None) if check else None
    ledger = verify(workspace.store, expected_head=head, clock=clock)
    models = workspace.registry.list_models()
    require_listed(ledger.as_of(now).forecasts, models)
    forecast = models[models["model_id"].isin(ledger.forecasts["model_id"])]
    for label in sorted({*forecast["label"]} or {settings.label}):
        live = score_live(ledger.as_of(now), models, label)
        console.print(f"Live record {trade_words(label)}: {record_sentence(live.scores, n=live.n)}")
        if further := rank_and_size_sentence(live.ranking, live.size):
            console.print(f"  {further}")
        if corrected := corrections_sentence(live.corrections):
            console.print(f"  {corrected}", markup=False)
    if check and not ledger.n_rows:
        console.print("There is nothing to verify yet; make daily enters the first forecasts.")
    elif check:
        n_outcomes = counted(len(ledger.outcomes), "outcome")
        console.print(
            f"[green]✓[/green] {ledger.n_rows} forecasts and {n_outcomes}, every hash as it was written. Head: "
            f"{ledger.head_hash}\n"
            "Note the head elsewhere; later, make ledger HEAD=... proves that nothing before it changed."
        )
        _recompute(workspace, ledger.as_of(now), models, now)


def _recompute(workspace: Workspace, ledger: Ledger, models: pd.DataFrame, now: pd.Timestamp) -> None:
    """Compute the outcomes again from the bars that they were scored from, and show how many that could be."""
    if ledger.outcomes.empty:
        return
    tickers = sorted(ledger.forecasts["ticker"].unique())
    market = workspace.store.market(workspace.calendar, tickers=tickers, as_of=now)
    recomputed = recompute_outcomes(ledger, models, market)
    others = counted(recomputed.n_left_out, "other")
    left_out = f"; the bars of {others} have changed since" if recomputed.n_left_out else ""
    console.print(f"[green]✓[/green] {counted(recomputed.n, 'outcome')} computed again from the bars{left_out}.")
