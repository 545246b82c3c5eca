"""How much of what can be found was found, where the best possible forecast is known."""

import math
from collections.abc import Mapping
from typing import Any

# What a forecast without skill gives, and whether more (1) or less (-1) of it is better.
NOTHING = {"accuracy": (0.5, 1), "ic": (0.0, 1), "log_loss": (math.log(2), -1)}
# A score within rounding of nothing is nothing; dividing by it would tell of rounding.
LEAST = 1e-9


def attained(scores: Mapping[str, Any], best: Mapping[str, float | None]) -> dict[str, float | None]:
    """Return the share of the attainable that was found, by score.

    Parameters
    ----------
    scores : mapping
        What `score_forecasts` gives; `accuracy`, `ic` and `log_loss` are read.
    best : mapping
        The same of the best possible forecast, such as the optimum of a simulated market.

    Returns
    -------
    dict of accuracy, ic, log_loss
        (accuracy - 0.5) / (best - 0.5), ic / best, (ln 2 - log_loss) / (ln 2 - best): 1 is all, 0 nothing, below 0
        worse than a coin. None where either lacks the score, or where the best is no better than a coin: then there
        is nothing to attain.

    Examples
    --------
    >>> shares = attained({"accuracy": 0.56, "ic": 0.1, "log_loss": 0.69}, {"accuracy": 0.58, "ic": 0.0})
    >>> {name: share if share is None else round(share, 4) for name, share in shares.items()}
    {'accuracy': 0.75, 'ic': None, 'log_loss': None}
    """
    return {name: _share(scores.get(name), best.get(name), *level) for name, level in NOTHING.items()}


def _share(score: float | None, most: float | None, nothing: float, better: int) -> float | None:
    if score is None or most is None or not (math.isfinite(score) and math.isfinite(most)):
        return None
    return (score - nothing) / (most - nothing) if better * (most - nothing) > LEAST else None
