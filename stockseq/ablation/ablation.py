"""Judge a fitted family: every variant against the plain network, with what its networks cost and learnt."""

from collections.abc import Sequence

import numpy as np

from stockseq.ablation.family import Fits, FittedFamily
from stockseq.ablation.fits import NetworkFit
from stockseq.ablation.judge import EDGE, ComponentEffect, judge_family
from stockseq.ablation.result import AblationResult, Effect, FitCost, Kind, SeedSpread, VariantResult
from stockseq.ablation.sets import find_best, find_superior
from stockseq.evaluate.scores import Scores, score_forecasts
from stockseq.models.variants import BEST_PAIR, PLAIN, Variant
from stockseq.sources.simulated.market import Optimum

NAMES = {PLAIN: "plain network", BEST_PAIR: "best pair of layers"}


def judge_ablation(
    family: FittedFamily, *, optimum: Optimum | None = None, seed: int = 0, horizon: int = 0
) -> AblationResult:
    """Judge every variant of a fitted family against its plain network.

    Parameters
    ----------
    family : FittedFamily
    optimum : Optimum, optional
        What the best forecaster scores on the rows of the plain network's forecasts.
    seed : int, default=0
        Of the bootstraps.
    horizon : int, default=0
        Sessions from entry to exit of the trade that is forecast.

    Returns
    -------
    AblationResult
        Without `trials`, which a store knows.
    """
    plain = family.forecasts[PLAIN]
    others = {name: frame for name, frame in family.forecasts.items() if name != PLAIN}
    removals = [name for name, variant in family.variants.items() if variant.component]
    effects = judge_family(plain, others, n_declared=family.n_declared, removals=removals, horizon=horizon)
    scores = {name: score_forecasts(frame, horizon=horizon) for name, frame in family.forecasts.items()}
    reference = scores[PLAIN]
    return AblationResult(
        n=reference.n,
        n_sessions=reference.n_sessions,
        base_rate=reference.base_rate,
        base_direction="up" if reference.share_up >= 0.5 else "down",
        n_folds=family.n_folds,
        seeds=family.seeds,
        family=family.n_declared,
        edge=EDGE,
        variants=tuple(_describe(name, family, scores.get(name), effects.get(name)) for name in family.variants),
        superior=find_superior(plain, others, seed=seed, removals=removals),
        confidence_set=find_best(family.forecasts, seed=seed),
        optimum=optimum,
    )


def _describe(name: str, family: FittedFamily, scores: Scores | None, effect: ComponentEffect | None) -> VariantResult:
    """Return all that is found of one variant; a failed one has no scores, the plain one nothing to be judged by."""
    variant, fits = family.variants[name], family.fits[name]
    newest = [fit for (number, _), fit in sorted(fits.items()) if number == family.n_folds]
    return VariantResult(
        name=name,
        component=variant.component or NAMES.get(name, name.replace("_", " ")),
        changes=variant.changes,
        kind=_kind(name, variant),
        failure=_failure(fits),
        scores=scores,
        effect=effect and Effect(accuracy=effect.accuracy, ic=effect.ic, size=effect.size, log_loss=effect.log_loss),
        claim=None if name == PLAIN else "failed" if effect is None else effect.claim,
        sessions_needed=effect and effect.sessions_needed,
        by_fold=effect and effect.by_fold,
        seeds=_seeds(scores, effect),
        cost=_cost(fits, family.fits[PLAIN]),
        readings=_mean_readings(newest),
        chosen=tuple(" + ".join(pair) for pair in family.pairs) if name == BEST_PAIR else None,
    )


def _kind(name: str, variant: Variant) -> Kind:
    if name == PLAIN:
        return "plain"
    if name == BEST_PAIR:
        return "pair"
    if variant.component:
        return "input"
    return "layer" if variant.slots and not variant.without else "other"


def _failure(fits: Fits) -> str | None:
    """Return the first reason why a network of the variant could not be fitted, and in how many cases."""
    reasons = [fit.record.failure for _, fit in sorted(fits.items()) if fit.record.failure]
    return f"{len(reasons)} of {len(fits)} networks failed, first: {reasons[0]}" if reasons else None


def _cost(fits: Fits, plain: Fits) -> FitCost:
    fitted = [fit.record for _, fit in sorted(fits.items()) if not fit.record.failure]
    seconds, reference = (_median([fit.record.seconds_per_epoch for fit in those.values()]) for those in (fits, plain))
    return FitCost(
        seconds=_median([record.seconds for record in fitted]),
        seconds_per_epoch=seconds,
        n_epochs=_median([record.n_epochs for record in fitted]),
        n_weights=fitted[-1].n_weights if fitted else None,
        ratio=seconds / reference if seconds and reference else None,
    )


def _median(values: Sequence[float | None]) -> float | None:
    present = [value for value in values if value is not None]
    return float(np.median(present)) if present else None


def _seeds(scores: Scores | None, effect: ComponentEffect | None) -> SeedSpread | None:
    if scores is None:
        return None
    accuracy = tuple(seed.accuracy for seed in scores.seeds)
    gains = () if effect is None else effect.by_seed
    return SeedSpread(accuracy=accuracy, spread=_spread(accuracy), effect_spread=_spread(gains))


def _spread(values: Sequence[float]) -> float | None:
    return float(np.std(values, ddof=1)) if len(values) > 1 else None


def _mean_readings(fits: Sequence[NetworkFit]) -> dict[str, dict[str, float | list[float]]]:
    """Return what the variant's layers learnt, the mean over networks; empty if one failed, or they read no alike."""
    readings = [fit.record.readings or {} for fit in fits]
    shapes = [
        {layer: {name: np.shape(value) for name, value in those[layer].items()} for layer in those}
        for those in readings
    ]
    if not readings or not all(readings) or any(shape != shapes[0] for shape in shapes):
        return {}
    return {
        layer: {name: np.mean([those[layer][name] for those in readings], axis=0).tolist() for name in values}
        for layer, values in readings[0].items()
    }
