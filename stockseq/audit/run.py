"""Audit a market: cut or poison the future, rebuild, and compare, from the bars to the forecasts."""

import time
from collections.abc import Iterator, Sequence

from stockseq.audit.clock import Cut
from stockseq.audit.comparison import Compared, examine, summarise
from stockseq.audit.models import N_EPOCHS, N_SEEDS, choose_folds, examine_model, shorten_training
from stockseq.audit.pipeline import Pipeline
from stockseq.audit.plan import AFTERWARDS, AuditPlan, Stretch, choose_tickers, count_early, plan_stretches
from stockseq.audit.result import AuditResult, Unaudited, Verdict
from stockseq.audit.rows import examine_instants, examine_warm_up
from stockseq.dataset.dataset import Dataset, Inputs
from stockseq.dataset.folds import FoldSettings
from stockseq.errors import DataError, TooFewSessions, TrainingFailed, counted
from stockseq.market import MarketData
from stockseq.models.forecaster import Forecaster

# Enough to find what the tests plant, in a minute; the command looks at more.
SHORT = AuditPlan(n_tickers=2, n_cuts=8, n_early=12, n_models=1)
# A rebuild of the past alone and one with another future cost about so much together, in rebuilds of the whole.
BOTH_WAYS = 1.7


def audit(
    market: MarketData,
    inputs: Inputs | None = None,
    *,
    forecaster: Forecaster | None = None,
    folds: FoldSettings | None = None,
    plan: AuditPlan | None = None,
) -> AuditResult:
    """Prove on a market that nothing looks ahead, or raise.

    Of a market of many tickers some are chosen, as the plan says; the parameters are those of `audit_market`. Without a
    plan it is a short one, of two tickers and a minute; `AuditPlan()` is the one of `make audit`.

    Raises
    ------
    StockseqError
        Naming what changed with what came later.

    Examples
    --------
    >>> from stockseq.features.indicators import DEFAULT_FEATURES
    >>> from stockseq.sources.simulated import SimulatedMarket
    >>> drawn = SimulatedMarket(n_sessions=70, n_tickers=1)
    >>> now = drawn.calendar.opens_at(drawn.sessions[-1])
    >>> market = MarketData(drawn.bars, drawn.actions, drawn.headlines, drawn.calendar, now)
    >>> result = audit(market, Inputs(features=DEFAULT_FEATURES[:1]), plan=AuditPlan(n_cuts=1, n_early=1))
    >>> result.moved, [gap.subject for gap in result.unaudited]
    ((), ['samples', 'models'])
    """
    plan = plan or SHORT
    chosen = market.of(choose_tickers(market, plan).tickers)
    return audit_market(chosen, inputs, forecaster=forecaster, folds=folds, plan=plan).require()


def audit_market(
    market: MarketData,
    inputs: Inputs | None = None,
    *,
    forecaster: Forecaster | None = None,
    folds: FoldSettings | None = None,
    plan: AuditPlan | None = None,
) -> AuditResult:
    """Audit data, features, samples and models of all tickers of a market, and return what was found.

    Parameters
    ----------
    market : MarketData
    inputs : Inputs, optional
        What the dataset is made of; the defaults at the forecaster's lookback without it.
    forecaster : Forecaster, optional
        Fitted with one seed and two epochs. Its executor is where work fans out.
    folds : FoldSettings, optional
        How a backtest would cut the sessions.
    plan : AuditPlan, optional
        How much is looked at.

    Returns
    -------
    AuditResult
        Models that can't be fitted are among its `unaudited`.

    Raises
    ------
    DataError
        If the market has no bars.
    """
    if market.bars.empty:
        raise DataError("An audit needs bars, and the market has none.")
    forecaster, plan = forecaster or Forecaster(), plan or AuditPlan()
    inputs = inputs or Inputs(lookback=forecaster.network.lookback)
    pipeline = Pipeline(inputs, market.calendar, forecaster, folds or FoldSettings())
    verdicts = [*summarise(_examine_stretches(pipeline, market, plan))]
    data = pipeline.dataset(market)
    verdicts += [
        examine_instants(data, pipeline.clock),
        examine_warm_up(market, inputs, n_bars=count_early(inputs) + AFTERWARDS, seed=plan.seed),
    ]
    fitted, unfitted = _examine_models(shorten_training(pipeline), data, plan)
    return AuditResult(
        tickers=market.tickers,
        n_features=len(inputs.names),
        verdicts=(*verdicts, *fitted),
        unaudited=(*_name_lack_of_samples(data), *unfitted),
    )


def _name_lack_of_samples(data: Dataset) -> tuple[Unaudited, ...]:
    try:
        data.require_samples()
    except TooFewSessions as error:
        return (Unaudited(subject="samples", reason=str(error)),)
    return ()


def _examine_stretches(pipeline: Pipeline, market: MarketData, plan: AuditPlan) -> Iterator[tuple[Cut, Compared]]:
    """Cut each stretch at each of its decisions, both ways."""
    clock, progress = pipeline.clock, pipeline.forecaster.progress
    stretches = tuple(plan_stretches(market, pipeline.inputs, clock, plan))
    progress.say("Building everything once, to compare with and to tell how long this takes.")
    references, seconds = [], 0.0
    for stretch in stretches:
        began = time.perf_counter()
        references.append(pipeline.build(stretch.market))
        seconds += (time.perf_counter() - began) * BOTH_WAYS * len(stretch.cuts)
    n_cuts = sum(len(stretch.cuts) for stretch in stretches)
    progress.say(_announce(stretches, plan, seconds))
    n_done = 0
    for stretch, reference in zip(stretches, references, strict=True):
        for cut in stretch.cuts:
            progress.step("Cuts", n_done, n_cuts, f"{n_done} of {n_cuts}")
            for compared in examine(stretch.market, reference, cut, pipeline.build, clock=clock, seed=plan.seed):
                yield cut, compared
            n_done += 1
    progress.step("Cuts", n_cuts, n_cuts)


def _announce(stretches: Sequence[Stretch], plan: AuditPlan, seconds: float) -> str:
    *warm_up, whole = (len(stretch.cuts) for stretch in stretches)
    duration = f"{seconds:.0f} seconds" if seconds < 90 else f"{seconds / 60:.0f} minutes"
    return (
        f"{counted(sum(warm_up), 'cut')} in the warm-up and {whole} random ones (seed {plan.seed}), each with the "
        f"future removed and poisoned: about {duration}, then up to {counted(plan.n_models, 'cut')} with a model."
    )


def _examine_models(
    pipeline: Pipeline, data: Dataset, plan: AuditPlan
) -> tuple[tuple[Verdict, ...], tuple[Unaudited, ...]]:
    """Fit some folds with and without the future; return the verdicts, and why there are none."""
    compared: list[tuple[Cut, Compared]] = []
    try:
        folds = choose_folds(pipeline, data, n_models=plan.n_models)
        for number, fold in enumerate(folds, start=1):
            pipeline.forecaster.progress.say(
                f"Model {number} of {len(folds)}, which tests from {fold.test[0].date()}: fitted on everything, and "
                f"without and with another future ({counted(N_SEEDS, 'seed')}, {N_EPOCHS} epochs each)."
            )
            compared += examine_model(pipeline, data, fold, seed=plan.seed)
    except (TooFewSessions, TrainingFailed) as error:
        return summarise(compared), (Unaudited(subject="models", reason=str(error)),)
    return summarise(compared), ()
