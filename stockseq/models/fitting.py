"""Fit one network of the ensemble: shuffled batches, early stopping on later sessions, the same result anywhere."""

import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from stockseq.dataset.scaling import Scaler
from stockseq.errors import PluginError, TrainingFailed
from stockseq.layers.backend import keras, tf
from stockseq.layers.slots import Startable
from stockseq.models.compiled import CompiledTraining, Recipe, compiled_training, target_tensors
from stockseq.models.losses import weighted_loss
from stockseq.models.matrix import Matrix, Tensors
from stockseq.models.network import RELATIVE, SIZE, build_network
from stockseq.models.settings import NetworkSettings, TrainingSettings
from stockseq.models.training_targets import HEADS, Targets
from stockseq.ranges import spread_evenly

# Enough for a few hundred principal components; a layer holds them all at once.
START_WINDOWS = 4096
# Windows trained on for each that a look at the validation loss reads, at least: it then takes a tenth of the time.
TRAINED_PER_READ = 4

Outputs = Mapping[str, npt.NDArray[np.float64]]


@dataclass(frozen=True)
class Epoch:
    """Where one network's training stands at a look at its losses, which are weighted sums over the heads.

    `epoch` counts passes over the training windows, in fractions where there are looks within a pass. `train_loss` is
    the mean since the last look.
    """

    seed: int
    epoch: float
    train_loss: float
    validation_loss: float | None


@dataclass(frozen=True)
class FitJob:
    """All that one network's training needs, so that it can run in any process.

    `names` and `scaler` are of the matrix's indicators, for layers that read some of them by name.
    """

    matrix: Matrix
    train: Targets
    validation: Targets
    network: NetworkSettings
    training: TrainingSettings
    vocabulary_size: int
    seed: int
    start: tuple[npt.NDArray[Any], ...] | None = None
    names: tuple[str, ...] = ()
    scaler: Scaler | None = None


@dataclass(frozen=True)
class FitResult:
    """The weights of the best look, how it was found, and what each head says of the validation windows by them."""

    seed: int
    weights: tuple[npt.NDArray[Any], ...]
    n_epochs: float
    best: Epoch
    validation: Outputs


def fit_network(
    job: FitJob, progress: Callable[[Epoch], None] | None = None, *, tensors: Tensors | None = None
) -> FitResult:
    """Train the network of one seed and return its weights where the validation loss was lowest.

    Without validation windows all epochs are run and the last weights returned. With `job.start` training goes on from
    these weights, and returns them if no look finds better ones. `tensors` are those of `job.matrix`, where other jobs
    hold them already.

    Raises
    ------
    TrainingFailed
        If the loss stops being a number.
    """
    # Process-wide and for good, but it only chooses among kernels; without it sums differ from run to run.
    tf.config.experimental.enable_op_determinism()
    network = new_network(job)
    tensors = job.matrix.tensors() if tensors is None else tensors
    if job.start is not None:
        network.set_weights(list(job.start))
    else:
        _start_layers(network, tensors, job)
        _start_size(network, job.train)
        _silence_ranks(network, job.train)
    with compiled_training(network, make_recipe(job)) as compiled:
        return _train(job, compiled, tensors, progress)


def new_network(job: FitJob) -> Any:
    """Return the network of a job as it is before any training."""
    return build_network(
        job.network,
        n_features=job.matrix.indicators.shape[1],
        vocabulary_size=job.vocabulary_size,
        seed=job.seed,
        names=job.names,
        scaler=job.scaler,
    )


def _train(
    job: FitJob, compiled: CompiledTraining, tensors: Tensors, progress: Callable[[Epoch], None] | None
) -> FitResult:
    """Train until the validation loss has not fallen at as many looks as the training's patience."""
    targets = target_tensors(job.train)

    def report(epoch: float, train_loss: float) -> tuple[Epoch, Outputs]:
        outputs = compiled.predict(job.validation.ends, tensors) if len(job.validation) else {}
        validation = _validation_loss(outputs, job) if outputs else None
        return Epoch(job.seed, epoch, train_loss, validation), outputs

    best, outputs = report(0, math.nan) if job.start is not None else (None, {})
    weights = compiled.network.get_weights()
    epoch, since_best = 0.0, 0
    for epoch, batches in cut_passes(job, compiled.recipe.batch_size):
        train_loss = compiled.run_batches(batches, targets, tensors)
        with compiled.mean_weights():
            state, said = report(epoch, train_loss)
            since_best += 1
            if best is None or _is_better(state, best):
                best, outputs, weights, since_best = state, said, compiled.network.get_weights(), 0
        if not math.isfinite(state.train_loss + (state.validation_loss or 0.0)):
            raise TrainingFailed(
                f"The loss of seed {job.seed} is no number any more in epoch {math.ceil(epoch)} (training "
                f"{state.train_loss}, validation {state.validation_loss}); lower `learning_rate` ({_rate(job)}), or "
                "look at the features and at the layers in the slots."
            )
        if progress is not None:
            progress(state)
        if since_best >= job.training.patience:
            break
    if best is None:
        best, outputs = report(0, math.nan)
    return FitResult(job.seed, tuple(weights), epoch, best, outputs)


def cut_passes(job: FitJob, batch_size: int) -> Iterator[tuple[float, npt.NDArray[np.int64]]]:
    """Yield the passes that are over at the next look at the losses, and the batches to train on until then.

    Batches are of shape (n_steps, batch_size); the few windows of a pass that fill none are left out. A pass is cut
    into parts of as equal numbers of steps as can be, of about `steps_per_validation` each or more: a look reads all
    validation windows. Without these a pass is one part.
    """
    n_steps, n_read = len(job.train) // batch_size, len(job.validation)
    least_steps = max(job.training.steps_per_validation, TRAINED_PER_READ * n_read / batch_size)
    n_parts = max(1, round(n_steps / least_steps)) if n_read else 1
    shuffle = np.random.default_rng(job.seed)
    for epoch in range(job.training.epochs):
        order = shuffle.permutation(len(job.train))
        batches = order[: n_steps * batch_size].reshape(n_steps, batch_size)
        for number, part in enumerate(np.array_split(batches, n_parts), start=1):
            yield epoch + number / n_parts, part


def make_recipe(job: FitJob) -> Recipe:
    """Return what the graphs of a job depend on."""
    return Recipe(
        network=job.network,
        # What is asked outside the graphs makes no other graph.
        training=job.training.model_copy(
            update={"seed": 0, "n_seeds": 1, "epochs": 1, "patience": 1, "steps_per_validation": 1}
        ),
        n_features=job.matrix.indicators.shape[1],
        vocabulary_size=job.vocabulary_size,
        batch_size=min(job.training.batch_size, len(job.train)),
        learning_rate=_rate(job),
    )


def _start_layers(network: Any, tensors: Tensors, job: FitJob) -> None:
    """Let the layers that begin from data see their inputs on training windows, spread evenly over all of them."""
    startable: list[Any] = [layer for layer in network.layers if isinstance(layer, Startable)]
    if not startable:
        return
    ends = job.train.ends[spread_evenly(len(job.train), START_WINDOWS)]
    inputs = job.matrix.reader(tensors)(tf.constant(ends))
    for layer in startable:
        try:
            layer.start_from(keras.Model(network.input, layer.input)(inputs, training=False))
        except Exception as error:  # a user's layer may raise anything
            raise PluginError(f"The layer `{layer.name}` can't start from {len(ends)} windows: {error}") from error


def _start_size(network: Any, train: Targets) -> None:
    """Let the size begin as the volatility, scaled as the training windows ask by QLIKE."""
    ratios = train.values[train.known[:, HEADS.index(SIZE)] > 0, HEADS.index(SIZE)]
    if SIZE in network.output and len(ratios):
        network.get_layer(SIZE).bias.assign([0.5 * math.log(ratios.mean(dtype=np.float64))])


def _silence_ranks(network: Any, train: Targets) -> None:
    """Let the head of ranks say nothing where no session has tickers enough to teach it: its first weights are luck."""
    if RELATIVE in network.output and not train.known[:, HEADS.index(RELATIVE)].any():
        layer = network.get_layer(RELATIVE)
        layer.set_weights([np.zeros_like(weights) for weights in layer.get_weights()])


def _validation_loss(outputs: Outputs, job: FitJob) -> float:
    """Return the same loss in float64; `outputs` hold (n,) per head."""
    values, known = (array.astype(np.float64) for array in (job.validation.values, job.validation.known))
    # A size that is out of all bounds makes the loss no number, which is told as such.
    with np.errstate(over="ignore", invalid="ignore"):
        return float(weighted_loss(outputs, values, known, job.training, ops=np))


def _rate(job: FitJob) -> float:
    return job.training.learning_rate if job.start is None else job.training.fine_tune_rate


def _is_better(state: Epoch, best: Epoch) -> bool:
    if state.validation_loss is None or best.validation_loss is None:
        return True
    return state.validation_loss < best.validation_loss
