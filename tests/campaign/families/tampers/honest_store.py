"""The store that is tampered with: six mornings of two models' forecasts of four tickers, scored as they went."""

import shutil
import tempfile
from functools import cache
from multiprocessing.util import Finalize
from pathlib import Path

import numpy as np
import pandas as pd

from stockseq.forecast_ledger import append_forecasts, verify
from stockseq.forecasting.live import score_open_forecasts
from stockseq.schemas import as_bars
from stockseq.sessions import TradingCalendar
from stockseq.store import Store

CALENDAR = TradingCalendar("XNYS", pd.Timestamp("2024-01-02"), pd.Timestamp("2024-02-09"))
TICKERS = ("AAPL", "KO", "MSFT", "NVDA")
MODELS = pd.DataFrame(
    {
        "model_id": ["day", "days"],
        "state": "champion",
        "at": pd.Timestamp("2024-01-10", tz="UTC"),
        "trained_through": pd.Timestamp("2024-01-09"),
        "settings_hash": "0",
        "data_version": "0",
        "metrics": ['{"basis": {"label": "open_to_close"}}', '{"basis": {"label": "open_to_open(2)"}}'],
    }
)
LABELS = MODELS.assign(label=["open_to_close", "open_to_open(2)"])
N_MORNINGS = 6
# The session of the first morning.
FIRST = 8
# After the last morning's session, when its forecasts of that day are scored and none is made.
EVENING = CALENDAR.schedule["close"][CALENDAR.sessions[FIRST + N_MORNINGS - 1]] + pd.Timedelta(hours=1)


def bars_through(session: pd.Timestamp, *, fetched_at: pd.Timestamp, seed: int = 7) -> pd.DataFrame:
    """Return every ticker's bars up to a session, the same ones however far they reach."""
    sessions = CALENDAR.sessions
    random = np.random.default_rng(seed)
    frames = []
    for ticker in TICKERS:
        steps = np.exp(random.normal(0.0, 0.012, (len(sessions), 4)))
        close = 100.0 * np.cumprod(steps[:, 0])
        opened = close * steps[:, 1]
        high, low = np.maximum(close, opened) * 1.004, np.minimum(close, opened) * 0.996
        prices = {"open": opened, "high": high, "low": low, "close": close}
        frames.append(pd.DataFrame({"ticker": ticker, "session": sessions, **prices, "volume": 1e6}))
    rows = pd.concat(frames)
    return as_bars(rows[rows["session"] <= session].assign(source="files", fetched_at=fetched_at))


def morning(store: Store, number: int) -> None:
    """Fetch, score and forecast as a daily run does, half an hour before the open of a morning's session."""
    session = CALENDAR.sessions[FIRST + number]
    now = CALENDAR.opens_at(session) - pd.Timedelta(minutes=30)
    store.append_vintages("bars", bars_through(CALENDAR.sessions[FIRST + number - 1], fetched_at=now))
    ledger = score_open_forecasts(store, verify(store), LABELS, store.market(CALENDAR, as_of=now))
    for model_id in MODELS["model_id"]:
        random = np.random.default_rng([number, len(model_id)])
        forecasts = pd.DataFrame(
            {
                "ticker": TICKERS,
                "session": session,
                "decision_at": now,
                "probability_up": random.uniform(0.4, 0.6, len(TICKERS)),
                "expected_return": random.normal(0.0, 0.002, len(TICKERS)),
                "sigma": 0.015,
            }
        )
        ledger = ledger.extend(
            append_forecasts(store, forecasts, made_at=now, model_id=model_id, calendar=CALENDAR, ledger=ledger)
        )


def evening(store: Store, now: pd.Timestamp = EVENING) -> None:
    """Fetch and score, and forecast nothing."""
    store.append_vintages("bars", bars_through(CALENDAR.sessions[FIRST + N_MORNINGS - 1], fetched_at=now))
    score_open_forecasts(store, verify(store), LABELS, store.market(CALENDAR, as_of=now))


@cache
def _built() -> tuple[Path, Path]:
    """Return the store after three mornings, and after all of them; built once a process."""
    folder = Path(tempfile.mkdtemp(prefix="campaign-honest-"))
    # A worker of a process pool ends without asking `atexit`.
    Finalize(None, shutil.rmtree, (folder, True), exitpriority=1)
    store = Store(folder / "whole")
    store.append("models", MODELS)
    for number in range(N_MORNINGS):
        if number == 3:
            shutil.copytree(folder / "whole", folder / "earlier")
        morning(store, number)
    evening(store)
    return folder / "earlier", folder / "whole"


def copy_whole(folder: Path) -> Path:
    """Return a copy of the whole store that may be ruined."""
    return Path(shutil.copytree(_built()[1], folder / "data"))


def copy_earlier(folder: Path) -> Path:
    """Return a copy of the store as it was after three mornings."""
    return Path(shutil.copytree(_built()[0], folder / "earlier"))
