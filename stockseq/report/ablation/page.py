"""The page of an ablation: what each layer and each input adds to the plain network, and what that can't tell."""

from pathlib import Path

from stockseq.ablation.judge import CLAIMS
from stockseq.ablation.result import AblationResult, VariantResult
from stockseq.errors import counted
from stockseq.evaluate.comparison import tabulate_tests
from stockseq.plots import Plot, dots, panel_layout, row_name
from stockseq.report import format as wording
from stockseq.report.ablation.tables import build_fold_map, costs_table, effects_table, rank, variants_table
from stockseq.report.figure import Figure
from stockseq.report.html import write_page
from stockseq.report.readings import build_readings
from stockseq.report.run import RunReport
from stockseq.report.tables.inputs import coverage_table, dropped_table
from stockseq.report.tables.table import mapping_table
from stockseq.report.text.ablation import (
    EFFECTS_READING,
    KINDS,
    OTHER_KIND,
    ablation_limits,
    ablation_sentences,
    chosen_pairs,
    effects_summary,
    undecided_sentences,
)
from stockseq.report.text.limits import distinct, source_limits
from stockseq.report.tiles import Tile

STYLES = {"input": ("square", "--optimum"), "layer": ("circle", "--strategy"), "pair": ("diamond", "--benchmark")}
OTHER_STYLE = ("triangle-up", "--second")
PIXELS_OF_LEGEND = 50
MOST_CHARACTERS = 1000


def render_ablation(run: RunReport, result: AblationResult, folder: Path) -> Path:
    """Write the page of an ablation into `folder`, and return the path of its index.html.

    Failures, layers and their readings are named by others: all text is escaped.

    Raises
    ------
    OSError
        If the folder can't be written.
    """
    result = result.model_copy(update={"variants": tuple(map(_readable, result.variants))})
    lead, *findings = ablation_sentences(result)
    context = {
        "run": run,
        "lead": lead,
        "findings": findings,
        "tiles": _tiles(result),
        "effects": effects_figure(result),
        "undecided": undecided_sentences(result),
        "fold_map": build_fold_map(result),
        "table_of_scores": variants_table(result),
        "gains": effects_table(result),
        "costs": costs_table(result),
        "pairs": chosen_pairs(result),
        "readings": [
            (variant.component, layers) for variant in result.variants if (layers := build_readings([variant.readings]))
        ],
        "failures": [(variant.component, variant.failure) for variant in result.components if variant.failure],
        "coverage": coverage_table(run.coverage),
        "dropped": dropped_table(run.dropped),
        "n_dropped": sum(item.n_rows for item in run.dropped),
        "limitations": limitations(run, result),
        "settings": mapping_table(run.settings, ("Setting", "Value")),
        "manifest": mapping_table(run.manifest, ("Part", "Value")),
    }
    return write_page("ablation.html", context, folder)


def limitations(run: RunReport, result: AblationResult) -> list[str]:
    """Return what the page can't show: where the bars came from, what the figures leave open, and the run's doubts."""
    return distinct([*source_limits(run), *ablation_limits(result), *run.limitations])


def effects_figure(result: AblationResult) -> Figure | None:
    """Return the forest plot of what each component adds, the largest gain of accuracy first, or None without any."""
    judged = {row_name(variant.component): variant for variant in rank(result) if variant.effect is not None}
    if not judged:
        return None
    # Runs of before 0.3 judged no sizes.
    sized = any(variant.effect is not None and variant.effect.size is not None for variant in judged.values())
    measures = CLAIMS if sized else tuple(measure for measure in CLAIMS if measure != "size")
    layout = panel_layout(len(judged), measures)
    layout["yaxis"] |= {"categoryorder": "array", "categoryarray": list(judged)}
    layout |= {"height": layout["height"] + PIXELS_OF_LEGEND, "showlegend": True}
    data = []
    for kind in dict.fromkeys(_legend(variant) for variant in judged.values()):
        symbol, color = STYLES.get(kind, OTHER_STYLE)
        for measure in measures:
            tests = {
                row: test
                for row, variant in judged.items()
                if _legend(variant) == kind and (test := getattr(variant.effect, measure)) is not None
            }
            trace = dots(tabulate_tests(tests), measure, color=color, symbol=symbol)
            name = KINDS.get(kind, OTHER_KIND)
            data.append(trace | {"name": name, "legendgroup": kind, "showlegend": measure == "accuracy"})
    return Figure(
        name="effects",
        title="What each component adds",
        plot=Plot(data, layout),
        reading=EFFECTS_READING,
        summary=effects_summary(list(judged.values())),
    )


def _legend(variant: VariantResult) -> str:
    return variant.kind if variant.kind in KINDS else ""


def _tiles(result: AblationResult) -> list[Tile]:
    scores = result.plain.scores
    tiles = [
        Tile(
            "Plain network",
            wording.percent(scores and scores.accuracy),
            f"accuracy, 95% interval {wording.interval(scores and scores.accuracy_ci)}",
        ),
        Tile("Base rate", wording.percent(result.base_rate), f"right by always naming {result.base_direction}"),
        Tile(
            "Forecasts of each variant",
            wording.count(result.n),
            f"over {counted(result.n_sessions, 'session')}, {counted(result.n_folds, 'fold')}, "
            f"{counted(len(result.seeds), 'seed')}",
        ),
        Tile("Variants declared", wording.count(result.family), "the comparisons that Holm's correction is for"),
    ]
    if result.optimum is not None:
        best = wording.percent(result.optimum.accuracy)
        tiles.append(Tile("Best possible here", best, "known, because this market is simulated"))
    return tiles


def _readable(variant: VariantResult) -> VariantResult:
    """Return the variant with every character of what others wrote made visible, and nothing too long for a line."""
    return variant.model_copy(
        update={
            "component": wording.text(variant.component, limit=60),
            "failure": variant.failure and wording.text(variant.failure, limit=MOST_CHARACTERS),
            "chosen": variant.chosen and tuple(wording.text(pair, limit=120) for pair in variant.chosen),
        }
    )
