"""How often an ablation claims that a component helps or harms where nothing can: 40 small null families.

Each is a market of 10 tickers without any signal, cut into 300 training and 250 test sessions: a layer from each slot,
the best pair of them, and the text left out, two seeds each, through the whole recipe. The corrected chance of a false
claim is 5 % a family. Run by `make bench`, or by itself: `python tests/bench/bench_ablation.py`.
"""

import json
import os
import sys
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from tempfile import TemporaryDirectory

import pytest
from scipy.stats import binom

from pipelines.ablation import run_ablation
from pipelines.context import silence
from stockseq.config import load_settings
from stockseq.sources.simulated import SimulatedSource

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


def claims(seed: int) -> dict[str, list[str]]:
    """Return what one family claims, and what the bootstrap over all names."""
    with TemporaryDirectory() as data, silence():
        settings = load_settings(overrides={**NULL, "simulated.seed": seed, "data": data})
        folder = run_ablation(settings, SimulatedSource(settings.simulated).default_now)
        ablation = json.loads((folder / "metrics.json").read_text())["ablation"]
    claimed = [one["name"] for one in ablation["variants"] if one["claim"] in ("helps", "harms")]
    return {"claimed": claimed, "superior": ablation["superior"]["names"]}


def measure(n_families: int = N_FAMILIES) -> dict[str, int]:
    """Return in how many families anything was claimed, and anything named by the bootstrap."""
    with ProcessPoolExecutor(os.cpu_count(), mp_context=get_context("spawn")) as pool:
        found = list(pool.map(claims, range(FIRST_SEED, FIRST_SEED + n_families)))
    for seed, one in enumerate(found, start=FIRST_SEED):
        if any(one.values()):
            print(f"market {seed}: claimed {one['claimed'] or 'nothing'}, bootstrap {one['superior'] or 'nothing'}")
    return {name: sum(bool(one[name]) for one in found) for name in ("claimed", "superior")}


@pytest.mark.bench
def test_null_families_are_rarely_claimed() -> None:
    """At a true rate of 5 % more than 5 of 40 come by luck in 1 of 100 measurements."""
    found = measure()
    print(f"False claims: {found['claimed']} of {N_FAMILIES} families; bootstrap: {found['superior']} of {N_FAMILIES}.")
    assert found["claimed"] <= binom.ppf(0.99, N_FAMILIES, 0.05)


if __name__ == "__main__":
    print(measure(int(sys.argv[1]) if len(sys.argv) > 1 else N_FAMILIES))
