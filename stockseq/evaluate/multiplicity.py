"""Correct p-values for how many were looked at, by statsmodels 0.15.0 `multipletests`."""

from collections.abc import Sequence

from statsmodels.stats.multitest import multipletests


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
    # The library divides by the number of p-values.
    corrected = iter(multipletests([*tested, *[1.0] * n_missing], method="holm")[1] if tested else ())
    return [None if p is None else float(next(corrected)) for p in p_values]
