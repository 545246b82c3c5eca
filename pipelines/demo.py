"""The whole of daily and backtest on a simulated market whose best possible forecast is known."""

import pandas as pd

from pipelines.backtest import run_backtest
from pipelines.context import console
from pipelines.daily import run_daily
from stockseq.config import Settings
from stockseq.sources.simulated import SimulatedMarket

N_DAYS = 5


def run_demo(settings: Settings) -> None:
    """Run five days of daily and one backtest, and show what was found beside what could be found."""
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
        run_daily(settings, decisions[day] - pd.Timedelta(minutes=10), quiet=day != days[-1])
    console.rule("Backtest", align="left")
    run_backtest(settings, decisions[days[-1]])
    console.print(
        'Next: make daily TICKERS="AAPL MSFT" for real prices and headlines from Yahoo; make help lists the rest.'
    )
