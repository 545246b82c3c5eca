"""A dense layer for each of several variables, all in one product of matrices."""

from typing import Any

from stockseq.layers.backend import Config, keras


@keras.saving.register_keras_serializable(package="stockseq")
class DenseEach(keras.layers.Layer):
    """A dense layer for each of several variables, with weights of its own.

    Parameters
    ----------
    width : int
        Width that comes out.
    activation : str, optional
        Of Keras; none by default.

    Input
        (variables, rows, n).
    Output
        (variables, rows, width).

    Examples
    --------
    >>> DenseEach(3)(keras.ops.ones((6, 10, 1))).shape
    TensorShape([6, 10, 3])
    """

    def __init__(self, width: int, activation: str | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.width = width
        self.activation = activation

    def build(self, input_shape: tuple[Any, ...]) -> None:
        n_variables, _, n = input_shape
        # As wide at first as Keras' einsum of the same weights would begin.
        initializer = keras.initializers.GlorotUniform(input_axes=(1,), output_axes=(0, 2))
        self.kernel = self.add_weight(name="kernel", shape=(n_variables, n, self.width), initializer=initializer)
        self.bias = self.add_weight(name="bias", shape=(n_variables, self.width), initializer="zeros")

    def call(self, values: Any) -> Any:
        made = keras.ops.matmul(values, self.kernel) + self.bias[:, None, :]
        return keras.activations.get(self.activation)(made)

    def compute_output_shape(self, input_shape: tuple[int | None, ...]) -> tuple[int | None, ...]:
        return (*input_shape[:2], self.width)

    def get_config(self) -> Config:
        return {**super().get_config(), "width": self.width, "activation": self.activation}
