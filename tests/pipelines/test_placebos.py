"""A placebo breaks one thing, all of it, and nothing else."""

from collections.abc import Iterator
from dataclasses import fields

import numpy as np
import pandas as pd
import pytest

from pipelines.placebos import BLOCK_SESSIONS, _finding, shift_features, shuffle_labels
from stockseq.dataset.panel import Panel
from stockseq.dataset.samples import Samples, build_samples
from stockseq.schemas import Labels

N_SESSIONS, TICKERS, LOOKBACK = 23, ("A", "B"), 3


@pytest.fixture
def sessions() -> pd.DatetimeIndex:
    return pd.bdate_range("2024-01-01", periods=N_SESSIONS).astype("datetime64[us]")


@pytest.fixture
def rows(sessions: pd.DatetimeIndex) -> tuple[Panel, Samples]:
    """Two tickers whose return names its own session: 1 basis point a session, B from 100 on; B lacks session 10."""
    keys = pd.DataFrame({"ticker": np.repeat(TICKERS, N_SESSIONS), "session": np.tile(sessions, 2)})
    keys["realised_return"] = np.r_[np.arange(N_SESSIONS), 100 + np.arange(N_SESSIONS)] / 1e4
    keys = keys.drop(index=N_SESSIONS + 10).reset_index(drop=True)
    keys["decision_at"] = (keys["session"] + pd.Timedelta(hours=14)).dt.tz_localize("UTC")
    labels = keys.assign(exit_at=keys["decision_at"], volatility=0.01)
    columns = keys[["ticker", "session", "decision_at"]]
    panel = Panel(columns, np.zeros((len(keys), 1), np.float32), ("nothing",), ((),) * len(keys))
    return panel, build_samples(panel, Labels(labels), lookback=LOOKBACK, sessions=sessions)


def origins(samples: Samples) -> Iterator[tuple[str, int, int]]:
    """Ticker, number of the session, and number of the session that the label came from."""
    start = pd.Timestamp("2024-01-01")
    for ticker, session, value in zip(samples.ticker, samples.session, samples.realised_return, strict=True):
        own = len(pd.bdate_range(start, session)) - 1
        yield ticker, own, round(value * 1e4) - (100 if ticker == "B" else 0)


def test_labels_move_by_whole_blocks_and_none_keeps_its_own(
    rows: tuple[Panel, Samples], sessions: pd.DatetimeIndex
) -> None:
    """Both tickers of a session get the labels of one other session, five in a row together."""
    shuffled = shuffle_labels(rows[1], sessions[2:22], seed=3)
    moved = {(own, source) for _, own, source in origins(shuffled) if 2 <= own < 22}
    assert len(moved) == len({own for own, _ in moved}) == 20
    assert all(own != source for own, source in moved)
    by_block = {((own - 2) // BLOCK_SESSIONS, source - own) for own, source in moved}
    assert len(by_block) == 4


def test_labels_of_test_sessions_stay(rows: tuple[Panel, Samples], sessions: pd.DatetimeIndex) -> None:
    """The placebo is scored against what really happened."""
    shuffled = shuffle_labels(rows[1], sessions[2:12], seed=3)
    assert all(own == source for _, own, source in origins(shuffled) if own >= 12)


def test_a_ticker_without_the_other_label_is_left_out(rows: tuple[Panel, Samples], sessions: pd.DatetimeIndex) -> None:
    """B has no label on session 10, so whoever should get it gets none; nothing is made up."""
    samples = rows[1]
    shuffled = shuffle_labels(samples, sessions[2:22], seed=3)
    assert len(shuffled) == len(samples) - 1
    assert all(len(getattr(shuffled, field.name)) == len(shuffled) for field in fields(Samples)[:-1])


@pytest.mark.parametrize("by", [-1, 1])
def test_features_move_by_one_session_of_the_same_ticker(
    rows: tuple[Panel, Samples], sessions: pd.DatetimeIndex, by: int
) -> None:
    """B's windows beside the session that it lacks would move by two, and are left out; labels stay."""
    panel, samples = rows
    shifted = shift_features(panel, samples, by=by, lookback=LOOKBACK, sessions=sessions)
    read = pd.DatetimeIndex(panel.keys["session"].to_numpy()[shifted.ends])
    assert (sessions.get_indexer(read) - sessions.get_indexer(pd.DatetimeIndex(shifted.session)) == by).all()
    assert (panel.keys["ticker"].to_numpy()[shifted.ends] == shifted.ticker).all()
    assert all(own == source for _, own, source in origins(shifted))
    # Each ticker loses one at an end, and B one beside the gap.
    assert len(shifted) == len(samples) - 3


FIGURES = {
    "accuracy": 0.52,
    "chance": 0.5,
    "pt_clustered_p": 0.4,
    "difference": 0.01,
    "difference_ci": [-0.01, 0.03],
    "difference_p": 0.4,
}


@pytest.mark.parametrize(
    ("name", "changed", "as_expected", "said"),
    [
        ("shuffled_labels", {}, True, "nothing found"),
        ("shuffled_labels", {"pt_clustered_p": None}, True, "one direction throughout"),
        ("shuffled_labels", {"pt_clustered_p": 0.001}, False, "SOMETHING FOUND WHERE NOTHING IS"),
        (
            "late_features",
            {"difference": -0.02, "difference_ci": [-0.03, -0.01], "difference_p": 0.001},
            True,
            "the newest session is worth +2.0 points of accuracy [+1.0, +3.0]",
        ),
        ("late_features", {}, True, "-1.0 points of accuracy [-3.0, +1.0], not told from none"),
        ("late_features", {"difference_p": 0.001}, False, "BETTER ON OLDER FEATURES"),
        ("early_features", {"difference": 0.4, "difference_p": 1e-9}, True, "it jumps by +40.0 points"),
        ("early_features", {}, False, "NO JUMP"),
        ("early_features", {"difference": -0.4, "difference_p": 1e-9}, False, "NO JUMP"),
    ],
)
def test_a_placebo_that_fails_is_loud(name: str, changed: dict[str, float], as_expected: bool, said: str) -> None:
    """What is as it should be is said quietly, what isn't in capitals."""
    judged, sentence = _finding(name, FIGURES | changed)
    assert judged is as_expected
    assert said in sentence
