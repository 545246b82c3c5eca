"""The gated residual network of the Temporal Fusion Transformer, for several variables at once."""

from typing import Any

from stockseq.layers.backend import Config, keras
from stockseq.layers.dense_each import DenseEach


@keras.saving.register_keras_serializable(package="stockseq")
class GatedResidual(keras.layers.Layer):
    """Add to each variable what a small network of its own makes of it, as far as a gate lets it, and normalise.

    a = elu(W2 x + b2), b = W1 a + b1, y = LayerNorm(W0 x + sigmoid(W4 b + b4) * (W5 b + b5)); every variable has
    weights of its own, and W0 is left out where the widths agree. The variables are the first axis, so that each is
    one product of matrices with its weights: as the last axis but one they would be moved to and fro at each step.

    Parameters
    ----------
    dimension : int
        Width of the network inside.
    output_dimension : int, optional
        Width that comes out; that of the input by default.

    Input
        (variables, rows, width).
    Output
        (variables, rows, output_dimension).

    References
    ----------
    Lim, Arik, Loeff & Pfister (2021), International Journal of Forecasting 37(4), equations 2 to 5, without context
    and dropout.

    Examples
    --------
    >>> GatedResidual(4, 3)(keras.ops.ones((6, 10, 1))).shape
    TensorShape([6, 10, 3])
    """

    def __init__(self, dimension: int, output_dimension: int | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.dimension = dimension
        self.output_dimension = output_dimension
        self.norm = keras.layers.LayerNormalization(name="norm")

    def build(self, input_shape: tuple[Any, ...]) -> None:
        n_variables, n_rows, width = input_shape
        out = self.output_dimension or width
        self.hidden = DenseEach(self.dimension, activation="elu", name="hidden")
        self.mixed = DenseEach(self.dimension, name="mixed")
        self.gate = DenseEach(out, activation="sigmoid", name="gate")
        self.value = DenseEach(out, name="value")
        self.skip = None if out == width else DenseEach(out, name="skip")
        self.hidden.build(input_shape)
        for dense in (self.mixed, self.gate, self.value):
            dense.build((n_variables, n_rows, self.dimension))
        if self.skip is not None:
            self.skip.build(input_shape)
        self.norm.build((n_variables, n_rows, out))

    def call(self, values: Any) -> Any:
        mixed = self.mixed(self.hidden(values))
        skipped = values if self.skip is None else self.skip(values)
        return self.norm(skipped + self.gate(mixed) * self.value(mixed))

    def compute_output_shape(self, input_shape: tuple[int | None, ...]) -> tuple[int | None, ...]:
        return (*input_shape[:2], self.output_dimension or input_shape[-1])

    def get_config(self) -> Config:
        return {**super().get_config(), "dimension": self.dimension, "output_dimension": self.output_dimension}
