"""Which tickers a store works on: some are added, some are removed, and the ledger keeps all."""

from collections.abc import Sequence

import pandas as pd

from pipelines.screens.console import console
from pipelines.screens.outcomes import show_outcomes
from pipelines.screens.workspace import open_workspace
from stockseq.config import Settings
from stockseq.errors import SettingsError, SourceError, counted
from stockseq.forecasting.clock import require_newest
from stockseq.models.forecasting import UNFETCHED


def run_add(settings: Settings, now: pd.Timestamp, *, tickers: Sequence[str]) -> None:
    """Fetch the tickers, and let those that came belong to every run from now on.

    Raises
    ------
    SettingsError
        If none are named.
    SourceError
        If not one of them could be fetched.
    """
    if not tickers:
        raise SettingsError('Name the tickers to add, as in make add TICKERS="NEE COST".')
    with open_workspace(settings, now, trains=False) as workspace:
        require_newest(workspace.store, workspace.registry, now)
        ingested, market = workspace.ingest(tickers)
        show_outcomes(ingested, with_page=False)
        came = [name for name in tickers if ingested.outcomes[name].status not in UNFETCHED and name in market.tickers]
        if not came:
            raise SourceError("Not one of the tickers has a bar, so none was added.")
        # Of a store that was empty the tickers named are all there is.
        present = workspace.with_settings(tickers=()).with_added(came)
    console.print(
        f"Added: {', '.join(came)}. Every run has {counted(len(present), 'ticker')} now; the champion forecasts them "
        "as it is, and `make train` trains a candidate on them all.",
        markup=False,
    )


def run_remove(settings: Settings, now: pd.Timestamp, *, tickers: Sequence[str]) -> None:
    """Leave the tickers out of every run from now on.

    Raises
    ------
    SettingsError
        If none are named.
    SourceError
        If one of them isn't there, or they are all that there are; nothing is removed then.
    """
    if not tickers:
        raise SettingsError('Name the tickers to remove, as in make remove TICKERS="XOM".')
    with open_workspace(settings, now, trains=False, create=False) as workspace:
        require_newest(workspace.store, workspace.registry, now)
        whole = workspace.with_settings(tickers=())
        whole.remove(tickers)
        n_left = len(whole.universe())
    left = "1 ticker is left" if n_left == 1 else f"{counted(n_left, 'ticker')} are left"
    console.print(
        f"Removed: {', '.join(tickers)}. {left}; bars, headlines and the forecasts in "
        "the ledger stay, and a forecast that is open is still scored with the bars that the store has.",
        markup=False,
    )
