"""What each head is trained by, and their weighted sum."""

from collections.abc import Mapping
from typing import Any

from stockseq.models.settings import TrainingSettings
from stockseq.models.training_targets import HEADS

LEAST_PROBABILITY = 1e-7


def cross_entropy(up: Any, probability: Any, ops: Any) -> Any:
    """Return -ln of the probability that was given to what happened."""
    probability = ops.clip(probability, LEAST_PROBABILITY, 1 - LEAST_PROBABILITY)
    return -(up * ops.log(probability) + (1 - up) * ops.log(1 - probability))


def half_squared_error(target: Any, output: Any, ops: Any) -> Any:
    """Return half of the squared difference."""
    return 0.5 * ops.square(target - output)


def qlike(ratio: Any, log_size: Any, ops: Any) -> Any:
    """Return QLIKE of a forecast standard deviation, by its logarithm; 0 where its square is the variance.

    Parameters
    ----------
    ratio : array of shape (n,)
        Realised variance in squares of the unit of the forecast, above 0.
    log_size : array of shape (n,)
    ops : module
        numpy or keras.ops.

    References
    ----------
    Patton (2011), Journal of Econometrics 160(1).

    Examples
    --------
    >>> import numpy as np
    >>> qlike(np.array([1.0, 2.0]), np.log([1.0, 1.0]), np).round(10).tolist()
    [0.0, 0.3068528194]
    """
    excess = ops.log(ratio) - 2.0 * log_size
    return ops.exp(excess) - excess - 1.0


LOSSES = {
    "direction": cross_entropy,
    "return": half_squared_error,
    "relative": half_squared_error,
    "size": qlike,
}


def weighted_loss(outputs: Mapping[str, Any], values: Any, known: Any, training: TrainingSettings, *, ops: Any) -> Any:
    """Return the mean loss of each head on the windows, weighted and summed.

    Parameters
    ----------
    outputs : mapping of head to array of shape (n,)
    values, known : arrays of shape (n, 4)
        Of `Targets`.
    training : TrainingSettings
        Gives the weights.
    ops : module
        numpy or keras.ops, whose arrays the others are.
    """
    weights = {
        "direction": training.direction_weight,
        "return": training.return_weight,
        "relative": training.relative_weight,
        "size": training.size_weight,
    }
    total = 0.0
    for head, output in outputs.items():
        column = HEADS.index(head)
        total += weights[head] * ops.mean(known[:, column] * LOSSES[head](values[:, column], output, ops))
    return total
