"""An LSTM cell with layer normalisation, which keeps the gates out of saturation."""

from typing import Any

from stockseq.layers.backend import Config, keras


@keras.saving.register_keras_serializable(package="stockseq")
class LayerNormalisedCell(keras.layers.LSTMCell):
    """An LSTM cell that normalises what comes from the features, what comes from the state, and the memory.

    z = LN(W x) + LN(U h) + b, each with a learnt gain; h = o * tanh(LN(c)), with a learnt gain and bias.

    Parameters
    ----------
    units : int
    epsilon : float, default=0.001
        Added to the variances.
    **kwargs
        Of `keras.layers.LSTMCell`, but `dropout` and `recurrent_dropout`.

    Input
        (batch, features) per step, and the states h and c of (batch, units).
    Output
        (batch, units) per step.

    Notes
    -----
    A session's strength goes: twice the same features give the same W x after normalisation, so that a great surprise
    looks like a small one. Mind that with few units a layer's mean and variance are noise themselves. It loses the
    LSTM's fused kernel, which Keras has on a GPU only; on two shared cores an epoch of the default network takes 2.2
    times that with the plain LSTM (median of rounds that take turns, `make bench`).

    References
    ----------
    Ba, Kiros & Hinton (2016), arXiv:1607.06450, equations 20 to 22.

    Examples
    --------
    >>> layer = keras.layers.RNN(LayerNormalisedCell(4))
    >>> layer(keras.ops.ones((2, 5, 3))).shape
    TensorShape([2, 4])
    """

    def __init__(self, units: int, epsilon: float = 0.001, **kwargs: Any) -> None:
        super().__init__(units, **kwargs)
        self.epsilon = epsilon
        if self.dropout or self.recurrent_dropout:
            raise ValueError("it knows neither `dropout` nor `recurrent_dropout`; leave them at 0.")
        self.features_norm = keras.layers.LayerNormalization(epsilon=epsilon, center=False, name="features_norm")
        self.state_norm = keras.layers.LayerNormalization(epsilon=epsilon, center=False, name="state_norm")
        self.memory_norm = keras.layers.LayerNormalization(epsilon=epsilon, name="memory_norm")

    def build(self, input_shape: tuple[int | None, ...]) -> None:
        super().build(input_shape)
        self.features_norm.build((None, 4 * self.units))
        self.state_norm.build((None, 4 * self.units))
        self.memory_norm.build((None, self.units))

    def call(self, inputs: Any, states: Any, training: bool = False) -> Any:
        ops = keras.ops
        hidden, carry = states
        sums = self.features_norm(ops.matmul(inputs, self.kernel))
        sums = sums + self.state_norm(ops.matmul(hidden, self.recurrent_kernel))
        if self.bias is not None:
            sums = sums + self.bias
        let_in, keep, candidate, let_out = ops.split(sums, 4, axis=-1)
        carry = self.recurrent_activation(keep) * carry + self.recurrent_activation(let_in) * self.activation(candidate)
        hidden = self.recurrent_activation(let_out) * self.activation(self.memory_norm(carry))
        return hidden, [hidden, carry]

    def get_config(self) -> Config:
        return {**super().get_config(), "epsilon": self.epsilon}
