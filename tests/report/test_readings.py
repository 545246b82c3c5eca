"""What layers learnt, as bars: means and ranges worked by hand."""

import pytest

from stockseq.report.readings import MOST_READINGS, build_readings


def test_numbers_share_the_scale_of_their_layer():
    """By hand: means over two seeds of .2 and .1, so the second bar is half the first."""
    seeds = [{"NewsGateCell": {"input_gate_scale": 0.3, "forget_gate_scale": 0.1}},
             {"NewsGateCell": {"input_gate_scale": 0.1, "forget_gate_scale": 0.1}}]  # fmt: skip
    layer = build_readings(seeds)[0]
    assert [reading.value for reading in layer.readings] == ["0.200", "0.100"]
    assert [reading.spread for reading in layer.readings] == ["0.100 to 0.300", "0.100 to 0.100"]
    assert [reading.bars[0].length for reading in layer.readings] == [100.0, 50.0]


def test_a_number_that_stands_alone_is_measured_against_one():
    """A share of a quarter must not fill its bar; a half-life of 40 sessions has nothing but itself."""
    share = build_readings([{"BranchGate": {"news_share": 0.25}}])[0].readings[0]
    half_life = build_readings([{"SentimentDecay": {"half_life_text_1": 40.0}}])[0].readings[0]
    assert share.bars[0].length == 25.0
    assert (half_life.name, half_life.value) == ("Half-life in sessions: text 1", "40.0")
    assert half_life.bars[0].length == 100.0


def test_a_list_is_a_bar_a_value_and_names_its_peak():
    """By hand: the mean attention is .1, .2, .7, highest at the newest session, where seeds gave .6 and .8."""
    seeds = [{"TemporalAttention": {"attention": value}} for value in ([0.2, 0.2, 0.6], [0.0, 0.2, 0.8])]
    reading = build_readings(seeds)[0].readings[0]
    assert [bar.length for bar in reading.bars] == [pytest.approx(14.3), pytest.approx(28.6), 100.0]
    assert reading.value == "0.100 to 0.700, highest at 3 of 3"
    assert reading.spread == "0.600 to 0.800"


def test_a_number_below_zero_is_marked():
    """A user's layer may read a coefficient."""
    bars = [reading.bars[0] for reading in build_readings([{"Mine": {"a": -2.0, "b": 1.0}}])[0].readings]
    assert [(bar.length, bar.negative) for bar in bars] == [(100.0, True), (50.0, False)]


def test_many_numbers_are_shown_largest_first_and_cut_with_a_count():
    """Seventy features: the weightiest leads, ten are not shown, and the page says how many."""
    weights = {f"weight_f{place}": place / 100 for place in range(1, 71)}
    layer = build_readings([{"VariableSelection": weights}])[0]
    assert layer.readings[0].name == "Weight: f70"
    assert len(layer.readings) == MOST_READINGS
    assert layer.n_hidden == 10


def test_an_empty_list_is_left_out():
    """A layer that attends to nothing has no bar."""
    layer = build_readings([{"Mine": {"attention": [], "share": 1.0}}])[0]
    assert [reading.name for reading in layer.readings] == ["Share"]


def test_networks_without_layers_have_nothing_to_show():
    """A backtest of the plain network leaves an empty mapping a seed."""
    assert build_readings([{}, {}]) == []
