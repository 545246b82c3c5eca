"""Blocks and intervals against arch 8.0.0 and the clustered interval."""

import numpy as np
import pytest
from arch.bootstrap import optimal_block_length

from stockseq.evaluate.bootstrap import block_length, bootstrap_interval
from stockseq.evaluate.significance import clustered_interval
from tests.evaluate.evaluate_vectors import normals


def autoregression() -> np.ndarray:
    """Return x_t = x_{t-1} / 2 + e_t over 500 sessions, from x_0 = 0."""
    shocks = normals(500, 11)
    values = np.zeros(500)
    for t in range(1, 500):
        values[t] = 0.5 * values[t - 1] + shocks[t]
    return values


def test_blocks_grow_with_autocorrelation() -> None:
    """arch 8.0.0 on the generator's AR(1): 7.2748232907, so 8 whole sessions; without any, the floor of 5."""
    lengths = optimal_block_length(autoregression()).iloc[0]
    assert lengths["stationary"] == pytest.approx(7.2748232907, abs=1e-9)
    assert lengths["circular"] == pytest.approx(8.3275938329, abs=1e-9)
    assert block_length(autoregression()) == 8
    assert block_length(normals(500, 12)) == 5
    assert block_length(np.zeros(500)) == 5


def test_the_interval_agrees_with_the_clustered_one() -> None:
    """Two ways to the same quantity: within a tenth of its width where sessions are independent."""
    sessions = np.repeat(np.arange(300), 10)
    values = normals(3000, 13) + np.repeat(normals(300, 14), 10)
    ours = bootstrap_interval(values, sessions, seed=1, n_resamples=2000)
    theirs = clustered_interval(values, sessions)
    assert ours == pytest.approx(theirs, abs=0.1 * (theirs[1] - theirs[0]))
    assert ours == bootstrap_interval(values, sessions, seed=1, n_resamples=2000)


def test_one_session_is_not_resampled() -> None:
    """Resampling one session gives the same again."""
    with pytest.raises(ValueError, match="at least 2 sessions"):
        bootstrap_interval(np.ones(3), np.zeros(3), seed=1)
