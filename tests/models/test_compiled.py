"""A training is the same whatever was trained before it, beside it, and however its text is laid out."""

import gc
import hashlib
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import partial
from typing import Any, ClassVar

import numpy as np
import pytest

from stockseq.dataset.tokens import choose_rows
from stockseq.layers.backend import has_gpu, keras, tf
from stockseq.models.compiled import CompiledTraining, Recipe, compiled_training, target_tensors
from stockseq.models.fitting import Epoch, FitJob, FitResult, cut_passes, fit_network, make_recipe, new_network
from stockseq.models.matrix import BATCH, Matrix
from stockseq.models.network import build_network
from stockseq.models.padding import without_padding
from stockseq.models.settings import NetworkSettings, TrainingSettings
from stockseq.models.training_targets import Targets

N_ROWS, N_FEATURES, N_CODES = 90, 3, 12
SMALL = NetworkSettings(lookback=4, units=3, headlines_per_session=2, tokens_per_headline=5)
TRAINING = TrainingSettings(epochs=2, batch_size=16)


def make_matrix(*, seed: int = 0, lookback: int = 4) -> Matrix:
    drawn = np.random.default_rng(seed)
    codes = [drawn.integers(1, N_CODES, size).tolist() for size in drawn.integers(0, 6, 30)]
    text = choose_rows(codes, drawn.integers(-1, 30, (N_ROWS, 2)), 5)
    return Matrix(drawn.standard_normal((N_ROWS, N_FEATURES)).astype(np.float32), text, lookback)


def make_job(seed: int, *, data_seed: int = 0, network: NetworkSettings = SMALL) -> FitJob:
    matrix = make_matrix(seed=data_seed, lookback=network.lookback)
    target = np.random.default_rng(data_seed + 100).standard_normal(N_ROWS).astype(np.float32)
    values = np.stack([target > 0, target, target, np.maximum(target**2, 0.01)], axis=1).astype(np.float32)
    ends = np.arange(network.lookback - 1, N_ROWS, dtype=np.int64)
    parts = [Targets(ends[part], values[ends[part]], np.ones((len(ends[part]), 4), np.float32)) for part in PARTS]
    names = tuple(f"f{number}" for number in range(N_FEATURES))
    return FitJob(matrix, *parts, network, TRAINING, N_CODES, seed, names=names)


PARTS = (slice(0, 60), slice(60, None))


def weights(result: FitResult) -> list[list[float]]:
    return [part.reshape(-1).tolist() for part in result.weights]


def test_a_seed_is_the_same_after_another_seed_and_after_another_market() -> None:
    """The graphs are kept; the weights, the optimiser's memory and the random state must not be."""
    first = fit_network(make_job(5))
    fit_network(make_job(6, data_seed=1))
    assert weights(fit_network(make_job(5))) == weights(first)
    assert weights(fit_network(make_job(6))) != weights(first)


@keras.saving.register_keras_serializable(package="tests")
class Branching(keras.layers.Layer):
    """A user's layer that takes one of two ways; TensorFlow hands either to another of its threads."""

    def call(self, inputs: Any) -> Any:
        return tf.cond(tf.reduce_sum(inputs) > 0, lambda: inputs, lambda: 2 * inputs)


@keras.saving.register_keras_serializable(package="tests")
def branching(values: Any) -> Any:
    """A user's function, which an option of one of our layers may name."""
    return tf.cond(tf.reduce_sum(values) > 0, lambda: tf.tanh(values), lambda: values / 2)


BRANCHING = "tests.models.test_compiled:Branching"
SELECTION = "stockseq.layers.before.variable_selection:VariableSelection"
NORMALISATION = "stockseq.layers.before.causal_normalisation:CausalNormalisation"
CELL = "stockseq.layers.within.layer_normalised_cell:LayerNormalisedCell"
ATTENTION = "stockseq.layers.after.temporal_attention:TemporalAttention"
NETWORKS: dict[str, dict[str, Any]] = {
    "words summed": {},
    "words read one by one, in a loop": {"text_reader": "lstm"},
    "a branch in a slot": {"after": BRANCHING},
    "a branch in an option": {
        "within": CELL,
        "within_options": {"activation": keras.saving.serialize_keras_object(branching)},
    },
    "layers of ours in each slot": {"before": NORMALISATION, "within": CELL, "after": ATTENTION},
}


def fit_two(name: str) -> str:
    """Return a digest of two seeds' weights, trained side by side."""
    network = SMALL.model_copy(update=NETWORKS[name])
    jobs = [make_job(seed, network=network) for seed in (1, 2)]
    with ThreadPoolExecutor(2) as pool:
        found = [part for result in pool.map(fit_network, jobs) for part in result.weights]
    return hashlib.sha256(b"".join(part.tobytes() for part in found)).hexdigest()


@pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="cores can't be allotted here")
def test_on_one_core_all_networks_are_trained_and_the_same() -> None:
    """TensorFlow has one thread to hand work to then; and no sum may hang on how many there are."""
    code = (
        "import os; os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})\n"
        "from tests.models.test_compiled import NETWORKS, fit_two\n"
        "print([fit_two(name) for name in NETWORKS])"
    )
    there = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=240)
    assert there.stdout.strip() == str([fit_two(name) for name in NETWORKS])


def test_seeds_side_by_side_are_the_seeds_one_after_another() -> None:
    """Threads share the tensors and nothing that training changes."""
    alone = [(weights(result), result.best) for result in map(fit_network, map(make_job, range(4)))]
    tensors = make_matrix().tensors()
    with ThreadPoolExecutor(4) as pool:
        together = list(pool.map(partial(fit_network, tensors=tensors), map(make_job, range(4))))
    assert [(weights(result), result.best) for result in together] == alone


@pytest.mark.parametrize("slots", [{}, {"within": CELL}, {"after": ATTENTION}], ids=["plain", "own cell", "all states"])
def test_steps_laid_out_train_the_weights_of_a_loop(slots: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    """Keras' own loop is the reference; it adds up the steps' gradients in another order."""
    job = make_job(5, network=SMALL.model_copy(update=slots))
    laid_out = fit_network(job)
    monkeypatch.setattr("stockseq.models.compiled.MOST_UNROLLED", 0)
    monkeypatch.setattr("stockseq.models.compiled._idle", [])
    for ours, of_loop in zip(laid_out.weights, fit_network(job).weights, strict=True):
        np.testing.assert_allclose(ours, of_loop, rtol=1e-5, atol=1e-6)


def recipe_of(job: FitJob) -> Recipe:
    return Recipe(job.network, TRAINING, N_FEATURES, N_CODES, 16, 3e-3)


def count_graphs() -> int:
    """Return how many graphs are held by anything."""
    gc.collect()
    return sum(type(each).__name__ == "FuncGraph" for each in gc.get_objects())


def test_the_graphs_of_a_network_that_is_traced_for_itself_go_with_it() -> None:
    """An ablation trains hundreds of them in one process, and each holds ten megabytes."""
    job = make_job(1, network=SMALL.model_copy(update={"within": CELL}))
    fit_network(job)
    before = count_graphs()
    fit_network(job)
    assert count_graphs() <= before


def test_only_code_of_somebody_elses_may_branch() -> None:
    """Keras' own layers are somebody else's too."""
    assert recipe_of(make_job(1, network=SMALL.model_copy(update=NETWORKS["a branch in an option"]))).may_branch
    found = {}
    for name in (ATTENTION, "keras.layers:Flatten", BRANCHING, f"{ATTENTION} + {BRANCHING}"):
        found[name] = recipe_of(make_job(1, network=SMALL.model_copy(update={"after": name}))).may_branch
    assert list(found.values()) == [False, True, True, True]
    assert not recipe_of(make_job(1)).may_branch
    both = {"before": f"{NORMALISATION} + {SELECTION}", "before_options": {SELECTION: {"dimension": 4}}}
    assert not recipe_of(make_job(1, network=SMALL.model_copy(update=both))).may_branch
    for option in (branching, (1, branching), [keras.saving.serialize_keras_object(branching)]):
        both["before_options"] = {SELECTION: {"names": option}}
        assert recipe_of(make_job(1, network=SMALL.model_copy(update=both))).may_branch


@pytest.mark.skipif(has_gpu(), reason="cuDNN has a kernel for the whole loop")
@pytest.mark.parametrize(("reader", "most", "laid_out"), [("sum", 20, True), ("sum", 3, False), ("lstm", 99, True)])
def test_few_steps_are_laid_out(reader: str, most: int, laid_out: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """Four sessions are; an LSTM that reads 40 tokens, with the mask of their padding, only where that is few."""
    monkeypatch.setattr("stockseq.models.compiled.MOST_UNROLLED", most)
    job = make_job(1, network=SMALL.model_copy(update={"text_reader": reader}))
    network = new_network(job)
    CompiledTraining(network, recipe_of(job))
    assert network.get_layer("lstm").unroll == laid_out


def test_text_without_padding_is_the_padded_text() -> None:
    """The network that Keras calls on padded windows is the reference, to the bit."""
    network = build_network(SMALL, n_features=N_FEATURES, vocabulary_size=N_CODES, seed=1)
    matrix = make_matrix()
    ends = tf.constant(np.array([3, 60, 17, 89], dtype=np.int64))
    expected = network(matrix.reader()(ends), training=False)
    outputs, penalties = without_padding(network, SMALL)(matrix.tensors(), ends, training=False)
    assert {head: value.numpy().tolist() for head, value in outputs.items()} == {
        head: value.numpy().tolist() for head, value in expected.items()
    }
    assert [float(each) for each in penalties] == [float(each) for each in network.losses]


def step_by_keras(network: Any, job: FitJob) -> list[np.ndarray]:
    """One epoch in the given order by Keras' own optimiser, a variable at a time, without dropout."""
    optimizer = keras.optimizers.AdamW(job.training.learning_rate, weight_decay=job.training.weight_decay)
    read = job.matrix.reader()
    for first in range(0, 48, 16):
        picked = slice(first, first + 16)
        with tf.GradientTape() as tape:
            said = network(read(tf.constant(job.train.ends[picked])), training=True)
            loss = tf.reduce_mean((said["return"][:, 0] - job.train.values[picked, 1]) ** 2) / 2 + sum(network.losses)
        gradients = tape.gradient(loss, network.trainable_variables, unconnected_gradients="zero")
        optimizer.apply([tf.convert_to_tensor(each) for each in gradients], network.trainable_variables)
    return [variable.numpy() for variable in network.trainable_variables]


def test_one_row_of_weights_is_stepped_as_keras_steps_each_variable() -> None:
    """AdamW treats each number by itself, so in one row they move as they do apart."""
    still = {"indicator_dropout": 0.0, "output_dropout": 0.0, "heads": ("return",), "relative_head": False}
    settings = SMALL.model_copy(update={**still, "size_head": False})
    training = TrainingSettings(batch_size=16, return_weight=1.0, averaging=0.0)
    job = make_job(1, network=settings)
    build = partial(build_network, settings, n_features=N_FEATURES, vocabulary_size=N_CODES, seed=1)
    expected = step_by_keras(build(), job)
    recipe = Recipe(settings, training, N_FEATURES, N_CODES, 16, training.learning_rate)
    with compiled_training(build(), recipe) as compiled:
        targets = target_tensors(job.train)
        compiled.run_batches(np.arange(48).reshape(3, 16), targets, job.matrix.tensors())
        for variable, value in zip(compiled.network.trainable_variables, expected, strict=True):
            np.testing.assert_allclose(variable.numpy(), value, rtol=1e-5, atol=1e-7)


def fit_looking(every: int, **changes: Any) -> tuple[FitResult, list[Epoch]]:
    """Fit 60 windows, three steps of 16 a pass, with a look at the losses of a few after about `every` steps."""
    job = make_job(5)
    few = [array[:4] for array in (job.validation.ends, job.validation.values, job.validation.known)]
    training = TRAINING.model_copy(update={"steps_per_validation": every, **changes})
    looks: list[Epoch] = []
    return fit_network(replace(job, validation=Targets(*few), training=training), looks.append), looks


def test_looks_within_a_pass_change_nothing_that_is_learnt() -> None:
    """The steps are the same, whatever lies between them; a pass is over after its three."""
    often, looks = fit_looking(1, epochs=4, patience=99)
    once, passes = fit_looking(256, epochs=4, patience=99)
    assert [look.epoch for look in looks[:4]] == [1 / 3, 2 / 3, 1, 4 / 3]
    assert [look.epoch for look in passes] == [1, 2, 3, 4]
    assert [look.validation_loss for look in looks[2::3]] == [look.validation_loss for look in passes]
    assert often.best.validation_loss == min(look.validation_loss for look in looks)
    assert (often.n_epochs, once.n_epochs) == (4, 4)


CUTS = {
    # Steps of a pass, steps between looks, validation windows: parts of a pass. Batches are of two windows.
    "a pass of one and a half gaps is one part": (383, 256, 1, [383]),
    "a longer one is two": (385, 256, 1, [193, 192]),
    "parts are as equal as can be": (7, 2, 1, [2, 2, 2, 1]),
    "a look at 3 windows comes after 12 that are trained on": (7, 1, 3, [7]),
    "none to look at": (7, 2, 0, [7]),
    "looks at more windows than are trained on": (7, 1, 99, [7]),
}


@pytest.mark.parametrize("case", CUTS)
def test_a_pass_is_cut_into_equal_parts(case: str) -> None:
    """Each part's steps, by hand; together they are the pass in its drawn order, but for a window that is left over."""
    n_steps, every, n_validation, expected = CUTS[case]
    job = make_job(5)
    train, validation = (
        Targets(np.arange(n), np.ones((n, 4), np.float32), np.ones((n, 4), np.float32))
        for n in (2 * n_steps + 1, n_validation)
    )
    training = TrainingSettings(batch_size=2, epochs=2, steps_per_validation=every)
    parts = list(cut_passes(replace(job, train=train, validation=validation, training=training), 2))
    assert [batches.shape for _, batches in parts] == [(steps, 2) for steps in expected] * 2
    ends = [number / len(expected) for number in range(1, len(expected) + 1)]
    assert [epoch for epoch, _ in parts] == pytest.approx([*ends, *(1 + end for end in ends)])
    drawn = np.random.default_rng(5)
    for number in range(2):
        found = np.concatenate([part for _, part in parts[number * len(expected) : (number + 1) * len(expected)]])
        assert found.ravel().tolist() == drawn.permutation(2 * n_steps + 1)[: 2 * n_steps].tolist()


@keras.saving.register_keras_serializable(package="tests")
class BatchSizes(keras.layers.Layer):
    """A user's layer that asks for the size of its batch while it is traced."""

    seen: ClassVar[list[int | None]] = []

    def call(self, inputs: Any) -> Any:
        if not isinstance(inputs, keras.KerasTensor):
            self.seen.append(inputs.shape[0])
        return inputs


def test_each_graph_is_traced_once_for_batches_of_its_size() -> None:
    """Other rows, parts of other lengths and looks at other times need no new graph."""
    job = make_job(5, network=SMALL.model_copy(update={"after": "tests.models.test_compiled:BatchSizes"}))
    with compiled_training(new_network(job), recipe_of(job)) as compiled:
        BatchSizes.seen.clear()
        targets = target_tensors(job.train)
        for matrix, n_steps in ((job.matrix, 3), (make_matrix(seed=1), 2)):
            batches = np.arange(n_steps * 16).reshape(n_steps, 16)
            rows = replace(matrix, indicators=matrix.indicators[: batches.size + 12])
            compiled.run_batches(batches, targets, rows.tensors())
            compiled.predict(job.train.ends[: batches.size // 2], rows.tensors())
    assert BatchSizes.seen == [16, BATCH]


def test_when_to_look_is_part_of_no_graph() -> None:
    """Two trainings that differ in it alone have one recipe."""
    job = make_job(5)
    recipes = [
        make_recipe(replace(job, training=TRAINING.model_copy(update={"steps_per_validation": every})))
        for every in (1, 9)
    ]
    assert recipes[0] == recipes[1]


@pytest.mark.parametrize("every", [1, 256])
def test_patience_counts_looks(every: int) -> None:
    """Training stops at the second look in a row that finds no lower loss, or at the end."""
    result, looks = fit_looking(every, epochs=30, patience=2)
    losses = [look.validation_loss for look in looks]
    best = losses.index(min(losses))
    assert result.best == looks[best]
    assert best == len(losses) - 3
    assert result.n_epochs == looks[-1].epoch < 30


def test_a_layers_constraint_holds_after_each_step() -> None:
    """Keras applies it to the variable; the row of all weights must come to hold it, too."""
    options = {"units": 2, "kernel_constraint": "non_neg"}
    settings = SMALL.model_copy(update={"after": "keras.layers:Dense", "after_options": options})
    # A running mean would still remember the weights that training began with.
    job = replace(make_job(2, network=settings), training=TRAINING.model_copy(update={"averaging": 0.0}))
    result = fit_network(job)
    kernel = next(part for part in result.weights if part.shape == (3, 2))
    assert (kernel >= 0).all()
    assert (kernel > 0).any()


@pytest.mark.parametrize("name", ["before", "after"])
def test_a_network_with_a_layer_in_a_slot_is_traced_for_itself(name: str) -> None:
    """Whatever a user's layer holds while it is traced stays with its network."""
    layer = {"before": "keras.layers:LayerNormalization", "after": "keras.layers:LayerNormalization"}[name]
    settings = SMALL.model_copy(update={name: layer})
    recipe = Recipe(settings, TRAINING, N_FEATURES, N_CODES, 16, 1e-3)
    made: list[CompiledTraining] = []
    for _ in range(2):
        network = build_network(settings, n_features=N_FEATURES, vocabulary_size=N_CODES, seed=1)
        with compiled_training(network, recipe) as compiled:
            made.append(compiled)
    assert made[0] is not made[1]
