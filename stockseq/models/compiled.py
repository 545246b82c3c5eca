"""One network compiled for training: traced once, then used for every seed and fold of the same shape."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from itertools import count
from threading import Lock
from typing import Any

import numpy as np
import numpy.typing as npt

from stockseq.layers.backend import has_gpu, in_this_thread, keras, tf
from stockseq.models.averaging import AveragedWeights
from stockseq.models.losses import weighted_loss
from stockseq.models.matrix import BATCH, Tensors, as_tensor, in_batches
from stockseq.models.padding import without_padding
from stockseq.models.placing import layers_with_options, named_layers, user_layers
from stockseq.models.settings import NetworkSettings, TrainingSettings
from stockseq.models.training_targets import Targets
from stockseq.plugins import SLOTS

# Compiled networks that wait for the next seed or fold; each holds its graphs and seven copies of its weights: with
# 20,000 words two megabytes.
MOST_IDLE = 16
# Steps of a recurrent layer that are laid out one behind the other: a loop costs more than so many small steps do.
MOST_UNROLLED = 20


@dataclass(frozen=True)
class Recipe:
    """What the graphs of a training depend on: two trainings of the same recipe differ in data and weights alone."""

    network: NetworkSettings
    training: TrainingSettings
    n_features: int
    vocabulary_size: int
    batch_size: int
    learning_rate: float

    @property
    def is_plain(self) -> bool:
        """Whether no slot has a layer, which may hold or do anything."""
        return not named_layers(self.network)

    @property
    def may_branch(self) -> bool:
        """Whether a slot has code of somebody else's: a layer, or a function or an object of Keras in its options.

        It may hold a `tf.cond`; what is shipped holds none.
        """
        of_layers = (options for slot in SLOTS for _, options in layers_with_options(slot, self.network))
        return bool(user_layers(self.network)) or any(_holds_code(list(options.values())) for options in of_layers)


class LocalAdamW(keras.optimizers.AdamW):
    """AdamW that adds up no gradients over machines.

    For that sum Keras' own tells TensorFlow of a gradient, which holds the graph that it was traced in until the
    process ends: ten megabytes for each network that is traced by itself.
    """

    def _all_reduce_sum_gradients(self, grads_and_vars: Any) -> Any:
        return grads_and_vars


class CompiledTraining:
    """A network with the optimiser and the graphs that train it and forecast with it.

    Parameters
    ----------
    network : keras.Model
        Its weights are changed by `run_batches`, and its short recurrent layers lay out their steps from now on.
    recipe : Recipe
    """

    def __init__(self, network: Any, recipe: Recipe) -> None:
        self.network, self.recipe = network, recipe
        _unroll_short_loops(network)
        # TensorFlow keeps temporary sums by the names of its nodes, for all graphs that run at the same time.
        self._scope = f"training_{next(_numbers)}"
        self._read_and_run = without_padding(network, recipe.network)
        self._variables = network.trainable_variables
        # All weights in one row: the optimiser and the mean take one small step instead of one for each variable.
        self._weights = tf.Variable(self._in_one_row(self._variables))
        self._optimizer = LocalAdamW(recipe.learning_rate, weight_decay=recipe.training.weight_decay)
        self._optimizer.build([self._weights])
        self._initial = [tf.identity(variable.value) for variable in self._optimizer.variables]
        self.averaged = AveragedWeights([self._weights], recipe.training.averaging)
        self._train = _TracedOnce(self._trace_training)
        self._forward = _TracedOnce(self._trace_forward)
        self._in_thread = nullcontext if recipe.may_branch else in_this_thread

    def restart(self, network: Any) -> None:
        """Begin anew from the weights, and the random state, of a network of the same shape."""
        for variable, begun in zip(self.network.variables, network.variables, strict=True):
            variable.assign(begun.value)
        for variable, begun in zip(self._optimizer.variables, self._initial, strict=True):
            variable.assign(begun)
        self._weights.assign(self._in_one_row(self._variables))
        self.averaged.restart()

    def run_batches(self, batches: npt.NDArray[np.int64], targets: Sequence[Any], tensors: Tensors) -> float:
        """Train on batches of windows, one after the other, and return the mean loss.

        Parameters
        ----------
        batches : int64 array of shape (n_steps, batch_size)
            The windows' numbers.
        targets : list of tensor
            Of `target_tensors`.
        tensors : mapping of tensors
            `Matrix.tensors`.
        """
        # Their mean is taken here: what a loop sums up differs from run to run, seeds being side by side.
        with self._in_thread():
            losses = self._train(tf.constant(batches), *targets, tensors).numpy()
        return float(losses.mean(dtype=np.float64))

    @contextmanager
    def mean_weights(self) -> Iterator[None]:
        """Forecast with the running mean of the weights for as long as the context lasts."""
        with self.averaged.applied():
            self._write(self._weights)
            yield
        self._write(self._weights)

    def predict(self, ends: npt.NDArray[np.int64], tensors: Tensors) -> Mapping[str, npt.NDArray[np.float64]]:
        """Return each head's values, arrays of shape (n,), of the windows that end on `ends`, without dropout."""
        with self._in_thread():
            return in_batches(lambda batch: self._forward(batch, tensors), ends)

    def _trace_training(self, batches: Any, ends: Any, values: Any, known: Any, tensors: Tensors) -> Any:
        n_steps = tf.shape(batches)[0]
        losses = tf.TensorArray(tf.float32, n_steps)
        for step in tf.range(n_steps):
            with tf.name_scope(self._scope):
                losses = losses.write(step, self._step(batches[step], ends, values, known, tensors))
        return losses.stack()

    def _step(self, picked: Any, ends: Any, values: Any, known: Any, tensors: Tensors) -> Any:
        """Train on the picked windows and return their loss."""
        with tf.GradientTape() as tape:
            outputs, penalties = self._read_and_run(tensors, tf.gather(ends, picked), training=True)
            loss = weighted_loss(
                {head: output[:, 0] for head, output in outputs.items()},
                tf.gather(values, picked),
                tf.gather(known, picked),
                self.recipe.training,
                ops=keras.ops,
            )
            # What the layers ask for themselves, such as weight penalties.
            loss += sum(penalties)
        gradients = tape.gradient(loss, self._variables, unconnected_gradients=tf.UnconnectedGradients.ZERO)
        self._optimizer.apply([self._in_one_row(gradients)], [self._weights])
        self._constrain()
        self.averaged.update()
        self._write(self._weights)
        return loss

    def _trace_forward(self, ends: Any, tensors: Tensors) -> Any:
        with tf.name_scope(self._scope):
            # A layer of a user's may ask for the size of its batch.
            ends = tf.ensure_shape(ends, (BATCH,))
            outputs, _ = self._read_and_run(tensors, ends, training=False)
        return outputs

    def _constrain(self) -> None:
        """Apply the constraints that layers put on their weights, as Keras does after a step."""
        if any(variable.constraint is not None for variable in self._variables):
            parts = zip(self._variables, self._parts(self._weights), strict=True)
            allowed = [part if of.constraint is None else of.constraint(part) for of, part in parts]
            self._weights.assign(self._in_one_row(allowed))

    def _write(self, row: Any) -> None:
        for variable, part in zip(self._variables, self._parts(row), strict=True):
            variable.assign(part)

    def _parts(self, row: Any) -> list[Any]:
        """Return each variable's share of all weights in one row, in its shape."""
        sizes = [int(np.prod(variable.shape)) for variable in self._variables]
        shapes = [tuple(variable.shape) for variable in self._variables]
        split = tf.split(tf.convert_to_tensor(row), sizes)
        return [tf.reshape(part, shape) for part, shape in zip(split, shapes, strict=True)]

    @staticmethod
    def _in_one_row(tensors: Sequence[Any]) -> Any:
        return tf.concat([tf.reshape(tf.convert_to_tensor(tensor), (-1,)) for tensor in tensors], axis=0)


def target_tensors(targets: Targets) -> list[Any]:
    """Return what `run_batches` learns from: the targets' ends, values and known, as tensors."""
    return [tf.constant(targets.ends), as_tensor(targets.values), as_tensor(targets.known)]


def _holds_code(value: object) -> bool:
    """Return whether an option of a layer is more than text, numbers and lists of them.

    A function is, and so is a mapping, in which Keras writes an object down.
    """
    if isinstance(value, list | tuple):
        return any(map(_holds_code, value))
    return not isinstance(value, str | int | float | None)


class _TracedOnce:
    """A graph that takes tensors of any number of rows from its first call on."""

    def __init__(self, trace: Callable[..., Any]) -> None:
        self._trace = trace
        self._graph: Callable[..., Any] | None = None

    def __call__(self, *arguments: Any) -> Any:
        if self._graph is None:
            # By itself TensorFlow traces a second time, when it first meets another number.
            any_rows = tf.nest.map_structure(
                lambda tensor: tf.TensorSpec((None, *tensor.shape[1:]), tensor.dtype), arguments
            )
            self._graph = tf.function(self._trace).get_concrete_function(*any_rows)
        return self._graph(*arguments)


def _unroll_short_loops(network: Any) -> None:
    """Let recurrent layers of few steps lay them out; only the order changes in which gradients are added up."""
    if has_gpu():
        return  # cuDNN has a kernel for the whole loop
    for layer in network.layers:
        if isinstance(layer, keras.layers.RNN):
            # With padding, its mask is an input too.
            steps = keras.tree.flatten(layer.input)[0].shape[1]
            layer.unroll = layer.unroll or (steps is not None and steps <= MOST_UNROLLED)


_numbers = count()
_idle: list[CompiledTraining] = []
_lock = Lock()


@contextmanager
def compiled_training(network: Any, recipe: Recipe) -> Iterator[CompiledTraining]:
    """Yield a training that begins from the network's weights.

    Tracing takes longer than an epoch on a small market. The graphs of the plain network are therefore kept for the
    next seed and fold, in whatever thread. A layer in a slot may hold what a trace would bake in, so a network that
    has one is traced for itself.
    """
    with _lock:
        found = next((number for number, idle in enumerate(_idle) if recipe.is_plain and idle.recipe == recipe), None)
        compiled = None if found is None else _idle.pop(found)
    if compiled is None:
        compiled = CompiledTraining(network, recipe)
    else:
        compiled.restart(network)
    yield compiled
    if recipe.is_plain:
        with _lock:
            _idle.append(compiled)
            del _idle[:-MOST_IDLE]
