"""The whole of daily and backtest on a simulated market whose best possible forecast is known."""

from collections.abc import Callable
from typing import Protocol

import pandas as pd

from pipelines.screens.console import console
from stockseq.config import Settings
from stockseq.sources.simulated import SimulatedMarket

N_DAYS = 5


class Daily(Protocol):
    """The recipe of a morning."""

    def __call__(self, settings: Settings, now: pd.Timestamp, *, quiet: bool) -> object: ...


def run_demo(settings: Settings, *, daily: Daily, backtest: Callable[[Settings, pd.Timestamp], object]) -> None:
    """Run five days of the recipe `daily` and one of `backtest`, and show what was found and what could be found."""
    simulated = settings.simulated
    market = SimulatedMarket(**simulated.model_dump())
    days = market.sessions[-N_DAYS:]
    console.print(
        f"A simulated market of {simulated.n_tickers} invented companies and {simulated.n_sessions} sessions: nothing "
        "is real, and the best possible forecast is known.\n"
    )
    decisions = market.truth.drop_duplicates("session").set_index("session")["decision_at"]
    for day in days:
        console.rule(f"The morning of {day.date()}", align="left")
        daily(settings, decisions[day] - pd.Timedelta(minutes=10), quiet=day != days[-1])
    console.rule("Backtest", align="left")
    backtest(settings, decisions[days[-1]])
    console.print(
        'Next: make daily TICKERS="AAPL MSFT" for real prices and headlines from Yahoo; make help lists the rest.'
    )
