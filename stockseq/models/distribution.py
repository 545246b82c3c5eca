"""The predictive distribution: what the heads say together, and intervals that hold as often as they say."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from stockseq.results import Result

Floats = npt.NDArray[np.float64]

# A probability of exactly 0 or 1 claims what no sample can show, and has no finite log loss.
BOUNDS = (1e-6, 1 - 1e-6)
# Below, a Student t has hardly a variance; above, it is the normal law.
LEAST_FREEDOM, MOST_FREEDOM = 2.5, 200.0
# The location moves with the scale, and the scale with what is left around the location.
N_ROUNDS = 4
# Within so many standard deviations lie 80 % and 95 % of a normal law.
NORMAL_80, NORMAL_95 = 1.2815515655446004, 1.959963984540054


class Calibration(Result):
    """How far outcomes fall from their forecast, learnt on validation sessions alone.

    `quantile_80` and `quantile_95` are the distances, in forecast standard deviations, within which 80 % and 95 % of
    the outcomes fell; `freedom` are the degrees of freedom of the Student t that has both, None for the normal law; `n`
    outcomes were seen.
    """

    quantile_80: float = NORMAL_80
    quantile_95: float = NORMAL_95
    freedom: float | None = None
    n: int = 0

    def location(self, probability: Floats) -> Floats:
        """Return the location, in forecast standard deviations, at which a rise has this probability."""
        return self._scale * np.asarray(self._law.ppf(probability))

    def probability(self, location: Floats) -> Floats:
        """Return the probability of a rise at a location in forecast standard deviations."""
        return np.asarray(self._law.cdf(location / self._scale))

    @property
    def _law(self) -> Any:
        from scipy.stats import norm, t

        return norm if self.freedom is None else t(self.freedom)

    @property
    def _scale(self) -> float:
        return self.quantile_80 / float(self._law.ppf(0.9))


@dataclass(frozen=True)
class Readings:
    """What the networks of an ensemble say of n windows; NaN where a head is missing.

    Parameters
    ----------
    up : array of shape (n_seeds, n)
        Probability of up, by network.
    scaled : array of shape (n_seeds, n)
        Return over the volatility known at the decision, by network.
    relative : array of shape (n,)
        Mean return against the session's other tickers, in standard deviations.
    sigma : array of shape (n,)
        Standard deviation of the log return, a fraction: the volatility known where there is no size head.
    """

    up: Floats
    scaled: Floats
    relative: Floats
    sigma: Floats


def read_outputs(outputs: Sequence[Mapping[str, Floats]], volatility: Floats) -> Readings:
    """Return what the outputs of each network's heads, of shape (n,), say together.

    Examples
    --------
    >>> heads = {"direction": np.array([0.5]), "size": np.array([np.log(2.0)])}
    >>> read_outputs([heads], np.array([0.01])).sigma.round(3).tolist()
    [0.02]
    """
    missing = np.full(len(volatility), np.nan)

    def stack(head: str) -> Floats:
        return np.stack([output.get(head, missing) for output in outputs])

    size = stack("size").mean(axis=0)
    return Readings(
        up=np.clip(stack("direction"), *BOUNDS),
        scaled=stack("return"),
        relative=stack("relative").mean(axis=0),
        sigma=volatility * np.exp(np.where(np.isnan(size), 0.0, size)),
    )


def probabilities(readings: Readings, calibration: Calibration, volatility: Floats) -> Floats:
    """Return each network's probability of up, of shape (n_seeds, n).

    The location is that of its return; a network that has only the direction gives the probability itself.
    """
    if np.isnan(readings.scaled).all():
        return readings.up
    location = readings.scaled * volatility / readings.sigma
    return np.clip(calibration.probability(location), *BOUNDS)


def calibrate(readings: Readings, volatility: Floats, realised_return: Floats) -> Calibration:
    """Learn how far outcomes fall from their forecast; the windows must be none that the networks were trained on.

    Parameters
    ----------
    readings : Readings of n windows
    volatility, realised_return : arrays of shape (n,)
        Fractions.

    Returns
    -------
    Calibration
        By conformal quantiles: of n distances the one of rank (n + 1) times the level, rounded up, and the largest
        where there are too few. The normal law where nothing is left to learn from.

    References
    ----------
    Vovk, Gammerman & Shafer (2005), Algorithmic Learning in a Random World.

    Examples
    --------
    >>> moves = np.array([-4.0, -3.0, -2.0, -1.0, 1.0, 2.0, 3.0, 4.0, 5.0])
    >>> flat = read_outputs([{"direction": np.full(9, 0.5)}], np.full(9, 0.01))
    >>> calibrate(flat, np.full(9, 0.01), np.expm1(0.01 * moves)).quantile_80
    4.0
    """
    calibration = Calibration()
    standard = np.log1p(realised_return) / readings.sigma
    if not standard.any():
        return calibration
    for _ in range(N_ROUNDS):
        centre = calibration.location(probabilities(readings, calibration, volatility).mean(axis=0))
        calibration = _measure(np.abs(standard - centre))
    return calibration


def describe(
    readings: Readings, calibration: Calibration, volatility: Floats, median_volatility: float
) -> tuple[dict[str, Floats], Floats]:
    """Return the forecast columns of n windows and each network's probability: all follow from one law per window.

    Parameters
    ----------
    readings : Readings of n windows
    calibration : Calibration
    volatility : array of shape (n,)
    median_volatility : float
        Of the training windows.

    Returns
    -------
    (dict of column to array of shape (n,), array of shape (n_seeds, n))
        `probability_up` is the mean over the networks, `expected_return` the distribution's centre: its sign is that
        of `probability_up` less a half, and it lies within the intervals. Fractions. `relative` is what the networks
        say against the session's other tickers plus, where they have one, their return in median volatilities: two
        views of the same rank, of which either alone ranks worse.

    Examples
    --------
    >>> readings = read_outputs([{"direction": np.array([0.5, 0.6])}], np.array([0.01, 0.01]))
    >>> columns, _ = describe(readings, Calibration(), np.array([0.01, 0.01]), 0.01)
    >>> columns["expected_return"].round(4).tolist(), columns["high_80"].round(4).tolist()
    ([0.0, 0.0025], [0.0129, 0.0155])
    """
    by_network = probabilities(readings, calibration, volatility)
    up = by_network.mean(axis=0)
    location, sigma = calibration.location(up), readings.sigma
    returns = np.nan_to_num(readings.scaled).mean(axis=0) * volatility / median_volatility
    columns = {
        "probability_up": up,
        "expected_return": np.expm1(location * sigma),
        "relative": readings.relative + returns,
        "sigma": sigma,
    }
    for level, distance in ((80, calibration.quantile_80), (95, calibration.quantile_95)):
        columns[f"low_{level}"] = np.expm1((location - distance) * sigma)
        columns[f"high_{level}"] = np.expm1((location + distance) * sigma)
    return columns, by_network


def describe_apart(readings: Readings, volatility: Floats) -> tuple[dict[str, Floats], Floats]:
    """Return the forecast columns and each network's probability of a model of before 0.3: each head by itself.

    Where a head is missing, its figure follows from the other's under a normal law: probability = Phi(expected_return /
    volatility).
    """
    from scipy.stats import norm

    by_network = np.where(np.isnan(readings.up), np.clip(norm.cdf(readings.scaled), *BOUNDS), readings.up)
    scaled = np.where(np.isnan(readings.scaled), norm.ppf(by_network), readings.scaled).mean(axis=0)
    columns = {
        "probability_up": by_network.mean(axis=0),
        "expected_return": scaled * volatility,
        "relative": readings.relative,
    }
    return columns, by_network


def _measure(distances: Floats) -> Calibration:
    """Return the conformal quantiles of n distances, and the Student t that has both."""
    ordered = np.sort(distances)
    ranks = {level: min(int(np.ceil((len(ordered) + 1) * level - 1e-9)), len(ordered)) for level in (0.8, 0.95)}
    near, far = (max(float(ordered[rank - 1]), np.finfo(np.float64).tiny) for rank in ranks.values())
    return Calibration(quantile_80=near, quantile_95=far, freedom=_freedom(far / near), n=len(ordered))


def _freedom(ratio: float) -> float | None:
    """Return the degrees of freedom of the Student t whose 95 % lie `ratio` times as wide as its 80 %."""

    from scipy.optimize import brentq
    from scipy.stats import t

    def excess(freedom: float) -> float:
        return float(t.ppf(0.975, freedom) / t.ppf(0.9, freedom)) - ratio

    if excess(LEAST_FREEDOM) <= 0:
        return LEAST_FREEDOM
    if excess(MOST_FREEDOM) >= 0:
        return None
    return float(brentq(excess, LEAST_FREEDOM, MOST_FREEDOM, xtol=1e-6))
