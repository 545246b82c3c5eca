"""A scaler learns from training rows and survives odd columns."""

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from sklearn.preprocessing import StandardScaler

from stockseq.dataset.scaling import Scaler


def test_scaled_values_equal_those_of_scikit_learn() -> None:
    """StandardScaler of scikit-learn 1.9.1 is the reference, within the clip."""
    rows = np.random.default_rng(3).normal(2.0, 3.0, (200, 4))
    theirs = np.clip(StandardScaler().fit_transform(rows), -5, 5)
    np.testing.assert_allclose(Scaler.fit(rows).transform(rows), theirs, rtol=0, atol=1e-6)


@given(arrays(np.float32, st.tuples(st.integers(1, 8), st.integers(1, 4)), elements=st.floats(-1e6, 1e6, width=32)))
def test_every_finite_matrix_scales_to_finite_bounded_values(rows: np.ndarray) -> None:
    """Constant and nearly constant columns must not divide by 0 or by rounding."""
    scaled = Scaler.fit(rows).transform(rows)
    assert np.isfinite(scaled).all()
    assert np.abs(scaled).max() <= 5.0


@given(arrays(np.float64, (3, 2), elements=st.floats(-1e6, 1e6)))
def test_a_stored_scaler_transforms_the_same(rows: np.ndarray) -> None:
    """The bundle keeps it as JSON; a forecast in another process must not move by a bit."""
    scaler = Scaler.fit(rows)
    assert Scaler.from_dict(json.loads(json.dumps(scaler.to_dict()))) == scaler


def test_a_constant_column_becomes_zero() -> None:
    """0.1 has no exact binary form, so its computed spread is not exactly 0."""
    rows = np.full((1000, 1), 0.1)
    assert Scaler.fit(rows).transform(rows).tolist() == np.zeros((1000, 1)).tolist()


def test_what_training_never_varied_stays_zero_when_it_does() -> None:
    """Yahoo's first headlines come when a model trained without any: its weights on them have learnt nothing."""
    scaler = Scaler.fit(np.array([[1.0, 0.0], [3.0, 0.0]]))
    assert scaler.transform(np.array([[2.0, 4.0], [3.0, -1.0]])).tolist() == [[0.0, 0.0], [1.0, 0.0]]


@pytest.mark.parametrize("rows", [np.zeros((0, 2)), np.array([[1.0, np.nan]]), np.array([[np.inf]]), np.zeros(3)])
def test_rows_that_teach_nothing_are_refused(rows: np.ndarray) -> None:
    """No row, a NaN or an infinite value is a fault upstream, not a mean of 0."""
    with pytest.raises(ValueError, match="scaler needs"):
        Scaler.fit(rows)


def test_another_number_of_features_is_refused() -> None:
    """NumPy would broadcast one column over all, and forecast nonsense."""
    with pytest.raises(ValueError, match="learnt 2 features"):
        Scaler.fit(np.eye(2)).transform(np.ones((2, 1)))


@pytest.mark.parametrize(
    "state",
    [
        {},
        {"centre": [0.0], "spread": [-1.0], "limit": 5},
        {"centre": [0.0], "spread": [], "limit": 5},
        {"centre": [float("nan")], "spread": [1.0], "limit": 5},
        {"centre": "x", "spread": [1.0], "limit": 5},
    ],
)
def test_a_damaged_scaler_is_refused(state: dict[str, object]) -> None:
    """A bundle's file may be edited or cut."""
    with pytest.raises(ValueError, match="stored scaler"):
        Scaler.from_dict(state)


def test_values_beyond_five_spreads_are_clipped_on_both_sides() -> None:
    """Mean 2 and spread 1: 99 lies 97 spreads above, -99 lies 101 below; what comes out is what the network reads."""
    scaler = Scaler.fit(np.array([[1.0], [3.0]]))
    scaled = scaler.transform(np.array([[99.0], [-99.0], [4.0]]))
    assert scaled.tolist() == [[5.0], [-5.0], [2.0]]
    assert scaled.dtype == np.float32


def test_another_limit_is_kept_through_the_bundle() -> None:
    """A model clips as it clipped when it was trained: at 1.5 spreads here."""
    scaler = Scaler.fit(np.array([[1.0], [3.0]]), limit=1.5)
    stored = Scaler.from_dict(scaler.to_dict())
    assert (stored.limit, stored.transform(np.array([[9.0]])).item()) == (1.5, 1.5)


def test_a_column_of_tiny_values_is_not_constant() -> None:
    """Fractions of 1e-9 vary like any other: mean 2e-9, spread 1e-9."""
    rows = np.array([[1e-9], [3e-9]])
    assert Scaler.fit(rows).transform(rows).tolist() == [[-1.0], [1.0]]


def test_the_mean_of_single_precision_is_taken_in_double() -> None:
    """1048576 and 1048577.125 are exact in float32; their mean, 1048576.5625, is not."""
    scaler = Scaler.fit(np.array([[1048576.0], [1048577.125]], dtype=np.float32))
    assert (scaler.centre, scaler.spread) == ((1048576.5625,), (0.5625,))


def test_a_constant_column_is_stored_as_its_value_without_a_spread() -> None:
    """The mean of a thousand times 0.1 is some units in the last place off."""
    scaler = Scaler.fit(np.full((1000, 1), 0.1))
    assert (scaler.centre, scaler.spread) == ((0.1,), (0.0,))


def test_the_column_that_is_not_finite_is_named() -> None:
    """Among 30 features nobody finds it by hand."""
    with pytest.raises(ValueError, match="column 1 of the training rows"):
        Scaler.fit(np.array([[1.0, np.nan], [1.0, 2.0]]))
