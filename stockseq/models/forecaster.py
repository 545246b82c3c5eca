"""A forecaster: the shape of the networks, how they are trained, and where."""

from collections.abc import Mapping
from concurrent.futures import Executor
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypedDict, TypeVar, Unpack

import pandas as pd

from stockseq.dataset.dataset import Dataset, Inputs, build_dataset
from stockseq.dataset.folds import Fold, FoldSettings, final_fold
from stockseq.dataset.samples import Samples
from stockseq.errors import SettingsError, counted, nearest
from stockseq.market import MarketData
from stockseq.models.settings import NetworkSettings, TrainingSettings
from stockseq.progress import LINE, Progress

if TYPE_CHECKING:
    from stockseq.models.forecasting import NextSession
    from stockseq.models.model import Model
    from stockseq.models.why import Why


Settings = TypeVar("Settings", NetworkSettings, TrainingSettings)


class ForecasterOptions(TypedDict, total=False):
    """The settings of `NetworkSettings` and `TrainingSettings` that are set most often; all others are taken too."""

    units: int
    before: str | None
    within: str | None
    after: str | None
    n_seeds: int
    seed: int
    epochs: int
    batch_size: int
    learning_rate: float


@dataclass(frozen=True, init=False)
class Forecaster:
    """What is fitted on each fold's past.

    Parameters
    ----------
    network : NetworkSettings, optional
    training : TrainingSettings, optional
        The number of seeds in the ensemble among them.
    executor : Executor, optional
        Where the seeds are fitted; one after another in this process without it. The model is the same.
    progress : Progress, optional
        What each fold and epoch is reported to; by default a line on the terminal or in the notebook.
    **options
        Single settings of the network or the training. Most often: `units` of the LSTM; `before`, `within`, `after`, a
        layer's name for each slot; `n_seeds` networks of the ensemble; `seed`, `epochs`, `batch_size`,
        `learning_rate`. `NetworkSettings` and `TrainingSettings` list all, with their defaults.

    Raises
    ------
    SettingsError
        If there is no such option; the nearest is named.

    Examples
    --------
    >>> Forecaster(units=8, n_seeds=3).training.n_seeds
    3
    >>> Forecaster(unit=8)
    Traceback (most recent call last):
    stockseq.errors.SettingsError: A forecaster has no option `unit`; did you mean `units`?
    """

    network: NetworkSettings
    training: TrainingSettings
    executor: Executor | None
    progress: Progress

    def __init__(
        self,
        network: NetworkSettings | None = None,
        training: TrainingSettings | None = None,
        *,
        executor: Executor | None = None,
        progress: Progress = LINE,
        **options: Unpack[ForecasterOptions],
    ) -> None:
        shape, fit = NetworkSettings.model_fields, TrainingSettings.model_fields
        for name in options:
            if name not in {**shape, **fit}:
                hint = nearest(name, [*shape, *fit], f"there are {', '.join([*shape, *fit])}.")
                raise SettingsError(f"A forecaster has no option `{name}`; {hint}")
        changes = {name: value for name, value in options.items() if name in shape}
        object.__setattr__(self, "network", _changed(network or NetworkSettings(), changes))
        changes = {name: value for name, value in options.items() if name in fit}
        object.__setattr__(self, "training", _changed(training or TrainingSettings(), changes))
        object.__setattr__(self, "executor", executor)
        object.__setattr__(self, "progress", progress)

    def __repr__(self) -> str:
        changed = [
            f"{name}={value!r}"
            for settings in (self.network, self.training)
            for name, value in settings
            if value != type(settings).model_fields[name].get_default(call_default_factory=True)
        ]
        return f"Forecaster({', '.join(changed)})"

    def with_seeds(self, n_seeds: int, *, progress: Progress | None = None) -> "Forecaster":
        """Return the same forecaster with another number of seeds, and another progress where one is given."""
        training = self.training.model_copy(update={"n_seeds": n_seeds})
        progress = self.progress if progress is None else progress
        return Forecaster(self.network, training, executor=self.executor, progress=progress)

    def fit_fold(self, data: Dataset, fold: Fold, *, samples: Samples | None = None) -> "Model":
        """Fit the ensemble on a fold's train and validation sessions.

        Parameters
        ----------
        data : Dataset
            Its lookback is the network's.
        fold : Fold
        samples : Samples, optional
            In place of the dataset's own: of its panel.

        Raises
        ------
        TooFewSessions, TrainingFailed
            If there is nothing to learn from, or a loss stops being a number.
        """
        # TensorFlow takes seconds to import, and a forecaster alone shouldn't.
        from stockseq.models.training import fit_model

        return fit_model(
            data.panel,
            data.samples if samples is None else samples,
            fold,
            network=_changed(self.network, {"lookback": data.inputs.lookback}),
            training=self.training,
            executor=self.executor,
            progress=self.progress,
        )

    def fine_tune(self, base: "Model", data: Dataset, fold: Fold) -> "Model":
        """Train an existing model on, with as many seeds as it has; its shape stays."""
        from stockseq.models.training import fine_tune

        return fine_tune(
            base,
            data.panel,
            data.samples,
            fold,
            training=self.training,
            executor=self.executor,
            progress=self.progress,
        )

    def fit(self, data: Dataset, *, folds: FoldSettings | None = None) -> "FittedForecaster":
        """Fit on the dataset's sessions up to the gap before the next one, the newest of them for early stopping.

        Raises
        ------
        TooFewSessions, TrainingFailed
            If there is nothing to learn from, or a loss stops being a number.
        """
        with data.explain_sessions():
            fold = final_fold(data.sessions, folds or FoldSettings(), n_test=0, horizon=data.inputs.horizon)
        return FittedForecaster(self.fit_fold(data, fold), data.inputs)


@dataclass(frozen=True)
class FittedForecaster:
    """A model with what its inputs are made of."""

    model: "Model"
    inputs: Inputs

    def __repr__(self) -> str:
        n_networks = counted(len(self.model.networks), "network")
        return f"FittedForecaster({n_networks}, trained through {self.model.trained_through:%Y-%m-%d})"

    def forecast_next(self, market: MarketData) -> "NextSession":
        """Forecast the session after the last final one of a market, for every ticker whose bars are complete."""
        from stockseq.models.forecasting import forecast_next

        return forecast_next(self.model, build_dataset(market, self.inputs))

    def why(self, market: MarketData, *, session: pd.Timestamp | str | None = None) -> tuple["Why", ...]:
        """Say what moved the forecast of each ticker, in parts that sum to the forecast less its base.

        It tells of the model and not of the market: what it made of what it read, whether or not that is so.

        Parameters
        ----------
        market : MarketData
        session : Timestamp or str, optional
            The traded session; the newest that can be forecast by default.

        Returns
        -------
        tuple of Why
            By ticker. `stockseq.models.why.tabulate_why` makes a table of them.

        Raises
        ------
        ValueError
            If no ticker has a window that ends on the session.
        """
        from stockseq.models.explaining import explain_forecasts
        from stockseq.models.forecasting import windows_read

        data = build_dataset(market, self.inputs)
        windows = windows_read(self.model, data)
        chosen = windows.sessions[-1:] if session is None else pd.DatetimeIndex([session])
        if not len(windows.on(chosen)):
            at = "" if session is None else f" of {chosen[0].date()}"
            raise ValueError(f"There is no forecast{at} to explain: no ticker has a window of that session.")
        return explain_forecasts(self.model, data, windows.on(chosen), progress=LINE)


def _changed(settings: Settings, changes: Mapping[str, object]) -> Settings:
    return type(settings)(**{**settings.model_dump(), **changes}) if changes else settings
