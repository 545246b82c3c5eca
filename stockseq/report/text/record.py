"""A record in one sentence: accuracy with its interval, its base rate and its count."""

from stockseq.errors import counted
from stockseq.evaluate.scores import Scores
from stockseq.report.format import plain_percent


def record_sentence(scores: Scores | None, *, n: int = 0) -> str:
    """Return accuracy with its interval, base rate and count; `n` is of forecasts too few for scores.

    Examples
    --------
    >>> record_sentence(None)
    'no scored forecast yet.'
    """
    if scores is None or scores.accuracy is None or scores.accuracy_ci is None:
        return (
            f"{counted(n, 'forecast')} of one session; two sessions make a record." if n else "no scored forecast yet."
        )
    low, high = scores.accuracy_ci
    return (
        f"accuracy {plain_percent(scores.accuracy)} [{100 * low:.1f}, {100 * high:.1f}] beside a base rate of "
        f"{plain_percent(scores.base_rate)}, {scores.n:,} forecasts of {scores.n_sessions} sessions."
    )
