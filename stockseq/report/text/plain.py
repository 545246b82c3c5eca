"""What a run found in plain sentences, for a reader without statistics: each says what the verdict's own test says."""

import math
from collections.abc import Sequence

from stockseq.backtest.performance import PerformanceFigures
from stockseq.errors import counted
from stockseq.evaluate.claims import SIZE_RIVAL, Claim
from stockseq.evaluate.ranking import RankingScores
from stockseq.evaluate.scores import Scores
from stockseq.evaluate.significance import SIZE
from stockseq.evaluate.size import SizeScores
from stockseq.forecasting.live import LiveRecord
from stockseq.report.format import count
from stockseq.report.metrics import BacktestMetrics
from stockseq.report.text.names import FEW_SESSIONS, name_words
from stockseq.report.text.verdict import NOTHING_SCORED, skill_p

# What is invested in the sentence about money.
STAKE = 10_000
SIMULATED = "This market is simulated: none of it says anything about real stocks."


def plain_backtest(metrics: BacktestMetrics) -> list[str]:
    """Return what a backtest shows of direction, ranking, size and money, a short paragraph each.

    Returns
    -------
    list of str
        Without ranking and size for runs that tested neither.
    """
    claims = metrics.claims
    sentences = [direction_words(metrics.forecast, None if claims is None else claims.direction)]
    if claims is not None and metrics.ranking is not None:
        sentences.append(ranking_words(metrics.ranking, claims.ranking))
    if claims is not None and metrics.size is not None:
        sentences.append(size_words(metrics.size, claims.size))
    sentences.append(money_words(metrics.portfolio, metrics.benchmarks.get("buy_and_hold")))
    if metrics.optimum is None:
        return sentences
    best = f"The best that any forecast can expect here is {100 * metrics.optimum.accuracy:.0f} times of 100."
    return [*sentences, f"{SIMULATED} {best}"]


def plain_morning(scores: Scores | None, live: LiveRecord | None, *, simulated: bool = False) -> list[str]:
    """Return how the model that forecasts did so far: out of sample, and live.

    Examples
    --------
    >>> plain_morning(None, LiveRecord(n=0, n_sessions=0, n_late=0, n_open=6, scores=None))
    ['No forecast of this run has been scored yet, so its skill is not known.', 'Live: nothing is scored yet.']
    """
    sentences = [NOTHING_SCORED if scores is None else f"Out of sample: {_lower(direction_words(scores))}"]
    if live is not None:
        sentences.append(f"Live: {_live_words(live)}")
    return [*sentences, *([SIMULATED] if simulated else [])]


def direction_words(scores: Scores, claim: Claim | None = None) -> str:
    """Return how often the direction was right, how often always saying the same is, and whether that is luck.

    Parameters
    ----------
    scores : Scores
    claim : Claim, optional
        Of a run that makes several claims; its correction decides, as it does in the verdict.
    """
    of, right, base = _times(scores.accuracy, scores.base_rate)
    return (
        f"Right {right} times of {of}, where {_always(scores)} is right {base} times "
        f"({counted(scores.n, 'forecast')} over {counted(scores.n_sessions, 'session')}). "
        f"{_luck(scores, skill_p(scores, claim))}"
    )


def ranking_words(ranking: RankingScores, claim: Claim) -> str:
    """Return how often the better of two tickers of one session was ranked first, and whether that is luck.

    The share is that of a normal law with this rank IC, which is close to what is counted.

    Examples
    --------
    >>> ranking = RankingScores(score="relative", horizon=0, lag=7, n=900, n_left_out=0, n_sessions=90,
    ...     n_sessions_left_out=0, rank_ic=0.2, rank_ic_ci=(0.1, 0.3), rank_ic_p=1e-6)
    >>> ranking_words(ranking, Claim(p=1e-6, p_holm=1e-6))
    'Of two stocks it ranked the better one first about 57 times of 100, where luck is right 50 times (90 sessions).
    That is more than luck.'
    """
    if ranking.rank_ic is None or ranking.rank_ic_ci is None:
        return "Whether it tells the better of two stocks can't be said: too few sessions have ten that differ."
    ahead = 0.5 + math.asin(2 * math.sin(math.pi * ranking.rank_ic / 6)) / math.pi
    shown = "That is more than luck." if claim.is_shown else "That is not shown to be more than luck."
    return (
        f"Of two stocks it ranked the better one first about {100 * ahead:.0f} times of 100, where luck is right 50 "
        f"times ({counted(ranking.n_sessions, 'session')}). {shown}"
    )


def size_words(size: SizeScores, claim: Claim) -> str:
    """Return whether the size of the moves was foreseen, and how many outcomes its ranges held.

    Examples
    --------
    >>> size = SizeScores(horizon=0, n=900, n_sessions=90, n_tickers=10, n_left_out=0, qlike=0.38, crps=0.01,
    ...     sigma=0.02, realised=0.02)
    >>> size_words(size, Claim(p=0.01, p_holm=0.01))
    'It foresaw the size of the moves better than the usual formula (HAR).'
    """
    formula = f"the usual formula ({name_words(SIZE_RIVAL)})"
    if claim.p_holm is None:
        first = f"The size of the moves that it foresaw could not be compared with {formula}."
    elif claim.is_shown:
        first = f"It foresaw the size of the moves better than {formula}."
    else:
        first = f"It is not shown to foresee the size of the moves better than {formula}."
    held = size.intervals.get("80")
    return (
        first if held is None else f"{first} Of 100 outcomes, {100 * held.coverage:.0f} fell into ranges made for 80."
    )


def money_words(account: PerformanceFigures, held: PerformanceFigures | None) -> str:
    """Return what a sum would have become after costs, and what it would have by holding the same shares.

    Parameters
    ----------
    account, held : PerformanceFigures
        Of the account that followed the forecasts, and of buy and hold, if that was simulated.
    """
    sessions = counted(account.n_returns, "session")
    compared = "" if held is None else f"; holding the same shares, {_become(held)}"
    if not account.n_fills:
        return f"It made no trade in {sessions}, so {count(STAKE)} would have stayed {_become(account)}{compared}."
    sentence = f"{count(STAKE)} would have become {_become(account)} after costs in {sessions}{compared}."
    ci = account.sharpe_ci
    return f"{sentence} Luck alone can do that." if ci is not None and ci[0] <= 0 <= ci[1] else sentence


def _luck(scores: Scores, p: float | None) -> str:
    """Return whether the directions were more than luck; the cases are those of the verdict."""
    few, below = scores.n_sessions < FEW_SESSIONS, scores.accuracy < scores.base_rate
    sessions = counted(scores.n_sessions, "session")
    if p is None:
        return f"Whether that is luck can't be said: too few sessions, or forecasts that never change ({sessions})."
    if p < SIZE:
        worse = f", and yet {_always(scores)} was right more often" if below else ""
        first = f"{'The test calls that' if few else 'That is'} more than luck{worse}"
        return f"{first}, but {sessions} are too few to be sure." if few else f"{first}."
    if few:
        return f"{sessions[0].upper()}{sessions[1:]} are too few to say whether that is more than luck."
    if below:
        return f"That is worse than {_always(scores)}, and not shown to be more than luck."
    return "That is not shown to be more than luck."


def _live_words(live: LiveRecord) -> str:
    if live.scores is not None:
        return _lower(direction_words(live.scores))
    return f"{counted(live.n, 'forecast')} of one session are too few to say." if live.n else "nothing is scored yet."


def _always(scores: Scores) -> str:
    return f"always saying {'up' if scores.share_up >= 0.5 else 'down'}"


def _times(*shares: float) -> Sequence[str]:
    """Return 100, or 1,000 where hundredths don't tell the shares apart, and each share of it."""
    of = 100 if len({round(100 * share) for share in shares}) == len(set(shares)) else 1000
    return [count(of), *(count(of * share) for share in shares)]


def _become(figures: PerformanceFigures) -> str:
    return count(STAKE * (1.0 + figures.total_return))


def _lower(sentence: str) -> str:
    return sentence[0].lower() + sentence[1:]
