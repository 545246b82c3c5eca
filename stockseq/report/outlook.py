"""The next session's forecasts as the page shows them, with the headlines behind each."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import pandas as pd

from stockseq.forecasting.next_book import has_no_view
from stockseq.report import format as wording
from stockseq.report.why import WhyView, build_why

MOST_TICKERS = 300
MOST_HEADLINES = 8
# The bars reach at least two of these steps from one half, and further where a forecast does.
REACH = 0.05


@dataclass(frozen=True)
class Headline:
    """One headline, as shown; `url` is an http or https address or None, `tone` is "up", "down" or ""."""

    published_at: str
    text: str
    url: str | None
    compound: str
    tone: str


@dataclass(frozen=True)
class Row:
    """One ticker's forecast, as shown; `bar_start` and `bar_width` are percent of the bar's width."""

    ticker: str
    probability: str
    direction: str
    bar_start: float
    bar_width: float
    expected_return: str
    rank: str
    interval: str
    spread: str
    late: bool
    headlines: Sequence[Headline]
    n_headlines: int
    news: str = ""
    why: WhyView | None = None
    has_no_view: bool = False


@dataclass(frozen=True)
class Outlook:
    """The forecasts of one or more sessions; `reach` is where the bars begin and end."""

    sessions: str
    decided: str
    made_at: str
    reach: tuple[str, str]
    rows: Sequence[Row]
    n_hidden: int
    n_late: int
    has_spread: bool
    has_rank: bool
    has_interval: bool
    has_why: bool = False


def build_outlook(forecasts: pd.DataFrame | None) -> Outlook | None:
    """Return the forecasts ordered from the most to the least likely to rise, or None where there are none.

    Parameters
    ----------
    forecasts : DataFrame of n_tickers rows, optional
        `RunReport.next_forecasts`.
    """
    if forecasts is None or forecasts.empty:
        return None
    ordered = forecasts.sort_values(["probability_up", "ticker"], ascending=[False, True], kind="stable")
    reach = _reach(ordered["probability_up"])
    shown = ordered.head(MOST_TICKERS)
    headlines = shown["headlines"] if "headlines" in shown else [()] * len(shown)
    words = shown["news"] if "news" in shown else [""] * len(shown)
    why = [each and build_why(each) for each in (shown["why"] if "why" in shown else [None] * len(shown))]
    rank, interval = rank_words(ordered), ordered.apply(interval_of, axis=1)
    columns = (shown[name] for name in ("ticker", "probability_up", "expected_return", "spread", "late"))
    return Outlook(
        sessions=_span(ordered["session"], wording.session),
        decided=_decided(ordered),
        made_at=_span(ordered["made_at"], wording.instant),
        reach=(wording.percent(0.5 - reach, digits=0), wording.percent(0.5 + reach, digits=0)),
        rows=[
            replace(_row(values, reach), news=news, why=moved, has_no_view=bool(viewless))
            for *values, news, moved, viewless in zip(
                *columns,
                rank.head(MOST_TICKERS),
                interval.head(MOST_TICKERS),
                headlines,
                words,
                why,
                has_no_view(shown),
                strict=True,
            )
        ],
        n_hidden=max(0, len(ordered) - MOST_TICKERS),
        n_late=int(ordered["late"].sum()),
        has_spread=bool(ordered["spread"].notna().any()),
        has_rank=bool((rank != "").any()),
        has_interval=bool((interval != "").any()),
        has_why=any(each is not None for each in why),
    )


def _decided(forecasts: pd.DataFrame) -> str:
    """Return when the forecasts are fixed and what they could use: nothing later than when they were made."""
    at = _span(forecasts["decision_at"], wording.instant)
    if (forecasts["made_at"] < forecasts["decision_at"]).any():
        return f"To be decided at {at}, on what was available when they were made"
    return f"Decided at {at}, on what was available by then"


def rank_words(forecasts: pd.DataFrame) -> pd.Series:
    """Return each forecast's place among the tickers of its session, "" where it names none.

    Examples
    --------
    >>> rank_words(pd.DataFrame({"session": "2024-11-29", "relative": [-0.2, 0.4]})).tolist()
    ['2 of 2', '1 of 2']
    """
    if "relative" not in forecasts or forecasts["relative"].isna().all():
        return pd.Series("", index=forecasts.index)
    by_session = forecasts.groupby("session")["relative"]
    places, sizes = by_session.rank(ascending=False, method="min"), by_session.transform("count")
    words = ["" if pd.isna(place) else f"{place:.0f} of {size:.0f}" for place, size in zip(places, sizes, strict=True)]
    return pd.Series(words, index=forecasts.index)


def interval_of(forecast: pd.Series) -> str:
    """Return the bounds that 80 % of outcomes are expected between, "" where the forecast names none.

    Examples
    --------
    >>> interval_of(pd.Series({"low_80": -0.014, "high_80": 0.0159})).replace(wording.MINUS, "-")
    '-1.4% to +1.6%'
    """
    low, high = (wording.finite(forecast.get(name)) for name in ("low_80", "high_80"))
    if low is None or high is None:
        return ""
    return f"{wording.percent(low, signed=True)} to {wording.percent(high, signed=True)}"


def _reach(probability: pd.Series) -> float:
    steps = math.ceil(float((probability - 0.5).abs().max()) / REACH - 1e-9)
    return REACH * max(steps, 2)


def _row(values: Sequence[Any], reach: float) -> Row:
    ticker, probability, expected_return, spread, late, rank, interval, headlines = values
    offset = (probability - 0.5) / reach * 50
    return Row(
        ticker=wording.text(ticker, limit=40),
        probability=wording.probability(probability),
        direction="up" if offset > 0 else "down",
        bar_start=round(50 + min(offset, 0.0), 2),
        bar_width=round(abs(offset), 2),
        expected_return=wording.percent(expected_return, digits=2, signed=True),
        rank=rank,
        interval=interval,
        spread=wording.percent(spread),
        late=bool(late),
        headlines=[_headline(*item) for item in headlines[:MOST_HEADLINES]],
        n_headlines=len(headlines),
    )


def _headline(published_at: object, text: object, url: object, compound: object) -> Headline:
    tone = wording.finite(compound)
    return Headline(
        published_at=wording.instant(published_at),
        text=wording.text(text),
        url=wording.safe_link(url),
        compound=wording.number(tone, digits=2),
        tone="" if tone is None or abs(tone) < 0.05 else ("up" if tone > 0 else "down"),
    )


def _span(values: pd.Series, write: Callable[[object], str]) -> str:
    first, last = write(values.min()), write(values.max())
    return first if first == last else f"{first} to {last}"
