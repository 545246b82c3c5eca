"""The sentences of a benchmark say what was shown and what was not."""

from typing import Any

import pytest

from stockseq.benchmarks.result import BenchmarkResult
from stockseq.report.text.benchmark import benchmark_sentences, doubts, sample_summary, sample_title
from tests.report.made_up_benchmark import made_up_benchmark


@pytest.fixture
def benchmark() -> dict[str, Any]:
    """The record of a made-up benchmark, for a test to change."""
    return made_up_benchmark()


def paragraph(benchmark: dict[str, Any]) -> str:
    return " ".join(benchmark_sentences(BenchmarkResult.from_dict(benchmark)))


def test_the_sentences_say_what_was_not_shown(benchmark):
    """Six tests (three networks, two samples) of p .12 show nothing; the gain is within its noise."""
    lead, *findings = benchmark_sentences(BenchmarkResult.from_dict(benchmark))
    assert lead.startswith(
        "The ensemble of 2 networks on prices and text named the direction of 53.0% of 3,720 instances on 62 dates of "
        "the test period (all instances; 95% interval clustered by date 48.0% to 58.0%, base rate 51.3%) and "
    )
    assert findings[:3] == [
        "Of all instances of the test period it called 62.0% up, and 51.3% went up.",
        "Of 6 tests of skill (Pesaran-Timmermann, clustered by date), none has p below 0.05.",
        "What news adds to the network on prices alone is not distinguishable from none (paired by instance, clustered "
        "by date, Holm over 1): text (test, all instances) +1.4 points [\u22122.1 to +4.9].",
    ]


def test_the_sentences_say_how_many_dates_it_would_take(benchmark):
    """3,865 independent forecasts tell 2 points (Lehr's formula by hand); times 1 + 59 * .2 = 12.8, over 60 a date."""
    assert "about 825 dates like these; the test period has 62" in paragraph(benchmark)


def test_the_sentences_name_what_the_data_lack(benchmark):
    """What was not scored must not look as if it had been."""
    lacking = "The data end on 2015-12-31 and lack the quarter after it (2016-01-01 to 2016-04-01)"
    assert lacking in paragraph(benchmark)
    assert "lack" not in paragraph({**benchmark, "lacking": []})


def test_the_published_figure_comes_with_its_base_rate(benchmark):
    """58.2 % and 57.4 % of 1,008 are 587 and 579 instances."""
    assert round(0.582 * 1008) - round(0.574 * 1008) == 8
    assert "right on 8 instances more than always saying up" in paragraph(benchmark)


def test_skill_below_the_base_rate_is_called_so(benchmark):
    """A test against chance may be passed by a forecast that always naming one direction would beat."""
    benchmark["skill"][0] |= {"p": 0.001, "p_holm": 0.006, "above_base_rate": False}
    text = paragraph(benchmark)
    assert "1 has p below 0.05, where chance alone would give about 0.3; after Holm's correction skill is shown" in text
    assert "for network on prices (test, all instances; p 0.0060, though below the base rate)." in text


def test_skill_that_a_correction_explains_is_not_named(benchmark):
    """Of many tests some have a small p."""
    benchmark["skill"][0] |= {"p": 0.02, "p_holm": 0.12}
    assert "about 0.3; after Holm's correction none is left." in paragraph(benchmark)


def test_a_gain_that_is_shown_is_named(benchmark):
    """After Holm's correction alone."""
    benchmark["duels"][0]["p_holm"] = 0.03
    assert "on prices alone is shown for text (test, all instances)" in paragraph(benchmark)


@pytest.mark.parametrize(
    ("key", "value", "words"), [("accuracy", 0.61, "an accuracy of 61.0%"), ("rank_ic", 0.06, "a rank IC of 0.060")]
)
def test_a_score_too_good_to_be_true_is_doubted(benchmark, key, value, words):
    """Next-day accuracies above .60 and rank correlations above .05 are misalignments until explained."""
    assert doubts(BenchmarkResult.from_dict(benchmark)) == []
    benchmark["periods"][0]["samples"][1]["scores"]["prices_and_text"] |= {key: value, "accuracy_ci": [0.56, 0.66]}
    first, second = doubts(BenchmarkResult.from_dict(benchmark))
    assert words in first
    assert "misalignment" in second


def test_what_noise_explains_is_not_doubted(benchmark):
    """On forty dates chance gives a rank IC of .05 now and then; the table shows it, the sentences need no alarm."""
    changes = {"rank_ic": 0.06, "rank_ic_t": 1.9, "accuracy": 0.61}
    benchmark["periods"][0]["samples"][1]["scores"]["prices"] |= changes
    assert doubts(BenchmarkResult.from_dict(benchmark)) == []


def test_a_sample_has_its_size_and_its_base_rate_in_its_title(benchmark):
    """An instance without inputs is none that was scored."""
    period = BenchmarkResult.from_dict(benchmark).main
    sample = period.samples[1].model_copy(update={"n_instances": 3730})
    assert sample_title(period, sample) == (
        "The literature's test quarter, tweets on every lag day: 3,720 of 3,730 instances, 62 dates, base rate 51.3% "
        "(up)"
    )
    assert sample_summary(sample) == "Of 4 forecasters, none has an interval wholly above the base rate."


def test_intervals_above_the_base_rate_are_named(benchmark):
    """By hand: .52 is above .513; nothing is corrected there, and the summary says so."""
    benchmark["periods"][0]["samples"][0]["scores"]["prices"]["accuracy_ci"] = [0.52, 0.56]
    sample = BenchmarkResult.from_dict(benchmark).main.samples[0]
    assert sample_summary(sample).endswith("uncorrected for their number: network on prices.")
