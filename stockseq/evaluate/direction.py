"""How well a forecast names the direction: accuracy, its balanced forms, and the ranking behind it.

Every function takes columns of shape (n,), without a NaN, and raises TypeError or ValueError in one sentence otherwise.
Where scikit-learn would warn or give a 0 or a 1 that looks like a result, they give None.
"""

import numpy as np
import numpy.typing as npt

from stockseq.evaluate.rows import require_rows

Flags = npt.NDArray[np.bool_]
Numbers = npt.NDArray[np.float64]


def accuracy(up: Flags, forecast_up: Flags) -> float:
    """Return the share of rows whose direction was named; `up` and `forecast_up` have shape (n,).

    Examples
    --------
    >>> accuracy(np.array([True, False]), np.array([True, True]))
    0.5
    """
    require_rows(flags={"up": up, "forecast_up": forecast_up})
    return float((up == forecast_up).mean())


def accuracy_by_chance(up: Flags, forecast_up: Flags) -> float:
    """Return the accuracy expected of forecasts as often up as these, placed without skill.

    It is what Pesaran and Timmermann (1992) test the accuracy against.

    Examples
    --------
    >>> accuracy_by_chance(np.array([True, True, True, False]), np.array([True, True, True, True]))
    0.75
    """
    require_rows(flags={"up": up, "forecast_up": forecast_up})
    share_up, share_forecast = float(up.mean()), float(forecast_up.mean())
    return share_up * share_forecast + (1 - share_up) * (1 - share_forecast)


def balanced_accuracy(up: Flags, forecast_up: Flags) -> float | None:
    """Return the mean of the accuracies on rising and on falling rows; None where all rose or none did.

    Examples
    --------
    >>> balanced_accuracy(np.array([True, True, True, False]), np.array([True, True, True, True]))
    0.5
    """
    from sklearn import metrics

    require_rows(flags={"up": up, "forecast_up": forecast_up})
    if up.all() or not up.any():
        return None
    return float(metrics.balanced_accuracy_score(up, forecast_up))


def matthews_correlation(up: Flags, forecast_up: Flags) -> float | None:
    """Return the correlation of the two directions, in [-1, 1]; None where either never changes.

    Examples
    --------
    >>> matthews_correlation(np.array([True, False]), np.array([True, False]))
    1.0
    """
    from sklearn import metrics

    require_rows(flags={"up": up, "forecast_up": forecast_up})
    if up.all() or not up.any() or forecast_up.all() or not forecast_up.any():
        return None
    return float(metrics.matthews_corrcoef(up, forecast_up))


def area_under_curve(up: Flags, score: Numbers) -> float | None:
    """Return the chance that a rising row was scored above a falling one, ties half; None without both.

    References
    ----------
    Mann & Whitney (1947): the area under the ROC curve is their U over the number of pairs.

    Examples
    --------
    >>> area_under_curve(np.array([True, False, True]), np.array([0.9, 0.5, 0.5]))
    0.75
    """
    from sklearn import metrics

    require_rows(flags={"up": up}, numbers={"score": score})
    if up.all() or not up.any():
        return None
    return float(metrics.roc_auc_score(up, score))
