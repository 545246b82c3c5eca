"""A fitted model: an ensemble of networks with the scaler and vocabulary that they were trained with."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.stats import norm

from stockseq.dataset.panel import Panel
from stockseq.dataset.scaling import Scaler
from stockseq.dataset.vocabulary import Vocabulary
from stockseq.models.matrix import Matrix, check_windows, make_predictor
from stockseq.models.network import reads_text
from stockseq.models.settings import NetworkSettings, TrainingSettings
from stockseq.schemas import SESSION, Forecasts, as_forecasts

# A probability of exactly 0 or 1 claims what no sample can show, and has no finite log loss.
SUREST = 1e-6


@dataclass(frozen=True)
class Model:
    """All that a forecast needs.

    Parameters
    ----------
    networks : tuple of keras.Model
        One per seed of `training.seeds`.
    names : tuple of str
        The features, in the order that the networks read them.
    scaler, vocabulary : Scaler, Vocabulary
        Learnt on the training rows alone.
    network, training : NetworkSettings, TrainingSettings
    trained_through : Timestamp
        The newest session whose label was used, for training or for early stopping.
    median_volatility : float
        Of the training samples, a fraction per session.
    record : mapping
        How it was fitted: samples, class balance, and per seed the epochs and losses; JSON-able.
    """

    networks: tuple[Any, ...]
    names: tuple[str, ...]
    scaler: Scaler
    vocabulary: Vocabulary
    network: NetworkSettings
    training: TrainingSettings
    trained_through: pd.Timestamp
    median_volatility: float
    record: Mapping[str, Any] = field(default_factory=dict)

    def forecast(
        self, panel: Panel, ends: npt.NDArray[np.int64], *, volatility: npt.ArrayLike | None = None
    ) -> Forecasts:
        """Forecast the session of each window's last row.

        Parameters
        ----------
        panel : Panel
            With the features that the model was trained with, in any order.
        ends : int64 array of shape (n,)
            Rows on which windows end, from `window_ends(panel.keys, model.network.lookback)`.
        volatility : array of shape (n,), optional
            The volatility known at each decision, a fraction per session, from `compute_volatility`; it turns the
            volatility-scaled return into a return. The training samples' median by default.

        Returns
        -------
        Forecasts of n rows
            With a column `probability_up_seed_<seed>` per network; `probability_up` is their mean and `expected_return`
            the mean return as a fraction. Where a head is missing, its figure follows from the other's under a normal
            law: probability = Phi(expected_return / volatility).

        Raises
        ------
        ValueError
            If the panel lacks a feature, a window leaves its ticker, or a volatility isn't positive and finite.
        """
        check_windows(panel.keys, ends, self.network.lookback)
        spread = self._volatility(volatility, len(ends))
        seeds = self.training.seeds
        keys = panel.keys.loc[ends, ["ticker", "session", "decision_at"]].reset_index(drop=True)
        if not len(ends):
            nothing = {name: pd.Series(dtype=np.float64) for name in _columns(seeds)}
            return as_forecasts(keys.assign(**nothing))
        read = make_matrix(panel, self.names, self.scaler, self.vocabulary, self.network).reader()
        outputs = [make_predictor(network, read)(ends) for network in self.networks]
        up = np.stack([_probability(output) for output in outputs])
        scaled = np.stack([_scaled_return(output) for output in outputs])
        values = [up.mean(axis=0), scaled.mean(axis=0) * spread, *up]
        return as_forecasts(keys.assign(**dict(zip(_columns(seeds), values, strict=True))))

    def _volatility(self, volatility: npt.ArrayLike | None, n: int) -> npt.NDArray[np.float64]:
        if volatility is None:
            return np.full(n, self.median_volatility)
        given = np.asarray(volatility, dtype=np.float64)
        if given.shape != (n,) or not (np.isfinite(given) & (given > 0)).all():
            raise ValueError(
                f"`volatility` must be {n} positive, finite fractions, one per window; received the shape "
                f"{given.shape} with {int((~(np.isfinite(given) & (given > 0))).sum())} that are not."
            )
        return given


def make_matrix(
    panel: Panel, names: tuple[str, ...], scaler: Scaler, vocabulary: Vocabulary, network: NetworkSettings
) -> Matrix:
    """Return the panel as the networks read it; raise `ValueError` if it lacks a feature."""
    missing = [name for name in names if name not in panel.names]
    if missing:
        raise ValueError(
            f"The model was trained with the features {missing}, which the panel lacks; it has {panel.names}."
        )
    columns = [panel.names.index(name) for name in names]
    text = None
    if reads_text(network, len(vocabulary)):
        text = vocabulary.encode(panel.texts, network.headlines_per_session, network.tokens_per_headline)
    return Matrix(scaler.transform(panel.indicators[:, columns]), text, network.lookback)


def _columns(seeds: tuple[int, ...]) -> list[str]:
    return ["probability_up", "expected_return", *(f"probability_up_seed_{seed}" for seed in seeds)]


def _probability(output: Mapping[str, npt.NDArray[np.float64]]) -> npt.NDArray[np.float64]:
    up = output["direction"] if "direction" in output else norm.cdf(output["return"])
    return np.clip(up, SUREST, 1 - SUREST)


def _scaled_return(output: Mapping[str, npt.NDArray[np.float64]]) -> npt.NDArray[np.float64]:
    return output["return"] if "return" in output else norm.ppf(_probability(output))


def as_session(instant: Any) -> pd.Timestamp:
    """Return a tz-naive session in the unit of the tables."""
    return pd.DatetimeIndex([instant]).astype(SESSION)[0]
