"""Folds that are suggested are folds that fit."""

import pandas as pd
import pytest

from stockseq.dataset.fold_advice import suggest_folds
from stockseq.dataset.folds import FoldSettings, cut_folds


@pytest.mark.parametrize("n_sessions", range(130, 900, 35))
@pytest.mark.parametrize("horizon", [0, 10])
def test_what_is_suggested_can_be_cut(n_sessions: int, horizon: int) -> None:
    """Advice that fails is worse than none."""
    settings = suggest_folds(n_sessions, FoldSettings(), horizon=horizon)
    if settings is not None:
        folds = cut_folds(pd.bdate_range("2020-01-01", periods=n_sessions), settings, horizon=horizon)
        assert len(folds) >= 1


def test_settings_that_fit_are_left_alone_and_too_few_sessions_get_none() -> None:
    """Nothing that is worth its fit is left of 90 sessions."""
    assert suggest_folds(700, FoldSettings()) == FoldSettings()
    assert suggest_folds(90, FoldSettings()) is None
