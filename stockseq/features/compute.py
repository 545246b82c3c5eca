"""The feature rows of blocks: what works on many histories at once does, the rest goes one by one."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from stockseq.features.feature import Feature
from stockseq.features.history import BAR, Block
from stockseq.features.sentiment import (
    MEMORY_SESSIONS,
    SENTIMENT_COLUMNS,
    aggregate_known_sentiment,
    aggregate_positions,
)
from stockseq.schemas import INSTANT


def compute_rows(blocks: Sequence[Block], features: Sequence[Feature]) -> pd.DataFrame:
    """Return a row per kept bar: ticker, session, decision_at, features (NaN where they give none), sentiment.

    Raises `PluginError` for a feature that fails.
    """
    adjusted = [block.adjusted() for block in blocks]
    columns: dict[str, object] = {
        "ticker": np.concatenate(
            [np.full(block.end - block.first, block.history.ticker, dtype=object) for block in blocks]
        ),
        "session": np.concatenate([block.history.traded[block.rows] for block in blocks]),
        "decision_at": pd.DatetimeIndex(np.concatenate([block.history.decision_at[block.rows] for block in blocks]))
        .tz_localize("UTC")
        .astype(INSTANT),
    }
    wide = _stack(blocks, adjusted) if any(feature.wide for feature in features) else {}
    bar = np.concatenate([np.arange(block.first, block.end) - block.start for block in blocks])
    history = np.repeat(np.arange(len(blocks)), [block.end - block.first for block in blocks])
    for feature in features:
        if feature.wide:
            columns[feature.name] = feature.wide_values(wide).to_numpy()[bar, history]
        else:
            columns[feature.name] = np.concatenate(
                [
                    feature.values(_as_bars(block, prices)).to_numpy()[block.first - block.start :]
                    for block, prices in zip(blocks, adjusted, strict=True)
                ]
            )
    return pd.DataFrame(columns | _sentiment(blocks))


def _as_bars(block: Block, prices: dict[str, np.ndarray]) -> pd.DataFrame:
    """Return what a feature is given of one ticker: see `Feature.compute`."""
    span, history = slice(block.start, block.end), block.history
    index = pd.DatetimeIndex(history.session[span], name="session")
    return pd.DataFrame({**prices, "traded_session": history.traded[span]}, index=index)


def _stack(blocks: Sequence[Block], adjusted: Sequence[dict[str, np.ndarray]]) -> dict[str, pd.DataFrame]:
    """Return what a wide feature is given: see `Feature.wide`."""
    shape = max(block.end - block.start for block in blocks), len(blocks)
    stacked = {name: np.full(shape, np.nan) for name in BAR}
    for column, prices in enumerate(adjusted):
        for name, values in prices.items():
            stacked[name][: len(values), column] = values
    for name in ("session", "traded_session"):
        stacked[name] = np.full(shape, np.datetime64("NaT"), dtype="datetime64[us]")
        for column, block in enumerate(blocks):
            instants = block.history.session if name == "session" else block.history.traded
            stacked[name][: block.end - block.start, column] = instants[block.start : block.end]
    return {name: pd.DataFrame(values) for name, values in stacked.items()}


def _sentiment(blocks: Sequence[Block]) -> dict[str, np.ndarray]:
    """Return the sentiment columns of the blocks' rows, each of what its own decision knew."""
    lengths = [len(block.sessions) for block in blocks]
    offsets = np.concatenate([[0], np.cumsum(np.array(lengths) + MEMORY_SESSIONS)])
    positions, compounds, late = [np.array([], dtype=np.int64)], [np.array([])], {}
    for number, block in enumerate(blocks):
        news = block.remembered()
        if (news.known > news.session).any():
            late[number] = news
        elif len(news.session):
            positions.append(offsets[number] + block.sessions.searchsorted(news.session))
            compounds.append(news.compound)
    whole = aggregate_positions(np.concatenate(positions), np.concatenate(compounds), int(offsets[-1]))
    for number, news in late.items():
        frame = pd.DataFrame({"session": news.session, "known_session": news.known, "compound": news.compound})
        known = aggregate_known_sentiment(frame, blocks[number].sessions)
        for name in SENTIMENT_COLUMNS:
            whole[name][offsets[number] : offsets[number] + lengths[number]] = known[name].to_numpy()
    rows = [
        offset + block.sessions.searchsorted(block.history.traded[block.rows])
        for offset, block in zip(offsets[:-1], blocks, strict=True)
    ]
    taken = np.concatenate(rows)
    return {name: whole[name][taken] for name in SENTIMENT_COLUMNS}
