"""Windows are gathered from one matrix, and a forecast doesn't depend on its company."""

import numpy as np
import pandas as pd
import pytest

from stockseq.dataset.tokens import choose_rows
from stockseq.dataset.windows import gather
from stockseq.layers.backend import has_gpu, tf
from stockseq.models.matrix import BATCH, Matrix, check_windows, make_predictor
from stockseq.models.network import build_network
from stockseq.models.settings import NetworkSettings
from stockseq.shared_data import aligned_empty

SETTINGS = NetworkSettings(lookback=3, units=4, headlines_per_session=2, tokens_per_headline=3)


@pytest.fixture(scope="module")
def matrix() -> Matrix:
    generator = np.random.default_rng(1)
    codes = [generator.integers(1, 9, size).tolist() for size in generator.integers(0, 4, 50)]
    text = choose_rows(codes, generator.integers(-1, 50, (BATCH + 60, 2)), 3)
    return Matrix(generator.standard_normal((BATCH + 60, 4)).astype(np.float32), text, 3)


def test_tensorflow_gathers_the_windows_that_numpy_gathers(matrix: Matrix) -> None:
    """`dataset.windows.gather` says what a window is."""
    ends = np.array([2, 7, 40], dtype=np.int64)
    assert matrix.text is not None
    window = matrix.reader()(tf.constant(ends))
    np.testing.assert_array_equal(window["indicators"], gather(matrix.indicators, ends, 3))
    np.testing.assert_array_equal(window["text"], gather(matrix.text.padded(), ends, 3))


def test_a_forecast_is_the_same_alone_and_among_others(matrix: Matrix) -> None:
    """Bit for bit, or the audit of a cut history would find differences that mean nothing."""
    network = build_network(SETTINGS, n_features=4, vocabulary_size=9, seed=1)
    predict = make_predictor(network, matrix.reader())
    ends = np.arange(2, BATCH + 60)
    together = predict(ends)["direction"]
    assert len(together) == BATCH + 58
    assert predict(ends[-1:])["direction"][0] == together[-1]
    assert predict(ends[500:507])["direction"].tolist() == together[500:507].tolist()


KEYS = pd.DataFrame({"ticker": ["A", "A", "A", "B", "B", "B"]})


@pytest.mark.parametrize(
    ("end", "reason"),
    [(1, "must end between row 2 and 5, received 1"), (6, "received 6"), (3, "reach into another ticker, first B")],
)
def test_a_window_that_leaves_its_ticker_is_refused(end: int, reason: str) -> None:
    """It would mix two histories without a sign of it."""
    check_windows(KEYS, np.array([2, 5]), 3)
    with pytest.raises(ValueError, match=reason):
        check_windows(KEYS, np.array([5, end]), 3)


def test_tensorflow_reads_an_aligned_matrix_where_it_lies() -> None:
    """It would end the process at one between cache lines; that, one to read only and one with gaps are copied."""
    aligned = aligned_empty((5, 4))
    aligned[:] = np.arange(20).reshape(5, 4)
    shifted = aligned_empty((6, 4)).reshape(-1)[1:21].reshape(5, 4)
    shifted[:] = aligned
    sealed = aligned_empty((5, 4))
    sealed[:] = aligned
    sealed.flags.writeable = False
    strided = aligned_empty((5, 8))[:, ::2]
    transposed = aligned_empty((4, 5)).T
    strided[:] = transposed[:] = aligned
    given = (aligned, shifted, sealed, strided, transposed)
    tensors = [Matrix(rows, None, 2).tensors()["indicators"] for rows in given]
    assert [tf.reduce_sum(tf.gather(tensor, [0, 4])).numpy() for tensor in tensors] == [76.0] * 5
    assert all((tensor.numpy() == rows).all() for tensor, rows in zip(tensors, given, strict=True))
    assert Matrix(np.empty((0, 4), np.float32), None, 2).tensors()["indicators"].shape == (0, 4)
    # No product code changes a matrix: it shows here which memory is read.
    aligned[0, 0] = shifted[0, 0] = 100.0
    assert [tensor[0, 0].numpy() for tensor in tensors] == [0.0 if has_gpu() else 100.0, 0.0, 0.0, 0.0, 0.0]
