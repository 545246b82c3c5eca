"""The judge passes who finds what can be found and no more, and fails who sees what may not be seen."""

from dataclasses import replace

import numpy as np
import numpy.typing as npt
import pandas as pd
import pytest

from stockseq.errors import StockseqError
from stockseq.evaluate.ranking import score_ranking
from stockseq.evaluate.size_losses import qlike
from stockseq.exam.market_run import MarketAnswers
from stockseq.exam.questions import judge
from stockseq.exam.records import make_records, pool
from stockseq.exam.result import ExamResult, Profit
from stockseq.sources.settings import Kind
from stockseq.sources.simulated.market import Optimum

TICKERS = [f"T{number:02d}" for number in range(10)]
Up = npt.NDArray[np.bool_]


def forecasts(chance_up: float | npt.NDArray[np.float64], forecast_up: Up, up: Up) -> pd.DataFrame:
    """Return 200 sessions x 10 tickers of forecasts at 55 and 45 %."""
    sessions = np.repeat(pd.bdate_range("2020-01-01", periods=200), 10)
    return pd.DataFrame(
        {
            "ticker": TICKERS * 200,
            "session": sessions,
            "probability_up": np.where(forecast_up, 0.55, 0.45),
            "realised_return": np.where(up, 0.01, -0.01),
            "realised_variance": 1e-4,
            "chance_up": chance_up,
            "best_relative": chance_up,
            "best_variance": 1e-4,
            "known_volatility": 0.01,
        }
    )


def best_of(rows: pd.DataFrame) -> Optimum:
    """Return the optimum of these rows from first principles."""
    p = rows["chance_up"].to_numpy()
    entropy = float(-(p * np.log(p) + (1 - p) * np.log(1 - p)).mean())
    brier = float((p * (1 - p)).mean())
    return Optimum(n=len(rows), accuracy=float(np.maximum(p, 1 - p).mean()), log_loss=entropy, brier=brier, ic=0.2)


def answers(kind: Kind, frames: dict[str, pd.DataFrame], *, z: float | None = None) -> MarketAnswers:
    profit = None if z is None else Profit(realised=1.0, expected=1.0, z=z, n_sessions=200.0)
    return MarketAnswers(kind, 100, frames, {name: best_of(rows) for name, rows in frames.items()}, profit)


def verdicts(result: ExamResult) -> dict[tuple[str, str], bool | None]:
    return {(question.topic, question.forecaster): question.passed for question in result.questions}


def test_guessing_passes_where_there_is_nothing_to_find() -> None:
    """Coins forecast coins."""
    rng = np.random.default_rng(1)
    guesses = forecasts(0.5, rng.random(2000) < 0.5, rng.random(2000) < 0.5)
    assert all(verdicts(judge([answers("null", {"text": guesses})])).values())


def test_who_sees_the_outcome_fails_every_question_of_a_market_without_signal() -> None:
    """60 % where 50 can be had is no skill: 20 points of 2,000 rows are far beyond three standard errors."""
    rng = np.random.default_rng(2)
    up = rng.random(2000) < 0.5
    seen = np.where(rng.random(2000) < 0.2, up, rng.random(2000) < 0.5)
    found = verdicts(judge([answers("leak_recap", {"text": forecasts(0.5, seen, up)})]))
    topics = ("nothing_found", "no_edge", "no_ranking", "within_the_law")
    assert found == {(topic, "text"): False for topic in topics}


def test_a_good_forecaster_is_not_taken_for_a_cheat() -> None:
    """Who names the likelier side every time is right as often as the law says, and no more."""
    rng = np.random.default_rng(3)
    chance = rng.choice([0.35, 0.65], 2000)
    up = rng.random(2000) < chance
    best, blind = forecasts(chance, chance > 0.5, up), forecasts(chance, rng.random(2000) < 0.5, up)
    record = next(r for r in make_records([answers("signal", {"text": best})]) if r.forecaster == "text")
    assert abs(record.beyond) < 3
    assert record.attained.accuracy == pytest.approx((np.mean((chance > 0.5) == up) - 0.5) / 0.15)
    found = verdicts(judge([answers("signal", {"text": best, "vader": blind}, z=0.5)]))
    assert found["least_accuracy", "text"]
    assert not found["least_accuracy", "vader"]
    assert found["gain", "text"]
    assert found["within_the_law", "text"]


def ranked(rng: np.random.Generator, *, share: float) -> pd.DataFrame:
    """Return forecasts of 200 sessions whose returns are a known part and as much noise; `share` of it is forecast."""
    known, noise, other = rng.standard_normal((3, 2000))
    rows = forecasts(0.5 + known / 100, rng.random(2000) < 0.5, rng.random(2000) < 0.5)
    return rows.assign(realised_return=(known + noise) / 100, relative=share * known + (1 - share) * other)


def sized(rng: np.random.Generator) -> pd.DataFrame:
    """Return forecasts whose variances are known but for a factor of chi squared over its degrees of freedom, 4."""
    rows = forecasts(0.5, rng.random(2000) < 0.5, rng.random(2000) < 0.5)
    best = 1e-4 * np.exp(rng.standard_normal(2000))
    return rows.assign(best_variance=best, realised_variance=best * rng.chisquare(4, 2000) / 4)


def test_nine_tenths_of_the_best_ranks_are_asked_where_there_is_an_order() -> None:
    """Ranks by the known part alone have all; by it and as much noise about 70 % of that, which isn't enough."""
    rng = np.random.default_rng(6)
    for share, passed in ((1.0, True), (0.5, False)):
        rows = ranked(rng, share=share)
        best = score_ranking(rows.assign(relative=rows["best_relative"]), horizon=0).rank_ic
        answer = answers("relative", {"text": rows})
        optima = {"text": answer.optima["text"].model_copy(update={"rank_ic": best})}
        result = judge([replace(answer, optima=optima)])
        assert verdicts(result)["least_ranking", "text"] is passed
        # The best forecaster itself differs from the best in no session, so there is nothing to test.
        assert verdicts(result).get(("ranking_within_the_law", "text"), True)
        assert result.records[0].attained.ranking == pytest.approx(1.0 if passed else 0.7, abs=0.06)


def test_who_ranks_better_than_the_best_saw_what_it_may_not() -> None:
    """The noise itself is half of the return: ranks by the outcome are perfect, those of the law are not."""
    rows = ranked(np.random.default_rng(7), share=1.0)
    cheat = rows.assign(relative=rows["realised_return"])
    assert not verdicts(judge([answers("relative", {"text": cheat})]))["ranking_within_the_law", "text"]


def test_nine_tenths_of_the_size_are_asked() -> None:
    """The law's variance has all of it; its square root's distance from the mean halved has about three quarters."""
    rows = sized(np.random.default_rng(8))
    log_best = np.log(rows["best_variance"])
    best = float(qlike(rows["realised_variance"], rows["best_variance"]).mean())
    constant = float(np.log(rows["realised_variance"].mean()) - np.log(rows["realised_variance"]).mean())
    for pull, passed in ((1.0, True), (0.5, False)):
        sigma = np.exp((log_best.mean() + pull * (log_best - log_best.mean())) / 2)
        answer = answers("signal", {"text": rows.assign(sigma=sigma), "vader": rows})
        sizes = {"qlike": best, "qlike_constant": constant}
        optima = {name: optimum.model_copy(update=sizes) for name, optimum in answer.optima.items()}
        result = judge([replace(answer, optima=optima)])
        assert verdicts(result)["least_size", "text"] is passed
        assert verdicts(result)["size_within_the_law", "text"]
        # Whoever names no size is asked nothing of it.
        assert ("size_within_the_law", "vader") not in verdicts(result)
    share = (constant - qlike(rows["realised_variance"], sigma**2).mean()) / (constant - best)
    assert result.records[0].attained.size == pytest.approx(share)
    # The known volatility is .01 throughout here: scaled, it is the one constant.
    assert result.records[0].known_size == pytest.approx(0.0)


def test_who_sizes_better_than_the_law_saw_what_it_may_not() -> None:
    """The chi squared is known to nobody before the session; half of its logarithm is enough to be found out."""
    rows = sized(np.random.default_rng(9))
    seen = np.sqrt(np.sqrt(rows["best_variance"] * rows["realised_variance"]))
    assert not verdicts(judge([answers("null", {"text": rows.assign(sigma=seen)})]))["size_within_the_law", "text"]


def test_ranks_by_chance_are_judged_as_one_family() -> None:
    """Four markets without any order: p of .02 on one of them is .08 after Holm."""
    rng = np.random.default_rng(10)
    kinds: tuple[Kind, ...] = ("null", "leak_recap", "leak_overnight", "leak_backdated")
    rows = forecasts(0.5, rng.random(2000) < 0.5, rng.random(2000) < 0.5)
    random = [rows.assign(relative=rng.standard_normal(2000), realised_return=rng.standard_normal(2000)) for _ in kinds]
    result = judge([answers(kind, {"text": frame}) for kind, frame in zip(kinds, random, strict=True)])
    asked = [question for question in result.questions if question.topic == "no_ranking"]
    raw = sorted(float(score_ranking(frame, horizon=0).rank_ic_p or 0) for frame in random)
    assert min(question.p for question in asked if question.p is not None) == pytest.approx(min(1.0, 4 * raw[0]))
    assert all(question.passed is (question.p is None or question.p >= 0.05) for question in asked)


def test_a_profit_far_from_its_expectation_fails() -> None:
    """An account that earns what the law doesn't give is miscounted."""
    rows = forecasts(0.6, np.ones(2000, dtype=bool), np.random.default_rng(4).random(2000) < 0.6)
    result = judge([answers("signal", {"text": rows, "vader": rows}, z=4.5)])
    assert verdicts(result)["profit", "best"] is False
    with pytest.raises(StockseqError, match=r"The exam isn't passed: \d of \d questions"):
        result.require()


def test_sessions_of_two_markets_are_clusters_of_their_own() -> None:
    """Independent draws on one date would halve the count of sessions, and hide a gain."""
    rows = forecasts(0.5, np.ones(2000, dtype=bool), np.ones(2000, dtype=bool))
    pooled = pool([answers("null", {"text": rows}), answers("null", {"text": rows})], "text")
    assert pooled["session"].nunique() == 400


def test_a_result_comes_back_from_its_dictionary() -> None:
    """What `exam.json` has is all that there is."""
    rng = np.random.default_rng(5)
    rows = forecasts(0.5, rng.random(2000) < 0.5, rng.random(2000) < 0.5)
    result = judge([answers("null", {"text": rows})])
    assert ExamResult.from_dict(result.to_dict()) == result
    assert result.records[0].attained.accuracy is None
