"""Tests of the first lines of a page."""

import pytest

from stockseq.report.verdict import build_strip, live_tiles, verdict_lines, verdict_tiles

SCORES = {"n": 200, "n_sessions": 20, "accuracy": 0.55, "accuracy_ci": [0.53, 0.57], "base_rate": 0.51}


def test_accuracy_and_base_rate_lead_the_tiles(build_run) -> None:
    """An accuracy is never shown without what it must beat, its interval and its count."""
    tiles = verdict_tiles(build_run(metrics={"forecast": SCORES}, optimum=None))
    assert [(tile.name, tile.value) for tile in tiles[:3]] == [
        ("Accuracy", "55.0%"),
        ("Base rate", "51.0%"),
        ("Forecasts scored", "200"),
    ]
    assert "95% interval" in tiles[0].note


def test_a_run_without_a_verdict_gets_one_from_its_numbers(build_run) -> None:
    """The first sentence is never empty."""
    assert verdict_lines(build_run(verdict="", metrics={"forecast": SCORES}))[0].startswith("Right on 55.0% of 200")
    assert "nothing is known of its skill" in verdict_lines(build_run(verdict=" ", metrics={}))[0]


def test_the_strip_places_each_value_on_one_scale(build_run) -> None:
    """By hand: from 50 to 57 percent, 55 stands at 5/7, 51 at 1/7, and the interval spans 4/7."""
    strip = build_strip(build_run(metrics={"forecast": SCORES}, optimum=None))
    assert strip is not None
    places = {mark.kind: mark.at for mark in strip.marks}
    assert places == {"base": pytest.approx(100 / 7, abs=0.01), "accuracy": pytest.approx(500 / 7, abs=0.01)}
    assert strip.width == pytest.approx(400 / 7, abs=0.02)
    assert [name for _, name in strip.ticks] == [f"{place}%" for place in range(50, 58)]


@pytest.mark.parametrize("missing", ["accuracy", "base_rate", "accuracy_ci"])
def test_without_one_of_its_values_there_is_no_strip(build_run, missing: str) -> None:
    """An accuracy drawn without its interval or base rate would mislead."""
    assert build_strip(build_run(metrics={"forecast": {**SCORES, missing: None}})) is None


def test_a_live_record_of_nothing_shows_no_tiles(build_run) -> None:
    """Zero forecasts have no accuracy."""
    assert live_tiles(build_run(live_record={"n": 0})) == []
    assert live_tiles(build_run(live_record=None)) == []
