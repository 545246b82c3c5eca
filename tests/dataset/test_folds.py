"""Walk-forward folds keep every training label before the first test decision."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from sklearn.model_selection import TimeSeriesSplit

from stockseq.dataset.folds import Fold, FoldSettings, cut_folds, final_fold
from stockseq.errors import TooFewSessions

SESSIONS = pd.bdate_range("2024-01-01", periods=30)


def places(sessions: pd.DatetimeIndex) -> list[int]:
    return SESSIONS.get_indexer(sessions).tolist()


def spans(folds: tuple[Fold, ...]) -> list[list[list[int]]]:
    """Return first and last place of train, validation (if any) and test of each fold."""
    return [
        [[p[0], p[-1]] for part in (fold.train, fold.validation, fold.test) if (p := places(part))] for fold in folds
    ]


def settings(**changes: int | None) -> FoldSettings:
    return FoldSettings(**{"min_train": 12, "test_size": 5, "validation_size": 0, "gap": 0, **changes})


def test_folds_of_the_specification_without_validation() -> None:
    """EVALUATION 2, worked by hand: n 30, min_train 12, test 5, lag 1, horizon 0."""
    assert spans(cut_folds(SESSIONS, settings(), lag=1)) == [
        [[0, 11], [13, 17]],
        [[0, 16], [18, 22]],
        [[0, 21], [23, 27]],
        [[0, 26], [28, 29]],
    ]


def test_folds_of_the_specification_with_validation() -> None:
    """EVALUATION 2, worked by hand: the same with horizon 4 and validation 4, purged like the test."""
    assert spans(cut_folds(SESSIONS, settings(validation_size=4), lag=1, horizon=4)) == [
        [[0, 2], [8, 11], [17, 21]],
        [[0, 7], [13, 16], [22, 26]],
        [[0, 12], [18, 21], [27, 29]],
    ]


def test_folds_equal_scikit_learns_time_series_split() -> None:
    """TimeSeriesSplit(3, test_size=5, gap=2) of scikit-learn 1.9.1 is lag 1, horizon 1, min_train 13."""
    theirs = [(a.tolist(), b.tolist()) for a, b in TimeSeriesSplit(3, test_size=5, gap=2).split(np.zeros(30))]
    ours = [
        (places(fold.train), places(fold.test))
        for fold in cut_folds(SESSIONS, settings(min_train=13), lag=1, horizon=1)
    ]
    assert ours == theirs


def test_rolling_folds_keep_the_newest_train_sessions() -> None:
    """As skfolio 1.12.2 WalkForward(5, 12, purged_size=2): trains 0-11, 5-16, 10-21; ours adds the short last test."""
    assert spans(cut_folds(SESSIONS, settings(max_train=12), lag=1, horizon=1)) == [
        [[0, 11], [14, 18]],
        [[5, 16], [19, 23]],
        [[10, 21], [24, 28]],
        [[15, 26], [29, 29]],
    ]


@given(
    n=st.integers(2, 30),
    lag=st.integers(0, 2),
    horizon=st.integers(0, 4),
    gap=st.integers(0, 4),
    validation=st.integers(0, 6),
    test_size=st.integers(1, 9),
    rolling=st.none() | st.integers(1, 20),
)
def test_no_label_reaches_the_decisions_it_is_scored_on(
    n: int, lag: int, horizon: int, gap: int, validation: int, test_size: int, rolling: int | None
) -> None:
    """For every lag, horizon and gap: labels end before validation and test, and tests never overlap."""
    chosen = settings(min_train=8, validation_size=validation, test_size=test_size, gap=gap, max_train=rolling)
    try:
        folds = cut_folds(SESSIONS[:n], chosen, lag=lag, horizon=horizon)
    except TooFewSessions:
        assume(False)
    purge = lag + horizon + gap
    tested = [place for fold in folds for place in places(fold.test)]
    assert tested == list(range(tested[0], n))
    for fold in folds:
        assert len(fold.train) >= 1
        assert len(fold.validation) == validation
        following = places(fold.validation) or places(fold.test)
        assert places(fold.train)[-1] + purge < following[0]
        assert (places(fold.validation) or places(fold.train))[-1] + purge < places(fold.test)[0]


@pytest.mark.parametrize(("n_folds", "lengths"), [(1, [17]), (2, [9, 8]), (5, [4, 3, 4, 3, 3]), (17, [1] * 17)])
def test_as_many_folds_as_are_asked_for(n_folds: int, lengths: list[int]) -> None:
    """By hand: 17 sessions follow 12 and a purge of 1; the k-th of 5 tests ends after 17 k / 5, rounded up."""
    folds = cut_folds(SESSIONS, settings(n_folds=n_folds), lag=1)
    assert [len(fold.test) for fold in folds] == lengths
    assert places(folds[0].test)[0] == 13


def test_more_folds_than_fit_are_refused_with_the_number_that_does() -> None:
    """Fewer in silence would be another backtest than the one that was asked for."""
    told = r"^18 folds don't fit, at most 17 do: .* 13 come before the first test \(12 to train, 1 purged\)"
    with pytest.raises(TooFewSessions, match=told):
        cut_folds(SESSIONS, settings(n_folds=18), lag=1)


def test_the_final_fold_holds_out_the_newest_sessions() -> None:
    """Candidate and champion are compared on the last sessions; 0 held out fits for the session to come."""
    chosen = settings(validation_size=4, gap=1)
    assert spans((final_fold(SESSIONS, chosen, n_test=5),)) == [[[0, 18], [20, 23], [25, 29]]]
    assert spans((final_fold(SESSIONS, chosen, n_test=0),)) == [[[0, 23], [25, 28]]]


def test_too_few_sessions_are_a_sentence() -> None:
    """A short history must say how many sessions it lacks, and never train on less in silence."""
    with pytest.raises(TooFewSessions, match="more than 13 sessions"):
        cut_folds(SESSIONS[:13], settings(), lag=1)
    with pytest.raises(TooFewSessions, match="12 validation sessions and 1 purged"):
        cut_folds(SESSIONS, settings(validation_size=12), lag=1)
    with pytest.raises(TooFewSessions, match="held out"):
        final_fold(SESSIONS, settings(), n_test=19)


def test_the_final_fold_fits_when_just_enough_sessions_come_before_it() -> None:
    """30 sessions, 12 to train and 2 purged: 16 may be held out, and not 17."""
    assert spans((final_fold(SESSIONS, settings(gap=1), n_test=16, lag=1),)) == [[[0, 11], [14, 29]]]
    with pytest.raises(TooFewSessions, match="12 sessions and 2 purged before 17 held out, received 30"):
        final_fold(SESSIONS, settings(gap=1), n_test=17, lag=1)


def test_sessions_out_of_order_are_refused() -> None:
    """Positions stand for time only where sessions ascend."""
    with pytest.raises(ValueError, match="ascend"):
        cut_folds(SESSIONS[::-1], settings())
    with pytest.raises(ValueError, match="at least 0"):
        cut_folds(SESSIONS, settings(), lag=-1)
