"""An LSTM cell whose gates listen to the news: what is let in and what is forgotten depends on what was written."""

from collections.abc import Sequence
from typing import Any

from stockseq.layers.backend import Config, keras
from stockseq.layers.slots import Readings

NEWS = ("text", "news_mean", "news_decayed_mean", "no_news")


@keras.saving.register_keras_serializable(package="stockseq")
class NewsGateCell(keras.layers.LSTMCell):
    """An LSTM cell in which sentiment and text scale and shift what the input and the forget gate see.

    With z the gate's usual sum over features and state: gate = sigmoid((1 + S news) z + V news). S and V begin at 0,
    so that the cell begins as an LSTM; S is what lets the news and the indicators interact.

    Parameters
    ----------
    units : int
    side : sequence of str
        The news: the last columns of the input. They reach the gates alone, not what is stored.
    **kwargs
        Of `keras.layers.LSTMCell`, but `dropout`.

    Input
        (batch, features + len(side)) per step, and the states h and c of (batch, units).
    Output
        (batch, units) per step.

    Notes
    -----
    The news must also be among the features, as they are by default, or the cell could open its gates for news but
    not remember it. Scale and shift multiply: keep the learning rate as it is when the news features are unscaled.
    It loses the LSTM's fused kernel, which Keras has on a GPU only; on two shared cores an epoch of the default network
    takes 1.9 times that with the plain LSTM (median of rounds that take turns, `make bench`).

    References
    ----------
    Perez et al. (2018), FiLM, AAAI, of scaling and shifting by a second source; Li, Tan, Wang & Chen (2021), IEEE
    TKDE 33(10), of an LSTM driven by news events.

    Examples
    --------
    >>> layer = keras.layers.RNN(NewsGateCell(4, side=["news_mean"]))
    >>> layer(keras.ops.ones((2, 5, 3))).shape
    TensorShape([2, 4])
    """

    def __init__(self, units: int, side: Sequence[str] = NEWS, **kwargs: Any) -> None:
        super().__init__(units, **kwargs)
        self.side = list(side)
        if not self.side:
            raise ValueError("it needs at least one news feature in `side`, and received none.")
        if self.dropout:
            raise ValueError(f"it knows no `dropout`, which would drop the news too, received {self.dropout}.")

    def build(self, input_shape: tuple[int | None, ...]) -> None:
        n_features = (input_shape[-1] or 0) - len(self.side)
        super().build((input_shape[0], n_features))
        shape = (len(self.side), 2 * self.units)
        self.scale = self.add_weight(name="scale", shape=shape, initializer="zeros")
        self.shift = self.add_weight(name="shift", shape=shape, initializer="zeros")

    def call(self, inputs: Any, states: Any, training: bool = False) -> Any:
        ops = keras.ops
        values, news = inputs[..., : -len(self.side)], inputs[..., -len(self.side) :]
        hidden, carry = states
        sums = ops.matmul(values, self.kernel) + ops.matmul(hidden, self.recurrent_kernel)
        if self.bias is not None:
            sums = sums + self.bias
        # Keras' order: input, forget, candidate, output; the first two listen.
        gates = sums[..., : 2 * self.units] * (1.0 + ops.matmul(news, self.scale)) + ops.matmul(news, self.shift)
        let_in, keep = ops.split(self.recurrent_activation(gates), 2, axis=-1)
        candidate, let_out = ops.split(sums[..., 2 * self.units :], 2, axis=-1)
        carry = keep * carry + let_in * self.activation(candidate)
        hidden = self.recurrent_activation(let_out) * self.activation(carry)
        return hidden, [hidden, carry]

    def readings(self, inputs: Any) -> Readings:
        """Return the mean size of scale and shift of both gates; at 0 a gate doesn't listen to the news."""
        ops = keras.ops
        news = ops.cast(inputs, self.compute_dtype)[..., -len(self.side) :]
        readings: Readings = {}
        for effect, weights in (("scale", self.scale), ("shift", self.shift)):
            let_in, keep = ops.split(ops.abs(ops.matmul(news, weights)), 2, axis=-1)
            readings[f"input_gate_{effect}"] = float(ops.mean(let_in))
            readings[f"forget_gate_{effect}"] = float(ops.mean(keep))
        return readings

    def get_config(self) -> Config:
        return {**super().get_config(), "side": self.side}
