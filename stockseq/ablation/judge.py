"""What each component of a network adds: every variant of a declared family against the plain network."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from scipy import stats

from stockseq.evaluate.comparison import compare_forecasts, paired_test
from stockseq.evaluate.information import daily_information
from stockseq.evaluate.multiplicity import holm
from stockseq.evaluate.power import sessions_for_difference
from stockseq.evaluate.probability import log_losses
from stockseq.evaluate.scored import as_scored
from stockseq.evaluate.significance import SIZE

# What a claim may rest on: where nothing can be found each has the same mean for every network.
CLAIMS = ("accuracy", "ic")
MEASURES = (*CLAIMS, "log_loss")
SEED = "probability_up_seed_"
EXPECTED = "expected_return_seed_"
EDGE = 0.01


def judge_family(
    plain: pd.DataFrame,
    variants: Mapping[str, pd.DataFrame],
    *,
    n_declared: int,
    removals: Collection[str] = (),
) -> dict[str, dict[str, Any]]:
    """Return what each variant's component adds to the plain network, corrected for all that were declared.

    A claim rests on accuracy or on the information coefficient, corrected together, so that the chance of one false
    claim in the whole family is at most 5 %: where nothing can be found both have the same mean for every network,
    which is not so of the log loss (nor of accuracy where prices mostly rise: what leans forecasts up then gains it).
    Accuracy sees directions alone; a component that tells strong forecasts from weak ones shows in the coefficient.

    The error is that of the sessions seen and that of the seeds drawn: two networks that differ in nothing but their
    first weights may differ beyond the noise of the sessions, and that speaks for no component. A few seeds tell their
    variance badly, and one that comes out small by luck would make a claim; so it is at least the mean variance over
    the family. One seed tells nothing of it, and nothing is claimed.

    Parameters
    ----------
    plain : DataFrame
        The plain network's forecasts, as `score_forecasts` takes them, with `fold`.
    variants : mapping of name to DataFrame
        The same of each variant that could be fitted.
    n_declared : int
        Variants declared beforehand; those that failed still count, as ones that show nothing.
    removals : collection of str
        Variants that lack a component which the plain network has. What it adds is the plain network less the variant.

    Returns
    -------
    dict of name to dict
        * accuracy, ic, log_loss: `difference`, signed as what the component adds; `standard_error` over `n_sessions`,
          clustered; `seed_error`, the standard deviation over seeds of the difference between the networks of one seed,
          at least the family's, over the root of their number (None for one seed); `ci` (95 %), `z`, `p` by both errors
          together, with Satterthwaite's degrees of freedom; `p_holm`, of accuracy and ic corrected over both (None, as
          z and p, where nothing can be tested). ic is the mean over sessions of five tickers or more, None without two
        * claim: "helps" or "harms" if `p_holm` of accuracy or ic is below 5 % and the other doesn't say the opposite,
          "contradicts" if it does, else "open"
        * sessions_needed: about how many sessions would tell one point of accuracy in 80 of 100 cases; None if the
          claim is not open, the difference has no noise, or the luck of so few seeds hides a point by itself
        * by_fold: the difference in accuracy in each fold, ascending
        * by_seed: the difference in accuracy between the networks of each seed
        * n, n_sessions, notes

    Raises
    ------
    DataError
        If a table can't be scored, or two disagree about what was realised.
    ValueError
        If fewer variants were declared than came.

    References
    ----------
    Holm (1979), Scandinavian Journal of Statistics 6(2); Satterthwaite (1946), Biometrics Bulletin 2(6).

    Examples
    --------
    >>> days = pd.to_datetime(["2024-11-25", "2024-11-26", "2024-11-27"])
    >>> rows = pd.DataFrame({"session": days, "ticker": "A", "fold": 1, "realised_return": [0.01, 0.02, -0.01]})
    >>> plain, variant = rows.assign(probability_up=[0.4, 0.6, 0.6]), rows.assign(probability_up=0.6)
    >>> judged = judge_family(plain, {"mine": variant}, n_declared=2)["mine"]
    >>> round(judged["accuracy"]["difference"], 4), round(judged["accuracy"]["p_holm"], 4), judged["claim"]
    (0.3333, 0.8453, 'open')
    """
    if n_declared < len(variants):
        raise ValueError(
            f"`n_declared` must be at least the {len(variants)} variants that came, received {n_declared}."
        )
    own = _scored(plain)
    others = {name: _scored(frame) for name, frame in variants.items()}
    pairs = {name: (own, other) if name in removals else (other, own) for name, other in others.items()}
    compared = {name: _compare(*pair) for name, pair in pairs.items()}
    for measure in MEASURES:
        _widen([one[measure] for one in compared.values() if one[measure] is not None])
    claims = [measure for measure in CLAIMS if measure != "ic" or own.information is not None]
    _correct(compared, claims, n_declared)
    _correct(compared, ["log_loss"], n_declared)
    return {name: _judged(compared[name], *pairs[name], n_declared * len(claims)) for name in variants}


def _correct(compared: Mapping[str, dict[str, Any]], measures: Sequence[str], n_declared: int) -> None:
    """Give each test its p corrected for all that were declared, the failed and the untestable at p = 1."""
    tests = [one[measure] for one in compared.values() for measure in measures if one[measure] is not None]
    tested = [test for test in tests if test["p"] is not None]
    corrected = holm([*(test["p"] for test in tested), *[1.0] * (n_declared * len(measures) - len(tested))])
    for test in tests:
        test["p_holm"] = None
    for test, p in zip(tested, corrected, strict=False):
        test["p_holm"] = p


@dataclass(frozen=True)
class _Ensemble:
    """Forecasts, their coefficient by session where there is one, and the scores of the network of each seed."""

    forecasts: pd.DataFrame
    information: pd.Series | None
    seeds: Mapping[str, Mapping[str, float]]


def _scored(forecasts: pd.DataFrame) -> _Ensemble:
    seeds = [name.removeprefix(SEED) for name in forecasts.columns if name.startswith(SEED)]
    members = {seed: _member(forecasts, seed) for seed in seeds}
    scores = {seed: {measure: SCORES[measure](member) for measure in MEASURES} for seed, member in members.items()}
    return _Ensemble(forecasts, _information(forecasts), scores)


def _compare(more: _Ensemble, less: _Ensemble) -> dict[str, Any]:
    """Return the comparison of two ensembles, each test with what the networks of each seed differ by."""
    compared = compare_forecasts(more.forecasts, less.forecasts)
    compared["ic"] = _compare_information(more.information, less.information)
    seeds = [seed for seed in more.seeds if seed in less.seeds]
    for measure in MEASURES:
        if compared[measure] is not None:
            compared[measure]["gains"] = [more.seeds[seed][measure] - less.seeds[seed][measure] for seed in seeds]
    return {**compared, "by_seed": compared["accuracy"]["gains"]}


def _member(frame: pd.DataFrame, seed: str) -> pd.DataFrame:
    """Return the forecasts of one network of the ensemble; without its expected return the probability stands in."""
    probability = frame[f"{SEED}{seed}"]
    expected = frame.get(f"{EXPECTED}{seed}", probability - 0.5)
    return frame.assign(probability_up=probability, expected_return=expected)


def _information(frame: pd.DataFrame) -> pd.Series | None:
    daily = daily_information(as_scored(frame))["ic"]
    return daily if len(daily) > 1 else None


def _compare_information(more: pd.Series | None, less: pd.Series | None) -> dict[str, Any] | None:
    """Return how much higher the coefficient of `more` is, over the sessions on which both have one."""
    if more is None or less is None:
        return None
    gains = (more - less).dropna()
    if len(gains) < 2:
        return None
    return paired_test(gains.to_numpy(), gains.index.to_numpy())


def _widen(tests: Sequence[dict[str, Any]]) -> None:
    """Widen the tests of one measure by what another draw of seeds would change."""
    gains = [test.pop("gains") for test in tests]
    if not tests or len(gains[0]) < 2:
        for test in tests:
            test["seed_error"] = None
        return
    n_seeds, n_tests = len(gains[0]), len(tests)
    own = [float(np.var(one, ddof=1)) / n_seeds for one in gains]
    shared = float(np.mean(own))
    # All share the plain network, so their differences correlate by a half: of n variances 4 n / (n + 3) count.
    shared_degrees = (n_seeds - 1) * 4 * n_tests / (n_tests + 3)
    for test, variance in zip(tests, own, strict=True):
        degrees = n_seeds - 1 if variance > shared else shared_degrees
        test |= _with_seeds(test, max(variance, shared), degrees)


def _with_seeds(test: Mapping[str, Any], seeds: float, seeds_degrees: float) -> dict[str, Any]:
    """Return the test by both errors; `seeds` is the variance that comes from the seeds."""
    sampling = test["standard_error"] ** 2
    if test["p"] is None:
        return {"seed_error": seeds**0.5}
    error = (sampling + seeds) ** 0.5
    degrees = (sampling + seeds) ** 2 / (sampling**2 / (test["n_sessions"] - 1) + seeds**2 / seeds_degrees)
    reach = float(stats.t.ppf(0.975, degrees)) * error
    z = test["difference"] / error
    return {
        "seed_error": seeds**0.5,
        "ci": [test["difference"] - reach, test["difference"] + reach],
        "z": z,
        "p": 2 * float(stats.t.sf(abs(z), degrees)),
    }


def _judged(compared: dict[str, Any], more: _Ensemble, less: _Ensemble, n_tests: int) -> dict[str, Any]:
    """Return a comparison with what follows from it: `more` has the component, `less` lacks it."""
    accuracy, claim, needed = compared["accuracy"], _claim(compared), None
    if claim == "open" and accuracy["standard_error"] > 0:
        # The first step of Holm's correction is the one that any claim has to pass.
        needed = sessions_for_difference(
            EDGE,
            accuracy["standard_error"],
            accuracy["n_sessions"],
            n_compared=n_tests,
            lasting_error=accuracy["seed_error"] or 0.0,
        )
    return {
        **{key: value for key, value in compared.items() if key != "brier"},
        "claim": claim,
        "sessions_needed": needed,
        "by_fold": _by_fold(more.forecasts, less.forecasts),
    }


def _claim(compared: Mapping[str, Any]) -> str:
    told = [compared[measure] for measure in CLAIMS if compared[measure] is not None]
    if any(test["seed_error"] is None for test in told):
        return "open"
    signs = {np.sign(test["difference"]) for test in told if test["p_holm"] is not None and test["p_holm"] < SIZE}
    return {(): "open", (1.0,): "helps", (-1.0,): "harms"}.get(tuple(signs), "contradicts")


def _by_fold(more: pd.DataFrame, less: pd.DataFrame) -> list[float]:
    rates = [_hits(frame).groupby(frame["fold"]).mean() for frame in (more, less)]
    return [float(value) for value in (rates[0] - rates[1]).sort_index()]


def _hits(frame: pd.DataFrame) -> pd.Series:
    return (frame["probability_up"] > 0.5) == (frame["realised_return"] > 0)


def _accuracy(frame: pd.DataFrame) -> float:
    return float(_hits(frame).mean())


def _coefficient(frame: pd.DataFrame) -> float:
    daily = _information(frame)
    return 0.0 if daily is None else float(daily.mean())


def _log_loss(frame: pd.DataFrame) -> float:
    up = (frame["realised_return"] > 0).to_numpy()
    return float(log_losses(up, frame["probability_up"].to_numpy()).mean())


SCORES: dict[str, Callable[[pd.DataFrame], float]] = {
    "accuracy": _accuracy,
    "ic": _coefficient,
    "log_loss": _log_loss,
}
