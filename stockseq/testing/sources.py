"""The contract of a source: checked tables, one outcome per ticker, and nothing before its time."""

from collections.abc import Callable, Mapping, Sequence
from typing import get_args

import pandas as pd

from stockseq.errors import DataError, PluginError
from stockseq.schemas import ACTIONS, BARS, HEADLINES, as_actions, as_bars, as_headlines
from stockseq.sessions import CLOSE_LAG, FIRST_SESSION, TradingCalendar
from stockseq.sources.source import FetchedBars, FetchedHeadlines, Outcome, Source, Status

UNLISTED = "NO.SUCH.TICKER"


def check_source(source: Source, tickers: Sequence[str], now: pd.Timestamp, *, exchange: str = "XNYS") -> None:
    """Raise `PluginError` unless the source gives checked tables, one outcome per ticker, and nothing before its time.

    Parameters
    ----------
    source : Source
    tickers : sequence of str
        At least one for which it has bars (headlines, where it is `headlines_only`); it is asked for one more that
        nobody lists.
    now : Timestamp, tz-aware
        The source is asked as of this instant, and as of the last moment before its newest bar was final.
    exchange : str, default="XNYS"
        Whose sessions the bars must have.

    Raises
    ------
    PluginError
        Naming the source, the first ticker or row that is wrong, and why it matters.

    Examples
    --------
    >>> from stockseq.sources.simulated import SimulatedSettings, SimulatedSource
    >>> source = SimulatedSource(SimulatedSettings(n_sessions=30, n_tickers=2))
    >>> check_source(source, source.tickers, source.default_now)
    """
    name = getattr(source, "name", "")
    if not isinstance(name, str) or not name:
        raise PluginError(f"A source needs a `name` for the tables' source column; {type(source).__name__} has none.")
    calendar = TradingCalendar.until(now, exchange=exchange)
    asked = [*dict.fromkeys(tickers), UNLISTED]
    if getattr(source, "headlines_only", False):
        given = _check_bars(source, dict.fromkeys(asked, FIRST_SESSION), now, calendar)
        if len(given.bars):
            _refuse(source, f"says that it gives headlines only, and gives {len(given.bars)} bars")
        if _check_headlines(source, asked, None, now).headlines.empty:
            _refuse(source, f"has no headlines of {', '.join(tickers)}; check it with tickers that it lists")
        _check_news(source, asked, now)
        return
    bars = _check_bars(source, dict.fromkeys(asked, FIRST_SESSION), now, calendar)
    if bars.bars.empty:
        raise PluginError(f"Source {name!r} has no bars of {', '.join(tickers)}; check it with tickers that it lists.")
    newest = bars.bars["session"].max()
    sessions = bars.bars["session"].sort_values()
    middle = sessions.iloc[len(sessions) // 2]
    for session in (newest, middle):
        before = calendar.schedule.loc[session, "close"] + CLOSE_LAG - pd.Timedelta(seconds=1)
        earlier = _check_bars(source, dict.fromkeys(asked, FIRST_SESSION), before, calendar)
        _check_unchanged(source, earlier.bars, bars.bars, before, calendar)
    later = _check_bars(source, dict.fromkeys(asked, middle), now, calendar)
    expected = bars.bars[bars.bars["session"] >= middle]
    _check_equal(
        source, later.bars, expected, f"bars asked for from {middle.date()} on differ from those asked for in full"
    )
    _check_news(source, asked, now)


def _check_news(source: Source, asked: Sequence[str], now: pd.Timestamp) -> None:
    """Check the headlines of all time, those since an instant, and those as of it."""
    headlines = _check_headlines(source, asked, None, now)
    published = headlines.headlines["published_at"].sort_values()
    if len(published):
        since = published.iloc[len(published) // 2]
        given = _check_headlines(source, asked, since, now).headlines["headline_id"]
        due = headlines.headlines[headlines.headlines["published_at"] > since]
        lost = due[~due["headline_id"].isin(given)]
        if len(lost):
            _refuse(source, f"loses the headline {lost['text'].iloc[0]!r} when asked for those since {since}")
        before = since - pd.Timedelta(microseconds=1)
        earlier = _check_headlines(source, asked, None, before)
        _check_remembered(source, earlier.headlines, headlines.headlines, before)


def _check_bars(
    source: Source, first_sessions: Mapping[str, pd.Timestamp], now: pd.Timestamp, calendar: TradingCalendar
) -> FetchedBars:
    fetched = source.fetch_bars(first_sessions, now=now)
    if not isinstance(fetched, FetchedBars):
        _refuse(source, f"returns {type(fetched).__name__} from fetch_bars; it must return FetchedBars")
    _check_table(source, fetched.bars, as_bars, BARS)
    _check_table(source, fetched.actions, as_actions, ACTIONS)
    last = calendar.last_final_session(now)
    for what, rows in (("bar", fetched.bars), ("action", fetched.actions)):
        first = rows["ticker"].map(dict(first_sessions))
        for reason, wrong in {
            f"that isn't final at {now}, so tomorrow it would be another": rows["session"] > last,
            f"that isn't a session of {calendar.exchange}": ~rows["session"].isin(calendar.sessions),
            "before the first session asked for": rows["session"] < first,
            f"fetched at another instant than {now}": rows["fetched_at"] != now,
        }.items():
            if wrong.any():
                row = rows[wrong].iloc[0]
                _refuse(source, f"gives a {what} of {row['ticker']} on {row['session'].date()} {reason}")
    _check_outcomes(source, fetched.outcomes, list(first_sessions), fetched.bars)
    again = source.fetch_bars(first_sessions, now=now)
    _check_equal(source, again.bars, fetched.bars, "bars change when they are asked for again")
    _check_equal(source, again.actions, fetched.actions, "actions change when they are asked for again")
    return fetched


def _check_unchanged(
    source: Source, earlier: pd.DataFrame, whole: pd.DataFrame, before: pd.Timestamp, calendar: TradingCalendar
) -> None:
    """Refuse bars that the source gave otherwise when it was asked as of an earlier instant."""
    final = whole[whole["session"] <= calendar.last_final_session(before)]
    what = f"bars known at {before} are others than those asked for later, so history was rewritten"
    _check_equal(source, earlier.drop(columns="fetched_at"), final.drop(columns="fetched_at"), what)


def _check_remembered(source: Source, earlier: pd.DataFrame, whole: pd.DataFrame, before: pd.Timestamp) -> None:
    """Refuse headlines that were given at an earlier instant and not later, or the other way round."""
    seen = whole[whole[["published_at", "first_seen_at"]].max(axis=1) <= before]
    for given, other, how in ((earlier, whole, "no longer gives"), (seen, earlier, f"did not yet give at {before}")):
        lost = given[~given["headline_id"].isin(other["headline_id"])]
        if len(lost):
            _refuse(
                source,
                f"{how} the headline {lost['text'].iloc[0]!r} of {lost['ticker'].iloc[0]}, known at {before}: its past "
                "was rewritten",
            )


def _check_headlines(
    source: Source, tickers: Sequence[str], since: pd.Timestamp | None, now: pd.Timestamp
) -> FetchedHeadlines:
    fetched = source.fetch_headlines(tickers, since=since, now=now)
    if not isinstance(fetched, FetchedHeadlines):
        _refuse(source, f"returns {type(fetched).__name__} from fetch_headlines; it must return FetchedHeadlines")
    rows = fetched.headlines
    _check_table(source, rows, as_headlines, HEADLINES)
    for column in ("published_at", "first_seen_at"):
        if (rows[column] > now).any():
            row = rows[rows[column] > now].iloc[0]
            _refuse(source, f"gives {row['text']!r} of {row['ticker']}, {column} {row[column]}, which is after {now}")
    _check_outcomes(source, fetched.outcomes, tickers, rows)
    again = source.fetch_headlines(tickers, since=since, now=now).headlines
    _check_equal(source, again, rows, "headlines change when they are asked for again")
    return fetched


def _check_table(
    source: Source, rows: pd.DataFrame, check: Callable[[pd.DataFrame], pd.DataFrame], columns: Mapping[str, str]
) -> None:
    try:
        checked = check(rows)
    except DataError as error:
        raise PluginError(f"Source {source.name!r}: {error}") from error
    types = {name: str(dtype) for name, dtype in rows.dtypes.items()}
    if types != dict(columns) or not checked.equals(rows):
        _refuse(source, f"gives a table that didn't come from {check.__name__}: columns {types}")


def _check_outcomes(
    source: Source, outcomes: Mapping[str, Outcome], tickers: Sequence[str], rows: pd.DataFrame
) -> None:
    if set(outcomes) != set(tickers):
        _refuse(
            source, f"gives outcomes for {sorted(outcomes)}; it was asked for {sorted(tickers)}, and each ends in one"
        )
    foreign = rows[~rows["ticker"].isin(tickers)]
    if len(foreign):
        _refuse(source, f"gives rows of {foreign['ticker'].iloc[0]}, which nobody asked for")
    counts = rows["ticker"].value_counts()
    for ticker, outcome in outcomes.items():
        n_rows = int(counts.get(ticker, 0))
        if outcome.ticker != ticker or outcome.status not in get_args(Status):
            _refuse(source, f"ends {ticker} with {outcome}; the status is one of {', '.join(get_args(Status))}")
        if (outcome.n_rows, outcome.status == "updated") != (n_rows, n_rows > 0):
            _refuse(source, f"gives {n_rows} rows of {ticker} and ends it with {outcome}")
        if not (outcome.is_answered or outcome.reason):
            _refuse(source, f"ends {ticker} as {outcome.status} without a reason, so its user can't act")


def _check_equal(source: Source, given: pd.DataFrame, expected: pd.DataFrame, what: str) -> None:
    try:
        pd.testing.assert_frame_equal(given.reset_index(drop=True), expected.reset_index(drop=True), rtol=1e-9)
    except AssertionError as error:
        lines = [line for line in str(error).splitlines() if line.strip()]
        raise PluginError(f"Source {source.name!r}: {what} ({lines[0]}); a run must be repeatable.") from error


def _refuse(source: Source, sentence: str) -> None:
    raise PluginError(f"Source {source.name!r} {sentence}.")
