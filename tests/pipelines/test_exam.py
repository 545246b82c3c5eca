"""The exam passes who finds what can be found and no more, and fails who sees what may not be seen."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import pipelines.exam as exam
from pipelines.exam_questions import Question, ask, make_records, pool
from pipelines.exam_sitting import Answers, Plan, Sitting, read_answers, sit
from stockseq.config import Settings, load_settings
from stockseq.errors import SettingsError, StockseqError

TINY = Plan(n_train=120, n_test=60, n_tickers=6, n_settling=20, rolling_train=50, rolling_test=30, rolling_epochs=1)
TICKERS = [f"T{number:02d}" for number in range(10)]


@pytest.fixture
def product(tmp_path: Path) -> Settings:
    """The product with networks too small to find anything, which costs seconds."""
    small = {"network.lookback": 3, "network.units": 2, "training.n_seeds": 1, "training.epochs": 1}
    folds = {"folds.validation_size": 15, "source": "simulated", "data": str(tmp_path / "exam")}
    return load_settings(overrides={**small, **folds})


def forecasts(chance_up: float | np.ndarray, forecast_up: np.ndarray, up: np.ndarray) -> pd.DataFrame:
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


def best_of(rows: pd.DataFrame) -> dict[str, float]:
    """Return the optimum of these rows from first principles."""
    p = rows["chance_up"].to_numpy()
    entropy = float(-(p * np.log(p) + (1 - p) * np.log(1 - p)).mean())
    return {"accuracy": float(np.maximum(p, 1 - p).mean()), "log_loss": entropy, "ic": 0.2, "n": len(rows)}


def answers(kind, frames: dict[str, pd.DataFrame], profit: dict[str, float] | None = None) -> Answers:
    return Answers(kind, 100, frames, {name: best_of(rows) for name, rows in frames.items()}, profit or {})


def verdicts(questions: list[Question]) -> dict[str, bool | None]:
    return {question.asked.partition(":")[0]: question.passed for question in questions}


def test_guessing_passes_where_there_is_nothing_to_find() -> None:
    """Coins forecast coins."""
    rng = np.random.default_rng(1)
    guesses = forecasts(0.5, rng.random(2000) < 0.5, rng.random(2000) < 0.5)
    assert all(verdicts(ask([answers("null", {"text": guesses})])).values())


def test_who_sees_the_outcome_fails_every_question_of_a_market_without_signal() -> None:
    """60 % where 50 can be had is no skill: 20 points of 2,000 rows are far beyond three standard errors."""
    rng = np.random.default_rng(2)
    up = rng.random(2000) < 0.5
    seen = np.where(rng.random(2000) < 0.2, up, rng.random(2000) < 0.5)
    found = verdicts(ask([answers("leak_recap", {"text": forecasts(0.5, seen, up)})]))
    assert found == {"nothing found": False, "no edge over chance": False, "text": False}


def test_a_good_forecaster_is_not_taken_for_a_cheat() -> None:
    """Who names the likelier side every time is right as often as the law says, and no more."""
    rng = np.random.default_rng(3)
    chance = rng.choice([0.35, 0.65], 2000)
    up = rng.random(2000) < chance
    best, blind = forecasts(chance, chance > 0.5, up), forecasts(chance, rng.random(2000) < 0.5, up)
    record = next(r for r in make_records([answers("signal", {"text": best})]) if r.forecaster == "text")
    assert abs(record.beyond) < 3
    assert record.attained["accuracy"] == pytest.approx((np.mean((chance > 0.5) == up) - 0.5) / 0.15)
    found = verdicts(ask([answers("signal", {"text": best, "vader": blind}, {"z": 0.5, "realised": 1, "expected": 1})]))
    assert found["the two-input text network"]
    assert not found["indicators and VADER"]
    assert found["text better than its VADER-only twin"]
    assert found["text"]


def test_a_profit_far_from_its_expectation_fails() -> None:
    """An account that earns what the law doesn't give is miscounted."""
    rows = forecasts(0.6, np.ones(2000, dtype=bool), np.random.default_rng(4).random(2000) < 0.6)
    market = answers("signal", {"text": rows, "vader": rows}, {"z": 4.5, "realised": 9.0, "expected": 1.0})
    assert ask([market])[-1].passed is False


def test_sessions_of_two_markets_are_clusters_of_their_own() -> None:
    """Independent draws on one date would halve the count of sessions, and hide a gain."""
    rows = forecasts(0.5, np.ones(2000, dtype=bool), np.ones(2000, dtype=bool))
    pooled = pool([answers("null", {"text": rows}), answers("null", {"text": rows})], "text")
    assert pooled["session"].nunique() == 400


def test_the_product_sits_a_market_once(product: Settings, tmp_path: Path) -> None:
    """A stopped exam goes on; another setting is another exam."""
    sitting = Sitting("regime", 100, product, TINY, "code")
    kept = sit(sitting, tmp_path)
    first = read_answers(sitting, kept)
    assert set(first.forecasts) == {"static", "rolling"}
    keys = [rows[["ticker", "session"]].sort_values(["ticker", "session"]) for rows in first.forecasts.values()]
    pd.testing.assert_frame_equal(*(rows.reset_index(drop=True) for rows in keys))
    # Its store is gone: another code would have been handed this one's features.
    assert list(tmp_path.iterdir()) == [kept]
    written = (kept / "answers.json").stat().st_mtime_ns
    assert sit(sitting, tmp_path) == kept
    assert (kept / "answers.json").stat().st_mtime_ns == written
    other = product.model_copy(update={"training": product.training.model_copy(update={"seed": 9})})
    assert Sitting("regime", 100, other, TINY, "code").key != sitting.key
    assert Sitting("regime", 100, product, TINY, "other code").key != sitting.key


def test_the_exam_shows_all_it_asked_and_fails_a_network_too_small(
    product: Settings, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """One epoch of two units finds nothing in the signal, and the exam says so with a status."""
    monkeypatch.setattr(exam, "KINDS", ("signal", "null"))
    with pytest.raises(StockseqError, match=r"The exam isn't passed: \d+ of \d+ questions"):
        exam.run_exam(product, n_markets="1", plan=TINY)
    told = json.loads((Path(product.data) / "exam.json").read_text())
    assert {(record["kind"], record["forecaster"]) for record in told["records"]} == {
        ("signal", "text"),
        ("signal", "vader"),
        ("null", "text"),
    }
    # 60 sessions x 6 tickers.
    assert all(record["scores"]["n"] == 360 for record in told["records"])
    assert "What was asked" in capsys.readouterr().out


@pytest.mark.parametrize("markets", ["0", "-1", "two", "1.5"])
def test_the_number_of_markets_is_a_whole_number(markets: str, product: Settings) -> None:
    """A wrong number ends before any market is drawn."""
    with pytest.raises(SettingsError, match=f"MARKETS must be a whole number of at least 1, received '{markets}'"):
        exam.run_exam(product, n_markets=markets)
    assert not Path(product.data).exists()
