"""What the forecasts of rank and size show, and what trading them was worth, a sentence each."""

from stockseq.backtest.performance import PerformanceFigures
from stockseq.errors import counted
from stockseq.evaluate.claims import RANKING_RIVAL, SIZE_RIVAL
from stockseq.evaluate.coverage import IntervalScores
from stockseq.evaluate.ranking import RankingScores
from stockseq.evaluate.significance import SIZE, MeanOverTime
from stockseq.evaluate.size import SizeComparison, SizeScores
from stockseq.report.format import interval_words, number, p_words, percent
from stockseq.report.metrics import BacktestMetrics
from stockseq.report.text.names import meaningful, name_words

# By the column that ranks: what its forecast is called.
RANKED_BY = {
    "relative": "",
    "expected_return": ", by its expected return",
    "probability_up": ", by its probability of up",
}


def claim_sentences(metrics: BacktestMetrics) -> list[str]:
    """Return what a backtest shows of rank, size and money; empty for runs of before 0.3."""
    ranking, size, claims = metrics.ranking, metrics.size, metrics.claims
    if ranking is None or claims is None:
        return []
    sentences = [
        ranking_sentence(ranking, claims.ranking.p_holm, rival=RANKING_RIVAL, difference=metrics.ranking_difference)
    ]
    if size is not None:
        against = metrics.size_comparisons.get(SIZE_RIVAL)
        sentences.append(size_sentence(size, claims.size.p_holm, rival=SIZE_RIVAL, against=against))
    held = metrics.benchmarks.get("buy_and_hold")
    return [*sentences, money_sentence(metrics.portfolio, horizon=ranking.horizon, held=held)]


def ranking_sentence(
    ranking: RankingScores, p: float | None, *, rival: str = "", difference: MeanOverTime | None = None
) -> str:
    """Return whether the forecasts rank the tickers of a session, and how their rival does.

    Parameters
    ----------
    ranking : RankingScores
    p : float or None
        Of the claim, after Holm's correction.
    rival : str
        The baseline that `difference` is against.
    difference : MeanOverTime, optional
        Mean rank IC of the model less the rival's.

    Examples
    --------
    >>> ranking = RankingScores(score="relative", horizon=0, lag=7, n=900, n_left_out=0, n_sessions=90,
    ...     n_sessions_left_out=0, rank_ic=0.019, rank_ic_ci=(0.012, 0.026), rank_ic_p=1e-6)
    >>> ranking_sentence(ranking, 1e-6)
    'It ranks: rank IC 0.019 (95% interval 0.012 to 0.026) over 90 sessions, p below 0.001.'
    """
    if ranking.rank_ic is None or ranking.rank_ic_ci is None:
        return (
            f"Its ranking can't be tested: {counted(ranking.n_sessions, 'session')} of at least ten tickers with "
            "different forecasts and returns."
        )
    shown = p is not None and p < SIZE
    tested = "" if p is None else f", p {p_words(p)}"
    claim = "It ranks" if shown else "It is not shown to rank"
    return f"{claim}: {_rank_words(ranking)}{RANKED_BY[ranking.score]}{tested}{_against(rival, difference)}."


def rank_and_size_sentence(ranking: RankingScores | None, size: SizeScores | None) -> str:
    """Return how a live record ranked and sized, with intervals and counts; "" where nothing can be told yet.

    Examples
    --------
    >>> rank_and_size_sentence(None, None)
    ''
    """
    parts = [] if ranking is None or ranking.rank_ic_ci is None else [_rank_words(ranking)]
    for level, scores in ({} if size is None else size.intervals).items():
        parts.append(f"{_held_words(level, scores)} of {counted(scores.n, 'outcome')}")
    return f"{'; '.join(parts)}." if parts else ""


def _rank_words(ranking: RankingScores) -> str:
    low, high = ranking.rank_ic_ci or (None, None)
    return (
        f"rank IC {number(ranking.rank_ic)} (95% interval {number(low)} to {number(high)}) over "
        f"{counted(ranking.n_sessions, 'session')}"
    )


def _held_words(level: str, scores: IntervalScores) -> str:
    interval = "" if scores.coverage_ci is None else f" ({interval_words(scores.coverage_ci)})"
    return f"{level}% intervals held {percent(scores.coverage)}{interval}"


def size_sentence(size: SizeScores, p: float | None, *, rival: str = "", against: SizeComparison | None = None) -> str:
    """Return whether the forecasts know the size of the moves better than their rival, and whether intervals held.

    Parameters
    ----------
    size : SizeScores
    p : float or None
        Of the claim to be better than the rival, after Holm's correction.
    rival : str
    against : SizeComparison, optional

    Examples
    --------
    >>> size = SizeScores(horizon=0, n=900, n_sessions=90, n_tickers=10, n_left_out=0, qlike=0.38, crps=0.01,
    ...     sigma=0.02, realised=0.02)
    >>> against = SizeComparison(n=900, n_sessions=90, qlike=0.38, rival_qlike=0.40, relative=-0.05)
    >>> size_sentence(size, 0.01, rival="har", against=against)
    'It sizes moves: QLIKE 0.380 over 900 forecasts, 5.0% below that of HAR, p 0.010.'
    """
    held = " and ".join(_held_words(level, scores) for level, scores in size.intervals.items())
    intervals = f"; {held} of outcomes" if held else ""
    record = f"QLIKE {number(size.qlike)} over {counted(size.n, 'forecast')}"
    if against is None or against.relative is None or p is None:
        return f"Its sizes can't be compared with another's: {record}{intervals}."
    side = "below" if against.relative < 0 else "above"
    claim = "It sizes moves" if p < SIZE else f"It is not shown to size moves better than {name_words(rival)}"
    return (
        f"{claim}: {record}, {percent(abs(against.relative))} {side} that of {name_words(rival)}"
        f"{_relative_interval(against)}, p {p_words(p)}{intervals}."
    )


def money_sentence(account: PerformanceFigures, *, horizon: int, held: PerformanceFigures | None = None) -> str:
    """Return what the account made a year after costs, with the interval of its Sharpe ratio, and what holding made.

    Of less than a quarter it is what was made in all.

    Parameters
    ----------
    account : PerformanceFigures
    horizon : int
        Sessions from entry to exit of the trade; 0 is open to close.
    held : PerformanceFigures, optional
        Of buy and hold.
    """
    often = "every session" if horizon < 2 else f"in {horizon} overlapping tranches of {horizon} sessions each"
    if not account.n_fills:
        return f"Traded {often}, it made no trade that has a return."
    sessions = counted(account.n_returns, "session")
    if account.cagr is None or meaningful(account, "sharpe") is None:
        made = f"{percent(account.total_return, signed=True)} after costs over {sessions}"
        other = "" if held is None else f"; buy and hold made {percent(held.total_return, signed=True)}"
        return f"Traded {often}, it would have made {made}{other}."
    interval = ""
    if account.sharpe_ci is not None:
        low, high = (number(end, digits=1) for end in account.sharpe_ci)
        interval = f" (95% interval {low} to {high})"
    return (
        f"Traded {often}, it would have made {percent(account.cagr, signed=True)} a year after costs, Sharpe ratio "
        f"{number(account.sharpe, digits=1)}{interval}"
        f" over {sessions}{_held(held)}."
    )


def _held(held: PerformanceFigures | None) -> str:
    if held is None or held.cagr is None or held.sharpe is None:
        return ""
    return f"; buy and hold made {percent(held.cagr, signed=True)}, Sharpe ratio {number(held.sharpe, digits=1)}"


def _relative_interval(against: SizeComparison) -> str:
    if against.test is None or against.rival_qlike <= 0:
        return ""
    low, high = (percent(end / against.rival_qlike, signed=True) for end in against.test.ci)
    return f" (95% interval {low} to {high})"


def _against(rival: str, difference: MeanOverTime | None) -> str:
    if difference is None:
        return ""
    name = name_words(rival)
    interval = " to ".join(number(end, signed=True) for end in difference.ci)
    if difference.p >= SIZE:
        return f"; not told apart from {name} (difference {number(difference.mean, signed=True)}, {interval})"
    word = "better" if difference.mean > 0 else "worse"
    return f"; {word} than {name} by {number(abs(difference.mean))} ({interval})"
