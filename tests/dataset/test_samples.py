"""Samples are the windows that have a label, in the windows' order."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from stockseq.dataset.panel import build_panel
from stockseq.dataset.samples import Samples, build_samples
from stockseq.dataset.windows import Windows, build_windows
from stockseq.schemas import INSTANT, LABELS, NUMBER, Labels, as_labels, empty

DAYS = pd.to_datetime(["2024-11-25", "2024-11-26", "2024-11-27", "2024-11-29"])


@pytest.fixture
def keys() -> pd.DataFrame:
    """Two tickers on the same four days."""
    keys = pd.DataFrame({"ticker": ["AAA"] * 4 + ["BBB"] * 4, "session": [*DAYS, *DAYS]})
    keys["decision_at"] = keys["session"].dt.tz_localize("UTC") + pd.Timedelta(hours=14)
    return keys


@pytest.fixture
def windows(keys: pd.DataFrame) -> Windows:
    """Windows of two rows, six of them; each has a volatility of 1 %."""
    return build_windows(build_panel(keys.assign(momentum=np.arange(8.0))), np.full(8, 0.01), lookback=2)


@pytest.fixture
def labels(keys: pd.DataFrame) -> Labels:
    """AAA has returns on the last three days, BBB on the last only."""
    labelled = keys.iloc[[1, 2, 3, 7]]
    return as_labels(
        labelled.assign(
            entry_at=labelled["decision_at"],
            exit_at=labelled["decision_at"] + pd.Timedelta(hours=7),
            realised_return=[0.02, 0.0, -0.5, 0.005],
            volatility=0.01,
        )
    )


@pytest.fixture
def samples(windows: Windows, labels: Labels) -> Samples:
    return build_samples(windows, labels)


def test_samples_end_on_the_row_of_their_session(samples: Samples) -> None:
    """The row of session s holds what is known at its decision; the label is of s."""
    assert samples.ends.tolist() == [1, 2, 3, 7]
    assert samples.ticker.tolist() == ["AAA", "AAA", "AAA", "BBB"]
    assert samples.session.tolist() == DAYS[[1, 2, 3, 3]].to_numpy(dtype="datetime64[us]").tolist()
    assert samples.exit_at.tolist() == (samples.decision_at + np.timedelta64(7, "h")).tolist()


def test_samples_follow_the_order_of_the_panel(windows: Windows, labels: Labels, samples: Samples) -> None:
    """Whatever the order of the labels: forecasts, panel and samples are aligned by row."""
    shuffled = Labels(labels.iloc[[2, 3, 0, 1]])
    for name in ("ends", "ticker", "exit_at", "realised_return", "target"):
        assert getattr(build_samples(windows, shuffled), name).tolist() == getattr(samples, name).tolist(), name


def test_a_return_of_zero_is_not_up_and_is_counted(samples: Samples) -> None:
    """r == 0 counts as not up (EVALUATION 1.3)."""
    assert samples.up.tolist() == [True, False, False, True]
    assert samples.n_unmoved == 1


def test_targets_are_scaled_by_volatility_and_clipped(samples: Samples) -> None:
    """.02/.01, 0, -50 clipped to -4, .5."""
    assert samples.target.tolist() == [2.0, 0.0, -4.0, 0.5]
    assert samples.target.dtype == np.float32


def test_a_rise_is_clipped_as_a_fall_is(windows: Windows, labels: Labels) -> None:
    """5 % of a volatility of 1 % is five of them, and four are the most."""
    risen = Labels(labels.assign(realised_return=[0.05, 0.04, 0.03, -0.05]))
    assert build_samples(windows, risen).target.tolist() == pytest.approx([4.0, 4.0, 3.0, -4.0])


def test_a_target_is_scaled_by_the_volatility_of_its_window(windows: Windows, labels: Labels) -> None:
    """Twice as volatile, half the target: .02/.02, 0, -4, .005/.02; the volatility of a label plays no part."""
    wild = replace(windows, volatility=np.full(6, 0.02))
    samples = build_samples(wild, labels)
    assert samples.target.tolist() == [1.0, 0.0, -4.0, 0.25]
    assert samples.volatility.tolist() == [0.02] * 4


def test_rows_that_are_no_sample_are_counted(samples: Samples) -> None:
    """BBB has windows on three days and labels on one; each ticker's first row has no window."""
    assert [(d.stage, d.ticker, d.n_rows) for d in samples.dropped] == [
        ("windows", "AAA", 1),
        ("windows", "BBB", 1),
        ("samples", "BBB", 2),
    ]


def test_samples_of_some_sessions(samples: Samples) -> None:
    """All tickers of a session go to the same side of a split; what comes out has its labels still."""
    last = samples.on(DAYS[[3]])
    assert last.ends.tolist() == [3, 7]
    assert last.up.tolist() == [False, True]
    assert len(samples.on(DAYS[:0])) == 0


def test_only_ended_labels_may_train(samples: Samples) -> None:
    """Rule R4: the exit lies strictly before the decision; 2024-11-26 ends at 21:00 UTC."""
    assert samples.ended_before(pd.Timestamp("2024-11-26 21:00", tz="UTC")).ends.tolist() == []
    assert samples.ended_before(pd.Timestamp("2024-11-26 21:00:01", tz="UTC")).ends.tolist() == [1]


def test_nothing_gives_no_samples() -> None:
    """A run without data must reach its own sentence, not a crash on the way."""
    columns = {name: LABELS[name] for name in ("ticker", "session")} | {"decision_at": INSTANT, "momentum": NUMBER}
    windows = build_windows(build_panel(empty(columns)), np.array([]), lookback=5)
    samples = build_samples(windows, as_labels(empty(LABELS)))
    assert len(samples) == 0
    assert samples.dropped == ()
