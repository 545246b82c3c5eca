"""What layers learnt, brought down to bars: half-lives, weights and attention, as the mean over seeds and its range."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean

from stockseq.report import format as wording
from stockseq.report.metrics import LayerReadings

# The shipped layers' readings in words; those of others are shown under their own names.
NAMES = {
    "attention": "Attention, oldest session to newest",
    "half_life_days": "Half-lives of the units, calendar days",
    "half_life": "Half-lives, sessions",
    "news_share": "Share taken from the news",
    "explained_variance": "Share of the states' variance explained",
    "input_gate_scale": "Input gate, how strongly news scales it",
    "input_gate_shift": "Input gate, how far news shifts it",
    "forget_gate_scale": "Forget gate, how strongly news scales it",
    "forget_gate_shift": "Forget gate, how far news shifts it",
}
PREFIXES = {"half_life_": "Half-life in sessions: ", "weight_": "Weight: "}
MOST_READINGS, MOST_VALUES = 60, 128
# A layer of more numbers than this is read by its largest, not by the order of its columns.
MANY = 12


@dataclass(frozen=True)
class Bar:
    """One bar: its height or length in percent of the longest of its layer, and whether the number is below zero."""

    length: float
    negative: bool


@dataclass(frozen=True)
class Reading:
    """One reading: a bar for a number, a bar each for a list; `value` is the mean, `spread` its range over seeds."""

    name: str
    bars: Sequence[Bar]
    value: str
    spread: str


@dataclass(frozen=True)
class LearntLayer:
    """What one layer learnt; `n_seeds` networks had it, and `n_hidden` of its readings are not shown."""

    layer: str
    readings: Sequence[Reading]
    n_seeds: int
    n_hidden: int


def build_readings(per_seed: Sequence[Mapping[str, LayerReadings]]) -> list[LearntLayer]:
    """Return what the layers of an ensemble learnt, a group a layer, empty where none has readings.

    Parameters
    ----------
    per_seed : sequence of mapping
        One mapping a seed, or a single one of means, as `read_layers` gives them: numbers and lists of numbers by the
        reading's name, by the layer's.

    Examples
    --------
    >>> groups = build_readings([{"BranchGate": {"news_share": 0.25}}, {"BranchGate": {"news_share": 0.75}}])
    >>> groups[0].readings[0].value, groups[0].readings[0].spread
    ('0.500', '0.250 to 0.750')
    """
    found: dict[str, list[LayerReadings]] = {}
    for network in per_seed:
        for layer, readings in network.items():
            if readings:
                found.setdefault(layer, []).append(readings)
    return [_layer(layer, seeds) for layer, seeds in found.items()]


def _layer(layer: str, seeds: Sequence[LayerReadings]) -> LearntLayer:
    values: dict[str, list[list[float]]] = {}
    for readings in seeds:
        for name, value in readings.items():
            numbers = value if isinstance(value, list) else [value]
            if numbers:
                values.setdefault(name, []).append(numbers)
    numbers = [abs(_mean(lists)[0]) for lists in values.values() if len(lists[0]) == 1]
    # A number that stands alone is most often a share, and would fill its bar whatever it says.
    longest = max(1.0 if len(numbers) == 1 else 0.0, *numbers) if numbers else 0.0
    names = list(values)
    if len(names) > MANY:
        names.sort(key=lambda name: -abs(_mean(values[name])[0]))
    shown = [_reading(name, values[name], longest) for name in names[:MOST_READINGS]]
    return LearntLayer(wording.text(layer, limit=60), shown, len(seeds), max(0, len(names) - MOST_READINGS))


def _reading(name: str, lists: Sequence[Sequence[float]], longest: float) -> Reading:
    means = _mean(lists)
    if len(means) > 1:
        highest = max(map(abs, means))
        bars = [_bar(mean, highest) for mean in means[:MOST_VALUES]]
        peak = means.index(max(means)) + 1
        value = f"{_number(min(means))} to {_number(max(means))}, highest at {peak} of {len(means)}"
        return Reading(_words(name), bars, value, _spread([row[peak - 1] for row in lists if len(row) >= peak]))
    return Reading(_words(name), [_bar(means[0], longest)], _number(means[0]), _spread([row[0] for row in lists]))


def _mean(lists: Sequence[Sequence[float]]) -> list[float]:
    """Return the mean over seeds, element by element, of as many elements as every seed has."""
    return [fmean(column) for column in zip(*lists, strict=False)]


def _bar(value: float, longest: float) -> Bar:
    return Bar(round(100 * abs(value) / longest, 1) if longest else 0.0, value < 0)


def _spread(values: Sequence[float]) -> str:
    return "" if len(values) < 2 else f"{_number(min(values))} to {_number(max(values))}"


def _number(value: float) -> str:
    """Return a number to three digits that say something, whatever its size."""
    return wording.number(
        value, digits=next((digits for digits, least in enumerate((100, 10, 1)) if abs(value) >= least), 3)
    )


def _words(name: str) -> str:
    if name in NAMES:
        return NAMES[name]
    for prefix, words in PREFIXES.items():
        if name.startswith(prefix):
            return words + wording.text(name.removeprefix(prefix), limit=60).replace("_", " ")
    return wording.label(name)
