"""Settings that fit a short history, computed all at once: each that is too long costs the user no run of its own."""

from dataclasses import dataclass

from stockseq.dataset.folds import FoldSettings

# A holdout is at least that long by its setting; fewer sessions stop nothing early, and train nothing.
LEAST_HOLDOUT, LEAST_VALIDATION = 10, 3
GOOD_TRAIN, LEAST_TRAIN = 30, 5
SHORT_LOOKBACK, SHORT_GAP = 5, 1


@dataclass(frozen=True)
class FittingSettings:
    """Settings under which a history can be trained on, held out and walked through."""

    folds: FoldSettings
    lookback: int
    holdout: int

    def changed(self, folds: FoldSettings, *, lookback: int, holdout: int) -> str:
        """Return what differs from the settings in force, as SET takes it; "" where nothing does.

        Examples
        --------
        >>> FittingSettings(FoldSettings(gap=1), 5, 63).changed(FoldSettings(), lookback=10, holdout=63)
        'folds.gap=1 network.lookback=5'
        """
        names = ("min_train", "validation_size", "n_folds", "gap")
        wanted = {f"folds.{name}": (getattr(folds, name), getattr(self.folds, name)) for name in names}
        wanted |= {"network.lookback": (lookback, self.lookback), "daily.holdout": (holdout, self.holdout)}
        return " ".join(f"{name}={now}" for name, (before, now) in wanted.items() if before != now)


def fit_settings(
    n_sessions: int, folds: FoldSettings, *, lookback: int, holdout: int, horizon: int = 0
) -> FittingSettings | None:
    """Return the settings nearest to these that fit a history, or None where it is too short for any.

    Parameters
    ----------
    n_sessions : int
        Sessions with features and a label, before the first window is filled.
    folds : FoldSettings
    lookback, holdout : int
        Sessions of a window, and those that no training sees.
    horizon : int, default=0
        Sessions from the entry to the exit of a trade.

    Examples
    --------
    >>> fitting = fit_settings(60, FoldSettings(), lookback=10, holdout=63)
    >>> fitting.lookback, fitting.holdout, fitting.folds.min_train, fitting.folds.validation_size, fitting.folds.gap
    (10, 10, 39, 6, 1)
    >>> fit_settings(15, FoldSettings(), lookback=10, holdout=63) is None
    True
    """
    windows = dict.fromkeys([lookback, min(lookback, SHORT_LOOKBACK), 1])
    gaps = dict.fromkeys([folds.gap, min(folds.gap, SHORT_GAP), 0])
    for least_train in (GOOD_TRAIN, LEAST_TRAIN):
        for window in windows:
            for gap in gaps:
                found = _cut(n_sessions - window, folds, purge=horizon + gap, holdout=holdout, least=least_train)
                if found is not None:
                    changed, held_out = found
                    return FittingSettings(changed.model_copy(update={"gap": gap}), window, held_out)
    return None


def _cut(
    n_samples: int, folds: FoldSettings, *, purge: int, holdout: int, least: int
) -> tuple[FoldSettings, int] | None:
    """Return folds and holdout for so many sessions that end a window, if `least` are left to train on."""
    held_out = max(LEAST_HOLDOUT, min(holdout, n_samples // 5))
    share = n_samples // 8 if least == GOOD_TRAIN else 0
    validation = min(folds.validation_size, max(LEAST_VALIDATION, share))
    left_out = validation + (purge if validation else 0)
    min_train = min(max(folds.min_train, left_out + least), n_samples - purge - held_out)
    trained = min(min_train, folds.max_train or min_train) - left_out
    if trained < least:
        return None
    n_folds = folds.n_folds if folds.n_folds is None else min(folds.n_folds, max(1, held_out // 5))
    return folds.model_copy(
        update={"min_train": min_train, "validation_size": validation, "n_folds": n_folds}
    ), held_out
