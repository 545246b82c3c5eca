"""What the heads are trained on."""

from dataclasses import replace

import numpy as np
import pytest

from stockseq.layers.backend import has_gpu
from stockseq.models.compiled import target_tensors
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


@pytest.mark.skipif(has_gpu(), reason="a GPU has memory of its own")
def test_tensorflow_reads_targets_where_they_lie(market: TinyMarket) -> None:
    """Each network of an ensemble would have a copy. No product code changes targets: it shows which memory is read."""
    targets = make_targets(market.samples, market.samples.ends)
    _, values, known = target_tensors(targets)
    targets.values[3, 1], targets.known[3, 1] = 77.0, 55.0
    assert (values[3, 1].numpy(), known[3, 1].numpy()) == (77.0, 55.0)
