"""Folds that fit a history: the settings' own where they do, else the nearest that would."""

from stockseq.dataset.folds import FoldSettings

# Below this neither training nor testing says anything; a test of a month is the least that is worth its fit.
LEAST_TRAIN, LEAST_TEST = 60, 21


def suggest_folds(n_sessions: int, settings: FoldSettings, *, horizon: int = 0) -> FoldSettings | None:
    """Return settings of folds that fit so many sessions with samples; those given where they fit, None where none do.

    A third is tested, or what is left after the first train, so that the folds are of one size.

    Parameters
    ----------
    n_sessions : int
        Sessions that have samples: past the warm-up and the first window.
    settings : FoldSettings
    horizon : int, default=0
        Sessions from the entry to the exit.

    Examples
    --------
    >>> suggest_folds(1000, FoldSettings()) == FoldSettings()
    True
    >>> small = suggest_folds(240, FoldSettings())
    >>> small.min_train, small.validation_size, small.test_size
    (155, 38, 40)
    >>> suggest_folds(70, FoldSettings()) is None
    True
    """
    purge = horizon + settings.gap
    if n_sessions >= settings.min_train + purge + LEAST_TEST and settings.min_train > settings.validation_size + purge:
        return settings
    min_train = (2 * n_sessions) // 3 - purge
    validation_size = min(settings.validation_size, min_train // 4)
    test_size = min(settings.test_size, (n_sessions - min_train - purge) // 2)
    if min_train - validation_size - purge < LEAST_TRAIN or test_size < LEAST_TEST:
        return None
    return settings.model_copy(
        update={"min_train": min_train, "validation_size": validation_size, "test_size": test_size, "n_folds": None}
    )
