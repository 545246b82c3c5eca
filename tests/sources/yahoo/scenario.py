"""What the tests of the Yahoo source share: instants, made-up bars, quick settings, and how they fetch."""

from pathlib import Path

import pandas as pd

from stockseq.sources.source import FetchedBars, FetchedHeadlines
from stockseq.sources.yahoo import YahooSettings, YahooSource

# Wednesday evening before Thanksgiving: the bar of 2024-11-27 is final.
NOW = pd.Timestamp("2024-11-27T23:00:00Z")
FIRST = pd.Timestamp("2024-11-18")


def plain_bars(
    sessions: pd.DatetimeIndex, first_close: float, *, halved_from: pd.Timestamp | None = None
) -> pd.DataFrame:
    """As-traded bars that close a quarter higher each session; high and low are one above and below."""
    close = pd.Series([first_close + 0.25 * n for n in range(len(sessions))], index=sessions)
    volume = pd.Series(1_000.0, index=sessions)
    if halved_from is not None:
        close[sessions >= halved_from] /= 2
        volume[sessions >= halved_from] *= 2
    return pd.DataFrame({"open": close, "high": close + 1, "low": close - 1, "close": close, "volume": volume})


class FakeTime:
    """A clock that only waits move, and the waits it was asked for."""

    def __init__(self) -> None:
        self.now = 0.0
        self.waits: list[float] = []

    def clock(self) -> float:
        """Return the seconds waited so far."""
        return self.now

    def sleep(self, seconds: float) -> None:
        """Wait without waiting."""
        self.waits.append(seconds)
        self.now += seconds


def hurried(tmp_path: Path, **changes: object) -> YahooSettings:
    """Settings that try as often as the defaults and wait a thousandth of the time."""
    waits = {"retry_wait_s": 0.002, "back_off_s": 0.06, "longest_back_off_s": 0.9, "patience_s": 30.0}
    fast = {"requests_per_second": 2000.0, "timeout_s": 20.0, "cache_folder": tmp_path / "yahoo"}
    return YahooSettings.model_validate({**fast, **waits, **changes})


def fetch(source: YahooSource, *tickers: str, now: pd.Timestamp = NOW) -> FetchedBars:
    """Return the bars of the tickers from `FIRST` to `now`."""
    return source.fetch_bars(dict.fromkeys(tickers, FIRST), now=now)


def states(result: FetchedBars | FetchedHeadlines) -> dict[str, tuple[str, int]]:
    """Return by ticker how it ended, and with how many rows."""
    return {ticker: (outcome.status, outcome.n_rows) for ticker, outcome in result.outcomes.items()}
