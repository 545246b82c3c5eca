"""From forecasts to target weights, with nothing but what is known at the decision."""

from collections.abc import Iterator, Mapping
from itertools import pairwise
from typing import Literal, TypedDict, Unpack

import numpy as np
import pandas as pd
from pydantic import Field

from stockseq.arguments import SettingsModel
from stockseq.backtest.costs import BPS, Flags, Floats
from stockseq.backtest.targets import Targets, as_targets
from stockseq.errors import DataError
from stockseq.schemas import Forecasts

# What the tickers of a session are ranked by.
RankBy = Literal["relative", "probability", "return"]
# The column of the forecasts that holds it.
VIEWS: Mapping[RankBy, str] = {"relative": "relative", "probability": "probability_up", "return": "expected_return"}


class PolicyOptions(TypedDict, total=False):
    """What every policy can be told besides how it selects."""

    mode: Literal["long_short", "long_only"]
    rank_by: RankBy
    band: bool
    min_edge_bps: float
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
    rank_by: RankBy = Field(
        default="relative",
        description="What top_k ranks by: relative, the rank among the session's tickers (where a forecaster has none, "
        "the probability); probability, of up; or return, the expected one.",
    )
    band: bool = Field(
        default=False, description="Whether a ticker of top_k stays until it falls out of the 2k best of its side."
    )
    min_edge_bps: float = Field(
        default=0.0,
        ge=0,
        allow_inf_nan=False,
        description="Least expected return of a new position, in its own direction; above 0, such as its round trip.",
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
    """Trade the k best tickers of each session and, long and short, the k worst.

    Parameters
    ----------
    top_k : int, default=5
        Tickers a side; long and short takes at most half of a session's tickers a side.
    **settings
        `mode` ("long_short" or "long_only"), `rank_by` ("relative", "probability" or "return"), `band` (False),
        `min_edge_bps` (0), `volatility_scaled` (False), `gross` (1.0, the sum of absolute weights), `max_weight` (0.25,
        of one ticker).

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
    forecasts: Forecasts, *, settings: PolicySettings, volatility: pd.DataFrame | None = None, horizon: int = 0
) -> Targets:
    """Return one target weight per forecast: the signed share of equity, 0 where the ticker isn't chosen.

    A ticker without a forecast for a session gets no row, so the ledger holds what it has of it. Equal forecasts are
    ordered by ticker; in a long and short top k, a forecast equal to its session's median takes no side.

    Parameters
    ----------
    forecasts : Forecasts
        The settings say what ranks the tickers of a session; `probability_up` is measured against the threshold.
    settings : PolicySettings
        The rules.
    volatility : DataFrame with ticker, session, volatility, or None
        Needed when `volatility_scaled`: a positive fraction per session of the forecasts, computed from bars before it.
    horizon : int, default=0
        Sessions from the entry to the exit. A band keeps what the targets so many sessions before chose, whose
        positions these replace; those of the session before for 0.

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
    book["view"] = _views(forecasts, settings.rank_by)
    # Whoever asks for no edge need not know the expected return.
    book["edge"] = forecasts["expected_return"].to_numpy() / BPS if settings.min_edge_bps > 0 else 0.0
    top_k = settings.select == "top_k"
    chosen = _top_k(book, settings, lag=max(horizon, 1)) if top_k else _beyond(book, settings)
    book[["side", "trades"]] = chosen
    book["size"] = 1.0 / _volatility(book, volatility) if settings.volatility_scaled else 1.0
    book["size"] = book["size"].where(book["side"] != 0, 0.0)
    paired = settings.mode == "long_short" and top_k
    group = ["session", "side"] if paired else ["session"]
    share = book["size"] / book.groupby(group)["size"].transform("sum").where(book["side"] != 0, 1.0)
    weight = share * settings.gross * (0.5 if paired else 1.0)
    book["weight"] = book["side"] * book["trades"] * weight.clip(upper=settings.max_weight)
    return as_targets(book)


def find_ranking(forecasts: pd.DataFrame, rank_by: RankBy) -> RankBy:
    """Return what ranks the tickers of these forecasts: their probability where relative is asked and none is named.

    Examples
    --------
    >>> find_ranking(pd.DataFrame({"probability_up": [0.6], "relative": [np.nan]}), "relative")
    'probability'
    """
    named = rank_by != "relative" or ("relative" in forecasts and bool(forecasts["relative"].notna().any()))
    return rank_by if named else "probability"


def _views(forecasts: pd.DataFrame, rank_by: RankBy) -> Floats:
    """Return what each ticker is ranked by within its session; a session that lacks one relative has none."""
    views = forecasts[VIEWS[find_ranking(forecasts, rank_by)]]
    whole = views.notna().groupby(forecasts["session"]).transform("all")
    return views.where(whole, forecasts["probability_up"]).to_numpy(dtype=np.float64)


def _top_k(book: pd.DataFrame, settings: PolicySettings, *, lag: int) -> Floats:
    """Return each row's side, and 1 where it is traded and 0 where its edge is too small; an array of (n, 2)."""
    ordered = book.sort_values(["session", "view", "ticker"], ascending=[True, False, True])
    chosen = np.zeros((len(book), 2))
    books: list[Floats] = []
    # Columns are taken out once: each session reads its rows of them.
    index, views, edges = (np.asarray(column) for column in (ordered.index, ordered["view"], ordered["edge"]))
    tickers, names = pd.factorize(ordered["ticker"])
    for rows in _by_session(ordered):
        earlier = books[-lag][tickers[rows]] if settings.band and len(books) >= lag else np.zeros(len(views[rows]))
        sides, stays = _choose(views[rows], earlier, settings)
        trades = stays | (sides * edges[rows] >= settings.min_edge_bps)
        chosen[index[rows]] = np.stack([sides, trades], axis=1)
        books.append(np.zeros(len(names)))
        books[-1][tickers[rows]] = sides * trades
    return chosen


def _choose(views: Floats, earlier: Floats, settings: PolicySettings) -> tuple[Floats, Flags]:
    """Return the side of each ticker of one session, the best view first, and whether it is kept from `earlier`."""
    paired = settings.mode == "long_short"
    k = min(settings.top_k, len(views) // 2) if paired else settings.top_k
    rank, sides, kept = np.arange(len(views)), np.zeros(len(views)), np.zeros(len(views), dtype=bool)
    for side, place in ((1.0, rank), (-1.0, rank[::-1])) if paired else ((1.0, rank),):
        eligible = side * (views - np.median(views)) > 0 if paired else np.ones(len(views), dtype=bool)
        stays = eligible & (earlier == side) & (place < 2 * settings.top_k)
        # Those that stay come first, then the best of the others.
        order = np.lexsort((place, ~stays))[:k]
        taken = order[eligible[order]]
        sides[taken], kept[taken] = side, stays[taken]
    return sides, kept


def _by_session(ordered: pd.DataFrame) -> Iterator[slice]:
    """Yield the rows of each session of a frame that is sorted by it."""
    _, starts = np.unique(ordered["session"].to_numpy(), return_index=True)
    for start, stop in pairwise([*starts.tolist(), len(ordered)]):
        yield slice(start, stop)


def _beyond(book: pd.DataFrame, settings: PolicySettings) -> Floats:
    """Return what `_top_k` does, of every forecast beyond the threshold."""
    view = book["probability_up"] - 0.5
    long = (view > 0) & (view >= settings.threshold)
    short = (view < 0) & (-view >= settings.threshold) & (settings.mode == "long_short")
    sides = long.astype("float64") - short.astype("float64")
    return np.stack([sides, sides * book["edge"] >= settings.min_edge_bps], axis=1)


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
