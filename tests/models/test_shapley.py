"""Shapley values have the numbers worked by hand, and always sum to the whole."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stockseq.models.shapley import plan_shapley


def test_the_glove_game_has_its_known_values() -> None:
    """Two left gloves and a right one; a pair is worth 1. The textbook's values are 1/6, 1/6 and 4/6."""
    plan = plan_shapley(3)
    pairs = [float(right and (left or other)) for left, other, right in plan.coalitions.tolist()]
    np.testing.assert_allclose(plan.attribute(np.array([pairs])), [[1 / 6, 1 / 6, 4 / 6]], rtol=1e-12)


@pytest.mark.parametrize("most_exact", [8, 0])
def test_of_an_additive_game_each_player_gets_what_it_brings(most_exact: int) -> None:
    """Nothing to share out: 1, 2 and 4, exactly and by drawn orders alike."""
    plan = plan_shapley(3, most_exact=most_exact, n_permutations=4)
    values = (plan.coalitions @ np.array([1.0, 2.0, 4.0]))[None]
    np.testing.assert_allclose(plan.attribute(values), [[1.0, 2.0, 4.0]], rtol=1e-12)


@given(n_players=st.integers(1, 10), seed=st.integers(0, 1000))
def test_the_values_sum_to_the_whole_less_nobody(n_players: int, seed: int) -> None:
    """Whether every coalition is valued or only those that some orders pass through."""
    plan = plan_shapley(n_players, most_exact=6, n_permutations=6, seed=seed)
    assert not plan.coalitions[0].any()
    assert plan.coalitions[-1].all()
    values = np.random.default_rng(seed).normal(size=(2, len(plan.coalitions)))
    np.testing.assert_allclose(plan.attribute(values).sum(axis=1), values[:, -1] - values[:, 0], atol=1e-9)


def test_drawn_orders_come_near_the_exact_values() -> None:
    """A game of seven with products of two: 64 orders and their reverses are within a fiftieth of the spread."""
    exact, drawn = plan_shapley(7), plan_shapley(7, most_exact=0, n_permutations=64)

    def play(coalitions: np.ndarray) -> np.ndarray:
        present = coalitions.astype(float)
        return (present @ np.arange(7.0) + present[:, 0] * present[:, 1] * 3 + present[:, 2] * present[:, 6])[None]

    gap = exact.attribute(play(exact.coalitions)) - drawn.attribute(play(drawn.coalitions))
    assert np.abs(gap).max() < 0.5
