"""Rows that no cut reaches: every headline and label against the clock, and each feature in its own warm-up."""

from pipelines.audit_plan import AFTERWARDS, count_early
from pipelines.context import Context
from pipelines.prepare import Prepared
from stockseq.errors import DataError, PluginError
from stockseq.evaluate.lookahead import Clock, Finding, Tables, Verdict, find_early_headlines, find_early_trades
from stockseq.features.block import BAR
from stockseq.prices import adjust_forward
from stockseq.testing.features import check_causal


def examine_instants(prepared: Prepared, clock: Clock) -> Verdict:
    """Hold every headline and every label to the clock, not those at the cuts alone."""
    findings = (
        *find_early_headlines(prepared.headlines, clock=clock),
        *find_early_trades(prepared.labels, clock=clock),
    )
    return Verdict("instants", 0, len(prepared.headlines) + len(prepared.labels), findings)


def examine_warm_up(context: Context, tables: Tables, *, seed: int) -> Verdict:
    """Cut each ticker's own first bars where its features still warm up, whose values there no table holds."""
    n_values, findings, n = 0, [], count_early(context) + AFTERWARDS
    for ticker, bars in tables.bars.groupby("ticker"):
        own = bars[bars["session"].isin(context.calendar.sessions)].sort_values("session", ignore_index=True)
        try:
            seen = adjust_forward(own, tables.actions[tables.actions["ticker"] == ticker])
        except DataError:
            # Such a ticker has no feature rows at all; the account of what was dropped says so.
            continue
        traded = context.calendar.next_sessions(seen["session"])
        first = seen.assign(traded_session=traded).set_index("session")[[*BAR, "traded_session"]].iloc[:n]
        for feature in context.features:
            try:
                n_values += check_causal(feature, first, seed=seed)
            except PluginError as error:
                told = str(error).removesuffix(".")
                why = "in the warm-up, too, what comes from later bars looks ahead"
                findings.append(Finding("warm-up", feature.name, str(ticker), None, told, why))
    return Verdict("warm-up", 0, n_values, tuple(findings))
