"""Each question of the exam has its two sentences."""

import pytest

from stockseq.exam.result import Attained, Question
from stockseq.report.text.exam import asked_sentence, found_sentence

ACCURACY = {"found": 0.559, "ci": (0.548, 0.569)}
SHARES = Attained(ranking=0.92, size=0.88)
SHOWN = "55.9% [54.8%, 56.9%]"


@pytest.mark.parametrize(
    ("topic", "figures", "asked", "found"),
    [
        ("nothing_found", {"bound": 0.029, **ACCURACY}, "nothing found: accuracy within 47.1% to 52.9%", SHOWN),
        (
            "no_edge",
            {"bound": 0.01, "found": None},
            "no edge over chance: clustered Pesaran-Timmermann p above 0.01",
            "no test possible: every forecast says the same",
        ),
        ("least_accuracy", {"bound": 0.56, **ACCURACY}, "the two-input text network: accuracy at least 56.0%", SHOWN),
        (
            "share_attained",
            {"attained": Attained(accuracy=0.74, ic=-0.18, log_loss=None)},
            "share of the attainable found by the text network",
            "accuracy 74%, ic -18%, log loss none, ranking none, size none",
        ),
        ("goal", {"bound": 0.55, **ACCURACY}, "the goal beyond: accuracy 55.0%", f"{SHOWN}: reached"),
        (
            "log_loss",
            {"bound": 3.0, "found": 0.68911, "optimum": 0.6734},
            "log loss not below the optimum's 0.6734 by more than 3 s.e.",
            "0.6891",
        ),
        (
            "gain",
            {"bound": 3.0, "found": 0.104, "ci": (0.087, 0.121), "z": (12.1, 12.1)},
            "text better than its VADER-only twin: paired z above 3",
            "+10.4 points [+8.7, +12.1], z 12.1",
        ),
        (
            "rolling",
            {"bound": 0.03, "optimum": 0.602, **ACCURACY},
            "refitted every few weeks: within 3.0% of the optimum 60.2%",
            f"{SHOWN}, 4.3% short",
        ),
        ("static", {"bound": 0.47, **ACCURACY}, "fitted before the change alone: below 47.0%", SHOWN),
        (
            "within_the_law",
            {"bound": 3.0, "found": 0.7, "z": (-4.7, -3.7)},
            "text: not right more often than the law gives, by 3 s.e.; no market above its optimum by that",
            "+0.7 s.e. beyond the law; at most \u22123.7 above",
        ),
        (
            "profit",
            {"bound": 4.0, "found": 449871.4, "optimum": 493807.9, "z": (-2.0, 1.5)},
            "the best strategy's profit through the account within 4 s.e. of its expectation",
            "449,871 earned before costs, 493,808 expected, z from \u22122.0 to +1.5",
        ),
        (
            "least_ranking",
            {"bound": 0.9, "found": 0.2301, "ci": (0.221, 0.239), "optimum": 0.25, "attained": SHARES},
            "ranks within a session: at least 90% of the best rank IC",
            "rank IC 0.230 [0.221, 0.239] of 0.250: 92%",
        ),
        (
            "least_size",
            {"bound": 0.9, "found": 0.4501, "optimum": 0.4321, "attained": SHARES, "without_learning": 0.949},
            "size of the move: at least 90% of the way from one constant variance to the best QLIKE",
            "QLIKE 0.450 of 0.432: 88%; the volatility known at the decision, rightly scaled, has 95%",
        ),
        (
            "intervals",
            {"coverage": {"80": 0.7961, "95": 0.951}},
            "intervals hold as often as they say",
            "80% held 79.6%, 95% held 95.1%",
        ),
        (
            "no_ranking",
            {"bound": 0.05, "found": 0.0012, "ci": (-0.004, 0.0064), "p": 0.81},
            "no ranks found: p of the rank IC, after Holm, not below 0.05",
            "rank IC 0.001 [-0.004, 0.006], p 0.81",
        ),
        (
            "no_ranking",
            {"bound": 0.05},
            "no ranks found: p of the rank IC, after Holm, not below 0.05",
            "no session ranks",
        ),
        (
            "ranking_within_the_law",
            {"bound": 3.0, "found": -2.25},
            "text: no better ranks than the best forecaster's, by 3 s.e.",
            "\u22122.2 s.e. above",
        ),
        (
            "size_within_the_law",
            {"bound": 3.0, "found": 0.5},
            "text: no better sizes than the best forecaster's, by 3 s.e.",
            "+0.5 s.e. above",
        ),
    ],
)
def test_a_question_says_what_was_asked_and_what_was_found(
    topic: str, figures: dict[str, object], asked: str, found: str
) -> None:
    """A bound without its figure, or a figure without its bound, says nothing."""
    question = Question(market="signal", topic=topic, forecaster="text", passed=True, **figures)
    assert (asked_sentence(question), found_sentence(question)) == (asked, found)
