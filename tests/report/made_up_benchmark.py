"""A benchmark of made-up numbers: a test quarter with both samples, and no quarter after it."""

from copy import deepcopy
from typing import Any

from stockseq.benchmarks.result import BenchmarkResult
from tests.report.made_up_ablation import made_up_test
from tests.report.made_up_scores import made_up_scores

NAMES = ("majority", "prices", "prices_and_sentiment", "prices_and_text")


def made_up_benchmark() -> dict[str, Any]:
    """Return `metrics["benchmark"]` as an older version left it."""
    seeds = [{"seed": str(seed), "accuracy": score, "auc": None, "brier": 0.25, "log_loss": 0.69}
             for seed, score in enumerate((0.52, 0.54))]  # fmt: skip
    rows = {"n": 3720, "n_sessions": 62, "base_rate": 0.513, "share_up": 0.513, "share_forecast_up": 0.62}
    network = made_up_scores(
        0.53, accuracy_ci=[0.48, 0.58], pt_clustered_p=0.12, mcc=0.05, rank_ic=0.01, rank_ic_t=2.5, seeds=seeds, **rows
    )
    constant = {**network, "mcc": None, "pt_clustered_p": None, "rank_ic": None, "seeds": []}
    every = {name: dict(constant if name == "majority" else network) for name in NAMES}
    quarter = {
        "name": "test", "title": "the literature's test quarter", "first": "2015-10-01", "end": "2016-01-01",
        "last_held": "2015-12-31", "n_instances": 3720,
    }  # fmt: skip
    duel = {"period": "test", "sample": "all", "better": "prices_and_text", "than": "prices", "p": 0.3, "p_holm": 0.6}
    gain = {**made_up_test(0.014, 0.035, 0.6), "ci": [-0.021, 0.049], "p": 0.3}
    return {
        "dataset": "stocknet", "n_seeds": 2, "data": "0123456789abcdef", "main_period": "test",
        "periods": [
            {
                **quarter, "too_small": {},
                "samples": [
                    {"name": name, "n_instances": 3720, "scores": deepcopy(every)} for name in ("all", "tweeted")
                ],
            }
        ],
        "lacking": [
            {"name": "next", "title": "the quarter after it", "first": "2016-01-01", "end": "2016-04-01",
             "last_held": None, "n_instances": 0},
        ],
        "train": {
            **quarter, "name": "train", "title": "training", "n_instances": 20_341, "n_with_inputs": 20_284,
        },
        "skill": [
            {"period": "test", "sample": sample, "forecaster": name, "p": 0.12, "p_holm": 0.72, "above_base_rate": True}
            for sample in ("all", "tweeted")
            for name in NAMES[1:]
        ],
        "duels": [
            {**duel, "n": 3720, "n_sessions": 62, "n_left_out": 0, "notes": [], "accuracy": gain, "log_loss": gain}
        ],
    }  # fmt: skip


def made_up_result(benchmark: dict[str, Any] | None = None) -> BenchmarkResult:
    """Return the result."""
    return BenchmarkResult.from_dict(made_up_benchmark() if benchmark is None else benchmark)
