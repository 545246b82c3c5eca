"""Three runs that must go wrong in a known way: on shuffled labels, on features a session late, and on early ones."""

from collections.abc import Iterator, Mapping
from concurrent.futures import CancelledError, Future
from contextlib import contextmanager
from dataclasses import replace
from threading import Event

import numpy as np
import pandas as pd

from stockseq.dataset.dataset import Dataset
from stockseq.dataset.folds import Fold
from stockseq.dataset.samples import Samples
from stockseq.dataset.windows import window_ends
from stockseq.errors import StockseqError
from stockseq.evaluate.placebo import PLACEBOS, SCORES, Placebo, PlaceboResult, judge_placebo
from stockseq.forecasting.background import background_thread
from stockseq.models.forecaster import Forecaster
from stockseq.progress import Progress

# A week: long enough that what lasts some days stays inside a block.
BLOCK_SESSIONS = 5


class Placebos:
    """The networks of the placebos, being fitted in a thread of their own."""

    def __init__(self, fits: Mapping[Placebo, Future[pd.DataFrame]], fold: Fold, *, seed: int, horizon: int) -> None:
        self._fits, self._fold, self._seed, self._horizon = fits, fold, seed, horizon

    def judge(self, forecasts: pd.DataFrame, progress: Progress) -> dict[Placebo, PlaceboResult]:
        """Wait for all of them and return what each found.

        Parameters
        ----------
        forecasts : DataFrame
            The run's own, with the column of the first seed; those of the fold's test sessions are compared.
        progress : Progress
        """
        first = forecasts.assign(probability_up=forecasts[f"probability_up_seed_{self._seed}"])
        first = first[first["session"].isin(self._fold.test)]
        results: dict[Placebo, PlaceboResult] = {}
        for name, fit in self._fits.items():
            progress.step("Fitting the placebos", len(results), len(self._fits))
            try:
                results[name] = judge_placebo(name, fit.result(), first, horizon=self._horizon)
            except StockseqError as error:
                results[name] = PlaceboResult(**dict.fromkeys(SCORES), as_expected=None, error=str(error))
        progress.step("Fitting the placebos", len(results), len(self._fits))
        return results


@contextmanager
def begin_placebos(forecaster: Forecaster, data: Dataset, fold: Fold, *, wanted: bool = True) -> Iterator[Placebos]:
    """Fit one network of the run's own kind for each placebo, one after the other, for as long as the block lasts.

    Parameters
    ----------
    forecaster : Forecaster
        Of the run; one seed is fitted, the first.
    data : Dataset
    fold : Fold
        The last one.
    wanted : bool, default=True
        Without it there are none.
    """
    seed = forecaster.training.seed

    def fit(name: Placebo, one_seed: Forecaster) -> pd.DataFrame:
        samples = _placebo_samples(name, data, fold, seed=seed)
        model = one_seed.fit_fold(data, fold, samples=samples)
        test = samples.on(fold.test)
        # The windows of a placebo end on other rows; whose outcome they forecast, the samples say.
        return _placebo_forecasts(test, model.forecast(data.panel, test)["probability_up"].to_numpy())

    with background_thread("placebos") as (thread, abandoned):
        # After an error a network that is trained in this process ends at its next look at the losses.
        one_seed = forecaster.with_seeds(1, progress=_UntilAbandoned(abandoned))
        fits = {name: thread.submit(fit, name, one_seed) for name in (PLACEBOS if wanted else ())}
        yield Placebos(fits, fold, seed=seed, horizon=data.inputs.horizon)


class _UntilAbandoned:
    """Ends a training that nobody waits for any more; shows nothing, for it runs beside what is shown."""

    def __init__(self, abandoned: Event) -> None:
        self._abandoned = abandoned

    def step(self, task: str, done: int, total: int | None, note: str = "") -> None:
        """Raise `CancelledError` once the training is abandoned."""
        if self._abandoned.is_set():
            raise CancelledError

    def say(self, sentence: str) -> None:
        """Say nothing."""


def shuffle_labels(samples: Samples, sessions: pd.DatetimeIndex, *, seed: int, horizon: int = 0) -> Samples:
    """Return the samples with the labels of other sessions, whole blocks of five sessions or of the horizon together.

    All tickers of a session get the labels of one other session, each ticker its own: what the tickers have in common,
    and what lasts some days, stays. No block keeps its own labels. Samples whose ticker has no label there are left
    out.

    Parameters
    ----------
    samples : Samples
    sessions : DatetimeIndex
        Those whose labels trade places; samples of other sessions stay as they are.
    seed : int
    horizon : int, default=0
        Sessions of a trade; labels of neighbouring sessions share them, and a shorter block would tear them apart.
    """
    length = max(BLOCK_SESSIONS, horizon)
    blocks = np.split(np.arange(len(sessions)), np.arange(length, len(sessions), length))
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
        realised_variance=samples.realised_variance[rows],
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


def _placebo_samples(name: Placebo, data: Dataset, fold: Fold, *, seed: int) -> Samples:
    horizon = data.inputs.horizon
    if name == "shuffled_labels":
        return shuffle_labels(data.samples, fold.train.union(fold.validation), seed=seed, horizon=horizon)
    # Early enough to hold the whole outcome: of a longer trade the next session shows a part only.
    return shift_features(data, by=-1 if name == "late_features" else max(horizon, 1))


def _placebo_forecasts(test: Samples, probability_up: np.ndarray) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "ticker": test.ticker,
            "session": test.session,
            "probability_up": probability_up,
            "realised_return": test.realised_return,
        }
    ).astype({"ticker": "str"})
