"""How many forecasts it takes to tell skill from luck."""

import math

from scipy.stats import norm


def forecasts_to_tell(edge: float, *, size: float = 0.05, power: float = 0.80) -> int:
    """Return how many independent forecasts tell an accuracy of 0.5 + `edge` from a coin's.

    Parameters
    ----------
    edge : float
        Accuracy beyond chance, a fraction above 0.
    size, power : float
        Chance to claim skill where there is none (one-sided), and to see it where there is.

    Raises
    ------
    ValueError
        If `edge` is not in (0, 0.5], or `size` and `power` don't lie between 0 and 1 with `power` above `size`.

    Examples
    --------
    >>> forecasts_to_tell(0.02)
    3865
    """
    if not 0 < edge <= 0.5:
        raise ValueError(f"`edge` must be a fraction above 0 and at most 0.5, received {edge}.")
    if not 0 < size < power < 1:
        raise ValueError(
            f"`size` and `power` must lie between 0 and 1, `power` above `size`; received {size}, {power}."
        )
    return math.ceil(0.25 * ((norm.isf(size) + norm.ppf(power)) / edge) ** 2)


def sessions_to_tell(edge: float, n_tickers: float, rho: float, *, size: float = 0.05, power: float = 0.80) -> int:
    """Return how many sessions tell an edge when the tickers of a session are right or wrong together.

    Parameters
    ----------
    edge : float
        Accuracy beyond chance, a fraction above 0.
    n_tickers : float
        Forecasts per session, on average.
    rho : float
        Correlation between the hits of two tickers of one session; below 0 counts as 0.
    size, power : float
        As in `forecasts_to_tell`.

    Returns
    -------
    int
        Independent forecasts, times 1 + (n_tickers - 1) rho, over `n_tickers`; at least 2.

    Examples
    --------
    >>> sessions_to_tell(0.02, n_tickers=30, rho=0.2)
    877
    """
    if not (1 <= n_tickers < math.inf and math.isfinite(rho)):
        raise ValueError(f"`n_tickers` must be at least 1 and `rho` finite, received {n_tickers} and {rho}.")
    effect = 1 + (n_tickers - 1) * min(max(rho, 0.0), 1.0)
    return max(2, math.ceil(forecasts_to_tell(edge, size=size, power=power) * effect / n_tickers))
