"""How many forecasts it takes to show skill: sample sizes of the tests."""

import math

from stockseq.evaluate.significance import SIZE


def forecasts_needed(edge: float, *, size: float = 0.05, power: float = 0.80) -> int:
    """Return how many independent forecasts show that an accuracy of 0.5 + `edge` is more than a coin's.

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
    >>> forecasts_needed(0.02)
    3865
    """
    from scipy.stats import norm

    if not 0 < edge <= 0.5:
        raise ValueError(f"`edge` must be a fraction above 0 and at most 0.5, received {edge}.")
    if not 0 < size < power < 1:
        raise ValueError(
            f"`size` and `power` must lie between 0 and 1, `power` above `size`; received {size}, {power}."
        )
    return math.ceil(0.25 * ((norm.isf(size) + norm.ppf(power)) / edge) ** 2)


def sessions_needed(edge: float, n_tickers: float, rho: float, *, size: float = 0.05, power: float = 0.80) -> int:
    """Return how many sessions show an edge when the tickers of a session are right or wrong together.

    Parameters
    ----------
    edge : float
        Accuracy beyond chance, a fraction above 0.
    n_tickers : float
        Forecasts per session, on average.
    rho : float
        Correlation between the hits of two tickers of one session; below 0 counts as 0.
    size, power : float
        As in `forecasts_needed`.

    Returns
    -------
    int
        Independent forecasts, times 1 + (n_tickers - 1) rho, over `n_tickers`; at least 2.

    Examples
    --------
    >>> sessions_needed(0.02, n_tickers=30, rho=0.2)
    877
    """
    if not (1 <= n_tickers < math.inf and math.isfinite(rho)):
        raise ValueError(f"`n_tickers` must be at least 1 and `rho` finite, received {n_tickers} and {rho}.")
    effect = 1 + (n_tickers - 1) * min(max(rho, 0.0), 1.0)
    return max(2, math.ceil(forecasts_needed(edge, size=size, power=power) * effect / n_tickers))


def sessions_needed_for_difference(
    difference: float,
    standard_error: float,
    n_sessions: int,
    *,
    n_compared: int = 1,
    lasting_error: float = 0.0,
    power: float = 0.80,
) -> int | None:
    """Return how many sessions like those seen show that two models differ.

    Parameters
    ----------
    difference : float
        To be shown, in either direction; not 0.
    standard_error : float
        Of the difference over the sessions seen, above 0.
    n_sessions : int
        Sessions seen.
    n_compared : int, default=1
        Comparisons of the family; the difference has to pass the first, hardest step of Holm's correction.
    lasting_error : float, default=0
        A further error, which more sessions don't lessen, such as that of a few seeds.
    power : float
        Chance to see a difference where there is one.

    Returns
    -------
    int or None
        n_sessions * standard_error ** 2 / ((difference / reach) ** 2 - lasting_error ** 2), where reach is the normal's
        quantile of 5 % / n_compared, two-sided, and that of power; None where the lasting error alone is too much.

    Raises
    ------
    ValueError
        If `difference` is 0, or `standard_error`, `n_sessions` or `n_compared` aren't above 0.

    Examples
    --------
    >>> sessions_needed_for_difference(0.01, 0.0035693, 250)
    250
    """
    from scipy.stats import norm

    if not difference or standard_error <= 0 or n_sessions < 1 or n_compared < 1:
        raise ValueError(
            "`difference` must not be 0, and `standard_error`, `n_sessions` and `n_compared` be above 0; received "
            f"{difference}, {standard_error}, {n_sessions}, {n_compared}."
        )
    reach = float(norm.isf(SIZE / 2 / n_compared) + norm.ppf(power))
    sampling = (difference / reach) ** 2 - lasting_error**2
    return math.ceil(n_sessions * standard_error**2 / sampling) if sampling > 0 else None
