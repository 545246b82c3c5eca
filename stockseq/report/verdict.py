"""The first lines of a page: what was found, its base rate, its count and its interval."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from stockseq.report import format as wording
from stockseq.report.run import RunReport


@dataclass(frozen=True)
class Tile:
    """A figure in large type, its name above and a line below."""

    name: str
    value: str
    note: str


@dataclass(frozen=True)
class Mark:
    """A place on the strip, in percent of its width; `kind` is "accuracy", "base" or "optimum"."""

    kind: str
    name: str
    at: float


@dataclass(frozen=True)
class Strip:
    """Accuracy, base rate and optimum on one scale; `low` and `width` are the interval, in percent of its width."""

    marks: Sequence[Mark]
    low: float
    width: float
    ticks: Sequence[tuple[float, str]]
    summary: str


def accuracy_sentence(scores: Mapping[str, Any]) -> str:
    """Return count, accuracy, interval and base rate in one sentence, empty where nothing is scored.

    Examples
    --------
    >>> accuracy_sentence({"n": 200, "n_sessions": 20, "accuracy": 0.55, "base_rate": 0.52})
    'Right on 55.0% of 200 forecasts over 20 sessions; the base rate is 52.0%.'
    """
    if wording.finite(scores.get("accuracy")) is None:
        return ""
    over = f" over {wording.count(scores['n_sessions'])} sessions" if scores.get("n_sessions") else ""
    bounds = wording.interval(scores.get("accuracy_ci"))
    within = "" if bounds == wording.DASH else f" (95% interval {bounds})"
    base = wording.percent(scores.get("base_rate"))
    against = "." if base == wording.DASH else f"; the base rate is {base}."
    right = f"Right on {wording.percent(scores['accuracy'])} of {wording.count(scores.get('n'))} forecasts"
    return f"{right}{over}{within}{against}"


def verdict_lines(run: RunReport) -> list[str]:
    """Return the verdict's paragraphs; composed where the run brings none."""
    lines = [wording.text(line, limit=1000) for line in run.verdict.splitlines() if line.strip()]
    if lines:
        return lines
    sentence = accuracy_sentence(run.measures("forecast"))
    return [sentence or "No forecast of this run has been scored yet, so nothing is known of its skill."]


def verdict_tiles(run: RunReport) -> list[Tile]:
    """Return the figures that lead the page, those of the forecasts first, those of the account after."""
    tiles = []
    scores = run.measures("forecast")
    if wording.finite(scores.get("accuracy")) is not None:
        tiles = [
            Tile("Accuracy", wording.percent(scores["accuracy"]), _interval_note(scores)),
            Tile("Base rate", wording.percent(scores.get("base_rate")), _base_note(scores)),
            Tile(
                "Forecasts scored",
                wording.count(scores.get("n")),
                f"over {wording.count(scores.get('n_sessions'))} sessions",
            ),
            Tile("p-value of no skill", wording.p_value(scores.get("pt_clustered_p")), _test_note(scores)),
        ]
    best = wording.finite((run.optimum or {}).get("accuracy"))
    if best is not None:
        tiles.append(Tile("Best possible here", wording.percent(best), "known, because this market is simulated"))
    portfolio = run.measures("portfolio")
    if wording.finite(portfolio.get("sharpe")) is not None:
        growth = wording.percent(portfolio.get("cagr"), signed=True)
        tiles.append(Tile("Sharpe after costs", wording.number(portfolio["sharpe"], digits=2), f"{growth} a year"))
    return tiles


def live_tiles(run: RunReport) -> list[Tile]:
    """Return the record of forecasts that were made before their session opened."""
    live = run.live_record or {}
    if not live.get("n"):
        return []
    return [
        Tile("Live accuracy", wording.percent(live.get("accuracy")), _interval_note(live)),
        Tile("Base rate, live", wording.percent(live.get("base_rate")), _base_note(live)),
        Tile(
            "Live forecasts scored", wording.count(live["n"]), f"over {wording.count(live.get('n_sessions'))} sessions"
        ),
        Tile("Made late", wording.count(live.get("n_late", 0)), "shown, never counted"),
    ]


def build_strip(run: RunReport) -> Strip | None:
    """Return accuracy with its interval, the base rate and the optimum on one scale, or None without an accuracy."""
    scores = run.measures("forecast")
    accuracy, base = wording.finite(scores.get("accuracy")), wording.finite(scores.get("base_rate"))
    bounds = scores.get("accuracy_ci")
    if accuracy is None or base is None or wording.interval(bounds) == wording.DASH or bounds is None:
        return None
    low, high = float(bounds[0]), float(bounds[1])
    best = wording.finite((run.optimum or {}).get("accuracy"))
    places = [accuracy, base, low, high, 0.5, *([] if best is None else [best])]
    step = next((step for step in (0.01, 0.02, 0.05, 0.1) if (max(places) - min(places)) / step <= 8), 0.2)
    first = math.floor(min(places) / step + 1e-9)
    last = max(math.ceil(max(places) / step - 1e-9), first + 1)

    def at(value: float) -> float:
        return round(100 * (value / step - first) / (last - first), 2)

    marks = [Mark("base", f"base rate {wording.percent(base)}", at(base))]
    if best is not None:
        marks.append(Mark("optimum", f"best possible {wording.percent(best)}", at(best)))
    marks.append(Mark("accuracy", f"accuracy {wording.percent(accuracy)}", at(accuracy)))
    return Strip(
        marks=marks,
        low=at(low),
        width=round(at(high) - at(low), 2),
        ticks=[(at(place * step), wording.percent(place * step, digits=0)) for place in range(first, last + 1)],
        summary=", ".join([f"95% interval {wording.interval(bounds)}", *(mark.name for mark in marks)]),
    )


def _base_note(scores: Mapping[str, Any]) -> str:
    chance = wording.percent(scores.get("chance"))
    beside = "" if chance == wording.DASH else f"; chance gives {chance}"
    return f"right by always naming the commoner direction{beside}"


def _interval_note(scores: Mapping[str, Any]) -> str:
    bounds = wording.interval(scores.get("accuracy_ci"))
    return "no interval: too few sessions" if bounds == wording.DASH else f"95% interval {bounds}"


def _test_note(scores: Mapping[str, Any]) -> str:
    return f"Pesaran-Timmermann, clustered by session, t {wording.number(scores.get('pt_clustered_t'), digits=2)}"
