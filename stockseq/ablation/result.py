"""What an ablation found: every variant judged, with what its networks cost and learnt."""

import html
from typing import Literal

from stockseq.ablation.judge import Claim
from stockseq.ablation.sets import ModelSet
from stockseq.errors import counted, listed
from stockseq.evaluate.comparison import PairedTest
from stockseq.evaluate.scores import Scores
from stockseq.results import Result
from stockseq.sources.simulated.market import Optimum

Kind = Literal["plain", "pair", "input", "layer", "other"]


class Effect(Result):
    """What a component adds: positive accuracy, coefficient and size speak for it, and so does a negative log loss.

    See `ComponentEffect`.
    """

    accuracy: PairedTest
    ic: PairedTest | None
    log_loss: PairedTest
    size: PairedTest | None = None

    @property
    def p_holm(self) -> float | None:
        """The lowest corrected p of accuracy, coefficient and size; None where none could be tested."""
        tests = [test for test in (self.accuracy, self.ic, self.size) if test is not None and test.p_holm is not None]
        return min((test.p_holm for test in tests if test.p_holm is not None), default=None)


class SeedSpread(Result):
    """The accuracy of the network of each seed, its standard deviation, and that of what the component adds."""

    accuracy: tuple[float, ...]
    spread: float | None
    effect_spread: float | None


class FitCost(Result):
    """What one network of a variant took: medians over folds and seeds.

    Parameters
    ----------
    seconds, seconds_per_epoch, n_epochs : float or None
    n_weights : int or None
    ratio : float or None
        The time of an epoch over the plain network's.
    """

    seconds: float | None
    seconds_per_epoch: float | None
    n_epochs: float | None
    n_weights: int | None
    ratio: float | None


class VariantResult(Result):
    """One variant of the family.

    Parameters
    ----------
    name : str
    component : str
        What is judged: the layer that the variant adds, or the input that it leaves out.
    changes : str
        How the network differs from the plain one.
    kind : {"plain", "pair", "input", "layer", "other"}
    failure : str or None
        Why it could not be fitted; then it has neither scores nor effect.
    scores : Scores or None
    effect : Effect or None
        None of the plain network.
    claim : {"helps", "harms", "contradicts", "open", "failed"} or None
        None of the plain network. See `ComponentEffect`.
    sessions_needed : int or None
        See `ComponentEffect`.
    by_fold : tuple of float or None
        What the component adds to accuracy in each fold.
    seeds : SeedSpread or None
    cost : FitCost
    readings : mapping
        What the layers of the last fold's networks learnt, by layer and name, the mean over seeds; empty where nothing
        can be read.
    chosen : tuple of str or None
        Of the best pair, the two layers of each fold.
    """

    name: str
    component: str
    changes: str
    kind: Kind
    failure: str | None
    scores: Scores | None
    effect: Effect | None
    claim: Claim | Literal["failed"] | None
    sessions_needed: int | None
    by_fold: tuple[float, ...] | None
    seeds: SeedSpread | None
    cost: FitCost
    readings: dict[str, dict[str, float | list[float]]]
    chosen: tuple[str, ...] | None


class AblationResult(Result):
    """What each component of a family adds to the plain network.

    Parameters
    ----------
    n, n_sessions : int
        Forecasts of each variant.
    base_rate : float
        The accuracy of always naming `base_direction`, "up" or "down".
    n_folds : int
    seeds : tuple of int
    family : int
        Variants declared, which the correction is for.
    edge : float
        The gain of accuracy that `sessions_needed` is about.
    variants : tuple of VariantResult
        The plain network first.
    superior, confidence_set : ModelSet
        Which components add to accuracy, and which networks may be the most accurate, the whole family tested at once.
    optimum : Optimum or None
        What the best forecaster scores on the same rows; None where nobody knows.
    trials : int or None
        Configurations scored on this store so far.
    """

    n: int
    n_sessions: int
    base_rate: float
    base_direction: Literal["up", "down"]
    n_folds: int
    seeds: tuple[int, ...]
    family: int
    edge: float
    variants: tuple[VariantResult, ...]
    superior: ModelSet
    confidence_set: ModelSet
    optimum: Optimum | None
    trials: int | None = None

    @property
    def plain(self) -> VariantResult:
        """The plain network."""
        return self.variants[0]

    @property
    def components(self) -> tuple[VariantResult, ...]:
        """The variants that are judged against it."""
        return self.variants[1:]

    def claimed(self, claim: str) -> tuple[VariantResult, ...]:
        """Return the variants of which so much is claimed."""
        return tuple(variant for variant in self.components if variant.claim == claim)

    def __repr__(self) -> str:
        found = [
            f"{claim}: {listed([variant.component for variant in variants])}"
            for claim in ("helps", "harms", "failed")
            if (variants := self.claimed(claim))
        ]
        return (
            f"AblationResult({counted(self.family, 'component')} on {counted(self.n, 'forecast')} of "
            f"{counted(self.n_sessions, 'session')}; {'; '.join(found) or 'none is shown to help or to harm'})"
        )

    def _repr_html_(self) -> str:
        heads = ("Component", "Points of accuracy", "95% interval", "p, Holm", "Claim")
        rows = "".join(
            f"<tr>{''.join(f'<td>{html.escape(cell)}</td>' for cell in _cells(variant))}</tr>"
            for variant in self.components
        )
        head = "".join(f"<th>{name}</th>" for name in heads)
        return f"<table><caption>{html.escape(repr(self))}</caption><tr>{head}</tr>{rows}</table>"


def _cells(variant: VariantResult) -> tuple[str, ...]:
    if variant.effect is None:
        return (variant.component, "", "", "", str(variant.claim))
    accuracy, p_holm = variant.effect.accuracy, variant.effect.p_holm
    low, high = (f"{100 * end:+.1f}" for end in accuracy.ci)
    p = "" if p_holm is None else f"{p_holm:.3f}"
    return (variant.component, f"{100 * accuracy.difference:+.1f}", f"{low} to {high}", p, str(variant.claim))
