"""An account month by month beside buy and hold: returns, drawdowns, exposure, turnover, cost, and who earned it."""

from datetime import date

import numpy as np
import pandas as pd
from pydantic import Field

from stockseq.backtest.attribution import SIDES
from stockseq.backtest.performance import SESSIONS_PER_YEAR, compute_drawdown, compute_returns
from stockseq.results import Result

STRATEGY, BENCHMARK = "strategy", "buy_and_hold"
MOST_DRAWDOWNS = 5
# Sessions of a rolling figure, the longest that fits twice into the account's returns.
WINDOWS = (252, 126, 63)


class Period(Result):
    """One month or year of an account; fractions, of the equity before each session where not said otherwise.

    Parameters
    ----------
    first, last : date
        Sessions in it.
    is_whole : bool
        Whether the account lived through all of it, as far as its own sessions tell.
    n_sessions : int
    growth, benchmark : float or None
        What the account and buy and hold grew by.
    gross, net : float or None
        Mean of a session, after the fills of the open: absolute positions, and long less short.
    turnover, cost : float or None
        Sums over the sessions; None where the run kept no balances.
    """

    first: date
    last: date
    is_whole: bool
    n_sessions: int
    growth: float
    benchmark: float | None = None
    gross: float | None = None
    net: float | None = None
    turnover: float | None = None
    cost: float | None = None


class Drawdown(Result):
    """One fall below a peak, until that is reached again.

    Parameters
    ----------
    depth : float
        At most 0.
    peak, lowest : date
        Sessions at whose close the account stood highest before it, and lowest in it.
    recovered : date or None
        The first close at the peak or above; None where there was none yet.
    n_sessions : int
        After the peak, up to the recovery or to the end.
    other : float or None
        What the other account (buy and hold, or the strategy) made from the peak to the lowest close.
    """

    depth: float
    peak: date
    lowest: date
    recovered: date | None
    n_sessions: int
    other: float | None = None


class SideProfit(Result):
    """What one side of an account earned, in its currency.

    Parameters
    ----------
    side : "long" or "short"
    price, dividends, borrow, cost, profit : float
        profit is price + dividends - borrow - cost.
    n_held : int
        Sessions of tickers that were held, summed over tickers.
    hit_rate : float or None
        Share of them that gained before costs.
    base_rate : float or None
        Share of moves to this side among all: those of the forecasts' trade if it ends at the close, and else of the
        sessions of buy and hold.
    """

    side: str
    price: float
    dividends: float
    borrow: float
    cost: float
    profit: float
    n_held: int
    hit_rate: float | None = None
    base_rate: float | None = None


class TickerProfit(Result):
    """What one ticker earned after its costs and fees, in the account and in buy and hold; in their currency."""

    ticker: str
    long: float
    short: float
    profit: float
    cost: float
    n_held: int
    benchmark: float | None = None


class Stake(Result):
    """How much of an account is in the market; fractions of the equity before each session.

    `share_invested` is the share of sessions with a position after the open's fills.
    """

    gross: float
    net: float
    most_gross: float
    share_invested: float


class TearSheet(Result):
    """Everything of `build_tear_sheet`; what a run didn't keep is empty or None."""

    months: tuple[Period, ...]
    years: tuple[Period, ...]
    drawdowns: tuple[Drawdown, ...]
    benchmark_drawdowns: tuple[Drawdown, ...] = ()
    stakes: dict[str, Stake] = Field(default_factory=dict)
    sides: tuple[SideProfit, ...] = ()
    tickers: tuple[TickerProfit, ...] = ()
    interest: float | None = None
    profit: float


def build_tear_sheet(
    curves: pd.DataFrame,
    *,
    balances: pd.DataFrame | None = None,
    attribution: pd.DataFrame | None = None,
    moves: pd.Series | None = None,
) -> TearSheet:
    """Return an account month by month, beside buy and hold.

    Parameters
    ----------
    curves : DataFrame of n_sessions rows
        Equity at each close by session; column `strategy`, and `buy_and_hold` where there is one.
    balances, attribution : DataFrame, optional
        Those of `AccountResult`; runs of before 0.4 kept none.
    moves : Series, optional
        Realised returns of the forecasts' trade, of an account that is flat at each close: what its hit rate stands
        beside.

    Examples
    --------
    >>> sessions = pd.DatetimeIndex(["2024-11-27", "2024-11-29", "2024-12-02"])
    >>> sheet = build_tear_sheet(pd.DataFrame({"strategy": [100.0, 110.0, 99.0]}, index=sessions))
    >>> [(month.first.month, round(month.growth, 6)) for month in sheet.months]
    [(11, 0.1), (12, -0.1)]
    """
    both = curves[[name for name in (STRATEGY, BENCHMARK) if name in curves]].dropna()
    flows = None if balances is None else _flows(balances, STRATEGY)
    accounts = () if balances is None else tuple(balances["account"].unique())
    total = float(both[STRATEGY].iloc[-1] - both[STRATEGY].iloc[0])
    return TearSheet(
        months=_periods(both, flows, "M"),
        years=_periods(both, flows, "Y"),
        drawdowns=find_drawdowns(both[STRATEGY], other=both.get(BENCHMARK)),
        benchmark_drawdowns=find_drawdowns(both[BENCHMARK], other=both[STRATEGY]) if BENCHMARK in both else (),
        stakes={} if balances is None else {name: _stake(_flows(balances, name)) for name in accounts},
        sides=() if attribution is None else _sides(attribution, moves),
        tickers=() if attribution is None else _tickers(attribution),
        interest=None if balances is None else float(balances.loc[balances["account"] == STRATEGY, "interest"].sum()),
        profit=total,
    )


def find_drawdowns(
    equity: pd.Series, *, other: pd.Series | None = None, most: int = MOST_DRAWDOWNS
) -> tuple[Drawdown, ...]:
    """Return the deepest falls below a peak, the deepest first; no two of them overlap.

    Parameters
    ----------
    equity : Series of n_sessions
    other : Series, optional
        Another account on the same sessions.
    most : int, default=5

    Examples
    --------
    >>> equity = pd.Series([100.0, 80.0, 90.0, 100.0, 95.0], index=pd.bdate_range("2024-01-01", periods=5))
    >>> [(round(fall.depth, 6), fall.recovered) for fall in find_drawdowns(equity)]
    [(-0.2, datetime.date(2024, 1, 4)), (-0.05, None)]
    """
    below = compute_drawdown(equity).to_numpy()
    under = below < 0
    starts = np.flatnonzero(under & ~np.r_[False, under[:-1]])
    ends = np.flatnonzero(under & ~np.r_[under[1:], False])
    falls = []
    for start, end in zip(starts.tolist(), ends.tolist(), strict=True):
        lowest = start + int(below[start : end + 1].argmin())
        recovered = end + 1 < len(below)
        stop = end + 1 if recovered else end
        falls.append(
            Drawdown(
                depth=float(below[lowest]),
                peak=_day(equity, start - 1),
                lowest=_day(equity, lowest),
                recovered=_day(equity, stop) if recovered else None,
                n_sessions=int(stop - start + 1),
                other=None if other is None else _growth(other, start - 1, lowest),
            )
        )
    return tuple(sorted(falls, key=lambda fall: fall.depth)[:most])


def rolling_window(n_returns: int) -> int | None:
    """Return the sessions of a rolling Sharpe ratio and beta, or None where an account is too short for any.

    Examples
    --------
    >>> rolling_window(520), rolling_window(130), rolling_window(100)
    (252, 63, None)
    """
    return next((window for window in WINDOWS if n_returns >= 2 * window), None)


def compute_rolling(curves: pd.DataFrame, *, window: int, cash_rate: float = 0.0) -> pd.DataFrame:
    """Return the Sharpe ratio of the strategy and of buy and hold, and the strategy's beta, over trailing sessions.

    Parameters
    ----------
    curves : DataFrame
        Columns `strategy` and `buy_and_hold`, equity by session.
    window : int
        Returns of each figure.
    cash_rate : float, default=0.0
        Yearly rate that the ratios subtract.

    Returns
    -------
    DataFrame of one row a session from the first whole window on
        `strategy`, `buy_and_hold` (Sharpe ratios of a year of 252 sessions), `beta`; NaN where returns don't vary.

    References
    ----------
    By pandas 3.0 `rolling`; beta is the covariance with buy and hold over its variance, ddof 1.
    """
    returns = pd.DataFrame({name: compute_returns(curves[name]) for name in (STRATEGY, BENCHMARK)})
    excess = returns - cash_rate / SESSIONS_PER_YEAR
    rolling = excess.rolling(window)
    deviation = rolling.std(ddof=1)
    sharpe = rolling.mean() / deviation.where(deviation > 1e-12) * np.sqrt(SESSIONS_PER_YEAR)
    variance = returns[BENCHMARK].rolling(window).var(ddof=1)
    covariance = returns[STRATEGY].rolling(window).cov(returns[BENCHMARK], ddof=1)
    return sharpe.assign(beta=covariance / variance.where(variance > 1e-18)).iloc[window - 1 :]


def _periods(both: pd.DataFrame, flows: pd.DataFrame | None, frequency: str) -> tuple[Period, ...]:
    """Return the periods of the sessions after the first, which holds the capital untouched."""
    index = pd.DatetimeIndex(both.index)
    labels = index[1:].to_period(frequency)
    ends = both.iloc[1:].groupby(labels).last()
    starts = ends.shift()
    starts.iloc[0] = both.iloc[0]
    # As `compute_returns` has it: an account that is gone grows no more.
    growth = (ends / starts.where(starts > 0) - 1.0).fillna(0.0)
    spans = pd.Series(index[1:], index=index[1:]).groupby(labels).agg(["min", "max", "size"])
    table = spans.join(growth)
    if flows is not None:
        how = {"gross": "mean", "net": "mean", "turnover": "sum", "cost": "sum"}
        table = table.join(flows.reindex(index[1:]).groupby(labels).agg(how))
    whole = _whole(index, labels)
    return tuple(
        Period(
            first=row["min"].date(),
            last=row["max"].date(),
            is_whole=whole[number],
            n_sessions=row["size"],
            growth=row[STRATEGY],
            benchmark=row.get(BENCHMARK),
            **{name: row.get(name) for name in ("gross", "net", "turnover", "cost")},
        )
        for number, row in enumerate(table.to_dict("records"))
    )


def _whole(index: pd.DatetimeIndex, labels: pd.PeriodIndex) -> list[bool]:
    """Return which periods have all their sessions; a last one that ends in a holiday counts as a part."""
    whole = [True] * labels.nunique()
    # Where the capital's own session lies in the first period, that one had begun before.
    whole[0] = bool(index[0] < labels[0].start_time)
    last_business_day = pd.offsets.BDay().rollback(labels[-1].end_time.normalize())
    whole[-1] = whole[-1] and bool(index[-1] >= last_business_day)
    return whole


def _flows(balances: pd.DataFrame, account: str) -> pd.DataFrame:
    """Return gross, net, turnover and cost by session, fractions of the equity before; the first session has none."""
    rows = balances[balances["account"] == account].set_index("session")
    before = rows["equity"].shift()
    before = before.where(before > 0)
    fractions = {
        "gross": (rows["long_at_open"] - rows["short_at_open"]) / before,
        "net": (rows["long_at_open"] + rows["short_at_open"]) / before,
        "turnover": rows["traded"] / before,
        "cost": rows["cost"] / before,
    }
    return pd.DataFrame(fractions).iloc[1:].fillna(0.0)


def _stake(flows: pd.DataFrame) -> Stake:
    return Stake(
        gross=float(flows["gross"].mean()),
        net=float(flows["net"].mean()),
        most_gross=float(flows["gross"].max()),
        share_invested=float((flows["gross"] > 0).mean()),
    )


def _sides(attribution: pd.DataFrame, moves: pd.Series | None) -> tuple[SideProfit, ...]:
    own = attribution[attribution["account"] == STRATEGY]
    other = attribution[attribution["account"] == BENCHMARK]
    sides = []
    for side in SIDES:
        rows = own[own["side"] == side]
        if rows.empty:
            continue
        n_held = int(rows["n_sessions"].sum())
        amounts = {name: float(rows[name].sum()) for name in ("price", "dividends", "borrow", "cost")}
        sides.append(
            SideProfit(
                side=side,
                **amounts,
                profit=float(_net(rows).sum()),
                n_held=n_held,
                hit_rate=float(rows["n_gained"].sum()) / n_held if n_held else None,
                base_rate=_base_rate(side, other, moves),
            )
        )
    return tuple(sides)


def _base_rate(side: str, other: pd.DataFrame, moves: pd.Series | None) -> float | None:
    if moves is not None:
        known = moves.dropna()
        return None if known.empty else float(((known > 0) if side == "long" else (known < 0)).mean())
    n_held = int(other["n_sessions"].sum())
    return float(other["n_gained" if side == "long" else "n_lost"].sum()) / n_held if n_held else None


def _tickers(attribution: pd.DataFrame) -> tuple[TickerProfit, ...]:
    """Return the tickers of either account, the largest profit first."""
    net = attribution.assign(profit=_net(attribution))
    own, other = net[net["account"] == STRATEGY], net[net["account"] == BENCHMARK]
    by_side = own.pivot_table(index="ticker", columns="side", values="profit", aggfunc="sum").reindex(columns=SIDES)
    held = own.groupby("ticker")[["cost", "n_sessions"]].sum()
    reference = other.groupby("ticker")["profit"].sum()
    tickers = by_side.index.union(reference.index).rename("ticker")
    table = by_side.reindex(tickers).join(held).fillna(0.0)
    table["profit"] = table["long"] + table["short"]
    return tuple(
        TickerProfit(
            ticker=row["ticker"],
            n_held=int(row["n_sessions"]),
            benchmark=reference.get(row["ticker"]),
            **{name: row[name] for name in ("long", "short", "profit", "cost")},
        )
        for row in table.sort_values("profit", ascending=False, kind="stable").reset_index().to_dict("records")
    )


def _net(rows: pd.DataFrame) -> pd.Series:
    net: pd.Series = rows["price"] + rows["dividends"] - rows["borrow"] - rows["cost"]
    return net


def _growth(equity: pd.Series, first: int, last: int) -> float | None:
    return float(equity.iloc[last] / equity.iloc[first] - 1.0) if equity.iloc[first] > 0 else None


def _day(equity: pd.Series, row: int) -> date:
    return pd.Timestamp(equity.index[row]).date()
