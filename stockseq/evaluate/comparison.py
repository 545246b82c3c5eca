"""Compare models on the same forecasts: two of them, or one with all of its baselines."""

from collections.abc import Mapping
from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from stockseq.arguments import require_type
from stockseq.errors import DataError
from stockseq.evaluate.multiplicity import block_of, holm, superior_ability
from stockseq.evaluate.probability import brier_losses, log_losses
from stockseq.evaluate.scored import KEY, Scored, as_scored
from stockseq.evaluate.significance import (
    SIZE,
    Significance,
    clustered_mean,
    diebold_mariano,
    number_sessions,
    session_law,
)
from stockseq.results import Result

# Fewer sessions leave a bootstrap too few blocks.
LEAST_SESSIONS = 20


class PairedTest(Result):
    """How much two models differ on the same forecasts, and whether that is more than noise.

    Parameters
    ----------
    difference : float
        Mean of the first model's scores less the second's.
    standard_error, n_sessions
        Clustered by session.
    ci : (low, high)
        95 %.
    z, p : float or None
        Two-sided, Student's t of one degree less than sessions; None where the difference is the same in every session.
    p_holm : float or None
        p corrected for the number of comparisons in its family.
    seed_error : float or None
        The error that comes from the seeds, where the networks of several were compared.
    """

    difference: float
    standard_error: float
    n_sessions: int
    ci: tuple[float, float]
    z: float | None = None
    p: float | None = None
    p_holm: float | None = None
    seed_error: float | None = None

    @property
    def is_significant(self) -> bool:
        """Whether the difference is beyond noise after Holm's correction."""
        return self.p_holm is not None and self.p_holm < SIZE


class Comparison(Result):
    """Two models on the forecasts that both made; a positive accuracy and a negative loss speak for the first.

    Parameters
    ----------
    n, n_sessions, n_left_out : int
        Forecasts compared, and those that only one of the two made.
    accuracy, brier, log_loss : PairedTest
    diebold_mariano : Significance or None
        Of the log loss, on the means of sessions with the correction for small samples; a positive t says that the
        first loses more. None where the difference never changes, and in runs of before 0.2.
    notes : tuple of sentences
        What could not be tested, and why.
    """

    n: int
    n_sessions: int
    n_left_out: int
    accuracy: PairedTest
    log_loss: PairedTest
    brier: PairedTest | None = None
    diebold_mariano: Significance | None = None
    notes: tuple[str, ...] = ()


class BestBaseline(Result):
    """A model against all of its baselines at once, by log loss.

    Parameters
    ----------
    any_better_p : float or None
        Of Hansen's test (consistent) that no baseline is better than the model.
    best : str or None
        The baseline of the lowest log loss, chosen with hindsight, which speaks against the model.
    better_than_best_p : float or None
        That the model is no better than it.
    n_sessions, n_rivals : int
        Sessions, and baselines that forecast otherwise than the model.
    note : str or None
        Why no test was possible.
    """

    any_better_p: float | None
    best: str | None
    better_than_best_p: float | None
    n_sessions: int
    n_rivals: int
    note: str | None = None


def compare_forecasts(a: pd.DataFrame, b: pd.DataFrame, *, horizon: int = 0) -> Comparison:
    """Return how much better or worse `a` does than `b` where both made a forecast.

    Parameters
    ----------
    a, b : DataFrame
        As `score_forecasts` takes them: `session`, `ticker`, `probability_up`, `realised_return`.
    horizon : int, default=0
        Sessions from entry to exit of a trade; from two on they overlap, and the errors allow for it.

    Raises
    ------
    DataError
        If either can't be scored, they share fewer than two sessions, or they disagree about what was realised.

    References
    ----------
    Diebold & Mariano (1995); Cameron & Miller (2015) for the clusters. By statsmodels 0.15.0 `OLS` of the
    differences on a constant with `cov_type="cluster"`.

    Examples
    --------
    >>> days = pd.to_datetime(["2024-11-25", "2024-11-26", "2024-11-27"])
    >>> rows = pd.DataFrame({"session": days, "ticker": "AAA", "realised_return": [0.01, 0.02, -0.01]})
    >>> compared = compare_forecasts(rows.assign(probability_up=0.6), rows.assign(probability_up=[0.4, 0.6, 0.6]))
    >>> round(compared.accuracy.difference, 4), round(compared.accuracy.z, 4)
    (0.3333, 1.0)
    """
    for frame, name in ((a, "a"), (b, "b")):
        require_type(frame, pd.DataFrame, name, hint="Such as the forecasts of walk_forward(...).")
    pairs, n_left_out = _pair(as_scored(a), as_scored(b))
    up, sessions = pairs["up_a"].to_numpy(), pairs["session"].to_numpy()
    p_a, p_b = pairs["probability_up_a"].to_numpy(), pairs["probability_up_b"].to_numpy()
    differences = {
        "accuracy": ((p_a > 0.5) == up).astype(float) - ((p_b > 0.5) == up).astype(float),
        "brier": brier_losses(up, p_a) - brier_losses(up, p_b),
        "log_loss": log_losses(up, p_a) - log_losses(up, p_b),
    }
    tests = {name: paired_test(values, sessions, horizon=horizon) for name, values in differences.items()}
    notes = [
        f"The difference in {name.replace('_', ' ')} is the same in every session, so nothing can be tested."
        for name, test in tests.items()
        if test.z is None
    ]
    by_session = pd.Series(differences["log_loss"]).groupby(sessions).mean()
    return Comparison(
        n=len(pairs),
        n_sessions=len(by_session),
        n_left_out=n_left_out,
        accuracy=tests["accuracy"],
        brier=tests["brier"],
        log_loss=tests["log_loss"],
        diebold_mariano=diebold_mariano(by_session.to_numpy(), horizon=min(max(horizon, 1), len(by_session) - 1)),
        notes=tuple(notes),
    )


def paired_test(values: npt.NDArray[np.float64], sessions: npt.NDArray[Any], *, horizon: int = 0) -> PairedTest:
    """Test that the mean of paired differences is 0, clustered by session.

    Parameters
    ----------
    values : array of shape (n,)
    sessions : array of shape (n,), of at least two sessions
    horizon : int, default=0
        As in `compare_forecasts`.

    Examples
    --------
    >>> round(paired_test(np.array([0.0, 1.0, 0.0]), np.array([1, 2, 3])).z, 4)
    1.0
    """
    from scipy import stats

    difference, error = clustered_mean(values, sessions, horizon=horizon)
    n_sessions = number_sessions(sessions)[1]
    degrees = session_law(n_sessions, horizon).degrees
    reach = float(stats.t.ppf(0.975, degrees)) * error
    # Equal forecasts leave rounding, not noise.
    z = difference / error if error > max(1e-15, 1e-12 * float(np.abs(values).max())) else None
    return PairedTest(
        difference=difference,
        standard_error=error,
        n_sessions=n_sessions,
        ci=(difference - reach, difference + reach),
        z=z,
        p=None if z is None else 2 * float(stats.t.sf(abs(z), degrees)),
    )


def compare_with_baselines(
    model: pd.DataFrame, baselines: Mapping[str, pd.DataFrame], *, horizon: int = 0
) -> dict[str, Comparison]:
    """Return how much better or worse the model does than each baseline, pair by pair on the same forecasts.

    Parameters
    ----------
    model : DataFrame
        As `score_forecasts` takes it.
    baselines : mapping of name to DataFrame
        The same of each baseline.
    horizon : int, default=0
        As in `compare_forecasts`.

    Returns
    -------
    dict of name to Comparison
        Accuracy and log loss have `p_holm`, corrected for the number of baselines, one family a measure.

    Raises
    ------
    DataError
        If a table can't be scored, or two disagree about what was realised.

    References
    ----------
    Holm (1979), Scandinavian Journal of Statistics 6(2).

    Examples
    --------
    >>> days = pd.to_datetime(["2024-11-25", "2024-11-26", "2024-11-27"])
    >>> rows = pd.DataFrame({"session": days, "ticker": "AAA", "realised_return": [0.01, 0.02, -0.01]})
    >>> model, baseline = rows.assign(probability_up=0.6), rows.assign(probability_up=[0.4, 0.6, 0.6])
    >>> round(compare_with_baselines(model, {"baseline": baseline})["baseline"].accuracy.p_holm, 4)
    0.4226
    """
    pairs = {name: compare_forecasts(model, baseline, horizon=horizon) for name, baseline in baselines.items()}
    accuracy = holm([pair.accuracy.p for pair in pairs.values()])
    log_loss = holm([pair.log_loss.p for pair in pairs.values()])
    return {
        name: Comparison(
            n=pair.n,
            n_sessions=pair.n_sessions,
            n_left_out=pair.n_left_out,
            accuracy=pair.accuracy.model_copy(update={"p_holm": p_accuracy}),
            log_loss=pair.log_loss.model_copy(update={"p_holm": p_log_loss}),
            diebold_mariano=pair.diebold_mariano,
            notes=pair.notes,
        )
        for (name, pair), p_accuracy, p_log_loss in zip(pairs.items(), accuracy, log_loss, strict=True)
    }


def tabulate_tests(tests: Mapping[str, PairedTest]) -> pd.DataFrame:
    """Return paired tests as a table, a row each: what a forest plot draws.

    Returns
    -------
    DataFrame
        Index the name; difference, low, high (fractions), and significant after Holm's correction.

    Examples
    --------
    >>> test = PairedTest(difference=0.02, standard_error=0.005, n_sessions=250, ci=(0.01, 0.03), p_holm=0.01)
    >>> tabulate_tests({"majority": test})
              difference   low  high  significant
    majority        0.02  0.01  0.03         True
    """
    rows = [(test.difference, *test.ci, test.is_significant) for test in tests.values()]
    return pd.DataFrame(rows, index=list(tests), columns=["difference", "low", "high", "significant"])


def compare_with_best(
    model: pd.DataFrame, baselines: Mapping[str, pd.DataFrame], *, seed: int, horizon: int = 0
) -> BestBaseline:
    """Return whether any baseline has a lower log loss than the model, and the model a lower one than the best of them.

    Parameters
    ----------
    model, baselines
        As for `compare_with_baselines`; the baselines' rows are those of `model`.
    seed : int
        Of the bootstrap over sessions.
    horizon : int, default=0
        Sessions from entry to exit of a trade; a block holds two trades that overlap, at least.

    References
    ----------
    Hansen (2005), Journal of Business & Economic Statistics 23(4).

    Examples
    --------
    >>> rows = pd.DataFrame({"session": pd.bdate_range("2024-01-01", periods=40), "ticker": "A"})
    >>> rows["realised_return"] = np.tile([0.01, 0.02, -0.01, 0.01, -0.02], 8)
    >>> model = rows.assign(probability_up=np.where(rows["realised_return"] > 0, 0.7, 0.4))
    >>> best = compare_with_best(model, {"always up": rows.assign(probability_up=0.6)}, seed=1)
    >>> best.best, best.better_than_best_p < 0.01
    ('always up', True)
    """
    losses = pd.DataFrame({name: _session_losses(frame) for name, frame in baselines.items()})
    of_model = _session_losses(model).reindex(losses.index)
    # A baseline that forecasts as the model does has no difference to resample.
    losses = losses.loc[:, [float(np.ptp(losses[name] - of_model)) > 1e-12 for name in losses]]
    n_sessions, n_baselines = len(of_model), losses.shape[1]
    if n_sessions < LEAST_SESSIONS or losses.empty:
        return BestBaseline(
            any_better_p=None,
            best=None,
            better_than_best_p=None,
            n_sessions=n_sessions,
            n_rivals=n_baselines,
            note=f"A test of all baselines together needs {LEAST_SESSIONS} sessions and one baseline that forecasts "
            f"otherwise than the model; there are {n_sessions} and {n_baselines}.",
        )
    best = str(losses.mean().idxmin())
    test = partial(superior_ability, seed=seed, block_size=block_of(n_sessions, horizon=horizon))
    return BestBaseline(
        any_better_p=test(of_model.to_numpy(), losses).consistent,
        best=best,
        better_than_best_p=test(losses[best].to_numpy(), of_model.to_frame("model")).consistent,
        n_sessions=n_sessions,
        n_rivals=n_baselines,
        note=None,
    )


def _session_losses(frame: pd.DataFrame) -> pd.Series:
    scored = as_scored(frame)
    losses = log_losses(scored["up"].to_numpy(), scored["probability_up"].to_numpy())
    return pd.Series(losses).groupby(scored["session"].to_numpy()).mean()


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
