"""How well a probability says what happens: Brier score, log loss and calibration.

Every function takes `up`, bool, and `probability` in [0, 1], both of shape (n,) and without a NaN, and raises TypeError
or ValueError in one sentence otherwise.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from stockseq.evaluate.rows import require_rows

Flags = npt.NDArray[np.bool_]
Numbers = npt.NDArray[np.float64]

# A probability of exactly 0 or 1 that fails would cost infinitely much; scikit-learn clips at the same place.
CLIP = float(np.finfo(np.float64).eps)
N_BINS = 10


def brier_score(up: Flags, probability: Numbers) -> float:
    """Return the mean squared distance of probability and outcome.

    Examples
    --------
    >>> brier_score(np.array([True, False]), np.array([0.5, 1.0]))
    0.625
    """
    from sklearn import metrics

    require_rows(flags={"up": up}, probabilities={"probability": probability})
    return float(metrics.brier_score_loss(up, probability, labels=[False, True], pos_label=True))


def log_loss(up: Flags, probability: Numbers) -> float:
    """Return the mean of minus the log of the probability given to what happened, in nats.

    Examples
    --------
    >>> round(log_loss(np.array([True, False]), np.array([0.5, 0.5])), 4)
    0.6931
    """
    from sklearn import metrics

    require_rows(flags={"up": up}, probabilities={"probability": probability})
    return float(metrics.log_loss(up, probability, labels=[False, True]))


def brier_losses(up: Flags, probability: Numbers) -> Numbers:
    """Return (probability - outcome)^2 of each row, shape (n,), which pairs of models are compared by.

    Examples
    --------
    >>> brier_losses(np.array([True, False]), np.array([0.5, 1.0])).tolist()
    [0.25, 1.0]
    """
    require_rows(flags={"up": up}, probabilities={"probability": probability})
    return (probability - up) ** 2


def log_losses(up: Flags, probability: Numbers) -> Numbers:
    """Return minus the log of the probability given to what happened, shape (n,), in nats, by row as `brier_losses`.

    Examples
    --------
    >>> log_losses(np.array([True, False]), np.array([0.5, 0.5])).round(4).tolist()
    [0.6931, 0.6931]
    """
    require_rows(flags={"up": up}, probabilities={"probability": probability})
    return -np.log(np.clip(np.where(up, probability, 1.0 - probability), CLIP, 1.0))


def calibration(up: Flags, probability: Numbers) -> tuple[float, float] | None:
    """Return intercept and slope of the logistic regression of the outcome on the log odds.

    Ideal are 0 and 1; a slope below 1 says that the forecast is too sure of itself. None where the forecasts never
    change, or separate rising from falling rows without a mistake, so that no finite slope is best.

    References
    ----------
    Cox (1958), Biometrika 45; statsmodels 0.15.0 `Logit`, without a penalty.

    Examples
    --------
    >>> fitted = calibration(np.array([True, False, True, False, True]), np.array([0.8, 0.8, 0.8, 0.2, 0.2]))
    >>> [round(value, 4) for value in fitted]
    [0.3466, 0.25]
    """
    from scipy.special import logit
    from statsmodels.discrete.discrete_model import Logit

    require_rows(flags={"up": up}, probabilities={"probability": probability})
    odds = logit(np.clip(probability, CLIP, 1.0 - CLIP))
    if up.all() or not up.any() or odds.max() == odds.min() or _separates(up, odds):
        return None
    design = np.column_stack([np.ones_like(odds), odds])
    # Forecasts of exactly 0 or 1 lie so far out that the steps on the way overflow, harmlessly.
    with np.errstate(over="ignore", divide="ignore"):
        try:
            fitted = Logit(up.astype(np.float64), design).fit(
                method="newton", tol=1e-10, maxiter=100, disp=False, skip_hessian=True, warn_convergence=False
            )
        except np.linalg.LinAlgError:
            return None
    return (float(fitted.params[0]), float(fitted.params[1])) if fitted.mle_retvals["converged"] else None


def expected_calibration_error(up: Flags, probability: Numbers) -> float:
    """Return the mean distance of forecast and frequency over ten equal-width bins, weighted by their rows.

    Examples
    --------
    >>> expected_calibration_error(np.array([True, False]), np.array([0.75, 0.75]))
    0.25
    """
    bins = _bins(up, probability)
    return float((bins.share * np.abs(bins.frequency - bins.forecast)).sum())


@dataclass(frozen=True)
class Decomposition:
    """The Brier score taken apart: reliability - resolution + uncertainty + remainder.

    `reliability` is the cost of wrong levels, `resolution` the gain from forecasts that differ, `uncertainty` the score
    of the base rate; `remainder` is what the spread of forecasts within a bin adds.
    """

    reliability: float
    resolution: float
    uncertainty: float
    remainder: float


def decompose_brier(up: Flags, probability: Numbers) -> Decomposition:
    """Take the Brier score apart over ten equal-width bins.

    References
    ----------
    Murphy (1973), Journal of Applied Meteorology 12; Stephenson, Coelho & Jolliffe (2008) for what bins leave over.

    Examples
    --------
    >>> decompose_brier(np.array([True, False]), np.array([0.75, 0.75]))
    Decomposition(reliability=0.0625, resolution=0.0, uncertainty=0.25, remainder=0.0)
    """
    bins = _bins(up, probability)
    base = float(up.mean())
    reliability = float((bins.share * (bins.forecast - bins.frequency) ** 2).sum())
    resolution = float((bins.share * (bins.frequency - base) ** 2).sum())
    uncertainty = base * (1 - base)
    remainder = brier_score(up, probability) - (reliability - resolution + uncertainty)
    return Decomposition(reliability, resolution, uncertainty, remainder)


@dataclass(frozen=True)
class _Bins:
    """Per bin that holds rows: its share of them, their mean forecast, and how often they rose."""

    share: Numbers
    forecast: Numbers
    frequency: Numbers


def _bins(up: Flags, probability: Numbers) -> _Bins:
    require_rows(flags={"up": up}, probabilities={"probability": probability})
    bins = np.minimum((probability * N_BINS).astype(int), N_BINS - 1)
    counts = np.bincount(bins, minlength=N_BINS)
    filled = counts > 0
    sums = np.bincount(bins, probability, N_BINS)[filled]
    rises = np.bincount(bins, up.astype(np.float64), N_BINS)[filled]
    return _Bins(counts[filled] / len(up), sums / counts[filled], rises / counts[filled])


def _separates(up: Flags, odds: Numbers) -> bool:
    return bool(odds[up].min() >= odds[~up].max() or odds[up].max() <= odds[~up].min())
