"""Correct p-values for how many were looked at, by statsmodels 0.15.0 `multipletests`."""

from collections.abc import Sequence

from statsmodels.stats.multitest import multipletests


def holm(p_values: Sequence[float]) -> list[float]:
    """Return p-values, in the order given, corrected so that one false claim in the whole family has the stated chance.

    For claims ("this component helps") of a family declared beforehand.

    References
    ----------
    Holm (1979), Scandinavian Journal of Statistics 6(2).

    Examples
    --------
    >>> holm([0.01, 0.04])
    [0.02, 0.04]
    """
    return _corrected(p_values, "holm")


def benjamini_hochberg(p_values: Sequence[float]) -> list[float]:
    """Return p-values, in the order given, corrected so that the stated share of findings is false; for exploration.

    References
    ----------
    Benjamini & Hochberg (1995), Journal of the Royal Statistical Society B 57(1).

    Examples
    --------
    >>> benjamini_hochberg([0.01, 0.04])
    [0.02, 0.04]
    """
    return _corrected(p_values, "fdr_bh")


def _corrected(p_values: Sequence[float], method: str) -> list[float]:
    if not all(0 <= p <= 1 for p in p_values):
        raise ValueError(f"p-values must lie in [0, 1], received {list(p_values)}.")
    # The library divides by the number of p-values.
    return [float(p) for p in multipletests(p_values, method=method)[1]] if len(p_values) else []
