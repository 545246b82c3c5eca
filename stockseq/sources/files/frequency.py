"""How long a file's bars are: anything but one a session is refused, before its dates are called no sessions."""

import pandas as pd

from stockseq.errors import SourceError

# Calendar days between bars, of most pairs of bars that follow one another.
LENGTHS = (("weekly", 5, 9), ("monthly", 26, 33), ("quarterly", 85, 95), ("yearly", 360, 370))
# Shares of the pairs, or of the dates, that tell; fewer bars than this tell nothing.
MOST, FEWEST = 0.8, 4
DAILY_PERIODS = ("D", "1D", "DAY", "DAILY", "1440")


def require_daily(keys: pd.DataFrame, *, path: str) -> None:
    """Raise `SourceError` for weekly, monthly and intraday bars.

    Parameters
    ----------
    keys : DataFrame with ticker, date, and where there are time, period
        Every row of the file; `date` may bear a time of day, NaT is passed over.
    path : str

    Examples
    --------
    >>> keys = pd.DataFrame({"ticker": "KOLA", "date": pd.date_range("2024-01-05", periods=9, freq="7D")})
    >>> require_daily(keys, path="bars.csv")
    Traceback (most recent call last):
    stockseq.errors.SourceError: bars.csv holds weekly bars (KOLA has one about every 7 days), and stockseq forecasts \
sessions: export daily bars.
    """
    remedy = "and stockseq forecasts sessions: export daily bars."
    if "period" in keys:
        periods = keys["period"].astype("str").str.strip().str.upper()
        other = ~periods.isin((*DAILY_PERIODS, ""))
        if other.any():
            raise SourceError(
                f"{path} holds bars of the period {periods[other].iloc[0]} where D is a session, {remedy}"
            )
    dated = keys[keys["date"].notna()]
    clock = dated["date"].astype("str")
    if "time" in dated:
        clock = clock + " " + dated["time"].astype("str").str.strip()
    per_date = clock.groupby([dated["ticker"], dated["date"].dt.normalize()]).nunique()
    several = per_date[per_date > 1]
    if len(several) and len(several) > 0.5 * len(per_date):
        (ticker, day), n = several.index[0], int(several.iloc[0])
        raise SourceError(f"{path} holds intraday bars ({ticker} has {n} on {day.date()}), {remedy}")
    days = dated.assign(date=dated["date"].dt.normalize()).drop_duplicates(["ticker", "date"])
    days = days.sort_values(["ticker", "date"])
    steps = days.groupby("ticker")["date"].diff().dt.days.dropna()
    # A bar on the wrong day now and then makes no weekly file, nor does a halt.
    for name, least, most in LENGTHS:
        if len(steps) >= FEWEST and steps.between(least, most).mean() >= MOST:
            first = days["ticker"].iloc[0]
            raise SourceError(
                f"{path} holds {name} bars ({first} has one about every {steps.median():.0f} days), {remedy}"
            )
