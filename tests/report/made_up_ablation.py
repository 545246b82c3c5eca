"""An ablation of made-up numbers, a variant of every kind: one that helps, one that harms, one open, one failed."""

from typing import Any

import pandas as pd

from stockseq.ablation.result import AblationResult
from stockseq.dataset.dataset import Coverage
from stockseq.report.run import RunReport
from stockseq.schemas import Dropped
from tests.report.made_up_scores import made_up_scores


def made_up_test(difference: float, reach: float, p_holm: float | None) -> dict[str, Any]:
    """A paired difference whose interval reaches so far to both sides."""
    return {
        "difference": difference, "standard_error": reach / 2, "n_sessions": 500, "seed_error": reach / 4,
        "ci": [difference - reach, difference + reach], "z": 2 * difference / reach,
        "p": None if p_holm is None else p_holm / 5, "p_holm": p_holm,
    }  # fmt: skip


def made_up_variant(name: str, kind: str, accuracy: float, **parts: Any) -> dict[str, Any]:
    """A variant with everything that is the same for all."""
    return {
        "name": name, "component": name.replace("_", " "), "kind": kind, "changes": f"within = {name}", "failure": None,
        "scores": made_up_scores(accuracy), "effect": None, "claim": None, "sessions_needed": None, "by_fold": None,
        "seeds": {"accuracy": [accuracy - 0.002, accuracy, accuracy + 0.001], "spread": 0.0015, "effect_spread": 0.001},
        "cost": {"seconds_per_epoch": 0.8, "ratio": 1.3, "n_epochs": 14.2, "seconds": 41.0, "n_weights": 1234},
        "readings": {}, "chosen": None, "verdict": "A sentence of an older version.", **parts,
    }  # fmt: skip


def made_up_effect(accuracy: dict[str, Any], ic: dict[str, Any], log_loss: dict[str, Any]) -> dict[str, Any]:
    """The three tests of a component."""
    return {"accuracy": accuracy, "ic": ic, "log_loss": log_loss}


def made_up_ablation() -> dict[str, Any]:
    """Return `metrics["ablation"]` of a run of five variants, as an older version left it."""
    test = made_up_test
    return {
        "n": 15000, "n_sessions": 500, "n_folds": 4, "seeds": [0, 1, 2], "base_rate": 0.512, "base_direction": "up",
        "family": 5, "edge": 0.01,
        "variants": [
            made_up_variant("plain", "plain", 0.561, component="plain network", changes=""),
            made_up_variant(
                "news_gate", "layer", 0.570, claim="helps", by_fold=[0.004, 0.012, 0.008, 0.010],
                effect=made_up_effect(test(0.009, 0.006, 0.04), test(0.012, 0.004, 0.001), test(-0.002, 0.001, 0.001)),
                readings={"NewsGateCell": {"input_gate_scale": 0.12, "forget_gate_scale": 0.06}},
            ),
            made_up_variant(
                "temporal_attention", "layer", 0.559, claim="open", sessions_needed=780,
                effect=made_up_effect(test(-0.002, 0.005, 1.0), test(-0.001, 0.003, 1.0), test(0.0004, 0.001, 1.0)),
                by_fold=[-0.006, 0.0, 0.001, -0.003], readings={"TemporalAttention": {"attention": [0.1, 0.2, 0.7]}},
            ),
            made_up_variant(
                "without_text", "input", 0.541, component="text input", changes="without text", claim="helps",
                effect=made_up_effect(
                    test(0.020, 0.006, 0.0001), test(0.030, 0.008, 0.0001), test(-0.006, 0.002, 0.0001)
                ),
                by_fold=[0.018, 0.024, 0.019, 0.02],
            ),
            made_up_variant(
                "best_pair", "pair", 0.555, component="best pair", changes="", claim="harms",
                effect=made_up_effect(test(-0.006, 0.004, 0.02), test(-0.004, 0.006, None), test(0.001, 0.002, None)),
                by_fold=[-0.006, -0.007, -0.004, -0.006], chosen=["news_gate + projection"] * 4,
            ),
            made_up_variant(
                "projection", "layer", 0.5, scores=None, seeds=None, claim="failed", verdict=None,
                cost=dict.fromkeys(("seconds_per_epoch", "ratio", "n_epochs", "seconds", "n_weights")),
                failure="The loss of seed 1 is no number any more in epoch 3.",
            ),
        ],
        "superior": {"names": ["news_gate"], "size": 0.05, "note": None},
        "confidence_set": {"names": ["plain", "news_gate"], "size": 0.10, "note": None},
        "optimum": {"n": 15000.0, "accuracy": 0.579, "log_loss": 0.67, "brier": 0.24, "ic": 0.2}, "trials": 31,
        "verdict": ["A sentence of an older version."],
    }  # fmt: skip


def made_up_result(**changes: Any) -> AblationResult:
    """Return the result, with some of its keys changed."""
    return AblationResult.from_dict({**made_up_ablation(), **changes})


def made_up_ablation_run(**replaced: Any) -> RunReport:
    """Return the run of an ablation."""
    parts: dict[str, Any] = {
        "run_id": "20160104T131200Z-ablation",
        "recipe": "ablation",
        "created_at": pd.Timestamp("2016-01-04 13:12", tz="UTC"),
        "title": "Ablation of 5 variants on 30 tickers",
        "coverage": Coverage(sessions=1500, bars=45000, headlines=40417, share_with_news=0.59, tickers=30),
        "dropped": [Dropped("features", "T001", "warm-up of 60 sessions", 60)],
        "settings": {"source": "simulated", "folds": {"n_folds": 4}},
        "manifest": {"sources": ["simulated"], "seeds": [0, 1, 2]},
    }
    return RunReport(**(parts | replaced))
