"""What `metrics.json` says of a run: its results as one mapping, with the sentences that follow from them."""

from collections.abc import Mapping

from stockseq.ablation.result import AblationResult
from stockseq.backtest.trading import AccountResult
from stockseq.benchmarks.result import BenchmarkResult
from stockseq.dataset.dataset import Coverage
from stockseq.forecasting.morning import Morning
from stockseq.forecasting.placebos import Placebo, PlaceboResult
from stockseq.forecasting.walk_forward import WalkForwardResult
from stockseq.report.text.ablation import ablation_sentences, component_sentence
from stockseq.report.text.benchmark import HEADLINER
from stockseq.report.text.placebos import placebo_sentence
from stockseq.report.text.training import chosen_sentence
from stockseq.runs.folder import as_records
from stockseq.runs.trials import Trials


def backtest_metrics(
    result: WalkForwardResult,
    account: AccountResult,
    placebos: Mapping[Placebo, PlaceboResult],
    trials: Trials,
) -> dict[str, object]:
    """Return the metrics of a backtest, JSON-able."""
    n_trials = max(trials.n, 1)
    deflated = account.deflated_sharpe(n_trials=n_trials, trial_ratios=trials.sharpe_ratios)
    return {
        "forecast": result.scores.to_dict(),
        "baselines": {name: scores.to_dict() for name, scores in result.baseline_scores.items()},
        "impossible": dict(result.impossible),
        "comparisons": {name: comparison.to_dict() for name, comparison in result.comparisons.items()},
        "superior": result.best_baseline.to_dict(),
        "placebos": {name: placebo_metrics(name, placebo) for name, placebo in placebos.items()},
        "readings": list(result.readings),
        "repetition": result.repetition.to_dict(),
        "portfolio": {
            **account.figures.to_dict(),
            "at_cost": {multiple: figures.to_dict() for multiple, figures in account.figures_at_cost.items()},
            "deflated_sharpe": deflated,
            "n_trials": n_trials,
        },
        "benchmarks": {name: figures.to_dict() for name, figures in account.benchmark_figures.items()},
        "circular_shift": account.circular_shift.to_dict(),
        "random_signal": account.random_signal.to_dict(),
        "overfitting": account.overfitting.to_dict(),
        "coverage": result.data.coverage.to_dict(),
        "trials": trials.n,
        "optimum": None if result.optimum is None else result.optimum.to_dict(),
    }


def morning_metrics(morning: Morning, coverage: Coverage, trials: Trials) -> dict[str, object]:
    """Return the metrics of a daily run, JSON-able."""
    record = morning.champion.record
    scores = morning.scores
    if record.chosen_over:
        caution = chosen_sentence(record.last_session, record.chosen_over)
        scores = scores.model_copy(update={"notes": (*scores.notes, caution)})
    return {
        "model_id": morning.champion.model_id,
        "forecast": scores.to_dict(),
        "live": morning.live.to_dict(),
        "next": as_records(morning.table),
        "refused": dict(morning.next.refused),
        "without_headlines": dict(morning.without_headlines),
        "coverage": coverage.to_dict(),
        "trials": trials.n,
    }


def ablation_metrics(result: AblationResult, coverage: Coverage) -> dict[str, object]:
    """Return the metrics of an ablation, JSON-able."""
    ablation = result.to_dict()
    for variant, entry in zip(result.variants, ablation["variants"], strict=True):
        entry["verdict"] = component_sentence(variant, result) or None
    return {
        "forecast": ablation["variants"][0]["scores"],
        "ablation": {**ablation, "verdict": ablation_sentences(result)},
        "coverage": coverage.to_dict(),
        "optimum": ablation["optimum"],
    }


def benchmark_metrics(result: BenchmarkResult, coverage: Coverage, trials: Trials) -> dict[str, object]:
    """Return the metrics of a benchmark, JSON-able; its record is that of the network on prices and text."""
    scores = {name: record.to_dict() for name, record in result.main.samples[0].scores.items()}
    return {
        "forecast": scores.pop(HEADLINER),
        "baselines": scores,
        "benchmark": result.to_dict(),
        "coverage": coverage.to_dict(),
        "trials": trials.n,
    }


def placebo_metrics(name: Placebo, placebo: PlaceboResult) -> dict[str, object]:
    """Return one placebo's figures and its sentence under the keys of `metrics.json`."""
    figures = placebo.to_dict()
    figures.pop("error", None)
    return {**figures, "verdict": placebo_sentence(name, placebo)}
