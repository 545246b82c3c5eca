"""The plain sentences say what the verdict's tests say, in numbers that a reader can check."""

from typing import Any

import pytest

from stockseq.evaluate.claims import Claim, Claims
from stockseq.evaluate.ranking import RankingScores
from stockseq.evaluate.size import SizeScores
from stockseq.forecasting.live import LiveRecord
from stockseq.report.text.plain import (
    SIMULATED,
    direction_words,
    money_words,
    plain_backtest,
    plain_morning,
    ranking_words,
    size_words,
)
from stockseq.report.text.verdict import verdict
from tests.report.conftest import made_up_figures, made_up_metrics, scores

HELD = made_up_figures(total_return=0.14, n_fills=1)
RANKING = RankingScores(
    score="relative", horizon=0, lag=7, n=900, n_left_out=0, n_sessions=90, n_sessions_left_out=0,
    rank_ic=0.02, rank_ic_ci=(0.01, 0.03), rank_ic_p=0.001,
)  # fmt: skip
SIZE = SizeScores(
    horizon=0, n=900, n_sessions=90, n_tickers=10, n_left_out=0, qlike=0.38, crps=0.01, sigma=0.02, realised=0.02
)


def test_skill_is_more_than_luck() -> None:
    """57.3 % against 50.7 %, up more often than not, p far below .05."""
    assert direction_words(scores(0.573, base_rate=0.507)) == (
        "Right 57 times of 100, where always saying up is right 51 times (15,000 forecasts over 500 sessions). That is "
        "more than luck."
    )


def test_the_commoner_direction_may_be_down() -> None:
    """A share of 49 % up is a base rate of saying down."""
    assert "where always saying down is right 51 times" in direction_words(scores(0.573, base_rate=0.51, share_up=0.49))


def test_no_skill_is_not_shown() -> None:
    """A p of .2 is no sign of luck either: it shows nothing."""
    said = direction_words(scores(0.52, base_rate=0.51, pt_clustered_p=0.2))
    assert said.endswith("That is not shown to be more than luck.")


def test_below_the_base_rate_is_worse() -> None:
    """51 % where 56 % were up: without the test, and with it."""
    below = {"base_rate": 0.56}
    assert direction_words(scores(0.51, **below, pt_clustered_p=0.2)).endswith(
        "That is worse than always saying up, and not shown to be more than luck."
    )
    assert direction_words(scores(0.51, **below)).endswith(
        "That is more than luck, and yet always saying up was right more often."
    )


def test_few_sessions_are_too_few_to_say() -> None:
    """24 sessions, whichever way their test ends."""
    few = {"n": 480, "n_sessions": 24}
    assert direction_words(scores(0.54, **few, pt_clustered_p=0.2)).endswith(
        "24 sessions are too few to say whether that is more than luck."
    )
    assert direction_words(scores(0.54, **few)).endswith(
        "The test calls that more than luck, but 24 sessions are too few to be sure."
    )


def test_what_cannot_be_tested_is_not_called_luck() -> None:
    """Constant forecasts have no p."""
    assert "Whether that is luck can't be said" in direction_words(scores(0.512, pt_clustered_p=None))


def test_shares_that_hundredths_do_not_tell_apart_are_of_a_thousand() -> None:
    """51.4 and 51.1 percent are both 51 of 100; equal shares stay of 100."""
    assert direction_words(scores(0.514, base_rate=0.511)).startswith(
        "Right 514 times of 1,000, where always saying up is right 511 times"
    )
    assert direction_words(scores(0.512, base_rate=0.512)).startswith("Right 51 times of 100")


@pytest.mark.parametrize("p", [None, 0.0004, 0.049, 0.05, 0.4])
@pytest.mark.parametrize("corrected", [True, False])
@pytest.mark.parametrize(("n_sessions", "base_rate"), [(500, 0.51), (500, 0.6), (20, 0.51)])
def test_it_never_disagrees_with_the_verdict(
    p: float | None, corrected: bool, n_sessions: int, base_rate: float
) -> None:
    """Whoever reads on from the sentence to the verdict finds the same answer, with and without the correction."""
    claim = Claim(p=p, p_holm=p) if corrected else None
    record = scores(0.55, n_sessions=n_sessions, base_rate=base_rate, pt_clustered_p=0.001 if corrected else p)
    said, judged = direction_words(record, claim), verdict(record, claim)
    claims = "That is more than luck" in said or "The test calls that more than luck" in said
    assert claims == ("skill is shown" in judged)
    assert ("can't be said" in said) == ("no test of skill is possible" in judged)
    assert ("always saying" in said.split("). ")[1]) <= ("below the base rate" in judged)


def test_a_ranking_is_told_by_pairs() -> None:
    """By hand: 2 sin(pi/6 x .02) = .02094, and its arc sine over pi is .0067, beyond one half."""
    assert ranking_words(RANKING, Claim(p=0.2, p_holm=0.4)) == (
        "Of two stocks it ranked the better one first about 51 times of 100, where luck is right 50 times (90 "
        "sessions). That is not shown to be more than luck."
    )
    nothing = RANKING.model_copy(update={"rank_ic": None, "rank_ic_ci": None})
    assert "can't be said" in ranking_words(nothing, Claim())


def test_a_size_is_held_against_the_usual_formula() -> None:
    """Shown, not shown, and not comparable."""
    assert "It is not shown to foresee the size of the moves better than the usual formula (HAR)" in size_words(
        SIZE, Claim(p=0.2, p_holm=0.2)
    )
    assert "could not be compared" in size_words(SIZE, Claim())


def test_money_is_held_against_holding() -> None:
    """-2 % of 10,000 is 9,800; 14 % more is 11,400."""
    account = made_up_figures(total_return=-0.02, n_fills=900, sharpe_ci=(-3.0, -1.0))
    assert money_words(account, HELD) == (
        "10,000 would have become 9,800 after costs in 499 sessions; holding the same shares, 11,400."
    )
    unsure = account.model_copy(update={"sharpe_ci": (-0.5, 0.7)})
    assert money_words(unsure, None) == (
        "10,000 would have become 9,800 after costs in 499 sessions. Luck alone can do that."
    )


def test_an_account_without_trades_says_so() -> None:
    """Nothing was earned and nothing lost."""
    assert money_words(made_up_figures(), HELD) == (
        "It made no trade in 499 sessions, so 10,000 would have stayed 10,000; holding the same shares, 11,400."
    )


def test_a_backtest_says_direction_ranking_size_and_money_in_this_order() -> None:
    """A simulated market says so last, and what could be reached at once."""
    claims = Claims(direction=Claim(p_holm=0.001), ranking=Claim(p_holm=0.001), size=Claim(p_holm=0.001))
    told = plain_backtest(made_up_metrics(claims=claims, ranking=RANKING, size=SIZE))
    assert [sentence.split(" ")[0] for sentence in told] == ["Right", "Of", "It", "10,000", "This"]
    assert told[-1] == f"{SIMULATED} The best that any forecast can expect here is 58 times of 100."


def test_a_backtest_of_before_0_3_has_neither_ranking_nor_size() -> None:
    """What wasn't tested isn't told, and a real market isn't called simulated."""
    told = plain_backtest(made_up_metrics(optimum=None))
    assert [sentence.split(" ")[0] for sentence in told] == ["Right", "10,000"]


def test_a_morning_tells_the_model_s_record_and_the_live_one() -> None:
    """One session has no interval, and so no test."""
    nothing: dict[str, Any] = {"n_late": 0, "n_open": 6, "scores": None}
    one = plain_morning(scores(0.55), LiveRecord(n=20, n_sessions=1, **nothing), simulated=True)
    assert one[0].startswith("Out of sample: right 55 times of 100")
    assert one[1:] == ["Live: 20 forecasts of one session are too few to say.", SIMULATED]
    scored = LiveRecord(n=80, n_sessions=4, n_late=0, n_open=0, scores=scores(0.6, n=80, n_sessions=4))
    assert plain_morning(None, scored)[1].startswith("Live: right 60 times of 100")
