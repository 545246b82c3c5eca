"""News that fades: a learnt half-life for each sentiment feature."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from stockseq.layers.backend import Config, keras
from stockseq.layers.slots import Readings

NEWS = ("text", "news_mean", "news_share_positive", "news_share_negative")


@keras.saving.register_keras_serializable(package="stockseq")
class SentimentDecay(keras.layers.Layer):
    """Follow the sessions with an exponentially decayed average of each news feature, its half-life learnt.

    y[t] = (1 - d) x[t] + d y[t - 1] from y = 0 before the window, with d = 2^(-1 / half-life).

    Parameters
    ----------
    side : sequence of str
        The features that fade, the last columns of the input; none: all columns of the input.
    half_life : float, default=1.0
        In sessions, before training; daily news tells of returns for one to two days.

    Input
        (batch, lookback, features + len(side)).
    Output
        The same shape: the features as they came, the side columns decayed. Step t knows the sessions up to t.

    Notes
    -----
    Sessions are counted, not days: over a weekend news ages by one. A half-life far beyond the lookback isn't
    identified, as the window holds too little of the past to tell 50 sessions from 500.

    On two shared cores an epoch of the default network takes 1.7 times that without the layer
    (median of rounds that take turns, `make bench`).

    References
    ----------
    Heston & Sinha (2017), Financial Analysts Journal 73(3), of how long news tells of returns; Che et al. (2018),
    Scientific Reports 8:6085, of learnt exponential decay.

    Examples
    --------
    >>> layer = SentimentDecay(side=["news_mean"], half_life=1.0)
    >>> layer(keras.ops.array([[[7.0, 1.0], [8.0, 0.0], [9.0, 0.0]]])).numpy().tolist()
    [[[7.0, 0.5], [8.0, 0.25], [9.0, 0.125]]]
    """

    def __init__(self, side: Sequence[str] = NEWS, half_life: float = 1.0, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.side = list(side)
        self.half_life = half_life
        if not half_life > 0:
            raise ValueError(f"`half_life` must be a positive number of sessions, received {half_life}.")

    def build(self, input_shape: tuple[int | None, ...]) -> None:
        n_decayed = len(self.side) or input_shape[-1]
        self.log_half_life = self.add_weight(
            name="log_half_life",
            shape=(n_decayed,),
            initializer=keras.initializers.Constant(float(np.log(self.half_life))),
        )

    def call(self, values: Any) -> Any:
        ops = keras.ops
        n_decayed = len(self.side) or values.shape[-1]
        steady, fading = values[..., : values.shape[-1] - n_decayed], values[..., values.shape[-1] - n_decayed :]
        steps = np.arange(values.shape[1])
        age = steps[:, np.newaxis] - steps
        rate = ops.exp(-ops.cast(self.log_half_life, self.compute_dtype)) * float(np.log(2.0))
        earlier = ops.cast(age >= 0, self.compute_dtype)[..., np.newaxis]
        old = ops.cast(np.maximum(age, 0), self.compute_dtype)[..., np.newaxis]
        # Of shape (to, from, column): what session `from` still weighs at session `to`.
        weight = earlier * ops.exp(-old * rate) * (1.0 - ops.exp(-rate))
        decayed = ops.einsum("tsc,bsc->btc", weight, fading)
        return ops.concatenate([steady, decayed], axis=-1)

    def readings(self, inputs: Any) -> Readings:
        """Return `half_life`, in sessions: one number per side feature by name, or the list of all columns."""
        half_lives = [float(value) for value in np.exp(keras.ops.convert_to_numpy(self.log_half_life))]
        if not self.side:
            return {"half_life": half_lives}
        return {f"half_life_{name}": value for name, value in zip(self.side, half_lives, strict=True)}

    def get_config(self) -> Config:
        return {**super().get_config(), "side": self.side, "half_life": self.half_life}
