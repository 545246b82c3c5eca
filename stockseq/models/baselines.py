"""What a model must beat: forecasters that know little, fitted and scored on the same samples."""

from typing import Literal

import numpy as np
import numpy.typing as npt
import pandas as pd
from sklearn.linear_model import LogisticRegression

from stockseq.dataset.panel import Panel
from stockseq.dataset.samples import Samples
from stockseq.dataset.scaling import Scaler
from stockseq.errors import TooFewSessions
from stockseq.schemas import Forecasts, as_forecasts

Baseline = Literal["majority", "momentum", "logistic"]
BASELINES: tuple[Baseline, ...] = ("majority", "momentum", "logistic")
# Twelve weeks without the last: the default features' own momentum.
MOMENTUM = "momentum_60_5"
SUREST = 1e-6


def forecast_baseline(
    name: Baseline, panel: Panel, train: Samples, test: Samples, *, momentum: str = MOMENTUM
) -> Forecasts:
    """Fit a baseline on the training samples and forecast the test samples.

    Parameters
    ----------
    name : "majority", "momentum" or "logistic"
        majority: the share of up among the training samples, for all. momentum: the sign of one feature, believed as
        often as it was right in training (at least half the time). logistic: logistic regression on the last row of
        each window, scaled by the training rows.
    panel : Panel
    train, test : Samples of the panel
    momentum : str
        The feature whose sign is followed.

    Returns
    -------
    Forecasts of len(test) rows
        `expected_return` is (2 p - 1) times the mean absolute return of the training samples.

    Raises
    ------
    TooFewSessions
        If there is no training sample.
    ValueError
        If the name is unknown or the panel lacks the momentum feature.
    """
    if name not in BASELINES:
        raise ValueError(f"A baseline is one of {', '.join(BASELINES)}, received {name!r}.")
    if not len(train):
        raise TooFewSessions("A baseline needs training samples, and there are none; ingest a longer history.")
    if name == "majority":
        up = np.full(len(test), train.up.mean())
    elif name == "momentum":
        up = _momentum(panel, train, test, momentum)
    else:
        up = _logistic(panel, train, test)
    keys = panel.keys.loc[test.ends, ["ticker", "session", "decision_at"]].reset_index(drop=True)
    up = np.clip(up, SUREST, 1 - SUREST)
    expected = (2 * up - 1) * float(np.abs(train.realised_return).mean())
    return as_forecasts(keys.assign(probability_up=up, expected_return=expected))


def _momentum(panel: Panel, train: Samples, test: Samples, feature: str) -> npt.NDArray[np.float64]:
    if feature not in panel.names:
        raise ValueError(f"Momentum follows the feature {feature!r}, which the panel lacks; it has {panel.names}.")
    rises = panel.indicators[:, panel.names.index(feature)] > 0
    # At exactly one half it would name no direction, and always count as "not up".
    right = max(float((rises[train.ends] == train.up).mean()), 0.5 + SUREST)
    return np.where(rises[test.ends], right, 1 - right)


def _logistic(panel: Panel, train: Samples, test: Samples) -> npt.NDArray[np.float64]:
    if not len(test) or train.up.all() or not train.up.any():
        return np.full(len(test), train.up.mean())
    scaler = Scaler.fit(panel.indicators[train.ends])
    regression = LogisticRegression(max_iter=1000)
    regression.fit(scaler.transform(panel.indicators[train.ends]), train.up)
    return np.asarray(regression.predict_proba(scaler.transform(panel.indicators[test.ends]))[:, 1])


def forecast_baselines(panel: Panel, train: Samples, test: Samples) -> dict[str, pd.DataFrame]:
    """Return the forecasts of every baseline that the panel's features allow, by name."""
    names = [name for name in BASELINES if name != "momentum" or MOMENTUM in panel.names]
    return {name: forecast_baseline(name, panel, train, test) for name in names}
