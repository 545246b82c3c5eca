"""How to read the figures of rank and size, and what each shows in one sentence, also for who can't see it."""

import pandas as pd

from stockseq.plots.size import MOST_SESSIONS
from stockseq.report.format import count, number, percent, text

QUINTILES = "Return by quintile of rank"
QUINTILES_READING = (
    "The tickers of each session are cut into fifths by the forecast rank; a bar is the mean return of a fifth, before "
    "costs, its line a 95% interval over sessions. A forecast that ranks has bars that rise from left to right."
)
CUMULATIVE_IC = "Rank IC summed up over time"
CUMULATIVE_IC_READING = (
    "Each session adds its rank IC: the rank correlation of forecast and return over its tickers. A steady slope is a "
    "ranking that works all the time; a flat stretch is one in which it did not."
)
FAN_READING = (
    "The bands are what was forecast before each session: four outcomes in five between the inner bounds, 19 in 20 "
    "between the outer ones. Dots are what happened. Bands that widen before large moves know the size of moves."
)
COVERAGE = "How often the intervals held, by year"
COVERAGE_READING = (
    "A dot is the share of outcomes within the interval in one year; the dashed line is the share that it names. Dots "
    "far below it in a year of crisis are intervals that were too narrow when it mattered."
)
SIZES = "Forecast size of moves against what happened"
SIZES_READING = (
    "Forecasts are grouped by their size, each group of equal number; both axes are logarithmic. Points on the dashed "
    "line are right on average; points on a flatter line mean forecasts that spread too far."
)


def fan_title(ticker: str) -> str:
    """Return the title of the intervals of one ticker."""
    return f"Intervals and outcomes of {text(ticker, limit=40)}"


def quintiles_summary(quintiles: pd.DataFrame) -> str:
    """Return the mean return of the outer quintiles."""
    lowest, highest = quintiles["mean_return"].iloc[[0, -1]]
    return (
        f"The lowest fifth earned {percent(lowest, digits=3, signed=True)} a trade, the highest "
        f"{percent(highest, digits=3, signed=True)}, before costs."
    )


def ic_summary(daily: pd.Series) -> str:
    """Return the mean rank IC, and in how many sessions it was above 0."""
    return (
        f"The mean rank IC of {count(len(daily))} sessions is {number(daily.mean(), signed=True)}; it was above 0 in "
        f"{percent((daily > 0).mean())} of them."
    )


def fan_summary(fan: pd.DataFrame) -> str:
    """Return how many of the sessions drawn ended outside each interval."""
    drawn = fan.tail(MOST_SESSIONS)
    outside = {
        level: int((~drawn["realised_return"].between(drawn[f"low_{level}"], drawn[f"high_{level}"])).sum())
        for level in ("80", "95")
    }
    return (
        f"Of the last {count(len(drawn))} outcomes {count(outside['80'])} lie outside the 80% interval and "
        f"{count(outside['95'])} outside the 95% interval."
    )


def coverage_summary(by_year: pd.DataFrame) -> str:
    """Return the lowest and the highest coverage of a year, by level."""
    ranges = [
        f"{level}% intervals held {percent(by_year[level].min())} to {percent(by_year[level].max())}"
        for level in by_year
    ]
    return f"By year, {' and '.join(ranges)} of outcomes."


def sizes_summary(groups: pd.DataFrame) -> str:
    """Return forecast and realised size of the outer groups."""
    forecast, realised = (
        [percent(groups[name].iloc[position], digits=2) for position in (0, -1)] for name in ("sigma", "realised")
    )
    return (
        f"The smallest forecasts average {forecast[0]} and {realised[0]} happened; the largest average {forecast[1]} "
        f"and {realised[1]} happened."
    )
