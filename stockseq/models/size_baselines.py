"""What a forecast of the size of a move must beat: EWMA, HAR and GARCH of each ticker's own past variances."""

from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
import numpy.typing as npt
import pandas as pd

from stockseq.dataset.dataset import Dataset
from stockseq.dataset.samples import Samples
from stockseq.errors import TooFewSessions
from stockseq.prices import LEAST_VARIANCE, known_before, session_variances

SizeBaseline = Literal["ewma", "har", "garch"]
SIZE_BASELINES: tuple[SizeBaseline, ...] = get_args(SizeBaseline)

DECAY = 0.94
# A session, a week and a month.
SPANS = (1, 5, 22)
# A year; on fewer returns the three parameters of a GARCH are noise.
LEAST_RETURNS = 250

Numbers = npt.NDArray[np.float64]


@dataclass(frozen=True)
class VariancePaths:
    """The past variances that each decision of a panel knows.

    Parameters
    ----------
    by_bar : DataFrame of n_bars
        What each traded bar left behind: ticker, session, log_return, ewma, and the mean variance of each span.
    newest : int64 array of shape (n_rows of the panel,)
        For each row of the panel the label in `by_bar` of its ticker's newest bar from before the session; -1 without
        one.
    """

    by_bar: pd.DataFrame
    newest: npt.NDArray[np.int64]


def forecast_size(
    name: SizeBaseline, data: Dataset, train: Samples, test: Samples, *, paths: VariancePaths | None = None
) -> pd.DataFrame:
    """Fit a baseline of the size of the move on the training samples and forecast the test samples.

    Each forecasts a variance from the bars before the session, of the same ticker, and is scaled to the label's trade
    by one factor for all tickers: the mean over the training samples of realised over forecast variance, which has the
    least QLIKE there.

    Parameters
    ----------
    name : str
        * ewma: past variances weighted by 0.94 to the power of their age in bars.
        * har: log variance regressed on the logs of the mean variance of the last 1, 5 and 22 bars, all tickers
          together. The factor is Duan's smearing.
        * garch: GARCH(1,1) of each ticker's close-to-close returns through the last training session, by maximum
          likelihood, and filtered through later returns without a new fit. A ticker with fewer than 250 returns in
          training, or one that can't be fitted, takes that of ewma.
    data : Dataset
        Its bars are read; a variance is Garman and Klass's for a trade from open to close, with the squared overnight
        return for a longer one.
    train, test : Samples of the dataset
    paths : VariancePaths, optional
        `variance_paths(data)`, where it is there already.

    Returns
    -------
    DataFrame of len(test) rows, by ticker and session
        ticker, session, decision_at, `sigma` (standard deviation of the log return over the label's trade, a fraction).

    Raises
    ------
    TooFewSessions
        If `find_size_obstacle` names what the baseline lacks.
    ValueError
        If the name is unknown.

    References
    ----------
    J.P. Morgan/Reuters (1996), RiskMetrics Technical Document; Corsi (2009), Journal of Financial Econometrics 7(2);
    Bollerslev (1986), Journal of Econometrics 31(3), by arch 8.0.0; Duan (1983), Journal of the American Statistical
    Association 78, for the smearing.
    """
    if name not in SIZE_BASELINES:
        raise ValueError(f"A baseline of sizes is one of {', '.join(SIZE_BASELINES)}, received {name!r}.")
    obstacle = find_size_obstacle(name, data, train)
    if obstacle is not None:
        raise TooFewSessions(f"The baseline {name} can't forecast sizes: {obstacle}")
    paths = variance_paths(data) if paths is None else paths
    path = paths.by_bar
    if name == "garch":
        last = pd.Timestamp(train.session.max())
        path = path.assign(variance=_garch(path, last, n_sessions=max(data.inputs.horizon, 1)))
    elif name == "ewma":
        path = path.assign(variance=path["ewma"])
    learnt, asked = (path.reindex(paths.newest[samples.ends]) for samples in (train, test))
    if name == "har":
        weights = _regress(learnt, np.log(train.realised_variance))
        learnt, asked = (part.assign(variance=np.exp(_terms(part) @ weights)) for part in (learnt, asked))
    factor = float(np.nanmean(train.realised_variance / learnt["variance"].to_numpy()))
    variance = np.maximum(factor * asked["variance"].to_numpy(dtype=np.float64), LEAST_VARIANCE)
    keys = data.panel.keys.loc[test.ends, ["ticker", "session", "decision_at"]].reset_index(drop=True)
    return keys.assign(sigma=np.sqrt(variance)).sort_values(["ticker", "session"], ignore_index=True)


def find_size_obstacle(name: SizeBaseline, data: Dataset, train: Samples) -> str | None:
    """Return why the baseline ("it") can't forecast sizes, or None where it can."""
    n_usable = int(np.isfinite(train.realised_variance).sum())
    if n_usable <= len(SPANS):
        return f"it needs training samples of known variance, and there are {n_usable}."
    if name == "garch":
        bars = data.market.bars
        n_most = int(bars[bars["session"] <= pd.Timestamp(train.session.max())].groupby("ticker").size().max())
        if n_most <= LEAST_RETURNS:
            return f"it needs {LEAST_RETURNS} returns of a ticker in training, and there are {n_most - 1} at most."
    return None


def variance_paths(data: Dataset) -> VariancePaths:
    """Return the past variances that the dataset's decisions know."""
    variances = session_variances(data.market.bars, data.market.actions)
    column = "within" if data.inputs.horizon == 0 else "whole"
    by_ticker = variances.groupby("ticker")[column]
    path = variances[["ticker", "session", "log_return"]].assign(
        ewma=by_ticker.ewm(alpha=1.0 - DECAY).mean().droplevel(0)
    )
    for span in SPANS:
        path[f"mean_{span}"] = by_ticker.rolling(span, min_periods=1).mean().droplevel(0)
    newest = known_before(data.panel.keys, path[["ticker", "session"]].assign(bar=path.index))["bar"]
    return VariancePaths(path, newest.fillna(-1).to_numpy(dtype=np.int64))


def _terms(known: pd.DataFrame) -> Numbers:
    """Return the regressors: 1 and the log of each span's mean."""
    logs = np.log(known[[f"mean_{span}" for span in SPANS]].to_numpy(dtype=np.float64))
    return np.column_stack([np.ones(len(logs)), logs])


def _regress(known: pd.DataFrame, log_variance: Numbers) -> Numbers:
    terms = _terms(known)
    usable = np.isfinite(terms).all(axis=1) & np.isfinite(log_variance)
    return np.asarray(np.linalg.lstsq(terms[usable], log_variance[usable], rcond=None)[0], dtype=np.float64)


def _garch(path: pd.DataFrame, last: pd.Timestamp, *, n_sessions: int) -> pd.Series:
    """Return the variance that each bar's close forecasts for the next `n_sessions`, fitted on bars through `last`."""
    variance = n_sessions * path["ewma"]
    for _, rows in path[path["log_return"].notna()].groupby("ticker"):
        # In percent, where the likelihood is well behaved.
        returns = 100.0 * rows["log_return"].to_numpy(dtype=np.float64)
        n_train = int((rows["session"] <= last).sum())
        forecast = _fit_and_filter(returns, n_train, n_sessions) if n_train >= LEAST_RETURNS else None
        if forecast is not None:
            variance.loc[rows.index] = forecast / 1e4
    return variance


def _fit_and_filter(returns: Numbers, n_train: int, n_sessions: int) -> Numbers | None:
    """Return the variance forecast after each return; None where the fit is no process of positive variance."""
    from arch import arch_model
    from scipy.signal import lfilter

    model = arch_model(returns[:n_train], mean="Constant", vol="GARCH", p=1, q=1, rescale=False)
    fitted = model.fit(disp="off", show_warning=False)
    constant, omega, alpha, beta = (float(fitted.params[name]) for name in ("mu", "omega", "alpha[1]", "beta[1]"))
    if not np.isfinite([constant, omega, alpha, beta]).all() or omega <= 0:
        return None
    shocks = omega + alpha * (returns - constant) ** 2
    first = float(fitted.conditional_volatility[0]) ** 2
    following, _ = lfilter([1.0], [1.0, -beta], shocks, zi=[beta * first])
    persistence = alpha + beta
    if persistence >= 1.0:
        return np.asarray(n_sessions * following)
    level = omega / (1.0 - persistence)
    decayed = sum(persistence**ahead for ahead in range(n_sessions))
    return np.asarray(n_sessions * level + decayed * (following - level))
