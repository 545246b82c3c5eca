"""How many windows a second two seeds train on, side by side, beside PyTorch or Keras' own fit.

PyTorch where it is installed; it is no dependency: `pip install torch` in the developers' environment. It reads the
same windows, gathered by index from the same rows, with an optimiser of the same kind and as many threads. Run by
`make bench`.
"""

import importlib.util
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np
import pytest

from stockseq.dataset.tokens import choose_rows
from stockseq.models.fitting import FitJob, fit_network
from stockseq.models.matrix import Matrix
from stockseq.models.settings import NetworkSettings, TrainingSettings
from stockseq.models.training_targets import Targets
from tests.bench.figures import Recorder

EPOCHS, SEEDS, REPEATS = 3, 2, 3
PLAIN = {"indicator_dimension": 0, "indicator_dropout": 0.0, "output_dropout": 0.0}
N_CODES, N_TOKENS = 2000, 9


@dataclass(frozen=True)
class Size:
    """What is trained: rows of a window, indicators, units, windows of a step, and windows in all."""

    lookback: int
    n_features: int
    units: int
    batch: int
    n: int
    default: bool = False
    text: bool = False

    @property
    def name(self) -> str:
        """Such as 20/32/64/256."""
        numbers = f"{self.lookback}/{self.n_features}/{self.units}/{self.batch}"
        return numbers + (" default" if self.default else "") + (f" {N_TOKENS} tokens a session" if self.text else "")


SIZES = (
    Size(20, 32, 64, 256, 30_000),
    Size(60, 32, 64, 256, 10_000),
    Size(60, 32, 128, 1024, 10_240),
    Size(10, 30, 8, 512, 200_000, default=True),
)


def make_job(size: Size, seed: int) -> FitJob:
    """Return the training of one seed on noise."""
    drawn = np.random.default_rng(0)
    n_rows = size.n + size.lookback
    text = None
    if size.text:
        lengths = np.minimum(drawn.poisson(N_TOKENS, n_rows), 24)
        slots = np.full((n_rows, 4), -1)
        slots[:, 0] = np.arange(n_rows)
        text = choose_rows([drawn.integers(1, N_CODES, length).tolist() for length in lengths], slots, 24)
    matrix = Matrix(drawn.standard_normal((n_rows, size.n_features)).astype(np.float32), text, size.lookback)
    target = drawn.standard_normal(size.n).astype(np.float32)
    values = np.stack([target > 0, target, target, np.maximum(target**2, 0.01)], axis=1).astype(np.float32)
    ends = np.arange(size.lookback - 1, n_rows - 1, dtype=np.int64)
    train = Targets(ends, values, np.ones_like(values))
    validation = Targets(ends[:1024], values[:1024], np.ones((1024, 4), np.float32))
    network = NetworkSettings(lookback=size.lookback, units=size.units, **({} if size.default else PLAIN))
    training = TrainingSettings(batch_size=size.batch, epochs=EPOCHS, patience=99)
    names = tuple(f"f{number}" for number in range(size.n_features))
    return FitJob(matrix, train, validation, network, training, N_CODES if size.text else 2, seed, names=names)


def rate(size: Size) -> float:
    """Return the windows a second of two seeds side by side, the graphs being traced."""
    jobs = [make_job(size, seed) for seed in range(SEEDS)]
    fit = partial(fit_network, tensors=jobs[0].matrix.tensors())
    with ThreadPoolExecutor(SEEDS) as pool:
        short = [replace(job, training=job.training.model_copy(update={"epochs": 1})) for job in jobs]
        list(pool.map(fit, short))
        started = time.perf_counter()
        list(pool.map(fit, jobs))
    return SEEDS * EPOCHS * size.n / (time.perf_counter() - started)


def torch_rate(size: Size) -> float:
    """Return the windows a second of PyTorch's LSTM with one linear head."""
    import torch

    torch.set_num_threads(SEEDS)
    rows, targets = torch.randn(size.n + size.lookback, size.n_features), torch.randn(size.n, 1)
    lstm, head = torch.nn.LSTM(size.n_features, size.units, batch_first=True), torch.nn.Linear(size.units, 4)
    optimizer = torch.optim.AdamW([*lstm.parameters(), *head.parameters()], 3e-3)
    offsets = torch.arange(size.lookback)
    started = 0.0
    for epoch in range(EPOCHS + 1):
        if epoch == 1:
            started = time.perf_counter()
        for picked in torch.randperm(size.n).split(size.batch):
            states, _ = lstm(rows[picked[:, None] + offsets])
            loss = ((head(states[:, -1]) - targets[picked]) ** 2).mean()
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
    return EPOCHS * size.n / (time.perf_counter() - started)


def keras_rate(size: Size) -> float:
    """Return the windows a second of Keras' own fit, on windows that are laid out."""
    from stockseq.layers.backend import keras

    drawn = np.random.default_rng(0)
    windows = drawn.standard_normal((size.n, size.lookback, size.n_features)).astype(np.float32)
    network = keras.Sequential([keras.layers.LSTM(size.units), keras.layers.Dense(4)])
    network.compile(keras.optimizers.AdamW(3e-3), "mse")
    options: dict[str, Any] = {"batch_size": size.batch, "verbose": 0}
    targets = drawn.standard_normal((size.n, 4)).astype(np.float32)
    network.fit(windows, targets, epochs=1, **options)
    started = time.perf_counter()
    network.fit(windows, targets, epochs=EPOCHS, **options)
    return EPOCHS * size.n / (time.perf_counter() - started)


@pytest.mark.bench
@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("size", SIZES, ids=lambda size: size.name)
def test_training_beside_another_library(size: Size, bench: Recorder) -> None:
    """In turns, so that both meet the same machine."""
    is_there = importlib.util.find_spec("torch") is not None
    anchor, beside = ("PyTorch nn.LSTM", torch_rate) if is_there else ("Keras fit", keras_rate)
    pairs = [(rate(size), beside(size)) for _ in range(REPEATS)]
    ours, theirs = ([pair[part] for pair in pairs] for part in (0, 1))
    figure = bench.record(f"training {size.name}", ours, "windows/s", better="more", anchor=anchor, anchors=theirs)
    print(f"\n{figure.name}: {figure.value:,.0f} windows/s, {figure.ratio:.2f} of {anchor}")


@pytest.mark.bench
def test_text_costs_little(bench: Recorder) -> None:
    """The default network with text beside the same without it."""
    without = Size(10, 30, 8, 512, 100_000, default=True)
    pairs = [(rate(replace(without, text=True)), rate(without)) for _ in range(REPEATS)]
    ours, theirs = ([pair[part] for pair in pairs] for part in (0, 1))
    name = "training with text"
    figure = bench.record(name, ours, "windows/s", better="more", anchor="without text", anchors=theirs)
    print(f"\n{figure.name}: {figure.value:,.0f} windows/s, {figure.ratio:.2f} of those without")
