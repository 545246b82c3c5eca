"""What a tear sheet says in sentences, and how to read its tables and figures."""

import math
from collections.abc import Sequence

import numpy as np
import pandas as pd

from stockseq.backtest.performance import SESSIONS_PER_YEAR
from stockseq.backtest.tear_sheet import BENCHMARK, STRATEGY, Period, Stake, TearSheet
from stockseq.report.format import count, number, percent

# A share of fewer months says nothing.
LEAST_MONTHS = 12

MONTHS = (
    "Growth of the account in each month, after costs; beside it the year's, and buy and hold's in the same year. A "
    "month in brackets is not whole: the account began or ended in it."
)
DRAWDOWNS = (
    "A fall runs from the highest close so far to the first one that reaches it again; the five deepest are shown. "
    "Length counts the sessions from the peak to the recovery. The last column is what the other account made from the "
    "peak to the lowest close: where it fell as far, the loss was the market's."
)
SHARPE = (
    "The Sharpe ratio of a year of 252 sessions, each point over the sessions up to it. Of so few sessions it is known "
    "to about ±{error} (95%): lines within that of each other are not told apart."
)
BETA = (
    "What the account moves by when buy and hold moves by 1: 1 is the market itself, 0 is apart from it. A return with "
    "a beta is partly the market's, whatever the forecasts knew."
)
PERIODS = (
    "Gross is the sum of absolute positions and net long less short, after the fills of the open, over the equity of "
    "the close before, the mean of the sessions. Turnover and costs are sums over the sessions: buying and selling the "
    "whole account once is 200%."
)
TICKERS = (
    "Profit is in the account's currency, after the ticker's own costs, borrow fees and dividends; interest on cash "
    "belongs to no ticker. Buy and hold's stands beside it: a ticker that it earned as much on shows no skill."
)


def months_sentence(months: Sequence[Period]) -> str:
    """Return how many months gained, beside buy and hold's, with the best and the worst; "" of too few.

    Examples
    --------
    >>> from datetime import date
    >>> day = date(2024, 1, 31)
    >>> month = Period(first=day, last=day, is_whole=True, n_sessions=21, growth=0.02, benchmark=0.03)
    >>> months_sentence([month] * 12)[:101]
    'Of 12 whole months the account gained in 100.0%, buy and hold in 100.0%; the account was ahead in 0.0'
    """
    whole = [month for month in months if month.is_whole]
    if len(whole) < LEAST_MONTHS:
        return ""
    gained = percent(np.mean([month.growth > 0 for month in whole]))
    pairs = [(month.growth, month.benchmark) for month in whole if month.benchmark is not None]
    beside = ""
    if len(pairs) == len(whole):
        rose, ahead = (
            percent(np.mean(flags)) for flags in ([b > 0 for _, b in pairs], [growth > b for growth, b in pairs])
        )
        beside = f", buy and hold in {rose}; the account was ahead in {ahead}"
    best, worst = max(whole, key=lambda month: month.growth), min(whole, key=lambda month: month.growth)
    return (
        f"Of {count(len(whole))} whole months the account gained in {gained}{beside}. Its best month was "
        f"{best.first:%Y-%m} with {percent(best.growth, signed=True)}, its worst {worst.first:%Y-%m} with "
        f"{percent(worst.growth, signed=True)}."
    )


def stake_sentence(stakes: dict[str, Stake]) -> str:
    """Return how much of the account was at stake, beside buy and hold; "" where the run didn't keep it."""
    own, other = stakes.get(STRATEGY), stakes.get(BENCHMARK)
    if own is None:
        return ""
    beside = "" if other is None else f" Buy and hold had {percent(other.gross)} invested."
    return (
        f"On average {percent(own.gross)} of the equity was at stake and {percent(own.most_gross)} at most, net "
        f"{percent(own.net, signed=True)}, with positions in {percent(own.share_invested)} of the sessions.{beside}"
    )


def sides_reading(*, at_close: bool) -> str:
    """Return how to read the profit by side, of an account that is flat at each close or holds on."""
    moves = "the moves that were forecast" if at_close else "the sessions of buy and hold"
    return (
        "The rows add up to the account's profit, to the cent. A session of a ticker counts once a side; gained is the "
        f"share of those that earned something before costs, and the base rate is the share of {moves} that went to "
        "that side, whatever was chosen. Whether the choice is more than luck, the record above says."
    )


def sharpe_reading(window: int) -> str:
    """Return how to read the rolling Sharpe ratio.

    Examples
    --------
    >>> "about ±2.8 (95%)" in sharpe_reading(126)
    True
    """
    return SHARPE.format(error=number(1.96 * math.sqrt(SESSIONS_PER_YEAR / window), digits=1))


def sharpe_summary(rolling: pd.DataFrame, window: int) -> str:
    """Return the range of both ratios, and how often the strategy's was the higher."""
    spans = [
        f"between {number(rolling[name].min(), digits=1)} and {number(rolling[name].max(), digits=1)}"
        for name in (STRATEGY, BENCHMARK)
    ]
    above = percent((rolling[STRATEGY] > rolling[BENCHMARK]).mean(), digits=0)
    return (
        f"Over {window} sessions at a time, the account's Sharpe ratio is {spans[0]} and buy and hold's {spans[1]}; "
        f"the account's is the higher in {above} of the stretches."
    )


def beta_summary(rolling: pd.DataFrame, window: int) -> str:
    """Return the range of the beta, and its last value."""
    beta = rolling["beta"]
    low, high, last = (number(value, digits=2) for value in (beta.min(), beta.max(), beta.iloc[-1]))
    return f"Over {window} sessions at a time, beta is between {low} and {high}; it ends at {last}."


def missing_sentence(sheet: TearSheet) -> str:
    """Return what a run of an earlier version can't show, "" of a newer one."""
    if sheet.stakes:
        return ""
    return (
        "This run kept no balances (an earlier version made it), so exposure, turnover and costs by month, and "
        "profit by ticker and side, are not known; a new backtest keeps them."
    )
