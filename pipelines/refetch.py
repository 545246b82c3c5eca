"""Ask for the whole history of some tickers again, compare it with what is stored, and show what that changed."""

from collections.abc import Sequence

import pandas as pd

from pipelines.screens.doubts import show_changes
from pipelines.screens.outcomes import show_outcomes
from pipelines.screens.workspace import open_workspace
from stockseq.config import Settings
from stockseq.errors import SettingsError, SourceError, counted, nearest
from stockseq.forecasting.clock import require_newest
from stockseq.ingestion.changes import changed_actions, changed_bars


def run_refetch(settings: Settings, now: pd.Timestamp, *, tickers: Sequence[str]) -> None:
    """Fetch the tickers whole, and show which bars and actions are other ones now.

    Raises
    ------
    SettingsError
        If none are named.
    StoreError
        If `now` lies before the store's newest forecast or model: what is fetched would be backdated.
    SourceError
        If the store lacks one of them, or not one could be fetched; nothing is changed then.
    """
    if not tickers:
        raise SettingsError('Name the tickers to fetch again, as in make refetch TICKERS="NEE COST".')
    with open_workspace(settings, now, trains=False, create=False) as workspace:
        require_newest(workspace.store, workspace.registry, now)
        stored = workspace.market()
        foreign = [ticker for ticker in tickers if ticker not in stored.tickers]
        if foreign:
            hint = nearest(foreign[0], stored.tickers, f"there are {', '.join(stored.tickers[:10])}.")
            raise SourceError(
                f"{foreign[0]} isn't among the {counted(len(stored.tickers), 'ticker')} of the store; {hint} "
                "`make add` brings new ones."
            )
        before = stored.of(tickers)
        ingested, after = workspace.ingest(tickers, whole=True)
        show_outcomes(ingested, with_page=False)
        ingested.require_any()
        show_changes(changed_bars(before, after.of(tickers)), changed_actions(before, after.of(tickers)))
