"""PBO against the same thing done the slow way."""

from itertools import combinations

import numpy as np
import pytest

from stockseq.backtest.overfitting import probability_of_overfitting
from tests.evaluate.evaluate_vectors import normals

NOISE = 0.01 * normals(240 * 6, 31).reshape(240, 6)


def slowly(returns: np.ndarray, n_blocks: int) -> float:
    """Cut, choose and rank with plain loops; the logit as it is written in the paper."""
    blocks = np.array_split(returns, n_blocks)
    below = []
    for chosen in combinations(range(n_blocks), n_blocks // 2):
        inside = np.concatenate([blocks[i] for i in chosen])
        outside = np.concatenate([blocks[i] for i in range(n_blocks) if i not in chosen])
        winner = (inside.mean(axis=0) / inside.std(axis=0)).argmax()
        sharpe = outside.mean(axis=0) / outside.std(axis=0)
        omega = (sharpe <= sharpe[winner]).sum() / (len(sharpe) + 1)
        below.append(np.log(omega / (1 - omega)) <= 0)
    return float(np.mean(below))


def test_it_equals_the_slow_way() -> None:
    """240 sessions in 8 blocks: 70 halves, six trials of noise."""
    assert probability_of_overfitting(NOISE, n_blocks=8) == pytest.approx(slowly(NOISE, 8), abs=1e-12)


def test_a_trial_that_is_always_best_is_no_luck() -> None:
    """Its rank is the highest on every other half, so the probability is 0."""
    assert probability_of_overfitting(NOISE + np.array([0.05, 0, 0, 0, 0, 0])) == 0.0


def test_sessions_that_fill_no_block_are_cut_off_at_the_start() -> None:
    """The newest sessions are kept."""
    longer = np.vstack([np.full((5, 6), 9.0) * np.arange(1, 7), NOISE])
    assert probability_of_overfitting(longer, n_blocks=8) == probability_of_overfitting(NOISE, n_blocks=8)


@pytest.mark.parametrize(
    ("returns", "n_blocks", "sentence"),
    [
        (NOISE[:, :1], 8, "at least two trials"),
        (NOISE, 7, "even number"),
        (NOISE[:10], 8, "two sessions a block"),
        (np.where(NOISE > 0.02, np.nan, NOISE), 8, "finite"),
        (np.column_stack([NOISE, np.zeros(240)]), 8, "must have moved"),
    ],
)
def test_what_can_not_be_judged_is_a_sentence(returns: np.ndarray, n_blocks: int, sentence: str) -> None:
    """A wrong shape would otherwise give a plausible number."""
    with pytest.raises(ValueError, match=sentence):
        probability_of_overfitting(returns, n_blocks=n_blocks)
