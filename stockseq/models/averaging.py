"""The running mean of a network's weights: forecasts that don't hang on where the last steps happened to go."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from stockseq.layers.backend import tf

# The mean begins over a few steps, or it would be mostly of the random weights that training starts from.
FIRST_STEPS = 10.0


class AveragedWeights:
    """The exponentially weighted mean of variables over the steps of their training.

    Parameters
    ----------
    variables : sequence of variables
        As training changes them.
    momentum : float
        Share of the mean that a step keeps, less in the first steps: at most (1 + step) / (10 + step).

    References
    ----------
    Polyak & Juditsky (1992), SIAM Journal on Control and Optimization 30(4).
    """

    def __init__(self, variables: Sequence[Any], momentum: float) -> None:
        self._variables = list(variables)
        self._means = [tf.Variable(tf.convert_to_tensor(variable)) for variable in self._variables]
        self._momentum = momentum
        self._step = tf.Variable(0.0)

    def restart(self) -> None:
        """Begin anew from the variables as they are."""
        for mean, variable in zip(self._means, self._variables, strict=True):
            mean.assign(tf.convert_to_tensor(variable))
        self._step.assign(0.0)

    def update(self) -> None:
        """Take the variables as they are into the mean."""
        kept = tf.minimum(self._momentum, (1.0 + self._step) / (FIRST_STEPS + self._step))
        self._step.assign_add(1.0)
        for mean, variable in zip(self._means, self._variables, strict=True):
            mean.assign_add((1.0 - kept) * (tf.convert_to_tensor(variable) - mean))

    @contextmanager
    def applied(self) -> Iterator[None]:
        """Put the mean in place of the variables for as long as the context lasts."""
        latest = [variable.numpy() for variable in self._variables]
        for variable, mean in zip(self._variables, self._means, strict=True):
            variable.assign(mean)
        try:
            yield
        finally:
            for variable, value in zip(self._variables, latest, strict=True):
                variable.assign(value)
