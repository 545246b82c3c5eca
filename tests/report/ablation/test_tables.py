"""The tables and the heat map of an ablation, from figures written by hand."""

from stockseq.report.ablation.tables import build_fold_map, costs_table, effects_table, variants_table
from tests.report.made_up_ablation import made_up_result


def test_the_heat_map_is_coloured_by_the_largest_difference():
    """By hand: 2.4 points is the deepest, 0.6 a quarter of it, and 0 has no side."""
    heat = build_fold_map(made_up_result())
    assert heat is not None
    assert heat.heads == ["Fold 1", "Fold 2", "Fold 3", "Fold 4"]
    assert heat.reach == "2.4"
    rows = dict(heat.rows)
    assert [cell.strength for cell in rows["text input"]] == [75, 100, 79, 83]
    assert [(cell.side, cell.strength) for cell in rows["temporal attention"]][:2] == [("loss", 25), ("none", 0)]


def test_a_network_that_lacks_an_input_is_named_so():
    """Its accuracy is that without the input; its effect is what the input adds."""
    scores, gains = variants_table(made_up_result()), effects_table(made_up_result())
    assert [row[0].text for row in scores.rows][3] == "without text input"
    assert [gains.rows[0][column].text for column in (0, 1)] == ["text input", "+2.0"]


def test_members_of_the_sets_are_marked():
    """By hand: StepM found the news gate alone; the confidence set has it and the plain network; a failed one, none."""
    scores, gains = variants_table(made_up_result()), effects_table(made_up_result())
    member, added = list(scores.heads).index("In confidence set"), list(gains.heads).index("StepM: adds")
    assert [row[member].text for row in scores.rows] == ["yes", "yes", "no", "no", "no", "–"]
    assert [row[added].text for row in gains.rows] == ["no", "yes", "no", "no", "–"]


def test_a_set_that_could_not_be_tested_marks_nobody():
    """All are dashes, neither yes nor no."""
    result = made_up_result(superior={"names": [], "size": 0.05, "note": "Four sessions are too few."})
    table = effects_table(result)
    assert {row[list(table.heads).index("StepM: adds")].text for row in table.rows} == {"–"}


def test_sampling_error_and_seeds_stand_apart():
    """By hand: half of 0.6 points, and a standard deviation of 0.1 points over seeds."""
    gains = effects_table(made_up_result())
    row = dict(zip(gains.heads, gains.rows[1], strict=True))
    assert (row["Error of sessions"].text, row["Between seeds"].text) == ("0.30", "0.10")


def test_costs_stand_beside_the_plain_network():
    """A ratio, the weights, and the worst and the best seed; a failed variant has none."""
    costs = costs_table(made_up_result())
    cells = [cell.text.replace("\u00a0", " ") for cell in costs.rows[1]]
    assert cells == ["news gate", "1.3 ×", "0.80", "14.2", "41", "1,234", "56.8% to 57.1%", "0.15"]
    assert {cell.text for cell in costs.rows[-1][1:]} == {"–"}
