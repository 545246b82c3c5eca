"""The page of an ablation: its words, its picture, its heat map and its tables, from figures written by hand."""

from pathlib import Path

import plotly.graph_objects as go
import pytest

from stockseq.report.ablation import render_ablation
from stockseq.report.ablation_figures import effects_figure
from stockseq.report.ablation_limits import ablation_limitations
from stockseq.report.ablation_tables import build_fold_map, costs_table, effects_table, variants_table
from stockseq.report.text.ablation_parts import sets_sentences
from tests.report.conftest import ATTACK
from tests.report.made_up_ablation import made_up_ablation, made_up_ablation_run
from tests.report.test_figures import painted
from tests.report.test_page import Page


def draw(folder: Path, ablation: object = None, **replaced: object) -> Page:
    """Write the page and read it again."""
    return Page(render_ablation(made_up_ablation_run(ablation, **replaced), folder).read_text(encoding="utf-8"))


def test_the_sections_stand_in_the_order_of_the_questions(tmp_path):
    """Found, how much, every time, in figures, learnt, from what, not shown, how again."""
    page = draw(tmp_path)
    sections = [section["id"] for section in page.named("section")]
    assert sections == ["verdict", "effects", "folds", "table", "readings", "inputs", "limits", "reproduce"]
    assert page.text.index("Two components help") < page.text.index("The best pair harms.") < page.text.index("56.1%")


def test_effects_are_sorted_and_filled_where_holm_holds():
    """By hand: 2.0, 0.9, -0.2 and -0.6 points, of which only that of p 1 may be luck; a failed variant has no mark."""
    figure = effects_figure(made_up_ablation()["variants"])
    assert figure is not None
    assert figure.layout["yaxis"]["categoryarray"] == ["text input", "news gate", "temporal attention", "best pair"]
    accuracy = [trace for trace in figure.data if trace["xaxis"] == "x"]
    assert [trace["name"].split(",")[0] for trace in accuracy] == ["Input", "Layer", "Best pair of layers"]
    assert [trace["x"] for trace in accuracy] == [[2.0], [0.9, -0.2], [-0.6]]
    assert [trace["marker"]["symbol"] for trace in accuracy] == [["square"], ["circle", "circle-open"], ["diamond"]]
    assert accuracy[1]["error_x"]["array"] == [0.6, 0.5]
    assert "3 held beyond noise: text input, news gate, best pair" in figure.summary


def test_plotly_accepts_the_picture():
    """Plotly's own validators refuse an unknown key or a value of the wrong kind."""
    figure = effects_figure(made_up_ablation()["variants"])
    assert figure is not None
    go.Figure(data=painted(list(figure.data)), layout=painted(figure.layout))


def test_the_information_coefficient_has_a_panel_of_its_own_test():
    """A p that could not be had leaves the pair's mark hollow, whatever its accuracy shows."""
    figure = effects_figure(made_up_ablation()["variants"])
    assert figure is not None
    information = [trace for trace in figure.data if trace["xaxis"] == "x2"]
    assert [trace["x"] for trace in information] == [[30.0], [12.0, -1.0], [-4.0]]
    assert information[2]["marker"]["symbol"] == ["diamond-open"]


def test_the_heat_map_is_coloured_by_the_largest_difference():
    """By hand: 2.4 points is the deepest, 0.6 a quarter of it, 0 has no side, and a missing fold is told."""
    heat = build_fold_map(made_up_ablation())
    assert heat is not None
    assert heat.folds == ["Fold 1", "Fold 2", "Fold 3", "Fold 4"]
    rows = dict(heat.rows)
    assert [cell.strength for cell in rows["text input"]] == [75, 100, 79, 83]
    assert [(cell.text, cell.side) for cell in rows["news gate"]][2] == ("–", "unknown")
    assert [(cell.side, cell.strength) for cell in rows["temporal attention"]][:2] == [("loss", 25), ("none", 0)]
    assert heat.n_absent == 1


def test_folds_without_any_difference_make_no_heat_map(tmp_path):
    """The page says so instead."""
    ablation = made_up_ablation()
    for variant in ablation["variants"]:
        variant["by_fold"] = None
    assert build_fold_map(ablation) is None
    assert "left no differences by fold" in draw(tmp_path, ablation).text


def test_a_network_that_lacks_an_input_is_named_so():
    """Its accuracy is that without the input; its effect is what the input adds."""
    scores, gains = variants_table(made_up_ablation()), effects_table(made_up_ablation())
    assert scores is not None
    assert gains is not None
    assert [row[0].text for row in scores.rows][3] == "without text input"
    assert [gains.rows[0][place].text for place in (0, 1)] == ["text input", "+2.0"]


def test_each_row_says_whether_the_sets_hold_it():
    """StepM found the news gate alone; the confidence set keeps it and the plain network; a failed one, none."""
    scores, gains = variants_table(made_up_ablation()), effects_table(made_up_ablation())
    assert scores is not None
    assert gains is not None
    kept, added = list(scores.heads).index("In confidence set"), list(gains.heads).index("StepM: adds")
    assert [row[kept].text for row in scores.rows] == ["yes", "yes", "no", "no", "no", "–"]
    assert [row[added].text for row in gains.rows] == ["no", "yes", "no", "no", "–"]


def test_sampling_error_and_seeds_stand_apart():
    """By hand: half of 0.6 points, and a standard deviation of 0.1 points over seeds."""
    gains = effects_table(made_up_ablation())
    assert gains is not None
    row = dict(zip(gains.heads, gains.rows[1], strict=True))
    assert (row["Error of sessions"].text, row["Between seeds"].text) == ("0.30", "0.10")


def test_costs_are_told_beside_the_plain_network():
    """A ratio, the weights, and the worst and the best seed."""
    costs = costs_table(made_up_ablation())
    assert costs is not None
    cells = [cell.text.replace("\u00a0", " ") for cell in costs.rows[1]]
    assert cells == ["news gate", "1.3 ×", "0.80", "14.2", "41", "1,234", "56.8% to 57.1%", "0.15"]


def test_the_confidence_set_names_networks_and_stepm_components():
    """What may be the best is the network without text; what StepM finds is that text adds."""
    ablation = made_up_ablation()
    ablation["confidence_set"]["names"] = ["plain", "news_gate", "without_text"]
    ablation["superior"]["names"] = ["without_text"]
    superior, confident = sets_sentences(ablation)
    assert superior.endswith("finds text input to add to accuracy.")
    assert "keeps plain network, news gate and without text input:" in confident


def test_a_set_that_could_not_be_had_says_why():
    """Its note stands in place of the names."""
    ablation = made_up_ablation()
    ablation["superior"] = {"names": [], "size": 0.05, "note": "Four sessions are too few."}
    assert sets_sentences(ablation)[0] == "Four sessions are too few."


def test_a_failure_is_told_with_its_reason(tmp_path):
    """A variant that diverged is not one that was never there."""
    page = draw(tmp_path)
    assert "The loss of seed 1 is no number any more in epoch 3." in page.text


def test_limits_follow_from_the_run():
    """Three seeds, one open component of 780 sessions where there are 500, and 31 configurations."""
    told = " ".join(ablation_limitations(made_up_ablation_run()))
    assert told.startswith("This market is simulated.")
    assert "Of 1 component neither help nor harm is shown" in told
    assert "To tell an edge of 1.0 points would take 780 sessions; there are 500." in told
    assert "trained from 3 seeds" in told
    assert "the best pair alone" in told
    assert "31 configurations" in told


@pytest.mark.parametrize("n_seeds", [1, 5])
def test_seeds_are_a_limit_only_where_they_are_few(n_seeds):
    """One tells nothing of luck; of five, the spread is told well enough."""
    told = " ".join(ablation_limitations(made_up_ablation_run({**made_up_ablation(), "seeds": list(range(n_seeds))})))
    assert ("from one seed" in told) == (n_seeds == 1)
    assert "rained from 5 seeds" not in told


@pytest.mark.parametrize("key", sorted(made_up_ablation()))
def test_any_value_may_be_missing(tmp_path, key):
    """What could not be had is None in metrics.json, and a dash or a sentence here."""
    assert "What this page can't show" in draw(tmp_path, {**made_up_ablation(), key: None}).text


@pytest.mark.parametrize("key", sorted(made_up_ablation()["variants"][1]))
def test_any_value_of_a_variant_may_be_missing(tmp_path, key):
    """The family goes on without what one variant lacks."""
    ablation = made_up_ablation()
    ablation["variants"][1][key] = None
    assert "What this page can't show" in draw(tmp_path, ablation).text


def test_what_others_named_never_becomes_an_element(tmp_path):
    """Variants, changes, verdicts, failures, layers and their readings are text, whatever they hold."""
    ablation = made_up_ablation()
    for variant in ablation["variants"][1:]:
        variant |= {"name": ATTACK, "component": ATTACK, "changes": ATTACK, "verdict": ATTACK, "failure": ATTACK}
        variant["readings"] = {ATTACK: {ATTACK: [0.1, 0.2], "weight_" + ATTACK: 0.5}}
    ablation |= {"verdict": [ATTACK, ATTACK], "superior": {"names": [ATTACK], "size": 0.05, "note": ATTACK}}
    ablation["variants"][4]["chosen"] = [ATTACK]
    page = draw(tmp_path, ablation, settings={ATTACK: ATTACK}, limitations=[ATTACK])
    scripts = [(script.get("src"), script.get("type")) for script in page.named("script")]
    assert scripts == [("plotly.min.js", None), ("page.js", None), (None, "application/json")]
    assert not page.named("img")
    assert not [name for _, attributes in page.elements for name in attributes if name.startswith("on")]
    assert "\u202e" not in page.text
