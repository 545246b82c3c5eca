"""The instances of Xu & Cohen (2018): which moves count, which way they went, and which part of the data they are in.

The protocol differs from the trade that stockseq forecasts elsewhere, and is kept as published for comparison alone:
a move runs from close to close, so its entry price is itself the newest input and nobody could have traded at it; and
small moves are left out by their realised size, so an accuracy on instances is none on the sessions as they came.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from stockseq.errors import DataError
from stockseq.schemas import INSTANT, SESSION, Dropped, Headlines, count_dropped
from stockseq.sessions import TradingCalendar

MOST_DOWN, LEAST_UP = -0.005, 0.0055
LOOKBACK = 5
# Tweets count from so many calendar days before a move, weekends among them.
TWEET_DAYS = 5


@dataclass(frozen=True)
class Period:
    """A part of the data, `end` excluded."""

    name: str
    title: str
    first: pd.Timestamp
    end: pd.Timestamp

    def of(self, sessions: pd.DatetimeIndex) -> pd.DatetimeIndex:
        """Return those of the sessions that lie in the period."""
        return sessions[(sessions >= self.first) & (sessions < self.end)]


PERIODS = (
    Period("train", "training", pd.Timestamp("2014-01-01"), pd.Timestamp("2015-08-01")),
    Period("dev", "development", pd.Timestamp("2015-08-01"), pd.Timestamp("2015-10-01")),
    Period("test", "the literature's test quarter", pd.Timestamp("2015-10-01"), pd.Timestamp("2016-01-01")),
    Period("next", "the quarter after it", pd.Timestamp("2016-01-01"), pd.Timestamp("2016-04-01")),
)


@dataclass(frozen=True)
class Instances:
    """The moves that count.

    `table` has ticker, session (of the move), entry_at and exit_at (UTC), realised_return (fraction, never NaN) and
    period (a name of `PERIODS`), by ticker and session; `dropped` counts the other moves of these periods.
    """

    table: pd.DataFrame
    dropped: tuple[Dropped, ...]


def label_instances(adjusted_closes: pd.DataFrame, *, calendar: TradingCalendar, lookback: int = LOOKBACK) -> Instances:
    """Return the moves of the adjusted close that the protocol counts: at most -0.5 % (down) or over 0.55 % (up).

    Parameters
    ----------
    adjusted_closes : DataFrame of n_bars rows with ticker, session, adjusted_close
        One row per ticker and session, positive.
    calendar : TradingCalendar
        Gives the instants of entry (the close of the bar before) and exit.
    lookback : int, default=5
        Bars of the ticker that must lie before the move.

    Returns
    -------
    Instances

    Raises
    ------
    DataError
        If a price isn't positive or a ticker has two for one session.

    References
    ----------
    Xu & Cohen (2018), Stock Movement Prediction from Tweets and Historical Prices, ACL.

    Examples
    --------
    >>> calendar = TradingCalendar("XNYS", pd.Timestamp("2014-01-02"), pd.Timestamp("2014-01-31"))
    >>> rows = {"ticker": "A", "session": calendar.sessions[:4], "adjusted_close": [100.0, 99.5, 99.6, 101.0]}
    >>> label_instances(pd.DataFrame(rows), calendar=calendar, lookback=1).table["realised_return"].round(4).tolist()
    [-0.005, 0.0141]
    """
    rows = adjusted_closes.sort_values(["ticker", "session"], ignore_index=True)
    _check(rows)
    by_ticker = rows.groupby("ticker")
    move = rows["adjusted_close"] / by_ticker["adjusted_close"].shift() - 1.0
    closes = calendar.schedule["close"]
    moves = pd.DataFrame(
        {
            "ticker": rows["ticker"],
            "session": rows["session"],
            "entry_at": by_ticker["session"].shift().map(closes).astype(INSTANT),
            "exit_at": rows["session"].map(closes).astype(INSTANT),
            "realised_return": move,
            "period": _period(rows["session"]),
        }
    )
    faults = pd.Series(None, index=rows.index, dtype=object)
    # At a limit itself the rule decides, and not the last bit of a division.
    size = move.round(12)
    faults[(size > MOST_DOWN) & (size <= LEAST_UP)] = "a move above -0.5 % and of at most 0.55 %"
    faults[by_ticker.cumcount() < lookback] = f"fewer than {lookback} bars before the move"
    inside = moves["period"].notna()
    counting = moves[inside & faults.isna()].astype({"period": "str"}).reset_index(drop=True)
    return Instances(counting, count_dropped("instances", rows.loc[inside, "ticker"], faults[inside]))


def tweeted_every_day(instances: pd.DataFrame, headlines: Headlines, *, calendar: TradingCalendar) -> pd.Series:
    """Return whether an instance is of the published text models' sample: tweets on every one of its lag days.

    The lag days are the sessions among the move's own date and the four days before it. A session has tweets if one
    was published on a date from the session before it up to its eve, and at most five days before the move. The
    authors ask their files' days; here a tweet counts on the UTC date of its own stamp, so the sample may differ from
    theirs by a few instances. The tweets of the last evening make an instance eligible, and are no input.

    Parameters
    ----------
    instances : DataFrame of n_instances rows with ticker, session
    headlines : Headlines
    calendar : TradingCalendar

    Returns
    -------
    Series of bool of shape (n_instances,), on the index of `instances`

    Examples
    --------
    >>> calendar = TradingCalendar("XNYS", pd.Timestamp("2014-01-02"), pd.Timestamp("2014-01-31"))
    >>> tuesday = pd.DataFrame({"ticker": ["A"], "session": pd.to_datetime(["2014-01-14"])})
    >>> stamps = pd.to_datetime(["2014-01-09T12:00Z", "2014-01-11T12:00Z", "2014-01-13T12:00Z"])
    >>> tweets = pd.DataFrame({"ticker": "A", "published_at": stamps})
    >>> tweeted_every_day(tuesday, tweets, calendar=calendar).tolist()
    [True]
    >>> tweeted_every_day(tuesday, tweets.iloc[:2], calendar=calendar).tolist()
    [False]
    """
    dates = headlines["published_at"].dt.tz_convert("UTC").dt.tz_localize(None).dt.normalize().astype(SESSION)
    tweeted = pd.DataFrame({"ticker": headlines["ticker"], "date": dates}).drop_duplicates()
    keys = instances[["ticker", "session"]].assign(row=np.arange(len(instances)))
    keys["session"] = keys["session"].astype(SESSION)
    days = pd.concat([keys.assign(date=keys["session"] - pd.Timedelta(days=back)) for back in range(1, TWEET_DAYS + 1)])
    found = days.merge(tweeted, on=["ticker", "date"])
    found["lag_day"] = calendar.sessions.searchsorted(found["date"].to_numpy(), side="right")
    with_tweets = found.groupby("row")["lag_day"].nunique().reindex(keys["row"], fill_value=0).to_numpy()
    last = calendar.sessions.searchsorted(keys["session"].to_numpy(), side="right")
    earliest = (keys["session"] - pd.Timedelta(days=TWEET_DAYS - 1)).to_numpy()
    first = calendar.sessions.searchsorted(earliest, side="left")
    return pd.Series(with_tweets == last - first, index=instances.index)


def _period(sessions: pd.Series) -> pd.Series:
    names = pd.Series(None, index=sessions.index, dtype=object)
    for period in PERIODS:
        names[(sessions >= period.first) & (sessions < period.end)] = period.name
    return names


def _check(rows: pd.DataFrame) -> None:
    faulty = rows[~(rows["adjusted_close"] > 0) | np.isinf(rows["adjusted_close"])]
    if len(faulty):
        row = faulty.iloc[0]
        raise DataError(
            f"Adjusted closes must be positive; {len(faulty)} of {len(rows)} are not, first {row['ticker']} on "
            f"{row['session'].date()}: {row['adjusted_close']}. Correct or remove these rows."
        )
    repeated = rows[rows.duplicated(["ticker", "session"])]
    if len(repeated):
        row = repeated.iloc[0]
        raise DataError(
            f"Adjusted closes must be one per ticker and session; {len(repeated)} repeat, first {row['ticker']} on "
            f"{row['session'].date()}. Remove the repetitions."
        )
