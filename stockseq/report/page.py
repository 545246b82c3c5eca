"""The page of a run that forecasts: what was found, forecast and earned, and what can't be shown."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from stockseq.report import format as wording
from stockseq.report import rival_tables, tables
from stockseq.report.figures import build_figures
from stockseq.report.limits import limitations
from stockseq.report.outlook import build_outlook
from stockseq.report.readings import build_readings
from stockseq.report.rendering import write_page
from stockseq.report.run import RunReport
from stockseq.report.text.findings import find
from stockseq.report.verdict import accuracy_sentence, build_strip, live_tiles, verdict_lines, verdict_tiles


def render_report(run: RunReport, folder: Path) -> Path:
    """Write the page of a run and what it needs, and return the path of its index.html.

    The page loads nothing from a network and runs no inline script; headlines, tickers, reasons and addresses are
    escaped, and only http and https addresses become links.

    Parameters
    ----------
    run : RunReport
        What to show. Parts that are absent are named as absent on the page.
    folder : Path
        Created where missing; index.html, page.js and plotly.min.js are replaced, each in one step.

    Returns
    -------
    Path
        folder / "index.html".

    Raises
    ------
    OSError
        If the folder can't be written.

    Examples
    --------
    >>> from tempfile import TemporaryDirectory
    >>> run = RunReport("r1", "daily", pd.Timestamp("2024-11-29 12:00", tz="UTC"), "Forecasts for 2024-11-29")
    >>> with TemporaryDirectory() as folder:
    ...     render_report(run, Path(folder)).name
    'index.html'
    """
    return write_page("page.html", _context(run) | {"fills_link": _beside(folder, "fills.parquet")}, folder)


def _context(run: RunReport) -> dict[str, Any]:
    return {
        "run": run,
        "verdict": verdict_lines(run),
        "tiles": verdict_tiles(run),
        "live_tiles": live_tiles(run),
        "live_sentence": accuracy_sentence(run.live_record or {}),
        "strip": build_strip(run),
        "outlook": build_outlook(run.next_forecasts),
        "figures": build_figures(run),
        "judged": rival_tables.judge_baselines(run),
        "has_baselines": bool(run.measures("baselines")),
        "readings": build_readings(run.metrics.get("readings") or []),
        "findings": find(run.metrics),
        "placebos": rival_tables.placebos_table(run),
        "followed": rival_tables.followed_table(run),
        "performance": tables.performance_table(run),
        "tickers": tables.tickers_table(run),
        "last_forecasts": tables.last_forecasts_table(run),
        "fills": tables.fills_table(run),
        "n_fills": 0 if run.fills is None else len(run.fills),
        "dropped": tables.dropped_table(run.dropped),
        "n_dropped": sum(item.n_rows for item in run.dropped),
        "outcomes": tables.outcomes_table(run.ticker_outcomes),
        "outcome_counts": _outcome_counts(run),
        "models": tables.models_table(run),
        "coverage": tables.coverage_table(run),
        "settings": tables.mapping_table(run.settings, ("Setting", "Value")),
        "manifest": tables.mapping_table(run.manifest, ("Part", "Value")),
        "limitations": limitations(run),
        "seeds": _seeds(run),
    }


def _outcome_counts(run: RunReport) -> list[str]:
    counts = pd.Series([outcome.status for outcome in run.ticker_outcomes], dtype=object).value_counts()
    return [
        f"{wording.count(counts[status])} {name.lower()}"
        for status, name in tables.OUTCOMES.items()
        if status in counts
    ]


def _seeds(run: RunReport) -> str:
    seeds = run.measures("forecast").get("seeds") or []
    scores = [wording.finite(seed.get("accuracy") if isinstance(seed, Mapping) else seed) for seed in seeds]
    known = [score for score in scores if score is not None]
    if len(known) < 2:
        return ""
    return f"Each of the {len(known)} seeds alone: {wording.percent(min(known))} to {wording.percent(max(known))}."


def _beside(folder: Path, name: str) -> str:
    return f"../{name}" if (folder.parent / name).exists() else ""
