"""The tables that stages hand on, each checked once by its only producer."""

import hashlib
import html
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, NewType

import numpy as np
import numpy.typing as npt
import pandas as pd

from stockseq.errors import DataError, listed

Bars = NewType("Bars", pd.DataFrame)
Actions = NewType("Actions", pd.DataFrame)
Headlines = NewType("Headlines", pd.DataFrame)
Labels = NewType("Labels", pd.DataFrame)
Forecasts = NewType("Forecasts", pd.DataFrame)

TEXT: Final = "str"
NUMBER: Final = "float64"
FLAG: Final = "bool"
SESSION: Final = "datetime64[us]"
INSTANT: Final = "datetime64[us, UTC]"

BARS = {
    "ticker": TEXT,
    "session": SESSION,
    "open": NUMBER,
    "high": NUMBER,
    "low": NUMBER,
    "close": NUMBER,
    "volume": NUMBER,
    "source": TEXT,
    "fetched_at": INSTANT,
}
ACTIONS = {
    "ticker": TEXT,
    "session": SESSION,
    "kind": TEXT,
    "value": NUMBER,
    "source": TEXT,
    "fetched_at": INSTANT,
}
# Absent from tables of before 0.4. `known_by` says how it is known from when a headline counts; where `published_at` is
# its last revision's, `created_at` is when its source first published it.
HEADLINE_EXTRAS = {"known_by": TEXT, "created_at": INSTANT, "summary": TEXT}
# By our own clock; the vendor's crawler; the vendor's stamp of publication or of the last revision; a filing's
# acceptance; a date without a time.
KNOWN_BY = ("first_seen", "crawled", "vendor", "updated", "accepted", "date_only")
HEADLINES = {
    "headline_id": TEXT,
    "ticker": TEXT,
    "published_at": INSTANT,
    "first_seen_at": INSTANT,
    "date_only": FLAG,
    "text": TEXT,
    "publisher": TEXT,
    "url": TEXT,
    "source": TEXT,
    **HEADLINE_EXTRAS,
}
SCORES = {
    "headline_id": TEXT,
    "scorer": TEXT,
    "compound": NUMBER,
    "positive": NUMBER,
    "negative": NUMBER,
    "neutral": NUMBER,
}
LABELS = {
    "ticker": TEXT,
    "session": SESSION,
    "entry_at": INSTANT,
    "exit_at": INSTANT,
    "realised_return": NUMBER,
    "volatility": NUMBER,
    "realised_variance": NUMBER,
}
# The rank within the session, the size of the move, and its intervals; NaN from a forecaster that names only the
# direction, and absent from tables of before 0.3.
RANK_AND_SIZE = {
    "relative": NUMBER,
    "sigma": NUMBER,
    "low_80": NUMBER,
    "high_80": NUMBER,
    "low_95": NUMBER,
    "high_95": NUMBER,
}
FORECASTS = {
    "ticker": TEXT,
    "session": SESSION,
    "decision_at": INSTANT,
    "probability_up": NUMBER,
    "expected_return": NUMBER,
    **RANK_AND_SIZE,
}

# Yahoo's longest are options, such as GOOGL261218C00200000, and indices, such as NIFTY_FIN_SERVICE.NS.
TICKER_FORM: Final = "at most 24 letters, digits and . ^ = - & _"
ACTION_KINDS = ("split", "dividend")
PRICES = ["open", "high", "low", "close"]


@dataclass(frozen=True)
class Dropped:
    """Rows that a stage left out, for the run's account of what was dropped and why."""

    stage: str
    ticker: str
    reason: str
    n_rows: int


def count_dropped(stage: str, tickers: pd.Series, reasons: pd.Series | str) -> tuple[Dropped, ...]:
    """Return one `Dropped` per ticker and reason, in that order; a row without a reason isn't counted.

    Parameters
    ----------
    stage : str
    tickers : Series of shape (n_rows,)
    reasons : Series of shape (n_rows,), or one for all
        Words, or None where the row was kept.

    Examples
    --------
    >>> count_dropped("labels", pd.Series(["A", "A", "B"]), pd.Series(["halt", "halt", None]))
    (Dropped(stage='labels', ticker='A', reason='halt', n_rows=2),)
    """
    rows = pd.DataFrame({"ticker": tickers, "reason": reasons})
    counts = rows.groupby(["ticker", "reason"]).size().reset_index(name="n")
    return tuple(
        Dropped(stage, str(ticker), str(reason), int(n))
        for ticker, reason, n in zip(counts["ticker"], counts["reason"], counts["n"], strict=True)
    )


def has_session_of(rows: pd.DataFrame, others: pd.DataFrame) -> npt.NDArray[np.bool_]:
    """Return which rows are of a ticker and session that others are of, too; bool of shape (n_rows,).

    Examples
    --------
    >>> days = pd.to_datetime(["2024-11-27", "2024-11-29"])
    >>> bars = pd.DataFrame({"ticker": "KOLA", "session": days})
    >>> has_session_of(bars, bars.tail(1)).tolist()
    [False, True]
    """
    key = ["ticker", "session"]
    return pd.MultiIndex.from_frame(rows[key]).isin(pd.MultiIndex.from_frame(others[key]))


def valid_ticker(text: str) -> bool:
    """Return whether the text can be a listing code as `TICKER_FORM` says, not dots alone.

    Whatever passes is also safe as a file name and in a page, where an ampersand must not begin an entity.

    Examples
    --------
    >>> [valid_ticker(text) for text in ("BRK-B", "^GSPC", "M&M.NS", "EURUSD=X", "../../x", "<script>", "A&LT", "")]
    [True, True, True, True, False, False, False, False]
    """
    return re.fullmatch(r"(?!\.+$)[A-Za-z0-9.^=&_-]{1,24}", text) is not None and html.unescape(text) == text


def capitals_note(tickers: Iterable[str]) -> str:
    """Return the note that some tickers are read in capitals, as Yahoo writes all of them; "" if all are.

    Examples
    --------
    >>> capitals_note(["aapl", "MSFT"])
    'Tickers are written in capitals: aapl is read as AAPL.'
    """
    small = [ticker for ticker in dict.fromkeys(tickers) if ticker != ticker.upper()]
    names = listed([f"{ticker} is read as {ticker.upper()}" for ticker in small[:3]]) if small else ""
    more = f", and {len(small) - 3} more likewise" if len(small) > 3 else ""
    return f"Tickers are written in capitals: {names}{more}." if small else ""


def headline_id(ticker: str, key: str, text: str) -> str:
    """Return the identity of one version of one headline: a changed text is another headline, first seen anew.

    Parameters
    ----------
    ticker : str
        The ticker it was given for.
    key : str
        The source's own id, or the stamp where it has none: an address may be that of a landing page.
    text : str
        As stored.

    Examples
    --------
    >>> headline_id("KOLA", "a1", "Kola rises") == headline_id("KOLA", "a1", "Kola falls")
    False
    """
    # Lengths keep ("A", "BC") apart from ("AB", "C").
    joined = f"{len(ticker)}:{ticker}{len(key)}:{key}{len(text)}:{text}"
    return hashlib.sha256(joined.encode("utf-8", "surrogatepass")).hexdigest()[:32]


def bar_faults(frame: pd.DataFrame) -> pd.Series:
    """Return per row why it can't be a bar, or None where it can.

    Parameters
    ----------
    frame : DataFrame with open, high, low, close, volume
        Any unit; only the order and the signs are judged.

    Returns
    -------
    Series of shape (n_rows,)
        A reason in words, or None.

    Examples
    --------
    >>> row = {"open": 2.0, "high": 1.0, "low": 1.0, "close": 1.0, "volume": 5.0}
    >>> bar_faults(pd.DataFrame([row])).tolist()
    ['high below open, low or close']
    """
    prices, volume = frame[PRICES].astype(NUMBER), frame["volume"].astype(NUMBER)
    # Vendors round each price by itself, so the order is judged to one part in a million.
    slack = 1.0 + 1e-6
    finite = pd.Series(np.isfinite(prices.to_numpy()).all(axis=1), index=frame.index)
    reasons: dict[str, pd.Series] = {
        "price missing or not finite": ~finite,
        "price not positive": (prices <= 0).any(axis=1),
        "high below open, low or close": prices["high"] * slack < prices.max(axis=1),
        "low above open, high or close": prices["low"] > prices.min(axis=1) * slack,
        "volume missing, infinite or negative": ~volume.between(0, np.inf, inclusive="left"),
    }
    faults = np.full(len(frame), None, dtype=object)
    for reason, broken in reversed(list(reasons.items())):
        faults[broken.to_numpy()] = reason
    return pd.Series(faults, index=frame.index, dtype=object)


def as_bars(frame: pd.DataFrame) -> Bars:
    """Check and order as-traded bars; raise `DataError` naming the first offending row."""
    bars = _with_columns(frame, BARS, "Bars")
    faults = bar_faults(bars)
    _require(bars, faults.isna(), "Bars", lambda row: str(faults.get(row.name)), "session")
    return Bars(_keyed(bars, ["ticker", "session", "fetched_at"], "Bars"))


def as_actions(frame: pd.DataFrame) -> Actions:
    """Check splits (new shares per old) and dividends (per as-traded share).

    A dividend of 0 and a split of 1 withdraw an earlier vintage.
    """
    actions = _with_columns(frame, ACTIONS, "Actions")
    _require(actions, actions["kind"].isin(ACTION_KINDS), "Actions", lambda row: f"kind {row.kind!r}", "session")
    valid = np.isfinite(actions["value"]) & np.where(
        actions["kind"] == "split", actions["value"] > 0, actions["value"] >= 0
    )
    _require(actions, valid, "Actions", lambda row: f"{row.kind} of {row.value}", "session")
    return Actions(_keyed(actions, ["ticker", "session", "kind", "fetched_at"], "Actions"))


def as_headlines(frame: pd.DataFrame) -> Headlines:
    """Check headlines; `first_seen_at` is NaT where the row was backfilled.

    `known_by` is one of `KNOWN_BY`; where a frame lacks it, our own clock, a bare date or the vendor's stamp.
    """
    headlines = _with_columns(
        frame, HEADLINES, "Headlines", nullable=("first_seen_at",), optional=tuple(HEADLINE_EXTRAS)
    )
    headlines["known_by"] = known_by(headlines)
    headlines["summary"] = headlines["summary"].fillna("")
    _require(
        headlines,
        headlines["known_by"].isin(KNOWN_BY),
        "Headlines",
        lambda row: f"known_by {row.known_by!r}, which is none of {', '.join(KNOWN_BY)}",
        "published_at",
    )
    _require(headlines, headlines["text"].str.strip() != "", "Headlines", lambda row: "an empty text", "published_at")
    ordered = headlines.sort_values(["ticker", "published_at", "headline_id"], kind="stable", ignore_index=True)
    return Headlines(_unique(ordered, ["headline_id"], "Headlines"))


def known_by(headlines: pd.DataFrame) -> pd.Series:
    """Return how each headline's instant is known, of those that don't say it by what they hold.

    Examples
    --------
    >>> rows = pd.DataFrame({"known_by": [None, None, "accepted"], "date_only": [False, True, False],
    ...     "first_seen_at": pd.to_datetime(["2024-11-29T12:00Z", None, None])})
    >>> known_by(rows).tolist()
    ['first_seen', 'date_only', 'accepted']
    """
    told = headlines["known_by"].astype(TEXT)
    implied = pd.Series("vendor", index=headlines.index, dtype=TEXT)
    implied = implied.where(headlines["first_seen_at"].isna(), "first_seen").where(~headlines["date_only"], "date_only")
    return told.where(told.notna() & (told != ""), implied)


def as_labels(frame: pd.DataFrame) -> Labels:
    """Check labels: the return of the trade that the backtest makes, as a fraction, and its variance where known."""
    labels = _with_columns(frame, LABELS, "Labels", optional=("realised_variance",))
    return Labels(_keyed(labels, ["ticker", "session"], "Labels"))


def as_forecasts(frame: pd.DataFrame) -> Forecasts:
    """Check forecasts; further columns are kept, and those of rank and size are NaN where they are missing."""
    forecasts = _with_columns(frame, FORECASTS, "Forecasts", optional=tuple(RANK_AND_SIZE), further=True)
    within = forecasts["probability_up"].between(0, 1)
    _require(forecasts, within, "Forecasts", lambda row: f"probability_up {row.probability_up}", "session")
    positive = forecasts["sigma"].isna() | (forecasts["sigma"] > 0)
    _require(forecasts, positive, "Forecasts", lambda row: f"sigma {row.sigma}", "session")
    return Forecasts(_keyed(forecasts, ["ticker", "session"], "Forecasts"))


def empty(columns: Mapping[str, str]) -> pd.DataFrame:
    """Return a frame of no rows with these columns and dtypes.

    Examples
    --------
    >>> empty(LABELS).shape
    (0, 7)
    """
    return pd.DataFrame({name: pd.Series(dtype=dtype) for name, dtype in columns.items()})


def with_empty_columns(frame: pd.DataFrame, columns: Mapping[str, str]) -> pd.DataFrame:
    """Return the frame with further columns of these dtypes that hold no value.

    Examples
    --------
    >>> with_empty_columns(pd.DataFrame({"ticker": ["A"]}), {"first_seen_at": INSTANT})["first_seen_at"].tolist()
    [NaT]
    """
    return frame.assign(**{name: pd.Series(index=frame.index, dtype=dtype) for name, dtype in columns.items()})


def require_unique(frame: pd.DataFrame, key: Sequence[str], *, needs: str, remedy: str) -> None:
    """Raise `DataError` if two rows share a key, naming the first.

    Parameters
    ----------
    frame : DataFrame
    key : sequence of str
        Columns, `session` among them.
    needs : str
        The rule that is broken, such as "A label needs one bar per ticker and session".
    remedy : str
        What to do about it, a sentence.

    Examples
    --------
    >>> bars = pd.DataFrame({"ticker": "A", "session": pd.to_datetime(["2024-11-25", "2024-11-25"])})
    >>> require_unique(bars, ["ticker", "session"], needs="There must be one bar", remedy="Read one vintage.")
    Traceback (most recent call last):
    stockseq.errors.DataError: There must be one bar; 1 repeat, first A on 2024-11-25. Read one vintage.
    """
    repeated = frame[frame.duplicated(list(key))]
    if len(repeated):
        first = repeated.iloc[0]
        name = " ".join(str(first[column]) for column in key if column != "session")
        raise DataError(f"{needs}; {len(repeated)} repeat, first {name} on {first['session'].date()}. {remedy}")


def _with_columns(
    frame: pd.DataFrame,
    columns: Mapping[str, str],
    name: str,
    *,
    nullable: tuple[str, ...] = (),
    optional: tuple[str, ...] = (),
    further: bool = False,
) -> pd.DataFrame:
    """Return `frame` with these columns and dtypes; `optional` ones may hold NaN, and do where they are missing."""
    lacking = {column: columns[column] for column in optional if column not in frame.columns}
    frame = with_empty_columns(frame, lacking)
    missing = [column for column in columns if column not in frame.columns]
    if missing:
        raise DataError(
            f"`{name}` needs the columns {list(columns)}; {missing} missing, received {list(frame.columns)}."
        )
    extra = [column for column in frame.columns if column not in columns] if further else []
    try:
        typed = frame[[*columns, *extra]].astype(dict(columns)).reset_index(drop=True)
    except (TypeError, ValueError) as error:
        raise DataError(f"`{name}` needs the types {dict(columns)}: {error}.") from error
    for column in columns:
        if column not in (*nullable, *optional) and typed[column].isna().any():
            row = typed[typed[column].isna()].iloc[0]
            raise DataError(
                f"`{name}` must have no missing `{column}`; {int(typed[column].isna().sum())} of {len(typed)} rows "
                f"lack it, first {row['ticker']}."
            )
    return typed


def _require(
    frame: pd.DataFrame, valid: "pd.Series[bool]", name: str, describe: Callable[[pd.Series], str], when: str
) -> None:
    broken = frame[~valid]
    if len(broken):
        row = broken.iloc[0]
        raise DataError(
            f"`{name}` has {len(broken)} of {len(frame)} rows that can't be used, first {row['ticker']} on "
            f"{row[when]}: {describe(row)}."
        )


def _keyed(frame: pd.DataFrame, key: list[str], name: str) -> pd.DataFrame:
    return _unique(frame.sort_values(key, kind="stable", ignore_index=True), key, name)


def _unique(frame: pd.DataFrame, key: list[str], name: str) -> pd.DataFrame:
    repeated = frame.duplicated(key)
    if repeated.any():
        row = frame[repeated].iloc[0]
        raise DataError(
            f"`{name}` must have one row per {key}; {int(repeated.sum())} repeat, first {row[key].tolist()}."
        )
    return frame
