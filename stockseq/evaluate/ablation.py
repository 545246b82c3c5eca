"""What each component of a network adds: every variant of a declared family against the plain network."""

from collections.abc import Callable, Collection, Mapping, Sequence
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
from stockseq.evaluate.superior import LEAST_SESSIONS, N_RESAMPLES, model_confidence_set, superior_models
from stockseq.evaluate.verdict import SIZE

# What a claim may rest on: where nothing can be found each has the same mean for every network.
CLAIMS = ("accuracy", "ic")
MEASURES = (*CLAIMS, "log_loss")
SEED = "probability_up_seed_"
CONFIDENCE_SIZE = 0.10
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
    which is not so of the log loss. Accuracy sees directions alone; a component that tells strong forecasts from weak
    ones shows in the coefficient. The error is that of the sessions seen and that of the seeds drawn: two networks that
    differ in nothing but their first weights may differ beyond the noise of the sessions, and that speaks for no
    component.

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
        * accuracy, ic, log_loss: `difference`, signed as what the component adds; `standard_error` over sessions,
          clustered; `seed_error`, the standard deviation over seeds of the difference between the networks of one seed,
          over the root of their number (None for one seed); `ci` (95 %), `z`, `p` by both errors together, with
          Satterthwaite's degrees of freedom; `p_holm`, of accuracy and ic corrected over both (None, as z and p, where
          nothing can be tested). ic is the mean over sessions, None where no two sessions have five tickers
        * claim: "helps" or "harms" if `p_holm` of accuracy or ic is below 5 % and the other doesn't say the opposite,
          else "open"
        * sessions_needed: how many sessions would tell one point of accuracy in 80 of 100 cases; None if the claim is
          not open, or the difference has no noise
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
    pairs = {name: (plain, frame) if name in removals else (frame, plain) for name, frame in variants.items()}
    compared = {name: _compare(*pair) for name, pair in pairs.items()}
    claims = [measure for measure in CLAIMS if measure != "ic" or _information(plain) is not None]
    _correct(compared, claims, n_declared)
    _correct(compared, ["log_loss"], n_declared)
    return {name: _judged(compared[name], *pairs[name], n_declared * len(claims)) for name in variants}


def find_superior(
    plain: pd.DataFrame,
    variants: Mapping[str, pd.DataFrame],
    *,
    seed: int,
    removals: Collection[str] = (),
    n_resamples: int = N_RESAMPLES,
) -> dict[str, Any]:
    """Return the components that add to accuracy by the stepwise bootstrap, which knows that variants are alike.

    The parameters and errors are those of `judge_family`, with the seed and the draws of the bootstrap.

    Returns
    -------
    dict
        names (those found), size (the chance of one false name), note (a sentence where something could not be
        tested, or None).

    References
    ----------
    Romano & Wolf (2005), Econometrica 73(4).
    """
    own = _error_rates(plain)
    added = pd.DataFrame(
        {name: (own - _error_rates(frame)) * (-1 if name in removals else 1) for name, frame in variants.items()}
    )
    # Without noise in what a component adds there is nothing to resample.
    told = added.loc[:, [float(np.ptp(added[name])) > 0 for name in added]]
    if len(own) < LEAST_SESSIONS or told.empty:
        return {"names": [], "size": SIZE, "note": _untold(len(own))}
    # The benchmark loses nothing, and each component the less the more it adds.
    names = superior_models(np.zeros(len(told)), -told, seed=seed, size=SIZE, n_resamples=n_resamples)
    return {"names": [str(name) for name in names], "size": SIZE, "note": None}


def find_best(networks: Mapping[str, pd.DataFrame], *, seed: int, n_resamples: int = N_RESAMPLES) -> dict[str, Any]:
    """Return the networks among which the most accurate is with a chance of 90 %: the model confidence set.

    Parameters
    ----------
    networks : mapping of name to DataFrame
        The plain network's forecasts and those of the variants.
    seed, n_resamples
        Of the bootstrap.

    Returns
    -------
    dict
        names, size and note, as `find_superior` gives them; all networks where nothing can be tested. Those that are
        equally often right in every session stay or go together.

    References
    ----------
    Hansen, Lunde & Nason (2011), Econometrica 79(2).
    """
    rates = pd.DataFrame({name: _error_rates(frame) for name, frame in networks.items()})
    distinct = rates.T.drop_duplicates().T
    if len(rates) < LEAST_SESSIONS or distinct.shape[1] < 2:
        return {"names": list(map(str, rates)), "size": CONFIDENCE_SIZE, "note": _untold(len(rates))}
    best = rates[model_confidence_set(distinct, seed=seed, size=CONFIDENCE_SIZE, n_resamples=n_resamples)]
    names = [str(name) for name in rates if any(rates[name].equals(best[kept]) for kept in best)]
    return {"names": names, "size": CONFIDENCE_SIZE, "note": None}


def _correct(compared: Mapping[str, dict[str, Any]], measures: Sequence[str], n_declared: int) -> None:
    """Give each test its p corrected for all that were declared, the failed and the untestable at p = 1."""
    tests = [one[measure] for one in compared.values() for measure in measures if one[measure] is not None]
    tested = [test for test in tests if test["p"] is not None]
    corrected = holm([*(test["p"] for test in tested), *[1.0] * (n_declared * len(measures) - len(tested))])
    for test in tests:
        test["p_holm"] = None
    for test, p in zip(tested, corrected, strict=False):
        test["p_holm"] = p


def _compare(more: pd.DataFrame, less: pd.DataFrame) -> dict[str, Any]:
    """Return the comparison of two ensembles, its tests widened by what another draw of seeds would change."""
    compared = compare_forecasts(more, less)
    compared["ic"] = _compare_information(more, less)
    names = [name for name in more.columns if name.startswith(SEED) and name in less.columns]
    members = [(_member(more, name), _member(less, name)) for name in names]
    for measure in MEASURES:
        gains = [SCORES[measure](one) - SCORES[measure](other) for one, other in members if compared[measure]]
        if compared[measure] is not None:
            compared[measure] |= _with_seeds(compared[measure], gains, compared["n_sessions"])
        if measure == "accuracy":
            compared["by_seed"] = gains
    return compared


def _member(frame: pd.DataFrame, seed: str) -> pd.DataFrame:
    """Return the forecasts of one network of the ensemble; what it expects of the return follows its probability."""
    return frame.assign(probability_up=frame[seed], expected_return=frame[seed] - 0.5)


def _information(frame: pd.DataFrame) -> pd.Series | None:
    daily = daily_information(as_scored(frame))["ic"]
    return daily if len(daily) > 1 else None


def _compare_information(more: pd.DataFrame, less: pd.DataFrame) -> dict[str, Any] | None:
    """Return how much higher the coefficient of `more` is, over the sessions on which both have one."""
    coefficients = [_information(frame) for frame in (more, less)]
    if coefficients[0] is None or coefficients[1] is None:
        return None
    gains = (coefficients[0] - coefficients[1]).dropna()
    if len(gains) < 2:
        return None
    return paired_test(gains.to_numpy(), gains.index.to_numpy())


def _with_seeds(tested: Mapping[str, Any], gains: Sequence[float], n_sessions: int) -> dict[str, Any]:
    if len(gains) < 2:
        return {"seed_error": None}
    sampling, seeds = tested["standard_error"] ** 2, float(np.var(gains, ddof=1)) / len(gains)
    if tested["p"] is None or not sampling + seeds:
        return {"seed_error": seeds**0.5}
    error = (sampling + seeds) ** 0.5
    degrees = (sampling + seeds) ** 2 / (sampling**2 / (n_sessions - 1) + seeds**2 / (len(gains) - 1))
    reach = float(stats.t.ppf(0.975, degrees)) * error
    z = tested["difference"] / error
    return {
        "seed_error": seeds**0.5,
        "ci": [tested["difference"] - reach, tested["difference"] + reach],
        "z": z,
        "p": 2 * float(stats.t.sf(abs(z), degrees)),
    }


def _judged(compared: dict[str, Any], more: pd.DataFrame, less: pd.DataFrame, n_tests: int) -> dict[str, Any]:
    """Return a comparison with what follows from it: `more` has the component, `less` lacks it."""
    accuracy, claim, needed = compared["accuracy"], _claim(compared), None
    if claim == "open" and accuracy["standard_error"] > 0:
        # The first step of Holm's correction is the one that any claim has to pass.
        needed = sessions_for_difference(EDGE, accuracy["standard_error"], compared["n_sessions"], n_compared=n_tests)
    return {
        **{key: value for key, value in compared.items() if key != "brier"},
        "claim": claim,
        "sessions_needed": needed,
        "by_fold": _by_fold(more, less),
    }


def _claim(compared: Mapping[str, Any]) -> str:
    told = [compared[measure] for measure in CLAIMS if compared[measure] is not None]
    signs = {np.sign(test["difference"]) for test in told if test["p_holm"] is not None and test["p_holm"] < SIZE}
    return {(1.0,): "helps", (-1.0,): "harms"}.get(tuple(signs), "open")


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


def _error_rates(frame: pd.DataFrame) -> pd.Series:
    """Return the share of wrong directions by session."""
    scored = as_scored(frame)
    return (scored["up"] != scored["forecast_up"]).groupby(scored["session"]).mean()


def _untold(n_sessions: int) -> str:
    return (
        f"To look at all of them together takes {LEAST_SESSIONS} sessions and networks that differ; there are "
        f"{n_sessions} sessions."
    )
