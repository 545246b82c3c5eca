"""What the default network finds of what there is to find, and how fast it trains.

Three simulated markets of 30 tickers at full strength: 1,000 sessions to train and validate, 500 to test. The optimum
is known in closed form (.579 of directions); a network above it by more than three standard errors would have seen
what it may not. Run by `make bench`, or by itself: `python tests/bench/bench_training.py [seed ...]`.
"""

import sys
import time
from dataclasses import dataclass

import numpy as np
import pandas as pd
import pytest

from stockseq.dataset.labels import compute_labels
from stockseq.dataset.panel import Panel, build_panel
from stockseq.dataset.samples import Samples, build_samples
from stockseq.dataset.walk_forward import Fold, FoldSettings, final_fold
from stockseq.evaluate.scores import score_forecasts
from stockseq.features.sentiment import score_headlines, scorer_named
from stockseq.features.table import build_features
from stockseq.models.baselines import forecast_baselines
from stockseq.models.settings import NetworkSettings, TrainingSettings
from stockseq.models.training import fit_model
from stockseq.prices import compute_volatility
from stockseq.sessions import DecisionPolicy
from stockseq.sources.simulated import SimulatedMarket, optimum

SEEDS = (100, 101, 102)
N_TRAIN, N_TEST, N_TICKERS = 1_000, 500, 30
# Before the first sample lie the features' warm-up and the first window.
N_BEFORE = 75
NETWORK, TRAINING = NetworkSettings(), TrainingSettings()


@dataclass(frozen=True)
class Prepared:
    """One market, ready to train on."""

    market: SimulatedMarket
    panel: Panel
    samples: Samples
    fold: Fold


def prepare(seed: int) -> Prepared:
    """Return a market's panel, samples and fold."""
    market = SimulatedMarket(n_sessions=N_BEFORE + N_TRAIN + N_TEST, n_tickers=N_TICKERS, seed=seed)
    scores = score_headlines(market.headlines, scorer_named("vader"))
    built = build_features(
        market.bars, market.actions, market.headlines, scores, calendar=market.calendar, policy=DecisionPolicy()
    )
    labels = compute_labels(market.bars, market.actions, calendar=market.calendar)
    panel = build_panel(built.table.drop(columns="inputs"), built.headlines)
    samples = build_samples(panel, labels, lookback=NETWORK.lookback, sessions=market.calendar.sessions)
    sessions = pd.DatetimeIndex(np.unique(samples.session))
    return Prepared(market, panel, samples, final_fold(sessions, FoldSettings(max_train=N_TRAIN), n_test=N_TEST))


def measure(prepared: Prepared) -> dict[str, float]:
    """Train the default ensemble and print a line of what it found beside the optimum and the baselines."""
    panel, samples, fold, market = prepared.panel, prepared.samples, prepared.fold, prepared.market
    start = time.perf_counter()
    model = fit_model(panel, samples, fold.train, fold.validation, network=NETWORK, training=TRAINING)
    seconds = time.perf_counter() - start
    test = samples.on(fold.test)
    volatility = compute_volatility(panel.keys.loc[test.ends], market.bars, market.actions).to_numpy()
    tables = {"network": model.forecast(panel, test.ends, volatility=volatility)}
    tables |= forecast_baselines(panel, samples.on(fold.train.union(fold.validation)), test)
    realised = pd.DataFrame({"ticker": test.ticker, "session": test.session, "realised_return": test.realised_return})
    realised = realised.astype({"ticker": "str"})
    scores = {name: score_forecasts(table.merge(realised, on=["ticker", "session"])) for name, table in tables.items()}
    n_windows = len(samples.on(fold.train)) * sum(seed["n_epochs"] for seed in model.record["seeds"])
    best = optimum(market.truth, fold.test)
    low, high = scores["network"].accuracy_ci
    print(
        f"market {market.seed}: accuracy {scores['network'].accuracy:.4f} [{low:.4f}, {high:.4f}] "
        f"of {best['accuracy']:.4f}; log loss {scores['network'].log_loss:.4f} of {best['log_loss']:.4f}; "
        + ", ".join(f"{name} {scores[name].accuracy:.4f}" for name in tables if name != "network")
        + f"; {TRAINING.n_seeds} seeds in {seconds:.0f} s, {n_windows / seconds:,.0f} windows a second",
        flush=True,
    )
    return {"accuracy": scores["network"].accuracy, "optimum": best["accuracy"], "half": (high - low) / 2}


@pytest.mark.bench
def test_the_default_network_finds_most_of_what_there_is() -> None:
    """At least .560 on the mean of three markets, and on none more than three standard errors above the optimum."""
    found = [measure(prepare(seed)) for seed in SEEDS]
    assert np.mean([each["accuracy"] for each in found]) >= 0.560
    assert all(each["accuracy"] <= each["optimum"] + 3 * each["half"] / 1.96 for each in found)


if __name__ == "__main__":
    for seed in map(int, sys.argv[1:] or SEEDS):
        measure(prepare(seed))
