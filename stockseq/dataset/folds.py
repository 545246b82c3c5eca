"""Walk-forward folds: train on the past, test on what follows, with a purge between."""

from dataclasses import dataclass
from itertools import pairwise

import pandas as pd
from pydantic import Field

from stockseq.arguments import SettingsModel
from stockseq.errors import TooFewSessions


class FoldSettings(SettingsModel, frozen=True):
    """How the sessions are cut into folds."""

    min_train: int = Field(500, ge=1, description="Sessions of the first fold's train and validation together.")
    test_size: int = Field(63, ge=1, description="Sessions of each test; the model is fitted anew for each.")
    n_folds: int | None = Field(None, ge=1, description="Cut what follows the first train into so many tests instead.")
    validation_size: int = Field(63, ge=0, description="Last train sessions kept for early stopping and thresholds.")
    gap: int = Field(5, ge=0, description="Sessions left out before validation and test, beyond the label's own.")
    max_train: int | None = Field(
        None, ge=1, description="Keep only so many train sessions, the newest (rolling); None keeps all (expanding)."
    )


@dataclass(frozen=True)
class Fold:
    """One walk-forward train / validation / test, each ascending sessions; all tickers share them."""

    train: pd.DatetimeIndex
    validation: pd.DatetimeIndex
    test: pd.DatetimeIndex


def cut_folds(
    sessions: pd.DatetimeIndex, settings: FoldSettings, *, lag: int = 0, horizon: int = 0
) -> tuple[Fold, ...]:
    """Cut sessions into folds whose training labels have all ended before the first test decision.

    Parameters
    ----------
    sessions : DatetimeIndex of n_sessions
        Ascending, without repeats. Position p stands for the samples of that session, of all tickers.
    settings : FoldSettings
        Sizes and gap.
    lag : int, default=0
        Sessions from the decision to the entry.
    horizon : int, default=0
        Sessions from the entry to the exit, as `parse_label` gives them.

    Returns
    -------
    tuple of Fold
        A sample at p trains for a test that starts at F only if p + lag + horizon + gap < F, strictly: an exit on the
        session of F may come after the decision of F. The same holds between train and validation. Test sessions
        follow one another without overlap; of tests of `test_size` the last may be shorter, and `n_folds` tests differ
        by a session at most.

    Raises
    ------
    TooFewSessions
        If not one fold fits, or fewer than `n_folds`, or validation and purge leave no train session.
    ValueError
        If sessions aren't ascending, or `lag` or `horizon` is negative.

    References
    ----------
    Lopez de Prado (2018), Advances in Financial Machine Learning, chapter 7.

    Examples
    --------
    >>> sessions = pd.bdate_range("2024-01-01", periods=30)
    >>> settings = FoldSettings(min_train=12, test_size=5, validation_size=0, gap=0)
    >>> [(len(fold.train), len(fold.test)) for fold in cut_folds(sessions, settings, lag=1)]
    [(12, 5), (17, 5), (22, 5), (27, 2)]
    """
    purge = _purge(sessions, settings, lag, horizon)
    first = settings.min_train + purge
    if len(sessions) <= first:
        raise TooFewSessions(
            f"Walk-forward needs more than {first} sessions ({settings.min_train} to train, {purge} purged), received "
            f"{len(sessions)}. Ingest a longer history or lower `min_train`."
        )
    n_tested = len(sessions) - first
    if settings.n_folds is None:
        starts = [*range(first, len(sessions), settings.test_size), len(sessions)]
    elif settings.n_folds <= n_tested:
        # Rounded up, so that the earlier tests are the longer ones, by a session at most.
        starts = [first - (-n_tested * number // settings.n_folds) for number in range(settings.n_folds + 1)]
    else:
        raise TooFewSessions(
            f"{settings.n_folds} folds don't fit, at most {n_tested} do: each tests one session or more, and of "
            f"{len(sessions)} sessions {first} come before the first test ({settings.min_train} to train, {purge} "
            "purged). Ask for fewer folds or ingest a longer history."
        )
    return tuple(_fold(sessions, settings, purge, start, stop) for start, stop in pairwise(starts))


def final_fold(
    sessions: pd.DatetimeIndex, settings: FoldSettings, *, n_test: int, lag: int = 0, horizon: int = 0
) -> Fold:
    """Return the one fold that tests on the last `n_test` sessions; `n_test` 0 fits for the session to come.

    The parameters and errors are those of `cut_folds`; `test_size` of the settings plays no part.

    Examples
    --------
    >>> sessions = pd.bdate_range("2024-01-01", periods=30)
    >>> fold = final_fold(sessions, FoldSettings(min_train=12, validation_size=4, gap=1), n_test=5)
    >>> len(fold.train), len(fold.validation), len(fold.test)
    (19, 4, 5)
    """
    purge = _purge(sessions, settings, lag, horizon)
    start = len(sessions) - n_test
    if n_test < 0 or start < settings.min_train + purge:
        raise TooFewSessions(
            f"Training needs {settings.min_train} sessions and {purge} purged before {n_test} held out, received "
            f"{len(sessions)}. Ingest a longer history, lower `min_train` or hold out fewer."
        )
    return _fold(sessions, settings, purge, start, len(sessions))


def _purge(sessions: pd.DatetimeIndex, settings: FoldSettings, lag: int, horizon: int) -> int:
    if lag < 0 or horizon < 0:
        raise ValueError(f"`lag` and `horizon` must be at least 0 sessions, received {lag} and {horizon}.")
    if not (sessions.is_monotonic_increasing and sessions.is_unique):
        raise ValueError("`sessions` must ascend without repeats; sort them and drop duplicates.")
    return lag + horizon + settings.gap


def _fold(sessions: pd.DatetimeIndex, settings: FoldSettings, purge: int, start: int, stop: int) -> Fold:
    end = start - purge
    begin = 0 if settings.max_train is None else max(0, end - settings.max_train)
    validation = end - settings.validation_size
    fitted = validation - purge if settings.validation_size else end
    if fitted <= begin:
        raise TooFewSessions(
            f"{settings.validation_size} validation sessions and {purge} purged leave none of {end - begin} to train. "
            f"Raise `min_train` (and `max_train`) above {settings.validation_size + purge}."
        )
    return Fold(train=sessions[begin:fitted], validation=sessions[validation:end], test=sessions[start:stop])
