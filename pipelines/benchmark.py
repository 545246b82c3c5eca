"""Score the network by the protocol of a published dataset, beside baselines, base rates and what was published."""

import difflib
import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from pipelines.benchmark_data import LEAST_SESSIONS, BenchmarkData, read_dataset
from pipelines.benchmark_forecasts import NETWORKS, PRICES, SENTIMENT, TEXT, forecast_all
from pipelines.benchmark_screen import show_benchmark
from pipelines.context import Context, open_executor
from pipelines.results import write_run
from pipelines.trials import count_trials, record_trial
from stockseq.benchmarks.acl2018 import LOOKBACK, PERIODS, Period
from stockseq.config import Settings
from stockseq.errors import SettingsError, counted
from stockseq.evaluate.comparison import compare_forecasts
from stockseq.evaluate.multiplicity import holm
from stockseq.evaluate.scores import score_forecasts

DATASETS = ("stocknet",)
# The family that Holm's correction is over, in every sample: does either kind of news add to prices?
DUELS = ((TEXT, PRICES), (SENTIMENT, PRICES))


def run_benchmark(settings: Settings, now: pd.Timestamp, *, dataset: str) -> Path:
    """Train on the dataset's training moves, score all that follow, and return the folder of the page and tables.

    Parameters
    ----------
    settings : Settings
        `stocknet.folder` is where the dataset lies, in either layout; the network is the settings' own, at the
        protocol's lookback of five sessions.
    now : Timestamp, tz-aware
    dataset : str
        "stocknet".

    Raises
    ------
    SettingsError
        If the dataset is unknown.
    SourceError, TooFewSessions
        If the folder doesn't hold what the protocol needs; nothing is written then.
    """
    if dataset not in DATASETS:
        near = difflib.get_close_matches(dataset, DATASETS, n=1)
        hint = f"did you mean {near[0]}?" if near else f"known: {', '.join(DATASETS)}."
        raise SettingsError(f"There is no benchmark of a dataset {dataset!r}; {hint}")
    network = settings.network.model_copy(update={"lookback": LOOKBACK})
    settings = settings.model_copy(update={"source": dataset, "network": network})
    with open_executor(settings) as executor:
        context = Context(settings, now, executor)
        data = read_dataset(context)
        context.say(_found(data))
        with context.hold_store():
            forecasts = forecast_all(context, data)
            judged = judge(data, forecasts)
            period = main_period(data)
            scores = judged["periods"][data.scored.index(period)]["samples"][0]["scores"]
            for name in NETWORKS:
                record_trial(context, f"benchmark {dataset}: {name}", {"accuracy": scores[name]["accuracy"]})
            metrics = {
                "forecast": scores[TEXT],
                "baselines": {name: own for name, own in scores.items() if name != TEXT},
                "benchmark": {
                    "dataset": dataset,
                    "n_seeds": settings.training.n_seeds,
                    "data": data_hash(data),
                    "main_period": period.name,
                    **judged,
                },
                "coverage": _coverage(data),
                "trials": count_trials(context),
            }
            folder = write_run(
                context,
                "benchmark",
                f"The protocol of Xu & Cohen (2018) on {counted(data.instances['ticker'].nunique(), 'ticker')}",
                metrics=metrics,
                frames={
                    "forecasts": _of(forecasts[TEXT], period),
                    "benchmark_forecasts": pd.concat(
                        [frame.assign(forecaster=name) for name, frame in forecasts.items()], ignore_index=True
                    ),
                },
                dropped=data.ingested.dropped,
                ingested=data.ingested,
            )
    show_benchmark(metrics["benchmark"], folder)
    return folder


def judge(data: BenchmarkData, forecasts: Mapping[str, pd.DataFrame]) -> dict[str, Any]:
    """Return the scores of every forecaster in every period and sample, the tests of skill and the duels, JSON-able.

    `samples` are "all" instances and those "tweeted" on every lag day; one of fewer than two sessions is left out, with
    its size in `too_small`. `skill` has every clustered Pesaran-Timmermann p, and `duels` every paired difference, with
    Holm's correction over all of its kind.
    """
    periods: list[dict[str, Any]] = []
    skill: list[dict[str, Any]] = []
    duels: list[dict[str, Any]] = []
    for period in data.scored:
        samples: list[dict[str, Any]] = []
        too_small: dict[str, int] = {}
        for name, instances in _samples(data, period).items():
            own = {forecaster: _among(frame, instances) for forecaster, frame in forecasts.items()}
            if own[TEXT]["session"].nunique() < LEAST_SESSIONS:
                too_small[name] = len(instances)
                continue
            scores = {forecaster: score_forecasts(frame).to_dict() for forecaster, frame in own.items()}
            samples.append({"name": name, "n_instances": len(instances), "scores": scores})
            place = {"period": period.name, "sample": name}
            for forecaster, own_scores in scores.items():
                above = own_scores["accuracy"] > own_scores["base_rate"]
                test = {"forecaster": forecaster, "p": own_scores["pt_clustered_p"], "above_base_rate": above}
                skill.append(place | test)
            for better, than in DUELS:
                pair = compare_forecasts(own[better], own[than])
                duels.append({**place, "better": better, "than": than, "p": pair.accuracy.p, **pair.to_dict()})
        periods.append({**_named(period, data), "samples": samples, "too_small": too_small})
    return {
        "periods": periods,
        "lacking": [_named(period, data) for period in data.lacking],
        "train": {**_named(PERIODS[0], data), "n_with_inputs": len(data.of(PERIODS[0]))},
        "skill": [test for test in _corrected(skill) if test["p"] is not None],
        "duels": _corrected(duels),
    }


def main_period(data: BenchmarkData) -> Period:
    """Return the period that the run's record is of: the literature's test quarter, or the first that is held."""
    return next((period for period in data.scored if period.name == "test"), data.scored[0])


def _corrected(tests: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the tests with Holm's p over all of them; None where there is no p."""
    corrected = holm([test["p"] for test in tests])
    return [{**test, "p_holm": p} for test, p in zip(tests, corrected, strict=True)]


def data_hash(data: BenchmarkData) -> str:
    """Return a hash of all inputs and moves, so that two runs' figures can be told to be of the same data."""
    digest = hashlib.sha256(data.panel.indicators.tobytes())
    digest.update(repr(data.panel.texts).encode())
    digest.update(data.instances.to_csv(index=False).encode())
    return digest.hexdigest()[:16]


def _samples(data: BenchmarkData, period: Period) -> dict[str, pd.DataFrame]:
    instances = data.instances[data.instances["period"] == period.name]
    return {"all": instances, "tweeted": instances[instances["tweeted"]]}


def _among(frame: pd.DataFrame, instances: pd.DataFrame) -> pd.DataFrame:
    return frame.merge(instances[["ticker", "session"]], on=["ticker", "session"], validate="one_to_one")


def _of(frame: pd.DataFrame, period: Period) -> pd.DataFrame:
    return frame[(frame["session"] >= period.first) & (frame["session"] < period.end)].reset_index(drop=True)


def _named(period: Period, data: BenchmarkData) -> dict[str, Any]:
    sessions = data.instances.loc[data.instances["period"] == period.name, "session"]
    return {
        "name": period.name,
        "title": period.title,
        "first": period.first.date().isoformat(),
        "end": period.end.date().isoformat(),
        "last_held": sessions.max().date().isoformat() if len(sessions) else None,
        "n_instances": len(sessions),
    }


def _coverage(data: BenchmarkData) -> dict[str, Any]:
    texts = data.panel.texts
    return {
        "sessions": data.instances["session"].nunique(),
        "bars": len(data.bars),
        "headlines": sum(len(row) for row in texts),
        "share_with_news": sum(bool(row) for row in texts) / len(texts) if texts else 0.0,
        "tickers": data.bars["ticker"].nunique(),
    }


def _found(data: BenchmarkData) -> str:
    counts = data.instances["period"].value_counts()
    told = ", ".join(f"{counts[period.name]:,} {period.title}" for period in (PERIODS[0], *data.scored))
    return f"Instances by the protocol: {told}; {len(data.samples):,} of {len(data.instances):,} have inputs."
