"""The share of the attainable, worked by hand."""

import math

import pytest

from stockseq.evaluate.attained import attained

BEST = {"accuracy": 0.58, "ic": 0.2, "log_loss": math.log(2) - 0.02}


def test_shares_worked_by_hand() -> None:
    """Six of eight points, a quarter of .2, and half of the .02 nats that the best forecast gains."""
    shares = attained({"accuracy": 0.56, "ic": 0.05, "log_loss": math.log(2) - 0.01}, BEST)
    assert shares == pytest.approx({"accuracy": 0.75, "ic": 0.25, "log_loss": 0.5})


def test_the_best_attains_all_and_a_coin_nothing() -> None:
    """The two ends of the scale, and what is worse than a coin lies below it."""
    assert attained(BEST, BEST) == pytest.approx({"accuracy": 1.0, "ic": 1.0, "log_loss": 1.0})
    coin = {"accuracy": 0.5, "ic": 0.0, "log_loss": math.log(2)}
    assert attained(coin, BEST) == pytest.approx({"accuracy": 0.0, "ic": 0.0, "log_loss": 0.0}, abs=1e-12)
    worse = attained({"accuracy": 0.48, "ic": -0.1, "log_loss": 0.7}, BEST)
    assert all(share is not None and share < 0 for share in worse.values())


def test_where_nothing_can_be_had_there_is_no_share() -> None:
    """In a market of noise the optimum is a coin; a share of nothing would be a division by 0."""
    nothing = {"accuracy": 0.5, "ic": 0.0, "log_loss": math.log(2)}
    none = {"accuracy": None, "ic": None, "log_loss": None}
    assert attained(BEST, nothing) == attained(BEST, {}) == attained({"ic": None}, BEST) == none
    assert attained(BEST, {"accuracy": math.nan, "ic": math.inf, "log_loss": 0.8}) == none
