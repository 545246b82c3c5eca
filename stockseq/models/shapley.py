"""Shapley values: what each of some players adds to a game, over the orders in which they may come."""

from dataclasses import dataclass
from math import factorial

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]

# So many players have 256 coalitions, each of which costs a forecast.
MOST_EXACT = 8
N_PERMUTATIONS = 64


@dataclass(frozen=True)
class ShapleyPlan:
    """Which coalitions to value, and what follows from their values.

    Parameters
    ----------
    coalitions : bool array of shape (n_coalitions, n_players)
        Who is in; the first is empty and the last is whole.
    weights : array of shape (n_players, n_coalitions)
        A player's Shapley value is the weighted sum of the coalitions' values.
    """

    coalitions: npt.NDArray[np.bool_]
    weights: Floats

    def attribute(self, values: Floats) -> Floats:
        """Return the Shapley values, of shape (n, n_players), of n games whose coalitions have `values`.

        They sum to the value of the whole less that of nobody.
        """
        return np.asarray(values @ self.weights.T)


def plan_shapley(
    n_players: int, *, most_exact: int = MOST_EXACT, n_permutations: int = N_PERMUTATIONS, seed: int = 0
) -> ShapleyPlan:
    """Plan the exact values of up to `most_exact` players, and a mean over random orders beyond.

    Parameters
    ----------
    n_players : int
    most_exact : int, default=8
        The number of coalitions doubles with each player.
    n_permutations : int, default=64
        Orders that are drawn beyond, each with its reverse; the values sum to the same whole then, too.
    seed : int, default=0
        Of the draws.

    References
    ----------
    Shapley (1953), Contributions to the Theory of Games 2; Castro, Gomez & Tejada (2009), Computers & Operations
    Research 36(5); Mitchell et al. (2022), Journal of Machine Learning Research 23.

    Examples
    --------
    >>> plan = plan_shapley(2)
    >>> plan.coalitions.tolist()
    [[False, False], [True, False], [False, True], [True, True]]
    >>> plan.attribute(np.array([[0.0, 1.0, 2.0, 5.0]])).tolist()
    [[2.0, 3.0]]
    """
    return _exact(n_players) if n_players <= most_exact else _sampled(n_players, n_permutations, seed)


def _exact(n_players: int) -> ShapleyPlan:
    coalitions = (np.arange(2**n_players)[:, None] >> np.arange(n_players)) & 1 == 1
    size = coalitions.sum(axis=1)
    orders = np.array([factorial(n) for n in range(n_players + 1)], dtype=np.float64)
    # A player joins after all others of a coalition that it is in, and before whoever is not in one without it.
    joined = orders[np.maximum(size - 1, 0)] * orders[n_players - size] / orders[n_players]
    absent = orders[size] * orders[np.maximum(n_players - size - 1, 0)] / orders[n_players]
    return ShapleyPlan(coalitions, np.where(coalitions.T, joined, -absent))


def _sampled(n_players: int, n_permutations: int, seed: int) -> ShapleyPlan:
    generator = np.random.default_rng(seed)
    half = [generator.permutation(n_players) for _ in range((n_permutations + 1) // 2)]
    orders = [*half, *(order[::-1] for order in half)]
    nobody, everybody = np.zeros(n_players, dtype=bool), np.ones(n_players, dtype=bool)
    steps: dict[bytes, npt.NDArray[np.float64]] = {nobody.tobytes(): np.zeros(n_players)}
    for order in orders:
        present = nobody.copy()
        for player in order:
            before = steps[present.tobytes()]
            present[player] = True
            after = steps.setdefault(present.tobytes(), np.zeros(n_players))
            before[player] -= 1.0 / len(orders)
            after[player] += 1.0 / len(orders)
    # The whole comes last.
    steps[everybody.tobytes()] = steps.pop(everybody.tobytes())
    coalitions = np.array([np.frombuffer(key, dtype=bool) for key in steps]).reshape(-1, n_players)
    return ShapleyPlan(coalitions, np.array(list(steps.values())).T)
