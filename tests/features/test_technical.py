"""Many histories at once get what each gets alone, to the last bit."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stockseq.features.feature import Feature
from stockseq.features.indicators import DEFAULT_FEATURES

SESSIONS = pd.bdate_range("2015-01-02", periods=651).astype("datetime64[us]")
PRICES = ["open", "high", "low", "close", "volume"]


def _history(random: np.random.Generator, n_bars: int, kind: str) -> pd.DataFrame:
    """Prices that move, that stand still half of the time or always, or that nobody trades for a while."""
    moves = random.normal(0, 0.02, n_bars)
    opening, high, low = (random.normal(0, 0.01, n_bars) for _ in range(3))
    if kind == "half still":
        still = random.random(n_bars) < 0.5
        moves, opening, high, low = (np.where(still, 0.0, values) for values in (moves, opening, high, low))
    if kind == "still":
        moves = opening = high = low = np.zeros(n_bars)
    close = 50 * np.exp(moves.cumsum())
    opened = close * np.exp(opening)
    bars = {
        "open": opened,
        "high": np.maximum(opened, close) * np.exp(abs(high)),
        "low": np.minimum(opened, close) * np.exp(-abs(low)),
        "close": close,
        "volume": random.integers(1, 9000, n_bars) * 1.0,
    }
    if kind == "untraded":
        bars["volume"][n_bars // 3 : n_bars // 2] = 0.0
    return pd.DataFrame({**bars, "traded_session": SESSIONS[1 : n_bars + 1]}, index=SESSIONS[:n_bars])


def _side_by_side(histories: list[pd.DataFrame]) -> dict[str, pd.DataFrame]:
    n = max(map(len, histories))
    columns = {name: [history[name].reset_index(drop=True) for history in histories] for name in PRICES}
    columns["session"] = [history.index.to_series().reset_index(drop=True) for history in histories]
    columns["traded_session"] = [history["traded_session"].reset_index(drop=True) for history in histories]
    return {name: pd.concat(each, axis=1, ignore_index=True).reindex(range(n)) for name, each in columns.items()}


KINDS = st.sampled_from(["moves", "half still", "still", "untraded"])


@settings(max_examples=10, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), shapes=st.lists(st.tuples(st.integers(80, 650), KINDS), min_size=2, max_size=5))
def test_every_default_feature_of_many_histories_is_that_of_each(seed: int, shapes: list[tuple[int, str]]) -> None:
    """`ta` on one history is the reference; the histories are of different lengths."""
    random = np.random.default_rng(seed)
    histories = [_history(random, n_bars, kind) for n_bars, kind in shapes]
    together = _side_by_side(histories)
    for feature in DEFAULT_FEATURES:
        wide = feature.wide_values(together)
        for column, history in enumerate(histories):
            alone = feature.raw(history).to_numpy()[feature.warm_up :]
            ours = wide[column].to_numpy()[feature.warm_up : len(history)]
            assert np.array_equal(ours, alone, equal_nan=True), (feature.name, shapes[column])


@pytest.mark.parametrize("feature", DEFAULT_FEATURES, ids=lambda feature: feature.name)
def test_every_default_feature_takes_many_histories(feature: Feature) -> None:
    """One that did not would cost what all others take together."""
    assert feature.wide
