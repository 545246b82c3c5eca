"""Layers that each break one clause of the contract, for `check_layer` to name."""

import sys
from typing import Any

from stockseq.layers.backend import keras, tf

registered = keras.saving.register_keras_serializable(package="wrong")


@registered
class Right(keras.layers.Layer):
    """A layer as a user would write it, that keeps every clause."""

    def __init__(self, units: int = 3, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.units = units
        self.drop = keras.layers.Dropout(0.2)

    def build(self, input_shape: tuple[int, ...]) -> None:
        self.kernel = self.add_weight(name="kernel", shape=(input_shape[-1], self.units), initializer="glorot_uniform")

    def call(self, values: Any, training: bool = False) -> Any:
        return self.drop(keras.ops.tanh(keras.ops.matmul(values, self.kernel)), training=training)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "units": self.units}


@registered
class LooksAhead(keras.layers.Layer):
    def call(self, values: Any) -> Any:
        return values - keras.ops.mean(values, axis=1, keepdims=True)


@registered
class PoolsAhead(keras.layers.Layer):
    def call(self, values: Any) -> Any:
        later = keras.ops.roll(values, -2, axis=1)
        return (values + later)[:, ::2, :]


@registered
class AcrossBatch(keras.layers.Layer):
    def call(self, values: Any) -> Any:
        return values - keras.ops.mean(values, axis=0, keepdims=True)


@registered
class AcrossBatchInTraining(keras.layers.Layer):
    def call(self, values: Any, training: bool = False) -> Any:
        return values - keras.ops.mean(values, axis=0, keepdims=True) if training else values


class Unregistered(keras.layers.Layer):
    def call(self, values: Any) -> Any:
        return values


@registered
class TooManyDimensions(keras.layers.Layer):
    def call(self, values: Any) -> Any:
        return keras.ops.expand_dims(values, axis=-1)


@registered
class ForgetsOption(keras.layers.Layer):
    def __init__(self, strength: float = 1.0, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.strength = strength

    def call(self, values: Any) -> Any:
        return values * self.strength

    def get_config(self) -> dict[str, Any]:
        return {"name": self.name, "trainable": self.trainable, "dtype": self.dtype}


@registered
class ChangesOption(keras.layers.Layer):
    def __init__(self, strength: float = 1.0, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.strength = strength / 100

    def call(self, values: Any) -> Any:
        return values * self.strength

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "strength": self.strength}


@registered
class TakesNoKeywords(keras.layers.Layer):
    def __init__(self) -> None:
        super().__init__()

    def call(self, values: Any) -> Any:
        return values


@registered
class DeadWeight(Right):
    def build(self, input_shape: tuple[int, ...]) -> None:
        super().build(input_shape)
        self.unused = self.add_weight(name="unused", shape=(2,))


@registered
class RandomAlways(keras.layers.Layer):
    def call(self, values: Any) -> Any:
        return values + tf.random.normal(tf.shape(values))


@registered
class RandomInTraining(keras.layers.Layer):
    def call(self, values: Any, training: bool = False) -> Any:
        return values + tf.random.normal(tf.shape(values)) if training else values


@registered
class CountsCalls(keras.layers.Layer):
    calls = 0

    def call(self, values: Any) -> Any:
        CountsCalls.calls += 1
        return values * float(CountsCalls.calls)


@registered
class CountsLayers(keras.layers.Layer):
    made = 0

    def build(self, input_shape: tuple[int, ...]) -> None:
        CountsLayers.made += 1
        self.number = CountsLayers.made

    def call(self, values: Any) -> Any:
        return values * float(self.number)


@registered
class NotFinite(keras.layers.Layer):
    def call(self, values: Any) -> Any:
        return keras.ops.log(values)


@registered
class DoublePrecision(keras.layers.Layer):
    def call(self, values: Any) -> Any:
        return keras.ops.cast(values, "float64")


@registered
class SinglePrecisionOnly(keras.layers.Layer):
    def call(self, values: Any) -> Any:
        return values * tf.constant(2.0, tf.float32)


@registered
class OverflowsInHalf(keras.layers.Layer):
    def call(self, values: Any) -> Any:
        return keras.ops.sqrt(keras.ops.sum((300.0 * values) ** 2, axis=-1, keepdims=True) + 1.0)


@registered
class NotCompilable(keras.layers.Layer):
    def call(self, values: Any) -> Any:
        spelled = tf.strings.as_string(tf.cast(values, tf.float32))
        return values + 0.0 * tf.cast(tf.strings.to_number(spelled), values.dtype)


@registered
class OfThisProcess(keras.layers.Layer):
    def call(self, values: Any) -> Any:
        return values * (1.0 + (hash(sys.executable) % 1000) / 1000)


@registered
class NamedLikeTheNetwork(keras.layers.Layer):
    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**{**kwargs, "name": "direction"})

    def call(self, values: Any) -> Any:
        return 2.0 * values


@registered
class ReturnsPair(keras.layers.Layer):
    def call(self, values: Any) -> Any:
        return values, keras.ops.softmax(values)


@registered
class ReturnsIntegers(keras.layers.Layer):
    def call(self, values: Any) -> Any:
        return keras.ops.cast(values > 0, "int32")


@registered
class ComputesMask(keras.layers.Layer):
    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.supports_masking = True

    def compute_mask(self, values: Any, mask: Any = None) -> Any:
        return keras.ops.any(keras.ops.not_equal(values, 0.0), axis=-1)

    def call(self, values: Any) -> Any:
        return values


@registered
class RaisesInTraining(keras.layers.Layer):
    def call(self, values: Any, training: bool = False) -> Any:
        if training:
            raise RuntimeError("out of luck")
        return values


@registered
class RaisesWhenAskedForItsConfiguration(keras.layers.Layer):
    def call(self, values: Any) -> Any:
        return values

    def get_config(self) -> dict[str, Any]:
        raise KeyError("units")
