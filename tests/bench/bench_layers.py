"""What each layer costs: an epoch's training time over the plain network's, by rounds that take turns.

Run by `make bench`, or by itself: `python -m tests.bench.bench_layers`.
"""

import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from stockseq.dataset.scaling import Scaler
from stockseq.models.compiled import CompiledTraining, target_tensors
from stockseq.models.fitting import make_recipe, new_network
from stockseq.models.settings import NetworkSettings
from tests.bench.bench_training_speed import Size, make_job
from tests.bench.figures import Recorder

ROUNDS = 5
NAMES = ("days_closed", "news_mean", "news_share_positive", "news_share_negative", "news_decayed_mean", "no_news")
# As many as the default features and sentiment.
FEATURES = (*NAMES, *(f"feature_{place}" for place in range(24)))
SIZE = Size(10, len(FEATURES), 8, 512, 20_480, default=True, text=True)
VARIANTS = {
    "plain": {},
    "temporal convolution, joined": {"before": "before.temporal_convolution:TemporalConvolution"},
    "temporal convolution, feeding": {
        "before": "before.temporal_convolution:TemporalConvolution",
        "before_options": {"joined": False},
    },
    "sentiment decay": {"before": "before.sentiment_decay:SentimentDecay"},
    "causal normalisation": {"before": "before.causal_normalisation:CausalNormalisation"},
    "variable selection": {"before": "before.variable_selection:VariableSelection", "indicator_dimension": 0},
    "time-aware cell": {"within": "within.time_aware_cell:TimeAwareCell"},
    "news gate cell": {"within": "within.news_gate_cell:NewsGateCell"},
    "layer-normalised cell": {"within": "within.layer_normalised_cell:LayerNormalisedCell"},
    "projection": {"after": "after.projection:Projection", "after_options": {"dimension": 4}},
    "temporal attention": {"after": "after.temporal_attention:TemporalAttention"},
    "branch gate": {"after": "after.branch_gate:BranchGate"},
}


def make_epoch(variant: dict[str, Any]) -> Callable[[], float]:
    """Return a function that trains the variant's default network on all batches once."""
    slots = {slot: f"stockseq.layers.{variant[slot]}" for slot in ("before", "within", "after") if slot in variant}
    scaler = Scaler((0.0,) * len(FEATURES), (1.0,) * len(FEATURES))
    job = replace(make_job(SIZE, 0), network=NetworkSettings(**(variant | slots)), names=FEATURES, scaler=scaler)
    compiled = CompiledTraining(new_network(job), make_recipe(job))
    tensors = job.matrix.tensors()
    targets = target_tensors(job.train)
    batches = np.random.default_rng(0).permutation(SIZE.n).reshape(-1, SIZE.batch)
    compiled.run_batches(batches, targets, tensors)
    return lambda: compiled.run_batches(batches, targets, tensors)


def measure() -> dict[str, list[float]]:
    """Return each variant's seconds an epoch, by round, and print their median over the plain network's."""
    epochs = {name: make_epoch(variant) for name, variant in VARIANTS.items()}
    seconds: dict[str, list[float]] = {name: [] for name in VARIANTS}
    # Whatever else the machine does meets all variants of a round alike.
    for _ in range(ROUNDS):
        for name, run in epochs.items():
            start = time.perf_counter()
            run()
            seconds[name].append(time.perf_counter() - start)
    plain = np.array(seconds["plain"])
    for name, each in seconds.items():
        ratio = float(np.median(np.array(each) / plain))
        print(f"{name}: {ratio:.2f} times the plain network, {SIZE.n / np.median(each):,.0f} windows a second")
    return seconds


@pytest.mark.bench
def test_what_each_layer_costs(bench: Recorder) -> None:
    """A figure to read beside what a layer gains; how fast a machine is, is no fault."""
    seconds = measure()
    assert set(seconds) == set(VARIANTS)
    plain = seconds.pop("plain")
    bench.record("epoch of the plain network", plain, "s")
    for name, each in seconds.items():
        bench.record(f"epoch with {name}", each, "s", anchor="the plain network", anchors=plain)


if __name__ == "__main__":
    measure()
