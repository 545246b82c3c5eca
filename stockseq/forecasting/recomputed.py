"""Outcomes computed again from the bars: what no chain shows is whether its rows were true when they were written."""

from dataclasses import dataclass

import pandas as pd

from stockseq.dataset.labels import compute_labels
from stockseq.forecast_ledger import Ledger, differs_from_stored, newest_outcomes
from stockseq.forecasting.live import horizons_of
from stockseq.hash_chain import broken
from stockseq.market import MarketData


@dataclass(frozen=True)
class Recomputed:
    """How many outcomes were computed again.

    Parameters
    ----------
    n : int
        Outcomes that the bars of their time give.
    n_left_out : int
        Outcomes whose bars or actions have a later vintage, or are no longer there.
    """

    n: int
    n_left_out: int


def recompute_outcomes(ledger: Ledger, models: pd.DataFrame, market: MarketData) -> Recomputed:
    """Compute each outcome that counts from bars and actions that are still those it was scored from.

    Parameters
    ----------
    ledger : Ledger
        As of the market's `now`.
    models : DataFrame
        Every registered model, from `Registry.list_models`.
    market : MarketData
        Of all tickers that were forecast.

    Raises
    ------
    LedgerBroken
        If one is not what they give, beyond what a vendor rounds.
    """
    rows = ledger.forecasts[["forecast_id", "ticker", "session", "model_id"]].merge(
        newest_outcomes(ledger), on="forecast_id"
    )
    n = 0
    for horizon, same_trade in rows.groupby(horizons_of(rows, models)):
        realised = compute_labels(market.bars, market.actions, calendar=market.calendar, horizon=int(horizon))
        realised = realised.merge(_seen_at(market, int(horizon)), on=["ticker", "session"])
        pairs = realised.merge(same_trade, on=["ticker", "session"], suffixes=("", "_stored"))
        pairs = pairs[(pairs["seen_at"] <= pairs["scored_at"]) & ~_acted_later(pairs, market.actions)]
        wrong = pairs[differs_from_stored(pairs)]
        if len(wrong):
            row = wrong.iloc[0]
            raise broken(
                f"the outcome of {row['ticker']} on {row['session'].date()} scored at {row['scored_at']}",
                f"it is {row['realised_return_stored']:.6g}, and the bars that it was scored from give "
                f"{row['realised_return']:.6g}",
            )
        n += len(pairs)
    return Recomputed(n, len(rows) - n)


def _seen_at(market: MarketData, horizon: int) -> pd.DataFrame:
    """Return by ticker and session when the last of the bars of its trade was fetched; of `horizon` bars more."""
    bars = market.bars[["ticker", "session", "fetched_at"]].sort_values(["ticker", "session"], ascending=False)
    instants = bars["fetched_at"].astype("int64")
    latest = instants.groupby(bars["ticker"]).rolling(horizon + 1, min_periods=1).max()
    micros = latest.reset_index(level=0, drop=True).astype("int64")
    seen = pd.to_datetime(micros, unit="us", utc=True)
    return bars[["ticker", "session"]].assign(seen_at=seen)


def _acted_later(pairs: pd.DataFrame, actions: pd.DataFrame) -> pd.Series:
    """Return which trades have a split or dividend within them that became known after they were scored."""
    trades = pairs[["ticker", "session", "exit_at", "scored_at"]].reset_index(names="trade")
    met = trades.merge(actions[["ticker", "session", "fetched_at"]], on="ticker", suffixes=("", "_action"))
    within = met["session_action"].between(met["session"], met["exit_at"].dt.tz_localize(None))
    later = met.loc[within & (met["fetched_at"] > met["scored_at"]), "trade"]
    return pd.Series(pairs.index.isin(later), index=pairs.index)
