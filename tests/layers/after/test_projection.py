"""The projection is one matrix, and says how much of the variance it keeps."""

import numpy as np
import pytest

from stockseq.layers.after.projection import Projection

# Nine times the variance along the first axis.
STATES = np.array([[3.0, 0.0], [-3.0, 0.0], [0.0, 1.0], [0.0, -1.0]], np.float32)


def built(**options: object) -> Projection:
    layer = Projection(**options)
    layer.build((None, 2))
    return layer


def test_it_is_the_product_with_its_matrix() -> None:
    """By hand: (3 * 2 + 1 * 1, 3 * 0 - 1 * 4)."""
    layer = built(dimension=2)
    layer.set_weights([np.array([[2.0, 0.0], [1.0, -4.0]])])
    assert layer(np.array([[3.0, 1.0]], np.float32)).numpy().tolist() == [[7.0, -4.0]]


def test_it_begins_as_the_first_principal_component() -> None:
    """By hand: the states vary most along the first axis; the sign is taken so that the largest weight is positive."""
    layer = built(dimension=1, start="pca")
    layer.start_from(STATES)
    np.testing.assert_allclose(layer.get_weights()[0], [[1.0], [0.0]], atol=1e-7)


def test_a_random_start_stays_as_it_was() -> None:
    """Only pca looks at the data."""
    layer = built(dimension=1)
    before = layer.get_weights()[0]
    layer.start_from(STATES)
    np.testing.assert_array_equal(layer.get_weights()[0], before)


@pytest.mark.parametrize(("matrix", "share"), [([[2.0], [0.0]], 0.9), ([[0.0], [-5.0]], 0.1), ([[1.0], [1.0]], 0.5)])
def test_the_variance_kept_is_that_of_the_states_along_the_matrix(matrix: list[list[float]], share: float) -> None:
    """By hand: 18 of 20 along the first axis, 2 along the second, half along the diagonal; length doesn't count."""
    layer = built(dimension=1)
    layer.set_weights([np.array(matrix)])
    assert layer.readings(STATES)["explained_variance"] == pytest.approx(share, abs=1e-6)


def test_columns_that_lean_on_each_other_are_penalised() -> None:
    """By hand: the cosine of (1, 0) and (1, 1) is 0.70711, times a weight of 0.1."""
    layer = built(dimension=2, orthogonality=0.1)
    layer.set_weights([np.array([[1.0, 1.0], [0.0, 1.0]])])
    assert [float(loss) for loss in layer.losses] == pytest.approx([0.070711], abs=1e-6)


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        ({"dimension": 3}, "`dimension` must be 1 to 2, received 3"),
        ({"start": "ica"}, "`start` must be random or pca, received 'ica'"),
        ({"orthogonality": -1.0}, "`orthogonality` must be at least 0"),
    ],
)
def test_wrong_options_are_refused(options: dict[str, object], reason: str) -> None:
    """A projection to more dimensions is none."""
    with pytest.raises(ValueError, match=reason):
        built(**options)


def test_too_few_windows_for_the_components_are_refused() -> None:
    """Two windows have two components at most."""
    layer = built(dimension=2, start="pca")
    with pytest.raises(ValueError, match="needs at least 2 training windows, received 1"):
        layer.start_from(STATES[:1])
