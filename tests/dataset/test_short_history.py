"""Whatever history there is, the settings that are proposed for it fit: every fold has sessions to train and test."""

import pandas as pd
from hypothesis import given
from hypothesis import strategies as st

from stockseq.dataset.folds import FoldSettings, cut_folds, final_fold
from stockseq.dataset.short_history import fit_settings


@given(
    n_sessions=st.integers(20, 400),
    min_train=st.integers(1, 600),
    validation=st.integers(3, 80),
    n_folds=st.none() | st.integers(1, 20),
    horizon=st.integers(0, 10),
)
def test_what_is_proposed_can_be_cut(
    n_sessions: int, min_train: int, validation: int, n_folds: int | None, horizon: int
) -> None:
    """Backtest and holdout alike; a window takes `lookback` sessions."""
    folds = FoldSettings(min_train=min_train, validation_size=validation, n_folds=n_folds)
    found = fit_settings(n_sessions, folds, lookback=10, holdout=63, horizon=horizon)
    # By hand: a window of 1, 10 held out, 3 to validate, 5 to train, and the horizon purged twice, all without a gap.
    assert (found is not None) == (n_sessions >= 1 + 10 + 3 + 5 + 2 * horizon)
    assert found is not None or n_sessions < 40
    if found is None:
        return
    sessions = pd.bdate_range("2024-01-01", periods=n_sessions - found.lookback)
    cut = cut_folds(sessions, found.folds, horizon=horizon)
    held_out = final_fold(sessions, found.folds, n_test=found.holdout, horizon=horizon)
    assert all(len(fold.train) and len(fold.test) for fold in (*cut, held_out))


def test_settings_that_fit_stay_as_they_are() -> None:
    """By hand: 500 + 5 purged + 63 held out are 568 sessions after a window of 10."""
    found = fit_settings(578, FoldSettings(), lookback=10, holdout=63)
    assert found is not None
    assert (found.folds, found.lookback, found.holdout) == (FoldSettings(), 10, 63)


def test_eighty_bars_have_settings_and_seventy_have_none() -> None:
    """By hand: 60 sessions warm up, so that 20 are left; 1 + 10 held out + 3 + 5 are 19, and 10 are too few."""
    found = fit_settings(20, FoldSettings(n_folds=8), lookback=10, holdout=63)
    assert found is not None
    assert (found.lookback, found.holdout, found.folds.validation_size, found.folds.gap) == (1, 10, 3, 0)
    assert (found.folds.min_train, found.folds.n_folds) == (9, 2)
    assert fit_settings(10, FoldSettings(), lookback=10, holdout=63) is None
