"""What an ablation's folder says in metrics.json: every variant judged, and what they cost and learnt."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from pipelines.ablation_family import Family
from pipelines.ablation_fits import Fitted
from pipelines.backtest import optimum_on
from pipelines.context import Context
from pipelines.trials import count_trials, record_trial
from stockseq.ablation.judge import EDGE, MEASURES, ComponentEffect, judge_family
from stockseq.ablation.sets import find_best, find_superior
from stockseq.evaluate.scores import score_forecasts
from stockseq.models.variants import BEST_PAIR, PLAIN, Variant
from stockseq.report.text.ablation import summarise, tell

WORDS = {PLAIN: "plain network", BEST_PAIR: "best pair of layers"}
Results = Mapping[tuple[int, int], Fitted]


def judge_ablation(context: Context, family: Family, forecasts: Mapping[str, pd.DataFrame]) -> dict[str, Any]:
    """Judge every variant against the plain network, note each as a trial, and return what metrics.json says of it.

    Parameters
    ----------
    context : Context
    family : Family
        With the results of every network.
    forecasts : mapping of variant to DataFrame
        As `join_forecasts` gives them; the plain network's among them.

    Returns
    -------
    dict, JSON-able
        The size of the run; under `variants` a record per variant, the plain network first; `superior`,
        `confidence_set`, `optimum`, `trials`, and `verdict`, the sentences.
    """
    plain = forecasts[PLAIN]
    others = {name: frame for name, frame in forecasts.items() if name != PLAIN}
    removals = [name for name, variant in family.variants.items() if variant.component]
    judged = judge_family(plain, others, n_declared=len(family.variants) - 1, removals=removals)
    scores = {name: score_forecasts(frame).to_dict() for name, frame in forecasts.items()}
    _record_trials(context, family, scores)
    training, own = context.settings.training, scores[PLAIN]
    ablation = {
        **{key: own[key] for key in ("n", "n_sessions", "base_rate")},
        "base_direction": "up" if own["share_up"] >= 0.5 else "down",
        "n_folds": family.n_folds,
        "seeds": list(training.seeds),
        "family": len(family.variants) - 1,
        "edge": EDGE,
        "variants": [_record(name, family, scores.get(name), judged.get(name)) for name in family.variants],
        "superior": find_superior(plain, others, seed=training.seed, removals=removals).to_dict(),
        "confidence_set": find_best(forecasts, seed=training.seed).to_dict(),
        "optimum": optimum_on(context, plain),
        "trials": count_trials(context),
    }
    return {**ablation, "verdict": summarise(ablation)}


def _record_trials(context: Context, family: Family, scores: Mapping[str, Any]) -> None:
    for name, variant in family.variants.items():
        measures = {"accuracy": scores[name]["accuracy"]} if name in scores else {}
        # The name says what the settings don't: inputs left out, and the pairs that were joined.
        told = "; ".join(map(" + ".join, family.pairs)) if name == BEST_PAIR else variant.changes
        network = variant.applied_to(context.settings.network)
        record_trial(context, f"ablation {name} ({told})" if told else f"ablation {name}", measures, network=network)


def _record(
    name: str, family: Family, scores: Mapping[str, Any] | None, judged: ComponentEffect | None
) -> dict[str, Any]:
    """Return all that is known of one variant; a failed one has no scores, the plain one nothing to be judged by."""
    variant, results = family.variants[name], family.fitted[name]
    component = variant.component or WORDS.get(name, name.replace("_", " "))
    return {
        "name": name,
        "component": component,
        "changes": variant.changes,
        "kind": _kind(name, variant),
        "failure": _failure(results),
        "scores": scores,
        "effect": None if judged is None else {measure: judged.to_dict()[measure] for measure in MEASURES},
        "claim": None if name == PLAIN else "failed" if judged is None else judged.claim,
        "verdict": None if judged is None else tell(component, judged.to_dict(), len(family.variants) - 1),
        "sessions_needed": None if judged is None else judged.sessions_needed,
        "by_fold": None if judged is None else judged.by_fold,
        "seeds": _seeds(scores, judged),
        "cost": _cost(results, family.fitted[PLAIN]),
        "readings": _mean_readings([one for (number, _), one in results.items() if number == family.n_folds]),
        "chosen": [" + ".join(pair) for pair in family.pairs] if name == BEST_PAIR else None,
    }


def _kind(name: str, variant: Variant) -> str:
    if name in (PLAIN, BEST_PAIR):
        return {PLAIN: "plain", BEST_PAIR: "pair"}[name]
    if variant.component:
        return "input"
    return "layer" if variant.slots and not variant.without else "other"


def _failure(results: Results) -> str | None:
    """Return the first reason why a network of the variant could not be fitted, and in how many cases."""
    reasons = [str(result.told["failure"]) for _, result in sorted(results.items()) if result.told["failure"]]
    return f"{len(reasons)} of {len(results)} networks failed, first: {reasons[0]}" if reasons else None


def _cost(results: Results, plain: Results) -> dict[str, Any]:
    """Return what a network of the variant took: medians over folds and seeds, and beside the plain network."""
    told = [result.told for _, result in sorted(results.items()) if not result.told["failure"]]
    own, other = (_middle(those, "seconds_per_epoch") for those in (results, plain))
    return {
        **{name: _middle(results, name) for name in ("seconds", "seconds_per_epoch", "n_epochs")},
        "n_weights": told[-1]["n_weights"] if told else None,
        "ratio": own / other if own and other else None,
    }


def _middle(results: Results, name: str) -> float | None:
    known = [result.told[name] for result in results.values() if result.told.get(name) is not None]
    return float(np.median(known)) if known else None


def _seeds(scores: Mapping[str, Any] | None, judged: ComponentEffect | None) -> dict[str, Any] | None:
    """Return the accuracy of each seed by itself, and the spread over seeds of it and of what the component adds."""
    if scores is None:
        return None
    alone = [seed["accuracy"] for seed in scores["seeds"]]
    gains = [] if judged is None else judged.by_seed
    return {"accuracy": alone, "spread": _spread(alone), "effect_spread": _spread(gains)}


def _spread(values: Sequence[float]) -> float | None:
    return float(np.std(values, ddof=1)) if len(values) > 1 else None


def _mean_readings(results: Sequence[Fitted]) -> dict[str, dict[str, Any]]:
    """Return what the variant's layers learnt, the mean over networks; empty if one failed, or they read no alike."""
    told: list[Mapping[str, Any]] = [result.told.get("readings") or {} for result in results]
    shapes = [{layer: {name: np.shape(value) for name, value in one[layer].items()} for layer in one} for one in told]
    if not all(told) or any(shape != shapes[0] for shape in shapes):
        return {}
    return {
        layer: {name: np.mean([one[layer][name] for one in told], axis=0).tolist() for name in readings}
        for layer, readings in told[0].items()
    }
