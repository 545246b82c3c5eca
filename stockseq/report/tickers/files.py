"""The files of the ticker view: a script a ticker, with columns of whole numbers, that the page loads when asked."""

import hashlib
import json
import re
from itertools import pairwise
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from stockseq.printable import visible
from stockseq.report import format as wording
from stockseq.report.tickers.frames import KINDS, HistoryFrames
from stockseq.schemas import PRICES, valid_ticker

Json = dict[str, Any]

# Bytes of headlines in one file: those of thirty tickers stay below 10 MB.
MOST_BYTES = 300_000
MOST_HEADLINES = 8
LONGEST_HEADLINE = 200
# Probabilities and fractions are written as whole numbers of these steps.
PROBABILITY_STEP, RETURN_STEP = 1e-4, 1e-5
MINUTE = pd.Timedelta(minutes=1)


def file_name(ticker: str) -> str:
    """Return the name, without its ending, of a ticker's file: another one for each ticker, on every file system.

    Capitals and digits stay, and everything else becomes its code, so that no two names differ in case alone; the
    beginning keeps off the names that Windows reserves. A text that is no ticker is named by its hash.

    Examples
    --------
    >>> file_name("BRK-B"), file_name("^GSPC"), file_name("CON"), file_name("brk-b")
    ('t-BRK_2dB', 't-_5eGSPC', 't-CON', 't-_62_72_6b_2d_62')
    >>> file_name("../../x").startswith("x-")
    True
    """
    if not valid_ticker(ticker):
        return f"x-{hashlib.sha256(ticker.encode('utf-8', 'surrogatepass')).hexdigest()[:24]}"
    return "t-" + re.sub(r"[^A-Z0-9]", lambda found: f"_{ord(found[0]):02x}", ticker)


def script_call(function: str, *values: object) -> str:
    """Return a script that calls a function with JSON; no text in it can end the script or begin an element.

    Examples
    --------
    >>> script_call("show", {"text": "</script>"})
    'show({"text":"\\\\u003c/script\\\\u003e"});\\n'
    """
    written = json.dumps(values, allow_nan=False, separators=(",", ":"))[1:-1]
    # Outside of texts JSON has none of these, and inside a text they may stand as their codes.
    for sign in "<>&":
        written = written.replace(sign, f"\\u{ord(sign):04x}")
    return f"{function}({written});\n"


def ticker_files(frames: HistoryFrames) -> tuple[dict[str, str], int]:
    """Return the script of each ticker by file name, and how many of the headlines they leave out."""
    tickers = frames.axes.tickers
    parts = [_by_ticker(frame, len(tickers)) for frame in (frames.bars, frames.forecasts, frames.fills, frames.news)]
    files, n_hidden = {}, 0
    for number, ticker in enumerate(tickers):
        bars, forecasts, fills, news = (part[number] for part in parts)
        news = news.assign(text=[wording.text(visible(text), limit=LONGEST_HEADLINE) for text in news["text"]])
        shown = fitting_headlines(news)
        places = _decimals(bars["low"])
        at = np.concatenate([rows["at"].to_numpy(dtype=np.int64) for rows in (bars, forecasts, fills, news)])
        first, n_rows = int(at.min()), int(at.max() - at.min()) + 1
        data: Json = {
            "ticker": wording.text(visible(ticker), limit=40),
            "first": first,
            "places": places,
            "bars": _bar_columns(bars, first=first, n_rows=n_rows, places=places),
            "forecasts": _forecast_columns(forecasts, first=first, n_rows=n_rows),
            "fills": _fill_columns(fills, places=places),
            "news": _news_columns(shown, news, frames.axes.days),
        }
        n_hidden += data["news"]["n_hidden"]
        name = file_name(ticker)
        files[f"{name}.js"] = script_call("stockseqTicker", name, data)
    return files, n_hidden


def fitting_headlines(news: pd.DataFrame) -> pd.DataFrame:
    """Return the newest headlines of each session, as many a session as the file of a ticker has room for.

    Parameters
    ----------
    news : DataFrame with at and text
        Of one ticker, the newest of a session first. Where not even one a session fits, the oldest sessions have none.
    """
    sizes = pd.Series([len(json.dumps(text)) for text in news["text"]], index=news.index, dtype=np.int64)
    within = news.groupby("at").cumcount()
    for most in range(MOST_HEADLINES, 0, -1):
        shown = news[within < most]
        if sizes[shown.index].sum() <= MOST_BYTES:
            return shown
    return shown[sizes[shown.index][::-1].cumsum()[::-1] <= MOST_BYTES]


def _by_ticker(frame: pd.DataFrame, n_tickers: int) -> list[pd.DataFrame]:
    """Return the rows of each ticker; they are sorted by it."""
    ends = frame["ticker_at"].to_numpy(dtype=np.int64).searchsorted(np.arange(n_tickers + 1))
    return [frame.iloc[start:end] for start, end in pairwise(ends)]


def _decimals(prices: pd.Series) -> int:
    """Return the digits after the point that show the lowest price to five figures, and at least cents."""
    lowest = float(prices.min())
    return max(2, min(8, 4 - int(np.floor(np.log10(lowest))))) if lowest > 0 else 2


def _bar_columns(bars: pd.DataFrame, *, first: int, n_rows: int, places: int) -> Json:
    """Return prices as whole numbers of the last digit, and volume in units of about a thousandth of its middle."""
    at = bars["at"].to_numpy() - first
    middle = float(bars["volume"].median())
    unit = 10 ** max(0, int(np.floor(np.log10(middle))) - 3) if middle > 0 else 1
    prices = {name: _spread(bars[name] * 10**places, at, n_rows) for name in PRICES}
    return {**prices, "volume": _spread(bars["volume"] / unit, at, n_rows), "unit": unit}


def _forecast_columns(forecasts: pd.DataFrame, *, first: int, n_rows: int) -> Json:
    """Return the forecasts by session from the first that has one, `from` of the file's first."""
    if forecasts.empty:
        return {"from": 0, "probability": []}
    start = int(forecasts["at"].iloc[0])
    at, n_rows = forecasts["at"].to_numpy() - start, n_rows - (start - first)
    columns = {
        "probability": forecasts["probability_up"] / PROBABILITY_STEP,
        "expected": forecasts["expected_return"] / RETURN_STEP,
        "low": forecasts["low_80"] / RETURN_STEP,
        "high": forecasts["high_80"] / RETURN_STEP,
        "realised": forecasts["realised_return"] / RETURN_STEP,
        "rank": forecasts["rank"],
        "of": forecasts["of"],
    }
    noted = forecasts[forecasts["kind"] > 0]
    made = zip(noted["at"] - start, noted["kind"], noted["made_at"], strict=True)
    return {
        "from": start - first,
        # A column without a number in it is left out.
        **{name: _spread(values, at, n_rows) for name, values in columns.items() if values.notna().any()},
        "made": [[int(row), KINDS[kind], wording.instant(instant)] for row, kind, instant in made],
    }


def _fill_columns(fills: pd.DataFrame, *, places: int) -> Json:
    return {
        "at": fills["at"].tolist(),
        "close": (fills["moment"] == "close").astype(int).tolist(),
        "shares": fills["shares"].astype(float).round(4).map(_shortest).tolist(),
        "price": _whole(fills["fill_price"].astype(float) * 10**places),
        "cost": _whole(fills["cost"].astype(float) * 100),
    }


def _news_columns(shown: pd.DataFrame, news: pd.DataFrame, days: NDArray[np.int64]) -> Json:
    """Return the headlines, their minute since the midnight (UTC) of their session's date, and what is hidden."""
    at = shown["at"].to_numpy(dtype=np.int64)
    of_session = news.groupby("at")["n"].first().astype(int)
    left_out = of_session.sub(shown.groupby("at").size(), fill_value=0).astype(int)
    left_out = left_out[left_out > 0]
    minutes = pd.DatetimeIndex(pd.to_datetime(shown["published_at"], utc=True)) - pd.Timestamp(0, tz="UTC")
    return {
        "at": at.tolist(),
        "minute": (np.asarray(minutes // MINUTE, dtype=np.int64) - 1440 * days[at]).tolist(),
        "tone": _whole(shown["compound"].astype(float) * 100),
        "text": shown["text"].tolist(),
        "stale": np.flatnonzero(shown["stale"].astype(bool)).tolist(),
        "hidden": list(map(list, zip(left_out.index.tolist(), left_out.tolist(), strict=True))),
        "n_hidden": int(left_out.sum()),
    }


def _spread(values: pd.Series, at: NDArray[np.int64], n_rows: int) -> list[int | None]:
    """Return the values as whole numbers at their rows, None at all others."""
    column = np.full(n_rows, np.nan)
    column[at] = values.to_numpy(dtype=float)
    return _whole(pd.Series(column))


def _whole(values: pd.Series) -> list[int | None]:
    """Return the nearest whole numbers, None where missing or infinite."""
    numbers = values.to_numpy(dtype=float)
    finite = np.isfinite(numbers)
    whole: list[int | None] = np.where(finite, np.rint(numbers), 0.0).astype(np.int64).tolist()
    for position in np.flatnonzero(~finite):
        whole[position] = None
    return whole


def _shortest(value: float) -> int | float:
    return int(value) if value.is_integer() else value
