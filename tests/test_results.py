"""Results: what is written to `metrics.json` comes back, from old files too."""

import json
import math
from pathlib import Path

import pytest
from pydantic import ValidationError

from stockseq.backtest.blind_positions import NullTest
from stockseq.backtest.overfitting import Overfitting
from stockseq.backtest.performance import PerformanceFigures
from stockseq.evaluate.comparison import BestBaseline, Comparison
from stockseq.evaluate.repetition import Repetition
from stockseq.evaluate.scores import Scores
from stockseq.results import Result

# Parts of the metrics.json that `make demo` wrote in version 0.1, before results had types.
OLD = json.loads((Path(__file__).parent / "metrics_0_1.json").read_text())


class Test(Result):
    """A result inside another."""

    __test__ = False
    difference: float
    ci: tuple[float, float] | None = None


class Figures(Result):
    """A result with every kind of field that results have."""

    n: int
    accuracy: float | None = None
    name: str | None = None
    test: Test | None = None
    notes: tuple[str, ...] = ()


def test_a_result_comes_back_from_json():
    """`metrics.json` is the only place where a run keeps its figures."""
    figures = Figures(n=3, accuracy=0.5, name="a", test=Test(difference=0.1, ci=(0.0, 0.2)), notes=("One.",))
    written = json.loads(json.dumps(figures.to_dict()))
    assert written == {
        "n": 3,
        "accuracy": 0.5,
        "name": "a",
        "test": {"difference": 0.1, "ci": [0.0, 0.2]},
        "notes": ["One."],
    }
    assert Figures.from_dict(written) == figures


def test_an_old_file_is_read_and_written_as_it_was():
    """A figure that a later version adds is None in the runs before it, and doesn't appear in them."""
    old = {"n": 3, "accuracy": None, "test": {"difference": 0.1}}
    figures = Figures.from_dict({**old, "dropped_by_now": 1})
    assert (figures.name, figures.notes, figures.test.ci) == (None, (), None)
    assert figures.to_dict() == old


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_a_number_that_is_none_is_refused(value):
    """JSON has no NaN, and a page that prints one has hidden a mistake."""
    with pytest.raises(ValidationError, match="finite"):
        Figures(n=3, accuracy=value)


def test_a_result_does_not_change():
    """Two readers of one result see the same figures."""
    with pytest.raises(ValidationError, match="frozen"):
        Figures(n=3).n = 4


def test_html_is_escaped():
    """A name comes from a user's settings or plug-in, and a notebook would run what it holds."""
    shown = Figures(n=3, name="<script>alert(1)</script>")._repr_html_()
    assert "<script>" not in shown
    assert "<tr><th>name</th><td>&#x27;&lt;script&gt;alert(1)&lt;/script&gt;&#x27;</td></tr>" in shown


def test_the_repr_is_one_short_line():
    """A result of forty figures is printed in a notebook cell and in a failing test."""
    figures = Figures(n=3, accuracy=0.123456, notes=("a" * 500,) * 9, test=Test(difference=0.1))
    assert repr(figures) == "Figures(n=3, accuracy=0.1235, test=Test(difference=0.1), notes=<9 items>)"
    assert str(figures) == repr(figures)


@pytest.mark.parametrize(
    ("kind", "old"),
    [
        (Scores, OLD["forecast"]),
        (Scores, OLD["baselines"]["majority"]),
        (Comparison, OLD["comparisons"]["majority"]),
        (BestBaseline, OLD["superior"]),
        (Repetition, OLD["repetition"]),
        (PerformanceFigures, OLD["benchmarks"]["buy_and_hold"]),
        (PerformanceFigures, OLD["benchmarks"]["majority"]),
        (NullTest, OLD["circular_shift"]),
        (NullTest, OLD["random_signal"]),
        (Overfitting, OLD["overfitting"]),
    ],
)
def test_runs_of_before_are_read_and_written_unchanged(kind, old):
    """A page can be rendered again, and a run compared, whichever version wrote it."""
    assert kind.from_dict(old).to_dict() == old
