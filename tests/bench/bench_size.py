"""How often each 5 % test of the product finds skill where there is none, on panels of 250 sessions x 20 tickers.

Returns are Student's t with 5 degrees of freedom and correlate by 0.3 within a session. 2,000 panels, so that the
standard error of a rate of 5 % is 0.5 points; 500 where each panel is resampled 999 times, and then it is 1 point. Run
by `make bench`, or by itself: `python -m tests.bench.bench_size`.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping

import numpy as np
import numpy.typing as npt
import pandas as pd
import pytest
from scipy.stats import norm, t

from stockseq.evaluate.bootstrap import bootstrap_interval
from stockseq.evaluate.comparison import compare_forecasts
from stockseq.evaluate.information import daily_information, summarise_information
from stockseq.evaluate.multiplicity import superior_ability
from stockseq.evaluate.pesaran_timmermann import (
    pesaran_timmermann,
    pesaran_timmermann_clustered,
    pesaran_timmermann_serial,
)
from stockseq.evaluate.probability import log_losses
from stockseq.evaluate.scored import as_scored
from stockseq.evaluate.significance import (
    clustered_mean,
    newey_west_mean,
)
from tests.bench.figures import Recorder

N_PANELS, N_RESAMPLED, N_RESAMPLES = 2_000, 500, 999
N_SESSIONS, N_TICKERS, N_MODELS = 250, 20, 5
SHAPE = (N_SESSIONS, N_TICKERS)
PLACES, NUMBERS = np.repeat(np.arange(N_SESSIONS), N_TICKERS), np.tile(np.arange(N_TICKERS), N_SESSIONS)
DATES = pd.bdate_range("2024-01-01", periods=N_SESSIONS)
TABLE = pd.DataFrame({"session": DATES[PLACES], "ticker": [f"T{number:02}" for number in NUMBERS]})

Generator = np.random.Generator
Numbers = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]
PValues = Mapping[str, float | None]
Rates = Mapping[str, float | None]


def returns(rng: Generator, drift: float = 0.0) -> Numbers:
    """Return one panel of returns that nothing forecasts, `drift` in standard deviations."""
    common = np.sqrt(3 / rng.chisquare(5, (N_SESSIONS, 1)))
    normal = np.sqrt(0.3) * rng.normal(size=(N_SESSIONS, 1)) + np.sqrt(0.7) * rng.normal(size=SHAPE)
    return drift + common * normal


def drifting(rng: Generator) -> Numbers:
    """Return a panel in which 56 % of the rows rise."""
    return returns(rng, float(t.ppf(0.56, 5) * np.sqrt(0.6)))


def trending(rng: Generator) -> Numbers:
    """Return a panel whose market and tickers carry six tenths of a session over into the next."""
    shocks = np.sqrt(0.3) * rng.normal(size=(N_SESSIONS, 1)) + np.sqrt(0.7) * rng.normal(size=SHAPE)
    values = shocks.copy()
    for session in range(1, N_SESSIONS):
        values[session] = 0.6 * values[session - 1] + 0.8 * shocks[session]
    return values


def runs(rng: Generator, n_columns: int = N_TICKERS) -> Flags:
    """Return signs that last for ten sessions on average, one column each."""
    turns = rng.random((N_SESSIONS, n_columns)) < 0.1
    return np.asarray((np.cumsum(turns, axis=0) + rng.integers(0, 2, n_columns)) % 2 == 1)


def for_all(view: Flags) -> Flags:
    """Return one column as the view of every ticker."""
    return np.repeat(view, N_TICKERS, axis=1)


DIRECTIONS: Mapping[str, tuple[Callable[[Generator], Numbers], Callable[[Generator], Flags]]] = {
    "iid signs": (returns, lambda rng: rng.random(SHAPE) < 0.5),
    "same sign for all tickers": (returns, lambda rng: for_all(rng.random((N_SESSIONS, 1)) < 0.5)),
    "signs in runs, per ticker": (returns, runs),
    "nearly always up, market drifts": (drifting, lambda rng: rng.random(SHAPE) < 0.95),
    "same sign in runs, market trends": (trending, lambda rng: for_all(runs(rng, 1))),
}


def directions(realised: Numbers, forecast_up: Flags) -> PValues:
    """Return the one-sided p of each test of direction on one panel."""
    up, forecasts = (realised > 0).ravel(), forecast_up.ravel()
    hits = (up == forecasts).astype(float)
    mean, error = clustered_mean(hits, PLACES)
    profit = newey_west_mean((np.where(forecast_up, 1.0, -1.0) * realised).mean(axis=1))
    tests = {
        "PT": pesaran_timmermann(up, forecasts),
        "PT clustered": pesaran_timmermann_clustered(up, forecasts, PLACES),
        "PT serial": pesaran_timmermann_serial(up, forecasts, PLACES, NUMBERS),
    }
    return {
        "binomial": float(norm.sf((mean - 0.5) / np.sqrt(0.25 / hits.size))),
        "accuracy clustered": float(t.sf((mean - 0.5) / error, N_SESSIONS - 1)),
        **{name: None if test is None else test.p for name, test in tests.items()},
        "profit Newey-West": None if profit is None else float(norm.sf(profit.t)),
    }


def daily(rng: Generator) -> Numbers:
    """Return probabilities that know nothing, new ones every session."""
    return np.asarray(rng.uniform(0.4, 0.6, SHAPE))


def alike(rng: Generator) -> Numbers:
    """Return probabilities that know nothing, one a session for all tickers."""
    return np.repeat(rng.uniform(0.4, 0.6, (N_SESSIONS, 1)), N_TICKERS, axis=1)


def sticky(rng: Generator) -> Numbers:
    """Return probabilities that know nothing and last for ten sessions."""
    return np.where(runs(rng), 0.55, 0.45) + rng.uniform(-0.05, 0.05, SHAPE)


PROBABILITIES: Mapping[str, Callable[[Generator], Numbers]] = {
    "new every session": daily,
    "same for all tickers": alike,
    "in runs, per ticker": sticky,
}


def table(probability: Numbers, realised: Numbers) -> pd.DataFrame:
    """Return forecasts as the product scores them."""
    return TABLE.assign(probability_up=probability.ravel(), realised_return=0.01 * realised.ravel())


def daily_losses(probability: Numbers, realised: Numbers) -> Numbers:
    """Return the mean log loss of each session."""
    return log_losses((realised > 0).ravel(), probability.ravel()).reshape(SHAPE).mean(axis=1)


def comparisons(rng: Generator, forecast: Callable[[Generator], Numbers]) -> PValues:
    """Return the two-sided p of each test of means on one panel and two models that know nothing."""
    realised, a, b = returns(rng), forecast(rng), forecast(rng)
    compared = compare_forecasts(table(a, realised), table(b, realised))
    information = summarise_information(daily_information(as_scored(table(a, realised)))["ic"])
    mariano = compared.diebold_mariano
    coefficient = None if information is None else information.t
    return {
        "DM-HLN": None if mariano is None else mariano.p,
        **{f"compared {name}": getattr(compared, name).p for name in ("accuracy", "brier", "log_loss")},
        "IC Newey-West": None if coefficient is None else 2 * float(norm.sf(abs(coefficient))),
    }


def resampled(rng: Generator, forecast: Callable[[Generator], Numbers]) -> PValues:
    """Return 0 or 1 for whether the interval of a difference holds the truth, and the p of Hansen's test."""
    realised = returns(rng)
    models = np.stack([daily_losses(forecast(rng), realised) for _ in range(N_MODELS + 1)])
    seed = int(rng.integers(2**31))
    low, high = bootstrap_interval(models[0] - models[1], np.arange(N_SESSIONS), seed=seed, n_resamples=N_RESAMPLES)
    superior = superior_ability(models[0], pd.DataFrame(models[1:].T), seed=seed, n_resamples=N_RESAMPLES)
    return {"bootstrap interval": float(low <= 0.0 <= high), "SPA consistent": superior.consistent}


def rates(panels: Iterable[PValues]) -> Rates:
    """Return the share of panels on which each test rejects, of those on which it is possible; None without any."""
    rejections: defaultdict[str, list[bool]] = defaultdict(list)
    for p_values in panels:
        for test, p in p_values.items():
            rejections[test] += [] if p is None else [p < 0.05]
    return {test: float(np.mean(found)) if found else None for test, found in rejections.items()}


def measure_directions(n_panels: int) -> dict[str, Rates]:
    """Return the rates of the tests of direction, by forecaster."""
    found = {}
    for place, (name, (market, forecast)) in enumerate(DIRECTIONS.items()):
        rng = np.random.default_rng([1, place])
        found[name] = rates(directions(market(rng), forecast(rng)) for _ in range(n_panels))
    return found


def measure_means(
    n_panels: int, tested: Callable[[Generator, Callable[[Generator], Numbers]], PValues]
) -> dict[str, Rates]:
    """Return the rates of `comparisons` or `resampled`, by kind of probability."""
    found = {}
    for place, (name, forecast) in enumerate(PROBABILITIES.items()):
        rng = np.random.default_rng([2, place])
        found[name] = rates(tested(rng, forecast) for _ in range(n_panels))
    return found


def show(title: str, found: Mapping[str, Rates]) -> None:
    """Print a table."""
    tests = list(next(iter(found.values())))
    print(f"\n{title:34}" + "".join(f"{test:>20}" for test in tests))
    for name, of in found.items():
        cells = ("none" if (rate := of[test]) is None else f"{rate:.3f}" for test in tests)
        print(f"{name:34}" + "".join(f"{cell:>20}" for cell in cells), flush=True)


def keeps_its_size(found: Mapping[str, Rates], *tests: str) -> bool:
    """Return whether each of these tests rejects 3 to 7 % wherever it is possible."""
    found_rates = [of[test] for of in found.values() for test in tests]
    return all(0.03 < rate < 0.07 for rate in found_rates if rate is not None)


def farthest(found: Mapping[str, Rates], *tests: str) -> float:
    """Return how far the rates of these tests are at most from the 5 % that they promise."""
    found_rates = [of[test] for of in found.values() for test in tests]
    return max(abs(rate - 0.05) for rate in found_rates if rate is not None)


@pytest.mark.bench
def test_the_tests_of_direction_keep_their_size(bench: Recorder) -> None:
    """Clustered wherever sessions are independent, serial also where all comes in runs; naive ones fail somewhere."""
    found = measure_directions(N_PANELS)
    show("forecaster without skill", found)
    bench.record("size of PT serial", farthest(found, "PT serial"), "from 5 % at most")
    assert keeps_its_size(found, "PT serial")
    trending_alike = {"same sign in runs, market trends": found.pop("same sign in runs, market trends")}
    assert keeps_its_size(found, "PT clustered")
    assert not keeps_its_size(trending_alike, "PT clustered")
    assert not keeps_its_size(found, "PT")
    assert not keeps_its_size(found, "accuracy clustered")


@pytest.mark.bench
def test_the_tests_of_means_keep_their_size(bench: Recorder) -> None:
    """Two models that know nothing lose alike, and neither ranks."""
    found = measure_means(N_PANELS, comparisons)
    show("probabilities without skill", found)
    bench.record("size of tests of means", farthest(found, *next(iter(found.values()))), "from 5 % at most")
    assert keeps_its_size(found, *next(iter(found.values())))


@pytest.mark.bench
def test_the_resampled_tests_keep_their_size(bench: Recorder) -> None:
    """The 95 % interval leaves out the truth, and the best of five that know nothing is called better, in 5 %."""
    found = measure_means(N_RESAMPLED, resampled)
    show("probabilities without skill", found)
    tests = ("bootstrap interval", "SPA consistent")
    bench.record("size of resampled tests", farthest(found, *tests), "from 5 % at most")
    assert keeps_its_size(found, *tests)


if __name__ == "__main__":
    show("forecaster without skill", measure_directions(N_PANELS))
    show("probabilities without skill", measure_means(N_PANELS, comparisons))
    show("probabilities without skill", measure_means(N_RESAMPLED, resampled))
