"""How to read each figure of a page, and what it shows in one sentence, also for who can't see it."""

import pandas as pd

from stockseq.errors import counted, listed
from stockseq.evaluate.comparison import PairedTest
from stockseq.plots import FEWEST_FORECASTS, MOST_TICKERS, MOST_YEARS
from stockseq.report.format import count, percent, points
from stockseq.report.format import text as shown
from stockseq.report.text.names import curve_label

CALIBRATION = (
    "Forecasts are grouped by their probability. A point shows how often those tickers then rose, with a 95% interval "
    "clustered by session; the bars below count the forecasts. On the dashed line, 55% happens 55% of the time; points "
    "on a flatter line mean that the model is overconfident."
)
SMALL_GROUPS = f" A group of fewer than {FEWEST_FORECASTS} forecasts has a bar and no point."
EQUITY = (
    "Growth of the account since the first session, marked at each close, with whole shares, costs, dividends and "
    "interest. The solid strategy line pays the costs in the settings, the dotted line none and the dashed line twice "
    "as much. Where they diverge quickly, the result depends on the costs."
)
DRAWDOWN = (
    "How far each account is below its highest close so far. The deepest point is the largest loss that a holder would "
    "have gone through."
)
COMPARISONS = (
    "A dot is the difference on the forecasts that both made, the bar its 95% interval, clustered by session. Filled "
    "dots are significant after Holm's correction for the number of baselines; hollow ones may be luck. The model is "
    "better where accuracy is to the right of the line and log loss to the left."
)


def accuracy_reading(window: int, *, has_best: bool) -> str:
    """Return how to read accuracy over time."""
    best = " The dotted line is the best that any forecast can reach on this simulated market." if has_best else ""
    return (
        f"Each point is the accuracy over the {window} sessions up to it. The dashed line is the base rate: always "
        "forecasting the more frequent direction, chosen with hindsight in each stretch. The model shows skill where "
        f"the whole band is above that line; a band that contains the line may be luck.{best}"
    )


def accuracy_summary(stretches: pd.DataFrame, window: int) -> str:
    """Return the range of the accuracy over time, and how often its interval is above the base rate."""
    low, high = (percent(stretches["accuracy"].agg(end)) for end in ("min", "max"))
    above = percent((stretches["low"] > stretches["base_rate"]).mean(), digits=0)
    return (
        f"Over {window} sessions at a time, accuracy is between {low} and {high}; its interval is above the base rate "
        f"in {above} of the stretches."
    )


def calibration_summary(rows: pd.DataFrame) -> str:
    """Return the range of the forecast probabilities."""
    low, high = (percent(rows["probability_up"].agg(end)) for end in ("min", "max"))
    return f"Forecast probabilities run from {low} to {high} over {count(len(rows))} forecasts."


def equity_summary(growth: pd.DataFrame) -> str:
    """Return the growth of each curve over the whole run."""
    ends = [f"{curve_label(name)} {percent(growth[name].ffill().iloc[-1], signed=True)}" for name in growth]
    return f"Growth over the whole run: {'; '.join(ends)}."


def drawdown_summary(falls: pd.DataFrame) -> str:
    """Return the deepest drawdown of each curve."""
    return f"Deepest: {'; '.join(f'{curve_label(name)} {percent(falls[name].min())}' for name in falls)}."


def comparisons_summary(tests: list[PairedTest]) -> str:
    """Return the range of the differences in accuracy, and how many baselines the model beats."""
    differences = [test.difference for test in tests]
    n_beaten = sum(test.is_significant and test.difference > 0 for test in tests)
    low, high = points(min(differences)), points(max(differences))
    return (
        f"The accuracy of the model less that of {counted(len(tests), 'baseline')} is between {low} and {high} points; "
        f"it is significantly better than {n_beaten or 'none'} of them."
    )


def news_reading(coverage: pd.DataFrame) -> str:
    """Return how to read the heat map of headlines, and what is summed up in it."""
    sentences = [
        "A cell is a ticker's headlines of a year, all sources together; the darker, the more, by the logarithm. Its "
        "words name the sources and the share of the sessions that had news in time for their decision: elsewhere text "
        "can't matter. A story that two sources tell is counted in both, and read once."
    ]
    if coverage["ticker"].nunique() > MOST_TICKERS:
        sentences.append(
            f"The {MOST_TICKERS - 1} tickers with the most headlines have a row, and the others share one."
        )
    if coverage["year"].nunique() > MOST_YEARS:
        sentences.append(f"The newest {MOST_YEARS - 1} years have a column, and the years before share one.")
    return " ".join(sentences)


def news_summary(coverage: pd.DataFrame) -> str:
    """Return the number of headlines, from where and when, and the share of sessions with news.

    Examples
    --------
    >>> rows = pd.DataFrame({"ticker": ["A"], "year": 2024, "source": "edgar", "n_headlines": 3, "n_sessions": 2,
    ...     "n_with_news": 1})
    >>> news_summary(rows)
    '3 headlines of 1 ticker from edgar, 2024 to 2024; 50.0% of the sessions have news.'
    """
    with_news = coverage[coverage["n_headlines"] > 0]
    once = coverage.drop_duplicates(["ticker", "year"])
    names = sorted(set(with_news["source"]))
    sources = listed([shown(name, limit=60) for name in names[:6]]) + (" and others" if len(names) > 6 else "")
    share = once["n_with_news"].sum() / max(once["n_sessions"].sum(), 1)
    return (
        f"{counted(int(coverage['n_headlines'].sum()), 'headline')} of "
        f"{counted(with_news['ticker'].nunique(), 'ticker')} from {sources}, {with_news['year'].min()} to "
        f"{with_news['year'].max()}; {percent(share)} of the sessions have news."
    )
