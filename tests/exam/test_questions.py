"""The judge passes who finds what can be found and no more, and fails who sees what may not be seen."""

import numpy as np
import numpy.typing as npt
import pandas as pd
import pytest

from stockseq.errors import StockseqError
from stockseq.exam.market_run import MarketAnswers
from stockseq.exam.questions import judge, make_records, pool
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
            "chance_up": chance_up,
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
    assert found == dict.fromkeys([("nothing_found", "text"), ("no_edge", "text"), ("within_the_law", "text")], False)


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
