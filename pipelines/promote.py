"""Make a model the champion by hand, and say so in its record."""

import pandas as pd

from pipelines.screens.console import console
from pipelines.screens.models import show_models
from pipelines.screens.workspace import open_workspace
from stockseq.config import Settings
from stockseq.errors import SettingsError
from stockseq.forecasting.champion import Basis, Incumbent, read_record
from stockseq.forecasting.clock import require_newest
from stockseq.models.bundle import find_bundle, load_bundle
from stockseq.report.text.training import incumbent_sentence, promotion_sentence, standing_sentence


def run_promote(settings: Settings, now: pd.Timestamp, *, model_id: str | None) -> None:
    """Promote a listed model without a comparison; its bundle is loaded first, so that no morning finds it damaged.

    Raises
    ------
    SettingsError
        If no model is named.
    StoreError
        If it isn't listed.
    BundleError
        If its bundle is missing or damaged.
    """
    if not model_id:
        raise SettingsError("Name the model to promote, as in make promote MODEL=...; `make models` lists them.")
    with open_workspace(settings, now, trains=False, create=False) as workspace:
        registry = workspace.registry
        require_newest(workspace.store, registry, now)
        before = registry.list_models()
        if (before.loc[before["state"] == "champion", "model_id"] == model_id).any():
            console.print(f"Model {model_id} is the champion already; nothing has changed.", markup=False)
            return
        entering = before["model_id"] == model_id
        if entering.any():
            read_record(model_id, before.loc[entering, "metrics"].item())
            model = load_bundle(find_bundle(workspace.models, model_id), own_layers=workspace.own_layers)
        registry.promote(model_id, at=now, forced=True)
        listed = registry.list_models()
        record = read_record(model_id, listed.loc[listed["model_id"] == model_id, "metrics"].item())
        console.print(promotion_sentence(model_id, record.forced_over), markup=False)
        basis = record.basis.changes(Basis.of(workspace.inputs))
        changes = workspace.changes(model)
        if basis:
            console.print(incumbent_sentence(Incumbent(model_id, None, basis)), markup=False)
        elif changes:
            console.print(standing_sentence(model_id, changes), markup=False)
    show_models(listed)
