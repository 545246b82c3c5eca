"""Whether the best of several models is better than a benchmark, all of them looked at together."""

import math
from collections.abc import Hashable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd
from arch.bootstrap import MCS, SPA, StepM

N_RESAMPLES = 10_000


@dataclass(frozen=True)
class SuperiorAbility:
    """The three p-values of Hansen's test; `consistent` is the one to report."""

    lower: float
    consistent: float
    upper: float


def superior_ability(
    benchmark: npt.NDArray[np.float64],
    losses: pd.DataFrame,
    *,
    seed: int,
    block_size: int | None = None,
    n_resamples: int = N_RESAMPLES,
) -> SuperiorAbility:
    """Test that no model loses less than the benchmark.

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
    ValueError
        If a loss is not finite, or the sessions don't match.

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
    test = SPA(
        _finite(benchmark, losses),
        losses.to_numpy(),
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
    test = StepM(
        _finite(benchmark, losses),
        losses.to_numpy(),
        size=size,
        block_size=_block(losses, block_size),
        reps=n_resamples,
        seed=seed,
    )
    test.compute()
    # The library names the models by column number.
    return list(losses.columns[sorted(map(int, map(str, test.superior_models)))])


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
    _finite(np.zeros(len(losses)), losses)
    test = MCS(losses.to_numpy(), size=size, block_size=_block(losses, block_size), reps=n_resamples, seed=seed)
    test.compute()
    return list(losses.columns[sorted(map(int, map(str, test.included)))])


def _block(losses: pd.DataFrame, block_size: int | None) -> int:
    return max(1, round(math.sqrt(len(losses)))) if block_size is None else block_size


def _finite(benchmark: npt.NDArray[np.float64], losses: pd.DataFrame) -> npt.NDArray[np.float64]:
    if len(benchmark) != len(losses) or len(losses) < 2:
        raise ValueError(
            f"Benchmark and models need a loss on the same sessions, two at least; received {len(benchmark)} and "
            f"{len(losses)}."
        )
    if not (np.isfinite(benchmark).all() and np.isfinite(losses.to_numpy()).all()):
        raise ValueError("Losses must be finite on every session; leave out the sessions that one model lacks.")
    return benchmark
