"""What to ask a source again: where each ticker's question starts, and which answers rewrite the stored past."""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from stockseq.schemas import PRICES, Actions, Bars, as_actions
from stockseq.sessions import TradingCalendar
from stockseq.sources.source import FetchedBars

# A vendor's prices repeat to about one part in a million; a re-based history differs by the size of a dividend.
TOLERANCE = 1e-4
OVERLAP = 10
# The value with which each kind of action withdraws an earlier vintage.
WITHDRAWN = {"split": 1.0, "dividend": 0.0}


def overlap_starts(
    stored_bars: Bars, tickers: Sequence[str], *, first: pd.Timestamp, n_sessions: int = OVERLAP
) -> dict[str, pd.Timestamp]:
    """Return the session from which to ask for each ticker, so that its newest stored sessions come again.

    Parameters
    ----------
    stored_bars : Bars
        The newest vintage of each bar.
    tickers : sequence of str
        Those to ask for.
    first : Timestamp, tz-naive
        For tickers that have no more than `n_sessions` stored bars.
    n_sessions : int, default=10
        Stored sessions to ask again; sessions missing between them are thereby asked again, too.

    Examples
    --------
    >>> stored = pd.DataFrame({"ticker": "KOLA", "session": pd.bdate_range("2024-11-04", "2024-11-22")})
    >>> starts = overlap_starts(stored, ["KOLA", "NEW"], first=pd.Timestamp("2020-01-02"))
    >>> [starts[ticker].date().isoformat() for ticker in ("KOLA", "NEW")]
    ['2024-11-11', '2020-01-02']
    """
    if n_sessions < 1:
        raise ValueError(f"`n_sessions` must be at least 1, received {n_sessions}.")
    sessions = {str(ticker): group.sort_values() for ticker, group in stored_bars.groupby("ticker")["session"]}
    return {
        ticker: sessions[ticker].iloc[-n_sessions] if len(sessions.get(ticker, ())) > n_sessions else first
        for ticker in tickers
    }


def repeated_tickers(stored_bars: Bars, bars: pd.DataFrame, *, of: Sequence[str] = PRICES) -> frozenset[str]:
    """Return the tickers of an answer that is, bar for bar, what is stored: nothing of it needs a closer look.

    Parameters
    ----------
    stored_bars : Bars
        The newest vintages.
    bars : DataFrame
        Of the answer.
    of : sequence of str, optional
        The columns that are the same to the bit.

    Examples
    --------
    >>> days = pd.bdate_range("2024-11-25", periods=2)
    >>> stored = pd.DataFrame({"ticker": "KOLA", "session": days, **dict.fromkeys(PRICES, 8.0)})
    >>> sorted(repeated_tickers(stored, stored.tail(1))), sorted(repeated_tickers(stored.head(1), stored))
    (['KOLA'], [])
    """
    key = ["ticker", "session"]
    pairs = bars[[*key, *of]].merge(stored_bars[[*key, *of]], on=key, how="left", suffixes=("", "_was"))
    same = (pairs[list(of)].to_numpy() == pairs[[f"{name}_was" for name in of]].to_numpy()).all(axis=1)
    return frozenset(pairs["ticker"]) - frozenset(pairs["ticker"][~same])


def find_revised(
    stored_bars: Bars, stored_actions: Actions, fetched: FetchedBars, *, tolerance: float = TOLERANCE
) -> dict[str, str]:
    """Return the tickers whose answer contradicts what is stored, with the reason; ask these again in full.

    Parameters
    ----------
    stored_bars, stored_actions : Bars, Actions
        The newest vintages.
    fetched : FetchedBars
        An answer that overlaps them.
    tolerance : float, default=1e-4
        Fraction by which a price, a split or a dividend may differ.

    Returns
    -------
    dict of ticker to reason
        A split that the store lacks, whenever it was; a price, split or dividend of a stored session that differs; an
        action that the answer no longer lists. A ticker without stored bars is new, not revised.

    Examples
    --------
    >>> from stockseq.sources.source import FetchedBars
    >>> bar = {"ticker": "KOLA", "session": pd.Timestamp("2024-11-22"), "open": 8.0, "high": 8.0, "low": 8.0}
    >>> actions = pd.DataFrame(columns=["ticker", "session", "kind", "value"])
    >>> answer = FetchedBars(pd.DataFrame([{**bar, "close": 7.9}]), actions, {})
    >>> find_revised(pd.DataFrame([{**bar, "close": 8.0}]), actions, answer)
    {'KOLA': 'close of 2024-11-22 was 8, now 7.9'}
    """
    revised = {}
    repeated = repeated_tickers(stored_bars, fetched.bars)
    for ticker, bars in fetched.bars.groupby("ticker"):
        past = stored_bars[stored_bars["ticker"] == ticker]
        if past.empty:
            continue
        old, new = (frame[frame["ticker"] == ticker] for frame in (stored_actions, fetched.actions))
        old = old[old["kind"].isin(fetched.action_kinds)]
        # Actions before the answer's first session weren't asked for.
        old = old[old["session"] >= bars["session"].min()]
        reason = _changed_action(old, new, last=past["session"].max(), tolerance=tolerance)
        if reason is None and ticker not in repeated:
            reason = _changed_price(past, bars, tolerance)
        if reason is not None:
            revised[str(ticker)] = reason
    return revised


def withdrawn_actions(stored_actions: Actions, fetched: FetchedBars, *, now: pd.Timestamp) -> Actions:
    """Return vintages that withdraw stored actions which the answer no longer lists.

    A dividend of 0 and a split of 1 withdraw. An answer of which anything was left out withdraws nothing, because the
    action may be in what was left out; nor does one withdraw a kind that its source doesn't state.

    Parameters
    ----------
    stored_actions : Actions
        The newest vintages.
    fetched : FetchedBars
        What a source answered; only sessions that it covers are judged.
    now : Timestamp, tz-aware
        The instant of the fetch.

    Examples
    --------
    >>> from stockseq.sources.source import FetchedBars
    >>> stored = pd.DataFrame({"ticker": "KOLA", "session": pd.to_datetime(["2024-11-22"]), "kind": "dividend",
    ...                        "value": 0.5, "source": "yahoo", "fetched_at": pd.Timestamp("2024-11-23", tz="UTC")})
    >>> bars = pd.DataFrame({"ticker": "KOLA", "session": pd.to_datetime(["2024-11-21", "2024-11-22"])})
    >>> now = pd.Timestamp("2024-11-24", tz="UTC")
    >>> withdrawn_actions(stored, FetchedBars(bars, stored.iloc[:0], {}), now=now)["value"].tolist()
    [0.0]
    """
    covered = fetched.bars.groupby("ticker")["session"].agg(["min", "max"])
    covered = covered.drop(index=list({dropped.ticker for dropped in fetched.dropped} & set(covered.index)))
    stored = stored_actions[stored_actions["value"] != stored_actions["kind"].map(WITHDRAWN)]
    stored = stored[stored["kind"].isin(fetched.action_kinds)]
    span = covered.reindex(stored["ticker"]).set_index(stored.index)
    inside = stored[(stored["session"] >= span["min"]) & (stored["session"] <= span["max"])]
    key = ["ticker", "session", "kind"]
    listed = pd.MultiIndex.from_frame(fetched.actions[key])
    gone = inside[~pd.MultiIndex.from_frame(inside[key]).isin(listed)]
    return as_actions(gone.assign(value=gone["kind"].map(WITHDRAWN).astype(float), fetched_at=now))


def missing_sessions(bars: Bars, calendar: TradingCalendar, *, first: pd.Timestamp, last: pd.Timestamp) -> pd.DataFrame:
    """Return the sessions of each ticker, from its own first bar on, that have no bar; they are never filled.

    Parameters
    ----------
    bars : Bars
        Of any tickers.
    calendar : TradingCalendar
        Their exchange.
    first, last : Timestamp, tz-naive
        Both included.

    Returns
    -------
    DataFrame of ticker and session
        In order.

    Examples
    --------
    >>> calendar = TradingCalendar("XNYS", pd.Timestamp("2024-11-25"), pd.Timestamp("2024-12-06"))
    >>> bars = pd.DataFrame({"ticker": "KOLA", "session": pd.to_datetime(["2024-11-26", "2024-12-02"])})
    >>> missing = missing_sessions(bars, calendar, first=calendar.first, last=pd.Timestamp("2024-12-02"))
    >>> missing["session"].dt.date.astype(str).tolist()
    ['2024-11-27', '2024-11-29']
    """
    rows = [
        (str(ticker), session)
        for ticker, sessions in bars.groupby("ticker")["session"]
        for session in calendar.between(max(first, sessions.min()), last).difference(pd.DatetimeIndex(sessions))
    ]
    return pd.DataFrame(rows, columns=["ticker", "session"]).astype({"session": "datetime64[us]"})


def _changed_action(old: pd.DataFrame, new: pd.DataFrame, *, last: pd.Timestamp, tolerance: float) -> str | None:
    was, now = (_values(frame) for frame in (old, new))
    for (session, kind), value in sorted(now.items()):
        before = was.get((session, kind))
        if before is None and (kind == "split" or session <= last):
            return f"{kind} of {value:g} on {session.date()} is new"
        if before is not None and abs(value - before) > tolerance * before:
            return f"{kind} of {session.date()} was {before:g}, now {value:g}"
    gone = sorted(was.keys() - now.keys())
    return f"{gone[0][1]} of {gone[0][0].date()} is no longer listed" if gone else None


def _values(actions: pd.DataFrame) -> Mapping[tuple[pd.Timestamp, str], float]:
    rows = zip(actions["session"], actions["kind"], actions["value"], strict=True)
    return {(session, kind): value for session, kind, value in rows if value != WITHDRAWN[kind]}


def _changed_price(stored: pd.DataFrame, fetched: pd.DataFrame, tolerance: float) -> str | None:
    pairs = stored.merge(fetched, on="session", suffixes=("_was", "_now"))
    for price in PRICES:
        was, now = pairs[f"{price}_was"], pairs[f"{price}_now"]
        differs = np.abs(now / was - 1) > tolerance
        if differs.any():
            row = pairs[differs].iloc[0]
            return f"{price} of {row['session'].date()} was {row[f'{price}_was']:g}, now {row[f'{price}_now']:g}"
    return None
