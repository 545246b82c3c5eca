"""Classifiers that know no order of time: each window laid out in one row, lookback times features long."""

from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import pandas as pd
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.linear_model import LogisticRegression

from stockseq.dataset.panel import Panel
from stockseq.dataset.samples import Samples
from stockseq.dataset.scaling import Scaler
from stockseq.dataset.windows import gather, window_rows

Kind = Literal["logistic", "boosting"]

# Rows laid out at once for a prediction.
CHUNK = 50_000
# Boosting 300,000 windows of 300 numbers was measured at two minutes on two busy cores, the regression at seconds.
MOST_BOOSTED = 100_000
# A standard deviation of one of some 300 numbers moves a probability by about 0.75 points: with the library's
# own 1.0 the regression learns noise, and a weak opponent flatters the model.
WEIGHT_SPREAD = 0.03


def classify_windows(
    kind: Kind, panel: Panel, columns: list[int], train: Samples, test: Samples, *, lookback: int
) -> npt.NDArray[np.float64]:
    """Fit a classifier of the direction on the training windows and return its probability of up for the test windows.

    Parameters
    ----------
    kind : "logistic" or "boosting"
        Logistic regression on all training windows, or gradient boosting on at most 100,000, of whole sessions evenly
        spread. Neither stops early, so neither needs validation sessions.
    panel : Panel
    columns : list of int
        The features to read.
    train, test : Samples of the panel, with windows of `lookback` rows behind them
    lookback : int
        Rows of a window.

    Returns
    -------
    float64 array of shape (len(test),)
        The training samples' share of up where they all went one way.
    """
    if not len(test) or train.up.all() or not train.up.any():
        return np.full(len(test), float(train.up.mean()))
    fitted = _thinned(train, MOST_BOOSTED) if kind == "boosting" else train
    read = panel.indicators[:, columns]
    matrix = Scaler.fit(read[window_rows(train.ends, lookback)]).transform(read)
    model = _classifier(kind).fit(_flat(matrix, fitted.ends, lookback), fitted.up)
    chunks = [test.ends[start : start + CHUNK] for start in range(0, len(test), CHUNK)]
    return np.concatenate([model.predict_proba(_flat(matrix, ends, lookback))[:, 1] for ends in chunks]).astype(float)


def _classifier(kind: Kind) -> Any:
    if kind == "logistic":
        return LogisticRegression(C=WEIGHT_SPREAD**2, max_iter=1000)
    return HistGradientBoostingClassifier(
        learning_rate=0.05,
        max_iter=50,
        max_leaf_nodes=8,
        min_samples_leaf=50,
        max_bins=64,
        early_stopping=False,
        random_state=0,
    )


def _flat(matrix: npt.NDArray[np.float32], ends: npt.NDArray[np.int64], lookback: int) -> npt.NDArray[np.float32]:
    return gather(matrix, ends, lookback).reshape(len(ends), -1)


def _thinned(samples: Samples, most: int) -> Samples:
    """Return the samples of every k-th session, counted from the newest, so that at most about `most` are left."""
    step = -(-len(samples) // most)
    return samples.on(pd.DatetimeIndex(np.unique(samples.session)[::-step])) if step > 1 else samples
