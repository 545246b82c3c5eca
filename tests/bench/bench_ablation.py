"""Whether an ablation finds what is known to help on simulated markets, and how often it claims where nothing can.

Null: 40 families, each on a market of 10 tickers without any signal, cut into 300 training and 250 test sessions: a
layer from each slot, the best pair of them, and the text left out, two seeds each. The corrected
chance of a false claim is 5 % a family.

Known: the text on the signal market; and, where the LSTM sees the indicators through one mixture and no text, layers
that read some features beside it: a gate on the signal and on the gated market, the time-aware cell on the decaying.

Run by `make bench`; the null families by themselves with `python -m tests.bench.bench_ablation`.
"""

import os
import sys
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from typing import Any

import pytest
from scipy.stats import binom

from stockseq.ablation.ablation import judge_ablation
from stockseq.ablation.family import fit_family
from stockseq.ablation.result import AblationResult
from stockseq.config import load_settings
from stockseq.dataset.dataset import build_dataset
from stockseq.dataset.folds import cut_folds
from stockseq.executors import open_executor
from stockseq.models.forecaster import Forecaster
from stockseq.report.text.ablation import ablation_sentences
from stockseq.sources.markets import fetch_market
from stockseq.sources.simulated import SimulatedSource
from tests.bench.figures import Recorder

N_FAMILIES, FIRST_SEED = 40, 500
NULL = {
    "source": "simulated",
    "simulated.kind": "null",
    "simulated.n_tickers": 10,
    "simulated.n_sessions": 630,
    "training.n_seeds": 2,
    "folds.min_train": 300,
    "folds.n_folds": 1,
    "ablation.variants": {
        "temporal_convolution": {"network": {"before": "temporal_convolution"}},
        "news_gate": {"network": {"within": "news_gate"}},
        "projection": {"network": {"after": "projection", "after_options": {"dimension": 4}}},
        "without_text": {"without": ["text"]},
    },
}


NARROW = {
    "source": "simulated",
    "simulated.seed": 301,
    "simulated.n_tickers": 20,
    "simulated.strength": 2.0,
    "simulated.readable_share": 0.9,
    "network.headlines_per_session": 0,
    "network.indicator_dimension": 1,
    "folds.min_train": 1000,
    "folds.max_train": 1000,
    "training.n_seeds": 6,
    "ablation.best_pair": False,
}
KNOWN: dict[str, tuple[dict[str, Any], set[str]]] = {
    "signal": (
        {
            "source": "simulated",
            "simulated.seed": 301,
            "simulated.n_sessions": 1780,
            "simulated.n_tickers": 30,
            "folds.min_train": 1000,
            "folds.n_folds": 1,
            "ablation.best_pair": False,
            "ablation.variants": {
                "without_text": {"without": ["text"]},
                "without_sentiment": {"without": ["sentiment"]},
            },
        },
        {"without_text"},
    ),
    "narrow_signal": (
        {
            **NARROW,
            "simulated.n_sessions": 3400,
            "folds.n_folds": 2,
            "ablation.variants": {
                "news_gate": {"network": {"within": "news_gate"}},
                "branch_gate": {"network": {"after": "branch_gate"}},
            },
        },
        {"branch_gate"},
    ),
    "gated": (
        {
            **NARROW,
            "simulated.kind": "gated",
            "simulated.n_sessions": 4400,
            "folds.n_folds": 3,
            "ablation.variants": {
                "news_gate": {"network": {"within": "news_gate"}},
                "branch_gate": {"network": {"after": "branch_gate"}},
            },
        },
        {"news_gate"},
    ),
    "decaying": (
        {
            **NARROW,
            "simulated.kind": "decaying",
            "simulated.n_tickers": 30,
            "simulated.n_sessions": 4400,
            "folds.n_folds": 3,
            "ablation.variants": {
                "news_gate": {"network": {"within": "news_gate"}},
                "time_aware": {"network": {"within": "time_aware"}},
            },
        },
        {"time_aware"},
    ),
}


def judge(overrides: dict[str, Any], *, workers: int = 1) -> AblationResult:
    """Return what an ablation of these settings finds, without a store."""
    settings = load_settings(overrides=overrides)
    source = SimulatedSource(settings.simulated)
    market = fetch_market(source, source.tickers, now=source.default_now, truth=source.truth)
    with open_executor(workers=workers) as executor:
        data = build_dataset(market, lookback=settings.network.lookback, executor=executor)
        folds = cut_folds(data.sessions, settings.folds, horizon=data.inputs.horizon)
        forecaster = Forecaster(settings.network, settings.training, executor=executor)
        family = fit_family(forecaster, data, folds, settings.ablation)
    return judge_ablation(family, seed=settings.training.seed)


# Shown by version 0.1.0, whose network was trained for the direction alone: IC +.004 [+.002, +.006].
NOT_FOUND = {"decaying": pytest.mark.xfail(reason="0.3.0: IC +.002 [-.001, +.005], with up to 90 epochs", strict=True)}


@pytest.mark.bench
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("market", [pytest.param(name, marks=NOT_FOUND.get(name, ())) for name in KNOWN])
def test_what_is_known_to_help_is_found(market: str) -> None:
    """Some minutes each on two cores; every sentence is printed."""
    settings, helping = KNOWN[market]
    result = judge(settings, workers=os.cpu_count() or 1)
    print(f"\n{market}", *ablation_sentences(result), sep="\n  ")
    assert helping <= {variant.name for variant in result.claimed("helps")}


def claims(seed: int) -> dict[str, list[str]]:
    """Return what one family claims, and what the bootstrap over all names."""
    result = judge({**NULL, "simulated.seed": seed})
    claimed = [variant.name for variant in (*result.claimed("helps"), *result.claimed("harms"))]
    return {"claimed": claimed, "superior": list(result.superior.names)}


def measure(n_families: int = N_FAMILIES) -> dict[str, int]:
    """Return in how many families anything was claimed, and anything named by the bootstrap."""
    with ProcessPoolExecutor(os.cpu_count(), mp_context=get_context("spawn")) as pool:
        found = list(pool.map(claims, range(FIRST_SEED, FIRST_SEED + n_families)))
    for seed, one in enumerate(found, start=FIRST_SEED):
        if any(one.values()):
            print(f"market {seed}: claimed {one['claimed'] or 'nothing'}, bootstrap {one['superior'] or 'nothing'}")
    return {name: sum(bool(one[name]) for one in found) for name in ("claimed", "superior")}


@pytest.mark.bench
@pytest.mark.timeout(3600)
def test_null_families_are_rarely_claimed(bench: Recorder) -> None:
    """At a true rate of 5 % more than 5 of 40 come by luck in 1 of 100 measurements."""
    found = measure()
    bench.record("false claims of null families", found["claimed"] / N_FAMILIES, "share")
    print(f"False claims: {found['claimed']} of {N_FAMILIES} families; bootstrap: {found['superior']} of {N_FAMILIES}.")
    assert found["claimed"] <= binom.ppf(0.99, N_FAMILIES, 0.05)


if __name__ == "__main__":
    print(measure(int(sys.argv[1]) if len(sys.argv) > 1 else N_FAMILIES))
