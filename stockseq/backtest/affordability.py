"""Tickers that were wanted and never bought, because one share costs more than its share of the capital."""

from stockseq.backtest.account import Account
from stockseq.backtest.simulator import AccountHistory
from stockseq.backtest.targets import Targets
from stockseq.schemas import Bars


def find_unaffordable(
    targets: Targets, history: AccountHistory, bars: Bars, *, account: Account, horizon: int = 0
) -> tuple[str, ...]:
    """Return the tickers without a fill of which one lot cost more than what was meant for it, each time it was wanted.

    Parameters
    ----------
    targets : Targets
        What the policy wanted.
    history : AccountHistory
        What the account did.
    bars : Bars
        As traded; the opens of the target sessions.
    account : Account
        Its lot.
    horizon : int, default=0
        Sessions that a trade lasts; so many trades share the equity.

    Returns
    -------
    tuple of str
        In alphabetical order.
    """
    if account.lot <= 0:
        return ()
    wanted = targets[targets["weight"] != 0]
    wanted = wanted[~wanted["ticker"].isin(set(history.fills["ticker"]))]
    if wanted.empty:
        return ()
    equity = history.equity["equity"].shift().rename("equity").rename_axis("session").reset_index()
    # Orders are sized at the close before, with the equity of that close.
    marks = bars[["ticker", "session", "open"]].assign(mark=bars.groupby("ticker")["close"].shift())
    rows = wanted.merge(marks, on=["ticker", "session"]).merge(equity, on="session")
    stake = rows["weight"].abs() * rows["equity"] / max(horizon, 1)
    too_dear = (rows["mark"].fillna(rows["open"]) * account.lot > stake).groupby(rows["ticker"]).all()
    return tuple(sorted(str(ticker) for ticker in too_dear.index[too_dear]))
