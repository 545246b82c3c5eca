"""The first figures of a page: accuracy, its base rate, its count and its interval, in large type and on one scale."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from stockseq.backtest.performance import PerformanceFigures
from stockseq.errors import counted
from stockseq.evaluate.scores import Scores
from stockseq.forecasting.live import LiveRecord
from stockseq.report import format as wording
from stockseq.report.run import RunReport
from stockseq.report.text.names import meaningful

BASE_RATE = "always forecasting the more frequent direction"


@dataclass(frozen=True)
class Tile:
    """A figure in large type, its name above and a line below."""

    name: str
    value: str
    note: str


@dataclass(frozen=True)
class Mark:
    """A mark on the strip, in percent of its width; `kind` is "accuracy", "base" or "optimum"."""

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


def build_tiles(run: RunReport) -> list[Tile]:
    """Return the figures that lead the page, those of the forecasts first, those of the account after."""
    tiles = []
    scores = run.scores
    if scores is not None:
        t = wording.number(scores.pt_clustered_t, digits=2)
        p, corrected = scores.pt_clustered_p, ""
        if run.direction is not None:
            p, corrected = run.direction.p_holm, ", corrected for three claims"
        test = f"Pesaran-Timmermann, clustered by session, t {t}{corrected}"
        tiles = [*_accuracy_tiles(scores), Tile("p-value of no skill", wording.p_value(p), test)]
    if run.best_accuracy is not None:
        best = wording.percent(run.best_accuracy)
        tiles.append(Tile("Best possible here", best, "known, because this market is simulated"))
    return tiles if run.backtest is None else [*tiles, *_account_tiles(run.backtest.portfolio)]


def live_tiles(live: LiveRecord | None) -> list[Tile]:
    """Return the record of forecasts that were made before their session opened, empty where none is scored."""
    if live is None or not live.n:
        return []
    tiles = [] if live.scores is None else _accuracy_tiles(live.scores)
    return [*tiles, Tile("Made late", wording.count(live.n_late), "shown, never counted")]


def build_strip(scores: Scores | None, *, best: float | None) -> Strip | None:
    """Return accuracy with its interval, the base rate and the optimum on one scale, or None without scores."""
    if scores is None:
        return None
    accuracy, base, (low, high) = scores.accuracy, scores.base_rate, scores.accuracy_ci
    values = [accuracy, base, low, high, 0.5, *([] if best is None else [best])]
    step = next((step for step in (0.01, 0.02, 0.05, 0.1) if (max(values) - min(values)) / step <= 8), 0.2)
    first = math.floor(min(values) / step + 1e-9)
    last = max(math.ceil(max(values) / step - 1e-9), first + 1)

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
        ticks=[(at(tick * step), wording.percent(tick * step, digits=0)) for tick in range(first, last + 1)],
        summary=", ".join([f"95% interval {wording.interval(scores.accuracy_ci)}", *(mark.name for mark in marks)]),
    )


def _account_tiles(account: PerformanceFigures) -> list[Tile]:
    """Return what trading made: a year where there was at least a quarter, else in all; nothing without trades."""
    sharpe = meaningful(account, "sharpe")
    if sharpe is not None:
        growth = f"{wording.percent(account.cagr, signed=True)} a year"
        return [Tile("Sharpe after costs", wording.number(sharpe, digits=2), growth)]
    if not account.n_fills:
        return []
    growth = wording.percent(account.total_return, signed=True)
    return [Tile("Growth after costs", growth, f"in {counted(account.n_returns, 'session')}")]


def _accuracy_tiles(scores: Scores) -> list[Tile]:
    return [
        Tile("Accuracy", wording.percent(scores.accuracy), f"95% interval {wording.interval(scores.accuracy_ci)}"),
        Tile("Base rate", wording.percent(scores.base_rate), f"{BASE_RATE}; chance {wording.percent(scores.chance)}"),
        Tile("Forecasts scored", wording.count(scores.n), f"over {wording.count(scores.n_sessions)} sessions"),
    ]
