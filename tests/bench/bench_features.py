"""How long the features of 500 tickers and ten years take, whole and with one new session. Run by `make bench`.

The anchor is the definition: every default feature of one ticker after the other by `ta`, in one pass a ticker.
"""

import time

import numpy as np
import pandas as pd
import pytest

from stockseq.features.indicators import DEFAULT_FEATURES
from stockseq.features.table import build_features
from stockseq.schemas import HEADLINES, SCORES, Actions, Bars, as_actions, as_bars, empty
from stockseq.sessions import DecisionPolicy, TradingCalendar
from tests.bench.figures import Recorder

N_TICKERS, N_SESSIONS, N_ANCHOR = 500, 2520, 20
CALENDAR = TradingCalendar("XNYS", pd.Timestamp("2012-01-03"), pd.Timestamp("2022-12-30"))
SESSIONS = CALENDAR.sessions[:N_SESSIONS]
FETCHED = {"source": "made", "fetched_at": pd.Timestamp("2023-01-01", tz="UTC")}


def _bars(random: np.random.Generator) -> Bars:
    shape = (N_TICKERS, N_SESSIONS)
    close = 40.0 * np.exp(np.cumsum(random.normal(0, 0.02, shape), axis=1))
    opened = close * np.exp(random.normal(0, 0.01, shape))
    columns = {"open": opened, "high": np.maximum(opened, close) * 1.01, "low": np.minimum(opened, close) * 0.99}
    columns |= {"close": close, "volume": random.integers(1000, 9000, shape) * 1.0}
    tickers = np.repeat([f"T{number:03d}" for number in range(N_TICKERS)], N_SESSIONS)
    frame = pd.DataFrame({"ticker": tickers, "session": np.tile(SESSIONS, N_TICKERS), **FETCHED})
    return as_bars(frame.assign(**{name: values.ravel() for name, values in columns.items()}))


def _dividends(bars: Bars) -> Actions:
    paid = bars[bars["session"].isin(SESSIONS[60::63])][["ticker", "session"]]
    return as_actions(paid.assign(kind="dividend", value=0.01, **FETCHED))


@pytest.mark.bench
def test_features_of_500_tickers(bench: Recorder) -> None:
    """Seconds of processor time: whole, with one new session, and the same indicators by `ta` one by one."""
    bars = _bars(np.random.default_rng(0))
    actions = _dividends(bars)

    def build(until: pd.Timestamp, stored: pd.DataFrame | None = None) -> tuple[pd.DataFrame, float]:
        part = Bars(bars[bars["session"] <= until].reset_index(drop=True))
        started = time.process_time()
        built = build_features(
            part,
            actions,
            empty(HEADLINES),
            empty(SCORES),
            calendar=CALENDAR,
            policy=DecisionPolicy(),
            stored=stored,
        )
        return built.table, time.process_time() - started

    table, whole = build(SESSIONS[-2])
    longer, one_more = build(SESSIONS[-1], stored=table)
    assert len(longer) == len(table) + N_TICKERS
    started = time.process_time()
    for ticker in bars["ticker"].unique()[:N_ANCHOR]:
        history = bars[bars["ticker"] == ticker]
        seen = history.set_index("session").assign(traded_session=history["session"].to_numpy())
        for feature in DEFAULT_FEATURES:
            feature.values(seen)
    anchor = (time.process_time() - started) * N_TICKERS / N_ANCHOR
    bench.record("features of 500 tickers, 10 years", whole, "s", anchor="ta one by one", anchors=anchor)
    bench.record("features of one new session", one_more, "s", anchor="ta one by one", anchors=anchor)
    print(
        f"\n{len(table):,} rows: whole {whole:.1f} s, one new session {one_more:.1f} s; one by one by `ta` "
        f"{anchor:.1f} s, of {N_ANCHOR} tickers: {anchor / whole:.1f} and {anchor / one_more:.1f} times as long"
    )
