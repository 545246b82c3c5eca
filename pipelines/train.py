"""Train a candidate, judge it against the champion on dates that neither saw, and promote it only if it is better."""

import pandas as pd

from pipelines.screens.console import console
from pipelines.screens.models import show_models
from pipelines.screens.outcomes import show_outcomes
from pipelines.screens.workspace import open_workspace, show_doubts
from stockseq.config import Settings
from stockseq.errors import BundleError, SettingsError
from stockseq.forecasting.champion import Incumbent
from stockseq.report.text.training import challenge_sentence, incumbent_sentence

MODES = ("scratch", "finetune")


def run_train(settings: Settings, now: pd.Timestamp, *, mode: str) -> None:
    """Ingest, train a candidate, judge it, list the models."""
    if mode not in MODES:
        raise SettingsError(f"MODE must be scratch or finetune, received {mode!r}.")
    with open_workspace(settings, now) as workspace:
        ingested, market = workspace.ingest(workspace.universe())
        show_outcomes(ingested)
        data = workspace.dataset(market)
        show_doubts(data, settings)
        try:
            incumbent = workspace.incumbent()
        except BundleError as error:
            if mode == "finetune":
                raise
            console.print(f"{error} It is replaced.", markup=False)
            incumbent = Incumbent(None, None, {})
        if incumbent.changes:
            console.print(incumbent_sentence(incumbent), markup=False)
        result = workspace.challenge(data, incumbent.champion, fine_tune=mode == "finetune")
        console.print(challenge_sentence(result), markup=False)
    show_models(workspace.registry.list_models())
