"""What each component of a network adds: every variant of a declared family against the plain network."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd

from stockseq.evaluate.comparison import Comparison, PairedTest, compare_forecasts, paired_test
from stockseq.evaluate.information import daily_information
from stockseq.evaluate.multiplicity import holm
from stockseq.evaluate.power import sessions_needed_for_difference
from stockseq.evaluate.probability import log_losses
from stockseq.evaluate.scored import as_scored
from stockseq.evaluate.significance import SIZE
from stockseq.evaluate.size import daily_qlike
from stockseq.results import Result

# What a claim may rest on: where nothing can be found each has the same mean for every network.
CLAIMS = ("accuracy", "ic", "size")
MEASURES = (*CLAIMS, "log_loss")
SEED = "probability_up_seed_"
EXPECTED = "expected_return_seed_"
EDGE = 0.01
Claim = Literal["helps", "harms", "contradicts", "open"]


class ComponentEffect(Result):
    """What a component adds to a network.

    Parameters
    ----------
    n, n_sessions, n_left_out : int
        As of a `Comparison`.
    accuracy, ic, size, log_loss : PairedTest
        `difference` is signed as what the component adds. `seed_error` is the standard deviation over seeds of the
        difference between the networks of one seed, at least the family's, over the root of their number (None for one
        seed); `ci`, `z` and `p` are by both errors together, with Satterthwaite's degrees of freedom; `p_holm` of
        accuracy, ic and size is corrected over all three. ic is the mean over sessions of five tickers or more of the
        rank correlation of `relative` and return (of Pearson's, of the expected return, where the networks name no
        `relative`), None without two such sessions. size is the QLIKE that the component takes off, None where the
        networks name no sigma.
    claim : {"helps", "harms", "contradicts", "open"}
        "helps" or "harms" if `p_holm` of accuracy, ic or size is below 5 % and no other says the opposite,
        "contradicts" if one does, else "open".
    sessions_needed : int or None
        About how many sessions would show one point of accuracy in 80 of 100 cases; None if the claim is not open, the
        difference has no noise, or the luck of so few seeds hides a point by itself.
    by_fold, by_seed : tuple of floats
        The difference in accuracy in each fold, ascending, and between the networks of each seed.
    notes : tuple of sentences
    """

    n: int
    n_sessions: int
    n_left_out: int
    accuracy: PairedTest
    ic: PairedTest | None
    size: PairedTest | None
    log_loss: PairedTest
    claim: Claim
    sessions_needed: int | None
    by_fold: tuple[float, ...]
    by_seed: tuple[float, ...]
    notes: tuple[str, ...]


@dataclass(frozen=True)
class _Ensemble:
    """Forecasts, their coefficient and QLIKE by session where there are such, and the scores of each seed's network."""

    forecasts: pd.DataFrame
    information: pd.Series | None
    losses: pd.Series | None
    seeds: Mapping[str, Mapping[str, float]]


Pair = tuple[_Ensemble, _Ensemble]
Tests = dict[str, PairedTest]


def judge_family(
    plain: pd.DataFrame,
    variants: Mapping[str, pd.DataFrame],
    *,
    n_declared: int,
    removals: Collection[str] = (),
    horizon: int = 0,
) -> dict[str, ComponentEffect]:
    """Return what each variant's component adds to the plain network, corrected for all that were declared.

    A claim rests on accuracy, on the information coefficient or on the size of moves, corrected together, so that the
    chance of one false claim in the whole family is at most 5 %: where nothing can be found the first two have the same
    mean for every network, which is not so of the log loss (nor of accuracy where prices mostly rise: what leans
    forecasts up then gains it), and QLIKE the same for networks that know the same of the volatility.
    Accuracy sees directions alone; a component that tells strong forecasts from weak ones shows in the coefficient, one
    that knows only how far prices move in the size.

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
    horizon : int, default=0
        Sessions from entry to exit of the trade that is forecast.

    Returns
    -------
    dict of name to ComponentEffect

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
    >>> effect = judge_family(plain, {"mine": variant}, n_declared=2)["mine"]
    >>> round(effect.accuracy.difference, 4), round(effect.accuracy.p_holm, 4), effect.claim
    (0.3333, 0.8453, 'open')
    """
    if n_declared < len(variants):
        raise ValueError(
            f"`n_declared` must be at least the {len(variants)} variants that came, received {n_declared}."
        )
    reference = _scored(plain)
    ensembles = {name: _scored(frame) for name, frame in variants.items()}
    # The component is what the first of a pair has and the second lacks.
    pairs = {
        name: (reference, variant) if name in removals else (variant, reference) for name, variant in ensembles.items()
    }
    compared = {
        name: compare_forecasts(more.forecasts, less.forecasts, horizon=horizon) for name, (more, less) in pairs.items()
    }
    tests = {measure: _test(measure, compared, pairs, horizon) for measure in MEASURES}
    lacking = {"ic": reference.information is None, "size": reference.losses is None}
    claims = [measure for measure in CLAIMS if not lacking.get(measure, False)]
    for family in (claims, ["log_loss"]):
        tests |= _correct({measure: tests[measure] for measure in family}, n_declared * len(family))
    return {
        name: _judge(
            pair,
            {measure: tests[measure].get(name) for measure in MEASURES},
            *pairs[name],
            n_tests=n_declared * len(claims),
        )
        for name, pair in compared.items()
    }


def _test(measure: str, compared: Mapping[str, Comparison], pairs: Mapping[str, Pair], horizon: int) -> Tests:
    """Return the test of each variant that has one, by the errors of sessions and seeds together."""
    tests: Tests = {}
    gains: dict[str, list[float]] = {}
    for name, (more, less) in pairs.items():
        test = _compare(measure, compared[name], more, less, horizon)
        if test is not None:
            tests[name], gains[name] = test, _gains(measure, more, less)
    return _add_seed_error(tests, gains)


def _compare(measure: str, pair: Comparison, more: _Ensemble, less: _Ensemble, horizon: int) -> PairedTest | None:
    """Return the test of what `more` gains in one measure, by the error of the sessions alone."""
    if measure == "accuracy":
        return pair.accuracy
    if measure == "ic":
        return _compare_sessions(more.information, less.information, horizon)
    if measure == "size":
        # A loss that the component takes off is a gain.
        return _compare_sessions(less.losses, more.losses, horizon)
    return pair.log_loss


def _correct(tests: Mapping[str, Tests], n_declared: int) -> dict[str, Tests]:
    """Return the tests with p corrected for all that were declared, those that could not be made among them."""
    corrected = iter(holm([test.p for by_name in tests.values() for test in by_name.values()], n_declared))
    return {
        measure: {name: test.model_copy(update={"p_holm": next(corrected)}) for name, test in by_name.items()}
        for measure, by_name in tests.items()
    }


def _scored(forecasts: pd.DataFrame) -> _Ensemble:
    seeds = [name.removeprefix(SEED) for name in forecasts.columns if name.startswith(SEED)]
    members = {seed: _member(forecasts, seed) for seed in seeds}
    scores = {seed: {measure: SCORES[measure](member) for measure in MEASURES} for seed, member in members.items()}
    return _Ensemble(forecasts, _information(forecasts), _losses(forecasts), scores)


def _gains(measure: str, more: _Ensemble, less: _Ensemble) -> list[float]:
    """Return by how much the networks of each seed differ."""
    return [more.seeds[seed][measure] - less.seeds[seed][measure] for seed in more.seeds if seed in less.seeds]


def _member(frame: pd.DataFrame, seed: str) -> pd.DataFrame:
    """Return the forecasts of one network of the ensemble; without its expected return the probability stands in."""
    probability = frame[f"{SEED}{seed}"]
    expected = frame.get(f"{EXPECTED}{seed}", probability - 0.5)
    ranks_and_sizes = {
        name: frame[f"{name}_seed_{seed}"] for name in ("relative", "sigma") if f"{name}_seed_{seed}" in frame
    }
    return frame.assign(probability_up=probability, expected_return=expected, **ranks_and_sizes)


def _information(frame: pd.DataFrame) -> pd.Series | None:
    ranked = "relative" in frame and frame["relative"].notna().all()
    scored = as_scored(frame.assign(expected_return=frame["relative"]) if ranked else frame)
    daily = daily_information(scored)["rank_ic" if ranked else "ic"]
    return daily if len(daily) > 1 else None


def _losses(frame: pd.DataFrame) -> pd.Series | None:
    daily = daily_qlike(frame)
    return daily if daily is not None and len(daily) > 1 else None


def _compare_sessions(more: pd.Series | None, less: pd.Series | None, horizon: int) -> PairedTest | None:
    """Return how much higher the values of `more` are, over the sessions on which both have one."""
    if more is None or less is None:
        return None
    gains = (more - less).dropna()
    if len(gains) < 2:
        return None
    return paired_test(gains.to_numpy(), gains.index.to_numpy(), horizon=horizon)


def _add_seed_error(tests: Tests, gains: Mapping[str, Sequence[float]]) -> Tests:
    """Return the tests of one measure, each wider by what another draw of seeds would change."""
    n_tests, n_seeds = len(tests), min((len(values) for values in gains.values()), default=0)
    if n_seeds < 2:
        return {name: test.model_copy(update={"seed_error": None}) for name, test in tests.items()}
    variances = {name: float(np.var(values, ddof=1)) / n_seeds for name, values in gains.items()}
    shared = float(np.mean(list(variances.values())))
    # All share the plain network, so their differences correlate by a half: of n variances 4 n / (n + 3) count.
    shared_degrees = (n_seeds - 1) * 4 * n_tests / (n_tests + 3)
    return {
        name: _by_both_errors(
            test, max(variances[name], shared), n_seeds - 1 if variances[name] > shared else shared_degrees
        )
        for name, test in tests.items()
    }


def _by_both_errors(test: PairedTest, seeds: float, seeds_degrees: float) -> PairedTest:
    """Return the test by both errors; `seeds` is the variance that comes from the seeds."""
    from scipy import stats

    sampling = test.standard_error**2
    if test.p is None:
        return test.model_copy(update={"seed_error": seeds**0.5})
    error = (sampling + seeds) ** 0.5
    degrees = (sampling + seeds) ** 2 / (sampling**2 / (test.n_sessions - 1) + seeds**2 / seeds_degrees)
    reach = float(stats.t.ppf(0.975, degrees)) * error
    z = test.difference / error
    return test.model_copy(
        update={
            "seed_error": seeds**0.5,
            "ci": (test.difference - reach, test.difference + reach),
            "z": z,
            "p": 2 * float(stats.t.sf(abs(z), degrees)),
        }
    )


def _judge(
    pair: Comparison, tests: Mapping[str, PairedTest | None], more: _Ensemble, less: _Ensemble, *, n_tests: int
) -> ComponentEffect:
    """Return a comparison with what follows from it: `more` has the component, `less` lacks it."""
    accuracy, log_loss = tests["accuracy"], tests["log_loss"]
    if accuracy is None or log_loss is None:
        raise ValueError("A comparison always tests accuracy and log loss.")
    claim, needed = _claim([test for measure in CLAIMS if (test := tests[measure]) is not None]), None
    if claim == "open" and accuracy.standard_error > 0:
        # The first step of Holm's correction is the one that any claim has to pass.
        needed = sessions_needed_for_difference(
            EDGE,
            accuracy.standard_error,
            accuracy.n_sessions,
            n_compared=n_tests,
            lasting_error=accuracy.seed_error or 0.0,
        )
    return ComponentEffect(
        n=pair.n,
        n_sessions=pair.n_sessions,
        n_left_out=pair.n_left_out,
        accuracy=accuracy,
        ic=tests["ic"],
        size=tests["size"],
        log_loss=log_loss,
        claim=claim,
        sessions_needed=needed,
        by_fold=_by_fold(more.forecasts, less.forecasts),
        by_seed=tuple(_gains("accuracy", more, less)),
        notes=pair.notes,
    )


def _claim(tests: Sequence[PairedTest]) -> Claim:
    if any(test.seed_error is None for test in tests):
        return "open"
    signs = {np.sign(test.difference) for test in tests if test.p_holm is not None and test.p_holm < SIZE}
    claims: dict[tuple[float, ...], Claim] = {(): "open", (1.0,): "helps", (-1.0,): "harms"}
    return claims.get(tuple(signs), "contradicts")


def _by_fold(more: pd.DataFrame, less: pd.DataFrame) -> tuple[float, ...]:
    rates = [_hits(frame).groupby(frame["fold"]).mean() for frame in (more, less)]
    return tuple(float(value) for value in (rates[0] - rates[1]).sort_index())


def _hits(frame: pd.DataFrame) -> pd.Series:
    return (frame["probability_up"] > 0.5) == (frame["realised_return"] > 0)


def _accuracy(frame: pd.DataFrame) -> float:
    return float(_hits(frame).mean())


def _coefficient(frame: pd.DataFrame) -> float:
    daily = _information(frame)
    return 0.0 if daily is None else float(daily.mean())


def _size(frame: pd.DataFrame) -> float:
    """Return QLIKE with the sign of a gain."""
    daily = _losses(frame)
    return 0.0 if daily is None else -float(daily.mean())


def _log_loss(frame: pd.DataFrame) -> float:
    up = (frame["realised_return"] > 0).to_numpy()
    return float(log_losses(up, frame["probability_up"].to_numpy()).mean())


SCORES: dict[str, Callable[[pd.DataFrame], float]] = {
    "accuracy": _accuracy,
    "ic": _coefficient,
    "size": _size,
    "log_loss": _log_loss,
}
