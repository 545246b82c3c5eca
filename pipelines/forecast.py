"""From a model to forecasts: of sessions whose outcome is known, and of the next one."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from pipelines.context import Context
from pipelines.ingest import Ingested
from pipelines.prepare import Prepared
from stockseq.dataset.samples import Samples
from stockseq.dataset.windows import window_ends
from stockseq.models.model import Model
from stockseq.prices import compute_volatility, is_traded


@dataclass(frozen=True)
class Outlook:
    """The next session's forecasts, and per ticker without one the reason."""

    session: pd.Timestamp
    forecasts: pd.DataFrame
    refused: Mapping[str, str]


def forecast_known(model: Model, prepared: Prepared, samples: Samples) -> pd.DataFrame:
    """Return the model's forecasts of the samples beside what was realised."""
    forecasts = model.forecast(prepared.panel, samples.ends, volatility=_volatility(prepared, samples.ends))
    return beside_realised(forecasts, samples)


def beside_realised(forecasts: pd.DataFrame, samples: Samples) -> pd.DataFrame:
    """Return forecasts of the samples with what was realised."""
    realised = pd.DataFrame(
        {"ticker": samples.ticker, "session": samples.session, "realised_return": samples.realised_return}
    ).astype({"ticker": "str"})
    return forecasts.merge(realised, on=["ticker", "session"], validate="one_to_one")


def forecast_next(context: Context, model: Model, prepared: Prepared, ingested: Ingested) -> Outlook:
    """Forecast the session after the last final one, for every ticker whose bars are complete."""
    calendar = context.calendar
    last = calendar.last_final_session(context.now)
    session = calendar.next_session(last)
    keys = prepared.panel.keys
    ends = window_ends(keys, model.network.lookback, sessions=calendar.sessions)
    ends = ends[keys.loc[ends, "session"].to_numpy() == np.datetime64(session)]
    volatility = _volatility(prepared, ends)
    ends, volatility = ends[np.isfinite(volatility)], volatility[np.isfinite(volatility)]
    forecastable = set(keys.loc[ends, "ticker"])
    refused = {
        ticker: _reason(ticker, ingested, prepared, last, forecastable)
        for ticker in ingested.outcomes
        if ticker not in forecastable or ingested.outcomes[ticker].status in ("failed", "unknown")
    }
    kept = ~keys.loc[ends, "ticker"].isin(list(refused)).to_numpy()
    return Outlook(session, model.forecast(prepared.panel, ends[kept], volatility=volatility[kept]), refused)


def _volatility(prepared: Prepared, ends: npt.NDArray[np.int64]) -> npt.NDArray[np.float64]:
    """Return the volatility known at the decision of each window."""
    return compute_volatility(prepared.panel.keys.loc[ends], prepared.bars, prepared.actions).to_numpy()


def _reason(ticker: str, ingested: Ingested, prepared: Prepared, last: pd.Timestamp, forecastable: set[str]) -> str:
    outcome = ingested.outcomes[ticker]
    if outcome.status in ("failed", "unknown"):
        retry = f"; try again after {outcome.retry_at:%H:%M UTC}" if outcome.retry_at is not None else ""
        return f"{outcome.reason}{retry}"
    own = prepared.bars[prepared.bars["ticker"] == ticker]
    if own.empty:
        return "no bars"
    if own["session"].max() < last:
        return f"the bar of {last.date()} is missing (newest {own['session'].max().date()})"
    n_traded = int(is_traded(own).sum())
    return f"too little history: {len(own)} bars, {n_traded} of them with volume"
