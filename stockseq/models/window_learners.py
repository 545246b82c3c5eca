"""Learners that know no order of time: of the direction, and of the return against the session's other tickers."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from stockseq.dataset.panel import Panel
from stockseq.dataset.samples import Samples
from stockseq.dataset.windows import window_rows
from stockseq.models.cross_section import fit_scaler, read_scaled
from stockseq.models.lagged_linear import LaggedWindows, fit_logistic, fit_ridge
from stockseq.models.training_record import Thinned
from stockseq.models.training_targets import compute_relative
from stockseq.ranges import draw_positions

Kind = Literal["linear", "boosting"]
Numbers = npt.NDArray[np.float64]
Rows = npt.NDArray[np.float32]

# Windows laid out at once.
CHUNK = 50_000
# A standard deviation of one of some 300 numbers moves a probability by about 0.75 points: with the library's
# own 1.0 the regression learns noise, and a weak opponent flatters the model.
WEIGHT_SPREAD = 0.03
RIDGE_PENALTY = 1_000.0
# In standard deviations of the session: what one ticker did beyond, by an earnings surprise, teaches nothing of ranks.
LIMIT = 3.0
# Chosen on sessions of 2010 to 2013 of 120 S&P 500 tickers, where leaves of 200 windows learnt noise.
LARGEST_LEAF, SMALLEST_LEAF, LEAVES_OF_ALL = 1_000, 20, 100
# Windows that boosting learns from at most: it holds each in double precision, of ten million some five gigabytes.
MOST_BOOSTED = 1_000_000


@dataclass(frozen=True)
class LearnerRows:
    """What learners read of the panel's rows.

    Parameters
    ----------
    values : float32 array of shape (n_rows, n_features)
        Scaled by what the training windows read.
    names : tuple of n_features str
        Without the features that never move in training, of which nothing can be learnt: scaled, they are 0 throughout.
    """

    values: Rows
    names: tuple[str, ...]

    def of(self, names: Sequence[str]) -> Rows:
        """Return the columns of these features, as far as they are there; of shape (n_rows, n)."""
        columns = [position for position, name in enumerate(self.names) if name in names]
        return self.values if len(columns) == len(self.names) else self.values[:, columns]


def scale_rows(panel: Panel, train: Samples, lookback: int) -> LearnerRows:
    """Return the panel's indicators that move in training, scaled by what the training windows read."""
    scaler = fit_scaler(panel, window_rows(train.ends, lookback), panel.names)
    moving = [number for number, spread in enumerate(scaler.spread) if spread > 0]
    names = tuple(panel.names[number] for number in moving)
    return LearnerRows(read_scaled(panel, np.arange(len(panel)), names, scaler.of(moving)), names)


def classify_windows(kind: Kind, rows: Rows, train: Samples, test: Samples, *, lookback: int) -> Numbers:
    """Fit a classifier of the direction on the training windows and return its probability of up for the test windows.

    Parameters
    ----------
    kind : "linear" or "boosting"
        Logistic regression on all rows of a window, or gradient boosting on its last row and the mean of those before,
        of a million windows at most, drawn by chance. Neither stops early, so neither needs validation sessions.
    rows : float32 array of shape (n_rows, n_features)
        From `LearnerRows`.
    train, test : Samples of the panel, with windows of `lookback` rows behind them
    lookback : int
        Rows of a window.

    Returns
    -------
    float64 array of shape (len(test),)
        The training samples' share of up where they all went one way.
    """
    from scipy.special import expit
    from sklearn.ensemble import HistGradientBoostingClassifier

    if not len(test) or train.up.all() or not train.up.any():
        return np.full(len(test), float(train.up.mean()))
    if kind == "linear":
        weights, intercept = fit_logistic(
            LaggedWindows(rows, train.ends, lookback), train.up, weight_spread=WEIGHT_SPREAD
        )
        return expit(LaggedWindows(rows, test.ends, lookback).dot(weights) + intercept)
    model = HistGradientBoostingClassifier(**_boosting(len(train)))
    _fit_boosting(model, rows, train.ends, train.up, lookback)
    return _in_chunks(lambda ends: model.predict_proba(_last_and_mean(rows, ends, lookback))[:, 1], test.ends)


def fit_ranks(kind: Kind, rows: Rows, train: Samples, *, lookback: int) -> Callable[[Samples], Numbers]:
    """Fit a regression of the session's z-scored return on the training windows.

    Parameters
    ----------
    kind : "linear" or "boosting"
        Ridge regression on all rows of a window, which learns the return over the volatility known at the decision, for
        its squares heed the wildest tickers most; or gradient boosting as in `classify_windows`, of the plain return.
    rows : float32 array of shape (n_rows, n_features)
        From `LearnerRows`.
    train : Samples of the panel; `can_rank(train)`
    lookback : int

    Returns
    -------
    function from samples of the panel to an array of their length
        Of the return against the session's other tickers, in standard deviations of the session.

    References
    ----------
    Gu, Kelly & Xiu (2020), Review of Financial Studies 33(5).
    """
    from sklearn.ensemble import HistGradientBoostingRegressor

    of_trade = train.target if kind == "linear" else train.realised_return.astype(np.float32)
    target = compute_relative(of_trade, train.session)
    usable = np.isfinite(target)
    learnt, ends = np.clip(target[usable], -LIMIT, LIMIT), train.ends[usable]
    if kind == "linear":
        weights, intercept = fit_ridge(LaggedWindows(rows, ends, lookback), learnt, penalty=RIDGE_PENALTY)
        return lambda samples: LaggedWindows(rows, samples.ends, lookback).dot(weights) + intercept
    model = HistGradientBoostingRegressor(**_boosting(len(train)))
    _fit_boosting(model, rows, ends, learnt, lookback)
    return lambda samples: _in_chunks(lambda ends: model.predict(_last_and_mean(rows, ends, lookback)), samples.ends)


def find_thinned(n_windows: int) -> Thinned | None:
    """Return from how many of these training windows boosting learns; None where from all."""
    return Thinned(n_learnt=MOST_BOOSTED, n_windows=n_windows) if n_windows > MOST_BOOSTED else None


def can_rank(train: Samples) -> bool:
    """Return whether any training session has enough tickers, moving apart, to learn ranks from."""
    return bool(np.isfinite(compute_relative(train.target, train.session)).any())


def _boosting(n_windows: int) -> dict[str, Any]:
    return {
        "learning_rate": 0.05,
        "max_iter": 100,
        "max_leaf_nodes": 16,
        "min_samples_leaf": int(np.clip(n_windows // LEAVES_OF_ALL, SMALLEST_LEAF, LARGEST_LEAF)),
        "max_features": 0.5,
        "max_bins": 64,
        "early_stopping": False,
        "random_state": 0,
    }


def _fit_boosting(model: Any, rows: Rows, ends: npt.NDArray[np.int64], learnt: npt.NDArray[Any], lookback: int) -> None:
    """Fit the model of `learnt`, one value a window, on as many of the windows as it may hold."""
    chosen = draw_positions(len(ends), MOST_BOOSTED)
    model.fit(_last_and_mean(rows, ends[chosen], lookback), learnt[chosen])


def _last_and_mean(rows: Rows, ends: npt.NDArray[np.int64], lookback: int) -> Numbers:
    """Return each window's last row, and after it the mean of the rows before, rounded to float32.

    The table is float64, which scikit-learn works with: it would copy any other.
    """
    if lookback == 1:
        return rows[ends].astype(np.float64)
    n_features = rows.shape[1]
    table = np.empty((len(ends), 2 * n_features))
    # Some windows at a time: what is summed up meanwhile would take as much again.
    for at in range(0, len(ends), CHUNK):
        those, part = ends[at : at + CHUNK], table[at : at + CHUNK]
        before = np.zeros((len(those), n_features), dtype=np.float32)
        for back in range(1, lookback):
            before += rows[those - back]
        part[:, :n_features], part[:, n_features:] = rows[those], before / np.float32(lookback - 1)
    return table


def _in_chunks(predict: Callable[[npt.NDArray[np.int64]], Numbers], ends: npt.NDArray[np.int64]) -> Numbers:
    if not len(ends):
        return np.empty(0)
    return np.concatenate([predict(ends[at : at + CHUNK]) for at in range(0, len(ends), CHUNK)]).astype(np.float64)
