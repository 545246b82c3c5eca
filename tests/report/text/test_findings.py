"""Each finding follows from the numbers, and says no more than they do."""

from typing import Any

import pytest

from stockseq.evaluate.comparison import Comparison, PairedTest
from stockseq.report.metrics import BacktestMetrics
from stockseq.report.text.findings import find, second_opinion
from tests.report.conftest import made_up_metrics, scores

NOTHING: dict[str, Any] = {"comparisons": {}, "placebos": {}, "portfolio": {}}


def backtest(**changes: Any) -> BacktestMetrics:
    """A backtest of which only the changed parts find something."""
    portfolio = made_up_metrics().portfolio.to_dict() | {"deflated_sharpe": None} | changes.pop("portfolio", {})
    parts = {"comparisons": {}, "placebos": {}, "portfolio": portfolio, "forecast": scores(0.52)}
    return made_up_metrics(**(parts | changes))


def pair(difference: float, p: float | None) -> Comparison:
    """A baseline against the model: the same in both measures, with the log loss the other way round."""

    def tested(value: float) -> PairedTest:
        return PairedTest(
            difference=value, standard_error=0.01, n_sessions=250, ci=(value - 0.02, value + 0.02), p=p, p_holm=p
        )

    return Comparison(n=5000, n_sessions=250, n_left_out=0, accuracy=tested(difference), log_loss=tested(-difference))


def test_baselines_are_sorted_into_beaten_beating_and_undecided() -> None:
    """For accuracy more is better, for log loss less."""
    comparisons = {"majority": pair(0.03, 0.001), "logistic": pair(-0.02, 0.02), "momentum_12_1": pair(0.01, 0.3)}
    accuracy, log_loss, *_ = find(backtest(comparisons=comparisons))
    found = (
        "it beats majority; it loses to logistic regression; it differs only within noise from momentum 12-1, after "
        "Holm's correction."
    )
    assert accuracy == f"In accuracy {found}"
    assert log_loss == f"In log loss {found}"


def test_all_of_them_are_counted_and_not_listed() -> None:
    """Nine names say less than their number."""
    comparisons = {name: pair(0.0, 0.6) for name in ("majority", "persistence", "reversal_5")}
    assert find(backtest(comparisons=comparisons))[0] == (
        "In accuracy it differs only within noise from all 3 baselines, after Holm's correction."
    )


def test_an_undecided_difference_says_how_long_it_would_take() -> None:
    """By hand: two-sided, 250 sessions x ((1.9600 + .8416) x .01 / .01)^2 = 1,962.2, rounded up."""
    assert find(backtest(comparisons={"reversal_5": pair(0.01, 0.3)}))[-1] == (
        "Its +1.0 points of accuracy against reversal 5 would take about 1,963 sessions to show; there are 250."
    )


def test_what_can_not_be_tested_is_undecided() -> None:
    """No p is not a small p."""
    assert find(backtest(comparisons={"majority": pair(0.0, None)}))[0] == (
        "In accuracy it differs only within noise from majority, after Holm's correction."
    )


def test_what_undoes_a_run_stands_first() -> None:
    """A failed placebo and a forecast that repeats the last return make all that follows worthless."""
    placebo = {"accuracy": 0.6, "chance": 0.5, "difference": 0.1, "pt_clustered_p": 0.0001, "verdict": ""}
    repetition = {
        "correlation": -0.9, "share": 0.81, "threshold": 0.5, "repeats": "reversed", "n": 500, "n_tickers": 2,
        "n_tickers_left_out": 0,
    }  # fmt: skip
    sentences = find(
        backtest(
            comparisons={"majority": pair(0.03, 0.001)},
            placebos={
                "early_features": {**placebo, "as_expected": True},
                "shuffled_labels": {**placebo, "as_expected": False},
            },
            repetition=repetition,
        )
    )
    assert sentences[0].startswith("Placebo. Trained on labels of other dates: SKILL FOUND WHERE THERE IS NONE")
    assert sentences[1].startswith("THE FORECAST LARGELY REVERSES THE LAST RETURN: that return alone explains 81.0%")
    assert sentences[-1].startswith("Placebo. Features early enough to know: accuracy jumps by +10.0 points")
    copy = find(backtest(repetition=repetition | {"share": 0.97, "repeats": "last"}))
    assert copy[0].startswith("THE FORECAST MERELY REPEATS THE LAST RETURN")


def test_an_edge_of_persistence_is_doubted() -> None:
    """Outcomes and forecasts that both persist agree by luck for long."""
    doubted = find(backtest(forecast=scores(0.52, pt_clustered_p=0.01, pt_serial_p=0.4)))
    assert doubted == [
        "The edge may come from persistence: controlled for each ticker's last outcome and forecast, its p is 0.40."
    ]
    assert find(backtest(forecast=scores(0.52, pt_clustered_p=0.01, pt_serial_p=0.02))) == []


@pytest.mark.parametrize(("p", "said"), [(0.01, "earn more than"), (0.4, "are not shown to earn more than")])
def test_positions_are_tested_against_blind_ones(p: float, said: str) -> None:
    """Both tests must agree before a gain is claimed."""
    shift, random = {"p": 0.01, "n": 500, "note": None}, {"p": p, "n": 199, "note": None}
    (sentence,) = find(backtest(circular_shift=shift, random_signal=random))
    assert sentence.startswith(
        f"Before costs its positions {said} the same positions at other times (p 0.010, 500 draws)"
    )


def test_a_book_that_never_traded_is_said_so() -> None:
    """One ticker can't be ranked."""
    assert find(backtest(portfolio={"n_fills": 0}))[0].startswith("It never traded")


@pytest.mark.parametrize(
    ("rank_by", "ranked_by", "ending"),
    [
        ("relative", "relative", "by the rank forecast for each among the others."),
        ("relative", "probability", "by the forecast probability of up, because its forecasts name no rank."),
        ("return", "return", "by the expected return."),
    ],
)
def test_what_ranked_the_tickers_is_said(rank_by: str, ranked_by: str, ending: str) -> None:
    """A model without the head for ranks falls back, and the reader must not take it for one that has it."""
    (sentence,) = find(backtest(portfolio={"rank_by": rank_by, "ranked_by": ranked_by}))
    assert sentence.endswith(ending)


def test_a_sharpe_ratio_is_given_with_the_number_of_trials() -> None:
    """Without N no deflated figure can be judged."""
    (sentence,) = find(backtest(portfolio={"deflated_sharpe": 0.4, "n_trials": 12}))
    assert "the luckiest of 12 configurations without skill with a probability of 40.0%" in sentence


def test_what_was_left_out_is_named_in_words() -> None:
    """The key of metrics.json means nothing to whoever reads the sentence."""
    impossible = {"logistic_sentiment": "Fold 1: it needs news."}
    assert find(backtest(impossible=impossible)) == [
        "Left out: logistic regression on sentiment. Fold 1: it needs news."
    ]


def test_a_rival_that_did_not_learn_from_all_windows_is_named() -> None:
    """Whoever compares with it must know."""
    thinned = {"gradient_boosting": {"n_learnt": 1_000_000, "n_windows": 2_400_000}}
    assert find(backtest(thinned=thinned)) == [
        "Thinned: gradient boosting learnt from 1,000,000 of the 2,400,000 training windows of the largest fold, drawn "
        "by chance."
    ]


def test_a_second_opinion_that_differs_is_named() -> None:
    """By hand: a paired p of .3 and a Diebold-Mariano p of .046 disagree at .05."""
    pairs = made_up_metrics().comparisons
    undecided = pairs["majority"].model_copy(update={"log_loss": pair(0.0, 0.3).log_loss})
    forecast = scores(0.55, accuracy_bootstrap_ci=[0.54, 0.56])
    assert "agree on every baseline" in second_opinion(forecast, pairs)
    assert "disagree on majority." in second_opinion(forecast, {**pairs, "majority": undecided})
    assert second_opinion(scores(0.55), pairs).startswith("This run is from before version 0.2")


def test_tickers_that_cost_more_than_their_share_are_named_in_place_of_a_wrong_reason() -> None:
    """Forecasts led to positions; the capital didn't reach for one share."""
    dear = "Never bought: BRK-K and NVR-K. One share costs more than its share of the capital"
    assert find(backtest(unaffordable=("BRK-K", "NVR-K"), portfolio={"n_fills": 0}))[0].startswith(dear)
    assert any(sentence.startswith(dear) for sentence in find(backtest(unaffordable=("BRK-K", "NVR-K"))))
