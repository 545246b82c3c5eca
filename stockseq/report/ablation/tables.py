"""The tables of an ablation: every variant's scores, what it adds, what it costs, and its difference fold by fold."""

from stockseq.ablation.result import AblationResult, VariantResult
from stockseq.ablation.sets import ModelSet
from stockseq.report import format as wording
from stockseq.report.tables.heat import HeatMap, heat_cell
from stockseq.report.tables.table import Cell, Table, cell
from stockseq.report.text.ablation import network_name

SCORES = (
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
EFFECTS = (
    "Component",
    "Points of accuracy",
    "95% interval",
    "p",
    "p, Holm",
    "IC",
    "IC p, Holm",
    "QLIKE taken off",
    "QLIKE p, Holm",
    "StepM: adds",
    "Error of sessions",
    "Between seeds",
    "Log loss",
    "Log loss p, Holm",
    "Claim",
)
COSTS = (
    "Network",
    "Time of an epoch",
    "Seconds an epoch",
    "Epochs",
    "Seconds a network",
    "Weights",
    "Accuracy of seeds alone",
    "Between seeds, points",
)


def variants_table(result: AblationResult) -> Table:
    """Return every variant's scores by themselves, a row each, the plain network first."""
    return Table(SCORES, [_scores_row(result, variant) for variant in result.variants])


def effects_table(result: AblationResult) -> Table:
    """Return what each component adds, tested, and what the choice of seeds alone does to it, the largest first."""
    return Table(EFFECTS, [_effects_row(result, variant) for variant in rank(result)])


def costs_table(result: AblationResult) -> Table:
    """Return what each variant costs to train, and how far its seeds alone lie apart."""
    return Table(COSTS, [_costs_row(variant) for variant in result.variants])


def build_fold_map(result: AblationResult) -> HeatMap | None:
    """Return the difference in accuracy of each component in each fold, or None where there is none."""
    judged = [(variant.component, variant.by_fold) for variant in rank(result) if variant.by_fold]
    if not judged:
        return None
    reach = max(abs(difference) for _, by_fold in judged for difference in by_fold)
    return HeatMap(
        corner="Points of accuracy",
        heads=[f"Fold {fold}" for fold in range(1, result.n_folds + 1)],
        rows=[
            (name, [heat_cell(difference, reach=reach, write=wording.points) for difference in by_fold])
            for name, by_fold in judged
        ],
        reach=_size(reach, digits=1),
    )


def rank(result: AblationResult) -> list[VariantResult]:
    """Return the components, the largest gain of accuracy first, those without one last."""

    def gain(variant: VariantResult) -> float:
        return float("-inf") if variant.effect is None else variant.effect.accuracy.difference

    return sorted(result.components, key=gain, reverse=True)


def _scores_row(result: AblationResult, variant: VariantResult) -> list[Cell]:
    name, changes, scores = cell(network_name(variant)), cell(variant.changes or None), variant.scores
    if scores is None:
        return [name, *[cell(None)] * 8, changes]
    return [
        name,
        cell(scores.accuracy, wording.percent),
        cell(scores.accuracy_ci, wording.interval),
        cell(result.base_rate, wording.percent),
        cell(scores.n, wording.count),
        cell(scores.log_loss, _four_digits),
        cell(scores.ic, wording.number),
        cell(scores.pt_clustered_p, wording.p_value),
        _member(result.confidence_set, variant),
        changes,
    ]


def _effects_row(result: AblationResult, variant: VariantResult) -> list[Cell]:
    name, claim, effect, seeds = cell(variant.component), cell(variant.claim), variant.effect, variant.seeds
    if effect is None:
        return [name, *[cell(None)] * 13, claim]
    accuracy, ic, size, log_loss = effect.accuracy, effect.ic, effect.size, effect.log_loss
    low, high = map(wording.points, accuracy.ci)
    return [
        name,
        cell(accuracy.difference, wording.points),
        cell(f"{low}\u00a0to\u00a0{high}"),
        cell(accuracy.p, wording.p_value),
        cell(accuracy.p_holm, wording.p_value),
        cell(ic and ic.difference, wording.number),
        cell(ic and ic.p_holm, wording.p_value),
        cell(size and size.difference, _four_digits),
        cell(size and size.p_holm, wording.p_value),
        _member(result.superior, variant),
        cell(accuracy.standard_error, _size),
        cell(seeds and seeds.effect_spread, _size),
        cell(log_loss.difference, _four_digits),
        cell(log_loss.p_holm, wording.p_value),
        claim,
    ]


def _costs_row(variant: VariantResult) -> list[Cell]:
    cost, seeds = variant.cost, variant.seeds
    alone = None if seeds is None or not seeds.accuracy else (min(seeds.accuracy), max(seeds.accuracy))
    return [
        cell(network_name(variant)),
        cell(cost.ratio, lambda ratio: f"{wording.number(ratio, digits=1)} ×"),
        cell(cost.seconds_per_epoch, lambda seconds: wording.number(seconds, digits=2)),
        cell(cost.n_epochs, lambda epochs: wording.number(epochs, digits=1)),
        cell(cost.seconds, wording.count),
        cell(cost.n_weights, wording.count),
        cell(alone, wording.interval),
        cell(seeds and seeds.spread, _size),
    ]


def _size(fraction: float, *, digits: int = 2) -> str:
    """Return a size without direction in points, two places: errors are often below a tenth."""
    return wording.number(100 * fraction, digits=digits)


def _four_digits(value: float) -> str:
    return wording.number(value, digits=4)


def _member(chosen: ModelSet, variant: VariantResult) -> Cell:
    if chosen.note or variant.scores is None:
        return cell(None)
    return cell("yes" if variant.name in chosen.names else "no")
