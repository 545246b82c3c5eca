"""Whether forecast intervals hold as often as they say: tests of a ticker's violations, and of all tickers together."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from stockseq.evaluate.multiplicity import holm
from stockseq.evaluate.rows import require_rows
from stockseq.evaluate.significance import SIZE, clustered_mean, session_law
from stockseq.results import Result

Flags = npt.NDArray[np.bool_]

# Fewer violations than these by nominal leave the likelihood ratio far from its chi squared.
LEAST_EXPECTED = 5.0


@dataclass(frozen=True)
class LikelihoodRatio:
    """A likelihood ratio, its p by chi squared, and the degrees of freedom."""

    statistic: float
    p: float
    degrees_of_freedom: int


class IntervalScores(Result):
    """How often the intervals of one level held the outcome, and how wide they were.

    Parameters
    ----------
    level : float
        The nominal share, such as 0.8.
    n, n_sessions : int
    coverage : float
        The share of outcomes within the interval, bounds included.
    coverage_ci : (low, high) or None
        95 %, of all tickers together, clustered by session; where trades overlap of Driscoll and Kraay's error. Not
        narrower than of intervals that hold as often as they say. None for fewer than two sessions or no noise.
    p : float or None
        Two-sided, that the coverage is the level.
    width : float
        Mean of the upper bound less the lower one: a fraction.
    by_year : mapping of calendar year to float
        Coverage.
    n_tested : int
        Tickers with at least five violations expected; of trades that overlap each h-th is tested.
    kupiec_rejected, christoffersen_rejected : float or None
        Shares of these tickers whose number of violations, and whose number or order, the test rejects at 5 %, one by
        one: about 5 % of honest intervals.
    kupiec_holm, christoffersen_holm : int
        Tickers that are rejected after Holm's correction for the number of tickers.
    """

    level: float
    n: int
    n_sessions: int
    coverage: float
    coverage_ci: tuple[float, float] | None = None
    p: float | None = None
    width: float
    by_year: dict[str, float]
    n_tested: int = 0
    kupiec_rejected: float | None = None
    christoffersen_rejected: float | None = None
    kupiec_holm: int = 0
    christoffersen_holm: int = 0


def score_interval(rows: pd.DataFrame, *, level: float, horizon: int) -> IntervalScores:
    """Return how the intervals did.

    Parameters
    ----------
    rows : DataFrame of n rows
        session, ticker, `outcome`, `low`, `high`: of one unit, all finite.
    level : float
    horizon : int
        Sessions from entry to exit of the label's trade.

    Examples
    --------
    >>> rows = pd.DataFrame({"session": pd.bdate_range("2024-01-01", periods=4), "ticker": "A", "low": -1.0, "high": 1})
    >>> score_interval(rows.assign(outcome=[0.0, 2.0, 0.5, -0.5]), level=0.8, horizon=0).coverage
    0.75
    """
    rows = rows.sort_values(["session", "ticker"], kind="stable")
    inside = (rows["outcome"].ge(rows["low"]) & rows["outcome"].le(rows["high"])).to_numpy()
    years = pd.Series(inside).groupby(pd.DatetimeIndex(rows["session"]).year.astype(str)).mean()
    return IntervalScores.model_validate(
        {
            "level": level,
            "n": len(rows),
            "n_sessions": int(rows["session"].nunique()),
            "coverage": float(inside.mean()),
            "width": float((rows["high"] - rows["low"]).mean()),
            "by_year": {str(year): float(share) for year, share in years.items()},
            **_pooled(inside, rows["session"], level, horizon),
            **_by_ticker(inside, rows["ticker"], level, horizon),
        }
    )


def kupiec(n: int, n_violations: int, share: float) -> LikelihoodRatio:
    """Test that violations happen as often as they should: the unconditional coverage.

    Parameters
    ----------
    n, n_violations : int
    share : float
        Of violations when the interval is right, such as 0.05.

    References
    ----------
    Kupiec (1995), Journal of Derivatives 3(2).

    Examples
    --------
    >>> round(kupiec(250, 14, 0.05).statistic, 10)
    0.1826968806
    """
    from scipy import stats

    if not (0 <= n_violations <= n and n >= 1 and 0 < share < 1):
        raise ValueError(
            f"Violations are 0 to n, and a share is between 0 and 1; received {n_violations}, {n}, {share}."
        )
    statistic = 2.0 * (_likelihood(n, n_violations, n_violations / n) - _likelihood(n, n_violations, share))
    return LikelihoodRatio(max(statistic, 0.0), float(stats.chi2.sf(max(statistic, 0.0), 1)), 1)


def christoffersen(violations: Flags, share: float) -> LikelihoodRatio:
    """Test that violations happen as often as they should, and one no more often after another: conditional coverage.

    Parameters
    ----------
    violations : bool array of shape (n_sessions,), n_sessions >= 2
        In order.
    share : float
        Of violations when the interval is right.

    Returns
    -------
    LikelihoodRatio
        Of a first-order Markov chain with free chances against independent violations of the nominal share, both given
        the first session; two degrees of freedom.

    References
    ----------
    Christoffersen (1998), International Economic Review 39(4).

    Examples
    --------
    >>> round(christoffersen(np.array([False, True, False, True, True]), 0.5).statistic, 6)
    2.772589
    """
    from scipy import stats

    require_rows(flags={"violations": violations})
    if len(violations) < 2 or not 0 < share < 1:
        raise ValueError(
            f"At least 2 sessions and a share between 0 and 1 are needed; received {len(violations)}, {share}."
        )
    before, after = violations[:-1], violations[1:]
    free = 0.0
    for state in (False, True):
        n, x = int((before == state).sum()), int(after[before == state].sum())
        free += _likelihood(n, x, x / n) if n else 0.0
    statistic = max(2.0 * (free - _likelihood(len(after), int(after.sum()), share)), 0.0)
    return LikelihoodRatio(statistic, float(stats.chi2.sf(statistic, 2)), 2)


def _likelihood(n: int, x: int, share: float) -> float:
    from scipy import special

    return float(special.xlogy(x, share) + special.xlog1py(n - x, -share))


def _pooled(inside: Flags, sessions: pd.Series, level: float, horizon: int) -> Mapping[str, object]:
    """Return interval and p of the coverage of all tickers together."""
    from scipy import stats

    n_sessions = sessions.nunique()
    if n_sessions < 2 or inside.all() or not inside.any():
        return {}
    coverage, error = clustered_mean(inside.astype(np.float64), sessions.to_numpy(), horizon=horizon)
    if error <= 1e-12:
        return {}
    # Few violations vary little: the error of a right interval is that of as many as it should have.
    error *= max(1.0, (level * (1.0 - level) / (coverage * (1.0 - coverage))) ** 0.5)
    law = stats.t(session_law(n_sessions, horizon).degrees)
    reach = float(law.ppf(0.975)) * error
    p = 2.0 * float(law.sf(abs(coverage - level) / error))
    return {"coverage_ci": (coverage - reach, coverage + reach), "p": p}


def _by_ticker(inside: Flags, tickers: pd.Series, level: float, horizon: int) -> Mapping[str, object]:
    """Return how many tickers each test rejects."""
    counts, runs = [], []
    for _, flags in pd.Series(~inside).groupby(tickers.to_numpy()):
        # Trades that overlap break their bounds together.
        violations = flags.to_numpy(dtype=bool)[:: max(horizon, 1)]
        if len(violations) * (1.0 - level) >= LEAST_EXPECTED:
            counts.append(kupiec(len(violations), int(violations.sum()), 1.0 - level).p)
            runs.append(christoffersen(violations, 1.0 - level).p)
    if not counts:
        return {}
    found: dict[str, object] = {"n_tested": len(counts)}
    for name, p_values in (("kupiec", counts), ("christoffersen", runs)):
        found[f"{name}_rejected"] = float(np.mean([p < SIZE for p in p_values]))
        found[f"{name}_holm"] = sum(p is not None and p < SIZE for p in holm(p_values))
    return found
