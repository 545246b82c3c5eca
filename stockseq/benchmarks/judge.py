"""Score every forecaster in every period and sample, and correct the tests of skill and the duels for their number."""

from collections.abc import Iterator, Mapping

import pandas as pd

from stockseq.benchmarks.acl2018 import PERIODS, Period
from stockseq.benchmarks.data import LEAST_SESSIONS, BenchmarkData
from stockseq.benchmarks.forecasts import PRICES, SENTIMENT, TEXT
from stockseq.benchmarks.result import (
    BenchmarkResult,
    Duel,
    PeriodExtent,
    PeriodScores,
    SampleName,
    SampleScores,
    SkillTest,
    TrainingPeriod,
)
from stockseq.evaluate.comparison import compare_forecasts
from stockseq.evaluate.multiplicity import holm
from stockseq.evaluate.scores import score_forecasts

# The family that Holm's correction is over, in every sample: does either kind of news add to prices?
DUELS = ((TEXT, PRICES), (SENTIMENT, PRICES))
SAMPLES: tuple[SampleName, ...] = ("all", "tweeted")


def judge_benchmark(
    data: BenchmarkData, forecasts: Mapping[str, pd.DataFrame], *, dataset: str, n_seeds: int
) -> BenchmarkResult:
    """Return the scores of every forecaster, the tests of skill and what news adds.

    Parameters
    ----------
    data : BenchmarkData
    forecasts : mapping of forecaster to DataFrame
        From `forecast_benchmark`.
    dataset : str
        Its name.
    n_seeds : int
        Networks of each ensemble.

    Returns
    -------
    BenchmarkResult
        Tests of skill and duels have Holm's correction over all of their kind.
    """
    periods = tuple(_score_period(data, period, forecasts) for period in data.scored)
    return BenchmarkResult(
        dataset=dataset,
        n_seeds=n_seeds,
        data=data.hash(),
        main_period=data.main_period.name,
        periods=periods,
        lacking=tuple(PeriodExtent(**_extent(period, data)) for period in data.lacking),
        train=TrainingPeriod(**_extent(PERIODS[0], data), n_with_inputs=len(data.of(PERIODS[0]))),
        skill=_test_skill(periods),
        duels=_compare_networks(data, periods, forecasts),
    )


def select_period(frame: pd.DataFrame, period: Period) -> pd.DataFrame:
    """Return the forecasts of a period."""
    return frame[(frame["session"] >= period.first) & (frame["session"] < period.end)].reset_index(drop=True)


def _score_period(data: BenchmarkData, period: Period, forecasts: Mapping[str, pd.DataFrame]) -> PeriodScores:
    samples, too_small = [], {}
    for name in SAMPLES:
        instances = _instances(data, period.name, name)
        rows = {forecaster: _among(frame, instances) for forecaster, frame in forecasts.items()}
        if rows[TEXT]["session"].nunique() < LEAST_SESSIONS:
            too_small[name] = len(instances)
        else:
            scores = {forecaster: score_forecasts(frame) for forecaster, frame in rows.items()}
            samples.append(SampleScores(name=name, n_instances=len(instances), scores=scores))
    return PeriodScores(**_extent(period, data), samples=tuple(samples), too_small=too_small)


def _test_skill(periods: tuple[PeriodScores, ...]) -> tuple[SkillTest, ...]:
    tested = [
        (period.name, sample.name, forecaster, scores, scores.pt_clustered_p)
        for period, sample in _each_sample(periods)
        for forecaster, scores in sample.scores.items()
    ]
    corrected = holm([p for *_, p in tested])
    return tuple(
        SkillTest(
            period=period,
            sample=sample,
            forecaster=forecaster,
            p=p,
            p_holm=p_holm,
            above_base_rate=scores.accuracy > scores.base_rate,
        )
        for (period, sample, forecaster, scores, p), p_holm in zip(tested, corrected, strict=True)
        if p is not None and p_holm is not None
    )


def _compare_networks(
    data: BenchmarkData, periods: tuple[PeriodScores, ...], forecasts: Mapping[str, pd.DataFrame]
) -> tuple[Duel, ...]:
    duels = []
    for period, sample in _each_sample(periods):
        instances = _instances(data, period.name, sample.name)
        for better, than in DUELS:
            compared = compare_forecasts(_among(forecasts[better], instances), _among(forecasts[than], instances))
            names = {"period": period.name, "sample": sample.name, "better": better, "than": than}
            duels.append(Duel.from_dict({**compared.to_dict(), **names, "p": compared.accuracy.p, "p_holm": None}))
    corrected = holm([duel.p for duel in duels])
    return tuple(duel.model_copy(update={"p_holm": p}) for duel, p in zip(duels, corrected, strict=True))


def _each_sample(periods: tuple[PeriodScores, ...]) -> Iterator[tuple[PeriodScores, SampleScores]]:
    return ((period, sample) for period in periods for sample in period.samples)


def _instances(data: BenchmarkData, period: str, sample: SampleName) -> pd.DataFrame:
    instances = data.instances[data.instances["period"] == period]
    return instances if sample == "all" else instances[instances["tweeted"]]


def _among(frame: pd.DataFrame, instances: pd.DataFrame) -> pd.DataFrame:
    return frame.merge(instances[["ticker", "session"]], on=["ticker", "session"], validate="one_to_one")


def _extent(period: Period, data: BenchmarkData) -> dict[str, object]:
    sessions = data.instances.loc[data.instances["period"] == period.name, "session"]
    return {
        "name": period.name,
        "title": period.title,
        "first": period.first.date().isoformat(),
        "end": period.end.date().isoformat(),
        "last_held": sessions.max().date().isoformat() if len(sessions) else None,
        "n_instances": len(sessions),
    }
