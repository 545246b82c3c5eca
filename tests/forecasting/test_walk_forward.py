"""Walk forward: each fold is forecast from its past, the model and the baselines on the same rows."""

import threading
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from stockseq.dataset.dataset import Dataset
from stockseq.dataset.folds import FoldSettings, cut_folds
from stockseq.errors import TooFewSessions, TrainingFailed
from stockseq.evaluate.comparison import compare_forecasts
from stockseq.evaluate.ranking import compare_rankings, score_ranking
from stockseq.evaluate.scores import score_forecasts
from stockseq.evaluate.size import score_size
from stockseq.forecasting.walk_forward import PlotKind, WalkForwardResult, walk_forward
from stockseq.models.baselines import Baseline, forecast_baseline
from stockseq.models.forecaster import Forecaster
from stockseq.models.forecasting import forecast_samples, join_realised
from stockseq.models.size_baselines import forecast_size
from stockseq.models.training_record import Thinned
from tests.models.model_rows import FAST, SMALL, TinyMarket

QUICK = FAST.model_copy(update={"epochs": 2})
ATTENTION = "stockseq.layers.after.temporal_attention:TemporalAttention"
FORECASTER = Forecaster(SMALL, QUICK, after=ATTENTION)
# By hand, of 118 sessions with samples: 74 train and validate, 4 are purged, and two tests of 20 follow.
FOLDS = FoldSettings(min_train=74, test_size=20, validation_size=14, gap=4)


class Recorder:
    """A progress that remembers what was said, and the last step of each task."""

    def __init__(self) -> None:
        self.said: list[str] = []
        self.steps: dict[str, tuple[int, int | None]] = {}

    def step(self, task: str, done: int, total: int | None, note: str = "") -> None:
        self.steps[task] = (done, total)

    def say(self, sentence: str) -> None:
        self.said.append(sentence)


@pytest.fixture(scope="module")
def data(market: TinyMarket) -> Dataset:
    """The small market, whose second feature is news that none of the first fold's training sessions has."""
    folds = cut_folds(market.data.sessions, FOLDS)
    learnt = (market.panel.keys["session"] <= folds[0].validation[-1]).to_numpy()
    indicators = market.panel.indicators.copy()
    indicators[learnt, 1] = 0.0
    truth = market.panel.keys[["ticker", "session"]].assign(
        probability_up=0.6, mean=0.0, relative=0.0, realised_variance=np.nan
    )
    return replace(
        market.data,
        panel=replace(market.panel, indicators=indicators, names=("strength", "news_mean", "more_noise")),
        market=replace(market.data.market, truth=truth),
    )


@pytest.fixture(scope="module")
def recorder() -> Recorder:
    return Recorder()


@pytest.fixture(scope="module")
def result(data: Dataset, recorder: Recorder) -> WalkForwardResult:
    forecaster = Forecaster(FORECASTER.network, QUICK, progress=recorder)
    return walk_forward(forecaster, data, cut_folds(data.sessions, FOLDS))


def test_the_forecasts_are_of_the_test_sessions_each_by_the_model_of_its_fold(
    data: Dataset, result: WalkForwardResult
) -> None:
    """Six tickers of twice 20 sessions; the second fold's are those of a model fitted on that fold alone."""
    assert [(len(fold.train), len(fold.validation), len(fold.test)) for fold in result.folds] == [
        (56, 14, 20),
        (76, 14, 20),
    ]
    assert len(result.forecasts) == 2 * 20 * 6
    for number, fold in enumerate(result.folds, start=1):
        assert set(result.forecasts.loc[result.forecasts["fold"] == number, "session"]) == set(fold.test)
    alone = FORECASTER.fit_fold(data, result.folds[1])
    expected = forecast_samples(alone, data.panel, data.samples.on(result.folds[1].test))
    second = result.forecasts[result.forecasts["fold"] == 2].drop(columns="fold").reset_index(drop=True)
    pd.testing.assert_frame_equal(second, expected)


def test_the_baselines_are_fitted_on_train_and_validation_and_forecast_the_same_rows(
    data: Dataset, result: WalkForwardResult
) -> None:
    """A difference between two models must not come from other rows."""
    assert list(result.baselines) == ["majority", "logistic", "gradient_boosting", "ridge", "logistic_indicators"]
    keys = ["ticker", "session", "realised_return"]
    for name, table in result.baselines.items():
        pd.testing.assert_frame_equal(table[keys], result.forecasts[keys], obj=name)
    fold = result.folds[0]
    train, test = data.samples.on(fold.train.union(fold.validation)), data.samples.on(fold.test)
    expected = join_realised(forecast_baseline("logistic", data.panel, train, test, lookback=3), test)
    pd.testing.assert_frame_equal(result.baselines["logistic"].iloc[: len(expected)], expected)


def test_a_baseline_that_lacks_a_fold_is_left_out_with_the_reason(result: WalkForwardResult) -> None:
    """News that came with the second fold; those of features that the panel lacks are named too."""
    assert result.impossible["logistic_sentiment"] == (
        "Fold 1: it needs news, and the sentiment of all 420 training samples is the same."
    )
    assert set(result.impossible) == {
        "logistic_sentiment", "persistence", "momentum_60_5", "momentum_12_1", "reversal_5", "garch",
    }  # fmt: skip


def test_a_baseline_that_learns_from_fewer_windows_says_so(
    market: TinyMarket, result: WalkForwardResult, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of the largest fold; where it learns from all, nothing is said."""
    assert result.thinned == {}
    monkeypatch.setattr("stockseq.models.window_learners.MOST_BOOSTED", 100)
    one = Forecaster(SMALL, QUICK, n_seeds=1, epochs=1)
    thinned = walk_forward(one, market.data, cut_folds(market.data.sessions, FOLDS)).thinned
    largest = result.folds[-1]
    n_windows = len(market.samples.on(largest.train.union(largest.validation)))
    assert thinned == {"gradient_boosting": Thinned(n_learnt=100, n_windows=n_windows)}


def test_a_baseline_that_fails_in_a_later_fold_is_left_out_of_all(market: TinyMarket) -> None:
    """Rolling training may lose the news that the first fold had; half a baseline is compared with nothing."""
    folds = cut_folds(market.data.sessions, FOLDS.model_copy(update={"max_train": 34, "validation_size": 0}))
    indicators = market.panel.indicators.copy()
    indicators[(market.panel.keys["session"] >= folds[1].train[0]).to_numpy(), 1] = 0.0
    panel = replace(market.panel, indicators=indicators, names=("strength", "news_mean", "more_noise"))
    one = Forecaster(SMALL, QUICK, n_seeds=1, epochs=1)
    result = walk_forward(one, replace(market.data, panel=panel), folds)
    assert result.impossible["logistic_sentiment"].startswith("Fold 2: it needs news")
    assert "logistic_sentiment" not in result.baselines
    assert {len(table) for table in result.baselines.values()} == {len(result.forecasts)}
    # This market has no truth to compare with.
    assert result.optimum is None


def test_all_folds_are_judged_together(result: WalkForwardResult) -> None:
    """Scores and comparisons are those of the joined tables; every p of the family is corrected for five."""
    assert result.scores == score_forecasts(result.forecasts, bootstrap_seed=result.seed)
    assert result.baseline_scores["majority"] == score_forecasts(result.baselines["majority"])
    assert list(result.comparisons) == list(result.baselines)
    majority = compare_forecasts(result.forecasts, result.baselines["majority"])
    assert result.comparisons["majority"].accuracy.difference == majority.accuracy.difference
    assert result.comparisons["majority"].accuracy.p_holm >= majority.accuracy.p
    assert (result.best_baseline.n_sessions, result.best_baseline.n_rivals) == (40, 5)
    assert result.repetition.n_tickers == 6


def test_the_optimum_is_of_the_rows_that_were_forecast(result: WalkForwardResult) -> None:
    """By hand: whoever knows that each row rises in 6 of 10 is right in 6 of 10, and loses -.6 ln .6 - .4 ln .4."""
    assert result.optimum is not None
    assert (result.optimum.n, result.optimum.accuracy) == (240, pytest.approx(0.6, abs=1e-12))
    assert result.optimum.log_loss == pytest.approx(-0.6 * np.log(0.6) - 0.4 * np.log(0.4), abs=1e-12)


def test_the_layers_are_read_on_the_test_windows_of_the_last_fold(result: WalkForwardResult) -> None:
    """A weight for each of three sessions from either seed."""
    assert [list(seed) for seed in result.readings] == [["TemporalAttention"]] * 2
    for seed in result.readings:
        assert len(seed["TemporalAttention"]["attention"]) == SMALL.lookback
        assert sum(seed["TemporalAttention"]["attention"]) == pytest.approx(1.0, abs=1e-6)


def test_some_baselines_are_compared_with_the_correction_for_their_number(result: WalkForwardResult) -> None:
    """One comparison needs no correction: its p is that of the pair."""
    table = result.compare(["majority", "persistence"])
    assert table.index.tolist() == ["majority"]
    pair = compare_forecasts(result.forecasts, result.baselines["majority"]).accuracy
    row = table.loc["majority"]
    assert (row["difference"], row["p_holm"]) == (pair.difference, pair.p)
    assert (row["low"], row["high"]) == pair.ci
    assert row["baseline_accuracy"] == result.baseline_scores["majority"].accuracy
    assert (row["model_accuracy"], row["base_rate"]) == (result.scores.accuracy, result.scores.base_rate)
    assert row["n"] == len(result.forecasts)
    assert len(result.compare()) == 5


@pytest.mark.parametrize(
    ("kind", "names"),
    [
        ("accuracy", [None, "95% interval", "Accuracy", "Base rate", "Best possible here"]),
        ("calibration", ["Perfectly calibrated", "Share that rose", None]),
        ("comparisons", [None, None]),
    ],
)
def test_the_result_plots_itself(result: WalkForwardResult, kind: PlotKind, names: list[str | None]) -> None:
    """Five baselines are compared in accuracy and in log loss."""
    figure = result.plot(kind)
    assert [trace.name or None for trace in figure.data] == names
    if kind == "comparisons":
        assert [len(trace.y) for trace in figure.data] == [5, 5]


def test_progress_names_each_fold_and_counts_those_whose_baselines_are_fitted(
    recorder: Recorder, result: WalkForwardResult
) -> None:
    """By hand: the 79th session with samples is the first that is tested."""
    first, second = (fold.test[0].date() for fold in result.folds)
    assert recorder.said == [
        f"Fold 1 of 2: 56 sessions train, 14 validate, 20 test from {first}",
        f"Fold 2 of 2: 76 sessions train, 14 validate, 20 test from {second}",
    ]
    assert recorder.steps["Fitting the baselines, folds"] == (2, 2)


def test_baselines_hold_what_they_have_in_common_once(result: WalkForwardResult) -> None:
    """Ten copies of keys and outcomes would be most of a large backtest's memory."""
    first, *others = [*result.baselines.values(), *result.sizes.values()]
    for other in others:
        for column in ("session", "realised_return", "realised_variance"):
            assert np.shares_memory(first[column].to_numpy(), other[column].to_numpy())
        texts = [frame["ticker"].array.__arrow_array__().chunk(0).buffers()[2].address for frame in (first, other)]
        assert texts[0] == texts[1]
    for other in result.baselines.values():
        if other is first:
            continue
        assert not np.shares_memory(first["probability_up"].to_numpy(), other["probability_up"].to_numpy())


def test_it_says_in_a_line_what_was_forecast(result: WalkForwardResult) -> None:
    """The accuracy stands beside its base rate, as everywhere."""
    line = repr(result)
    assert line.startswith(
        f"WalkForwardResult(240 forecasts of 2 folds, {result.folds[0].test[0].date()} to 2024-06-24, "
    )
    assert f"accuracy={result.scores.accuracy:.4g}" in line
    assert "base_rate=" in line


def test_folds_that_do_not_fit_say_where_the_sessions_went(market: TinyMarket) -> None:
    """What is needed, what there is, and what to do; nothing is fitted before."""
    with pytest.raises(TooFewSessions, match=r"needs more than 505 sessions .* Of 120 sessions with bars 118 are left"):
        walk_forward(FORECASTER, market.data, n_folds=2)


def judged(result: WalkForwardResult) -> WalkForwardResult:
    """Return a result on twelve tickers of 60 sessions: the model ranks and sizes well, one baseline each hardly."""
    generator = np.random.default_rng(11)
    rows = pd.DataFrame(
        {
            "session": np.repeat(pd.bdate_range("2024-01-01", periods=60), 12),
            "ticker": [f"T{number:02}" for number in range(12)] * 60,
            "decision_at": pd.Timestamp("2024-01-01", tz="UTC"),
            "probability_up": generator.uniform(0.4, 0.6, 720),
            "realised_return": 0.01 * generator.standard_normal(720),
            "realised_variance": 1e-4 * np.exp(generator.standard_normal(720)),
        }
    )
    good = rows["realised_return"] + 0.01 * generator.standard_normal(720)
    model = rows.assign(relative=good, sigma=np.sqrt(rows["realised_variance"]) * 1.1)
    return replace(
        result,
        forecasts=model,
        baselines={
            "majority": rows.assign(relative=np.nan),
            "gradient_boosting": rows.assign(relative=generator.standard_normal(720)),
        },
        sizes={name: rows.assign(sigma=sigma) for name, sigma in (("ewma", 0.012), ("har", 0.013))},
    )


def test_ranking_and_size_are_judged_beside_their_own_baselines(result: WalkForwardResult) -> None:
    """Boosting is the rival of ranks and HAR that of sizes, declared before."""
    made = judged(result)
    horizon = made.data.inputs.horizon
    assert made.ranking == score_ranking(made.forecasts, horizon=horizon)
    ranker = made.baselines["gradient_boosting"]
    assert made.baseline_ranking["gradient_boosting"] == score_ranking(ranker, horizon=horizon)
    assert made.ranking_difference == compare_rankings(made.forecasts, ranker, horizon=horizon)
    assert made.size == score_size(made.forecasts, horizon=horizon)
    assert set(made.baseline_sizes) == set(made.size_comparisons) == {"ewma", "har"}
    assert made.claims.ranking.p == made.ranking.rank_ic_p
    assert made.claims.size.p == made.size_comparisons["har"].better_p
    assert made.claims.direction.p == made.scores.pt_clustered_p
    assert made.claims.ranking.is_shown
    assert made.claims.size.is_shown


def test_a_model_of_the_direction_alone_claims_no_size(result: WalkForwardResult) -> None:
    """Its expected return still ranks; the baselines of sizes are scored all the same."""
    made = judged(result)
    direction = replace(made, forecasts=made.forecasts.drop(columns=["relative", "sigma"]))
    assert (direction.size, direction.size_comparisons) == (None, {})
    assert direction.ranking.score == "probability_up"
    assert set(direction.baseline_sizes) == {"ewma", "har"}
    assert (direction.claims.size.p, direction.claims.size.p_holm) == (None, None)


def test_the_baselines_of_sizes_forecast_the_same_rows(data: Dataset, result: WalkForwardResult) -> None:
    """Fitted on train and validation, as the others; a hundred sessions are too few for GARCH."""
    assert list(result.sizes) == ["ewma", "har"]
    assert result.impossible["garch"].startswith("Fold 1: it needs 250 returns")
    keys = ["ticker", "session", "realised_return", "realised_variance"]
    for table in result.sizes.values():
        pd.testing.assert_frame_equal(table[keys], result.forecasts[keys])
    fold = result.folds[1]
    train, test = data.samples.on(fold.train.union(fold.validation)), data.samples.on(fold.test)
    expected = join_realised(forecast_size("har", data, train, test), test)
    pd.testing.assert_frame_equal(result.sizes["har"].iloc[-len(expected) :].reset_index(drop=True), expected)


def test_a_network_that_fails_ends_the_baselines_too(data: Dataset, monkeypatch: pytest.MonkeyPatch) -> None:
    """The baseline that is being fitted when the network fails is the last of some twenty."""
    failed, fitted = threading.Event(), []

    def fit_slowly(name: Baseline, *arguments: object, **options: object) -> object:
        failed.wait(60)
        fitted.append(name)
        return forecast_baseline(name, *arguments, **options)

    monkeypatch.setattr("stockseq.forecasting.rivals.forecast_baseline", fit_slowly)
    wild = Forecaster(SMALL, QUICK, n_seeds=1, learning_rate=1e30)
    with pytest.raises(TrainingFailed, match="lower `learning_rate`"):
        walk_forward(wild, data, cut_folds(data.sessions, FOLDS))
    failed.set()
    for thread in threading.enumerate():
        if thread.name.startswith("baselines"):
            thread.join(60)
    assert fitted == ["majority"]


def test_what_a_baseline_raises_is_raised(data: Dataset) -> None:
    """Baselines scale by train and validation; a validation row without an end is clipped for the network alone."""
    folds = cut_folds(data.sessions, FOLDS)
    indicators = data.panel.indicators.copy()
    indicators[(data.panel.keys["session"] == folds[0].validation[-1]).to_numpy(), 0] = np.inf
    broken = replace(data, panel=replace(data.panel, indicators=indicators))
    with pytest.raises(ValueError, match="A scaler needs finite values"):
        walk_forward(Forecaster(SMALL, QUICK, n_seeds=1, epochs=1), broken, folds[:1])
