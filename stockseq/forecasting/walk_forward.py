"""Walk forward: fit on the past, forecast the next stretch, and judge all out-of-sample forecasts together."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Literal

import pandas as pd

from stockseq.arguments import require_type
from stockseq.dataset.dataset import Dataset
from stockseq.dataset.folds import Fold, FoldSettings, cut_folds
from stockseq.errors import counted
from stockseq.evaluate.claims import RANKING_RIVAL, SIZE_RIVAL, Claims, judge_claims
from stockseq.evaluate.comparison import (
    BestBaseline,
    Comparison,
    PairedTest,
    compare_with_baselines,
    compare_with_best,
    tabulate_tests,
)
from stockseq.evaluate.ranking import (
    RankingScores,
    compare_rankings,
    daily_ranks,
    score_ranking,
    tabulate_quintiles,
)
from stockseq.evaluate.record import mark_hits, readable_bins, rolling_accuracy, rolling_window
from stockseq.evaluate.repetition import Repetition, find_repetition
from stockseq.evaluate.scores import Scores, score_forecasts
from stockseq.evaluate.significance import MeanOverTime
from stockseq.evaluate.size import SizeComparison, SizeScores, compare_sizes, score_size
from stockseq.forecasting.rivals import begin_rivals
from stockseq.layers.slots import Readings
from stockseq.memory import release_memory
from stockseq.models.baselines import BASELINES
from stockseq.models.forecaster import Forecaster
from stockseq.models.forecasting import forecast_samples
from stockseq.models.layer_readings import read_layers
from stockseq.models.training_record import Thinned
from stockseq.plots import (
    FEWEST_FORECASTS,
    plot_accuracy,
    plot_calibration,
    plot_cumulative_ic,
    plot_differences,
    plot_quintiles,
)
from stockseq.results import html_table
from stockseq.sources.simulated.market import Optimum, optimum

if TYPE_CHECKING:
    from plotly.graph_objects import Figure

PlotKind = Literal["accuracy", "calibration", "comparisons", "quintiles", "cumulative_ic"]


@dataclass(frozen=True)
class WalkForwardResult:
    """The out-of-sample forecasts of all folds with what was realised, the model's and each baseline's.

    Parameters
    ----------
    data : Dataset
    folds : tuple of Fold
    forecasts : DataFrame
        ticker, session, decision_at, probability_up, expected_return, relative, sigma and its intervals, a probability
        per seed, realised_return, realised_variance, fold.
    baselines : mapping of name to DataFrame
        The same of each baseline, on the same rows; those that learn to rank name `relative`.
    impossible : mapping of name to str
        Why a baseline, of sizes too, is not among them.
    readings : sequence of mapping, one per seed
        What the layers of the last fold's networks learnt, on its test windows.
    seed : int
        Of the bootstraps that judge.
    sizes : mapping of name to DataFrame
        The `sigma` of forecasters of size alone, on the same rows with what was realised.
    thinned : mapping of name to Thinned
        What a baseline learnt from, where not from all training windows.
    """

    data: Dataset
    folds: tuple[Fold, ...]
    forecasts: pd.DataFrame
    baselines: Mapping[str, pd.DataFrame]
    impossible: Mapping[str, str]
    readings: Sequence[Mapping[str, Readings]]
    seed: int = 0
    sizes: Mapping[str, pd.DataFrame] = field(default_factory=dict)
    thinned: Mapping[str, Thinned] = field(default_factory=dict)

    @property
    def horizon(self) -> int:
        """Sessions from the entry to the exit of the trade that is forecast."""
        return self.data.inputs.horizon

    @cached_property
    def scores(self) -> Scores:
        """The model's scores over all folds."""
        return score_forecasts(self.forecasts, bootstrap_seed=self.seed, horizon=self.horizon)

    @cached_property
    def baseline_scores(self) -> Mapping[str, Scores]:
        """Each baseline's scores."""
        return {name: score_forecasts(frame, horizon=self.horizon) for name, frame in self.baselines.items()}

    @cached_property
    def comparisons(self) -> Mapping[str, Comparison]:
        """The model less each baseline, with Holm's correction."""
        return compare_with_baselines(self.forecasts, self.baselines, horizon=self.horizon)

    @cached_property
    def best_baseline(self) -> BestBaseline:
        """Whether any baseline is better, and the model better than the best, all looked at together."""
        return compare_with_best(self.forecasts, self.baselines, seed=self.seed, horizon=self.horizon)

    @cached_property
    def ranking(self) -> RankingScores:
        """How the model ranks the tickers of a session."""
        return score_ranking(self.forecasts, horizon=self.horizon)

    @cached_property
    def baseline_ranking(self) -> Mapping[str, RankingScores]:
        """How each baseline ranks them."""
        return {name: score_ranking(frame, horizon=self.horizon) for name, frame in self.baselines.items()}

    @cached_property
    def ranking_difference(self) -> MeanOverTime | None:
        """The model's mean rank IC less that of gradient boosting; None where either can't be ranked by."""
        if RANKING_RIVAL not in self.baselines:
            return None
        return compare_rankings(self.forecasts, self.baselines[RANKING_RIVAL], horizon=self.horizon)

    @cached_property
    def size(self) -> SizeScores | None:
        """How the model sizes moves; None where it names no sigma."""
        return score_size(self.forecasts, horizon=self.horizon)

    @cached_property
    def baseline_sizes(self) -> Mapping[str, SizeScores]:
        """How each forecaster of size alone does."""
        scored = {name: score_size(frame, horizon=self.horizon) for name, frame in self.sizes.items()}
        return {name: scores for name, scores in scored.items() if scores is not None}

    @cached_property
    def size_comparisons(self) -> Mapping[str, SizeComparison]:
        """The model's QLIKE against that of each of them."""
        compared = {
            name: compare_sizes(self.forecasts, frame, horizon=self.horizon) for name, frame in self.sizes.items()
        }
        return {name: pair for name, pair in compared.items() if pair is not None}

    @cached_property
    def claims(self) -> Claims:
        """The three headline claims, with Holm's correction."""
        size = self.size_comparisons.get(SIZE_RIVAL)
        return judge_claims(
            direction=self.scores.pt_clustered_p,
            ranking=self.ranking.rank_ic_p,
            size=None if size is None else size.better_p,
        )

    @cached_property
    def repetition(self) -> Repetition:
        """Whether the expected return merely repeats the last return."""
        return find_repetition(self.forecasts, self.data.labels)

    @cached_property
    def optimum(self) -> Optimum | None:
        """What the best forecaster scores on the same rows; None where nobody knows it."""
        return optimum_on(self.data.market.truth, self.forecasts, horizon=self.horizon)

    def compare(self, baselines: Collection[str] = BASELINES) -> pd.DataFrame:
        """Return how the model does against some baselines, with Holm's correction for their number.

        Returns
        -------
        DataFrame, a row a baseline
            n forecasts, base_rate, accuracy of the model and of the baseline; the model's less the baseline's
            (`difference`, `low`, `high` of its 95 % interval, `p_holm`), and the same of the log loss, where less is
            better. Fractions.
        """
        chosen = {name: frame for name, frame in self.baselines.items() if name in baselines}
        rows = {
            name: {
                "n": comparison.n,
                "base_rate": self.scores.base_rate,
                "model_accuracy": self.scores.accuracy,
                "baseline_accuracy": self.baseline_scores[name].accuracy,
                **_columns("", comparison.accuracy),
                **_columns("log_loss_", comparison.log_loss),
            }
            for name, comparison in compare_with_baselines(self.forecasts, chosen, horizon=self.horizon).items()
        }
        return pd.DataFrame.from_dict(rows, orient="index").rename_axis("baseline")

    def plot(self, kind: PlotKind = "accuracy") -> "Figure":
        """Return a Plotly figure of the out-of-sample record.

        Parameters
        ----------
        kind : {"accuracy", "calibration", "comparisons", "quintiles", "cumulative_ic"}, default="accuracy"
            Accuracy over time against the base rate; how often tickers rose by forecast probability; the model less
            each baseline in accuracy and log loss, filled where the difference is beyond noise; the return of each
            quintile of rank; or the rank IC summed up over time, beside gradient boosting's.
        """
        if kind == "quintiles":
            return plot_quintiles(tabulate_quintiles(self.forecasts, horizon=self.horizon)).as_figure(
                "Return by quintile of rank"
            )
        if kind == "cumulative_ic":
            ranked = {"stockseq": self.forecasts} | {
                name: frame for name, frame in self.baselines.items() if name == RANKING_RIVAL
            }
            daily = pd.DataFrame({name: daily_ranks(frame)["rank_ic"] for name, frame in ranked.items()})
            return plot_cumulative_ic(daily).as_figure("Rank IC summed up over time")
        if kind == "comparisons":
            measures = ("accuracy", "log_loss")
            tables = {
                measure: tabulate_tests({name: getattr(pair, measure) for name, pair in self.comparisons.items()})
                for measure in measures
            }
            return plot_differences(tables).as_figure("The model less each baseline")
        rows = mark_hits(self.forecasts)
        if kind == "calibration":
            bins = readable_bins(rows, fewest=FEWEST_FORECASTS)
            return plot_calibration(bins).as_figure("Calibration")
        window = rolling_window(rows["session"].nunique())
        best = None if self.optimum is None else self.optimum.accuracy
        title = f"Accuracy over {counted(window, 'session')} at a time"
        return plot_accuracy(rolling_accuracy(rows, window=window), best=best).as_figure(title)

    def _repr_html_(self) -> str:
        sessions = self.forecasts["session"]
        heading = {
            "folds": len(self.folds),
            "first session": f"{sessions.min():%Y-%m-%d}",
            "last session": f"{sessions.max():%Y-%m-%d}",
            "label": self.data.inputs.label,
        }
        return html_table("Out of sample", {**heading, **dict(self.scores)})

    def __repr__(self) -> str:
        first, last = (f"{session:%Y-%m-%d}" for session in self.forecasts["session"].agg(["min", "max"]))
        return (
            f"WalkForwardResult({counted(len(self.forecasts), 'forecast')} of {counted(len(self.folds), 'fold')}, "
            f"{first} to {last}, {self.scores!r})"
        )


def walk_forward(
    forecaster: Forecaster,
    data: Dataset,
    folds: Sequence[Fold] | None = None,
    *,
    n_folds: int | None = None,
    min_train: int = FoldSettings().min_train,
) -> WalkForwardResult:
    """Fit the forecaster and every baseline on each fold's past, and forecast its test sessions.

    Parameters
    ----------
    forecaster : Forecaster
    data : Dataset
    folds : sequence of Fold, optional
        From `cut_folds(data.sessions, ...)`; cut here without it.
    n_folds : int, optional
        How many to cut; one for every 63 sessions by default.
    min_train : int, default=500
        Sessions of the first fold's train and validation together, where folds are cut here.

    Raises
    ------
    TypeError
        If an argument is of another type, such as a market where the dataset should stand.
    TooFewSessions, TrainingFailed
        If a fold can't be fitted.
    """
    require_type(forecaster, Forecaster, "forecaster", hint="It comes first: walk_forward(forecaster, data).")
    require_type(data, Dataset, "data", hint="Build it of a market: build_dataset(market).")
    if isinstance(folds, int):
        raise TypeError(f"`folds` are Fold objects of cut_folds; for a number of them write n_folds={folds}.")
    progress = forecaster.progress
    if folds is None:
        with data.explain_sessions():
            folds = cut_folds(
                data.sessions, FoldSettings(n_folds=n_folds, min_train=min_train), horizon=data.inputs.horizon
            )
    parts: list[pd.DataFrame] = []
    with begin_rivals(data, folds, n_networks=forecaster.training.n_seeds) as rivals:
        for number, fold in enumerate(folds, start=1):
            progress.say(
                f"Fold {number} of {len(folds)}: {len(fold.train)} sessions train, {len(fold.validation)} validate, "
                f"{len(fold.test)} test from {fold.test[0].date()}"
            )
            test = data.samples.on(fold.test)
            model = forecaster.fit_fold(data, fold)
            parts.append(forecast_samples(model, data.panel, test).assign(fold=number))
            rivals.raise_failures()
            release_memory()
        against = rivals.collect(progress)
    release_memory()
    return WalkForwardResult(
        data,
        tuple(folds),
        pd.concat(parts, ignore_index=True),
        against.baselines,
        against.impossible,
        read_layers(model, data.panel, test.ends),
        forecaster.training.seed,
        against.sizes,
        against.thinned,
    )


def _columns(prefix: str, test: PairedTest) -> dict[str, float | None]:
    low, high = test.ci
    figures = {"difference": test.difference, "low": low, "high": high, "p_holm": test.p_holm}
    return {f"{prefix}{name}": value for name, value in figures.items()}


def optimum_on(truth: pd.DataFrame | None, forecasts: pd.DataFrame, *, horizon: int) -> Optimum | None:
    """Return what the best forecaster scores on the rows of `forecasts`.

    None without a market's truth, and where a trade outlasts its session, of whose move alone the truth tells.
    """
    if truth is None or horizon > 0:
        return None
    return optimum(truth.merge(forecasts[["ticker", "session"]], on=["ticker", "session"]))
