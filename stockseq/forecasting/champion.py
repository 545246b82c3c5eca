"""A candidate against the champion, on sessions that neither saw: it is promoted only if it is better beyond noise."""

import hashlib
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd
from pydantic import ValidationError

from stockseq.dataset.dataset import Dataset, Inputs
from stockseq.dataset.folds import Fold
from stockseq.dataset.labels import name_label
from stockseq.errors import SettingsError, StoreError
from stockseq.evaluate.comparison import Comparison, compare_forecasts
from stockseq.evaluate.scores import Scores, score_forecasts
from stockseq.features.news import as_latency
from stockseq.features.table import feature_set_name
from stockseq.models.bundle import find_bundle, load_bundle, save_bundle
from stockseq.models.forecaster import Forecaster
from stockseq.models.forecasting import forecast_samples
from stockseq.models.registry import Registry
from stockseq.models.settings import NetworkSettings, TrainingSettings
from stockseq.models.training_record import TrainingRecord
from stockseq.results import Result

if TYPE_CHECKING:
    from stockseq.models.model import Model


class Basis(Result):
    """What a model's inputs and label mean; under another basis it would read other numbers as the same."""

    label: str
    decision: str
    features: str
    scorer: str
    headline_latency_s: str

    @classmethod
    def of(cls, inputs: Inputs) -> "Basis":
        """Return the basis of a dataset."""
        return cls(
            label=name_label(inputs.horizon),
            decision=str(inputs.decision),
            features=feature_set_name(inputs.features),
            scorer=inputs.scorer.name,
            headline_latency_s=str(as_latency(inputs.latency)),
        )

    def changes(self, now: "Basis") -> Mapping[str, tuple[str, str]]:
        """Return by name what it was and what it is now, where the two differ."""
        pairs = {name: (getattr(self, name), getattr(now, name)) for name in type(self).model_fields}
        return {name: pair for name, pair in pairs.items() if pair[0] != pair[1]}


class ModelRecord(Scores):
    """A model's scores on sessions that its training never saw, and what they were measured on.

    `chosen_over` is the champion that it beat, `forced_over` the one that it was put in place of by hand; `tickers` are
    those it was trained on, none in records of before they were noted.
    """

    first_session: str
    last_session: str
    basis: Basis
    chosen_over: str | None = None
    forced_over: str | None = None
    tickers: tuple[str, ...] = ()
    training: TrainingRecord = TrainingRecord()


def read_record(model_id: str, metrics: Mapping[str, object]) -> ModelRecord:
    """Return the record of a model as the table `models` has it; raise `StoreError` for what is none."""
    try:
        return ModelRecord.from_dict(metrics)
    except ValidationError as error:
        wrong = error.errors()[0]
        raise StoreError(
            f"The table `models` is damaged at the model {model_id[:80]!r}: its record can't be read "
            f"({'.'.join(map(str, wrong['loc']))}: {wrong['msg']}). Put the table back from a copy."
        ) from error


@dataclass(frozen=True)
class Champion:
    """A model with the record that it was promoted on, or is to be."""

    model_id: str
    model: "Model"
    record: ModelRecord
    trained_through: pd.Timestamp


@dataclass(frozen=True)
class Challenge:
    """How a candidate did.

    Parameters
    ----------
    candidate : Champion
    champion : Champion or None
        The one that it had to beat.
    comparison : Comparison or None
        The candidate less the champion; None without a champion or without sessions to compare them on.
    n_sessions : int
        Sessions that neither saw.
    promoted : bool
    unchanged : bool
        The candidate would be the champion itself, so nothing was trained.
    """

    candidate: Champion
    champion: Champion | None
    comparison: Comparison | None
    n_sessions: int
    promoted: bool
    unchanged: bool = False

    @property
    def winner(self) -> Champion:
        """The model that forecasts from now on."""
        return self.candidate if self.promoted or self.champion is None else self.champion


def challenge(
    forecaster: Forecaster,
    data: Dataset,
    fold: Fold,
    champion: Champion | None,
    *,
    fine_tune: bool = False,
    promotion_z: float,
    before_fit: Callable[[], None] = lambda: None,
) -> Challenge:
    """Fit a candidate, score it on the fold's test sessions, and compare it with the champion.

    Both models are compared on the test sessions after the later of their last training labels.

    Parameters
    ----------
    forecaster : Forecaster
    data : Dataset
    fold : Fold
        Its test sessions are held out.
    champion : Champion or None
    fine_tune : bool, default=False
        Train the champion on, instead of a new model.
    promotion_z : float
        Standard errors by which the candidate's log loss must be lower.
    before_fit : callable, optional
        Called once it is clear that a candidate must be fitted.

    Raises
    ------
    SettingsError
        If there is no champion to fine-tune, or it has another number of networks than `n_seeds` or another shape.
    """
    base = _base(forecaster, champion) if fine_tune else None
    through = (fold.validation if len(fold.validation) else fold.train)[-1]
    basis = Basis.of(data.inputs)
    model_id = Registry.identify(
        forecaster.network,
        forecaster.training,
        trained_through=through,
        data_version=f"{hash_training_data(data, fold)} {basis.to_dict()}",
        base=None if base is None else base.model_id,
    )
    if champion is not None and model_id == champion.model_id:
        return Challenge(champion, champion, None, 0, promoted=False, unchanged=True)
    before_fit()
    model = forecaster.fit_fold(data, fold) if base is None else forecaster.fine_tune(base.model, data, fold)
    forecasts = forecast_samples(model, data.panel, data.samples.on(fold.test))
    scores = score_forecasts(forecasts, horizon=data.inputs.horizon)
    first, last = (session.date().isoformat() for session in fold.test[[0, -1]])
    record = ModelRecord.from_dict(
        {
            **scores.to_dict(),
            "first_session": first,
            "last_session": last,
            "basis": basis.to_dict(),
            "tickers": sorted(set(data.samples.on(fold.train).ticker.astype(str))),
            "training": model.record.to_dict(),
        }
    )
    candidate = Champion(model_id, model, record, through)
    if champion is None:
        return Challenge(candidate, None, None, 0, promoted=True)
    return _duel(candidate, champion, data, fold, promotion_z=promotion_z)


def _base(forecaster: Forecaster, champion: Champion | None) -> Champion:
    if champion is None:
        raise SettingsError("There is no champion to fine-tune; train one first with MODE=scratch.")
    n_networks, n_seeds = len(champion.model.networks), forecaster.training.n_seeds
    if n_networks != n_seeds:
        raise SettingsError(
            f"MODE=finetune trains each network of the champion {champion.model_id} on: it has {n_networks}, and SEEDS "
            f"(`training.n_seeds`) is {n_seeds}. Give SEEDS={n_networks}, or MODE=scratch."
        )
    changes = settings_changes(champion.model, forecaster.network, champion.model.training)
    if changes:
        listed = ", ".join(f"{name} was {before}, is {now}" for name, (before, now) in changes.items())
        raise SettingsError(
            f"MODE=finetune keeps the shape of the champion {champion.model_id}, and the settings ask for another "
            f"({listed}). Give MODE=scratch, or take these settings back."
        )
    return champion


def _duel(candidate: Champion, champion: Champion, data: Dataset, fold: Fold, *, promotion_z: float) -> Challenge:
    """Return whether the candidate's log loss is lower beyond noise on the sessions that neither model saw."""
    unseen = fold.test[fold.test > max(champion.trained_through, candidate.trained_through)]
    if len(unseen) < 2:
        return Challenge(candidate, champion, None, len(unseen), promoted=False)
    samples = data.samples.on(unseen)
    pair = (forecast_samples(each.model, data.panel, samples) for each in (candidate, champion))
    comparison = compare_forecasts(*pair, horizon=data.inputs.horizon)
    z = comparison.log_loss.z
    better = z is not None and z <= -promotion_z
    if better:
        record = candidate.record.model_copy(update={"chosen_over": champion.model_id})
        candidate = Champion(candidate.model_id, candidate.model, record, candidate.trained_through)
    return Challenge(candidate, champion, comparison, len(unseen), promoted=better)


def enter(result: Challenge, registry: Registry, models: Path, *, at: pd.Timestamp, data_version: str) -> None:
    """Save the candidate's bundle and list it, as champion where it was promoted."""
    candidate = result.candidate
    save_bundle(candidate.model, models / candidate.model_id)
    registry.register(
        candidate.model_id,
        candidate.model,
        trained_through=candidate.trained_through,
        metrics=candidate.record.to_dict(),
        at=at,
        data_version=data_version,
        promote=result.promoted,
    )


@dataclass(frozen=True)
class Incumbent:
    """Who is champion of a label: nobody yet, a model that stands on another basis, or one that can forecast.

    `changes` says per part of the basis what it was and what it is now; empty where the champion can forecast.
    """

    model_id: str | None
    champion: Champion | None
    changes: Mapping[str, tuple[str, str]]


def settings_changes(
    model: "Model", network: NetworkSettings, training: TrainingSettings
) -> Mapping[str, tuple[str, str]]:
    """Return by dotted name what a setting is in a model and what it is now, where the two differ.

    The seeds count, too: another number of networks is another forecast.
    """
    pairs = (("network", model.network, network), ("training", model.training, training))
    return {
        f"{table}.{name}": (str(value), str(getattr(now, name)))
        for table, before, now in pairs
        for name, value in before
        if value != getattr(now, name)
    }


def load_champion(registry: Registry, models: Path, basis: Basis, *, own_layers: Collection[str] = ()) -> Incumbent:
    """Return the model that was promoted for the label of a basis, unless it stands on another than this one.

    Its bundle may name the `own_layers`, as for `load_bundle`.

    Raises
    ------
    BundleError
        If its bundle is missing, damaged or unsafe.
    """
    row = registry.champion(basis.label)
    if row is None:
        return Incumbent(None, None, {})
    record = read_record(row.model_id, row.metrics)
    changes = record.basis.changes(basis)
    if changes:
        return Incumbent(row.model_id, None, changes)
    model = load_bundle(find_bundle(models, row.model_id), own_layers=own_layers)
    return Incumbent(row.model_id, Champion(row.model_id, model, record, row.trained_through), {})


def forecast_record(champion: Champion, data: Dataset) -> pd.DataFrame:
    """Return the champion's forecasts of every session since its training ended, with what was realised."""
    first = pd.Timestamp(champion.record.first_session)
    return forecast_samples(champion.model, data.panel, data.samples.on(data.sessions[data.sessions >= first]))


def hash_training_data(data: Dataset, fold: Fold) -> str:
    """Return a hash of all that training may see, so that a model's name tells what it learnt from."""
    seen = data.samples.on(fold.train.union(fold.validation))
    rows = (data.panel.keys["session"] <= seen.session.max()).to_numpy()
    digest = hashlib.sha256(data.panel.indicators[rows].tobytes())
    digest.update(repr([texts for texts, inside in zip(data.panel.texts, rows, strict=True) if inside]).encode())
    if data.panel.late is not None:
        digest.update(data.panel.late.until(seen.session.max()).to_bytes())
    digest.update(seen.ends.tobytes() + seen.realised_return.tobytes())
    digest.update("\n".join(seen.ticker).encode())
    return digest.hexdigest()[:16]
