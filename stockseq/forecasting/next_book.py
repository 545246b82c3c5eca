"""Tomorrow's book: what the policy would order for the next session, against what is held."""

from collections.abc import Collection
from typing import Literal

import numpy as np
import pandas as pd

from stockseq.backtest.policy import target_weights
from stockseq.backtest.prints import Delisting
from stockseq.backtest.simulator import Holdings, PendingOrders, decide_orders
from stockseq.backtest.targets import Targets, as_targets
from stockseq.backtest.trading import SESSIONS_WITHOUT_A_BAR, TradingRules, find_delistings
from stockseq.errors import DataError
from stockseq.forecast_ledger import Ledger, standing_forecasts
from stockseq.forecasting.book_rows import LEAST, BookRow, book_rows
from stockseq.forecasting.morning import Morning
from stockseq.market import MarketData
from stockseq.models.registry import of_label
from stockseq.prices import compute_volatility, has_print
from stockseq.results import Result
from stockseq.schemas import FORECASTS, Forecasts, as_forecasts
from stockseq.store import Store


class NextBook(Result):
    """The orders for the next session, fixed at the last close, under the policy, the costs and the capital set.

    Parameters
    ----------
    session : str
        That they are for.
    label : str
        The trade.
    horizon : int
        Sessions that it lasts; 0 is open to close.
    source : {"ledger", "file"}
        What is held: what the ledger's paper account has, or what a file of positions says.
    since : str or None
        The first session whose live forecasts the paper account followed; None where there is none yet.
    n_sessions : int
        Sessions of live forecasts that it followed.
    cash, equity : float
        At the decision, the latter at the last closes.
    rows : tuple of BookRow
        Those that the policy wants or the account holds, what frees cash first.
    n_targets, n_no_view : int
        Tickers that the policy wants, and those among them whose forecast is noise.
    cost, shortfall : float
        Of entering all orders at the last closes; and by how much they are more there than cash and leverage cover.
    no_forecast, unvalued : tuple of str
        Held tickers without a forecast; tickers of the file that have no close here, and are left alone.
    removed, silent : tuple of str
        Tickers that the paper account held when they were removed from the universe, taken out at their last close; and
        when no bar came any more, taken out at the return of a delisting.
    late : bool
        The session had opened when it was forecast.
    reason : str
        Why there is no book; empty where there is one.
    capital : float or None
        That the paper account began with; None where it isn't followed.
    top_k : int
        Tickers a side that the policy takes by their rank; 0 where it takes all beyond a threshold.
    two_sided : bool
        Whether it sells short.
    """

    session: str
    label: str
    horizon: int
    source: Literal["ledger", "file"] = "ledger"
    since: str | None = None
    n_sessions: int = 0
    cash: float = 0.0
    equity: float = 0.0
    rows: tuple[BookRow, ...] = ()
    n_targets: int = 0
    n_no_view: int = 0
    cost: float = 0.0
    shortfall: float = 0.0
    no_forecast: tuple[str, ...] = ()
    unvalued: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()
    silent: tuple[str, ...] = ()
    late: bool = False
    reason: str = ""
    capital: float | None = None
    top_k: int = 0
    two_sided: bool = False


def live_forecasts(ledger: Ledger, models: pd.DataFrame, label: str, *, before: pd.Timestamp) -> pd.DataFrame:
    """Return the standing forecast of each ticker and session before one, of the models of one trade.

    Parameters
    ----------
    ledger : Ledger
    models : DataFrame
        Every registered model, from `Registry.list_models`.
    label : str
        Of the trade.
    before : Timestamp
        The session that is not followed yet.
    """
    made = standing_forecasts(ledger.of_models(of_label(models, label)))
    rows = made[made["session"] < before]
    return rows[[name for name in FORECASTS if name in rows]].sort_values(["session", "ticker"], ignore_index=True)


def has_no_view(forecasts: pd.DataFrame) -> "pd.Series[bool]":
    """Return which forecasts are noise: P(up) is no further from one half than the seeds are from one another.

    Parameters
    ----------
    forecasts : DataFrame with probability_up, spread
        The spread is the standard deviation over seeds; NaN, as of one seed, tells of no noise.

    Examples
    --------
    >>> has_no_view(pd.DataFrame({"probability_up": [0.51, 0.55, 0.49], "spread": [0.02, 0.02, None]})).tolist()
    [True, False, False]
    """
    distance = (forecasts["probability_up"] - 0.5).abs()
    # A distance of .02 comes out of binary fractions as .020000000000000018.
    return distance <= forecasts["spread"].astype("float64") + LEAST


def complete_market(market: MarketData, store: Store, tickers: list[str]) -> MarketData:
    """Return the market with what the store holds of further tickers, such as those that have since left it."""
    left = sorted({*tickers} - {*market.tickers})
    if not left:
        return market
    further = store.market(market.calendar, tickers=left, as_of=market.now)
    bars = pd.concat([market.bars, further.bars]).sort_values(["ticker", "session"], ignore_index=True)
    actions = pd.concat([market.actions, further.actions], ignore_index=True)
    return MarketData(bars, actions, market.headlines, market.calendar, market.now)  # type: ignore[arg-type]


def plan_book(
    morning: Morning,
    ledger: Ledger,
    models: pd.DataFrame,
    market: MarketData,
    store: Store,
    *,
    rules: TradingRules,
    holdings: Holdings | None = None,
) -> NextBook:
    """Return the orders for a morning's session, against the holdings, or against the ledger's own paper account.

    Parameters
    ----------
    morning : Morning
    ledger : Ledger
        As of the morning.
    models : DataFrame
        Every registered model.
    market : MarketData
        Of the morning; what it lacks of tickers that have left it is read from the store.
    store : Store
    rules : TradingRules
    holdings : Holdings, optional
    """
    session = morning.next.session
    past = live_forecasts(ledger, models, rules.label, before=session)
    needed = {*past["ticker"], *(() if holdings is None else holdings.shares)}
    whole = complete_market(market, store, sorted(needed))
    removed = {*whole.tickers} - {*market.tickers}
    return build_book(morning.table, past, whole, rules, session=session, holdings=holdings, removed=removed)


def build_book(
    table: pd.DataFrame,
    past: pd.DataFrame,
    market: MarketData,
    rules: TradingRules,
    *,
    session: pd.Timestamp,
    holdings: Holdings | None = None,
    removed: Collection[str] = (),
) -> NextBook:
    """Return the orders that the simulated account would give for the next session.

    Parameters
    ----------
    table : DataFrame of n_tickers rows
        The session's forecasts with `spread` (see `has_no_view`) and `late`.
    past : DataFrame
        The live forecasts of the sessions before, from `live_forecasts`; the paper account followed them all.
    market : MarketData
        With bars of every ticker of `past`; see `complete_market`.
    rules : TradingRules
    session : Timestamp
        The session of `table`.
    holdings : Holdings, optional
        What is held in the place of the paper account's positions and cash.
    removed : collection of str
        Tickers that were removed from the universe, of which no bar is fetched any more: nobody knows their price.

    Returns
    -------
    NextBook
        Without rows and with the reason where the policy can't trade these forecasts.
    """
    head = {
        "session": f"{session:%Y-%m-%d}",
        "label": rules.label,
        "horizon": rules.horizon,
        "source": "ledger" if holdings is None else "file",
        "since": None if past.empty else f"{past['session'].min():%Y-%m-%d}",
        "n_sessions": int(past["session"].nunique()),
        "late": bool(len(table) and table["late"].any()),
        "capital": rules.account.capital if holdings is None else None,
        "top_k": rules.policy.top_k if rules.policy.select == "top_k" else 0,
        "two_sided": rules.policy.mode == "long_short",
    }
    if table.empty and past.empty:
        return NextBook.from_dict(head | {"reason": "No forecast was made, so there is nothing to order."})
    try:
        targets = _targets(past, table, market, rules)
        wanted = targets[(targets["session"] == session) & (targets["weight"] != 0)].set_index("ticker")["weight"]
        noise = {*table.loc[has_no_view(table), "ticker"]} & {*wanted.index}
        viewless = (targets["session"] == session) & targets["ticker"].isin(noise)
        known = None if holdings is None else _valued(holdings, market, session, removed)
        sessions = _followed(market, past, session=session, of_file=holdings is not None)
        pending = decide_orders(
            as_targets(targets[~viewless]),
            market.bars,
            market.actions,
            sessions=sessions,
            costs=rules.costs,
            account=rules.account,
            horizon=rules.horizon,
            delistings=_departures(market, sessions, session=session, removed=removed),
            holdings=known,
        )
    except DataError as error:
        return NextBook.from_dict(head | {"reason": str(error)})
    if pending.equity <= 0:
        owed = f"the account owes more than it holds ({pending.equity:,.0f} in all at the last closes)"
        return NextBook.from_dict(head | {"reason": f"Nothing is ordered, because {owed}."})
    chances: dict[str, float] = dict(zip(table["ticker"], table["probability_up"], strict=True))
    rows = book_rows(pending, wanted, chances, noise=noise, rules=rules)
    forecast = {*table["ticker"]}
    unvalued = () if holdings is None or known is None else sorted({*holdings.shares} - {*known.shares})
    return NextBook.from_dict(
        head
        | {
            "cash": pending.cash,
            "equity": pending.equity,
            "rows": rows,
            "n_targets": len(wanted),
            "n_no_view": len(noise),
            "cost": sum(row.cost for row in rows),
            "shortfall": _shortfall(rows, pending, rules),
            "no_forecast": tuple(row.ticker for row in rows if row.held and row.ticker not in forecast),
            "unvalued": tuple(unvalued),
            "removed": tuple(ticker for ticker in pending.delisted if ticker in removed),
            "silent": tuple(ticker for ticker in pending.delisted if ticker not in removed),
        }
    )


def _shortfall(rows: tuple[BookRow, ...], pending: PendingOrders, rules: TradingRules) -> float:
    """Return how much more the orders are worth at the last closes than cash, sales and leverage pay for."""
    spent = sum(float(np.sign(row.order)) * row.value + row.cost for row in rows)
    lent = (rules.account.max_gross - 1.0) * max(pending.equity, 0.0)
    return max(spent - pending.cash - lent, 0.0) if any(row.order > 0 for row in rows) else 0.0


def _targets(past: pd.DataFrame, table: pd.DataFrame, market: MarketData, rules: TradingRules) -> Targets:
    """Return the policy's targets of all sessions at once: a band asks what earlier ones chose."""
    columns = [name for name in FORECASTS if name in table]
    parts = [part for part in (past, table[columns]) if len(part)]
    forecasts: Forecasts = as_forecasts(pd.concat(parts, ignore_index=True) if parts else table[columns])
    volatility = None
    if rules.policy.volatility_scaled:
        volatility = forecasts[["ticker", "session"]].assign(
            volatility=compute_volatility(forecasts, market.bars, market.actions)
        )
    return target_weights(forecasts, settings=rules.policy, volatility=volatility, horizon=rules.horizon)


def _followed(market: MarketData, past: pd.DataFrame, *, session: pd.Timestamp, of_file: bool) -> pd.DatetimeIndex:
    """Return the sessions from the close that decided the first live forecasts to the one to come."""
    first = session if past.empty else past["session"].min()
    sessions = market.calendar.between(market.calendar.previous_session(first), session)
    # A ticker of a file that did not trade at the last close is worth what it was at the one before.
    return _recent(market, session=session).union(sessions) if of_file else sessions


def _departures(
    market: MarketData, sessions: pd.DatetimeIndex, *, session: pd.Timestamp, removed: Collection[str]
) -> dict[str, Delisting]:
    """Return who leaves the paper account when: the silent as in a backtest, the removed at their last close."""
    # An account of three sessions must not take three without a bar for the end of a ticker.
    until = _recent(market, session=session).union(sessions[:-1])
    gone = market.bars[market.bars["ticker"].isin([*removed])].groupby("ticker")["session"].max()
    left = {str(ticker): until[until > last] for ticker, last in gone.items()}
    return find_delistings(market.bars, until) | {
        ticker: Delisting(after[0], 0.0) for ticker, after in left.items() if len(after)
    }


def _recent(market: MarketData, *, session: pd.Timestamp) -> pd.DatetimeIndex:
    """Return the sessions before one, as many as a ticker may be silent without having left, and one more."""
    past = market.calendar.sessions[market.calendar.sessions < session]
    return past[-SESSIONS_WITHOUT_A_BAR - 1 :]


def _valued(holdings: Holdings, market: MarketData, session: pd.Timestamp, removed: Collection[str]) -> Holdings:
    """Return the holdings without the tickers that have no recent close here; those are neither valued nor traded."""
    recent = market.bars[market.bars["session"].isin(_recent(market, session=session))]
    printed = has_print(recent["close"].to_numpy(), recent["volume"].to_numpy())
    traded = {*recent.loc[printed, "ticker"]} - {*removed}
    return Holdings({name: shares for name, shares in holdings.shares.items() if name in traded}, holdings.cash)
