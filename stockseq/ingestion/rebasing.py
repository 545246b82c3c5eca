"""An answer on another basis than the stored bars: a constant ratio over what both hold, which would leave a seam."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from stockseq.errors import counted
from stockseq.ingestion.revisions import repeated_tickers
from stockseq.prices.split_like import nearest_split
from stockseq.schemas import PRICES, Bars, as_actions, as_bars
from stockseq.sources.source import FetchedBars

# Fewer sessions than these may agree by chance.
LEAST_OVERLAP = 3
# What rounding to cents moves a price by, and the least that a ratio differs by where it isn't that.
HALF_CENT, LEAST_TOLERANCE = 0.005, 1e-4
AGREEMENT = 0.95


@dataclass(frozen=True)
class Overlap:
    """The one ratio by which an answer differs from what is stored.

    Parameters
    ----------
    ratio : float
        Price of the answer over the stored one.
    n_sessions : int
        Sessions that both hold.
    """

    ratio: float
    n_sessions: int


@dataclass(frozen=True)
class Rebased(Overlap):
    """A ticker's answer that is on another basis than what is stored.

    Parameters
    ----------
    shares : float
        Volume of the answer over the stored one; 1 where it is no split.
    """

    shares: float

    def sentence(self, ticker: str) -> str:
        """Return what was found and done, in words."""
        return (
            f"{ticker}: its new prices are {self.ratio:.6g} times the stored ones over "
            f"{counted(self.n_sessions, 'session')} that both hold, so they were adjusted for a later split or "
            "dividend. They are put on the stored basis; import the whole history again to have it on the new one."
        )


@dataclass(frozen=True)
class Restated(Overlap):
    """A ticker's answer that puts its stored history on another basis, as a split would.

    Parameters
    ----------
    split : float
        New shares per old that would explain the ratio.
    n_left : int
        Stored sessions that the answer lacks, which stay on the earlier basis.
    """

    split: float
    n_left: int

    def sentence(self, ticker: str) -> str:
        """Return what was found and done, in words."""
        left = (
            f"; {counted(self.n_left, 'stored session')} that it lacks stay as they were, so there is a seam"
            if self.n_left
            else ""
        )
        return (
            f"{ticker}: its whole history comes at {self.ratio:.6g} times the stored prices over "
            f"{counted(self.n_sessions, 'session')} that both hold, as after a split of {self.split:.4g}, or in "
            f"another unit. The new values are taken as later vintages{left}. If the stored ones were right, import "
            "them again."
        )


def find_rebased(stored_bars: Bars, fetched: FetchedBars) -> dict[str, Rebased]:
    """Return the tickers whose answer begins after the stored history and is on another basis.

    An answer that reaches back as far as the store replaces all of it, and so leaves no seam.

    Parameters
    ----------
    stored_bars : Bars
        The newest vintages.
    fetched : FetchedBars

    Examples
    --------
    >>> import pandas as pd
    >>> days = pd.bdate_range("2024-11-18", periods=6)
    >>> stored = pd.DataFrame({"ticker": "KOLA", "session": days, "volume": 10.0})
    >>> stored = stored.assign(**dict.fromkeys(PRICES, 100.0))
    >>> answer = stored.tail(4).assign(**dict.fromkeys(PRICES, 50.0), volume=20.0)
    >>> find_rebased(stored, FetchedBars(answer, pd.DataFrame(), {}))
    {'KOLA': Rebased(ratio=0.5, n_sessions=4, shares=2.0)}
    """
    found = {}
    for ticker, past, bars in _by_ticker(stored_bars, fetched):
        if bars["session"].min() <= past["session"].min():
            continue
        if (rebased := _compare(past, bars)) is not None:
            found[ticker] = rebased
    return found


def find_restated(stored_bars: Bars, fetched: FetchedBars) -> dict[str, Restated]:
    """Return the tickers whose answer reaches back as far as the stored history, and is that at a split's ratio.

    Parameters
    ----------
    stored_bars : Bars
        The newest vintages.
    fetched : FetchedBars

    Examples
    --------
    >>> stored = pd.DataFrame({"ticker": "KOLA", "session": pd.bdate_range("2024-11-18", periods=6), "volume": 10.0})
    >>> stored = stored.assign(**dict.fromkeys(PRICES, 100.0))
    >>> answer = stored.head(5).assign(**dict.fromkeys(PRICES, 50.0))
    >>> find_restated(stored, FetchedBars(answer, pd.DataFrame(), {}))
    {'KOLA': Restated(ratio=0.5, n_sessions=5, split=2.0, n_left=1)}
    """
    found = {}
    for ticker, past, bars in _by_ticker(stored_bars, fetched):
        if bars["session"].min() > past["session"].min():
            continue
        rebased = _compare(past, bars)
        if rebased is None:
            continue
        per_new = float(nearest_split(np.array([rebased.ratio]))[0])
        if not np.isnan(per_new):
            n_left = int((~past["session"].isin(bars["session"])).sum())
            found[ticker] = Restated(rebased.ratio, rebased.n_sessions, 1 / per_new, n_left)
    return found


def _by_ticker(stored_bars: Bars, fetched: FetchedBars) -> Iterator[tuple[str, pd.DataFrame, pd.DataFrame]]:
    """Yield each ticker whose answer isn't just what is stored, with the stored bars and those of the answer."""
    repeated = repeated_tickers(stored_bars, fetched.bars)
    for ticker, bars in fetched.bars.groupby("ticker"):
        if ticker in repeated:
            continue
        past = stored_bars[stored_bars["ticker"] == ticker]
        if not past.empty:
            yield str(ticker), past, bars


def _compare(past: pd.DataFrame, bars: pd.DataFrame) -> Rebased | None:
    """Return the one ratio by which the answer differs from what is stored, where there is one that isn't rounding."""
    pairs = past.merge(bars, on="session", suffixes=("_was", "_now"))
    if len(pairs) < LEAST_OVERLAP:
        return None
    was, now = (pairs[[f"{price}_{when}" for price in PRICES]].to_numpy() for when in ("was", "now"))
    ratios = now / was
    ratio = float(np.median(ratios))
    slack = np.maximum(2 * HALF_CENT * (1 / was + 1 / now), LEAST_TOLERANCE)
    if (np.abs(ratios / ratio - 1) <= slack).mean() < AGREEMENT or abs(ratio - 1) <= 2 * float(np.median(slack)):
        return None
    volumes = (pairs["volume_now"] / pairs["volume_was"].where(pairs["volume_was"] > 0)).median()
    is_split = np.isfinite(volumes) and abs(volumes * ratio - 1) < 0.02
    return Rebased(ratio, len(pairs), 1 / ratio if is_split else 1.0)


def on_stored_basis(stored_bars: Bars, fetched: FetchedBars, rebased: Mapping[str, Rebased]) -> FetchedBars:
    """Return the answer with those tickers' new bars and dividends on the stored basis, without what both hold."""
    if not rebased:
        return fetched
    last = stored_bars.groupby("ticker")["session"].max()
    bars, actions = fetched.bars, fetched.actions
    new = ~bars["ticker"].isin(rebased) | (bars["session"] > bars["ticker"].map(last))
    bars = bars[new]
    ratio = bars["ticker"].map({ticker: found.ratio for ticker, found in rebased.items()}).fillna(1.0)
    shares = bars["ticker"].map({ticker: found.shares for ticker, found in rebased.items()}).fillna(1.0)
    restated = {price: bars[price] / ratio for price in PRICES}
    actions = actions[~actions["ticker"].isin(rebased) | (actions["session"] > actions["ticker"].map(last))]
    unit = actions["ticker"].map({ticker: found.ratio for ticker, found in rebased.items()}).fillna(1.0)
    paid = actions["value"].where(actions["kind"] != "dividend", actions["value"] / unit)
    return replace(
        fetched,
        bars=as_bars(bars.assign(**restated, volume=bars["volume"] / shares)),
        actions=as_actions(actions.assign(value=paid)),
    )
