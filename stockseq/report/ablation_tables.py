"""The tables of an ablation: every variant's scores, what it adds, what it costs, and its difference fold by fold."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from stockseq.ablation.judge import MEASURES
from stockseq.report import format as wording
from stockseq.report.tables import Cell, Table, cell
from stockseq.report.text.ablation_parts import PLAIN, component, network, points, variants_of


@dataclass(frozen=True)
class FoldCell:
    """The difference in one fold: its words, and how strongly and to which side it is coloured.

    `side` is "gain", "loss", "none" or "unknown"; `strength` is a whole percentage of the page's deepest colour.
    """

    text: str
    side: str
    strength: int


@dataclass(frozen=True)
class FoldMap:
    """Components by fold; `reach` is the largest difference, in words, and `n_absent` counts cells without one."""

    folds: Sequence[str]
    rows: Sequence[tuple[str, Sequence[FoldCell]]]
    reach: str
    n_absent: int


def variants_table(ablation: Mapping[str, Any]) -> Table | None:
    """Return every variant's scores by themselves, a row each, the plain network first."""
    heads = (
        "Network",
        "Accuracy",
        "95% interval",
        "Base rate",
        "Forecasts",
        "Log loss",
        "IC",
        "PT p",
        "In confidence set",
        "Changes",
    )
    rows = []
    for variant in variants_of(ablation):
        scores = variant.get("scores") or {}
        rows.append(
            [
                cell(network(variant)),
                cell(scores.get("accuracy"), wording.percent),
                cell(scores.get("accuracy_ci"), wording.interval),
                cell(ablation.get("base_rate"), wording.percent),
                cell(scores.get("n"), wording.count),
                cell(scores.get("log_loss"), lambda value: wording.number(value, digits=4)),
                cell(scores.get("ic"), wording.number),
                cell(scores.get("pt_clustered_p"), wording.p_value),
                _member(ablation.get("confidence_set"), variant),
                cell(variant.get("changes") or None),
            ]
        )
    return Table(heads, rows) if rows else None


def effects_table(ablation: Mapping[str, Any]) -> Table | None:
    """Return what each component adds, tested, beside what the choice of seeds alone does to it, the largest first."""
    heads = (
        "Component",
        "Points of accuracy",
        "95% interval",
        "p",
        "p, Holm",
        "IC",
        "IC p, Holm",
        "StepM: adds",
        "Error of sessions",
        "Between seeds",
        "Log loss",
        "Log loss p, Holm",
        "Claim",
    )
    rows = []
    for variant in ranked(variants_of(ablation)):
        effect = variant.get("effect") or {}
        accuracy, information, loss = (effect.get(measure) or {} for measure in MEASURES)
        seeds = variant.get("seeds") or {}
        rows.append(
            [
                cell(component(variant)),
                cell(accuracy.get("difference"), points),
                _interval(accuracy.get("ci")),
                cell(accuracy.get("p"), wording.p_value),
                cell(accuracy.get("p_holm"), wording.p_value),
                cell(information.get("difference"), wording.number),
                cell(information.get("p_holm"), wording.p_value),
                _member(ablation.get("superior"), variant),
                cell(accuracy.get("standard_error"), _size),
                cell(seeds.get("effect_spread"), _size),
                cell(loss.get("difference"), lambda value: wording.number(value, digits=4)),
                cell(loss.get("p_holm"), wording.p_value),
                cell(variant.get("claim")),
            ]
        )
    return Table(heads, rows) if rows else None


def costs_table(ablation: Mapping[str, Any]) -> Table | None:
    """Return what each variant costs to train, and how far its seeds alone lie apart."""
    heads = (
        "Network",
        "Time of an epoch",
        "Seconds an epoch",
        "Epochs",
        "Seconds a network",
        "Weights",
        "Accuracy of seeds alone",
        "Between seeds, points",
    )
    rows = []
    for variant in variants_of(ablation):
        cost, seeds = variant.get("cost") or {}, variant.get("seeds") or {}
        known = [score for score in map(wording.finite, seeds.get("accuracy") or ()) if score is not None]
        rows.append(
            [
                cell(network(variant)),
                cell(cost.get("ratio"), lambda value: f"{wording.number(value, digits=1)} ×"),
                cell(cost.get("seconds_per_epoch"), lambda value: wording.number(value, digits=2)),
                cell(cost.get("n_epochs"), lambda value: wording.number(value, digits=1)),
                cell(cost.get("seconds"), lambda value: wording.number(value, digits=0)),
                cell(cost.get("n_weights"), wording.count),
                cell([min(known), max(known)] if known else None, wording.interval),
                cell(seeds.get("spread"), _size),
            ]
        )
    return Table(heads, rows) if rows else None


def build_fold_map(ablation: Mapping[str, Any]) -> FoldMap | None:
    """Return the difference in accuracy of each component in each fold, or None where no fold has any."""
    judged = [variant for variant in ranked(variants_of(ablation)) if variant.get("by_fold")]
    differences = [[wording.finite(value) for value in variant["by_fold"]] for variant in judged]
    known = [abs(value) for row in differences for value in row if value is not None]
    if not known:
        return None
    reach, n_folds = max(known), max(len(row) for row in differences)
    padded = [[*row, *[None] * (n_folds - len(row))] for row in differences]
    return FoldMap(
        folds=[f"Fold {fold}" for fold in range(1, n_folds + 1)],
        rows=[
            (component(variant), [_fold_cell(value, reach) for value in row])
            for variant, row in zip(judged, padded, strict=True)
        ],
        reach=points(reach).removeprefix("+"),
        n_absent=sum(value is None for row in padded for value in row),
    )


def ranked(variants: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """Return the variants but the plain network, the largest gain of accuracy first, those without one last.

    Examples
    --------
    >>> gain = lambda value: {"accuracy": {"difference": value}}
    >>> variants = [{"kind": "plain"}, {"name": "a", "effect": gain(0.1)}, {"name": "b", "effect": gain(0.2)}]
    >>> [variant["name"] for variant in ranked(variants)]
    ['b', 'a']
    """

    def gain(variant: Mapping[str, Any]) -> float:
        tested = (variant.get("effect") or {}).get("accuracy") or {}
        known = wording.finite(tested.get("difference"))
        return float("-inf") if known is None else known

    return sorted((variant for variant in variants if variant.get("kind") != PLAIN), key=gain, reverse=True)


def _fold_cell(difference: float | None, reach: float) -> FoldCell:
    if difference is None:
        return FoldCell(wording.DASH, "unknown", 0)
    side = "none" if difference == 0 else "gain" if difference > 0 else "loss"
    return FoldCell(points(difference), side, round(100 * abs(difference) / reach) if reach else 0)


def _interval(bounds: object) -> Cell:
    if not isinstance(bounds, Sequence) or len(bounds) != 2:
        return cell(None)
    low, high = (points(bound) for bound in bounds)
    return cell(None if wording.DASH in (low, high) else f"{low}\u00a0to\u00a0{high}")


def _size(fraction: object) -> str:
    """Return a size without direction in points, two places: errors are often below a tenth."""
    return points(fraction, digits=2).removeprefix("+")


def _member(chosen: Mapping[str, Any] | None, variant: Mapping[str, Any]) -> Cell:
    if not chosen or chosen.get("note") or variant.get("scores") is None:
        return cell(None)
    return cell("yes" if variant.get("name") in (chosen.get("names") or ()) else "no")
