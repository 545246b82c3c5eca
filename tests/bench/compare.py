"""Tell what got slower or worse between two files of `make bench`: `python -m tests.bench.compare BASE [NOW]`.

A figure with an anchor in both files is compared by its ratio to it, which a slower machine leaves alone; any other by
its value. Noise is what the repetitions of both runs spread over, and 5 % at least; a figure that was measured once
tells nothing of its noise, so that it counts as 20 %.
"""

import json
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

LEAST_NOISE, UNKNOWN_NOISE = 0.05, 0.20
RESULT = Path("bench.json")


@dataclass(frozen=True)
class Change:
    """One figure in two runs: `loss` is how much worse it got, as a fraction of the base (negative: better)."""

    name: str
    unit: str
    base: float
    now: float
    by_ratio: bool
    loss: float
    noise: float

    @property
    def verdict(self) -> str:
        """Whether it changed by more than noise."""
        return "WORSE" if self.loss > self.noise else "better" if self.loss < -self.noise else "same"


def compare(base: Mapping[str, Any], now: Mapping[str, Any]) -> list[Change]:
    """Return the changes of the figures that both runs have, in the order of the base."""
    later = {figure["name"]: figure for figure in now["figures"]}
    return [_change(figure, later[figure["name"]]) for figure in base["figures"] if figure["name"] in later]


def _change(base: Mapping[str, Any], now: Mapping[str, Any]) -> Change:
    by_ratio = base["ratio"] is not None and base["anchor"] == now["anchor"]
    key, spread = ("ratio", "ratio_spread") if by_ratio else ("value", "spread")
    before, after = base[key], now[key]
    # As a factor, so that half as fast is as far from the base as twice as fast.
    factor = (after / before if base["better"] == "less" else before / after) if before and after else 1.0
    once = base["repeats"] == 1 or now["repeats"] == 1
    noise = UNKNOWN_NOISE if once else max(LEAST_NOISE, base[spread] + now[spread])
    return Change(base["name"], _unit(base, by_ratio), before, after, by_ratio, factor - 1.0, noise)


def _unit(figure: Mapping[str, Any], by_ratio: bool) -> str:
    return f"x {figure['anchor']}" if by_ratio else figure["unit"]


def describe(base: Mapping[str, Any], now: Mapping[str, Any]) -> list[str]:
    """Return the comparison as lines: a row a figure, what only one run has, and whether the machines differ."""
    changes = compare(base, now)
    rows = [("figure", "base", "now", "change", "noise", "", "unit")] + [
        (
            change.name,
            f"{change.base:.4g}",
            f"{change.now:.4g}",
            f"{change.now / change.base - 1:+.1%}" if change.base else "",
            f"{change.noise:.0%}",
            change.verdict,
            change.unit,
        )
        for change in changes
    ]
    widths = [max(len(row[place]) for row in rows) for place in range(7)]
    lines = [
        "  ".join(
            [row[0].ljust(widths[0])]
            + [cell.rjust(width) for cell, width in zip(row[1:5], widths[1:5], strict=True)]
            + [row[5].ljust(widths[5]), row[6]]
        ).rstrip()
        for row in rows
    ]
    return [f"base {_origin(base)}", f"now  {_origin(now)}", "", *lines, "", *_remarks(base, now, changes)]


def _origin(run: Mapping[str, Any]) -> str:
    machine = run["machine"]
    versions = ", ".join(f"{name} {number}" for name, number in run["versions"].items())
    return (
        f"{run['commit'][:12] or 'no commit'} on {machine['processor']}, {machine['cores']} cores, "
        f"{machine['memory_gb']} GB; {versions}"
    )


def _remarks(base: Mapping[str, Any], now: Mapping[str, Any], changes: list[Change]) -> list[str]:
    remarks = []
    if base["machine"] != now["machine"] and not all(change.by_ratio for change in changes):
        remarks.append('The machines differ, so that figures without an anchor ("x ...") don\'t compare.')
    names = [{figure["name"] for figure in run["figures"]} for run in (base, now)]
    for what, only in (("base", names[0] - names[1]), ("now", names[1] - names[0])):
        if only:
            remarks.append(f"Only in {what}: {', '.join(sorted(only))}.")
    worse = [change.name for change in changes if change.verdict == "WORSE"]
    remarks.append(f"Worse by more than noise: {', '.join(worse) if worse else 'nothing'}.")
    return remarks


def main(arguments: list[str]) -> int:
    """Print the comparison; return 1 if a figure got worse by more than noise, 2 if there is nothing to compare."""
    if not arguments or not arguments[0]:
        print("Name the file to compare with: make bench-compare BASE=bench-before.json", file=sys.stderr)
        return 2
    paths = [Path(arguments[0]), Path(arguments[1]) if len(arguments) > 1 else RESULT]
    for path in paths:
        if not path.is_file():
            print(f"There is no {path}; `make bench` writes {RESULT}, keep a copy as the base.", file=sys.stderr)
            return 2
    base, now = (json.loads(path.read_text(encoding="utf-8")) for path in paths)
    print("\n".join(describe(base, now)))
    return int(any(change.verdict == "WORSE" for change in compare(base, now)))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
