"""What each layer costs: an epoch's training time over the plain network's, by rounds that take turns.

Run by `make bench`, or by itself: `python -m tests.bench.bench_layers`.
"""

import time
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from stockseq.dataset.scaling import Scaler
from stockseq.layers.backend import keras, tf
from stockseq.models.network import build_network
from stockseq.models.settings import NetworkSettings
from tests.bench.figures import Recorder

N_WINDOWS, BATCH, ROUNDS = 4096, 512, 5
NAMES = ("days_closed", "news_mean", "news_share_positive", "news_share_negative", "news_decayed_mean", "no_news")
# As many as the default features and sentiment.
FEATURES = (*NAMES, *(f"feature_{place}" for place in range(24)))
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


def make_epoch(variant: dict[str, Any]) -> Callable[[], Any]:
    """Return a function that trains the variant's default network on all batches once."""
    slots = {slot: f"stockseq.layers.{variant[slot]}" for slot in ("before", "within", "after") if slot in variant}
    settings = NetworkSettings(**(variant | slots))
    width = len(FEATURES)
    scaler = Scaler((0.0,) * width, (1.0,) * width)
    network = build_network(settings, n_features=width, vocabulary_size=500, seed=0, names=FEATURES, scaler=scaler)
    draws = np.random.default_rng(0)
    indicators = tf.constant(draws.standard_normal((N_WINDOWS, settings.lookback, width)).astype(np.float32))
    # Nine in ten places of a token table are padding.
    text = draws.integers(1, 500, (N_WINDOWS, settings.lookback, 4, 24)) * (draws.random((N_WINDOWS, 1, 4, 24)) < 0.1)
    tokens = tf.constant(text.astype(np.int32))
    optimizer = keras.optimizers.AdamW(1e-3)
    variables = network.trainable_variables
    optimizer.build(variables)

    @tf.function
    def run() -> Any:
        for start in tf.range(0, N_WINDOWS, BATCH):
            inputs = {"indicators": indicators[start : start + BATCH], "text": tokens[start : start + BATCH]}
            with tf.GradientTape() as tape:
                loss = sum(tf.reduce_mean(made**2) for made in network(inputs, training=True).values())
            optimizer.apply(tape.gradient(loss, variables), variables)
        return loss

    run()
    return run


def measure() -> dict[str, list[float]]:
    """Return each variant's seconds an epoch, by round, and print their median over the plain network's."""
    epochs = {name: make_epoch(variant) for name, variant in VARIANTS.items()}
    seconds: dict[str, list[float]] = {name: [] for name in VARIANTS}
    # Whatever else the machine does meets all variants of a round alike.
    for _ in range(ROUNDS):
        for name, run in epochs.items():
            start = time.perf_counter()
            float(run())
            seconds[name].append(time.perf_counter() - start)
    plain = np.array(seconds["plain"])
    for name, each in seconds.items():
        ratio = float(np.median(np.array(each) / plain))
        print(f"{name}: {ratio:.2f} times the plain network, {N_WINDOWS / np.median(each):,.0f} windows a second")
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
