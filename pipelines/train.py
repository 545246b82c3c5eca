"""Train a candidate, judge it against the champion on dates that neither saw, and promote it only if it is better."""

import hashlib
from dataclasses import dataclass
from typing import Any

import pandas as pd
from rich.progress import BarColumn, TextColumn, TimeElapsedColumn

from pipelines.context import Context, open_executor, show_progress
from pipelines.forecast import forecast_known
from pipelines.ingest import ingest, universe
from pipelines.layers import check_layers
from pipelines.prepare import Prepared, account_for_sessions, prepare
from pipelines.screen import show_models, show_outcomes
from pipelines.trials import record_trial
from stockseq.config import Settings
from stockseq.dataset.labels import HORIZON_SESSIONS
from stockseq.dataset.walk_forward import Fold, final_fold
from stockseq.errors import BundleError, SettingsError, counted
from stockseq.evaluate.comparison import compare_forecasts
from stockseq.evaluate.scores import score_forecasts
from stockseq.features.sentiment import scorer_named
from stockseq.features.table import feature_set_name
from stockseq.models.bundle import load_bundle, save_bundle
from stockseq.models.model import Model
from stockseq.models.training import fine_tune, fit_model


@dataclass(frozen=True)
class Champion:
    """The model that forecasts, with the record that it was promoted on."""

    model_id: str
    model: Model
    record: dict[str, Any]
    trained_through: pd.Timestamp


def run_train(settings: Settings, now: pd.Timestamp, *, mode: str) -> None:
    """Ingest, train a candidate, judge it, list the models."""
    if mode not in ("scratch", "finetune"):
        raise SettingsError(f"MODE must be scratch or finetune, received {mode!r}.")
    with open_executor(settings) as executor:
        context = Context(settings, now, executor)
        with context.hold_store():
            tickers = universe(context)
            show_outcomes(ingest(context, tickers))
            prepared = prepare(context, tickers)
            try:
                champion = load_champion(context)
            except BundleError as error:
                if mode == "finetune":
                    raise
                context.say(f"{error} It is replaced.")
                champion = None
            if mode == "finetune":
                _check_base(champion, n_seeds=settings.training.n_seeds)
            train_and_judge(context, prepared, champion, mode=mode)
        show_models(context.registry.list_models())


def _check_base(champion: Champion | None, *, n_seeds: int) -> None:
    """Raise `SettingsError` if there is no champion that a fine-tuning can start from."""
    if champion is None:
        raise SettingsError("There is no champion to fine-tune; train one first with MODE=scratch.")
    n_networks = len(champion.model.networks)
    if n_seeds != n_networks:
        raise SettingsError(
            f"MODE=finetune trains each network of the champion {champion.model_id} on: it has {n_networks}, and SEEDS "
            f"(`training.n_seeds`) is {n_seeds}. Give SEEDS={n_networks}, or MODE=scratch."
        )


def load_champion(context: Context) -> Champion | None:
    """Return the promoted model, or None before the first training and after a change of what it stands on."""
    row = context.registry.champion()
    if row is None:
        return None
    changed = {
        name: (was, now) for name, now in basis(context).items() if (was := row["metrics"]["basis"][name]) != now
    }
    if changed:
        told = ", ".join(f"{name} was {was}, is {now}" for name, (was, now) in changed.items())
        context.say(f"Champion {row['model_id']} stands on other settings ({told}), so it can't forecast here.")
        return None
    model = load_bundle(context.root / "models" / row["model_id"])
    return Champion(row["model_id"], model, row["metrics"], row["trained_through"])


def basis(context: Context) -> dict[str, str]:
    """Return what a model's inputs and label mean; under another basis it would read other numbers as the same."""
    settings = context.settings
    return {
        "label": settings.label,
        "decision": settings.decision,
        "features": feature_set_name(context.features),
        "scorer": scorer_named(settings.scorer).name,
        "headline_latency_s": f"{settings.headline_latency_s:g}",
    }


def train_and_judge(context: Context, prepared: Prepared, champion: Champion | None, *, mode: str) -> Champion:
    """Fit a candidate, score it on the newest sessions, and return whichever model is champion afterwards.

    Both models are compared on the hold-out sessions after the later of their last training labels.
    """
    settings = context.settings
    with account_for_sessions(context, prepared):
        fold = final_fold(
            prepared.sessions, settings.folds, n_test=settings.daily.holdout, horizon=HORIZON_SESSIONS[settings.label]
        )
    through = fold.validation[-1] if len(fold.validation) else fold.train[-1]
    base = champion if mode == "finetune" else None
    seen = data_hash(prepared, fold)
    model_id = context.registry.identify(
        settings.network,
        settings.training,
        trained_through=through,
        data_version=f"{seen} {basis(context)}",
        base=base.model_id if base else None,
    )
    if champion is not None and model_id == champion.model_id:
        context.say(f"Model {model_id} is the champion already: nothing it would learn from has changed.")
        return champion
    # A daily run that trains nothing waits for no check.
    check_layers(settings.network, names=context.feature_names)
    model = fit(context, prepared, fold, base=base.model if base else None)
    forecasts = forecast_known(model, prepared, prepared.samples.on(fold.test))
    record: dict[str, Any] = {
        **score_forecasts(forecasts).to_dict(),
        "first_session": fold.test[0].date().isoformat(),
        "last_session": fold.test[-1].date().isoformat(),
        "basis": basis(context),
        "chosen_over": None,
        "training": model.record,
    }
    candidate = Champion(model_id, model, record, through)
    better = champion is None or _beats(context, prepared, candidate, champion, fold)
    if better and champion is not None:
        record["chosen_over"] = champion.model_id
    record_trial(context, mode, {"accuracy": record["accuracy"]})
    save_bundle(model, context.root / "models" / model_id)
    context.registry.register(
        model_id, model, trained_through=through, metrics=record, at=context.now, data_version=seen, promote=better
    )
    if champion is None:
        context.say(f"Model {model_id} has no champion to beat, and so is the champion.")
        return candidate
    return candidate if better else champion


def fit(context: Context, prepared: Prepared, fold: Fold, *, base: Model | None = None) -> Model:
    """Fit the ensemble on a fold's train and validation sessions, with a progress bar."""
    settings = context.settings
    columns = (TextColumn("{task.description}"), BarColumn(), TextColumn("{task.fields[loss]}"), TimeElapsedColumn())
    with show_progress(*columns) as bar:
        task = bar.add_task(f"Training on {len(fold.train)} sessions", total=None, loss="")

        def progress(done: int, total: int, text: str) -> None:
            bar.update(task, completed=done, total=total, loss=text)

        if base is not None:
            return fine_tune(
                base,
                prepared.panel,
                prepared.samples,
                fold.train,
                fold.validation,
                training=settings.training,
                executor=context.executor,
                progress=progress,
            )
        return fit_model(
            prepared.panel,
            prepared.samples,
            fold.train,
            fold.validation,
            network=settings.network,
            training=settings.training,
            executor=context.executor,
            progress=progress,
        )


def data_hash(prepared: Prepared, fold: Fold) -> str:
    """Return a hash of all that training may see, so that a model's name tells what it learnt from."""
    seen = prepared.samples.on(fold.train.union(fold.validation))
    rows = (prepared.panel.keys["session"] <= seen.session.max()).to_numpy()
    digest = hashlib.sha256(prepared.panel.indicators[rows].tobytes())
    digest.update(repr([texts for texts, known in zip(prepared.panel.texts, rows, strict=True) if known]).encode())
    digest.update(seen.ends.tobytes() + seen.realised_return.tobytes())
    digest.update("\n".join(seen.ticker).encode())
    return digest.hexdigest()[:16]


def _beats(context: Context, prepared: Prepared, candidate: Champion, champion: Champion, fold: Fold) -> bool:
    """Return whether the candidate's log loss is lower beyond noise on the sessions that neither model saw."""
    unseen = fold.test[fold.test > max(champion.trained_through, candidate.trained_through)]
    samples = prepared.samples.on(unseen)
    duel = f"Candidate {candidate.model_id} against champion {champion.model_id}"
    if len(unseen) < 2:
        context.say(f"{duel}: {counted(len(unseen), 'session')} that neither saw can't tell, so the champion stays.")
        return False
    compared = compare_forecasts(
        forecast_known(candidate.model, prepared, samples), forecast_known(champion.model, prepared, samples)
    )
    z = compared.log_loss.z
    better = z is not None and z <= -context.settings.daily.promotion_z
    context.say(
        f"{duel} on {len(samples)} forecasts of {len(unseen)} sessions that neither saw: "
        f"log loss {compared.log_loss.difference:+.5f} (z {'none' if z is None else format(z, '+.2f')}), "
        f"accuracy {100 * compared.accuracy.difference:+.1f} points. "
        + ("Promoted." if better else "Not better beyond noise, so the champion stays.")
    )
    return better
