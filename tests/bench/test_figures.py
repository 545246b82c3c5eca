"""A run of the benchmarks leaves its figures with their anchors, its machine and its versions."""

import json
import os
from pathlib import Path

import numpy as np
import pytest

from tests.bench.figures import Recorder, seconds_of


def test_a_figure_is_the_median_of_its_repetitions_beside_its_anchor() -> None:
    """Ratios are taken repetition by repetition, as what else the machine does meets both: 2/4, 3/4 and 6/6."""
    figure = Recorder().record("ledger", [2.0, 3.0, 6.0], "s", anchor="vectorbt", anchors=[4.0, 4.0, 6.0])
    assert (figure.value, figure.spread, figure.repeats) == (3.0, pytest.approx(4 / 3), 3)
    assert (figure.ratio, figure.ratio_spread) == (0.75, pytest.approx(0.5 / 0.75))
    alone = Recorder().record("page", 1.5, "MB")
    assert (alone.value, alone.spread, alone.repeats, alone.ratio) == (1.5, 0.0, 1, None)


def test_a_name_given_twice_and_an_anchor_without_values_are_refused() -> None:
    """One figure would silently replace another, or a ratio be left out."""
    recorder = Recorder()
    recorder.record("ledger", 1.0, "s")
    with pytest.raises(ValueError, match="'ledger' was recorded before"):
        recorder.record("ledger", 2.0, "s")
    with pytest.raises(ValueError, match="'train' has 2 values, 1 of its anchor, named torch"):
        recorder.record("train", [1.0, 2.0], "s", anchor="torch", anchors=[1.0])
    with pytest.raises(ValueError, match="'train' has 1 values, 1 of its anchor, named None"):
        recorder.record("train", 1.0, "s", anchors=1.0)


def test_the_file_says_what_was_measured_where_and_of_what(tmp_path: Path) -> None:
    """Figures without their machine, commit and versions can't be compared later."""
    recorder = Recorder()
    recorder.record("scoring", 80_000, "headlines/s", better="more", anchor="vaderSentiment", anchors=20_000)
    recorder.write(tmp_path / "bench.json")
    found = json.loads((tmp_path / "bench.json").read_text())
    assert found["figures"] == [
        {
            "name": "scoring",
            "value": 80_000,
            "unit": "headlines/s",
            "better": "more",
            "spread": 0,
            "repeats": 1,
            "anchor": "vaderSentiment",
            "ratio": 4,
            "ratio_spread": 0,
        }
    ]
    assert found["machine"]["cores"] == os.cpu_count()
    assert found["machine"]["memory_gb"] > 0
    assert found["machine"]["processor"]
    assert found["versions"]["numpy"] == np.__version__
    assert set(found["versions"]) == {"python", "numpy", "pandas", "tensorflow", "keras"}
    assert isinstance(found["commit"], str)


def test_functions_take_turns() -> None:
    """A machine that gets slower meets the figure and its anchor alike."""
    calls: list[str] = []
    seconds = seconds_of(lambda: calls.append("ours"), lambda: calls.append("anchor"), repeats=2)
    assert calls == ["ours", "anchor", "ours", "anchor"]
    assert [len(each) for each in seconds] == [2, 2]
