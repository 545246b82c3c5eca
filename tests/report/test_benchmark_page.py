"""The page of a benchmark: its words, its picture and its table, from scores written by hand."""

from copy import deepcopy
from typing import Any

import pandas as pd
import pytest

from stockseq.report.benchmark import benchmark_rows, forest_figures, render_benchmark, verdict_sentences
from stockseq.report.run import RunReport
from stockseq.report.text.benchmark import doubts, paragraph
from stockseq.schemas import Dropped

NAMES = ("majority", "prices", "prices_and_sentiment", "prices_and_text")


def scores(**changes: Any) -> dict[str, Any]:
    return {
        "n": 3720,
        "n_sessions": 62,
        "accuracy": 0.53,
        "accuracy_ci": [0.48, 0.58],
        "base_rate": 0.513,
        "share_up": 0.513,
        "share_forecast_up": 0.62,
        "mcc": 0.05,
        "pt_clustered_p": 0.12,
        "rank_ic": 0.01,
        "rank_ic_t": 2.5,
        "rho_hit": 0.2,
        "seeds": [{"accuracy": 0.52}, {"accuracy": 0.54}],
        **changes,
    }


@pytest.fixture
def benchmark() -> dict[str, Any]:
    """A test quarter with both samples, and no quarter after it."""
    constant = scores(mcc=None, pt_clustered_p=None, rank_ic=None, seeds=[])
    every = {name: constant if name == "majority" else scores() for name in NAMES}
    samples = [{"name": name, "n_instances": 3720, "scores": deepcopy(every)} for name in ("all", "tweeted")]
    period = {"name": "test", "title": "the literature's test quarter", "last_held": "2015-12-31", "samples": samples}
    skill = [
        {"period": "test", "sample": sample, "forecaster": name, "p": 0.12, "p_holm": 0.72, "above_base_rate": True}
        for sample in ("all", "tweeted")
        for name in NAMES[1:]
    ]
    duel = {"period": "test", "sample": "all", "better": "prices_and_text", "than": "prices", "p_holm": 0.6}
    return {
        "n_seeds": 2,
        "main_period": "test",
        "skill": skill,
        "periods": [period],
        "lacking": [{"title": "the quarter after it", "first": "2016-01-01", "end": "2016-04-01"}],
        "train": {"n_instances": 20_341, "n_with_inputs": 20_284},
        "duels": [{**duel, "accuracy": {"difference": 0.014, "ci": [-0.021, 0.049], "p": 0.3}}],
    }


def test_the_paragraph_says_what_was_not_shown(benchmark):
    """Six tests (three networks, two samples) of p .12 show nothing; the gain is within its noise."""
    told = paragraph(benchmark)
    assert "53.0% of 3,720 instances on 62 dates of the test period" in told
    assert "95% interval clustered by date 48.0% to 58.0%, base rate 51.3%" in told
    assert "it called 62.0% up, and 51.3% went up" in told
    assert "Of 6 tests of skill (Pesaran-Timmermann, clustered by date), none has p below 0.05." in told
    assert "not distinguishable from none" in told
    assert "+1.4 points [-2.1 to +4.9]" in told


def test_the_paragraph_says_how_many_dates_it_would_take(benchmark):
    """3,865 independent forecasts tell 2 points (Lehr's formula by hand); times 1 + 59 * .2 = 12.8, over 60 a date."""
    assert "about 825 dates like these; the test period has 62" in paragraph(benchmark)


def test_the_paragraph_names_what_the_data_lack(benchmark):
    """What was not scored must not look as if it had been."""
    lacking = "The data end on 2015-12-31 and lack the quarter after it (2016-01-01 to 2016-04-01)"
    assert lacking in paragraph(benchmark)
    assert "lack" not in paragraph({**benchmark, "lacking": []})


def test_the_paragraph_sets_the_published_figure_beside_its_base_rate(benchmark):
    """58.2 % and 57.4 % of 1,008 are 587 and 579 instances."""
    assert "1,008 instances" in paragraph(benchmark)
    assert round(0.582 * 1008) - round(0.574 * 1008) == 8
    assert "right on 8 instances more than always saying up" in paragraph(benchmark)


def test_skill_below_the_base_rate_is_called_so(benchmark):
    """A test against chance may be passed by a forecast that always naming one direction would beat."""
    benchmark["skill"][0] |= {"p": 0.001, "p_holm": 0.006, "above_base_rate": False}
    told = paragraph(benchmark)
    assert (
        "1 has p below 0.05, where chance alone would give about 0.3; after Holm's correction network on prices" in told
    )
    assert "p 0.0060, though below the base rate" in told


def test_skill_that_a_correction_explains_is_not_named(benchmark):
    """Of many tests some have a small p."""
    benchmark["skill"][0] |= {"p": 0.02, "p_holm": 0.12}
    assert "about 0.3; after Holm's correction none." in paragraph(benchmark)


def test_a_gain_that_is_shown_is_named(benchmark):
    """After Holm's correction alone."""
    benchmark["duels"][0]["p_holm"] = 0.03
    assert "on prices alone is shown for text (test, all instances)" in paragraph(benchmark)


@pytest.mark.parametrize(
    ("key", "value", "words"), [("accuracy", 0.61, "an accuracy of 61.0%"), ("rank_ic", 0.06, "a rank IC of 0.060")]
)
def test_a_score_too_good_to_be_true_is_doubted(benchmark, key, value, words):
    """Next-day accuracies above .60 and rank correlations above .05 are misalignments until explained."""
    assert doubts(benchmark) == ""
    benchmark["periods"][0]["samples"][1]["scores"]["prices_and_text"] |= {key: value, "accuracy_ci": [0.56, 0.66]}
    assert words in doubts(benchmark)
    assert "misalignment" in doubts(benchmark)


def test_what_noise_explains_is_not_doubted(benchmark):
    """On forty dates chance gives a rank IC of .05 now and then; the table shows it, the paragraph needs no alarm."""
    benchmark["periods"][0]["samples"][1]["scores"]["prices"] |= {
        "rank_ic": 0.06,
        "rank_ic_t": 1.9,
        "accuracy": 0.61,
    }
    assert doubts(benchmark) == ""


def test_networks_stand_first_and_a_missing_figure_is_none(benchmark):
    """Whatever order a file keeps its keys in."""
    rows = benchmark_rows(benchmark["periods"][0]["samples"][0])
    assert [row["forecaster"] for row in rows][-1] == "Majority"
    assert rows[0]["forecaster"] == "Network on prices"
    assert rows[0]["seeds"] == [0.52, 0.54]
    assert rows[-1]["seeds"] is None
    assert rows[-1]["mcc"] is None


def test_each_sample_has_a_picture_with_its_base_rate(benchmark):
    """Two traces each: the forecasters with their intervals, and the dashed line."""
    _, tweeted = forest_figures(benchmark)
    points, line = tweeted.data
    assert points["error_x"]["array"] == [0.05] * 4
    assert line["x"] == [0.513, 0.513]
    assert "none has an interval wholly above the base rate" in tweeted.summary


def test_all_pictures_share_one_scale(benchmark):
    """By hand: .43 of one sample and .58 of the other, a point beyond; two scales would look like one difference."""
    benchmark["periods"][0]["samples"][0]["scores"]["prices"]["accuracy_ci"] = [0.43, 0.55]
    assert [figure.layout["xaxis"]["range"] for figure in forest_figures(benchmark)] == [
        [pytest.approx(0.42), pytest.approx(0.59)]
    ] * 2


def test_the_verdict_is_a_lead_and_a_list(benchmark):
    """Six sentences of the paragraph, none cut at the point of a figure or after a name."""
    lead, *findings = verdict_sentences(benchmark)
    assert lead.startswith("The ensemble of 2 networks on prices and text named the direction of 53.0%")
    assert " ".join([lead, *findings]) == paragraph(benchmark)
    assert [sentence.split()[0] for sentence in findings] == ["Of", "Of", "What", "To", "The", "A"]


def test_the_page_is_whole_and_escapes_what_is_not_ours(benchmark, tmp_path):
    """Reasons name files, and files are named by others."""
    report = RunReport(
        "20160601T120000Z-benchmark",
        "benchmark",
        pd.Timestamp("2016-06-01 12:00", tz="UTC"),
        "The protocol of Xu & Cohen (2018) on 6 tickers",
        metrics={"benchmark": benchmark},
        dropped=[Dropped("read", "A", "<script>alert(1)</script>", 3), Dropped("read", "B", "repeated", 1)],
        settings={"source": "stocknet"},
        manifest={"recipe": "benchmark"},
    )
    page = render_benchmark(report, tmp_path).read_text(encoding="utf-8")
    assert "<script>alert" not in page
    assert "4 rows were left out" in page
    assert "Xu &amp; Cohen" in page
    assert "20,341 training instances, 20,284 of them with inputs" in page
    assert {path.name for path in tmp_path.iterdir()} == {"index.html", "page.js", "plotly.min.js"}
