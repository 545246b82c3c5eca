"""The three headline claims of a run, corrected together: that it ranks, that it sizes, that it calls the direction."""

from stockseq.evaluate.multiplicity import holm
from stockseq.evaluate.significance import SIZE
from stockseq.results import Result

# Whom ranking and size are held against, declared beforehand.
RANKING_RIVAL, SIZE_RIVAL = "gradient_boosting", "har"


class Claim(Result):
    """One claim: p of its own test, one-sided, and after Holm's correction; None where nothing could be tested."""

    p: float | None = None
    p_holm: float | None = None

    @property
    def is_shown(self) -> bool:
        """Whether the claim holds after the correction."""
        return self.p_holm is not None and self.p_holm < SIZE


class Claims(Result):
    """What a run claims.

    Parameters
    ----------
    direction : Claim
        More right directions than chance: Pesaran and Timmermann's test clustered by session.
    ranking : Claim
        A mean rank IC above 0: Newey and West's test.
    size : Claim
        A lower QLIKE than the declared rival: the test of `SizeComparison`, which allows for errors that last.
    """

    direction: Claim = Claim()
    ranking: Claim = Claim()
    size: Claim = Claim()


def judge_claims(*, direction: float | None, ranking: float | None, size: float | None) -> Claims:
    """Return the claims with Holm's correction for three, which were declared whether or not all could be tested.

    Parameters
    ----------
    direction, ranking, size : float or None
        One-sided p; None where the run names no such forecast, or nothing could be tested.

    References
    ----------
    Holm (1979), Scandinavian Journal of Statistics 6(2).

    Examples
    --------
    >>> claims = judge_claims(direction=0.4, ranking=0.01, size=0.02)
    >>> claims.ranking.p_holm, claims.size.p_holm, claims.direction.is_shown
    (0.03, 0.04, False)
    """
    p_values = (direction, ranking, size)
    names = ("direction", "ranking", "size")
    corrected = zip(names, p_values, holm(p_values, n_declared=len(names)), strict=True)
    return Claims(**{name: Claim(p=p, p_holm=p_holm) for name, p, p_holm in corrected})
