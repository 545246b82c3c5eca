"""What the default network finds of what there is to find, and how fast it trains.

Three simulated markets of 30 tickers at full strength: 1,000 sessions to train and validate, 500 to test. The optimum
is known in closed form (.579 of directions); a network above it by more than three standard errors would have seen
what it may not. Run by `make bench`, or by itself: `python -m tests.bench.bench_training [seed ...]`.
"""

import sys
import time

import numpy as np
import pytest

from stockseq.dataset.dataset import Dataset, build_dataset
from stockseq.dataset.folds import FoldSettings, final_fold
from stockseq.evaluate.scores import score_forecasts
from stockseq.models.baselines import forecast_baselines
from stockseq.models.forecaster import Forecaster
from stockseq.models.forecasting import forecast_samples, join_realised
from stockseq.sources.markets import load_simulated
from stockseq.sources.simulated import optimum
from tests.bench.figures import Recorder

SEEDS = (100, 101, 102)
N_TRAIN, N_TEST, N_TICKERS = 1_000, 500, 30
# Before the first sample lie the features' warm-up and the first window.
N_BEFORE = 75
FORECASTER = Forecaster()


def prepare(seed: int) -> Dataset:
    """Return a market's dataset."""
    market = load_simulated(n_sessions=N_BEFORE + N_TRAIN + N_TEST, n_tickers=N_TICKERS, seed=seed)
    return build_dataset(market, lookback=FORECASTER.network.lookback)


def measure(data: Dataset) -> dict[str, float]:
    """Train the default ensemble and print a line of what it found beside the optimum and the baselines."""
    fold = final_fold(data.sessions, FoldSettings(max_train=N_TRAIN), n_test=N_TEST)
    start = time.perf_counter()
    model = FORECASTER.fit_fold(data, fold)
    seconds = time.perf_counter() - start
    test = data.samples.on(fold.test)
    scores = score_forecasts(forecast_samples(model, data.panel, test))
    baselines = forecast_baselines(data.panel, data.samples.on(fold.train.union(fold.validation)), test)
    accuracies = {name: score_forecasts(join_realised(table, test)).accuracy for name, table in baselines.items()}
    n_windows = len(data.samples.on(fold.train)) * sum(seed.n_epochs for seed in model.record.seeds)
    best = optimum(data.market.truth, fold.test)
    low, high = scores.accuracy_ci
    print(
        f"{data!r}: accuracy {scores.accuracy:.4f} [{low:.4f}, {high:.4f}] of {best.accuracy:.4f}; "
        f"log loss {scores.log_loss:.4f} of {best.log_loss:.4f}; "
        + ", ".join(f"{name} {accuracy:.4f}" for name, accuracy in accuracies.items())
        + f"; {len(model.networks)} seeds in {seconds:.0f} s, {n_windows / seconds:,.0f} windows a second",
        flush=True,
    )
    return {
        "accuracy": scores.accuracy,
        "optimum": best.accuracy,
        "half": (high - low) / 2,
        "windows_per_second": n_windows / seconds,
    }


@pytest.mark.bench
def test_the_default_network_finds_most_of_what_there_is(bench: Recorder) -> None:
    """At least .560 on the mean of three markets, and on none more than three standard errors above the optimum."""
    found = [measure(prepare(seed)) for seed in SEEDS]
    accuracies, optima = ([each[name] for each in found] for name in ("accuracy", "optimum"))
    bench.record("accuracy", accuracies, "directions", better="more", anchor="the optimum", anchors=optima)
    rates = [each["windows_per_second"] for each in found]
    bench.record("training of the default network", rates, "windows/s", better="more")
    assert np.mean(accuracies) >= 0.560
    assert all(each["accuracy"] <= each["optimum"] + 3 * each["half"] / 1.96 for each in found)


if __name__ == "__main__":
    for seed in map(int, sys.argv[1:] or SEEDS):
        measure(prepare(seed))
