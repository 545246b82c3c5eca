"""How often each 5 % test of ranks and sizes finds something where there is nothing."""

import pytest

from tests.evaluate.null_panels import measure


@pytest.mark.slow
def test_the_tests_of_rank_and_size_hardly_ever_find_what_is_not_there() -> None:
    """100 panels: the standard error of a rate of 5 % is 2.2 points; the whole measurement is marked bench."""
    for panels, test, share in measure(100, horizons=(5,)):
        assert share < 0.14, (panels, test, share)


@pytest.mark.bench
def test_the_tests_of_rank_and_size_keep_their_size() -> None:
    """2,000 panels, so that the standard error of a rate of 5 % is 0.5 points."""
    found = list(measure(2_000))
    for panels, test, share in found:
        print(f"{panels:40}{test:20}{share:.4f}")  # noqa: T201
    assert all(0.03 < share < 0.07 for *_, share in found)
