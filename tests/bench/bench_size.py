"""How often tests of direction find skill where there is none: 2,000 panels of 250 sessions x 20 tickers.

Nominal 5 %, one-sided; returns are Student's t with 5 degrees of freedom and correlate by 0.3 within a session. With
2,000 panels the standard error of a rate of 5 % is 0.5 points. Run by `make bench`, or by itself:
`python tests/bench/bench_size.py`.
"""

from collections import defaultdict
from collections.abc import Callable, Mapping

import numpy as np
import numpy.typing as npt
import pytest
from scipy.stats import norm, t

from stockseq.evaluate.significance import (
    clustered_mean,
    newey_west_mean,
    pesaran_timmermann,
    pesaran_timmermann_clustered,
)

N_PANELS, N_SESSIONS, N_TICKERS = 2_000, 250, 20
SHAPE = (N_SESSIONS, N_TICKERS)
SESSIONS = np.repeat(np.arange(N_SESSIONS), N_TICKERS)
Generator = np.random.Generator


def returns(rng: Generator, drift: float) -> npt.NDArray[np.float64]:
    """Return one null panel: correlated t5 returns, `drift` in standard deviations."""
    common = np.sqrt(3 / rng.chisquare(5, (N_SESSIONS, 1)))
    normal = np.sqrt(0.3) * rng.normal(size=(N_SESSIONS, 1)) + np.sqrt(0.7) * rng.normal(size=SHAPE)
    return drift + common * normal


def persistent(rng: Generator) -> npt.NDArray[np.bool_]:
    """Return signs that a ticker keeps for ten sessions on average."""
    flips = rng.random(SHAPE) < 0.1
    return (np.cumsum(flips, axis=0) + rng.integers(0, 2, N_TICKERS)) % 2 == 1


# Drift .1957 gives P(up) = .56 for t5 scaled to unit variance.
FORECASTERS: Mapping[str, tuple[float, Callable[[Generator], npt.NDArray[np.bool_]]]] = {
    "iid signs": (0.0, lambda rng: rng.random(SHAPE) < 0.5),
    "same sign for all tickers": (0.0, lambda rng: np.repeat(rng.random((N_SESSIONS, 1)) < 0.5, N_TICKERS, axis=1)),
    "persistent per ticker": (0.0, persistent),
    "nearly always up, market drifts": (float(t.ppf(0.56, 5) * np.sqrt(0.6)), lambda rng: rng.random(SHAPE) < 0.95),
}


def p_values(realised: npt.NDArray[np.float64], forecast_up: npt.NDArray[np.bool_]) -> dict[str, float | None]:
    """Return the p of each test on one panel."""
    up, forecasts = (realised > 0).ravel(), forecast_up.ravel()
    hits = (up == forecasts).astype(float)
    mean, error = clustered_mean(hits, SESSIONS)
    profit = newey_west_mean((np.where(forecast_up, 1.0, -1.0) * realised).mean(axis=1))
    naive, clustered = pesaran_timmermann(up, forecasts), pesaran_timmermann_clustered(up, forecasts, SESSIONS)
    return {
        "binomial": float(norm.sf((mean - 0.5) / np.sqrt(0.25 / hits.size))),
        "accuracy clustered": float(t.sf((mean - 0.5) / error, N_SESSIONS - 1)),
        "PT": None if naive is None else naive.p,
        "PT clustered": None if clustered is None else clustered.p,
        "profit HAC": None if profit is None else float(norm.sf(profit.t)),
    }


def measure(n_panels: int, seed: int) -> dict[str, dict[str, float]]:
    """Return the share of panels on which each test rejects, by forecaster."""
    rates: dict[str, dict[str, float]] = {}
    for place, (name, (drift, forecast)) in enumerate(FORECASTERS.items()):
        rng = np.random.default_rng([seed, place])
        rejections: defaultdict[str, list[bool]] = defaultdict(list)
        for _ in range(n_panels):
            for test, p in p_values(returns(rng, drift), forecast(rng)).items():
                rejections[test].append(p is not None and p < 0.05)
        rates[name] = {test: float(np.mean(found)) for test, found in rejections.items()}
    return rates


@pytest.mark.bench
def test_only_the_clustered_test_keeps_its_size_everywhere() -> None:
    """3 to 7 % on every kind of forecaster without skill; the naive tests fail on at least one."""
    rates = measure(N_PANELS, seed=1)
    show(rates)
    assert all(0.03 < of["PT clustered"] < 0.07 for of in rates.values())
    assert rates["same sign for all tickers"]["PT"] > 0.15
    assert rates["nearly always up, market drifts"]["accuracy clustered"] > 0.5


def show(rates: Mapping[str, Mapping[str, float]]) -> None:
    """Print the table."""
    tests = list(next(iter(rates.values())))
    print(f"\n{'forecaster without skill':34}" + "".join(f"{test:>20}" for test in tests))
    for name, of in rates.items():
        print(f"{name:34}" + "".join(f"{of[test]:20.3f}" for test in tests))


if __name__ == "__main__":
    show(measure(N_PANELS, seed=1))
