"""A fitted model: an ensemble of networks with the scaler and vocabulary that they were trained with."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from stockseq.dataset.panel import Panel
from stockseq.dataset.scaling import Scaler
from stockseq.dataset.tokens import TokenRows, join_rows
from stockseq.dataset.vocabulary import Vocabulary
from stockseq.dataset.windows import Windows, window_rows
from stockseq.models.cross_section import read_scaled
from stockseq.models.distribution import Calibration, Floats, describe, describe_apart, read_outputs
from stockseq.models.matrix import Matrix, check_windows, make_predictor
from stockseq.models.network import reads_text
from stockseq.models.settings import NetworkSettings, TrainingSettings
from stockseq.models.training_record import SampleBalance as SampleBalance
from stockseq.models.training_record import SeedTraining as SeedTraining
from stockseq.models.training_record import TrainingRecord as TrainingRecord
from stockseq.schemas import SESSION, Forecasts, as_forecasts


@dataclass(frozen=True)
class Model:
    """All that a forecast needs.

    Parameters
    ----------
    networks : tuple of keras.Model
        One per seed of `training.seeds`.
    names : tuple of str
        The features, in the order that the networks read them; one that ends in `_in_session` is the feature before
        that, among the session's tickers.
    scaler, vocabulary : Scaler, Vocabulary
        Learnt on the training rows alone.
    network, training : NetworkSettings, TrainingSettings
    trained_through : Timestamp
        The newest session whose label was used, for training or for early stopping.
    median_volatility : float
        Of the training samples, a fraction per session.
    record : TrainingRecord
    calibration : Calibration, optional
        Of the intervals; a model of before 0.3 has none, and forecasts no size.
    """

    networks: tuple[Any, ...]
    names: tuple[str, ...]
    scaler: Scaler
    vocabulary: Vocabulary
    network: NetworkSettings
    training: TrainingSettings
    trained_through: pd.Timestamp
    median_volatility: float
    record: TrainingRecord = field(default_factory=TrainingRecord)
    calibration: Calibration | None = None

    def forecast(self, panel: Panel, windows: Windows) -> Forecasts:
        """Forecast the session of each window's last row.

        Parameters
        ----------
        panel : Panel
            With the features that the model was trained with, in any order.
        windows : Windows of the panel, n of them
            Of the model's lookback. Their volatility turns the volatility-scaled return into a return.

        Returns
        -------
        Forecasts of n rows
            With a column `probability_up_seed_<seed>` per network, of which `probability_up` is the mean. The sign of
            `expected_return` is that of `probability_up` less a half, and it lies within the intervals: all are of one
            predictive distribution. `relative` is NaN without the relative head.

        Raises
        ------
        ValueError
            If the panel lacks a feature, a window leaves its ticker, or a volatility isn't positive and finite.
        """
        check_windows(panel.keys, windows.ends, self.network.lookback)
        _check_volatility(windows.volatility)
        names = [f"probability_up_seed_{seed}" for seed in self.training.seeds]
        keys = panel.keys.loc[windows.ends, ["ticker", "session", "decision_at"]].reset_index(drop=True)
        if not len(windows):
            nothing = dict.fromkeys(("probability_up", "expected_return", *names), pd.Series(dtype=np.float64))
            return as_forecasts(keys.assign(**nothing))
        matrix, ends = self.read(panel, windows.ends)
        reader = matrix.reader()
        outputs = [make_predictor(network, reader)(ends) for network in self.networks]
        columns, by_network = self.describe(outputs, windows.volatility)
        return as_forecasts(keys.assign(**columns, **dict(zip(names, by_network, strict=True))))

    def describe(self, outputs: Sequence[Mapping[str, Floats]], volatility: Floats) -> tuple[dict[str, Floats], Floats]:
        """Return the forecast columns of n windows and each network's probability, of shape (n_seeds, n).

        Parameters
        ----------
        outputs : sequence of mapping, one per network
            The values of its heads, of shape (n,).
        volatility : array of shape (n,)
            Of the windows.
        """
        readings = read_outputs(outputs, volatility)
        if self.calibration is None:
            return describe_apart(readings, volatility)
        return describe(readings, self.calibration, volatility, self.median_volatility)

    def read(self, panel: Panel, ends: npt.NDArray[np.int64]) -> tuple[Matrix, npt.NDArray[np.int64]]:
        """Return the rows that windows read, as the networks read them, and where the windows end in them."""
        return make_matrix(panel, ends, self.names, self.scaler, self.vocabulary, self.network)


def make_matrix(
    panel: Panel,
    ends: npt.NDArray[np.int64],
    names: tuple[str, ...],
    scaler: Scaler,
    vocabulary: Vocabulary,
    network: NetworkSettings,
) -> tuple[Matrix, npt.NDArray[np.int64]]:
    """Return the rows that windows read, scaled and encoded, and the places in them where the windows end.

    No row of another session is looked at: one session's forecasts cost as much with ten years before them as with one.
    A window that holds a headline first seen late has rows of its own, as its decision knew them.

    Parameters
    ----------
    panel : Panel
    ends : int64 array of shape (n,)
        Rows of the panel on which windows of `network.lookback` rows end.
    names : tuple of str
        The features, in the order that the network reads them.
    scaler, vocabulary, network
        Of the model.

    Returns
    -------
    (Matrix, int64 array of shape (n,))

    Raises
    ------
    ValueError
        If the panel lacks a feature.
    """
    reads_words = reads_text(network, len(vocabulary))
    indicators: list[npt.NDArray[np.float32]] = []
    texts: list[TokenRows] = []
    places, n_rows = np.empty(len(ends), dtype=np.int64), 0
    for view, windows in panel.views(ends, network.lookback):
        rows = window_rows(ends[windows], network.lookback)
        indicators.append(read_scaled(view, rows, names, scaler))
        if reads_words:
            words = [view.texts[row] for row in rows]
            texts.append(vocabulary.encode(words, network.headlines_per_session, network.tokens_per_headline))
        places[windows] = n_rows + np.searchsorted(rows, ends[windows])
        n_rows += len(rows)
    text = join_rows(texts) if reads_words else None
    return Matrix(_joined(indicators), text, network.lookback), places


def _joined(parts: list[npt.NDArray[np.float32]]) -> npt.NDArray[np.float32]:
    """Return the parts as one array; a single one, which may be large, is not copied."""
    return parts[0] if len(parts) == 1 else np.concatenate(parts)


def _check_volatility(volatility: npt.NDArray[np.float64]) -> None:
    usable = np.isfinite(volatility) & (volatility > 0)
    if not usable.all():
        raise ValueError(
            f"The volatility of each window must be a positive, finite fraction; {int((~usable).sum())} of "
            f"{len(volatility)} are not. Build them with `build_windows`."
        )


def as_session(instant: Any) -> pd.Timestamp:
    """Return a tz-naive session in the unit of the tables."""
    return pd.DatetimeIndex([instant]).astype(SESSION)[0]
