"""Panels of 250 sessions x 20 tickers where nothing ranks, no size is better than another, and intervals are right.

Returns are Student's t with 5 degrees of freedom and correlate by 0.3 within a session. Trades of five sessions
overlap: a ticker's return is the sum of its next five.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import partial

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import stats

from stockseq.evaluate.coverage import score_interval
from stockseq.evaluate.ranking import score_ranking
from stockseq.evaluate.size import compare_sizes

N_SESSIONS, N_TICKERS = 250, 20
TABLE = pd.DataFrame(
    {
        "session": np.repeat(pd.bdate_range("2024-01-01", periods=N_SESSIONS), N_TICKERS),
        "ticker": [f"T{number:02}" for number in range(N_TICKERS)] * N_SESSIONS,
        "probability_up": 0.5,
    }
)
# Of 2 million sums of five such returns, seed 0: their 80 % and 95 % quantiles; one return's are Student's.
BOUNDS = {
    0: {level: float(stats.t.ppf(0.5 + level / 2, 5) * np.sqrt(0.6)) for level in (0.8, 0.95)},
    5: {0.8: 2.763, 0.95: 4.426},
}

Generator = np.random.Generator
Numbers = npt.NDArray[np.float64]
# By test, the share of its p-values that are below 5 %; None where the test is impossible.
Rejections = Iterable[tuple[str, float | None]]


def returns(rng: Generator, n_sessions: int = N_SESSIONS) -> Numbers:
    """Return a panel of variance 1."""
    common = np.sqrt(3 / rng.chisquare(5, (n_sessions, 1)))
    shared, own = rng.normal(size=(n_sessions, 1)), rng.normal(size=(n_sessions, N_TICKERS))
    return common * (np.sqrt(0.3) * shared + np.sqrt(0.7) * own)


def trades(rng: Generator, horizon: int) -> Numbers:
    """Return the panel of the returns over trades of so many sessions."""
    length = max(horizon, 1)
    singles = returns(rng, N_SESSIONS + length - 1)
    return np.lib.stride_tricks.sliding_window_view(singles, length, axis=0).sum(axis=-1)


def fresh(rng: Generator) -> Numbers:
    """Return scores that are new in every session."""
    return rng.normal(size=(N_SESSIONS, N_TICKERS))


def sticky(rng: Generator) -> Numbers:
    """Return scores of which nine tenths stay from session to session: a half is gone in a week and a half."""
    scores = fresh(rng)
    for session in range(1, N_SESSIONS):
        scores[session] = 0.9 * scores[session - 1] + np.sqrt(1 - 0.81) * scores[session]
    return scores


SCORES: Mapping[str, Callable[[Generator], Numbers]] = {"fresh": fresh, "sticky": sticky}


def rank(rng: Generator, horizon: int, score: str) -> Rejections:
    """Judge scores that know nothing, one-sided, by rank IC and by the spread."""
    rows = TABLE.assign(relative=SCORES[score](rng).ravel(), realised_return=0.01 * trades(rng, horizon).ravel())
    scores = score_ranking(rows, horizon=horizon)
    yield "rank IC", _rejects(scores.rank_ic_p)
    yield "quintile spread", _rejects(scores.spread_p)


def cover(rng: Generator, horizon: int, level: float) -> Rejections:
    """Judge right intervals, of all tickers together and of each by itself."""
    bound = BOUNDS[horizon][level]
    rows = TABLE.assign(outcome=trades(rng, horizon).ravel(), low=-bound, high=bound)
    scores = score_interval(rows, level=level, horizon=horizon)
    yield "coverage", _rejects(scores.p)
    yield "Kupiec", scores.kupiec_rejected
    yield "Christoffersen", scores.christoffersen_rejected


def size(rng: Generator, horizon: int, score: str) -> Rejections:
    """Judge two sizes that err alike, by a fifth."""
    length = max(horizon, 1)
    shape = (N_SESSIONS + length - 1, N_TICKERS)
    singles = 3 / rng.chisquare(5, (shape[0], 1)) * rng.chisquare(8, shape) / 8
    variance = np.lib.stride_tricks.sliding_window_view(singles, length, axis=0).sum(axis=-1)
    rows = TABLE.assign(realised_return=0.0, realised_variance=1e-4 * variance.ravel())
    a, b = (rows.assign(sigma=0.01 * np.sqrt(length) * np.exp(0.2 * SCORES[score](rng).ravel())) for _ in range(2))
    compared = compare_sizes(a, b, horizon=horizon)
    yield "difference of QLIKE", None if compared is None or compared.test is None else _rejects(compared.test.p)


def _rejects(p: float | None) -> float | None:
    return None if p is None else float(p < 0.05)


def measure(n_panels: int, horizons: Sequence[int] = (0, 5)) -> Iterator[tuple[str, str, float]]:
    """Yield kind of panel, test, and the share of p-values below 5 %."""
    kinds = [
        *((f"scores {name}", partial(rank, score=name)) for name in SCORES),
        *((f"intervals of {level:.0%}", partial(cover, level=level)) for level in (0.8, 0.95)),
        *((f"sizes {name}", partial(size, score=name)) for name in SCORES),
    ]
    for place, (name, judge) in enumerate(kinds):
        for horizon in horizons:
            rng = np.random.default_rng([3, place, horizon])
            rejections: defaultdict[str, list[float]] = defaultdict(list)
            for _ in range(n_panels):
                for test, share in judge(rng, horizon):
                    rejections[test] += [] if share is None else [share]
            for test, shares in rejections.items():
                if shares:
                    yield f"{name}, horizon {horizon}", test, float(np.mean(shares))
