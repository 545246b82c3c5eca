"""Bars, fills, profits and headlines of made-up forecasts, for the ticker view; seeded."""

import numpy as np
import pandas as pd

TEXT = "Orders rise for the third quarter in a row as margins widen, filing shows"


def made_up_history(forecasts: pd.DataFrame, *, n_traded: int = 5) -> dict[str, pd.DataFrame]:
    """Return what a backtest of these forecasts leaves for its ticker view, by the name of `RunReport`'s field.

    The first tickers of each session are bought at the open and sold at the close; two of three sessions have a
    headline.
    """
    random = np.random.default_rng(5)
    keys = forecasts[["ticker", "session"]].sort_values(["ticker", "session"], ignore_index=True)
    n = len(keys)
    steps = random.normal(0.0003, 0.014, n)
    close = 50 * np.exp(pd.Series(steps).groupby(keys["ticker"]).cumsum())
    opened = close / np.exp(steps / 2)
    spread = np.abs(random.normal(0, 0.006, (2, n)))
    bars = keys.assign(
        open=opened,
        high=np.maximum(opened, close) * (1 + spread[0]),
        low=np.minimum(opened, close) * (1 - spread[1]),
        close=close,
        volume=random.integers(1_000_000, 9_000_000, n).astype(float),
        later_shares=1.0,
    )
    traded = bars[keys["ticker"].isin(sorted(keys["ticker"].unique())[:n_traded])]
    fills = pd.concat(
        [
            traded[["session", "ticker"]].assign(
                moment=moment, shares=shares, price=traded[moment], fill_price=traded[moment], commission=0.5, cost=1.5
            )
            for moment, shares in (("open", 120.0), ("close", -120.0))
        ]
    ).sort_values(["session", "ticker"], kind="stable", ignore_index=True)
    profit = 120 * (traded["close"] - traded["open"]) - 1.0
    with_news = keys[random.random(n) < 2 / 3]
    return {
        "bars": bars,
        "fills": fills,
        "profits": traded[["session", "ticker"]].assign(profit=profit).reset_index(drop=True),
        "ticker_news": with_news.assign(
            published_at=with_news["session"].dt.tz_localize("UTC") - pd.Timedelta(hours=6),
            text=TEXT,
            compound=random.uniform(-0.8, 0.8, len(with_news)).round(2),
            stale=False,
            n=1,
        ).reset_index(drop=True),
    }


def made_up_intervals(forecasts: pd.DataFrame, *, n_folds: int) -> pd.DataFrame:
    """Return the forecasts with an interval, a rank and a fold."""
    sessions = pd.Series(sorted(forecasts["session"].unique()))
    fold = forecasts["session"].map(
        dict(zip(sessions, 1 + np.arange(len(sessions)) * n_folds // len(sessions), strict=True))
    )
    return forecasts.assign(relative=forecasts["expected_return"], low_80=-0.018, high_80=0.019, sigma=0.014, fold=fold)
