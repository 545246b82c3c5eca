"""The record of a run's forecasts: complete, and a sentence where there is no figure."""

import math
from typing import Any

import numpy as np
import pandas as pd
import pytest

from stockseq.errors import DataError
from stockseq.evaluate.scores import score_forecasts, share_attained
from tests.evaluate.evaluate_vectors import normals, uniforms

COIN = math.log(2)
DESIGNED = {
    "n",
    "n_sessions",
    "accuracy",
    "accuracy_ci",
    "base_rate",
    "balanced_accuracy",
    "mcc",
    "auc",
    "brier",
    "log_loss",
    "ic",
    "rank_ic",
    "pt_clustered_t",
    "pt_clustered_p",
    "pt_serial_t",
    "pt_serial_p",
    "seeds",
}


def forecasts(n_sessions: int = 60, n_tickers: int = 10, skill: float = 0.0) -> pd.DataFrame:
    n = n_sessions * n_tickers
    returns = 0.01 * normals(n, 61)
    view = skill * np.sign(returns) + normals(n, 62)
    return pd.DataFrame(
        {
            "session": np.repeat(pd.bdate_range("2024-01-01", periods=n_sessions), n_tickers),
            "ticker": [f"T{i}" for i in range(n_tickers)] * n_sessions,
            "probability_up": 1 / (1 + np.exp(-0.3 * view)),
            "realised_return": returns,
        }
    )


def test_it_holds_every_figure_of_the_design() -> None:
    """metrics.json is read by others; its keys are a promise."""
    assert set(score_forecasts(forecasts()).to_dict()) >= DESIGNED


def test_skill_shows_and_noise_does_not() -> None:
    """A view that leans towards the outcome by one deviation is found; a view that doesn't is not."""
    skilled, blind = score_forecasts(forecasts(skill=1.0)), score_forecasts(forecasts())
    assert skilled.pt_clustered_p < 1e-6
    assert skilled.edge_ci[0] > 0
    assert skilled.ic_t > 5
    assert blind.pt_clustered_p > 0.05
    assert blind.edge_ci[0] < 0 < blind.edge_ci[1]


def test_the_edge_is_accuracy_less_chance() -> None:
    """The interval is centred on it, whatever the share of forecasts that say up."""
    scores = score_forecasts(forecasts(skill=0.5).assign(probability_up=lambda f: f["probability_up"] ** 0.95))
    assert scores.edge == pytest.approx(scores.accuracy - scores.chance)
    assert sum(scores.edge_ci) / 2 == pytest.approx(scores.edge)


def test_always_up_in_a_rising_market_shows_no_skill() -> None:
    """80 % right and nothing to test: the base rate stands beside it, and a note says why."""
    frame = forecasts()
    frame["realised_return"] = np.where(uniforms(600, 63) < 0.8, 0.01, -0.01)
    scores = score_forecasts(frame.assign(probability_up=0.9))
    assert scores.accuracy == scores.base_rate == scores.chance
    assert scores.pt_clustered_t is scores.mcc is scores.ic is scores.calibration_slope is None
    assert any("Every forecast says up" in note for note in scores.notes)


def test_a_return_of_zero_is_not_up() -> None:
    """r == 0 counts as not up, and is counted (EVALUATION 1.3)."""
    frame = forecasts()
    frame.loc[:99, "realised_return"] = 0.0
    scores = score_forecasts(frame)
    assert scores.n_unmoved == 100
    assert scores.share_up == (frame["realised_return"] > 0).mean()


def test_each_seed_is_scored_by_itself() -> None:
    """The spread over seeds says how much of a score is the luck of the start."""
    frame = forecasts(skill=1.0)
    frame = frame.assign(probability_up_seed_0=frame["probability_up"], probability_up_seed_1=0.4)
    scores = score_forecasts(frame)
    assert [seed.seed for seed in scores.seeds] == ["0", "1"]
    assert scores.seeds[0].accuracy == scores.accuracy
    assert scores.seeds[1].accuracy == pytest.approx(1 - scores.share_up)


def test_a_bootstrap_interval_is_there_where_a_seed_is() -> None:
    """Sessions are independent here, so it is about as wide as the clustered one; a metrics.json without it is none."""
    frame = forecasts(n_sessions=200)
    scores = score_forecasts(frame, bootstrap_seed=1)
    assert scores.accuracy_bootstrap_ci is not None
    width = scores.accuracy_ci[1] - scores.accuracy_ci[0]
    assert scores.accuracy_bootstrap_ci == pytest.approx(scores.accuracy_ci, abs=0.15 * width)
    assert scores == score_forecasts(frame, bootstrap_seed=1)
    assert "accuracy_bootstrap_ci" not in score_forecasts(frame).to_dict()


def test_the_expected_return_is_what_information_is_about() -> None:
    """A model may rank by return and lean by probability; here the two disagree wholly."""
    frame = forecasts(skill=1.0)
    turned = frame.assign(expected_return=-frame["probability_up"])
    assert score_forecasts(turned).rank_ic == pytest.approx(-score_forecasts(frame).rank_ic)


def test_hits_that_come_together_are_measured() -> None:
    """All tickers right or wrong together: the correlation is 1; a checkerboard: below 0."""
    frame = forecasts(n_sessions=40, n_tickers=10).assign(probability_up=0.6)
    together = frame.assign(realised_return=np.repeat(np.tile([0.01, -0.01], 20), 10))
    assert score_forecasts(together).rho_hit == pytest.approx(1.0, abs=0.05)
    checkered = frame.assign(realised_return=np.tile([0.01, -0.01], 200))
    assert score_forecasts(checkered).rho_hit == pytest.approx(-1 / 9, abs=1e-9)


@pytest.mark.parametrize(
    ("spoil", "sentence"),
    [
        (lambda f: f.drop(columns="realised_return"), "needs the columns"),
        (lambda f: f.assign(realised_return=f["realised_return"].where(f.index != 3)), "T3 on 2024-01-01"),
        (lambda f: f.assign(probability_up=f["probability_up"] + (f.index == 4)), r"must lie between 0 and 1"),
        (lambda f: pd.concat([f, f.iloc[[7]]]), "1 repeat, first T7 on 2024-01-01"),
        (lambda f: f.iloc[:10], "at least two sessions"),
        (lambda f: f.iloc[:0], "at least two sessions"),
        (lambda f: f.assign(realised_return=np.where(f.index == 5, np.inf, 0.01)), "T5 on 2024-01-01"),
        (
            lambda f: f.assign(probability_up_seed_0=f["probability_up"] * 100),
            r"`probability_up_seed_0` must lie between 0 and 1",
        ),
        (lambda f: f.assign(realised_return="0.01"), "must hold numbers; received string, first '0.01'"),
        (lambda f: f.assign(probability_up=[None] * len(f)), "600 of 600 have none"),
        (lambda f: f.assign(session=f["session"].where(f.index != 9)), "needs a `session` in every row; 1 of 600"),
        (lambda f: f.assign(ticker=f["ticker"].where(f.index != 9)), "needs a `ticker` in every row; 1 of 600"),
        (lambda f: f.assign(session=f["session"].dt.strftime("%Y-%m-%d")), "needs dates in `session`"),
    ],
)
def test_what_can_not_be_scored_is_a_sentence(spoil: Any, sentence: str) -> None:
    """A missing outcome or a repeated forecast must not turn into a score."""
    with pytest.raises(DataError, match=sentence):
        score_forecasts(spoil(forecasts()))


def test_numbers_in_another_dtype_are_numbers() -> None:
    """A column that was read as Python objects, or in single precision, gives the scores of its values."""
    frame = forecasts(skill=1.0).round({"probability_up": 3, "realised_return": 5})
    objects = frame.astype({"probability_up": object, "realised_return": object})
    assert score_forecasts(objects) == score_forecasts(frame)
    halves = frame.assign(probability_up=np.where(frame["probability_up"] > 0.5, 0.75, 0.25))
    assert score_forecasts(halves.astype({"probability_up": "float32"})) == score_forecasts(halves)


def test_the_index_of_the_frame_does_not_matter() -> None:
    """Rows are matched by session and ticker; a table that was cut and shuffled keeps its old index."""
    frame = forecasts(skill=1.0)
    shuffled = frame.iloc[np.argsort(uniforms(600, 64))]
    assert score_forecasts(shuffled) == score_forecasts(frame)
    assert score_forecasts(frame.set_index(np.zeros(600, dtype=int))) == score_forecasts(frame)


def test_runs_are_taken_out_of_the_serial_test() -> None:
    """The rows of the first session have no past and are not counted; skill beyond the past is still found."""
    scores = score_forecasts(forecasts(skill=1.0))
    assert scores.n_pt_serial == 590
    assert scores.pt_serial_p < 1e-6
    apart = forecasts(skill=1.0)
    alone = score_forecasts(apart[(apart.index // 10 + apart.index % 10) % 2 == 0])
    assert alone.pt_serial_t is None
    assert alone.n_pt_serial == 0
    assert any("allows for runs" in note for note in alone.notes)


def test_four_tickers_have_no_information_coefficient() -> None:
    """Below five tickers a correlation over tickers is noise: None, and a note says so."""
    scores = score_forecasts(forecasts(n_tickers=4))
    assert scores.ic is scores.rank_ic_t is None
    assert scores.n_ic_sessions == 0
    assert any("0 sessions have 5 tickers or more" in note for note in scores.notes)


def test_the_frame_is_left_as_it_was() -> None:
    """Inputs are never changed in place."""
    frame = forecasts()
    before = frame.copy(deep=True)
    score_forecasts(frame)
    pd.testing.assert_frame_equal(frame, before)


@pytest.mark.parametrize(
    ("measure", "score", "best", "share"),
    [
        ("accuracy", 0.56, 0.58, 0.75),
        ("ic", 0.05, 0.2, 0.25),
        ("rank_ic", 0.18, 0.24, 0.75),
        ("log_loss", COIN - 0.01, COIN - 0.02, 0.5),
        ("accuracy", 0.58, 0.58, 1.0),
        ("accuracy", 0.5, 0.58, 0.0),
        ("log_loss", COIN, COIN - 0.02, 0.0),
        ("accuracy", 0.48, 0.58, -0.25),
        ("ic", -0.1, 0.2, -0.5),
    ],
)
def test_shares_worked_by_hand(measure: Any, score: float, best: float, share: float) -> None:
    """Six of eight points, a quarter of .2, half of .02 nats; the best has all, a coin nothing, worse lies below."""
    assert share_attained(score, best, measure=measure) == pytest.approx(share, abs=1e-12)


def test_the_share_of_size_starts_from_what_one_constant_costs() -> None:
    """A QLIKE of .48 between .68 and .43 is 20 of 25 hundredths; a constant as good as the best leaves none."""
    assert share_attained(0.48, 0.43, measure="qlike", no_skill=0.68) == pytest.approx(0.8, abs=1e-12)
    assert share_attained(0.48, 0.43, measure="qlike", no_skill=0.43) is None


@pytest.mark.parametrize(
    ("measure", "score", "best"),
    [
        ("accuracy", 0.58, 0.5),
        ("ic", 0.2, 0.0),
        ("log_loss", 0.68, COIN),
        ("log_loss", 0.68, 0.8),
        ("ic", None, 0.2),
        ("ic", 0.2, None),
        ("qlike", 0.45, 0.43),
        ("accuracy", 0.58, math.nan),
    ],
)
def test_where_nothing_can_be_attained_there_is_no_share(measure: Any, score: float | None, best: float | None) -> None:
    """In a market of noise the optimum is a coin; a share of nothing would be a division by 0."""
    assert share_attained(score, best, measure=measure) is None
