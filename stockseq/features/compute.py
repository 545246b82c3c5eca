"""The feature rows of blocks: what works on many histories at once does, the rest goes one by one."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from stockseq.features.feature import Feature
from stockseq.features.history import BAR, INSTANTS, Block
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
    lengths = [block.end - block.first for block in blocks]
    session, decided = (
        np.concatenate([block.histories.arrays[name][block.rows] for block in blocks]) for name in INSTANTS[1:]
    )
    columns: dict[str, object] = {
        "ticker": np.repeat(np.array([block.ticker for block in blocks], dtype=object), lengths),
        "session": session,
        "decision_at": pd.DatetimeIndex(decided).tz_localize("UTC").astype(INSTANT),
    }
    wide = _stack(blocks, adjusted) if any(feature.wide for feature in features) else {}
    bar = np.concatenate([np.arange(block.first, block.end) - block.start for block in blocks])
    history = np.repeat(np.arange(len(blocks)), lengths)
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
    session, traded = (block.histories.arrays[name][block.bars] for name in INSTANTS[:2])
    return pd.DataFrame({**prices, "traded_session": traded}, index=pd.DatetimeIndex(session, name="session"))


def _stack(blocks: Sequence[Block], adjusted: Sequence[dict[str, np.ndarray]]) -> dict[str, pd.DataFrame]:
    """Return what a wide feature is given: see `Feature.wide`."""
    shape = max(block.end - block.start for block in blocks), len(blocks)
    missing = dict.fromkeys(BAR, np.nan) | dict.fromkeys(INSTANTS[:2], np.datetime64("NaT", "us"))
    stacked = {name: np.full(shape, value, order="F") for name, value in missing.items()}
    for column, (block, prices) in enumerate(zip(blocks, adjusted, strict=True)):
        instants = {name: block.histories.arrays[name][block.bars] for name in INSTANTS[:2]}
        for name, values in (prices | instants).items():
            stacked[name][: len(values), column] = values
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
        known = aggregate_known_sentiment(frame, pd.DatetimeIndex(blocks[number].sessions))
        for name in SENTIMENT_COLUMNS:
            whole[name][offsets[number] : offsets[number] + lengths[number]] = known[name].to_numpy()
    rows = [
        offset + block.sessions.searchsorted(block.histories.arrays["traded_session"][block.rows])
        for offset, block in zip(offsets[:-1], blocks, strict=True)
    ]
    taken = np.concatenate(rows)
    return {name: whole[name][taken] for name in SENTIMENT_COLUMNS}
