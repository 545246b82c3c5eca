"""Prove on the store's own data that nothing looks ahead: cut or poison the future, rebuild, and compare."""

import time
from collections.abc import Iterator, Sequence

import pandas as pd
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from pipelines.audit_artefacts import Describer
from pipelines.audit_models import N_EPOCHS, N_SEEDS, cut_folds, examine_model, shorten_training
from pipelines.audit_origins import examine_source, examine_store
from pipelines.audit_plan import Plan, Stretch, choose_tickers, plan_stretches, read_tables
from pipelines.audit_rows import examine_instants, examine_warm_up
from pipelines.audit_screen import show_verdicts
from pipelines.context import Context, console, open_executor, show_progress
from pipelines.prepare import Prepared
from stockseq.config import Settings
from stockseq.errors import SourceError, StockseqError, TooFewSessions, TrainingFailed, counted
from stockseq.evaluate.lookahead import Compared, Cut, Tables, Verdict, examine, summarise
from stockseq.features.sentiment import SENTIMENT_COLUMNS

# A rebuild of the past alone and one with another future cost about so much together, in rebuilds of the whole.
BOTH_WAYS = 1.7


def run_audit(settings: Settings, now: pd.Timestamp, *, plan: Plan | None = None) -> tuple[Verdict, ...]:
    """Audit the store's data, features, samples, models and source, print the table, and return the verdicts.

    Nothing is fetched: an audit is of what the store holds.

    Raises
    ------
    SourceError
        If there is nothing to audit.
    StockseqError
        If anything moved, after everything is shown.
    """
    plan = plan or Plan()
    with open_executor(settings) as executor:
        context = Context(settings, now, executor, new_store=False)
        with context.hold_store():
            held = _held(context)
            tickers, reason = choose_tickers(context, held, plan)
            console.print(f"Audited: {', '.join(tickers)} ({reason}).")
            verdicts, unaudited = _audit(context, tickers, plan)
    show_verdicts(verdicts, unaudited, n_features=len(context.features) + len(SENTIMENT_COLUMNS))
    moved = [verdict.artefact for verdict in verdicts if verdict.findings]
    if moved:
        raise StockseqError(
            f"Something looks ahead: {', '.join(moved)} changed with what came later, so no figure built on them can "
            "be trusted. The sentences above say where; mend it and run make audit again."
        )
    n_values = sum(verdict.n_values for verdict in verdicts)
    lacking = bool(unaudited) or any(verdict.n_values == 0 for verdict in verdicts)
    found = "Nothing that was audited looks ahead" if lacking else "Nothing looks ahead"
    shown = f"{n_values:,} values of {len(tickers)} of {counted(len(held), 'ticker')} compared"
    console.print(f"[green]{found}[/green]: {shown}{', the rest as shown' if lacking else ''}. Next: make backtest.")
    return tuple(verdicts)


def _held(context: Context) -> tuple[str, ...]:
    """Return the tickers that have bars; of those that the settings name there must be one at least."""
    held, asked = set(context.read("bars", columns=["ticker"])["ticker"]), context.settings.tickers
    if not held or (asked and held.isdisjoint(asked)):
        wanted = f"bars of {', '.join(asked)}" if asked else "bars"
        raise SourceError(
            f"The store at {context.settings.data} holds no {wanted} yet, so there is nothing to audit. Run make daily "
            'first, as in make daily TICKERS="AAPL MSFT", or name another store with DATA.'
        )
    return tuple(sorted(held))


def _audit(context: Context, tickers: Sequence[str], plan: Plan) -> tuple[list[Verdict], list[str]]:
    """Return what was found, and why some things were not looked at."""
    describer, tables = Describer(context), read_tables(context, tickers)
    stretches = tuple(plan_stretches(context, tables, describer.clock, plan))
    verdicts = [*summarise(_examine_stretches(describer, stretches, plan))]
    prepared = describer.prepare(tables)
    verdicts += [examine_instants(prepared, describer.clock), examine_warm_up(context, tables, seed=plan.seed)]
    fitted, unaudited = _examine_models(context, tables, prepared, plan)
    source, unasked = examine_source(context, tickers)
    verdicts += [*fitted, *([source] if source else []), examine_store(context, tickers)]
    return verdicts, [*unaudited, *([unasked] if unasked else [])]


def _examine_stretches(
    describer: Describer, stretches: Sequence[Stretch], plan: Plan
) -> Iterator[tuple[Cut, Compared]]:
    """Cut each stretch at each of its decisions, both ways."""
    console.print("Building everything once, to compare with and to tell how long this takes.")
    references, seconds = [], 0.0
    for stretch in stretches:
        began = time.perf_counter()
        references.append(describer.build(stretch.tables))
        seconds += (time.perf_counter() - began) * BOTH_WAYS * len(stretch.cuts)
    n_cuts = sum(len(stretch.cuts) for stretch in stretches)
    n_random = len(stretches[-1].cuts)
    console.print(
        f"{counted(n_cuts - n_random, 'cut')} in the warm-up and {n_random} random ones (seed {plan.seed}), each with "
        f"the future removed and poisoned: about {_duration(seconds)}, then up to {counted(plan.n_models, 'cut')} with "
        "a model."
    )
    with _progress() as progress:
        task = progress.add_task("", total=n_cuts)
        for stretch, reference in zip(stretches, references, strict=True):
            for cut in stretch.cuts:
                clock, build = describer.clock, describer.build
                for compared in examine(stretch.tables, reference, cut, build, clock=clock, seed=plan.seed):
                    yield cut, compared
                progress.advance(task)


def _examine_models(
    context: Context, tables: Tables, prepared: Prepared, plan: Plan
) -> tuple[tuple[Verdict, ...], list[str]]:
    """Fit some folds with and without the future; return the verdicts, and why there are none."""
    describer = Describer(shorten_training(context))
    compared: list[tuple[Cut, Compared]] = []
    try:
        folds = cut_folds(context, prepared, n_models=plan.n_models)
        for number, fold in enumerate(folds, start=1):
            console.print(
                f"Model {number} of {len(folds)}, which tests from {fold.test[0].date()}: fitted on everything, and "
                f"without and with another future ({N_SEEDS} seed, {N_EPOCHS} epochs each)."
            )
            compared += examine_model(describer, tables, prepared, fold, seed=plan.seed)
    except (TooFewSessions, TrainingFailed) as error:
        return summarise(compared), [f"models and forecasts that can't be fitted on all there is. {error}"]
    return summarise(compared), []


def _progress() -> Progress:
    columns = (TextColumn("Cuts"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    return show_progress(*columns)


def _duration(seconds: float) -> str:
    return f"{seconds:.0f} seconds" if seconds < 90 else f"{seconds / 60:.0f} minutes"
