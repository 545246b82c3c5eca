"""The convolution answers with its patterns, and never with a later session."""

import numpy as np
import pytest

from stockseq.layers.before.temporal_convolution import TemporalConvolution


def rises(pool_size: int, *, joined: bool, lookback: int = 3) -> TemporalConvolution:
    """Return one filter that takes the session before from each session and adds a half."""
    layer = TemporalConvolution(filters=1, kernel_size=2, pool_size=pool_size, joined=joined)
    layer.build((None, lookback, 1))
    layer.set_weights([np.array([[[-1.0]], [[1.0]]]), np.array([0.5])])
    return layer


SERIES = np.array([[[1.0], [3.0], [2.0], [4.0], [4.0]]], np.float32)


def test_each_step_sees_itself_and_the_one_before() -> None:
    """By hand: 1 - 0, 3 - 1, 2 - 3, 4 - 2, 4 - 4, each and a half, none below zero."""
    made = rises(1, joined=False)(SERIES)
    assert made.numpy()[0, :, 0].tolist() == [1.5, 2.5, 0.0, 2.5, 0.5]


def test_a_short_last_pool_keeps_the_newest_session() -> None:
    """By hand: the greatest of (1.5, 2.5), of (0, 2.5), and the fifth session's 0.5 by itself."""
    assert rises(2, joined=True)(SERIES).numpy().tolist() == [[2.5, 2.5, 0.5]]


@pytest.mark.parametrize("pool_size", [2, 4])
def test_a_window_shorter_than_kernel_or_pool_is_refused(pool_size: int) -> None:
    """A kernel over sessions that are never there would learn the padding."""
    layer = TemporalConvolution(kernel_size=3, pool_size=pool_size)
    with pytest.raises(ValueError, match=r"need a lookback of at least [34] sessions, received 2"):
        layer.build((None, 2, 5))
