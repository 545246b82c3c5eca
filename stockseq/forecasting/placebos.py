"""Three runs that must go wrong in a known way: on shuffled labels, on features a session late, and a session early."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Literal

import numpy as np
import pandas as pd

from stockseq.dataset.dataset import Dataset
from stockseq.dataset.folds import Fold
from stockseq.dataset.samples import Samples
from stockseq.dataset.windows import window_ends
from stockseq.errors import StockseqError
from stockseq.evaluate.comparison import compare_forecasts
from stockseq.evaluate.scores import score_forecasts
from stockseq.models.forecaster import Forecaster
from stockseq.results import Result

Placebo = Literal["shuffled_labels", "late_features", "early_features"]
# A week: long enough that what lasts some days stays inside a block.
BLOCK_SESSIONS = 5
# One run in a hundred is called suspicious by chance; at the usual 0.05 one in twenty would be.
SIZE = 0.01
SCORES = (
    "n",
    "n_sessions",
    "accuracy",
    "accuracy_ci",
    "base_rate",
    "chance",
    "edge",
    "pt_clustered_t",
    "pt_clustered_p",
)


class PlaceboResult(Result):
    """What one placebo found.

    Parameters
    ----------
    n, n_sessions, accuracy, accuracy_ci, base_rate, chance, edge, pt_clustered_t, pt_clustered_p
        As in `Scores`; None where it was not run.
    difference, difference_ci, difference_p
        Its accuracy less that of the run's own first seed on the same rows.
    as_expected : bool or None
        None where it was not run.
    error : str or None
        Why it was not run.
    """

    n: int | None = None
    n_sessions: int | None = None
    accuracy: float | None = None
    accuracy_ci: tuple[float, float] | None = None
    base_rate: float | None = None
    chance: float | None = None
    edge: float | None = None
    pt_clustered_t: float | None = None
    pt_clustered_p: float | None = None
    difference: float | None = None
    difference_ci: tuple[float, float] | None = None
    difference_p: float | None = None
    as_expected: bool | None = None
    error: str | None = None

    @property
    def is_significant(self) -> bool:
        """Whether its accuracy differs from the run's own beyond noise."""
        return self.difference_p is not None and self.difference_p < SIZE


def run_placebos(
    forecaster: Forecaster, data: Dataset, fold: Fold, forecasts: pd.DataFrame
) -> dict[Placebo, PlaceboResult]:
    """Fit one network of the run's own kind for each placebo on a fold, and return what it found.

    Parameters
    ----------
    forecaster : Forecaster
        Of the run; one seed is fitted, the first.
    data : Dataset
    fold : Fold
        The last one.
    forecasts : DataFrame
        The run's own, with the column of the first seed; those of the fold's test sessions are compared.
    """
    one_seed = forecaster.with_seeds(1)
    seed = forecaster.training.seed
    first = forecasts.assign(probability_up=forecasts[f"probability_up_seed_{seed}"])
    first = first[first["session"].isin(fold.test)]
    results: dict[Placebo, PlaceboResult] = {}
    for name, samples in _placebo_samples(data, fold, seed=seed):
        forecaster.progress.say(f"Placebo: {name.replace('_', ' ')}")
        try:
            model = one_seed.fit_fold(data, fold, samples=samples)
            test = samples.on(fold.test)
            # The windows of a placebo end on other rows; whose outcome they forecast, the samples say.
            probability = model.forecast(data.panel, test)["probability_up"].to_numpy()
            results[name] = judge_placebo(name, _placebo_forecasts(test, probability), first)
        except StockseqError as error:
            results[name] = PlaceboResult(**dict.fromkeys(SCORES), as_expected=None, error=str(error))
    return results


def judge_placebo(name: Placebo, forecasts: pd.DataFrame, own: pd.DataFrame) -> PlaceboResult:
    """Return what the placebo's forecasts show beside the run's own on the same rows."""
    scores = score_forecasts(forecasts)
    difference = compare_forecasts(forecasts, own).accuracy
    figures = PlaceboResult(
        **{key: getattr(scores, key) for key in SCORES},
        difference=difference.difference,
        difference_ci=difference.ci,
        difference_p=difference.p,
    )
    better = figures.is_significant and difference.difference > 0
    found = scores.pt_clustered_p is not None and scores.pt_clustered_p < SIZE
    expected = {"shuffled_labels": not found, "late_features": not better, "early_features": better}[name]
    return figures.model_copy(update={"as_expected": expected})


def shuffle_labels(samples: Samples, sessions: pd.DatetimeIndex, *, seed: int) -> Samples:
    """Return the samples with the labels of other sessions, whole blocks of five sessions together.

    All tickers of a session get the labels of one other session, each ticker its own: what the tickers have in common,
    and what lasts some days, stays. No block keeps its own labels. Samples whose ticker has no label there are left
    out.

    Parameters
    ----------
    samples : Samples
    sessions : DatetimeIndex
        Those whose labels trade places; samples of other sessions stay as they are.
    seed : int
    """
    blocks = np.split(np.arange(len(sessions)), np.arange(BLOCK_SESSIONS, len(sessions), BLOCK_SESSIONS))
    cycle = np.random.default_rng(seed).permutation(len(blocks))
    # One cycle through all blocks leaves none in its place.
    order = np.empty(len(blocks), dtype=np.int64)
    order[cycle] = np.roll(cycle, 1)
    source = sessions[np.concatenate([blocks[block] for block in order])]
    origin = pd.Series(source, index=sessions).reindex(pd.DatetimeIndex(samples.session))
    origin = origin.fillna(pd.Series(samples.session, index=origin.index))
    numbers = pd.Series(np.arange(len(samples)), index=pd.MultiIndex.from_arrays([samples.ticker, samples.session]))
    found = numbers.reindex(pd.MultiIndex.from_arrays([samples.ticker, origin.to_numpy()])).to_numpy()
    labelled = ~np.isnan(found)
    rows = found[labelled].astype(np.int64)
    return replace(
        samples.where(labelled),
        realised_return=samples.realised_return[rows],
        up=samples.up[rows],
        target=samples.target[rows],
    )


def shift_features(data: Dataset, *, by: int) -> Samples:
    """Return the samples with windows that end `by` rows later (or earlier), on the next (or last) session exactly.

    Samples whose ticker has no window there are left out.
    """
    panel, samples, sessions = data.panel, data.samples, data.market.calendar.sessions
    moved = samples.ends + by
    inside = (moved >= 0) & (moved < len(panel))
    safe = np.where(inside, moved, samples.ends)
    tickers, calendar = panel.keys["ticker"].to_numpy(), sessions.searchsorted(panel.keys["session"].to_numpy())
    neighbour = (tickers[safe] == tickers[samples.ends]) & (calendar[safe] - calendar[samples.ends] == by)
    whole = np.isin(safe, window_ends(panel.keys, data.inputs.lookback, sessions=sessions))
    shifted = inside & neighbour & whole
    return replace(samples.where(shifted), ends=moved[shifted])


def _placebo_samples(data: Dataset, fold: Fold, *, seed: int) -> Iterator[tuple[Placebo, Samples]]:
    yield "shuffled_labels", shuffle_labels(data.samples, fold.train.union(fold.validation), seed=seed)
    yield "late_features", shift_features(data, by=-1)
    yield "early_features", shift_features(data, by=1)


def _placebo_forecasts(test: Samples, probability_up: np.ndarray) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "ticker": test.ticker,
            "session": test.session,
            "probability_up": probability_up,
            "realised_return": test.realised_return,
        }
    ).astype({"ticker": "str"})
