"""The family of an ablation: which networks are fitted, in what order, and the forecasts of each variant."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeElapsedColumn

from pipelines.ablation_fits import Dataset, Fit, Fitted, count_kept, fit_all
from pipelines.context import Context, console, show_progress
from pipelines.layers import check_layers
from stockseq.config import Settings
from stockseq.dataset.walk_forward import Fold
from stockseq.errors import PluginError, TrainingFailed, counted
from stockseq.models.variants import BEST_PAIR, PLAIN, Variant

KEY = ["ticker", "session"]


@dataclass(frozen=True)
class Family:
    """The variants of a run, each with its networks' results by fold and seed.

    `pairs` names the two layers of the best pair in each fold; empty where there is no such pair.
    """

    variants: Mapping[str, Variant]
    fitted: Mapping[str, Mapping[tuple[int, int], Fitted]]
    pairs: tuple[tuple[str, str], ...]
    n_folds: int


def fit_family(context: Context, dataset: Dataset, folds: Sequence[Fold]) -> Family:
    """Fit all networks, then those of the best pair, which is known once its parts are fitted."""
    settings = context.settings
    variants = {PLAIN: Variant(), **settings.ablation.family}
    seeds = settings.training.seeds
    for name, variant in variants.items():
        _check(name, variant, settings, dataset)
    if not settings.ablation.variants:
        context.say("No variants are declared under [ablation], so the default family is judged.")
    context.say(
        f"The plain network and {counted(len(variants) - 1, 'variant')}, on {counted(len(folds), 'fold')} with "
        f"{counted(len(seeds), 'seed')} each. A stopped run goes on where it was."
    )
    # Every variant comes early, so that the time left is known early.
    fits = [
        _fit(settings, name, variant, number, fold, seed)
        for seed in seeds
        for number, fold in enumerate(folds, start=1)
        for name, variant in variants.items()
    ]
    fitted: dict[str, dict[tuple[int, int], Fitted]] = {name: {} for name in variants}
    folder = context.root / "ablation"
    folder.mkdir(parents=True, exist_ok=True)
    n_kept = count_kept(fits, dataset, folder)
    if n_kept:
        context.say(f"{counted(n_kept, 'network')} of {len(fits)} kept from an earlier run.")
    for fit, result in _shown(fits, fit_all(fits, dataset, folder, context.executor)):
        if fit.variant == PLAIN and result.told["failure"]:
            raise TrainingFailed(
                f"The plain network can't be fitted, so no variant can be judged: {result.told['failure']}"
            )
        fitted[fit.variant][fit.number, fit.seed] = result
    slots = _single_layers(variants)
    if not settings.ablation.best_pair or not slots:
        return Family(variants, fitted, (), len(folds))
    pairs = _best_pairs(slots, fitted, len(folds))
    variants[BEST_PAIR] = Variant()
    fitted[BEST_PAIR] = {}
    if not pairs:
        # It was declared, so it counts in the correction like any variant that failed.
        reason = (
            "In some fold fewer than two slots had a layer that was fitted and had validation sessions to be judged on."
        )
        fitted[BEST_PAIR][1, seeds[0]] = Fitted(pd.DataFrame(), {"failure": reason})
    else:
        context.say("Then the best pair of layers of each fold, by its validation sessions.")
        fits = [
            _fit(settings, BEST_PAIR, _joined(*(variants[name] for name in pairs[number - 1])), number, fold, seed)
            for seed in seeds
            for number, fold in enumerate(folds, start=1)
        ]
        for fit, result in _shown(fits, fit_all(fits, dataset, folder, context.executor)):
            fitted[BEST_PAIR][fit.number, fit.seed] = result
    return Family(variants, fitted, pairs, len(folds))


def _check(name: str, variant: Variant, settings: Settings, dataset: Dataset) -> None:
    """Hold the variant's layers to their contract: those that don't compose are told now, and not after an hour."""
    try:
        check_layers(
            variant.applied_to(settings.network), names=dataset.panel_with(sentiment=_sentiment(variant)).names
        )
    except PluginError as error:
        raise PluginError(f"The variant {name} can't be built. {error}") from error


def _sentiment(variant: Variant) -> bool:
    return "sentiment" not in variant.without


def _fit(settings: Settings, name: str, variant: Variant, number: int, fold: Fold, seed: int) -> Fit:
    network = variant.applied_to(settings.network)
    return Fit(name, number, fold, seed, network, settings.training, _sentiment(variant))


def _shown(fits: Sequence[Fit], results: Iterator[tuple[Fit, Fitted]]) -> Iterator[tuple[Fit, Fitted]]:
    """Pass the results on with a bar and the time left, which is that of an average network times those left."""
    columns = (
        TextColumn("Networks"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TextColumn("{task.fields[left]}"),
    )
    with show_progress(*columns) as progress:
        task = progress.add_task("", total=len(fits), left="")
        for done, (fit, result) in enumerate(results, start=1):
            elapsed = progress.tasks[0].elapsed or 0.0
            left = f"{_span(elapsed / done * (len(fits) - done))} left"
            progress.update(task, completed=done, left=left)
            if done % max(1, len(fits) // 10) == 0 and not console.is_terminal:
                console.print(f"  {done} of {len(fits)} networks, {left}")
            yield fit, result


def _span(seconds: float) -> str:
    minutes = round(seconds / 60)
    return f"{minutes / 60:.1f} h" if minutes >= 120 else f"{minutes} min" if minutes else "less than a minute"


def _best_pairs(
    slots: Mapping[str, str], fitted: Mapping[str, Mapping[tuple[int, int], Fitted]], n_folds: int
) -> tuple[tuple[str, str], ...]:
    """Return per fold the two layers, of two slots, that lost least on its validation sessions.

    No test session of its own has a say. `slots` names the variants that take part, each with its slot; empty where a
    fold has fewer than two slots to choose from, or no validation sessions.
    """
    pairs = []
    for number in range(1, n_folds + 1):
        best: dict[str, tuple[float, str]] = {}
        for name, slot in slots.items():
            results = [result for (fold, _), result in fitted[name].items() if fold == number]
            losses = [loss for result in results if (loss := result.told.get("validation_loss")) is not None]
            if len(losses) == len(results):
                best[slot] = min(best.get(slot, (np.inf, "")), (float(np.mean(losses)), name))
        if len(best) < 2:
            return ()
        first, second = sorted(best.values())[:2]
        pairs.append((first[1], second[1]))
    return tuple(pairs)


def _single_layers(variants: Mapping[str, Variant]) -> dict[str, str]:
    """Return by variant the slot of those that fill one and leave nothing out; no two of one slot make a pair."""
    slots: dict[str, str] = {
        name: one.slots[0] for name, one in variants.items() if len(one.slots) == 1 and not one.without
    }
    return slots if len(set(slots.values())) > 1 else {}


def _joined(one: Variant, other: Variant) -> Variant:
    return Variant(network={**one.network, **other.network})


def join_forecasts(family: Family, seeds: Sequence[int]) -> dict[str, pd.DataFrame]:
    """Return by variant the ensemble's forecasts of all folds, and each seed's; a variant that failed is left out."""
    joined = {}
    for name, results in family.fitted.items():
        if any(result.told["failure"] for result in results.values()):
            continue
        parts = [
            _ensemble({seed: results[number, seed].forecasts for seed in seeds}).assign(fold=number)
            for number in sorted({number for number, _ in results})
        ]
        joined[name] = pd.concat(parts, ignore_index=True)
    return joined


def _ensemble(members: Mapping[int, pd.DataFrame]) -> pd.DataFrame:
    first = next(iter(members.values()))
    columns = {
        f"{name}_seed_{seed}": frame[name]
        for name in ("probability_up", "expected_return")
        for seed, frame in members.items()
    }
    means = {
        name: np.mean([frame[name].to_numpy() for frame in members.values()], axis=0)
        for name in ("probability_up", "expected_return")
    }
    return first[[*KEY, "realised_return"]].assign(**means, **columns)
