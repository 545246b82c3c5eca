"""The family of an ablation: which networks are fitted, in what order, and the forecasts of each variant."""

import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd

from stockseq.ablation.fits import FitCache, FitRecord, FitTask, NetworkFit, fit_tasks, select_features
from stockseq.dataset.dataset import Dataset
from stockseq.dataset.folds import Fold
from stockseq.errors import PluginError, SettingsError, TrainingFailed, counted
from stockseq.executors import require_plugins
from stockseq.models.forecaster import Forecaster
from stockseq.models.settings import NetworkSettings
from stockseq.models.variants import BEST_PAIR, PLAIN, AblationSettings, Variant
from stockseq.progress import Progress

# The number of a fold, from 1, and a seed.
FoldSeed = tuple[int, int]
Fits = Mapping[FoldSeed, NetworkFit]
NO_PAIR = "In some fold fewer than two slots had a layer that was fitted and had validation sessions to be judged on."

# What the networks of an ensemble are averaged in.
MEANS = ("probability_up", "expected_return", "relative", "sigma")


@dataclass(frozen=True)
class FittedFamily:
    """The variants of an ablation, each with its networks' fits.

    Parameters
    ----------
    variants : mapping of name to Variant
        The plain network first, the best pair last.
    fits : mapping of name to mapping of (fold, seed) to NetworkFit
    pairs : tuple of pairs of names
        The two layers of the best pair in each fold; empty where there is no such pair.
    n_folds : int
    seeds : tuple of int
    """

    variants: Mapping[str, Variant]
    fits: Mapping[str, Fits]
    pairs: tuple[tuple[str, str], ...]
    n_folds: int
    seeds: tuple[int, ...]

    def __repr__(self) -> str:
        n_failed = len(self.variants) - len(self.forecasts)
        return (
            f"FittedFamily({counted(self.n_declared, 'variant')} and the plain network, "
            f"{counted(self.n_folds, 'fold')}, {counted(len(self.seeds), 'seed')}, {n_failed} failed)"
        )

    @property
    def n_declared(self) -> int:
        """The variants that the correction is for: all but the plain network."""
        return len(self.variants) - 1

    @cached_property
    def forecasts(self) -> Mapping[str, pd.DataFrame]:
        """By variant the ensemble's forecasts of all folds, and each seed's; a variant that failed is left out."""
        return {
            name: self._join(fits)
            for name, fits in self.fits.items()
            if not any(fit.record.failure for fit in fits.values())
        }

    def trial_name(self, name: str) -> str:
        """Return what a variant is recorded as: with inputs left out and pairs, which no setting says."""
        changes = "; ".join(map(" + ".join, self.pairs)) if name == BEST_PAIR else self.variants[name].changes
        return f"ablation {name} ({changes})" if changes else f"ablation {name}"

    def _join(self, fits: Fits) -> pd.DataFrame:
        parts = [
            _ensemble({seed: fits[number, seed].forecasts for seed in self.seeds}).assign(fold=number)
            for number in range(1, self.n_folds + 1)
        ]
        return pd.concat(parts, ignore_index=True)


def build_networks(ablation: AblationSettings, plain: NetworkSettings) -> dict[str, NetworkSettings]:
    """Return the network of each variant of the family, with every layer that it names found.

    Raises
    ------
    SettingsError
        If a variant can't be made of the plain network.
    PluginError
        If a layer can't be imported.

    Examples
    --------
    >>> networks = build_networks(AblationSettings(variants={"gate": {"network": {"within": "news_gate"}}}),
    ...     NetworkSettings())
    >>> networks["gate"].within
    'news_gate'
    """
    # Layers bring TensorFlow, which takes seconds to load.
    from stockseq.testing.layers import find_network_layers

    networks = {}
    for name, variant in ablation.family.items():
        try:
            networks[name] = variant.applied_to(plain)
            find_network_layers(networks[name])
        except ValueError as error:
            raise SettingsError(f"The variant {name} can't be made of the network in the settings: {error}.") from error
        except PluginError as error:
            raise PluginError(f"The variant {name} can't be built. {error}") from error
    return networks


def fit_family(
    forecaster: Forecaster,
    data: Dataset,
    folds: Sequence[Fold],
    ablation: AblationSettings,
    *,
    cache: FitCache | None = None,
) -> FittedFamily:
    """Fit the plain network and each variant on the same folds and seeds, then the best pair of layers.

    Which layers the best pair joins is decided in each fold by its validation sessions.

    Parameters
    ----------
    forecaster : Forecaster
        Of the plain network. With an executor the networks are fitted side by side.
    data : Dataset
    folds : sequence of Fold
        From `cut_folds(data.sessions, ...)`.
    ablation : AblationSettings
        The variants, and whether to fit the best pair.
    cache : FitCache, optional
        Saves every network that is fitted, so that a run that was stopped goes on where it was.

    Raises
    ------
    PluginError
        If the layers of a variant don't fit its network, before anything is fitted.
    TrainingFailed
        If the plain network can't be fitted. A variant that can't be is recorded as failed.
    """
    variants = {PLAIN: Variant(), **ablation.family}
    for name, variant in variants.items():
        _check_layers(name, variant, forecaster, data)
    from stockseq.models.placing import named_layers

    networks = [variant.applied_to(forecaster.network) for variant in variants.values()]
    require_plugins(forecaster.executor, [layer for network in networks for layer in named_layers(network)])
    seeds, say = forecaster.training.seeds, forecaster.progress.say
    if not ablation.variants:
        say("No variants are declared under [ablation], so the default family is judged.")
    say(
        f"The plain network and {counted(len(variants) - 1, 'variant')}, on {counted(len(folds), 'fold')} with "
        f"{counted(len(seeds), 'seed')} each. A stopped run goes on where it was."
    )
    plans = [(seed, number, fold) for seed in seeds for number, fold in enumerate(folds, start=1)]
    # Every variant comes early, so that the time left is known early.
    tasks = [_task(forecaster, name, variants[name], *plan) for plan in plans for name in variants]
    n_saved = 0 if cache is None else cache.count(tasks)
    if n_saved:
        say(f"{counted(n_saved, 'network')} of {len(tasks)} fitted by an earlier run.")
    fits = _fit(tasks, forecaster, data, cache)
    slots = _single_layers(variants)
    if not ablation.best_pair or not slots:
        return FittedFamily(variants, fits, (), len(folds), seeds)
    pairs = choose_pairs(slots, fits, len(folds))
    variants = {**variants, BEST_PAIR: Variant()}
    if not pairs:
        # It was declared, so it counts in the correction like any variant that failed.
        failed = NetworkFit(pd.DataFrame(), FitRecord(failure=NO_PAIR))
        return FittedFamily(variants, {**fits, BEST_PAIR: {(1, seeds[0]): failed}}, (), len(folds), seeds)
    say("Then the best pair of layers of each fold, by its validation sessions.")
    joined = [_join_layers(*(variants[name] for name in pair)) for pair in pairs]
    tasks = [_task(forecaster, BEST_PAIR, joined[plan[1] - 1], *plan) for plan in plans]
    return FittedFamily(variants, {**fits, **_fit(tasks, forecaster, data, cache)}, pairs, len(folds), seeds)


def choose_pairs(slots: Mapping[str, str], fits: Mapping[str, Fits], n_folds: int) -> tuple[tuple[str, str], ...]:
    """Return per fold the two layers, of two slots, that lost least on its validation sessions.

    No test session has a say in the choice of its fold.

    Parameters
    ----------
    slots : mapping of variant to slot
        The variants that take part.
    fits : mapping of variant to mapping of (fold, seed) to NetworkFit
    n_folds : int

    Returns
    -------
    tuple of pairs of names
        Empty where a fold has fewer than two slots to choose from, or no validation sessions.
    """
    pairs = []
    for number in range(1, n_folds + 1):
        best: dict[str, tuple[float, str]] = {}
        for name, slot in slots.items():
            losses = [fit.record.validation_loss for (fold, _), fit in fits[name].items() if fold == number]
            if None not in losses:
                best[slot] = min(best.get(slot, (np.inf, "")), (float(np.mean(np.array(losses))), name))
        if len(best) < 2:
            return ()
        first, second = sorted(best.values())[:2]
        pairs.append((first[1], second[1]))
    return tuple(pairs)


def _check_layers(name: str, variant: Variant, forecaster: Forecaster, data: Dataset) -> None:
    """Hold the variant's layers to their contract, before an hour of fitting rather than after it."""
    from stockseq.testing.layers import check_network_layers

    panel = select_features(data.panel, sentiment="sentiment" not in variant.without)
    try:
        check_network_layers(variant.applied_to(forecaster.network), names=panel.names, progress=forecaster.progress)
    except PluginError as error:
        raise PluginError(f"The variant {name} can't be built. {error}") from error


def _task(forecaster: Forecaster, name: str, variant: Variant, seed: int, number: int, fold: Fold) -> FitTask:
    network, sentiment = variant.applied_to(forecaster.network), "sentiment" not in variant.without
    return FitTask(name, number, fold, seed, network, forecaster.training, sentiment)


def _fit(
    tasks: Sequence[FitTask], forecaster: Forecaster, data: Dataset, cache: FitCache | None
) -> dict[str, dict[FoldSeed, NetworkFit]]:
    """Return the fits by variant, fold and seed; raise `TrainingFailed` as soon as the plain network fails."""
    fits: dict[str, dict[FoldSeed, NetworkFit]] = {task.variant: {} for task in tasks}
    results = fit_tasks(tasks, data, cache=cache, executor=forecaster.executor)
    for task, fit in _report(results, len(tasks), forecaster.progress):
        if task.variant == PLAIN and fit.record.failure:
            raise TrainingFailed(
                f"The plain network can't be fitted, so no variant can be judged: {fit.record.failure}"
            )
        fits[task.variant][task.number, task.seed] = fit
    return fits


def _report(
    results: Iterator[tuple[FitTask, NetworkFit]], n_tasks: int, progress: Progress
) -> Iterator[tuple[FitTask, NetworkFit]]:
    """Pass the results on and report them with the time left: that of an average network times those left."""
    started = time.perf_counter()
    for done, result in enumerate(results, start=1):
        left = _span((time.perf_counter() - started) / done * (n_tasks - done))
        progress.step("Fitting networks", done, n_tasks, f"{done} of {n_tasks}, {left} left")
        if done % max(1, n_tasks // 10) == 0:
            progress.say(f"  {done} of {n_tasks} networks, {left} left")
        yield result


def _span(seconds: float) -> str:
    minutes = round(seconds / 60)
    return f"{minutes / 60:.1f} h" if minutes >= 120 else f"{minutes} min" if minutes else "less than a minute"


def _single_layers(variants: Mapping[str, Variant]) -> dict[str, str]:
    """Return by variant the slot of those that fill one and leave nothing out; no two of one slot make a pair."""
    slots: dict[str, str] = {
        name: variant.slots[0] for name, variant in variants.items() if len(variant.slots) == 1 and not variant.without
    }
    return slots if len(set(slots.values())) > 1 else {}


def _join_layers(first: Variant, second: Variant) -> Variant:
    return Variant(network={**first.network, **second.network})


def _ensemble(members: Mapping[int, pd.DataFrame]) -> pd.DataFrame:
    """Return the mean of the networks of all seeds, and each of them, on the rows that they share."""
    first = next(iter(members.values()))
    names = [name for name in MEANS if name in first]
    columns = {f"{name}_seed_{seed}": frame[name] for name in names for seed, frame in members.items()}
    means = {name: np.mean([frame[name].to_numpy() for frame in members.values()], axis=0) for name in names}
    if "sigma" in means:
        # An ensemble's sizes are averaged as logarithms.
        means["sigma"] = np.exp(np.mean([np.log(frame["sigma"].to_numpy()) for frame in members.values()], axis=0))
    return first.drop(columns=names).assign(**means, **columns)
