"""Where a ticker is listed: whether it belongs into a store of one exchange, by its suffix and by its dates."""

import numpy as np
import pandas as pd

from stockseq.errors import SourceError
from stockseq.sessions import TradingCalendar


class ListedElsewhere(SourceError):
    """A ticker that does not belong into a store of this exchange."""


# Yahoo's suffixes, and the calendars under which their tickers trade, the usual one first.
SUFFIXES: dict[str, tuple[str, ...]] = {
    ".L": ("XLON",), ".IL": ("XLON",), ".DE": ("XETR", "XFRA"), ".F": ("XFRA", "XETR"), ".SG": ("XSTU", "XETR"),
    ".DU": ("XDUS", "XETR"), ".HM": ("XHAM", "XETR"), ".PA": ("XPAR",), ".AS": ("XAMS",), ".BR": ("XBRU",),
    ".LS": ("XLIS",), ".MI": ("XMIL",), ".MC": ("XMAD",), ".SW": ("XSWX",), ".ST": ("XSTO",), ".HE": ("XHEL",),
    ".CO": ("XCSE",), ".OL": ("XOSL",), ".IC": ("XICE",), ".VI": ("XWBO",), ".WA": ("XWAR",), ".PR": ("XPRA",),
    ".BD": ("XBUD",), ".AT": ("ASEX",), ".IS": ("XIST",), ".IR": ("XDUB",), ".ME": ("XMOS",), ".TA": ("XTAE",),
    ".JO": ("XJSE",), ".SR": ("XSAU",), ".SA": ("BVMF",), ".MX": ("XMEX",), ".BA": ("XBUE",), ".SN": ("XSGO",),
    ".TO": ("XTSE",), ".AX": ("XASX",), ".NZ": ("XNZE",), ".T": ("XTKS",), ".HK": ("XHKG",), ".SS": ("XSHG",),
    ".SZ": ("XSHG",), ".TW": ("XTAI",), ".TWO": ("XTAI",), ".KS": ("XKRX",), ".KQ": ("XKRX",), ".SI": ("XSES",),
    ".KL": ("XKLS",), ".BK": ("XBKK",), ".JK": ("XIDX",), ".PS": ("XPHS",), ".NS": ("XBOM",), ".BO": ("XBOM",),
    "-USD": ("24/7",), "-EUR": ("24/7",), "-GBP": ("24/7",), "-USDT": ("24/7",), "-BTC": ("24/7",), "=X": ("24/5",),
}  # fmt: skip
# Names of one zone by two names.
ZONES = {"Asia/Calcutta": "Asia/Kolkata", "US/Eastern": "America/New_York", "GMT": "UTC", "Etc/UTC": "UTC"}
# A vendor's stray rows, and a few sessions that it lost, are no other exchange.
LEAST_STRANGE, LEAST_MISSING = 3, 2
SHARE_AT_WEEKENDS = 0.05


def judge_suffix(ticker: str, exchange: str) -> str | None:
    """Return why a ticker does not belong into a store of an exchange by its suffix, or None.

    Examples
    --------
    >>> judge_suffix("KOLA", "XNYS"), judge_suffix("KOL.L", "XLON"), judge_suffix("BRK-B", "XNYS")
    (None, None, None)
    >>> judge_suffix("KOL.L", "XNYS")
    'it trades on XLON, and this store is of XNYS; keep a store of its own for it: exchange = "XLON" in its settings
    file, and another DATA folder'
    """
    import exchange_calendars

    found = [suffix for suffix in SUFFIXES if ticker.upper().endswith(suffix) and len(ticker) > len(suffix)]
    if not found:
        return None
    listed = SUFFIXES[max(found, key=len)]
    if exchange_calendars.resolve_alias(exchange) in listed:
        return None
    return f"it trades on {listed[0]}, and this store is of {exchange}; {_remedy(listed[0])}"


def judge_zone(zone: str | None, calendar: TradingCalendar) -> str | None:
    """Return why a ticker whose exchange has this time zone does not belong under a calendar, or None.

    Examples
    --------
    >>> calendar = TradingCalendar("XNYS", pd.Timestamp("2024-11-25"), pd.Timestamp("2024-12-06"))
    >>> judge_zone("America/New_York", calendar) is None, judge_zone(None, calendar) is None
    (True, True)
    >>> judge_zone("Europe/London", calendar)
    'it trades in the zone Europe/London, and this store is of XNYS (America/New_York); keep a store of its own for it:
    its exchange in the settings file, and another DATA folder'
    """
    if zone is None or ZONES.get(zone, zone) == ZONES.get(calendar.timezone, calendar.timezone):
        return None
    return f"it trades in the zone {zone}, and this store is of {calendar.exchange} ({calendar.timezone}); {_remedy()}"


def find_foreign(bars: pd.DataFrame, calendar: TradingCalendar) -> dict[str, str]:
    """Return the tickers that trade elsewhere, with the reason, by their suffixes and dates.

    Parameters
    ----------
    bars : DataFrame with ticker, session (tz-naive dates, NaT passed over) and volume
        Every row of a file; a row without volume is no trade, and tells nothing.
    calendar : TradingCalendar

    Examples
    --------
    >>> calendar = TradingCalendar("XNYS", pd.Timestamp("2024-11-25"), pd.Timestamp("2024-12-06"))
    >>> bars = pd.DataFrame({"ticker": ["KOL.L", "KOLA"], "session": pd.Timestamp("2024-11-29"), "volume": 100.0})
    >>> list(find_foreign(bars, calendar))
    ['KOL.L']
    """
    foreign = {}
    for name, rows in bars.groupby("ticker"):
        ticker = str(name)
        traded = rows[~(rows["volume"] == 0)] if "volume" in rows else rows
        reason = judge_suffix(ticker, calendar.exchange) or judge_dates(traded["session"], calendar)
        if reason is not None:
            foreign[ticker] = reason
    return foreign


def judge_dates(dates: pd.Series, calendar: TradingCalendar) -> str | None:
    """Return why daily bars of these dates are not of the calendar's exchange, or None.

    Two things tell another exchange: dates that the calendar lacks beside sessions that the dates lack one by one (a
    halt lacks many in a row, a thin ticker has no strange dates), and bars at weekends.

    Parameters
    ----------
    dates : Series of datetime64, tz-naive
        Of one ticker's bars, in any order.
    calendar : TradingCalendar

    Examples
    --------
    >>> calendar = TradingCalendar("XNYS", pd.Timestamp("2024-01-02"), pd.Timestamp("2024-12-31"))
    >>> judge_dates(pd.Series(calendar.sessions), calendar) is None
    True
    >>> judge_dates(pd.Series(pd.date_range("2024-01-01", "2024-03-01")), calendar)
    'its dates are not those of XNYS: 18 of 60 are no sessions (first 2024-01-06), 0 sessions are missing; it trades
    elsewhere, or its dates are shifted. If it trades elsewhere, keep a store of its own for it: its exchange in the
    settings file, and another DATA folder'
    """
    sessions = calendar.sessions
    days = pd.DatetimeIndex(dates.dropna().unique()).sort_values()
    days = days[(days >= sessions[0]) & (days <= sessions[-1])]
    if len(days) < LEAST_STRANGE or np.median(np.diff(days) / np.timedelta64(1, "D")) > 1:
        return None
    strange = days.difference(sessions)
    span = calendar.between(days[0], days[-1])
    lacks = ~np.asarray(span.isin(days))
    alone = lacks & ~np.r_[False, lacks[:-1]] & ~np.r_[lacks[1:], False]
    at_weekends = int((strange.dayofweek >= 5).sum())
    foreign = len(strange) >= LEAST_STRANGE and alone.sum() >= LEAST_MISSING
    if not foreign and not (at_weekends >= LEAST_STRANGE and at_weekends > SHARE_AT_WEEKENDS * len(days)):
        return None
    first = f" (first {span[alone][0].date()})" if alone.any() else ""
    return (
        f"its dates are not those of {calendar.exchange}: {len(strange)} of {len(days)} are no sessions (first "
        f"{strange[0].date()}), {int(lacks.sum())} sessions are missing{first}; it trades elsewhere, or its dates are "
        f"shifted. If it trades elsewhere, {_remedy()}"
    )


def _remedy(exchange: str | None = None) -> str:
    named = "its exchange in the settings file" if exchange is None else f'exchange = "{exchange}" in its settings file'
    return f"keep a store of its own for it: {named}, and another DATA folder"
