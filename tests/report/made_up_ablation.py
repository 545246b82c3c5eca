"""An ablation of made-up numbers, a variant of every kind: one that helps, one that harms, one open, one failed."""

from typing import Any

import pandas as pd

from stockseq.report.run import RunReport
from stockseq.schemas import Dropped


def tested(difference: float, reach: float, p_holm: float | None) -> dict[str, Any]:
    """A paired difference whose interval reaches so far to both sides."""
    return {
        "difference": difference, "standard_error": reach / 2, "ci": [difference - reach, difference + reach],
        "z": 2 * difference / reach, "p": None if p_holm is None else p_holm / 5, "p_holm": p_holm,
    }  # fmt: skip


def variant(name: str, kind: str, accuracy: float, **parts: Any) -> dict[str, Any]:
    """A variant with everything that is the same for all."""
    return {
        "name": name, "component": name.replace("_", " "), "kind": kind, "changes": f"within = {name}", "failure": None,
        "scores": {
            "accuracy": accuracy, "accuracy_ci": [accuracy - 0.01, accuracy + 0.01], "log_loss": 0.681, "ic": 0.11,
            "pt_clustered_p": 0.00001, "n": 15000, "n_sessions": 500,
        },
        "effect": None, "claim": None, "verdict": None, "sessions_needed": None, "by_fold": None, "chosen": None,
        "seeds": {"accuracy": [accuracy - 0.002, accuracy, accuracy + 0.001], "spread": 0.0015, "effect_spread": 0.001},
        "cost": {"seconds_per_epoch": 0.8, "ratio": 1.3, "n_epochs": 14.2, "seconds": 41.0, "n_weights": 1234},
        "readings": {}, **parts,
    }  # fmt: skip


def made_up_ablation() -> dict[str, Any]:
    """Return `metrics["ablation"]` of a run of five variants beside the plain network."""
    plain = variant("plain", "plain", 0.561, component="plain network", changes="")
    gate = variant(
        "news_gate",
        "layer",
        0.570,
        effect={
            "accuracy": tested(0.009, 0.006, 0.04),
            "ic": tested(0.012, 0.004, 0.001),
            "log_loss": tested(-0.002, 0.001, 0.001),
        },
        claim="helps",
        verdict="news gate: +0.9 points [+0.3, +1.5], holds after Holm's correction for 5 variants",
        by_fold=[0.004, 0.012, None, 0.010],
        readings={"NewsGateCell": {"input_gate_scale": 0.12, "forget_gate_scale": 0.06}},
    )
    attention = variant(
        "temporal_attention",
        "layer",
        0.559,
        effect={
            "accuracy": tested(-0.002, 0.005, 1.0),
            "ic": tested(-0.001, 0.003, 1.0),
            "log_loss": tested(0.0004, 0.001, 1.0),
        },
        claim="open",
        verdict="temporal attention: no evidence at this size, 780 sessions would be needed for 1 point",
        sessions_needed=780,
        by_fold=[-0.006, 0.0, 0.001, -0.003],
        readings={"TemporalAttention": {"attention": [0.1, 0.2, 0.7]}},
    )
    text = variant(
        "without_text",
        "input",
        0.541,
        component="text input",
        changes="without text",
        effect={
            "accuracy": tested(0.020, 0.006, 0.0001),
            "ic": tested(0.030, 0.008, 0.0001),
            "log_loss": tested(-0.006, 0.002, 0.0001),
        },
        claim="helps",
        verdict="text input: +2.0 points [+1.4, +2.6], holds after Holm's correction for 5 variants",
        by_fold=[0.018, 0.024, 0.019, 0.02],
    )
    pair = variant(
        "best_pair",
        "pair",
        0.555,
        component="best pair",
        changes="chosen per fold",
        effect={
            "accuracy": tested(-0.006, 0.004, 0.02),
            "ic": tested(-0.004, 0.006, None),
            "log_loss": tested(0.001, 0.002, None),
        },
        claim="harms",
        verdict="best pair: -0.6 points [-1.0, -0.2], holds after Holm's correction for 5 variants",
        by_fold=[-0.006, -0.007, -0.004, -0.006],
        chosen=["news_gate + projection"] * 3 + [None],
    )
    failed = variant(
        "projection",
        "layer",
        0.0,
        scores=None,
        seeds=None,
        cost=None,
        claim="failed",
        failure="The loss of seed 1 is no number any more in epoch 3.",
    )
    return {
        "n": 15000, "n_sessions": 500, "n_folds": 4, "seeds": [0, 1, 2], "base_rate": 0.512, "base_direction": "up",
        "family": 5, "edge": 0.01, "variants": [plain, gate, attention, text, pair, failed],
        "superior": {"names": ["news_gate"], "size": 0.05, "note": None},
        "confidence_set": {"names": ["plain", "news_gate"], "size": 0.10, "note": None},
        "optimum": {"accuracy": 0.579}, "trials": 31,
        "verdict": ["Two components help: text input and news gate.", "The best pair harms."],
    }  # fmt: skip


def made_up_ablation_run(ablation: dict[str, Any] | None = None, **replaced: Any) -> RunReport:
    """Return a run with this ablation."""
    parts: dict[str, Any] = {
        "run_id": "20160104T131200Z-ablation",
        "recipe": "ablation",
        "created_at": pd.Timestamp("2016-01-04 13:12", tz="UTC"),
        "title": "Ablation of 5 variants on 30 tickers",
        "metrics": {
            "ablation": made_up_ablation() if ablation is None else ablation,
            "coverage": {"sessions": 1500, "share_with_news": 0.59},
        },
        "dropped": [Dropped("features", "T001", "warm-up of 60 sessions", 60)],
        "settings": {"source": "simulated", "folds": {"n_folds": 4}},
        "manifest": {"sources": ["simulated"], "seeds": [0, 1, 2]},
    }
    return RunReport(**(parts | replaced))
