"""A made store of headlines that tell of the session in which they are published, read by a clock that may lie."""

from typing import NamedTuple

import numpy as np
import pandas as pd

from stockseq.schemas import INSTANT, SESSION
from stockseq.sessions import TradingCalendar

CALENDAR = TradingCalendar("XNYS", pd.Timestamp("2022-12-01"), pd.Timestamp("2024-06-30"))
TICKERS = [f"T{n}" for n in range(10)]
N_SESSIONS = 250


class MadeNews(NamedTuple):
    """What `time_news` takes; stamps are true."""

    headlines: pd.DataFrame
    scores: pd.DataFrame
    bars: pd.DataFrame


def make_news(seed: int, *, n: int = 1000, reaction: float = 0.3) -> MadeNews:
    """Return headlines, half of them within sessions, whose tone has that correlation with the session's own return."""
    random = np.random.default_rng(seed)
    schedule = CALENDAR.schedule.iloc[20 : 20 + N_SESSIONS]
    moves = random.normal(size=(N_SESSIONS, len(TICKERS))) + 0.5 * random.normal(size=(N_SESSIONS, 1))
    day, ticker = random.integers(0, N_SESSIONS, n), random.integers(0, len(TICKERS), n)
    within = random.random(n) < 0.5
    # Hours after the open of 9:30; before 6:00 and after 20:00 nobody writes.
    around = np.where(random.random(n) < 0.5, random.uniform(-3.5, 0.0, n), random.uniform(6.5, 10.5, n))
    hours = np.where(within, random.uniform(0.0, 6.5, n), around)
    noise = random.normal(size=n)
    tone = np.where(within, reaction * moves[day, ticker] + np.sqrt(1.0 - reaction**2) * noise, noise)
    stamps = schedule["open"].iloc[day].reset_index(drop=True) + pd.Series(pd.to_timedelta(hours, unit="h"))
    identities = [str(number) for number in range(n)]
    headlines = pd.DataFrame({"headline_id": identities, "ticker": np.array(TICKERS)[ticker]}).assign(
        published_at=stamps.astype(INSTANT),
        first_seen_at=pd.Series([None] * n, dtype=INSTANT),
        created_at=pd.Series([None] * n, dtype=INSTANT),
        date_only=False,
        known_by="vendor",
        source="files",
    )
    # Half of the texts have no word that a lexicon knows.
    compound = np.where(np.abs(tone) < 0.5, 0.0, np.clip(tone / 3.0, -1.0, 1.0))
    bars = pd.DataFrame(
        {
            "ticker": np.tile(TICKERS, N_SESSIONS),
            "session": pd.Series(np.repeat(schedule.index, len(TICKERS))).astype(SESSION),
            "open": 100.0,
            "close": 100.0 * np.exp(0.02 * moves.ravel()),
        }
    )
    return MadeNews(headlines, pd.DataFrame({"headline_id": identities, "compound": compound}), bars)
