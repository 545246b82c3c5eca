"""Prove on the store's own data that nothing looks ahead: cut or poison the future, rebuild, and compare."""

import pandas as pd

from pipelines.screens.audit import show_audit
from pipelines.screens.console import console
from pipelines.screens.workspace import open_workspace
from stockseq.audit.origins import audit_source, audit_store
from stockseq.audit.plan import AuditPlan, choose_tickers
from stockseq.audit.result import AuditResult
from stockseq.audit.run import audit_market
from stockseq.config import Settings
from stockseq.errors import SourceError
from stockseq.market import MarketData
from stockseq.report.text.audit import choice_sentence


def run_audit(settings: Settings, now: pd.Timestamp, *, plan: AuditPlan | None = None) -> AuditResult:
    """Audit the store's data, features, samples, models and source, show the table, and return the result.

    Nothing is fetched: an audit is of what the store has.

    Raises
    ------
    SourceError
        If there is nothing to audit.
    StockseqError
        If anything moved, after everything is shown.
    """
    plan = plan or AuditPlan()
    with open_workspace(settings, now, create=False) as workspace:
        stored = workspace.market()
        _require_bars(stored, settings)
        choice = choose_tickers(stored, plan, named=settings.tickers)
        console.print(choice_sentence(choice), markup=False)
        market = stored.of(choice.tickers)
        result = audit_market(
            market, workspace.inputs, forecaster=workspace.forecaster, folds=settings.folds, plan=plan
        )
        result = result.including(audit_source(workspace.source, market), audit_store(workspace.store, market))
    show_audit(result, n_stored=choice.n_stored)
    return result.require()


def _require_bars(market: MarketData, settings: Settings) -> None:
    """Raise `SourceError` unless there are bars, of those tickers that the settings name one at least."""
    named = settings.tickers
    if not market.tickers or (named and set(market.tickers).isdisjoint(named)):
        wanted = f"bars of {', '.join(named)}" if named else "bars"
        raise SourceError(
            f"The store at {settings.data} has no {wanted} yet, so there is nothing to audit. Run make daily first, as "
            'in make daily TICKERS="AAPL MSFT", or name another store with DATA.'
        )
