"""Which components add, and which networks may be the most accurate, the whole family looked at together."""

from collections.abc import Collection, Mapping
from itertools import combinations

import numpy as np
import pandas as pd

from stockseq.evaluate.multiplicity import LEAST_SESSIONS, N_RESAMPLES, model_confidence_set, superior_models
from stockseq.evaluate.scored import as_scored
from stockseq.evaluate.significance import SIZE
from stockseq.results import Result

CONFIDENCE_SIZE = 0.10


class ModelSet(Result):
    """The variants that a test over the whole family names.

    Parameters
    ----------
    names : tuple of str
    size : float
        The chance that a name is wrong, or missing.
    note : str or None
        Why nothing could be tested.
    """

    names: tuple[str, ...]
    size: float
    note: str | None = None


def find_superior(
    plain: pd.DataFrame,
    variants: Mapping[str, pd.DataFrame],
    *,
    seed: int,
    removals: Collection[str] = (),
    n_resamples: int = N_RESAMPLES,
) -> ModelSet:
    """Return the components that add to accuracy by the stepwise bootstrap, which allows for variants being alike.

    The parameters and errors are those of `judge_family`, with the seed and the draws of the bootstrap.

    Returns
    -------
    ModelSet
        `size` is the chance of one false name.

    References
    ----------
    Romano & Wolf (2005), Econometrica 73(4).
    """
    errors = _error_rates(plain)
    added = pd.DataFrame(
        {name: (errors - _error_rates(frame)) * (-1 if name in removals else 1) for name, frame in variants.items()}
    )
    # Without noise in what a component adds there is nothing to resample.
    noisy = added.loc[:, [float(np.ptp(added[name])) > 1e-9 for name in added]]
    if len(errors) < LEAST_SESSIONS or noisy.empty:
        return ModelSet(names=(), size=SIZE, note=_too_few(len(errors)))
    # The benchmark loses nothing, and each component the less the more it adds.
    names = superior_models(np.zeros(len(noisy)), -noisy, seed=seed, size=SIZE, n_resamples=n_resamples)
    return ModelSet(names=tuple(map(str, names)), size=SIZE, note=None)


def find_best(networks: Mapping[str, pd.DataFrame], *, seed: int, n_resamples: int = N_RESAMPLES) -> ModelSet:
    """Return the model confidence set: the networks among which the most accurate is with a chance of 90 %.

    Parameters
    ----------
    networks : mapping of name to DataFrame
        The plain network's forecasts and those of the variants.
    seed, n_resamples
        Of the bootstrap.

    Returns
    -------
    ModelSet
        `size` is the chance that the most accurate is missing; all networks where nothing can be tested. Those that
        are equally often right in every session stay or go together.

    References
    ----------
    Hansen, Lunde & Nason (2011), Econometrica 79(2).
    """
    rates = pd.DataFrame({name: _error_rates(frame) for name, frame in networks.items()})
    distinct = rates.T.drop_duplicates().T
    noiseless = any(float(np.ptp(distinct[a] - distinct[b])) <= 1e-9 for a, b in combinations(distinct, 2))
    if len(rates) < LEAST_SESSIONS or distinct.shape[1] < 2 or noiseless:
        return ModelSet(names=tuple(map(str, rates)), size=CONFIDENCE_SIZE, note=_too_few(len(rates)))
    best = rates[model_confidence_set(distinct, seed=seed, size=CONFIDENCE_SIZE, n_resamples=n_resamples)]
    names = tuple(str(name) for name in rates if any(rates[name].equals(best[other]) for other in best))
    return ModelSet(names=names, size=CONFIDENCE_SIZE, note=None)


def _error_rates(frame: pd.DataFrame) -> pd.Series:
    """Return the share of wrong directions by session."""
    scored = as_scored(frame)
    return (scored["up"] != scored["forecast_up"]).groupby(scored["session"]).mean()


def _too_few(n_sessions: int) -> str:
    return (
        f"A test of all networks together needs {LEAST_SESSIONS} sessions and networks that differ; there are "
        f"{n_sessions} sessions."
    )
