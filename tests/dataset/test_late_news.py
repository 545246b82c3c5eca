"""A headline that was first seen late stands where it was published, for those alone who decide after it was seen."""

import numpy as np
import pandas as pd
import pytest

from stockseq.dataset.dataset import Dataset, Inputs, build_dataset
from stockseq.dataset.panel import build_panel
from stockseq.dataset.scaling import Scaler
from stockseq.dataset.vocabulary import Vocabulary
from stockseq.errors import DataError
from stockseq.features.table import STALE
from stockseq.market import MarketData
from stockseq.models.model import make_matrix
from stockseq.models.settings import NetworkSettings
from stockseq.schemas import Headlines
from stockseq.sources.simulated import SimulatedMarket

MONDAY, TUESDAY, WEDNESDAY = (pd.Timestamp(f"2024-11-{day}") for day in (25, 26, 27))
LOOKBACK = 5


def headline(published: str, known: pd.Timestamp, standing: pd.Timestamp, text: str) -> dict[str, object]:
    """A decided headline, first seen at noon of the session that knew it first."""
    return {
        "ticker": "AAA",
        "text": text,
        "public_at": pd.Timestamp(published, tz="UTC"),
        "available_at": known.tz_localize("UTC") + pd.Timedelta(hours=12),
        "session": known,
        "published_session": standing,
        "compound": 0.5,
    }


def features(**columns: object) -> pd.DataFrame:
    frame = pd.DataFrame({"ticker": "AAA", "session": [MONDAY, TUESDAY, WEDNESDAY], **columns})
    return frame.assign(decision_at=frame["session"].dt.tz_localize("UTC"))


def test_the_newest_of_one_fetch_are_the_newest_published() -> None:
    """All that a fetch brings is first seen at one instant; the alphabet says nothing of what is new."""
    news = pd.DataFrame(
        [
            headline("2024-11-25 10:00", MONDAY, MONDAY, "Zinc falls"),
            headline("2024-11-25 11:00", MONDAY, MONDAY, "Acme rises"),
        ]
    )
    assert build_panel(features(a=1.0), news).texts[0] == ("Zinc falls", "Acme rises")


def test_a_back_log_stands_at_its_own_session_for_those_alone_who_decide_after_it_was_seen() -> None:
    """Seen on Wednesday, published for Monday: Tuesday's window must not hold it, and Wednesday's row is no news."""
    news = pd.DataFrame([headline("2024-11-25 10:00", WEDNESDAY, MONDAY, "Old story")])
    panel = build_panel(features(a=1.0), news)
    assert panel.texts == ((), (), ())
    assert panel.known_at(TUESDAY).texts == ((), (), ())
    assert panel.known_at(WEDNESDAY).texts == (("Old story",), (), ())


def test_what_is_seen_later_stands_between_what_was_known_by_publication() -> None:
    """The row that a later window reads is the row of whoever had collected all along."""
    news = pd.DataFrame(
        [
            headline("2024-11-25 09:00", MONDAY, MONDAY, "first"),
            headline("2024-11-25 10:00", WEDNESDAY, MONDAY, "second"),
            headline("2024-11-25 11:00", MONDAY, MONDAY, "third"),
            headline("2024-11-25 08:00", TUESDAY, MONDAY, "zeroth"),
        ]
    )
    panel = build_panel(features(a=1.0), news)
    assert panel.texts[0] == ("first", "third")
    assert panel.known_at(TUESDAY).texts[0] == ("zeroth", "first", "third")
    assert panel.known_at(WEDNESDAY).texts[0] == ("zeroth", "first", "second", "third")


def test_the_sentiment_of_a_row_changes_for_later_decisions_alone() -> None:
    """One headline of 0.5 for Monday: its mean is 0.5 from Wednesday on, and Tuesday's memory of it half as heavy."""
    news = pd.DataFrame([headline("2024-11-25 10:00", WEDNESDAY, MONDAY, "Old story")])
    table = features(news_mean=0.0, no_news=1.0, news_decayed_mean=[0.0, 0.0, 0.5])
    panel = build_panel(table, news)
    assert panel.known_at(TUESDAY).indicators.tolist() == [[0.0, 1.0, 0.0], [0.0, 1.0, 0.0], [0.0, 1.0, 0.5]]
    assert panel.known_at(WEDNESDAY).indicators.tolist() == [[0.5, 0.0, 0.5], [0.0, 1.0, 0.5], [0.0, 1.0, 0.5]]
    assert panel.without({"news_mean"}).known_at(WEDNESDAY).indicators[0].tolist() == [0.0, 0.5]
    with pytest.raises(DataError, match="compound"):
        build_panel(table, news.drop(columns="compound"))


def market_seen_at(drawn: SimulatedMarket, first_seen_at: pd.Timestamp | None) -> MarketData:
    """The simulated market, all headlines seen as they came, or those before an instant at that instant at once."""
    now = drawn.calendar.opens_at(drawn.sessions[-1])
    rows = drawn.headlines
    if first_seen_at is not None:
        rows = rows.assign(first_seen_at=rows["first_seen_at"].clip(lower=first_seen_at))
    return MarketData(drawn.bars, drawn.actions, Headlines(rows), drawn.calendar, now)


def read_last(data: Dataset, *, back: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """What a network reads of the last sessions' windows, less the newest `back`: indicators and text."""
    network = NetworkSettings(lookback=LOOKBACK)
    ends = data.windows.on(data.windows.sessions[-1 - back :][:1]).ends
    vocabulary = Vocabulary.fit(data.panel.known_at(np.datetime64("2100-01-01")).texts, min_headlines=1)
    scaler = Scaler.fit(np.array([[-1.0], [1.0]]) * np.ones(2 * len(data.panel.names)))
    names = (*data.panel.names, *(f"{name}_in_session" for name in data.panel.names))
    matrix, ends = make_matrix(data.panel, ends, names, scaler, vocabulary, network)
    rows = ends[:, None] + np.arange(1 - LOOKBACK, 1)
    assert matrix.text is not None
    return matrix.indicators[rows], matrix.text.padded()[rows]


def test_day_one_reads_what_whoever_collected_all_along_reads() -> None:
    """All headlines come with the fetch of the last morning; the windows of that morning read the very same numbers."""
    drawn = SimulatedMarket(n_sessions=90, n_tickers=5, seed=3)
    last_decision = drawn.calendar.opens_at(drawn.sessions[-1]) - pd.Timedelta(minutes=30)
    along, day_one = (
        build_dataset(market_seen_at(drawn, seen), Inputs(lookback=LOOKBACK))
        for seen in (None, last_decision - pd.Timedelta(hours=1))
    )
    assert along.panel.late is None
    assert day_one.panel.late is not None
    for collected, fetched in zip(read_last(along), read_last(day_one), strict=True):
        assert collected.any()
        np.testing.assert_array_equal(collected, fetched)
    # The morning before, nothing had been seen.
    indicators, text = read_last(day_one, back=1)
    assert not text.any()
    assert not indicators[..., day_one.panel.names.index("news_count")].any()


def test_a_back_log_is_kept_and_counted() -> None:
    """Whoever starts today learns that yesterday's headlines are no news."""
    drawn = SimulatedMarket(n_sessions=80, n_tickers=1, seed=3)
    seen = drawn.calendar.opens_at(drawn.sessions[-1]) - pd.Timedelta(hours=1)
    data = build_dataset(market_seen_at(drawn, seen), Inputs(lookback=LOOKBACK))
    last_news = data.headlines["published_session"] == drawn.sessions[-1]
    stale = [drop for drop in data.dropped if drop.reason == STALE]
    assert sum(drop.n_rows for drop in stale) == int((~last_news).sum()) > 0
    assert len(data.headlines) == len(drawn.headlines)
