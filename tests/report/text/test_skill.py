"""The sentences on rank, size and money: what is claimed, what is not, and beside what."""

import pytest

from stockseq.backtest.performance import PerformanceFigures
from stockseq.evaluate.coverage import IntervalScores
from stockseq.evaluate.ranking import RankingScores
from stockseq.evaluate.significance import MeanOverTime
from stockseq.evaluate.size import SizeComparison, SizeScores
from stockseq.report.format import MINUS
from stockseq.report.text.skill import money_sentence, ranking_sentence, size_sentence

RANKING = RankingScores(
    score="relative", horizon=0, lag=7, n=900, n_left_out=0, n_sessions=90, n_sessions_left_out=0,
    rank_ic=0.0193, rank_ic_ci=(0.0121, 0.0274), rank_ic_p=1e-7,
)  # fmt: skip
SIZE = SizeScores(
    horizon=0, n=900, n_sessions=90, n_tickers=10, n_left_out=0, qlike=0.38, crps=0.01, sigma=0.02, realised=0.02
)
MONEY = PerformanceFigures(
    total_return=0.3, cagr=0.041, volatility=0.08, sharpe=0.512, sharpe_ci=(-0.11, 1.13), sharpe_per_session=0.03,
    sortino=0.7, skew=0.0, kurtosis=3.0, n_returns=250, max_drawdown=-0.1, turnover=0.2, cost=0.01,
    break_even_cost_bps=9.0, n_fills=120,
)  # fmt: skip


def difference(mean: float, p: float) -> MeanOverTime:
    return MeanOverTime(mean=mean, t=1.0, ci=(mean - 0.004, mean + 0.004), p=p, p_above=p / 2, lag=4, n=90)


def plain(sentence: str) -> str:
    return sentence.replace(MINUS, "-")


@pytest.mark.parametrize(
    ("p", "begins"), [(0.049, "It ranks: "), (0.05, "It is not shown to rank: "), (None, "It is not shown to rank: ")]
)
def test_a_claim_to_rank_needs_p_after_holm(p: float | None, begins: str) -> None:
    """The interval of one test alone claims nothing."""
    sentence = ranking_sentence(RANKING, p)
    assert sentence.startswith(f"{begins}rank IC 0.019 (95% interval 0.012 to 0.027) over 90 sessions")


@pytest.mark.parametrize(
    ("against", "words"),
    [
        (difference(-0.002, 0.3), "not told apart from gradient boosting (difference -0.002, -0.006 to +0.002)."),
        (difference(0.006, 0.01), "better than gradient boosting by 0.006 (+0.002 to +0.010)."),
        (difference(-0.006, 0.01), "worse than gradient boosting by 0.006 (-0.010 to -0.002)."),
    ],
)
def test_a_rival_is_better_worse_or_not_told_apart(against: MeanOverTime, words: str) -> None:
    """Whichever it is, the interval stands beside it."""
    sentence = ranking_sentence(RANKING, 0.001, rival="gradient_boosting", difference=against)
    assert plain(sentence).endswith(words)


def test_a_ranking_without_sessions_says_what_it_lacks() -> None:
    """Nine tickers a session are too few to rank."""
    few = RANKING.model_copy(update={"rank_ic": None, "rank_ic_ci": None, "n_sessions": 0})
    assert ranking_sentence(few, None).startswith("Its ranking can't be tested: 0 sessions of at least ten tickers")


def test_sizes_are_claimed_against_their_rival_with_the_share_of_outcomes_held() -> None:
    """Below the rival with a small p is a claim; above it never is."""
    held = {"80": 0.796, "95": 0.948}
    intervals = {
        level: IntervalScores(level=int(level) / 100, n=900, n_sessions=90, coverage=share, width=0.05, by_year={})
        for level, share in held.items()
    }
    size = SIZE.model_copy(update={"intervals": intervals})
    better = SizeComparison(n=900, n_sessions=90, qlike=0.38, rival_qlike=0.4086, relative=-0.07)
    assert size_sentence(size, 0.0001, rival="har", against=better) == (
        "It sizes moves: QLIKE 0.380 over 900 forecasts, 7.0% below that of HAR, p below 0.001; 80% intervals held "
        "79.6% and 95% intervals held 94.8% of outcomes."
    )
    worse = SizeComparison(n=900, n_sessions=90, qlike=0.38, rival_qlike=0.37, relative=0.027)
    assert size_sentence(SIZE, 0.9, rival="har", against=worse) == (
        "It is not shown to size moves better than HAR: QLIKE 0.380 over 900 forecasts, 2.7% above that of HAR, p 0.90."
    )


def test_a_size_stands_with_its_intervals() -> None:
    """By hand: 0.004 and 0.012 of a rival's QLIKE of 0.4 are 1 and 3 %."""
    held = IntervalScores(
        level=0.8, n=900, n_sessions=90, coverage=0.796, coverage_ci=(0.78, 0.81), width=0.05, by_year={}
    )
    test = difference(-0.008, 0.001)
    better = SizeComparison(n=900, n_sessions=90, qlike=0.392, rival_qlike=0.4, relative=-0.02, test=test)
    size = SIZE.model_copy(update={"intervals": {"80": held}})
    assert plain(size_sentence(size, 0.001, rival="har", against=better)).endswith(
        "2.0% below that of HAR (95% interval -3.0% to -1.0%), p 0.001; 80% intervals held 79.6% (78.0% to 81.0%) of "
        "outcomes."
    )


def test_money_never_stands_without_its_interval() -> None:
    """A Sharpe ratio of eight years may be luck, and the reader sees how much."""
    assert plain(money_sentence(MONEY, horizon=10)) == (
        "Traded in 10 overlapping tranches of 10 sessions each, it would have made +4.1% a year after costs, Sharpe "
        "ratio 0.5 (95% interval -0.1 to 1.1) over 250 sessions."
    )
    assert money_sentence(MONEY, horizon=0, held=MONEY.model_copy(update={"cagr": 0.1, "sharpe": 0.9})).endswith(
        "over 250 sessions; buy and hold made +10.0%, Sharpe ratio 0.9."
    )
    assert money_sentence(MONEY.model_copy(update={"n_fills": 0}), horizon=0) == (
        "Traded every session, it made no trade that has a return."
    )
