"""A causal convolution over the sessions, beside the LSTM or in front of it."""

from typing import Any

from stockseq.layers.backend import Config, keras


@keras.saving.register_keras_serializable(package="stockseq")
class TemporalConvolution(keras.layers.Layer):
    """Convolve over the sessions with causal padding and a rectifier, then keep the greatest of each few sessions.

    Parameters
    ----------
    filters : int, default=32
        Patterns looked for.
    kernel_size : int, default=3
        Sessions that one pattern spans; at most the lookback.
    pool_size : int, default=2
        Sessions of which the greatest response is kept; 1 keeps all.
    joined : bool, default=True
        True: the responses are flattened to one vector per window, which joins the LSTM's output. False: they stay a
        series, which the LSTM reads in place of the sessions.

    Input
        (batch, lookback, features).
    Output
        (batch, ceil(lookback / pool_size) * filters), or (batch, ceil(lookback / pool_size), filters). A response
        knows the sessions up to the last one of its pool.

    Notes
    -----
    Joined, a filter has one weight per place in the window at every head: with a long lookback that is where a small
    market is learnt by heart. Fed forward, the LSTM reads half as many steps and no raw session any more.

    On two shared cores an epoch of the default network takes 1.8 (joined) or 1.5 (feeding) times that without the layer
    (median of rounds that take turns, `make bench`).

    References
    ----------
    Bai, Kolter & Koltun (2018), arXiv:1803.01271, of causal convolutions for series; Livieris, Pintelas & Pintelas
    (2020), Neural Computing and Applications 32, of convolution, pooling and LSTM on a price.

    Examples
    --------
    >>> layer = TemporalConvolution(filters=1, kernel_size=2)
    >>> layer.build((None, 4, 1))
    >>> _ = layer.convolution.kernel.assign([[[1.0]], [[1.0]]])
    >>> layer(keras.ops.array([[[1.0], [2.0], [3.0], [-9.0]]])).numpy().tolist()
    [[3.0, 5.0]]
    """

    def __init__(
        self, filters: int = 32, kernel_size: int = 3, pool_size: int = 2, joined: bool = True, **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        self.filters = filters
        self.kernel_size = kernel_size
        self.pool_size = pool_size
        self.joined = joined
        self.convolution = keras.layers.Conv1D(
            filters, kernel_size, padding="causal", activation="relu", name="convolution"
        )
        # The last pool may be short: "valid" would leave the newest session out of an odd lookback.
        self.pooling = keras.layers.MaxPooling1D(pool_size, padding="same", name="pooling")
        self.flatten = keras.layers.Flatten(name="flatten")

    def build(self, input_shape: tuple[int | None, ...]) -> None:
        if len(input_shape) != 3:
            raise ValueError(f"it reads (batch, lookback, features), received the shape {tuple(input_shape)}.")
        lookback = input_shape[1]
        longest = max(self.kernel_size, self.pool_size)
        if lookback is not None and lookback < longest:
            raise ValueError(
                f"a kernel of {self.kernel_size} and a pool of {self.pool_size} need a lookback of at least {longest} "
                f"sessions, received {lookback}; raise `lookback`, or lower `kernel_size` and `pool_size`."
            )
        self.convolution.build(input_shape)

    def call(self, sessions: Any) -> Any:
        pooled = self.pooling(self.convolution(sessions))
        return self.flatten(pooled) if self.joined else pooled

    def get_config(self) -> Config:
        return {
            **super().get_config(),
            "filters": self.filters,
            "kernel_size": self.kernel_size,
            "pool_size": self.pool_size,
            "joined": self.joined,
        }
