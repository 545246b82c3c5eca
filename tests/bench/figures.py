"""The figures that a run of the benchmarks leaves: what was measured, beside what, where, and of which commit."""

import json
import os
import platform
import subprocess
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from importlib.metadata import version
from pathlib import Path
from statistics import median
from typing import Any, Literal

PACKAGES = ("numpy", "pandas", "tensorflow", "keras")
Better = Literal["more", "less"]


@dataclass(frozen=True)
class Figure:
    """One figure, repeated in one run.

    value, spread : median of the repetitions, and largest less smallest over the median; 0 where there is one.
    better : whether more or less of the unit is better.
    ratio, ratio_spread : the same of value / anchor of each repetition; None without an anchor.
    anchor : what it is measured beside.
    """

    name: str
    value: float
    unit: str
    better: Better
    spread: float = 0.0
    repeats: int = 1
    anchor: str | None = None
    ratio: float | None = None
    ratio_spread: float | None = None


@dataclass
class Recorder:
    """Collects the figures of one run."""

    figures: dict[str, Figure] = field(default_factory=dict)

    def record(
        self,
        name: str,
        values: float | Sequence[float],
        unit: str,
        *,
        better: Better = "less",
        anchor: str | None = None,
        anchors: float | Sequence[float] = (),
    ) -> Figure:
        """Keep a figure and return it; `anchors` are measured in the same run, one for each of the values."""
        measured, beside = _listed(values), _listed(anchors)
        if name in self.figures:
            raise ValueError(f"A figure's name must be new; {name!r} was recorded before.")
        if (anchor is None) != (not beside) or (beside and len(beside) != len(measured)):
            raise ValueError(f"{name!r} has {len(measured)} values, {len(beside)} of its anchor, named {anchor}.")
        ratios = [value / other for value, other in zip(measured, beside, strict=True)] if beside else []
        figure = Figure(
            name,
            median(measured),
            unit,
            better,
            spread=_spread(measured),
            repeats=len(measured),
            anchor=anchor,
            ratio=median(ratios) if ratios else None,
            ratio_spread=_spread(ratios) if ratios else None,
        )
        self.figures[name] = figure
        return figure

    def write(self, path: Path) -> None:
        """Write all figures with the machine, the commit and the versions."""
        found = {"figures": [asdict(figure) for figure in self.figures.values()], **describe_run()}
        path.write_text(json.dumps(found, indent=2) + "\n", encoding="utf-8")


def seconds_of(
    *functions: Callable[[], Any], repeats: int = 3, clock: Callable[[], float] = time.process_time
) -> list[list[float]]:
    """Return the seconds of each function, of processor time by default, run in turns: all meet the same machine."""
    seconds: list[list[float]] = [[] for _ in functions]
    for _ in range(repeats):
        for function, measured in zip(functions, seconds, strict=True):
            started = clock()
            function()
            measured.append(clock() - started)
    return seconds


def describe_run() -> dict[str, Any]:
    """Return machine, commit ("+" marks changes that aren't committed) and versions."""
    return {
        "machine": {"cores": os.cpu_count(), "processor": _processor(), "memory_gb": _memory_gb()},
        "commit": _commit(Path(__file__).parent),
        "versions": {"python": platform.python_version(), **{name: version(name) for name in PACKAGES}},
    }


def _listed(values: float | Sequence[float]) -> list[float]:
    return [float(value) for value in ([values] if isinstance(values, int | float) else values)]


def _spread(values: Sequence[float]) -> float:
    return (max(values) - min(values)) / abs(median(values)) if median(values) else 0.0


def _processor() -> str:
    info = Path("/proc/cpuinfo")
    lines = info.read_text(encoding="utf-8").splitlines() if info.exists() else []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor() or platform.machine()


def _memory_gb() -> float:
    return round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1e9, 1)


def _commit(folder: Path) -> str:
    def git(*words: str) -> str:
        done = subprocess.run(["git", *words], cwd=folder, capture_output=True, text=True, check=False)
        return done.stdout.strip() if done.returncode == 0 else ""

    return git("rev-parse", "HEAD") + ("+" if git("status", "--porcelain", "--untracked-files=no") else "")
