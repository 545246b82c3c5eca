"""The exam's command shows all that it asked, and ends with a status."""

import json
from pathlib import Path

import pytest

import pipelines.exam as exam
from stockseq.config import Settings, load_settings
from stockseq.errors import SettingsError, StockseqError
from stockseq.exam.market_run import ExamPlan

TINY = ExamPlan(n_train=120, n_test=60, n_tickers=6)


@pytest.fixture
def product(tmp_path: Path) -> Settings:
    """The product with networks too small to find anything, which costs seconds."""
    small = {"network.lookback": 3, "network.units": 2, "training.n_seeds": 1, "training.epochs": 1}
    folds = {"folds.validation_size": 15, "source": "simulated", "data": str(tmp_path / "exam")}
    return load_settings(overrides={**small, **folds})


def test_the_exam_shows_all_it_asked_and_fails_a_network_too_small(
    product: Settings, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """One epoch of two units finds nothing in the signal, and the exam says so with a status."""
    monkeypatch.setattr(exam, "KINDS", ("signal", "null"))
    with pytest.raises(StockseqError, match=r"The exam isn't passed: \d+ of \d+ questions"):
        exam.run_exam(product, n_markets="1", plan=TINY)
    written = json.loads((Path(product.data) / "exam.json").read_text())
    assert written.keys() == {"n_markets", "records", "questions", "profits"}
    assert {(record["kind"], record["forecaster"]) for record in written["records"]} == {
        ("signal", "text"),
        ("signal", "vader"),
        ("null", "text"),
    }
    # 60 sessions x 6 tickers.
    assert all(record["scores"]["n"] == 360 for record in written["records"])
    assert all({"market", "asked", "found", "passed"} <= question.keys() for question in written["questions"])
    assert "What was asked" in capsys.readouterr().out


@pytest.mark.parametrize("markets", ["0", "-1", "two", "1.5"])
def test_the_number_of_markets_is_a_whole_number(markets: str, product: Settings) -> None:
    """A wrong number ends before any market is drawn."""
    with pytest.raises(SettingsError, match=f"MARKETS must be a whole number from 1 to 9999, received '{markets}'"):
        exam.run_exam(product, n_markets=markets)
    assert not Path(product.data).exists()


def test_a_longer_trade_is_refused(product: Settings) -> None:
    """The truth of a simulated market tells of the session's own move; another optimum would be made up."""
    with pytest.raises(
        SettingsError, match=r"from open to close alone; the label is open_to_open\(10\)\. Leave HORIZON"
    ):
        exam.run_exam(product.model_copy(update={"label": "open_to_open(10)"}))
