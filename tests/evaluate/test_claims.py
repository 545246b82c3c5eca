"""Three claims: the correction is for three, whatever could be tested."""

import pytest

from stockseq.evaluate.claims import Claims, judge_claims


def test_the_smallest_p_counts_thrice_the_next_twice() -> None:
    """By hand: .001 x 3, .02 x 2, and .03 at least as much as the one before it."""
    claims = judge_claims(direction=0.03, ranking=0.001, size=0.02)
    found = (claims.ranking.p_holm, claims.size.p_holm, claims.direction.p_holm)
    assert found == pytest.approx((0.003, 0.04, 0.04))
    assert claims.ranking.is_shown
    assert Claims.from_dict(claims.to_dict()) == claims


def test_what_could_not_be_tested_still_counts() -> None:
    """A run whose ranking and size say nothing may not claim direction any sooner: .03 x 3."""
    claims = judge_claims(direction=0.03, ranking=None, size=None)
    assert claims.direction.p_holm == pytest.approx(0.09)
    assert not claims.direction.is_shown
    assert (claims.ranking.p, claims.ranking.p_holm, claims.ranking.is_shown) == (None, None, False)
