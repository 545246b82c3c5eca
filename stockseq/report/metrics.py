"""What `metrics.json` says of a run: its results as one mapping, with the sentences that follow from them."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from pydantic import Field, model_validator

from stockseq.ablation.result import AblationResult
from stockseq.backtest.blind_positions import NullTest
from stockseq.backtest.overfitting import Overfitting
from stockseq.backtest.performance import PerformanceFigures
from stockseq.backtest.policy import RankBy
from stockseq.backtest.trading import AccountResult
from stockseq.benchmarks.result import BenchmarkResult
from stockseq.dataset.dataset import Coverage
from stockseq.evaluate.claims import Claims
from stockseq.evaluate.comparison import BestBaseline, Comparison
from stockseq.evaluate.news_timing import SourceTiming
from stockseq.evaluate.placebo import Placebo, PlaceboResult
from stockseq.evaluate.ranking import RankingScores
from stockseq.evaluate.repetition import Repetition
from stockseq.evaluate.scores import Scores
from stockseq.evaluate.significance import MeanOverTime
from stockseq.evaluate.size import SizeComparison, SizeScores
from stockseq.forecasting.next_book import NextBook
from stockseq.models.training_record import Thinned
from stockseq.report.text.ablation import ablation_sentences, component_sentence
from stockseq.report.text.benchmark import HEADLINER
from stockseq.report.text.placebos import NOT_RUN, placebo_sentence
from stockseq.report.text.training import chosen_sentence, promotion_sentence
from stockseq.results import Result
from stockseq.runs.folder import as_records
from stockseq.runs.trials import Trials
from stockseq.sources.simulated.market import Optimum

if TYPE_CHECKING:
    # Both import TensorFlow, which takes seconds, and drawing a page needs none of it.
    from stockseq.forecasting.champion import Challenge
    from stockseq.forecasting.morning import Morning
    from stockseq.forecasting.walk_forward import WalkForwardResult

# A number, or a list of them, by the name of the reading.
LayerReadings = dict[str, float | list[float]]


class Portfolio(PerformanceFigures):
    """The account's figures at its costs.

    Parameters
    ----------
    at_cost : mapping of multiple of the costs, such as "2x", to PerformanceFigures
    deflated_sharpe : float or None
        The probability that the Sharpe ratio is above that of the luckiest of `n_trials` configurations without skill.
    n_trials : int
    rank_by, ranked_by : {"relative", "probability", "return"} or None
        What was to rank the tickers of a session, and what did; None where no rank decides, and in old runs.
    """

    at_cost: dict[str, PerformanceFigures] = Field(default_factory=dict)
    deflated_sharpe: float | None = None
    n_trials: int = 0
    rank_by: RankBy | None = None
    ranked_by: RankBy | None = None


class PlaceboMetrics(PlaceboResult):
    """A placebo's figures with the sentence that follows from them."""

    verdict: str = ""

    @model_validator(mode="before")
    @classmethod
    def _find_error(cls, values: Any) -> Any:
        # Before version 0.2 only the sentence said why a placebo was not run.
        sentence = values.get("verdict", "")
        if "error" in values or not sentence.startswith(NOT_RUN):
            return values
        return {**values, "error": sentence.removeprefix(NOT_RUN)}


class BacktestMetrics(Result):
    """All results of a backtest; what has a default may be missing from the runs of older versions.

    Parameters
    ----------
    forecast : Scores
        Of the model.
    baselines : mapping of name to Scores
    impossible : mapping of name to str
        Why a baseline could not forecast.
    thinned : mapping of name to Thinned
        What a baseline learnt from, where not from all training windows.
    comparisons : mapping of name to Comparison
        The model less each baseline.
    superior : BestBaseline or None
    placebos : mapping of name to PlaceboMetrics
        Empty where the settings left them out.
    readings : tuple of mapping, one per seed
        By layer, what it learnt.
    repetition : Repetition or None
    portfolio : Portfolio
    benchmarks : mapping of name to PerformanceFigures
        Of the benchmarks, and of the accounts that followed the baselines.
    circular_shift, random_signal : NullTest or None
    overfitting : Overfitting or None
    coverage : Coverage
    trials : int
        Configurations scored so far.
    optimum : Optimum or None
        None where the market is not simulated.
    ranking : RankingScores or None
        Of the model; None in runs of before 0.3, as all that follows.
    baseline_ranking : mapping of name to RankingScores
    ranking_difference : MeanOverTime or None
        Rank IC of the model less that of gradient boosting.
    size : SizeScores or None
    baseline_sizes : mapping of name to SizeScores
        Of forecasters of size alone.
    size_comparisons : mapping of name to SizeComparison
    claims : Claims or None
    unaffordable : tuple of str
        Tickers that were wanted and never bought: one share costs more than its share of the capital.
    news_timing : tuple of SourceTiming
        What the clock of each source of headlines is worth; none of simulated markets.
    """

    forecast: Scores
    baselines: dict[str, Scores] = Field(default_factory=dict)
    impossible: dict[str, str] = Field(default_factory=dict)
    thinned: dict[str, Thinned] = Field(default_factory=dict)
    comparisons: dict[str, Comparison] = Field(default_factory=dict)
    superior: BestBaseline | None = None
    placebos: dict[Placebo, PlaceboMetrics] = Field(default_factory=dict)
    readings: tuple[dict[str, LayerReadings], ...] = ()
    repetition: Repetition | None = None
    portfolio: Portfolio
    benchmarks: dict[str, PerformanceFigures]
    circular_shift: NullTest | None = None
    random_signal: NullTest | None = None
    overfitting: Overfitting | None = None
    coverage: Coverage
    trials: int
    optimum: Optimum | None = None
    ranking: RankingScores | None = None
    baseline_ranking: dict[str, RankingScores] = Field(default_factory=dict)
    ranking_difference: MeanOverTime | None = None
    size: SizeScores | None = None
    baseline_sizes: dict[str, SizeScores] = Field(default_factory=dict)
    size_comparisons: dict[str, SizeComparison] = Field(default_factory=dict)
    claims: Claims | None = None
    unaffordable: tuple[str, ...] = ()
    news_timing: tuple[SourceTiming, ...] = ()

    def with_placebos(self, placebos: Mapping[Placebo, PlaceboResult]) -> "BacktestMetrics":
        """Return the same with what the placebos found."""
        found = {
            name: PlaceboMetrics.from_dict({**placebo.to_dict(), "verdict": placebo_sentence(name, placebo)})
            for name, placebo in placebos.items()
        }
        return self.model_copy(update={"placebos": found})


def backtest_metrics(
    result: "WalkForwardResult",
    account: AccountResult,
    trials: Trials,
    *,
    news_timing: Sequence[SourceTiming] = (),
) -> BacktestMetrics:
    """Return the results of a backtest as `metrics.json` has them, but for its placebos."""
    n_trials = max(trials.n, 1)
    policy = account.rules.policy
    portfolio = {
        **account.figures.to_dict(),
        "at_cost": account.figures_at_cost,
        "deflated_sharpe": account.deflated_sharpe(n_trials=n_trials, trial_ratios=trials.sharpe_ratios),
        "n_trials": n_trials,
        **({"rank_by": policy.rank_by, "ranked_by": account.ranked_by} if policy.select == "top_k" else {}),
    }
    return BacktestMetrics(
        forecast=result.scores,
        baselines=dict(result.baseline_scores),
        impossible=dict(result.impossible),
        thinned=dict(result.thinned),
        comparisons=dict(result.comparisons),
        superior=result.best_baseline,
        readings=tuple(dict(network) for network in result.readings),
        repetition=result.repetition,
        portfolio=Portfolio.from_dict(portfolio),
        benchmarks=dict(account.benchmark_figures),
        circular_shift=account.circular_shift,
        random_signal=account.random_signal,
        overfitting=account.overfitting,
        coverage=result.data.coverage,
        trials=trials.n,
        optimum=result.optimum,
        ranking=result.ranking,
        baseline_ranking=dict(result.baseline_ranking),
        ranking_difference=result.ranking_difference,
        size=result.size,
        baseline_sizes=dict(result.baseline_sizes),
        size_comparisons=dict(result.size_comparisons),
        claims=result.claims,
        unaffordable=account.unaffordable,
        news_timing=tuple(news_timing),
    )


def morning_metrics(
    morning: "Morning", coverage: Coverage, trials: Trials, *, book: NextBook | None = None
) -> dict[str, object]:
    """Return the metrics of a daily run, JSON-able."""
    record = morning.champion.record
    scores = morning.scores
    cautions = []
    if record.chosen_over:
        cautions.append(chosen_sentence(record.last_session, record.chosen_over))
    if record.forced_over:
        cautions.append(promotion_sentence(morning.champion.model_id, record.forced_over))
    scores = scores.model_copy(update={"notes": (*scores.notes, *cautions)})
    return {
        "model_id": morning.champion.model_id,
        "forecast": scores.to_dict(),
        "live": morning.live.to_dict(),
        **({} if book is None else {"book": book.to_dict()}),
        "next": as_records(morning.table),
        "refused": dict(morning.next.refused),
        "without_headlines": dict(morning.without_headlines),
        "coverage": coverage.to_dict(),
        "trials": trials.n,
    }


def training_metrics(result: "Challenge", coverage: Coverage, trials: Trials) -> dict[str, object]:
    """Return the metrics of a training, JSON-able: the candidate's record on the sessions held out."""
    comparison = result.comparison
    return {
        "model_id": result.candidate.model_id,
        "champion": None if result.champion is None else result.champion.model_id,
        "promoted": result.promoted,
        "forecast": result.candidate.record.to_dict(),
        "comparison": None if comparison is None else comparison.to_dict(),
        "coverage": coverage.to_dict(),
        "trials": trials.n,
    }


def ablation_metrics(result: AblationResult, coverage: Coverage) -> dict[str, object]:
    """Return the metrics of an ablation, JSON-able."""
    ablation = result.to_dict()
    for variant, entry in zip(result.variants, ablation["variants"], strict=True):
        entry["verdict"] = component_sentence(variant, result) or None
    return {
        "forecast": ablation["variants"][0]["scores"],
        "ablation": {**ablation, "verdict": ablation_sentences(result)},
        "coverage": coverage.to_dict(),
        "optimum": ablation["optimum"],
    }


def benchmark_metrics(result: BenchmarkResult, coverage: Coverage, trials: Trials) -> dict[str, object]:
    """Return the metrics of a benchmark, JSON-able; its record is that of the network on prices and text."""
    scores = {name: record.to_dict() for name, record in result.main.samples[0].scores.items()}
    return {
        "forecast": scores.pop(HEADLINER),
        "baselines": scores,
        "benchmark": result.to_dict(),
        "coverage": coverage.to_dict(),
        "trials": trials.n,
    }
