"""Every forecaster is scored on the same instances, and what is tested is corrected as one family."""

import json

import numpy as np
import pandas as pd
import pytest

from stockseq.benchmarks.judge import judge_benchmark, select_period
from stockseq.benchmarks.result import BenchmarkResult

NETWORKS = ("prices", "prices_and_sentiment", "prices_and_text")


@pytest.fixture(scope="module")
def forecasts(data) -> dict[str, pd.DataFrame]:
    """Made-up forecasts of every network on all scored moves, two seeds each."""
    scored = data.samples.on(pd.DatetimeIndex([s for period in data.scored for s in data.sessions(period)]))
    rows = pd.DataFrame(
        {"ticker": scored.ticker, "session": scored.session, "realised_return": scored.realised_return}
    ).astype({"ticker": "str"})
    frames = {}
    for number, name in enumerate(NETWORKS):
        seeds = np.random.default_rng(number).uniform(0.4, 0.6, (2, len(rows)))
        columns = {"probability_up_seed_0": seeds[0], "probability_up_seed_1": seeds[1]}
        frames[name] = rows.assign(probability_up=seeds.mean(axis=0), **columns)
    return frames


@pytest.fixture(scope="module")
def result(data, forecasts) -> BenchmarkResult:
    """The judgement."""
    return judge_benchmark(data, forecasts, dataset="stocknet", n_seeds=2)


def test_every_forecaster_is_scored_on_the_same_instances(result):
    """Figures of different rows can't be compared."""
    for period in result.periods:
        for sample in period.samples:
            assert len({(scores.n, scores.n_sessions) for scores in sample.scores.values()}) == 1
            assert sample.scores.keys() == set(NETWORKS)
            assert all(len(scores.seeds) == 2 for scores in sample.scores.values())


def test_the_periods_of_the_protocol_are_named(result, data):
    """What was scored, what the folder lacks, and what was trained on."""
    assert [period.name for period in result.periods] == ["dev", "test"]
    assert [period.name for period in result.lacking] == ["next"]
    assert (result.train.first, result.train.n_with_inputs) == ("2014-01-01", 1733)
    assert result.main.name == result.main_period == "test"
    assert result.data == data.hash()


def test_a_sample_of_one_session_is_counted_and_not_scored(data, forecasts):
    """An accuracy on one date has no interval."""
    instances = data.instances[data.instances["period"] == "test"]
    tweeted = instances.index[instances["session"] == instances["session"].min()]
    changed = data.instances.assign(tweeted=data.instances.index.isin(tweeted))
    few = judge_benchmark(type(data)(**{**vars(data), "instances": changed}), forecasts, dataset="x", n_seeds=2)
    assert few.main.too_small == {"tweeted": len(tweeted)}
    assert [sample.name for sample in few.main.samples] == ["all"]


def test_the_duels_are_corrected_as_one_family(result):
    """Holm's smallest p is the raw one times their number, if that is below 1."""
    tested = [duel for duel in result.duels if duel.p is not None]
    least = min(tested, key=lambda duel: duel.p)
    assert least.p_holm == pytest.approx(min(1.0, least.p * len(tested)))
    assert {(duel.better, duel.than) for duel in result.duels} == {
        ("prices_and_text", "prices"),
        ("prices_and_sentiment", "prices"),
    }
    assert all(duel.p == duel.accuracy.p for duel in result.duels)


def test_the_tests_of_skill_are_corrected_as_one_family(result):
    """Over all forecasters, periods and samples."""
    least = min(result.skill, key=lambda test: test.p)
    assert least.p_holm == pytest.approx(min(1.0, least.p * len(result.skill)))


def test_the_forecasts_of_a_period_are_those_within_it(data, forecasts):
    """The end is excluded."""
    dev = select_period(forecasts["prices"], data.scored[0])
    assert dev["session"].max() < data.scored[0].end
    assert len(dev) == len(data.of(data.scored[0]))


def test_a_result_comes_back_from_its_json_and_shows_itself(result):
    """The page is drawn from the file alone."""
    assert BenchmarkResult.from_dict(json.loads(json.dumps(result.to_dict()))) == result
    assert repr(result).startswith("BenchmarkResult(3 forecasters, 12 records in 2 periods; skill is shown for ")
    assert result._repr_html_().count("<tr>") == 13
