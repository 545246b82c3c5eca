"""What an exam found: a record of each forecaster on each kind of market, and the questions with their answers."""

from typing import Literal

from pydantic import Field

from stockseq.errors import StockseqError, counted
from stockseq.evaluate.ranking import RankingScores
from stockseq.evaluate.scores import Scores
from stockseq.evaluate.size import SizeScores
from stockseq.results import Result
from stockseq.sources.simulated.market import Optimum

Topic = Literal[
    "nothing_found",
    "no_edge",
    "least_accuracy",
    "share_attained",
    "goal",
    "log_loss",
    "gain",
    "rolling",
    "static",
    "within_the_law",
    "profit",
    "least_ranking",
    "least_size",
    "intervals",
    "no_ranking",
    "ranking_within_the_law",
    "size_within_the_law",
]


class Profit(Result):
    """The profit before costs of the best forecaster through the account, and what the market's law lets expect."""

    realised: float
    expected: float
    z: float
    n_sessions: float


class Attained(Result):
    """The share of what can be had that was found: 1 is all, 0 nothing; None where nothing can be found.

    `ranking` is of the rank IC within sessions; `size` of the QLIKE, from one constant variance to the law's.
    """

    accuracy: float | None = None
    ic: float | None = None
    log_loss: float | None = None
    ranking: float | None = None
    size: float | None = None


class ForecasterRecord(Result):
    """One forecaster on all markets of one kind.

    Parameters
    ----------
    kind, forecaster : str
    scores : Scores
        Of all markets pooled; each market's sessions are clusters of their own.
    ranking : RankingScores
    size : SizeScores or None
        Likewise; None of a forecaster that names no size.
    accuracies : tuple of float, one per market
    optima : Optimum
        The best forecast's scores, the mean over the markets; None where a market has none.
    attained : Attained
        Of direction and rank empty where nothing can be found: a drift is no forecaster's find. Size can be found on
        every market.
    above : tuple of float, one per market
        Accuracy less the optimum, in clustered standard errors.
    beyond : float
        Hits less the chance that the law gives each forecast, in clustered standard errors: about normal for every
        forecaster that sees only what it may, good or bad.
    known_size : float or None
        The share of size that needs no learning: of the volatility known at the decision, rightly scaled.
    ranking_beyond, size_beyond : float or None
        Rank IC above, and QLIKE below, the best forecaster's on the same sessions, in standard errors; None where no
        order can be known, or no size is named.
    loss_error : float
        Clustered standard error of the mean log loss.
    """

    kind: str
    forecaster: str
    scores: Scores
    ranking: RankingScores
    size: SizeScores | None = None
    accuracies: tuple[float, ...]
    optima: Optimum
    attained: Attained
    above: tuple[float, ...]
    beyond: float
    known_size: float | None = None
    ranking_beyond: float | None = None
    size_beyond: float | None = None
    loss_error: float


class Question(Result):
    """What was asked, what was found, and whether that is as it must be.

    Parameters
    ----------
    market : str
        The kind of market.
    topic : Topic
        What was asked.
    forecaster : str
        Of whom.
    passed : bool or None
        None is reported and not asked.
    bound : float or None
        What was set beforehand.
    found, ci : float or None, (low, high) or None
        What it is held against, and its 95 % interval.
    optimum : float or None
        The best that can be had, where it is part of the question.
    attained : Attained or None
    without_learning : float or None
        The share of the best that needs no learning.
    z : (lowest, highest) or None
        In standard errors, over the markets.
    p : float or None
        Corrected for the questions of its family.
    coverage : mapping of level to float
        The share of outcomes within their intervals, by the intervals' nominal percentage.
    """

    market: str
    topic: Topic
    forecaster: str
    passed: bool | None
    bound: float | None = None
    found: float | None = None
    ci: tuple[float, float] | None = None
    optimum: float | None = None
    attained: Attained | None = None
    z: tuple[float, float] | None = None
    without_learning: float | None = None
    p: float | None = None
    coverage: dict[str, float] = Field(default_factory=dict)


class ExamResult(Result):
    """The whole exam; what `exam.json` has.

    Parameters
    ----------
    n_markets : int
        Of each kind.
    records : tuple of ForecasterRecord
    questions : tuple of Question
    profits : mapping of market to Profit
    """

    n_markets: int
    records: tuple[ForecasterRecord, ...]
    questions: tuple[Question, ...]
    profits: dict[str, Profit]

    @property
    def n_asked(self) -> int:
        """The questions that can be failed."""
        return sum(question.passed is not None for question in self.questions)

    @property
    def failed(self) -> tuple[Question, ...]:
        """The questions that were."""
        return tuple(question for question in self.questions if question.passed is False)

    def require(self) -> "ExamResult":
        """Return the result if every question was answered as it must be.

        Raises
        ------
        StockseqError
            If one was not.
        """
        if self.failed:
            raise StockseqError(
                f"The exam isn't passed: {len(self.failed)} of {counted(self.n_asked, 'question')} were answered "
                "wrongly, as shown."
            )
        return self

    def __repr__(self) -> str:
        verdict = f"not passed: {len(self.failed)} of" if self.failed else "passed: all"
        questions = counted(self.n_asked, "question")
        return f"{type(self).__name__}({verdict} {questions}, {counted(self.n_markets, 'market')} of each kind)"
