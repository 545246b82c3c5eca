"""Whether forecasts of the size of a move are right: of its variance, its distribution and its intervals."""

import math
from collections.abc import Mapping

import numpy as np
import pandas as pd
from pydantic import Field

from stockseq.errors import DataError
from stockseq.evaluate.coverage import IntervalScores, score_interval
from stockseq.evaluate.scored import KEY
from stockseq.evaluate.significance import MeanOverTime, Significance, diebold_mariano, mean_over_time, overlap_lag
from stockseq.evaluate.size_losses import crps_normal, pinball, qlike
from stockseq.results import Result

LEVELS = {"80": 0.80, "95": 0.95}


class SizeScores(Result):
    """How well one model's `sigma` and intervals fit what happened; never NaN.

    Parameters
    ----------
    horizon : int
        Sessions from entry to exit of the label's trade; 0 is open to close.
    n, n_sessions, n_tickers : int
        Forecasts that name a sigma and whose realised variance is known.
    n_left_out : int
        The others.
    qlike : float
        Mean of rv/s2 - ln(rv/s2) - 1, rv the realised variance and s2 sigma squared; 0 is perfect.
    crps : float
        Mean continuous ranked probability score of the log return under a normal law of `sigma` about the expected
        return (0 where there is none): a fraction.
    sigma, realised : float
        Root of the mean of sigma squared, and of the realised variance: alike where the level is right. A variance from
        the range of a session is blind to jumps, and falls short of the returns' where prices are discrete.
    share_explained : float or None
        Share of the variance of the log realised volatility that log sigma explains (squared correlation).
    pinball : float or None
        Mean pinball loss of the bounds of the intervals: a fraction. None where no interval is named.
    intervals : mapping of "80" and "95" to IntervalScores
        Of the forecasts that name both bounds.
    """

    horizon: int
    n: int
    n_sessions: int
    n_tickers: int
    n_left_out: int
    qlike: float
    crps: float
    sigma: float
    realised: float
    share_explained: float | None = None
    pinball: float | None = None
    intervals: dict[str, IntervalScores] = Field(default_factory=dict)


class SizeComparison(Result):
    """The size forecasts of a model against a rival's, by QLIKE on the rows of both.

    Parameters
    ----------
    n, n_sessions : int
    qlike, rival_qlike : float
        Means over sessions of the mean over tickers.
    relative : float or None
        The model's less the rival's as a share of the rival's: -0.05 is 5 % below.
    test : MeanOverTime or None
        Of the mean difference over sessions, two-sided; a negative t speaks for the model. It allows for 1.3 sqrt(T)
        sessions of autocorrelation, since who errs on a ticker errs for weeks. None where the difference never changes.
    better_p : float or None
        Its one-sided p, that the model is no better.
    diebold_mariano : Significance or None
        The test of Diebold and Mariano with the correction for small samples, which takes the differences of trades
        that don't overlap for independent: where errors last it rejects 10 % of null panels at 5 %, and `test` 6 %.
    """

    n: int
    n_sessions: int
    qlike: float
    rival_qlike: float
    relative: float | None = None
    test: MeanOverTime | None = None
    better_p: float | None = None
    diebold_mariano: Significance | None = None


def score_size(frame: pd.DataFrame, *, horizon: int) -> SizeScores | None:
    """Return how well one model's forecasts of the size of the move did; None where it names no `sigma`.

    Parameters
    ----------
    frame : DataFrame of n rows
        `session`, `ticker`, `realised_return` and `realised_variance`, `sigma` (standard deviation of the log return,
        a fraction); `expected_return`, and `low_80`, `high_80`, `low_95`, `high_95` (returns) where there are such.
    horizon : int
        Sessions from entry to exit of the label's trade.

    Raises
    ------
    DataError
        If a column or a realised return is missing.

    References
    ----------
    Patton (2011), Journal of Econometrics 160(1), for QLIKE; Gneiting & Raftery (2007), Journal of the American
    Statistical Association 102, for CRPS.

    Examples
    --------
    >>> rows = pd.DataFrame({"session": pd.bdate_range("2024-01-01", periods=3), "ticker": "A", "realised_return": 0.0})
    >>> scores = score_size(rows.assign(realised_variance=1e-4, sigma=0.01), horizon=0)
    >>> scores.qlike, round(scores.crps, 12)
    (0.0, 0.002336949773)
    """
    from scipy import stats

    rows = _sized(frame)
    if rows is None or rows.empty:
        return None
    moves = np.log1p(rows["realised_return"].to_numpy(dtype=np.float64))
    expected = rows["expected_return"].fillna(0.0) if "expected_return" in rows.columns else 0.0
    sigma, variance = rows["sigma"].to_numpy(dtype=np.float64), rows["realised_variance"].to_numpy(dtype=np.float64)
    varied = len(rows) > 1 and np.ptp(sigma) > 0 and np.ptp(variance) > 0
    explained = stats.pearsonr(np.log(sigma), np.log(variance)).statistic ** 2 if varied else None
    loss, intervals = _intervals(rows, horizon)
    return SizeScores(
        horizon=horizon,
        n=len(rows),
        n_sessions=int(rows["session"].nunique()),
        n_tickers=int(rows["ticker"].nunique()),
        n_left_out=len(frame) - len(rows),
        qlike=float(qlike(variance, sigma**2).mean()),
        crps=float(crps_normal(moves, np.log1p(np.asarray(expected, dtype=np.float64)), sigma).mean()),
        sigma=float(np.sqrt((sigma**2).mean())),
        realised=float(np.sqrt(variance.mean())),
        share_explained=None if explained is None else float(explained),
        pinball=loss,
        intervals=intervals,
    )


def compare_sizes(model: pd.DataFrame, rival: pd.DataFrame, *, horizon: int) -> SizeComparison | None:
    """Return how much lower or higher the model's QLIKE is than a rival's, on the rows that both forecast.

    Parameters
    ----------
    model, rival : DataFrame
        As `score_size` takes them.
    horizon : int

    Returns
    -------
    SizeComparison, or None where either names no sigma, or they share no row

    References
    ----------
    Diebold & Mariano (1995); Harvey, Leybourne & Newbold (1997), International Journal of Forecasting 13(2); Lazarus,
    Lewis, Stock & Watson (2018), Journal of Business & Economic Statistics 36(4), for the lag.

    Examples
    --------
    >>> rows = pd.DataFrame({"session": pd.bdate_range("2024-01-01", periods=3), "ticker": "A", "realised_return": 0.0})
    >>> rows["realised_variance"] = [1e-4, 2e-4, 3e-4]
    >>> compared = compare_sizes(rows.assign(sigma=0.014), rows.assign(sigma=0.01), horizon=0)
    >>> round(compared.relative, 4), round(compared.diebold_mariano.t, 4)
    (-0.7614, -1.0844)
    """
    a, b = _sized(model), _sized(rival)
    if a is None or b is None:
        return None
    pairs = a[[*KEY, "sigma", "realised_variance"]].merge(b[[*KEY, "sigma"]], on=KEY, suffixes=("", "_rival"))
    if pairs.empty:
        return None
    by_session, of_rival = _qlike_by_session(pairs, "sigma"), _qlike_by_session(pairs, "sigma_rival")
    differences = (by_session - of_rival).to_numpy()
    n_sessions = len(differences)
    lag = max(overlap_lag(n_sessions, horizon), math.floor(1.3 * math.sqrt(n_sessions)))
    test = mean_over_time(differences, horizon=horizon, lag=lag)
    testable = n_sessions > max(horizon, 1)
    own, other = float(by_session.mean()), float(of_rival.mean())
    return SizeComparison(
        n=len(pairs),
        n_sessions=n_sessions,
        qlike=own,
        rival_qlike=other,
        relative=own / other - 1.0 if other > 0 else None,
        test=test,
        better_p=None if test is None else 1.0 - test.p_above,
        diebold_mariano=diebold_mariano(differences, horizon=max(horizon, 1)) if testable else None,
    )


def daily_qlike(frame: pd.DataFrame) -> pd.Series | None:
    """Return the mean QLIKE of each session, by session.

    Parameters
    ----------
    frame : DataFrame
        As `score_size` takes it.

    Returns
    -------
    Series, or None where the forecasts name no sigma

    Examples
    --------
    >>> rows = pd.DataFrame({"session": pd.bdate_range("2024-01-01", periods=2), "ticker": "A", "realised_return": 0.0})
    >>> daily_qlike(rows.assign(realised_variance=1e-4, sigma=[0.01, 0.02])).round(4).tolist()
    [0.0, 0.6363]
    """
    rows = _sized(frame)
    return None if rows is None else _qlike_by_session(rows, "sigma")


def _qlike_by_session(rows: pd.DataFrame, sigma: str) -> pd.Series:
    return pd.Series(qlike(rows["realised_variance"], rows[sigma] ** 2)).groupby(rows["session"].to_numpy()).mean()


def _sized(frame: pd.DataFrame) -> pd.DataFrame | None:
    """Return the rows that name a sigma and have a realised variance; None without any sigma."""
    if "sigma" not in frame.columns or frame["sigma"].isna().all():
        return None
    missing = [name for name in (*KEY, "realised_return", "realised_variance") if name not in frame.columns]
    if missing:
        raise DataError(f"A score of sizes needs the columns {missing}; received {list(frame.columns)}.")
    if frame["realised_return"].isna().any():
        row = frame[frame["realised_return"].isna()].iloc[0]
        raise DataError(
            f"A score needs a finite `realised_return` in every row; first {row['ticker']} on {row['session'].date()} "
            "has none. Score only forecasts whose outcome is known."
        )
    return frame[frame["sigma"].notna() & frame["realised_variance"].notna()]


def _intervals(rows: pd.DataFrame, horizon: int) -> tuple[float | None, Mapping[str, IntervalScores]]:
    """Return the mean pinball loss of all bounds, and the scores of each level's intervals."""
    losses, scores = [], {}
    for name, level in LEVELS.items():
        low, high = f"low_{name}", f"high_{name}"
        if low not in rows.columns or high not in rows.columns:
            continue
        bounded = rows[rows[low].notna() & rows[high].notna()].rename(
            columns={low: "low", high: "high", "realised_return": "outcome"}
        )
        if bounded.empty:
            continue
        losses.append(pinball(bounded["outcome"], bounded["low"], 0.5 - level / 2))
        losses.append(pinball(bounded["outcome"], bounded["high"], 0.5 + level / 2))
        scores[name] = score_interval(bounded, level=level, horizon=horizon)
    return (float(np.concatenate(losses).mean()) if losses else None), scores
