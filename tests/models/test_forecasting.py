"""Forecasts of samples carry what was realised, and the next session says of each ticker why it has none."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from stockseq.dataset.dataset import Dataset
from stockseq.dataset.windows import build_windows
from stockseq.models.forecasting import forecast_next, forecast_samples
from stockseq.models.model import Model
from stockseq.schemas import Bars
from stockseq.sources.source import Outcome
from tests.models.model_rows import VOLATILITY, TinyMarket, first

# The 120th and the 121st session of 2024.
LAST, NEXT = pd.Timestamp("2024-06-24"), pd.Timestamp("2024-06-25")


def fetched(market: TinyMarket, **statuses: str) -> dict[str, Outcome]:
    """Return an outcome for each ticker of the market, and for those named."""
    outcomes = {ticker: Outcome(ticker, "updated", 1) for ticker in market.data.market.tickers}
    return outcomes | {ticker: Outcome(ticker, status, reason="no answer") for ticker, status in statuses.items()}  # type: ignore[arg-type]


def without(data: Dataset, ticker: str, lost: pd.Series) -> Dataset:
    """Return the dataset in which a ticker has no forecastable window and lacks the bars where `lost` is true."""
    bars = data.market.bars
    bars = bars[~((bars["ticker"] == ticker) & lost)].reset_index(drop=True)
    windows = data.windows.where(data.windows.ticker != ticker)
    return replace(data, market=replace(data.market, bars=Bars(bars)), windows=windows)


def test_forecasts_of_samples_carry_what_was_realised(market: TinyMarket, model: Model) -> None:
    """Row by row the forecast of the model and the return of the same ticker and session."""
    samples = first(market.samples, 30)
    table = forecast_samples(model, market.panel, samples)
    assert table["realised_return"].tolist() == samples.realised_return.tolist()
    assert table["realised_variance"].tolist() == samples.realised_variance.tolist()
    forecasts = table.drop(columns=["realised_return", "realised_variance"])
    pd.testing.assert_frame_equal(forecasts, model.forecast(market.panel, samples))


def test_a_window_without_a_label_forecasts_the_next_session(market: TinyMarket, model: Model) -> None:
    """Every ticker has one, and no sample; without word of a fetch, whatever has bars is forecast."""
    outlook = forecast_next(model, market.data, fetched(market))
    assert outlook.session == NEXT
    assert (outlook.refused, outlook.forecasts["ticker"].tolist()) == ({}, list(market.data.market.tickers))
    assert set(outlook.forecasts["session"]) == {NEXT}
    assert not len(market.samples.on(pd.DatetimeIndex([NEXT])))
    pd.testing.assert_frame_equal(forecast_next(model, market.data).forecasts, outlook.forecasts)


def test_a_ticker_whose_fetch_failed_is_refused_for_the_reason_of_its_source(market: TinyMarket, model: Model) -> None:
    """It may lack the newest bars without a sign of it, so its forecast would be of another day's knowledge."""
    outcomes = fetched(market, T1="failed", T2="unknown", GONE="unknown")
    retry = pd.Timestamp("2024-06-25 12:50", tz="UTC")
    outcomes["T3"] = Outcome("T3", "failed", reason="too many requests", retry_at=retry)
    outlook = forecast_next(model, market.data, outcomes)
    assert outlook.refused == {
        "T1": "no answer",
        "T2": "no answer",
        "T3": "too many requests; try again after 12:50 UTC",
        "GONE": "no answer",
    }
    assert outlook.forecasts["ticker"].tolist() == ["T0", "T4", "T5"]


@pytest.mark.parametrize(
    ("lost", "reason"),
    [
        (lambda session: session.notna(), "no bars"),
        (lambda session: session == LAST, "the bar of 2024-06-24 is missing (newest 2024-06-21)"),
        (lambda session: session < pd.Timestamp("2024-06-20"), "too little history: 3 bars, 2 of them with volume"),
    ],
)
def test_a_ticker_without_a_window_is_refused_for_what_its_bars_lack(
    market: TinyMarket, model: Model, lost: object, reason: str
) -> None:
    """By hand: from the 20th on there are bars of the 20th, the 21st (without volume here) and the 24th."""
    bars = market.data.market.bars
    halted = (bars["ticker"] == "T1") & (bars["session"] == pd.Timestamp("2024-06-21"))
    quiet = Bars(bars.assign(volume=bars["volume"].mask(halted, 0.0)))
    data = replace(market.data, market=replace(market.data.market, bars=quiet))
    outlook = forecast_next(model, without(data, "T1", lost(bars["session"])), fetched(market))  # type: ignore[operator]
    assert outlook.refused == {"T1": reason}
    assert outlook.forecasts["ticker"].tolist() == ["T0", "T2", "T3", "T4", "T5"]


def test_a_day_on_which_every_ticker_is_refused_has_no_forecast(market: TinyMarket, model: Model) -> None:
    """A table without rows, not a crash."""
    outlook = forecast_next(model, market.data, fetched(market, **dict.fromkeys(market.data.market.tickers, "failed")))
    assert len(outlook.forecasts) == 0
    assert len(outlook.refused) == 6


def test_before_the_bar_of_a_session_is_final_it_is_that_session_which_is_forecast(
    market: TinyMarket, model: Model
) -> None:
    """29 minutes after the close of the 24th its bar may still change; half an hour after, the 25th is next."""
    close = market.data.market.calendar.schedule.loc[LAST, "close"]
    for minutes, expected in ((29, LAST), (30, NEXT)):
        seen = replace(market.data.market, now=close + pd.Timedelta(minutes=minutes))
        outlook = forecast_next(model, replace(market.data, market=seen), fetched(market))
        assert outlook.session == expected
        assert len(outlook.forecasts) == 6


def test_a_model_of_another_lookback_reads_its_windows(market: TinyMarket, model: Model) -> None:
    """A champion of three rows forecasts on after a setting asks for five, also a ticker that has four.

    By hand: closes that rise by 1 % and by 2 % leave a volatility of (.94 * .01**2 + .02**2) / 1.94, square rooted.
    """
    young = (market.panel.keys["ticker"] == "T1") & (market.panel.keys["session"] >= pd.Timestamp("2024-06-20"))
    rows = np.flatnonzero(young)
    panel = replace(
        market.panel,
        keys=market.panel.keys.iloc[rows].reset_index(drop=True),
        indicators=market.panel.indicators[rows],
        texts=tuple(market.panel.texts[row] for row in rows),
    )
    bars = market.data.market.of(["T1"]).bars.tail(3).assign(close=[100.0, 101.0, 101.0 * 1.02])
    inputs = replace(market.data.inputs, lookback=5)
    no_windows = build_windows(panel, np.full(4, VOLATILITY), lookback=5)
    seen = replace(market.data.market, bars=Bars(bars))
    outlook = forecast_next(model, replace(market.data, panel=panel, inputs=inputs, windows=no_windows, market=seen))
    assert outlook.forecasts["ticker"].tolist() == ["T1"]
    expected = forecast_next(model, market.data).forecasts.query("ticker == 'T1'")
    # Its volatility comes of fewer bars, and may differ in the last digit.
    assert outlook.forecasts["probability_up"].tolist() == pytest.approx(expected["probability_up"].tolist(), rel=1e-12)
    volatility = ((0.94 * 0.01**2 + 0.02**2) / 1.94) ** 0.5
    scaled, same = np.log1p(outlook.forecasts["expected_return"]) / volatility, np.log1p(expected["expected_return"])
    assert scaled.tolist() == pytest.approx((same / VOLATILITY).tolist(), rel=1e-9)
