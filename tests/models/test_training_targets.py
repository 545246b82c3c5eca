"""What the heads are trained on."""

from dataclasses import replace

import numpy as np

from stockseq.models.training_targets import HEADS, compute_relative, make_targets
from tests.models.model_rows import TinyMarket, first


def sessions(*counts: int) -> np.ndarray:
    return np.repeat(np.arange("2024-01-01", "2024-01-09", dtype="datetime64[D]")[: len(counts)], counts)


def test_what_all_tickers_share_is_taken_out() -> None:
    """By hand: -2 -1 0 1 2 has the standard deviation sqrt(2); adding 10 and doubling change nothing."""
    calm = np.array([-2.0, -1.0, 0.0, 1.0, 2.0])
    expected = calm / np.sqrt(2)
    relative = compute_relative(np.concatenate([calm, 10 + 2 * calm]), sessions(5, 5))
    np.testing.assert_allclose(relative, np.concatenate([expected, expected]), rtol=1e-12)


def test_a_session_of_four_tickers_has_no_relative_return() -> None:
    """Their mean would be mostly themselves."""
    assert np.isnan(compute_relative(np.array([1.0, 2.0, 3.0, 4.0]), sessions(4))).all()


def test_a_session_that_moved_alike_has_no_relative_return() -> None:
    """Nothing tells its tickers apart, and 0 / 0 is not a number to train on."""
    assert np.isnan(compute_relative(np.ones(6), sessions(6))).all()


def test_the_size_is_in_squares_of_the_volatility_known(market: TinyMarket) -> None:
    """By hand at a volatility of 2 %: 4e-4 is 1, 1e-4 a quarter, what is beyond 100 counts as 100, NaN is not known."""
    samples = replace(first(market.samples, 4), realised_variance=np.array([4e-4, 1e-4, 1.0, np.nan]))
    targets, size = make_targets(samples, samples.ends), HEADS.index("size")
    np.testing.assert_allclose(targets.values[:, size], [1.0, 0.25, 100.0, 1.0], rtol=1e-6)
    assert targets.known[:, size].tolist() == [1.0, 1.0, 1.0, 0.0]
