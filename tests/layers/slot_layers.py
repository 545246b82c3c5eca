"""Layers as a user would write them, for the slots."""

from typing import Any

from stockseq.layers.backend import keras


@keras.saving.register_keras_serializable(package="tests")
class Halve(keras.layers.Layer):
    """Half of what comes in."""

    def call(self, values: Any) -> Any:
        return 0.5 * values


@keras.saving.register_keras_serializable(package="tests")
class Seeded(keras.layers.Layer):
    """Keeps the seed that it is given."""

    def __init__(self, seed: int = 0, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.seed = seed


class Unregistered(keras.layers.Layer):
    """No bundle could load this."""


NOT_A_LAYER = 3
