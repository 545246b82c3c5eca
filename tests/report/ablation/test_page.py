"""The page of an ablation: its sections, its picture and its limits, from figures written by hand."""

import json
from pathlib import Path
from typing import Any

import pytest
import tomli_w

from stockseq.report.ablation.page import effects_figure, limitations, render_ablation
from stockseq.report.render import render_run
from tests.report.conftest import ATTACK
from tests.report.made_up_ablation import made_up_ablation, made_up_ablation_run, made_up_result
from tests.report.test_page import Page


def draw(folder: Path, ablation: dict[str, Any] | None = None, **replaced: object) -> Page:
    """Write the page and read it again."""
    result = made_up_result(**({} if ablation is None else ablation))
    return Page(render_ablation(made_up_ablation_run(**replaced), result, folder).read_text(encoding="utf-8"))


def test_the_sections_stand_in_the_order_of_the_questions(tmp_path):
    """Found, how much, every time, in figures, learnt, from what, not shown, how again."""
    page = draw(tmp_path)
    sections = [section["id"] for section in page.named("section")]
    assert sections == ["verdict", "effects", "folds", "table", "readings", "inputs", "limits", "reproduce"]
    assert (
        page.text.index("3 hold after correction") < page.text.index("best pair: \u22120.6") < page.text.index("56.1%")
    )
    assert "The loss of seed 1 is no number any more in epoch 3." in page.text
    assert "Fold 4: news_gate + projection" in page.text.replace("\n", "")


def test_each_sentence_stands_once(tmp_path):
    """What is claimed stands above, what is open below the picture."""
    text = draw(tmp_path).text
    for sentence in ("news gate: +0.9 points", "temporal attention: no evidence", "The 90% confidence set"):
        assert text.count(sentence) == 1


def test_effects_are_sorted_and_filled_where_holm_holds():
    """By hand: 2.0, 0.9, -0.2 and -0.6 points, of which only that of p 1 may be luck; a failed variant has no mark."""
    figure = effects_figure(made_up_result())
    assert figure is not None
    assert figure.plot.layout["yaxis"]["categoryarray"] == [
        "text input",
        "news gate",
        "temporal attention",
        "best pair",
    ]
    accuracy = [trace for trace in figure.plot.data if trace["xaxis"] == "x"]
    assert [trace["name"].split(",")[0] for trace in accuracy] == ["Input", "Layer", "Best pair of layers"]
    assert [trace["x"] for trace in accuracy] == [[2.0], [0.9, -0.2], [-0.6]]
    assert [trace["marker"]["symbol"] for trace in accuracy] == [["square"], ["circle", "circle-open"], ["diamond"]]
    assert accuracy[1]["error_x"]["array"] == [0.6, 0.5]
    assert "3 held beyond noise: text input, news gate, best pair" in figure.summary


def test_plotly_accepts_the_picture():
    """Plotly's validators refuse an unknown key or a value of the wrong kind."""
    figure = effects_figure(made_up_result())
    assert figure is not None
    figure.plot.as_figure("Effects")


def test_the_information_coefficient_has_a_panel_of_its_own_test():
    """A p that could not be had leaves the pair's mark hollow, whatever its accuracy shows."""
    figure = effects_figure(made_up_result())
    assert figure is not None
    information = [trace for trace in figure.plot.data if trace["xaxis"] == "x2"]
    assert [trace["x"] for trace in information] == [[30.0], [12.0, -1.0], [-4.0]]
    assert information[2]["marker"]["symbol"] == ["diamond-open"]


def test_a_family_that_failed_has_no_picture_and_no_folds(tmp_path):
    """The page says so instead."""
    ablation = made_up_ablation()
    ablation["variants"] = [ablation["variants"][0], ablation["variants"][-1]]
    ablation["confidence_set"]["names"], ablation["superior"]["names"] = ["plain"], []
    text = draw(tmp_path, ablation).text
    assert "No variant of this run could be compared" in text
    assert "left no differences by fold" in text


@pytest.mark.parametrize(("source", "words"), [("simulated", "This market is simulated."), ("files", "survivorship")])
def test_limits_begin_with_where_the_bars_came_from_and_end_with_the_doubts(source, words):
    """The manifest knows the source; of an older run the settings do."""
    run = made_up_ablation_run(manifest={}, settings={"source": source}, limitations=["Prices of T1 repeat."])
    sentences = limitations(run, made_up_result())
    assert words in sentences[0]
    assert sentences[-1] == "Prices of T1 repeat."


def test_an_old_run_is_drawn_from_its_folder_and_again_to_the_byte(tmp_path):
    """`make report` draws any run by the recipe in its manifest."""
    folder = tmp_path / "20160104T131200Z-ablation"
    folder.mkdir()
    files = {
        "manifest": {"recipe": "ablation", "title": "Ablation of 5 variants", "now": "2016-01-04T13:12:00+00:00"},
        "account": {
            "dropped": [{"stage": "features", "ticker": "T1", "reason": "warm-up", "n_rows": 60}],
            "outcomes": [],
            "doubts": ["Prices of T1 repeat."],
            "models": [],
        },
        "metrics": {"ablation": made_up_ablation(), "coverage": made_up_ablation_run().coverage.to_dict()},
    }
    for name, value in files.items():
        (folder / f"{name}.json").write_text(json.dumps(value), encoding="utf-8")
    (folder / "settings.toml").write_text(tomli_w.dumps({"source": "files"}), encoding="utf-8")
    page = render_run(folder)
    first = page.read_bytes()
    assert page == folder / "report" / "index.html"
    assert b"60 rows were left out" in first
    assert b"Prices of T1 repeat." in first
    assert render_run(folder).read_bytes() == first


def test_what_others_named_never_becomes_an_element(tmp_path):
    """Components, changes, failures, layers and their readings are text, whatever they hold."""
    ablation = made_up_ablation()
    for variant in ablation["variants"][1:]:
        variant |= {"component": ATTACK, "changes": ATTACK, "failure": ATTACK}
        variant["readings"] = {ATTACK: {ATTACK: [0.1, 0.2], "weight_" + ATTACK: 0.5}}
    ablation["variants"][4]["chosen"] = [ATTACK]
    page = draw(tmp_path, ablation, settings={ATTACK: ATTACK}, limitations=[ATTACK])
    scripts = [(script.get("src"), script.get("type")) for script in page.named("script")]
    assert scripts == [("page.js", None), ("tables.js", None), (None, "application/json")]
    assert not page.named("img")
    assert not [name for _, attributes in page.elements for name in attributes if name.startswith("on")]
    assert "\u202e" not in page.text
