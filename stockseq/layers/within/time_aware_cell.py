"""An LSTM cell that forgets by the calendar: a weekend ages what it remembers by three days, not by one step."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from stockseq.layers.backend import Config, keras
from stockseq.layers.slots import Readings

# Days of the first half-lives, spread over the units, so that some forget within a night and some remember a month.
SHORTEST, LONGEST = 0.5, 32.0


@keras.saving.register_keras_serializable(package="stockseq")
class TimeAwareCell(keras.layers.LSTMCell):
    """An LSTM cell whose memory decays by the days since the session before, each unit at a half-life of its own.

    c[t - 1] is multiplied by 2^(-days / half-life) before the step; all else is the LSTM's.

    Parameters
    ----------
    units : int
    side : sequence of one str
        The feature that holds the calendar days from the session before: 1 overnight, 3 over a weekend, more over
        holidays and halts. It is the last column of the input, and isn't read otherwise.
    side_centre, side_spread : sequence of one float
        What the feature was scaled with: days = centre + spread * value. The network tells them.
    **kwargs
        Of `keras.layers.LSTMCell`, but `dropout`.

    Input
        (batch, features + 1) per step, and the states h and c of (batch, units).
    Output
        (batch, units) per step.

    Notes
    -----
    Scaled features are clipped at five spreads, about six days: a longer halt counts as that. Units whose half-life
    grew far beyond the window decay no more, which the readings show. It loses the LSTM's fused kernel,
    which Keras has on a GPU only; on two shared cores an epoch of the default network takes 1.4 times that with the
    plain LSTM (median of rounds that take turns, `make bench`).

    References
    ----------
    Baytas et al. (2017), KDD, the time-aware LSTM; Che et al. (2018), Scientific Reports 8:6085, for the learnt
    exponential decay. Here the whole memory decays, not its short-term part.

    Examples
    --------
    >>> layer = keras.layers.RNN(TimeAwareCell(4))
    >>> layer(keras.ops.ones((2, 5, 3))).shape
    TensorShape([2, 4])
    """

    def __init__(
        self,
        units: int,
        side: Sequence[str] = ("days_closed",),
        side_centre: Sequence[float] = (0.0,),
        side_spread: Sequence[float] = (1.0,),
        **kwargs: Any,
    ) -> None:
        super().__init__(units, **kwargs)
        self.side = list(side)
        self.side_centre = list(side_centre)
        self.side_spread = list(side_spread)
        if len(self.side) != 1:
            raise ValueError(f"`side` must be the one feature that counts the days, received {self.side}.")
        if self.dropout:
            raise ValueError(f"it knows no `dropout`, which would drop the days too, received {self.dropout}.")

    def build(self, input_shape: tuple[int | None, ...]) -> None:
        super().build((input_shape[0], (input_shape[-1] or 1) - 1))
        self.log_half_life = self.add_weight(
            name="log_half_life",
            shape=(self.units,),
            initializer=lambda shape, dtype=None: keras.ops.cast(
                np.linspace(np.log(SHORTEST), np.log(LONGEST), shape[0]), dtype
            ),
        )

    def call(self, inputs: Any, states: Any, training: bool = False) -> Any:
        values, scaled = inputs[..., :-1], inputs[..., -1:]
        days = keras.ops.relu(self.side_centre[0] + self.side_spread[0] * scaled)
        rate = float(np.log(2.0)) * keras.ops.exp(-keras.ops.cast(self.log_half_life, self.compute_dtype))
        hidden, carry = states
        return super().call(values, [hidden, carry * keras.ops.exp(-days * rate)], training=training)

    def readings(self, inputs: Any) -> Readings:
        """Return `half_life_days`, ascending, one per unit."""
        half_lives = np.exp(keras.ops.convert_to_numpy(self.log_half_life).astype(np.float64))
        return {"half_life_days": sorted(float(value) for value in half_lives)}

    def get_config(self) -> Config:
        return {
            **super().get_config(),
            "side": self.side,
            "side_centre": self.side_centre,
            "side_spread": self.side_spread,
        }
