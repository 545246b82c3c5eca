"""The baselines know little, and what they know is worked out by hand."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from scipy.stats import spearmanr
from sklearn.ensemble import HistGradientBoostingRegressor
from sklearn.linear_model import LogisticRegression, Ridge

from stockseq.dataset.panel import Panel
from stockseq.dataset.samples import Samples, build_samples
from stockseq.dataset.windows import build_windows
from stockseq.errors import DataError, TooFewSessions
from stockseq.models.baselines import BASELINES, find_obstacle, forecast_baseline, forecast_baselines
from stockseq.models.forecasting import join_realised
from stockseq.models.window_learners import classify_windows, fit_ranks, scale_rows
from stockseq.ranges import draw_positions
from stockseq.schemas import Labels
from tests.models.model_rows import TinyMarket


def rows(values: list[float], returns: list[float], *, feature: str = "momentum_60_5") -> tuple[Panel, Samples]:
    """Return one ticker's panel of one feature, and samples of one row each."""
    sessions = pd.bdate_range("2024-01-01", periods=len(values)).astype("datetime64[us]")
    decided = (sessions + pd.Timedelta(hours=14)).tz_localize("UTC")
    keys = pd.DataFrame({"ticker": pd.Series(["A"] * len(values), dtype="str"), "session": sessions})
    keys["decision_at"] = decided
    panel = Panel(keys, np.array(values, np.float32)[:, None], (feature,), ((),) * len(values))
    labels = keys.assign(exit_at=decided, realised_return=returns, realised_variance=1e-4)
    windows = build_windows(panel, np.full(len(panel), 0.01), lookback=1)
    return panel, build_samples(windows, Labels(labels))


def split(samples: Samples, n_train: int) -> tuple[Samples, Samples]:
    sessions = pd.DatetimeIndex(samples.session)
    return samples.on(sessions[:n_train]), samples.on(sessions[n_train:])


def test_the_majority_forecasts_the_share_of_up() -> None:
    """3 of 4 went up, by 1 % on average: p = .75, expected (2 x .75 - 1) x 1 % = .5 %."""
    panel, samples = rows([0, 0, 0, 0, 0], [0.01, 0.01, 0.01, -0.01, -0.01])
    forecasts = forecast_baseline("majority", panel, *split(samples, 4))
    assert forecasts["probability_up"].tolist() == [0.75]
    assert forecasts["expected_return"].tolist() == pytest.approx([0.005])


def test_momentum_is_believed_as_often_as_it_was_right() -> None:
    """Right 3 times of 4 in training: .75 for a rise, .25 for a fall."""
    panel, samples = rows([1, 1, -1, -1, 1, -1], [0.01, 0.01, -0.01, 0.01, 0.01, 0.01])
    forecasts = forecast_baseline("momentum_60_5", panel, *split(samples, 4))
    assert forecasts["probability_up"].tolist() == [0.75, 0.25]


def test_momentum_that_was_wrong_is_not_turned_round() -> None:
    """Turned round it would be reversal, which is another baseline."""
    panel, samples = rows([1, 1, -1, 1], [-0.01, -0.01, 0.01, 0.01])
    assert forecast_baseline("momentum_60_5", panel, *split(samples, 3))["probability_up"].round(5).tolist() == [0.5]


def test_logistic_regression_finds_a_planted_effect(market: TinyMarket) -> None:
    """It reads the indicator but not the news: right more often than the base rate, less than the network."""
    train, test = market.samples.on(market.fold.train), market.samples.on(market.fold.test)
    forecasts = forecast_baselines(market.panel, train, test, lookback=3)
    assert sorted(forecasts) == ["gradient_boosting", "logistic", "logistic_indicators", "majority", "ridge"]
    for name in ("gradient_boosting", "logistic"):
        right = ((forecasts[name]["probability_up"] > 0.5).to_numpy() == test.up).mean()
        assert max(test.up.mean(), 1 - test.up.mean()) < right < 0.9


def lay_out_by_hand(market: TinyMarket, train: Samples) -> Callable[[np.ndarray], np.ndarray]:
    """The network's own windows: the oldest row first, three rows of three features, scaled by training rows."""
    read = sorted({end - back for end in train.ends for back in range(3)})
    values = market.panel.indicators.astype(float)
    scaled = np.clip((values - values[read].mean(axis=0)) / values[read].std(axis=0), -5, 5)

    def laid_out(ends: np.ndarray) -> np.ndarray:
        return np.hstack([scaled[ends - 2], scaled[ends - 1], scaled[ends]])

    return laid_out


def test_logistic_regression_is_that_of_scikit_learn_on_the_rows_laid_out_by_hand(market: TinyMarket) -> None:
    """The network's own windows: the oldest row first, three rows of three features, scaled by training rows."""
    train, test = market.samples.on(market.fold.train), market.samples.on(market.fold.test)
    laid_out = lay_out_by_hand(market, train)
    expected = LogisticRegression(C=0.03**2, max_iter=1000).fit(laid_out(train.ends), train.up)
    forecasts = forecast_baseline("logistic", market.panel, train, test, lookback=3)
    by_hand = expected.predict_proba(laid_out(test.ends))[:, 1]
    assert forecasts["probability_up"].to_numpy() == pytest.approx(by_hand, abs=1e-3)


def test_a_window_teaches_what_its_last_row_alone_can_not() -> None:
    """The return follows the feature of the session before: chance to one row, nearly sure to two."""
    generator = np.random.default_rng(4)
    values = generator.standard_normal(800)
    panel, samples = rows(list(values), list(np.r_[0.01, np.sign(values[:-1]) * 0.01]))
    samples = samples.where(np.arange(len(samples)) > 0)
    right = {}
    for lookback in (1, 2):
        train, test = split(samples, 600)
        forecasts = forecast_baseline("gradient_boosting", panel, train, test, lookback=lookback)
        right[lookback] = ((forecasts["probability_up"] > 0.5).to_numpy() == test.up).mean()
    assert right[1] < 0.6
    assert right[2] > 0.95


def test_persistence_follows_the_last_return_and_reversal_goes_against_the_last_five() -> None:
    """Both right 3 times of 4 in training; a rise then means .75 to the one and .25 to the other."""
    followed, opposed = [1, 1, -1, -1, 1, 0], [-1, -1, 1, 1, 1, 0]
    returns = [0.01, 0.01, -0.01, 0.01, 0.01, 0.01]
    panel, samples = rows(followed, returns, feature="intraday_return")
    up = forecast_baseline("persistence", panel, *split(samples, 4))["probability_up"]
    # Without a sign it is the majority's: 3 of 4 rose.
    assert up.tolist() == [0.75, 0.75]
    panel, samples = rows(opposed, returns, feature="return_5")
    assert forecast_baseline("reversal_5", panel, *split(samples, 4))["probability_up"].tolist() == [0.25, 0.75]


def test_momentum_of_a_year_leaves_the_last_month_out() -> None:
    """By hand: up 1 % on each of 231 sessions, down 1 % on the 21 after: from 252 to 21 bars ago all of it rose."""
    panel, samples = rows([0.01] * 231 + [-0.01] * 21 + [-0.01], [0.01] * 253, feature="return_1")
    train, test = split(samples, 252)
    assert forecast_baseline("momentum_12_1", panel, train, test)["probability_up"].tolist() == [1 - 1e-6]
    # One session earlier there is no whole year.
    obstacle = find_obstacle("momentum_12_1", panel, split(samples, 251)[0])
    assert obstacle == "it needs 252 sessions of returns before a decision, and no training sample has so many."


def test_boosting_and_ridge_rank_by_what_the_session_does_not_share(market: TinyMarket) -> None:
    """A planted effect within sessions: both rank well, and what moves all tickers alike changes no rank."""
    train, test = market.samples.on(market.fold.train), market.samples.on(market.fold.test)
    moved = np.random.default_rng(5).normal(0, 0.02, 1000)[np.unique(train.session, return_inverse=True)[1]]
    together = train.realised_return + moved
    shared = replace(train, realised_return=together, target=(together / train.volatility).astype(np.float32))
    for name in ("gradient_boosting", "ridge"):
        ranks = {}
        for key, learnt in (("plain", train), ("shared", shared)):
            forecasts = forecast_baseline(name, market.panel, learnt, test, lookback=3)  # type: ignore[arg-type]
            joined = join_realised(forecasts, test)
            ranks[key] = joined.groupby("session")[["relative", "realised_return"]].rank().assign(s=joined["session"])
            by_session = ranks[key].groupby("s")
            ic = [spearmanr(part["relative"], part["realised_return"]).statistic for _, part in by_session]
            assert np.mean(ic) > 0.3, (name, key)
        assert np.corrcoef(ranks["plain"]["relative"], ranks["shared"]["relative"])[0, 1] > 0.99
    others = forecast_baseline("logistic", market.panel, train, test, lookback=3)
    assert others["relative"].isna().all()


def test_ridge_is_that_of_scikit_learn_on_z_scores_by_hand(market: TinyMarket) -> None:
    """The volatility-scaled return less its session's mean, in its standard deviations, clipped at three."""
    train, test = market.samples.on(market.fold.train), market.samples.on(market.fold.test)
    laid_out = lay_out_by_hand(market, train)
    target = pd.Series(train.target.astype(float)).groupby(train.session)
    z = ((pd.Series(train.target) - target.transform("mean")) / target.transform("std", ddof=0)).clip(-3, 3)
    by_hand = Ridge(alpha=1000.0).fit(laid_out(train.ends), z).predict(laid_out(test.ends))
    forecasts = forecast_baseline("ridge", market.panel, train, test, lookback=3)
    assert forecasts["relative"].to_numpy() == pytest.approx(by_hand, abs=1e-4)
    # The direction is believed as far as it was right: where it ranks high a rise is likelier.
    rises = forecasts.groupby(forecasts["relative"] > 0)["probability_up"].mean()
    assert rises[True] > 0.5 > rises[False]


def test_ridge_needs_sessions_of_five_tickers() -> None:
    """One ticker has no rank; boosting then learns the direction alone."""
    panel, samples = rows([1.0, -1.0] * 20, [0.01, -0.01] * 20)
    train, test = split(samples, 30)
    obstacle = find_obstacle("ridge", panel, train)
    assert obstacle == "it learns to rank, and no training session has five tickers that move apart."
    forecasts = forecast_baseline("gradient_boosting", panel, train, test)
    assert forecasts["relative"].isna().all()


def test_without_news_sentiment_is_named_impossible_and_left_out(market: TinyMarket) -> None:
    """Many a user has no headlines: a sentence, not a crash, and every other baseline all the same."""
    names = ("intraday_return", "news_mean", "no_news")
    values = market.panel.indicators.copy()
    values[:, 1], values[:, 2] = 0.0, 1.0
    panel = replace(market.panel, indicators=values, names=names)
    train, test = market.samples.on(market.fold.train), market.samples.on(market.fold.test)
    obstacle = find_obstacle("logistic_sentiment", panel, train)
    assert obstacle is not None
    assert obstacle.startswith("it needs news")
    assert set(BASELINES) - set(forecast_baselines(panel, train, test)) == {
        "logistic_sentiment", "momentum_60_5", "momentum_12_1", "reversal_5",
    }  # fmt: skip
    with pytest.raises(DataError, match="logistic_sentiment can't forecast this panel: it needs news"):
        forecast_baseline("logistic_sentiment", panel, train, test)


def with_feature(panel: Panel, name: str, values: np.ndarray) -> Panel:
    return replace(panel, indicators=np.column_stack([panel.indicators, values]), names=(*panel.names, name))


def test_a_feature_that_never_moves_in_training_changes_no_forecast(market: TinyMarket) -> None:
    """Nothing can be learnt of it, not even by luck: boosting draws none of its splits from it."""
    train, test = market.samples.on(market.fold.train), market.samples.on(market.fold.test)
    still = np.full(len(market.panel), 3.0, np.float32)
    still[test.ends] = 7.0
    panel = with_feature(market.panel, "days_closed", still)
    without, with_it = (forecast_baselines(given, train, test, lookback=3) for given in (market.panel, panel))
    for name, forecasts in without.items():
        pd.testing.assert_frame_equal(forecasts, with_it[name], check_exact=True)


def test_boosting_learns_from_windows_drawn_by_chance_where_there_are_too_many(
    market: TinyMarket, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As from these alone, of the direction and of ranks; a table of any size takes the same memory then."""
    train, test = market.samples.on(market.fold.train), market.samples.on(market.fold.test)
    half = len(train) // 2
    learner_rows = scale_rows(market.panel, train, 3)
    rows = learner_rows.of(learner_rows.names)
    chosen = draw_positions(len(train), half)
    alone = train.where(np.isin(np.arange(len(train)), chosen))
    expected = classify_windows("boosting", rows, alone, test, lookback=3)
    monkeypatch.setattr("stockseq.models.window_learners.MOST_BOOSTED", half)
    np.testing.assert_array_equal(classify_windows("boosting", rows, train, test, lookback=3), expected)
    fitted: list[int] = []
    monkeypatch.setattr(HistGradientBoostingRegressor, "fit", lambda model, table, learnt: fitted.append(len(table)))
    fit_ranks("boosting", rows, train, lookback=3)
    assert fitted == [half]


def test_windows_left_out_leave_no_session_out() -> None:
    """The sessions are what is independent; windows at equal distances would be of 20 of 40 sessions."""
    n_sessions, n_tickers = 40, 100
    drawn = draw_positions(n_sessions * n_tickers, n_sessions * n_tickers // 2)
    by_session = np.bincount(drawn % n_sessions, minlength=n_sessions)
    # By hand: 50 of 100 on average, with a standard deviation of 5 of whatever is drawn by chance.
    assert by_session.min() > 50 - 4 * 5
    assert len(np.unique(drawn)) == n_sessions * n_tickers // 2


def test_a_learner_of_some_features_reads_none_of_the_others(market: TinyMarket) -> None:
    """With sentiment that moves, too: as if the other columns were not there."""
    train, test = market.samples.on(market.fold.train), market.samples.on(market.fold.test)
    sentiment = np.random.default_rng(2).standard_normal(len(market.panel)).astype(np.float32)
    both = with_feature(market.panel, "news_mean", sentiment)
    alone = replace(market.panel, indicators=sentiment[:, np.newaxis], names=("news_mean",))
    for name, of in (("logistic_indicators", market.panel), ("logistic_sentiment", alone)):
        expected, made = (forecast_baseline(name, panel, train, test, lookback=3) for panel in (of, both))  # type: ignore[arg-type]
        pd.testing.assert_frame_equal(made, expected)


def test_learners_of_features_that_never_move_are_the_majority() -> None:
    """12 of 20 rose: .6 for all, and nothing to rank by."""
    panel, samples = rows([1.0] * 30, [0.01, 0.01, 0.01, -0.01, -0.01] * 6)
    train, test = split(samples, 20)
    for name in ("logistic", "gradient_boosting"):
        forecasts = forecast_baseline(name, panel, train, test)  # type: ignore[arg-type]
        assert forecasts["probability_up"].tolist() == [0.6] * 10
        assert forecasts["relative"].isna().all()


def test_logistic_regression_on_one_class_is_the_majority(market: TinyMarket) -> None:
    """There is nothing to regress; the share of up is all that is known."""
    train = market.samples.on(market.fold.train)
    train = replace(train, up=np.ones(len(train), dtype=bool))
    forecasts = forecast_baseline("logistic", market.panel, train, market.samples.on(market.fold.test))
    assert (forecasts["probability_up"] == 1 - 1e-6).all()


def test_a_baseline_without_training_samples_is_refused(market: TinyMarket, no_sessions: pd.DatetimeIndex) -> None:
    """A mean of nothing is no number."""
    with pytest.raises(TooFewSessions, match="A baseline needs training samples"):
        forecast_baseline("majority", market.panel, market.samples.on(no_sessions), market.samples)


def test_an_unknown_baseline_or_feature_is_named(market: TinyMarket) -> None:
    """The message lists what there is."""
    with pytest.raises(ValueError, match=r"A baseline is one of majority, persistence, .* received 'oracle'"):
        forecast_baseline("oracle", market.panel, market.samples, market.samples)  # type: ignore[arg-type]
    with pytest.raises(DataError, match="it follows the feature 'momentum_60_5', which the panel lacks"):
        forecast_baseline("momentum_60_5", market.panel, market.samples, market.samples)
