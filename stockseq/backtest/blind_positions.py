"""Whether positions earn more than the same positions at other times, or than blind ones that change as often."""

from typing import Any

import numpy as np
import pandas as pd

from stockseq.backtest.benchmarks import shuffle_runs
from stockseq.backtest.costs import Floats
from stockseq.backtest.targets import Targets
from stockseq.results import Result

# Nearer shifts keep part of what the signal knew, because positions and returns of neighbouring sessions go together.
NEAREST_SHIFT = 20
N_RANDOM = 199


class NullTest(Result):
    """What the positions earned, against what they earn when they know nothing.

    Parameters
    ----------
    earned : float or None
        Mean over sessions of the sum of weight times return, before costs; a fraction per session.
    null_mean, null_sd : float or None
        Of the same under the null; the spread is None for one draw.
    n : int
        Draws of the null.
    p : float or None
        (1 + draws that earned at least as much) / (1 + n), one-sided.
    note : str or None
        Why nothing could be tested; all else is None then.
    """

    earned: float | None = None
    null_mean: float | None = None
    null_sd: float | None = None
    n: int | None = None
    p: float | None
    note: str | None


def position_matrices(targets: Targets, returns: pd.DataFrame, *, horizon: int = 0) -> tuple[Floats, Floats]:
    """Return weights and returns as arrays of shape (n_sessions, n_tickers).

    Parameters
    ----------
    targets : Targets
        The signed share of equity by session and ticker.
    returns : DataFrame with session, ticker, realised_return
        Of the trade that a weight makes, a fraction.
    horizon : int, default=0
        Sessions of that trade; of so many that overlap, each has its part of the equity.

    Returns
    -------
    (weights, returns)
        A weight of 0 where there is no row. A session without a return has its ticker's mean: rolled positions may
        land there, and with 0 they would earn less by nothing but that. No NaN.
    """
    weights: Any = targets.pivot(index="session", columns="ticker", values="weight")
    earned: Any = returns.pivot(index="session", columns="ticker", values="realised_return")
    earned = earned.reindex(index=weights.index, columns=weights.columns)
    known = earned.fillna(earned.mean()).fillna(0.0)
    return weights.fillna(0.0).to_numpy(dtype=np.float64) / max(horizon, 1), known.to_numpy(dtype=np.float64)


def circular_shift_test(weights: Floats, returns: Floats, *, horizon: int = 0) -> NullTest:
    """Compare the positions with themselves rolled in time, all tickers together.

    Rolling keeps everything of the book (its sizes, turnover, and how its tickers hang together) but its timing.

    Parameters
    ----------
    weights, returns : arrays of shape (n_sessions, n_tickers), finite
    horizon : int, default=0
        Sessions of the trades; those of sessions nearer than that overlap.

    Returns
    -------
    NullTest
        Over every shift of k to n_sessions - k sessions, k the larger of 20 and twice the horizon; fewer than 2 k + 1
        sessions leave none.

    Examples
    --------
    >>> returns = np.random.default_rng(1).normal(0, 0.01, (100, 3))
    >>> circular_shift_test(np.sign(returns) / 3, returns).p
    0.016129032258064516
    """
    n = len(weights)
    nearest = max(NEAREST_SHIFT, 2 * horizon)
    if n < 2 * nearest + 1:
        return NullTest(p=None, note=f"{n} sessions leave no room to shift the positions by {nearest} or more.")
    # By the convolution theorem, what each shift k earned: the sum over t of weights[t - k] times returns[t].
    spectra = np.fft.rfft(returns, axis=0) * np.conj(np.fft.rfft(weights, axis=0))
    earned = np.fft.irfft(spectra.sum(axis=1), n=n) / n
    return _test(earned[0], earned[nearest : n - nearest + 1])


def random_signal_test(weights: Floats, returns: Floats, *, seed: int, n: int = N_RANDOM) -> NullTest:
    """Compare the positions with blind ones of the same turnover, drawn as `random_same_turnover` draws them.

    Trades that overlap are shuffled all together, as the noise of their sum rests on how neighbours hang together. A
    ticker that wasn't there all the time is drawn over all sessions, with its mean return where it wasn't.

    The parameters are those of `circular_shift_test`, and the seed and number of the draws. Where no position was ever
    taken nothing can be tested.

    Examples
    --------
    >>> returns = np.random.default_rng(1).normal(0, 0.01, (100, 3))
    >>> random_signal_test(np.sign(returns) / 3, returns, seed=1, n=99).p
    0.01
    """
    generator = np.random.default_rng(seed)
    traded = weights.any(axis=0)
    if not traded.any():
        return NullTest(p=None, note="No position was ever taken, so there is nothing to shuffle.")
    by_ticker = list(zip(np.ascontiguousarray(weights.T[traded]), np.ascontiguousarray(returns.T[traded]), strict=True))
    draws = [sum(float(shuffle_runs(position, generator) @ move) for position, move in by_ticker) for _ in range(n)]
    return _test(float(np.vdot(weights, returns)) / len(weights), np.array(draws) / len(weights))


def _test(earned: float, null: Floats) -> NullTest:
    # Equal positions earn the same but for rounding, and count as at least as much.
    reached = int((null >= earned - 1e-12 - 1e-9 * abs(earned)).sum())
    spread = float(null.std(ddof=1)) if len(null) > 1 else None
    return NullTest(
        earned=float(earned),
        null_mean=float(null.mean()),
        null_sd=spread,
        n=len(null),
        p=(1 + reached) / (1 + len(null)),
        note=None,
    )
