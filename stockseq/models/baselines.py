"""What a model must beat: forecasters that know little, fitted and scored on the same samples."""

from collections.abc import Mapping
from typing import Literal, get_args

import numpy as np
import numpy.typing as npt
import pandas as pd

from stockseq.dataset.panel import Panel
from stockseq.dataset.samples import Samples
from stockseq.errors import DataError, TooFewSessions
from stockseq.features.sentiment import SENTIMENT_COLUMNS
from stockseq.models.window_learners import Kind, LearnerRows, Rows, can_rank, classify_windows, fit_ranks, scale_rows
from stockseq.schemas import Forecasts, as_forecasts

Baseline = Literal[
    "majority",
    "persistence",
    "momentum_60_5",
    "momentum_12_1",
    "reversal_5",
    "logistic",
    "gradient_boosting",
    "ridge",
    "logistic_sentiment",
    "logistic_indicators",
]
BASELINES: tuple[Baseline, ...] = get_args(Baseline)

Views = npt.NDArray[np.float64]
# The feature whose sign each rule follows.
FOLLOWED: Mapping[str, str] = {
    "persistence": "intraday_return",
    "momentum_60_5": "momentum_60_5",
    "momentum_12_1": "return_1",
    "reversal_5": "return_5",
}
YEAR, MONTH = 252, 21
SUREST = 1e-6


def forecast_baseline(
    name: Baseline, panel: Panel, train: Samples, test: Samples, *, lookback: int = 1, rows: LearnerRows | None = None
) -> Forecasts:
    """Fit a baseline on the training samples and forecast the test samples.

    Parameters
    ----------
    name : str
        * majority: the share of up among the training samples, for all.
        * persistence, momentum_60_5, momentum_12_1, reversal_5: the sign of the last session's open-to-close return, of
          the change from 60 to 5 and from 252 to 21 bars ago, and against that of the last 5 bars. Each is believed as
          often as it was right in training (at least half the time); without a sign it is the majority's forecast.
        * logistic: on the whole windows that the network reads, each laid out in one row.
        * gradient_boosting: on the last row of a window and the mean of those before, of a million training windows at
          most; learns the direction, and by itself the session's z-scored return, its `relative`.
        * ridge: learns the z-scored return on whole windows; believed as to the direction as far as its forecasts were
          right in training.
        * logistic_sentiment, logistic_indicators: on the sentiment columns alone, and on the others alone.
    panel : Panel
    train, test : Samples of the panel
    lookback : int, default=1
        Rows of a window, those that the samples were built with.
    rows : LearnerRows, optional
        `scale_rows(panel, train, lookback)`, where it is there already.

    Returns
    -------
    Forecasts of len(test) rows
        `expected_return` is (2 p - 1) times the mean absolute return of the training samples; `relative` is NaN but of
        gradient_boosting and ridge, and of those where no training session has five tickers that move apart. A learner
        whose features never move in training forecasts as the majority does, and ranks nothing.

    Raises
    ------
    TooFewSessions
        If there is no training sample.
    DataError
        If `find_obstacle` names what the baseline lacks.
    ValueError
        If the name is unknown.

    References
    ----------
    Jegadeesh & Titman (1993), Journal of Finance 48(1), for momentum; Lehmann (1990), Quarterly Journal of Economics
    105(1), for reversal.
    """
    if name not in BASELINES:
        raise ValueError(f"A baseline is one of {', '.join(BASELINES)}, received {name!r}.")
    _require_samples(train)
    obstacle = find_obstacle(name, panel, train)
    if obstacle is not None:
        raise DataError(f"The baseline {name} can't forecast this panel: {obstacle}")
    relative = np.full(len(test), np.nan)
    if name == "majority":
        up = np.full(len(test), float(train.up.mean()))
    elif name in FOLLOWED:
        up = _follow(_views(name, panel), train, test)
    else:
        read = scale_rows(panel, train, lookback) if rows is None else rows
        up, relative = _learn(name, read.of(_features(name, panel)), train, test, lookback)
    keys = panel.keys.loc[test.ends, ["ticker", "session", "decision_at"]].reset_index(drop=True)
    up = np.clip(up, SUREST, 1 - SUREST)
    expected = (2 * up - 1) * float(np.abs(train.realised_return).mean())
    return as_forecasts(keys.assign(probability_up=up, expected_return=expected, relative=relative))


def forecast_baselines(panel: Panel, train: Samples, test: Samples, *, lookback: int = 1) -> dict[str, pd.DataFrame]:
    """Return the forecasts of every baseline that meets no obstacle, by name."""
    _require_samples(train)
    possible = [name for name in BASELINES if find_obstacle(name, panel, train) is None]
    rows = scale_rows(panel, train, lookback)
    return {name: forecast_baseline(name, panel, train, test, lookback=lookback, rows=rows) for name in possible}


def find_obstacle(name: Baseline, panel: Panel, train: Samples) -> str | None:
    """Return why the baseline ("it") can't forecast from this panel, or None where it can."""
    if name in FOLLOWED:
        if FOLLOWED[name] not in panel.names:
            return f"it follows the feature {FOLLOWED[name]!r}, which the panel lacks."
        if np.isnan(_views(name, panel)[train.ends]).all():
            return f"it needs {YEAR} sessions of returns before a decision, and no training sample has so many."
    elif name != "majority":
        features = _features(name, panel)
        if not features:
            return f"it reads columns of which the panel has none; it has {', '.join(panel.names)}."
        if name == "ridge" and not can_rank(train):
            return "it learns to rank, and no training session has five tickers that move apart."
        if name == "logistic_sentiment":
            columns = [panel.names.index(feature) for feature in features]
            if not np.ptp(panel.indicators[train.ends][:, columns], axis=0).any():
                return f"it needs news, and the sentiment of all {len(train)} training samples is the same."
    return None


def _require_samples(train: Samples) -> None:
    if not len(train):
        raise TooFewSessions("A baseline needs training samples, and there are none; ingest a longer history.")


def _learn(name: Baseline, rows: Rows, train: Samples, test: Samples, lookback: int) -> tuple[Views, Views]:
    """Return the probability of up, and the return against the session's others where the baseline names it."""
    relative = np.full(len(test), np.nan)
    if not rows.shape[1]:
        return np.full(len(test), float(train.up.mean())), relative
    if name == "ridge":
        rank = fit_ranks("linear", rows, train, lookback=lookback)
        relative = rank(test)
        return _believe(rank(train), train.up, relative), relative
    kind: Kind = "boosting" if name == "gradient_boosting" else "linear"
    if kind == "boosting" and can_rank(train):
        relative = fit_ranks(kind, rows, train, lookback=lookback)(test)
    return classify_windows(kind, rows, train, test, lookback=lookback), relative


def _follow(views: Views, train: Samples, test: Samples) -> Views:
    """Return the probability of up of whoever believes the sign of `views`, one a panel row."""
    share = float(train.up.mean())
    learnt, asked = np.nan_to_num(np.sign(views[train.ends])), np.nan_to_num(np.sign(views[test.ends]))
    right = ((learnt > 0) == train.up)[learnt != 0]
    # At exactly one half it would name no direction, and always count as "not up".
    belief = max(float(right.mean()) if len(right) else 0.0, 0.5 + SUREST)
    return np.where(asked == 0, share, np.where(asked > 0, belief, 1 - belief))


def _believe(learnt: Views, up: npt.NDArray[np.bool_], asked: Views) -> Views:
    """Return the probability of up that a score had in training, by logistic regression on it alone."""
    from sklearn.linear_model import LogisticRegression

    if up.all() or not up.any():
        return np.full(len(asked), float(up.mean()))
    # The scores are small, and the library's penalty is on the weight.
    unit = float(learnt.std()) or 1.0
    model = LogisticRegression().fit(learnt[:, None] / unit, up)
    return np.asarray(model.predict_proba(asked[:, None] / unit)[:, 1]) if len(asked) else np.empty(0)


def _views(name: str, panel: Panel) -> Views:
    """Return, for each panel row, a number whose sign is the direction that the rule names; NaN where it has none."""
    values = panel.indicators[:, panel.names.index(FOLLOWED[name])].astype(np.float64)
    if name == "momentum_12_1":
        return _year_without_month(values, panel.keys["ticker"])
    return -values if name == "reversal_5" else values


def _year_without_month(changes: Views, tickers: pd.Series) -> Views:
    """Return the log change from 252 to 21 bars ago, chained from daily changes; NaN without a whole year behind it."""
    older = pd.Series(np.log1p(changes)).groupby(tickers.to_numpy()).shift(MONTH)
    chained = older.groupby(tickers.to_numpy()).rolling(YEAR - MONTH).sum()
    return np.asarray(chained.droplevel(0).reindex(older.index), dtype=np.float64)


def _features(name: str, panel: Panel) -> list[str]:
    """Return the features that a learner reads."""
    if name == "logistic_sentiment":
        return [feature for feature in panel.names if feature in SENTIMENT_COLUMNS]
    if name == "logistic_indicators":
        return [feature for feature in panel.names if feature not in SENTIMENT_COLUMNS]
    return list(panel.names)
