"""Whether a finding survives that several were looked at: Holm's correction, and tests of all models together.

The tests are those of statsmodels 0.15.0 and arch 8.0.0; here stand what they need of the losses, and the names of the
models that they find.
"""

import math
from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
import numpy.typing as npt
import pandas as pd

from stockseq.evaluate.rows import require_rows

N_RESAMPLES = 10_000
# Fewer sessions leave no block to resample.
LEAST_SESSIONS = 10


@dataclass(frozen=True)
class SuperiorAbility:
    """The three p-values of Hansen's test; `consistent` is the one to report."""

    lower: float
    consistent: float
    upper: float


def holm(p_values: Sequence[float | None], n_declared: int | None = None) -> list[float | None]:
    """Return p-values, in the order given, corrected so that one false claim in the whole family has the stated chance.

    For claims ("this component helps") of a family declared beforehand.

    Parameters
    ----------
    p_values : sequence of float or None
        None where nothing could be tested; it stays None.
    n_declared : int, optional
        Tests of the family as it was declared: those that could not be made count as ones that show nothing. By
        default the family is the p-values that there are.

    Raises
    ------
    ValueError
        If a p-value is not in [0, 1], or fewer tests were declared than p-values came.

    References
    ----------
    Holm (1979), Scandinavian Journal of Statistics 6(2).

    Examples
    --------
    >>> holm([0.01, None, 0.04]), holm([0.01, None, 0.04], n_declared=4)
    ([0.02, None, 0.04], [0.04, None, 0.12])
    """
    tested = [p for p in p_values if p is not None]
    if not all(0 <= p <= 1 for p in tested):
        raise ValueError(f"p-values must lie in [0, 1], received {list(p_values)}.")
    n_missing = 0 if n_declared is None else n_declared - len(tested)
    if n_missing < 0:
        raise ValueError(f"`n_declared` must be at least the {len(tested)} p-values, received {n_declared}.")
    # As statsmodels' `multipletests`, which collects garbage at each call: .4 s where a process holds a lot.
    values = np.array([*tested, *[1.0] * n_missing])
    order = np.argsort(values, kind="stable")
    steps = np.maximum.accumulate(values[order] * np.arange(len(values), 0, -1)).clip(max=1.0)
    by_place = np.empty_like(values)
    by_place[order] = steps
    corrected = iter(by_place)
    return [None if p is None else float(next(corrected)) for p in p_values]


def superior_ability(
    benchmark: npt.NDArray[np.float64],
    losses: pd.DataFrame,
    *,
    seed: int,
    block_size: int | None = None,
    n_resamples: int = N_RESAMPLES,
) -> SuperiorAbility:
    """Test that no model loses less than the benchmark.

    Under a null of equal losses `consistent` rejects at its nominal size; models worse than the benchmark make it
    cautious.

    Parameters
    ----------
    benchmark : array of shape (n_sessions,)
        Mean loss per session; lower is better.
    losses : DataFrame of shape (n_sessions, n_models)
        The same of each model, by name.
    seed : int
        Of the stationary bootstrap.
    block_size : int, optional
        Sessions of a block, on average; the square root of `n_sessions` by default.
    n_resamples : int, default=10000

    Raises
    ------
    TypeError, ValueError
        If a loss is not finite, sessions or names don't match, there are fewer than ten sessions, an option is out of
        range, or a model differs from the benchmark by the same loss in every session.

    References
    ----------
    White (2000), Econometrica 68(5); Hansen (2005), Journal of Business & Economic Statistics 23(4).

    Examples
    --------
    >>> noise = np.random.default_rng(1).normal(size=(100, 2))
    >>> models = pd.DataFrame({"worse": noise[:, 1] + 1.0})
    >>> superior_ability(noise[:, 0], models, seed=1, n_resamples=200).consistent > 0.5
    True
    """
    from arch.bootstrap import SPA

    test = SPA(
        benchmark,
        _checked(losses, block_size, n_resamples, benchmark),
        block_size=_block(losses, block_size),
        reps=n_resamples,
        seed=seed,
    )
    test.compute()
    return SuperiorAbility(*(float(test.pvalues[name]) for name in ("lower", "consistent", "upper")))


def superior_models(
    benchmark: npt.NDArray[np.float64],
    losses: pd.DataFrame,
    *,
    seed: int,
    size: float = 0.05,
    block_size: int | None = None,
    n_resamples: int = N_RESAMPLES,
) -> list[Hashable]:
    """Return the models that lose less than the benchmark, with `size` the chance of one false name among them.

    The parameters and errors are those of `superior_ability`.

    References
    ----------
    Romano & Wolf (2005), Econometrica 73(4).

    Examples
    --------
    >>> noise = np.random.default_rng(1).normal(size=(100, 3))
    >>> models = pd.DataFrame({"better": noise[:, 1] - 2.0, "worse": noise[:, 2] + 2.0})
    >>> superior_models(noise[:, 0], models, seed=1, n_resamples=200)
    ['better']
    """
    from arch.bootstrap import SPA

    test = SPA(
        benchmark,
        _checked(losses, block_size, n_resamples, benchmark, size=size),
        block_size=_block(losses, block_size),
        reps=n_resamples,
        seed=seed,
    )
    better: list[int] = []
    # The library's own `StepM` looks on, and fails, when its later steps have found every model.
    while len(better) < losses.shape[1]:
        test.subset(~np.isin(np.arange(losses.shape[1]), better))
        test.compute()
        found = [int(column) for column in test.better_models(size)]
        if not found:
            break
        better.extend(found)
    return list(losses.columns[sorted(better)])


def model_confidence_set(
    losses: pd.DataFrame,
    *,
    seed: int,
    size: float = 0.10,
    block_size: int | None = None,
    n_resamples: int = N_RESAMPLES,
) -> list[Hashable]:
    """Return the models among which the best is, with a chance of 1 - `size`.

    The parameters and errors are those of `superior_ability`.

    References
    ----------
    Hansen, Lunde & Nason (2011), Econometrica 79(2).

    Examples
    --------
    >>> noise = np.random.default_rng(1).normal(size=(100, 2))
    >>> model_confidence_set(pd.DataFrame({"good": noise[:, 0] - 2.0, "bad": noise[:, 1]}), seed=1, n_resamples=200)
    ['good']
    """
    from arch.bootstrap import MCS

    values = _checked(losses, block_size, n_resamples, size=size)
    test = MCS(values, size=size, block_size=_block(losses, block_size), reps=n_resamples, seed=seed)
    test.compute()
    return list(losses.columns[sorted(map(int, map(str, test.included)))])


def block_of(n_sessions: int, *, horizon: int = 0) -> int:
    """Return the sessions of a block where nothing else is asked: the root of all, and two trades that overlap.

    Examples
    --------
    >>> block_of(100), block_of(100, horizon=10)
    (10, 20)
    """
    return max(1, round(math.sqrt(n_sessions)), min(2 * horizon, n_sessions))


def _block(losses: pd.DataFrame, block_size: int | None) -> int:
    return block_of(len(losses)) if block_size is None else block_size


def _checked(
    losses: pd.DataFrame,
    block_size: int | None,
    n_resamples: int,
    benchmark: npt.NDArray[np.float64] | None = None,
    *,
    size: float = 0.05,
) -> npt.NDArray[np.float64]:
    """Return the losses as numbers, or say why nothing can be tested on them."""
    names = [str(name) for name in losses.columns]
    columns = {name: losses.iloc[:, number].to_numpy() for number, name in enumerate(names)}
    least = 1 if benchmark is not None else 2
    if len(columns) < max(least, len(names)):
        raise ValueError(f"Models need different names, and number at least {least}; received {names}.")
    compared = columns if benchmark is None else {"the benchmark": benchmark, **columns}
    require_rows(numbers=compared)
    if len(losses) < LEAST_SESSIONS:
        raise ValueError(f"At least {LEAST_SESSIONS} sessions are needed to resample; received {len(losses)}.")
    if not (0 < size < 1 and n_resamples >= 1 and 1 <= _block(losses, block_size) <= len(losses)):
        raise ValueError(
            f"`size` must lie between 0 and 1, `n_resamples` be at least 1, and `block_size` from 1 to {len(losses)} "
            f"sessions; received {size}, {n_resamples} and {block_size}."
        )
    # Without noise in a difference the library divides by 0, and calls a copy of the benchmark better than it.
    pairs = combinations(compared, 2) if benchmark is None else (("the benchmark", name) for name in names)
    for first, second in pairs:
        if np.ptp(compared[first] - compared[second]) <= 1e-12 * np.abs(compared[first]).max():
            raise ValueError(
                f"{first} and {second} differ by the same loss in every session, so there is no noise to test against; "
                "leave one of them out."
            )
    return np.column_stack([columns[name] for name in names]).astype(np.float64)
