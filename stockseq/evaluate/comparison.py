"""Compare two models on the same forecasts, pair by pair."""

from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import stats

from stockseq.errors import DataError
from stockseq.evaluate.probability import brier_losses, log_losses
from stockseq.evaluate.scored import KEY, Scored, as_scored
from stockseq.evaluate.significance import clustered_mean, number_sessions


def compare_forecasts(a: pd.DataFrame, b: pd.DataFrame) -> dict[str, Any]:
    """Return how much better or worse `a` does than `b` where both made a forecast, JSON-able.

    Parameters
    ----------
    a, b : DataFrame
        As `score_forecasts` takes them: `session`, `ticker`, `probability_up`, `realised_return`.

    Returns
    -------
    dict
        n, n_sessions, n_left_out (forecasts that only one of them made), and for each of accuracy, brier and log_loss
        a dict of `difference` (a less b: a positive accuracy and a negative loss speak for a), `standard_error`
        clustered by session, `ci` (95 %), `z` and `p` (two-sided, Student's t of one degree less than sessions).
        z and p are None, with a sentence in `notes`, where the difference is the same in every session.

    Raises
    ------
    DataError
        If either can't be scored, they share fewer than two sessions, or they disagree about what was realised.

    References
    ----------
    Diebold & Mariano (1995); Cameron & Miller (2015) for the clusters. Equal to statsmodels 0.15.0 `OLS` of the
    differences on a constant with `cov_type="cluster"`.

    Examples
    --------
    >>> days = pd.to_datetime(["2024-11-25", "2024-11-26", "2024-11-27"])
    >>> rows = pd.DataFrame({"session": days, "ticker": "AAA", "realised_return": [0.01, 0.02, -0.01]})
    >>> difference = compare_forecasts(rows.assign(probability_up=0.6), rows.assign(probability_up=[0.4, 0.6, 0.6]))
    >>> round(difference["accuracy"]["difference"], 4), round(difference["accuracy"]["z"], 4)
    (0.3333, 1.0)
    """
    pairs, n_left_out = _pair(as_scored(a), as_scored(b))
    up, sessions = pairs["up_a"].to_numpy(), pairs["session"].to_numpy()
    p_a, p_b = pairs["probability_up_a"].to_numpy(), pairs["probability_up_b"].to_numpy()
    differences = {
        "accuracy": ((p_a > 0.5) == up).astype(float) - ((p_b > 0.5) == up).astype(float),
        "brier": brier_losses(up, p_a) - brier_losses(up, p_b),
        "log_loss": log_losses(up, p_a) - log_losses(up, p_b),
    }
    tested = {name: paired_test(values, sessions) for name, values in differences.items()}
    notes = [
        f"The difference in {name.replace('_', ' ')} is the same in every session, so nothing can be tested."
        for name, test in tested.items()
        if test["z"] is None
    ]
    return {
        "n": len(pairs),
        "n_sessions": int(pairs["session"].nunique()),
        "n_left_out": n_left_out,
        **tested,
        "notes": notes,
    }


def paired_test(values: npt.NDArray[np.float64], sessions: npt.NDArray[Any]) -> dict[str, Any]:
    """Test that the mean of paired differences is 0, clustered by session.

    Parameters
    ----------
    values : array of shape (n,)
    sessions : array of shape (n,), of at least two sessions

    Returns
    -------
    dict
        difference, standard_error, n_sessions, ci, z and p, as `compare_forecasts` gives them.

    Examples
    --------
    >>> paired_test(np.array([0.0, 1.0, 0.0]), np.array([1, 2, 3]))["z"]
    1.0
    """
    difference, error = clustered_mean(values, sessions)
    n_sessions = number_sessions(sessions)[1]
    degrees = n_sessions - 1
    reach = float(stats.t.ppf(0.975, degrees)) * error
    # Equal forecasts leave rounding, not noise.
    z = difference / error if error > 1e-15 else None
    return {
        "difference": difference,
        "standard_error": error,
        "n_sessions": n_sessions,
        "ci": [difference - reach, difference + reach],
        "z": z,
        "p": None if z is None else 2 * float(stats.t.sf(abs(z), degrees)),
    }


def _pair(a: Scored, b: Scored) -> tuple[pd.DataFrame, int]:
    columns = [*KEY, "probability_up", "realised_return", "up"]
    pairs = a[columns].merge(b[columns], on=KEY, suffixes=("_a", "_b"))
    if pairs["session"].nunique() < 2:
        raise DataError(
            f"Two models are compared on the sessions that both forecast, at least two; these share "
            f"{pairs['session'].nunique()}."
        )
    apart = ~np.isclose(pairs["realised_return_a"], pairs["realised_return_b"], rtol=1e-9, atol=1e-12)
    if apart.any():
        row = pairs[apart].iloc[0]
        raise DataError(
            f"Two models must be compared on the same outcomes; {int(apart.sum())} of {len(pairs)} differ, first "
            f"{row['ticker']} on {row['session'].date()}. Label both from one vintage and one horizon."
        )
    return pairs, len(a) + len(b) - 2 * len(pairs)
