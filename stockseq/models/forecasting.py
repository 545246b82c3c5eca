"""From a model to forecasts: of samples whose outcome is known, and of the next session."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from stockseq.dataset.dataset import Dataset
from stockseq.dataset.panel import Panel
from stockseq.dataset.samples import Samples
from stockseq.dataset.windows import Windows, build_windows, trade_volatility
from stockseq.errors import counted
from stockseq.prices import compute_volatility, is_traded
from stockseq.schemas import Forecasts
from stockseq.sources.source import Outcome

if TYPE_CHECKING:
    from stockseq.models.model import Model

# How a fetch ends for a ticker that gets no forecast, whatever bars it has.
UNFETCHED = ("failed", "unknown")


@dataclass(frozen=True)
class NextSession:
    """The forecasts of the session after the last final one, and per ticker without one the reason."""

    session: pd.Timestamp
    forecasts: Forecasts
    refused: Mapping[str, str]

    def __repr__(self) -> str:
        n, n_refused = len(self.forecasts), len(self.refused)
        return f"NextSession({self.session:%Y-%m-%d}, {counted(n, 'forecast')}, {counted(n_refused, 'ticker')} refused)"

    def _repr_html_(self) -> str:
        named = ["ticker", "probability_up", "expected_return", "relative", "sigma", "low_80", "high_80"]
        columns = [name for name in named if name in self.forecasts and self.forecasts[name].notna().any()]
        return str(self.forecasts[columns].sort_values("probability_up", ascending=False).to_html(index=False))


def forecast_samples(model: "Model", panel: Panel, samples: Samples) -> pd.DataFrame:
    """Return the model's forecasts of the samples, with what was realised."""
    return join_realised(model.forecast(panel, samples), samples)


def join_realised(forecasts: pd.DataFrame, samples: Samples) -> pd.DataFrame:
    """Return forecasts of the samples, by ticker and session, with what was realised."""
    realised = pd.DataFrame(
        {
            "ticker": samples.ticker,
            "session": samples.session,
            "realised_return": samples.realised_return,
            "realised_variance": samples.realised_variance,
        }
    ).astype({"ticker": "str"})
    return forecasts.merge(realised, on=["ticker", "session"], validate="one_to_one")


def forecast_next(model: "Model", data: Dataset, outcomes: Mapping[str, Outcome] | None = None) -> NextSession:
    """Forecast the session after the last final one, for every ticker whose bars are complete.

    Parameters
    ----------
    model : Model
    data : Dataset
        Its market's `now` says which session is the last final one.
    outcomes : mapping of ticker to Outcome, optional
        How the fetch of each ticker ended; one that failed gets no forecast. The market's tickers by default.
    """
    market = data.market
    last = market.calendar.last_final_session(market.now)
    session = market.calendar.next_session(last)
    windows = windows_read(model, data).on(pd.DatetimeIndex([session]))
    fetched = outcomes or {ticker: Outcome(ticker, "nothing_new") for ticker in market.tickers}
    forecastable = set(windows.ticker)
    refused = {
        ticker: _reason(outcome, data, last)
        for ticker, outcome in fetched.items()
        if ticker not in forecastable or outcome.status in UNFETCHED
    }
    accepted = windows.where(~np.isin(windows.ticker.astype(str), list(refused)))
    return NextSession(session, model.forecast(data.panel, accepted), refused)


def windows_read(model: "Model", data: Dataset) -> Windows:
    """Return the dataset's windows, of the model's lookback if the dataset has another."""
    if model.network.lookback == data.inputs.lookback:
        return data.windows
    market, panel = data.market, data.panel
    per_session = compute_volatility(panel.keys, market.bars, market.actions)
    volatility = trade_volatility(per_session, horizon=data.inputs.horizon)
    return build_windows(panel, volatility, lookback=model.network.lookback, sessions=market.calendar.sessions)


def _reason(outcome: Outcome, data: Dataset, last: pd.Timestamp) -> str:
    if outcome.status in UNFETCHED:
        retry = f"; try again after {outcome.retry_at:%H:%M UTC}" if outcome.retry_at is not None else ""
        return f"{outcome.reason}{retry}"
    bars = data.market.of((outcome.ticker,)).bars
    if outcome.held:
        return outcome.held
    if bars.empty:
        return "no bars"
    if bars["session"].max() < last:
        return f"the bar of {last.date()} is missing (newest {bars['session'].max().date()})"
    n_traded = int(is_traded(bars).sum())
    return f"too little history: {len(bars)} bars, {n_traded} of them with volume"
