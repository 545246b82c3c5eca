"""The page of an ablation: what each layer and each input adds to the plain network, and what that can't tell."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from stockseq.errors import counted
from stockseq.report import format as wording
from stockseq.report import tables
from stockseq.report.ablation_figures import effects_figure
from stockseq.report.ablation_limits import ablation_limitations
from stockseq.report.ablation_tables import build_fold_map, costs_table, effects_table, variants_table
from stockseq.report.readings import build_readings
from stockseq.report.rendering import write_page
from stockseq.report.run import RunReport
from stockseq.report.text.ablation_parts import PLAIN, component, pairs_chosen, sets_sentences, variants_of, verdicts_of
from stockseq.report.verdict import Tile

NO_VERDICT = "No variant of this run could be judged, so nothing is known of what any component adds."


def render_ablation(run: RunReport, folder: Path) -> Path:
    """Write the page of a run whose metrics have `ablation` into `folder`, and return the path of its index.html.

    Variants are named, and layers are read, by others: all of it is escaped. A number that is missing is a dash.

    Raises
    ------
    OSError
        If the folder can't be written.

    Examples
    --------
    >>> import pandas as pd
    >>> from tempfile import TemporaryDirectory
    >>> run = RunReport("r1", "ablation", pd.Timestamp("2024-11-29 12:00", tz="UTC"), "An ablation")
    >>> with TemporaryDirectory() as folder:
    ...     render_ablation(run, Path(folder)).name
    'index.html'
    """
    return write_page("ablation.html", _context(run), folder)


def _context(run: RunReport) -> dict[str, Any]:
    ablation = run.measures("ablation")
    variants = variants_of(ablation)
    lead, *findings = [wording.text(sentence, limit=1000) for sentence in ablation.get("verdict") or [NO_VERDICT]]
    return {
        "run": run,
        "lead": lead,
        "findings": findings,
        "tiles": _tiles(ablation, variants),
        "effects": effects_figure(variants),
        "in_words": [words for words in verdicts_of(variants) if f"{words}." not in (lead, *findings)],
        "fold_map": build_fold_map(ablation),
        "table_of_scores": variants_table(ablation),
        "gains": effects_table(ablation),
        "costs": costs_table(ablation),
        "sets": sets_sentences(ablation),
        "pairs": pairs_chosen(variants),
        "readings": [
            (component(variant), layers)
            for variant in variants
            if (layers := build_readings([variant.get("readings") or {}]))
        ],
        "failures": [
            (component(variant), wording.text(variant["failure"], limit=1000))
            for variant in variants
            if variant.get("failure")
        ],
        "coverage": tables.coverage_table(run),
        "dropped": tables.dropped_table(run.dropped),
        "n_dropped": sum(item.n_rows for item in run.dropped),
        "limitations": ablation_limitations(run),
        "settings": tables.mapping_table(run.settings, ("Setting", "Value")),
        "manifest": tables.mapping_table(run.manifest, ("Part", "Value")),
    }


def _tiles(ablation: Mapping[str, Any], variants: Sequence[Mapping[str, Any]]) -> list[Tile]:
    plain: Mapping[str, Any] = next((variant for variant in variants if variant.get("kind") == PLAIN), {})
    scores = plain.get("scores") or {}
    direction = wording.text(ablation.get("base_direction") or "the commoner direction", limit=30)
    n_seeds = len(ablation.get("seeds") or ())
    tiles = [
        Tile(
            "Plain network",
            wording.percent(scores.get("accuracy")),
            f"accuracy, 95% interval {wording.interval(scores.get('accuracy_ci'))}",
        ),
        Tile("Base rate", wording.percent(ablation.get("base_rate")), f"right by always naming {direction}"),
        Tile(
            "Forecasts of each variant",
            wording.count(ablation.get("n")),
            f"over {wording.count(ablation.get('n_sessions'))} sessions, {wording.count(ablation.get('n_folds'))} "
            f"folds, {counted(n_seeds, 'seed')}",
        ),
        Tile(
            "Variants declared", wording.count(ablation.get("family")), "the comparisons that Holm's correction is over"
        ),
    ]
    best = (ablation.get("optimum") or {}).get("accuracy")
    if wording.finite(best) is not None:
        tiles.append(Tile("Best possible here", wording.percent(best), "known, because this market is simulated"))
    return tiles
