"""Each sentence follows from the numbers, and says no more than they do."""

from typing import Any

import pytest

from stockseq.report.text.findings import find


def pair(difference: float, p: float | None) -> dict[str, Any]:
    """A baseline beside the model: the same in both measures, with the log loss the other way round."""
    tested = {"standard_error": 0.01, "p": p, "p_holm": p}
    return {
        "n_sessions": 250,
        "accuracy": {"difference": difference, **tested},
        "log_loss": {"difference": -difference, **tested},
    }


def test_baselines_are_sorted_into_beaten_beating_and_undecided() -> None:
    """For accuracy more is better, for log loss less."""
    compared = {"majority": pair(0.03, 0.001), "logistic": pair(-0.02, 0.02), "momentum_12_1": pair(0.01, 0.3)}
    accuracy, log_loss, *_ = find({"comparisons": compared})
    told = (
        "it beats majority; it is beaten by logistic regression; it can't be told from momentum 12-1, after Holm's "
        "correction for their number."
    )
    assert accuracy == f"In accuracy {told}"
    assert log_loss == f"In log loss {told}"


def test_all_of_them_are_counted_and_not_listed() -> None:
    """Nine names say less than their number."""
    compared = {name: pair(0.0, 0.6) for name in ("majority", "persistence", "reversal_5")}
    assert find({"comparisons": compared})[0] == (
        "In accuracy it can't be told from any of the 3 baselines, after Holm's correction for their number."
    )


def test_an_undecided_difference_says_how_long_it_would_take() -> None:
    """By hand: two-sided, 250 sessions x ((1.9600 + .8416) x .01 / .01)^2 = 1,962.2, rounded up."""
    assert find({"comparisons": {"reversal_5": pair(0.01, 0.3)}})[-1] == (
        "To tell its +1.0 points beside reversal 5 from noise would take about 1,963 sessions like these 250."
    )


def test_what_can_not_be_tested_is_undecided() -> None:
    """No p is not a small p."""
    assert find({"comparisons": {"majority": pair(0.0, None)}}) == [
        "In accuracy it can't be told from majority, after Holm's correction for 1 baseline.",
        "In log loss it can't be told from majority, after Holm's correction for 1 baseline.",
    ]


def test_what_undoes_a_run_stands_first() -> None:
    """A failed placebo and a forecast that repeats make all that follows worthless."""
    sentences = find(
        {
            "comparisons": {"majority": pair(0.03, 0.001)},
            "placebos": {
                "early_features": {"as_expected": True, "verdict": "it jumps"},
                "shuffled_labels": {"as_expected": False, "verdict": "SOMETHING FOUND"},
            },
            "repetition": {"repeats": "reversed", "share": 0.81},
        }
    )
    assert sentences[0] == "Placebo. Trained on labels of other dates: SOMETHING FOUND."
    assert sentences[1].startswith("THE FORECAST LARGELY IS THE LAST RETURN TURNED ROUND")
    assert "81.0%" in sentences[1]
    assert sentences[-1] == "Placebo. Features a session early: it jumps."


def test_a_copy_is_called_mere() -> None:
    """A tenth of its order may be rounding; more may be news."""
    (sentence,) = find({"repetition": {"repeats": "last", "share": 0.97}})
    assert sentence.startswith("THE FORECAST MERELY REPEATS THE LAST RETURN")


def test_an_edge_of_runs_is_doubted() -> None:
    """Outcomes and forecasts that both persist agree by luck for long."""
    (sentence,) = find({"forecast": {"pt_clustered_p": 0.01, "pt_serial_p": 0.4}})
    assert sentence.startswith("The edge may be luck of runs")
    assert find({"forecast": {"pt_clustered_p": 0.01, "pt_serial_p": 0.02}}) == []


@pytest.mark.parametrize(("p", "said"), [(0.01, "earn more than"), (0.4, "are not shown to earn more than")])
def test_positions_are_held_against_blind_ones(p: float, said: str) -> None:
    """Both tests must agree before a gain is claimed."""
    (sentence,) = find({"circular_shift": {"p": 0.01, "n": 500}, "random_signal": {"p": p, "n": 199}})
    assert sentence.startswith(
        f"Before costs its positions {said} the same positions at other times (p 0.010, 500 draws)"
    )


def test_a_book_that_never_traded_is_said_so() -> None:
    """One ticker can't be ranked."""
    assert find({"portfolio": {"n_fills": 0, "deflated_sharpe": None}})[0].startswith("It never traded")


def test_a_sharpe_ratio_is_given_with_the_number_of_trials() -> None:
    """Without N no deflated figure can be judged."""
    (sentence,) = find({"portfolio": {"n_fills": 9, "deflated_sharpe": 0.4, "n_trials": 12}})
    assert "the luckiest of 12 configurations without skill with a probability of 40.0%" in sentence


def test_what_was_left_out_is_named_in_words() -> None:
    """The key of metrics.json means nothing to whoever reads the sentence."""
    impossible = {"logistic_sentiment": "Fold 1: logistic_sentiment needs news."}
    assert find({"impossible": impossible}) == ["Left out: Fold 1: logistic regression on sentiment needs news."]


def test_a_run_without_these_parts_says_nothing() -> None:
    """The daily run has none of them."""
    assert find({"forecast": {"n": 3}}) == []
