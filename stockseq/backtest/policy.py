"""From forecasts to target weights, with nothing but what is known at the decision."""

from typing import Literal, TypedDict, Unpack

import numpy as np
import pandas as pd
from pydantic import Field

from stockseq.arguments import SettingsModel
from stockseq.backtest.targets import Targets, as_targets
from stockseq.errors import DataError
from stockseq.schemas import Forecasts

# How long an order's position is meant to last, and so which label it earns.
Holding = Literal["session", "overnight", "close_to_close"]


class PolicyOptions(TypedDict, total=False):
    """What every policy can be told besides how it selects."""

    mode: Literal["long_short", "long_only"]
    volatility_scaled: bool
    gross: float
    max_weight: float


class PolicySettings(SettingsModel, frozen=True):
    """How forecasts become positions."""

    mode: Literal["long_short", "long_only"] = Field(
        default="long_short", description="Whether falling tickers are sold short."
    )
    select: Literal["top_k", "threshold"] = Field(
        default="top_k",
        description="Trade the k best (and, long_short, the k worst), or every forecast beyond the threshold.",
    )
    top_k: int = Field(
        default=5, ge=1, description="Tickers a side; long_short takes at most half of a session's tickers a side."
    )
    threshold: float = Field(
        default=0.02, ge=0, lt=0.5, description="Least distance of the probability of up from one half."
    )
    volatility_scaled: bool = Field(
        default=False, description="Weigh by the inverse of the volatility known at the decision."
    )
    gross: float = Field(
        default=1.0, gt=0, description="Sum of absolute weights of a session; each side of top_k gets half."
    )
    max_weight: float = Field(
        default=0.25, gt=0, description="Largest absolute weight of one ticker; what it cuts stays cash."
    )


class TopK(PolicySettings, frozen=True):
    """Trade the k tickers that are most likely to rise and, long and short, the k least likely.

    Parameters
    ----------
    top_k : int, default=5
        Tickers a side; long and short takes at most half of a session's tickers a side.
    **settings
        `mode` ("long_short" or "long_only"), `volatility_scaled` (False), `gross` (1.0, the sum of absolute weights),
        `max_weight` (0.25, of one ticker).

    Examples
    --------
    >>> TopK(3, mode="long_only").top_k
    3
    """

    def __init__(self, top_k: int = 5, **settings: Unpack[PolicyOptions]) -> None:
        super().__init__(select="top_k", top_k=top_k, **settings)


class Threshold(PolicySettings, frozen=True):
    """Trade every forecast whose probability of up is this far from one half.

    Parameters
    ----------
    threshold : float, default=0.02
    **settings
        As of `TopK`.

    Examples
    --------
    >>> Threshold(0.05).select
    'threshold'
    """

    def __init__(self, threshold: float = 0.02, **settings: Unpack[PolicyOptions]) -> None:
        super().__init__(select="threshold", threshold=threshold, **settings)


def target_weights(
    forecasts: Forecasts, *, settings: PolicySettings, volatility: pd.DataFrame | None = None
) -> Targets:
    """Return one target weight per forecast: the signed share of equity, 0 where the ticker isn't chosen.

    A ticker without a forecast for a session gets no row, so the ledger holds what it has of it. Equal forecasts are
    ordered by ticker; in a long and short top k, a forecast equal to its session's median takes no side.

    Parameters
    ----------
    forecasts : Forecasts
        `probability_up` ranks the tickers of a session and is measured against the threshold.
    settings : PolicySettings
        The rules.
    volatility : DataFrame with ticker, session, volatility, or None
        Needed when `volatility_scaled`: a positive fraction per session of the forecasts, computed from bars before it.

    Returns
    -------
    Targets of n_forecasts rows
        Sorted by session and ticker; no NaN.

    Raises
    ------
    ValueError
        If volatilities are asked for and not given.
    DataError
        If a forecast has no positive volatility, or two.

    Examples
    --------
    >>> forecasts = Forecasts(pd.DataFrame({"session": pd.Timestamp("2024-11-29"), "ticker": ["A", "B", "C"],
    ...                                     "probability_up": [0.6, 0.5, 0.45]}))
    >>> target_weights(forecasts, settings=PolicySettings(top_k=1, max_weight=1)).weight.tolist()
    [0.5, 0.0, -0.5]
    """
    book = forecasts[["session", "ticker", "probability_up"]].reset_index(drop=True)
    book["side"] = _top_k(book, settings) if settings.select == "top_k" else _beyond(book, settings)
    book["size"] = 1.0 / _volatility(book, volatility) if settings.volatility_scaled else 1.0
    book["size"] = book["size"].where(book["side"] != 0, 0.0)
    paired = settings.mode == "long_short" and settings.select == "top_k"
    group = ["session", "side"] if paired else ["session"]
    share = book["size"] / book.groupby(group)["size"].transform("sum").where(book["side"] != 0, 1.0)
    weight = share * settings.gross * (0.5 if paired else 1.0)
    book["weight"] = book["side"] * weight.clip(upper=settings.max_weight)
    return as_targets(book)


def _top_k(book: pd.DataFrame, settings: PolicySettings) -> pd.Series:
    ordered = book.sort_values(["session", "probability_up", "ticker"], ascending=[True, False, True])
    by_session = ordered.groupby("session")
    rank = by_session.cumcount().reindex(book.index)
    size = book.groupby("session")["ticker"].transform("size")
    if settings.mode == "long_only":
        return (rank < settings.top_k).astype("float64")
    a_side = np.minimum(settings.top_k, size // 2)
    median = book.groupby("session")["probability_up"].transform("median")
    long = (rank < a_side) & (book["probability_up"] > median)
    short = (rank >= size - a_side) & (book["probability_up"] < median)
    return long.astype("float64") - short.astype("float64")


def _beyond(book: pd.DataFrame, settings: PolicySettings) -> pd.Series:
    view = book["probability_up"] - 0.5
    long = (view > 0) & (view >= settings.threshold)
    short = (view < 0) & (-view >= settings.threshold) & (settings.mode == "long_short")
    return long.astype("float64") - short.astype("float64")


def _volatility(book: pd.DataFrame, volatility: pd.DataFrame | None) -> pd.Series:
    if volatility is None:
        raise ValueError(
            "`volatility_scaled` needs `volatility`, a table of ticker, session and volatility; none was given."
        )
    if volatility.duplicated(["session", "ticker"]).any():
        raise DataError("`volatility` must have one row per session and ticker; some repeat.")
    matched = book[["session", "ticker"]].merge(volatility, on=["session", "ticker"], how="left")["volatility"]
    broken = ~(np.isfinite(matched) & (matched > 0))
    if broken.any():
        row = book[broken].iloc[0]
        raise DataError(
            f"Every forecast needs a positive volatility to be sized; {int(broken.sum())} of {len(book)} have none, "
            f"first {row['ticker']} on {row['session']}."
        )
    return matched
