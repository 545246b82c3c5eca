"""EWMA, HAR and GARCH against numpy by hand, statsmodels 0.15.0 and arch 8.0.0, and blind to the future."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from arch import arch_model
from statsmodels.regression.linear_model import OLS

from stockseq.dataset.dataset import Dataset, build_dataset
from stockseq.dataset.samples import Samples
from stockseq.errors import TooFewSessions
from stockseq.models.size_baselines import SIZE_BASELINES, find_size_obstacle, forecast_size, variance_paths
from stockseq.schemas import Bars
from stockseq.sources.markets import load_simulated


@pytest.fixture(scope="module")
def data() -> Dataset:
    return build_dataset(load_simulated(n_sessions=420, n_tickers=3, seed=7), lookback=5)


@pytest.fixture(scope="module")
def longer(data: Dataset) -> Dataset:
    return build_dataset(data.market, lookback=5, label="open_to_next_open")


def split(data: Dataset) -> tuple[Samples, Samples]:
    """Return the samples of all but the last 60 sessions, with five left out between, and of those 60."""
    return data.samples.on(data.sessions[:-65]), data.samples.on(data.sessions[-60:])


def ticker_bars(data: Dataset, ticker: str) -> pd.DataFrame:
    bars = data.market.bars
    return bars[bars["ticker"] == ticker].sort_values("session").set_index("session")


def garman_klass(bars: pd.DataFrame) -> pd.Series:
    within = np.log(bars["close"] / bars["open"])
    return 0.5 * np.log(bars["high"] / bars["low"]) ** 2 - (2 * np.log(2) - 1) * within**2


def known(data: Dataset, samples: Samples, function: object) -> np.ndarray:
    """Return `function` of the ticker's Garman-Klass variances before each sample's session."""
    variances = {ticker: garman_klass(ticker_bars(data, ticker)) for ticker in data.market.tickers}
    return np.array(
        [
            function(variances[ticker][variances[ticker].index < session].to_numpy())  # type: ignore[operator]
            for ticker, session in zip(samples.ticker, samples.session, strict=True)
        ]
    )


def test_ewma_is_that_of_the_past_times_the_factor_of_least_qlike(data: Dataset) -> None:
    """Weights .94^age; the factor is the mean over training of realised over forecast variance."""
    train, test = split(data)

    def weighted(past: np.ndarray) -> float:
        return float(np.average(past, weights=0.94 ** np.arange(len(past))[::-1]))

    factor = (train.realised_variance / known(data, train, weighted)).mean()
    sigma = forecast_size("ewma", data, train, test)["sigma"].to_numpy()
    assert sigma**2 == pytest.approx(factor * known(data, test, weighted), rel=1e-9)


def test_har_is_the_regression_of_logs_with_smearing(data: Dataset) -> None:
    """By statsmodels 0.15.0, on the last session, the mean of five and of 22, and the mean of exp(residual)."""
    train, test = split(data)

    def terms(past: np.ndarray) -> list[float]:
        return [1.0, *(float(np.log(past[-span:].mean())) for span in (1, 5, 22))]

    fitted = OLS(np.log(train.realised_variance), known(data, train, terms)).fit()
    smearing = np.exp(fitted.resid).mean()
    sigma = forecast_size("har", data, train, test)["sigma"].to_numpy()
    assert sigma**2 == pytest.approx(smearing * np.exp(fitted.predict(known(data, test, terms))), rel=1e-9)


@pytest.mark.parametrize("of_label", ["open_to_close", "open_to_next_open"])
def test_garch_is_arch_fitted_in_training_and_filtered_without_a_new_fit(
    data: Dataset, longer: Dataset, of_label: str
) -> None:
    """The ratio to arch's own one-step variance, at the training parameters, is one number for all."""
    dataset = data if of_label == "open_to_close" else longer
    train, test = split(dataset)
    forecast = forecast_size("garch", dataset, train, test)
    ratios = []
    for ticker in dataset.market.tickers:
        close = ticker_bars(dataset, ticker)["close"]
        actions = dataset.market.actions
        assert actions[(actions["ticker"] == ticker) & (actions["kind"] == "split")].empty
        paid = actions[actions["ticker"] == ticker].set_index("session")["value"].reindex(close.index).fillna(0.0)
        # The house's return puts a dividend back as a share of the close before it.
        before = close.shift()
        returns = (100 * np.log(close / (before - paid))).dropna()
        learnt = returns[returns.index <= pd.Timestamp(train.session.max())]
        fitted = arch_model(learnt, rescale=False).fit(disp="off")
        # In-sample volatility of a session is the forecast made at the close before it.
        filtered = arch_model(returns, rescale=False).fix(fitted.params).conditional_volatility
        sigma = forecast[forecast["ticker"] == ticker].set_index("session")["sigma"]
        ratios.append(sigma / filtered.reindex(sigma.index))
    assert np.ptp(pd.concat(ratios)) < 1e-3 * pd.concat(ratios).mean()


def test_garch_of_more_sessions_is_the_sum_of_its_forecasts() -> None:
    """arch 8.0.0's analytic forecasts of five sessions, from the end of training."""
    from stockseq.models.size_baselines import _fit_and_filter

    generator = np.random.default_rng(3)
    shocks, variance, returns = generator.standard_normal(1500), 1.0, []
    for shock in shocks:
        returns.append(shock * variance**0.5)
        variance = 0.05 + 0.1 * returns[-1] ** 2 + 0.85 * variance
    found = _fit_and_filter(np.array(returns), 1500, 5)
    assert found is not None
    fitted = arch_model(np.array(returns), rescale=False).fit(disp="off")
    assert found[-1] == pytest.approx(fitted.forecast(horizon=5).variance.to_numpy()[-1].sum())


@pytest.mark.parametrize("name", SIZE_BASELINES)
@pytest.mark.parametrize("of_label", ["open_to_close", "open_to_next_open"])
def test_what_follows_a_decision_does_not_move_its_forecast(
    data: Dataset, longer: Dataset, name: str, of_label: str
) -> None:
    """From a session in the middle of the test on, prices go wild and labels with them; up to it nothing changes."""
    dataset = data if of_label == "open_to_close" else longer
    train, test = split(dataset)
    turn = pd.Timestamp(dataset.sessions[-30])
    bars = dataset.market.bars.copy()
    later = (bars["session"] >= turn).to_numpy()
    factors = np.exp(np.random.default_rng(1).normal(0, 0.3, later.sum()))
    for column in ("open", "close"):
        bars.loc[later, column] *= factors if column == "close" else 1.0
    bars.loc[later, "high"] = 1.5 * bars.loc[later, ["open", "close"]].max(axis=1)
    bars.loc[later, "low"] = 0.5 * bars.loc[later, ["open", "close"]].min(axis=1)
    poisoned = replace(dataset, market=replace(dataset.market, bars=Bars(bars)))
    wild = replace(test, realised_variance=np.full(len(test), 9.0))
    before, after = (forecast_size(name, *given) for given in ((dataset, train, test), (poisoned, train, wild)))  # type: ignore[arg-type]
    decided = before["session"] <= turn
    pd.testing.assert_frame_equal(before[decided], after[decided])
    assert not np.allclose(before.loc[~decided, "sigma"], after.loc[~decided, "sigma"])


def test_each_forecasts_the_test_rows_in_their_order(longer: Dataset) -> None:
    """By ticker and session, as the network's forecasts; a positive sigma in every row."""
    train, test = split(longer)
    for name in SIZE_BASELINES:
        forecast = forecast_size(name, longer, train, test)
        assert list(forecast.columns) == ["ticker", "session", "decision_at", "sigma"]
        assert forecast["ticker"].tolist() == test.ticker.tolist()
        assert (forecast["session"].to_numpy() == test.session).all()
        assert (forecast["sigma"] > 1e-4).all()


def test_too_little_training_is_named(data: Dataset) -> None:
    """A year of returns for GARCH, and four known variances for anything."""
    train, test = split(data)
    short = train.on(data.sessions[:100])
    obstacle = find_size_obstacle("garch", data, short)
    assert obstacle is not None
    assert obstacle.startswith("it needs 250 returns of a ticker in training, and there are ")
    assert find_size_obstacle("har", data, short) is None
    with pytest.raises(TooFewSessions, match="The baseline garch can't forecast sizes: it needs 250"):
        forecast_size("garch", data, short, test)
    unknown = replace(train, realised_variance=np.full(len(train), np.nan))
    assert find_size_obstacle("ewma", data, unknown) == "it needs training samples of known variance, and there are 0."
    with pytest.raises(ValueError, match="ewma, har, garch"):
        forecast_size("oracle", data, train, test)  # type: ignore[arg-type]


def test_a_ticker_without_a_bar_before_has_no_variance(data: Dataset) -> None:
    """It is not that of the table's first bar, nor of another ticker."""
    unheard_of = replace(data, panel=replace(data.panel, keys=data.panel.keys.assign(ticker="NEW")))
    paths = variance_paths(unheard_of)
    assert (paths.newest == -1).all()
    assert paths.by_bar.reindex(paths.newest)["ewma"].isna().all()
