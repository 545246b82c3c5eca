"""The bars that are held back because nothing explains their move: list them, or accept some."""

import pandas as pd

from pipelines.screens.console import console
from pipelines.screens.doubts import show_doubted
from pipelines.screens.workspace import open_workspace
from stockseq.config import Settings
from stockseq.errors import SettingsError, counted, nearest
from stockseq.forecasting.clock import require_newest
from stockseq.ingestion.holes import find_holes
from stockseq.ingestion.quarantine import accept_doubts, open_doubts, read_quarantine
from stockseq.schemas import has_session_of


def run_doubts(settings: Settings, now: pd.Timestamp, *, accept: str | None = None) -> None:
    """List what is held back, or take the bars that `accept` names into the store.

    Raises
    ------
    SettingsError
        If `accept` names no doubt; nothing is accepted then.
    StoreError
        If `now` lies before the store's newest forecast or model: what is accepted would be backdated.
    """
    with open_workspace(settings, now, trains=False, create=False) as workspace:
        store = workspace.store
        known = read_quarantine(store, before=now + pd.Timedelta(microseconds=1))
        doubts = open_doubts(known)
        if accept:
            require_newest(store, workspace.registry, now)
            chosen = choose_doubts(doubts, accept)
            appended = accept_doubts(store, chosen, at=now)
            names = ", ".join(chosen["ticker"].head(5) + " " + chosen["session"].head(5).dt.strftime("%Y-%m-%d"))
            more = f" and {len(chosen) - 5} more" if len(chosen) > 5 else ""
            console.print(
                f"Accepted: {names}{more}. {counted(appended.n_rows, 'bar')} went into the store as later vintages; "
                "what was there before stays readable, and a later answer that fits better corrects them.",
                markup=False,
            )
            return
        market = workspace.market()
        missing = find_holes(market.bars, market.calendar)
        # A session whose bar is held back is listed as such.
        show_doubted(doubts, market.bars, missing[~has_session_of(missing, doubts)])


def choose_doubts(doubts: pd.DataFrame, accept: str) -> pd.DataFrame:
    """Return the doubts that are named as TICKER or TICKER:SESSION, separated by spaces.

    Raises
    ------
    SettingsError
        If a name is misspelt, or names none of them.

    Examples
    --------
    >>> doubts = pd.DataFrame({"ticker": ["KOLA", "KOLA"], "session": pd.to_datetime(["2024-11-27", "2024-11-29"])})
    >>> len(choose_doubts(doubts, "KOLA")), len(choose_doubts(doubts, "KOLA:2024-11-29"))
    (2, 1)
    """
    names = doubts["ticker"] + ":" + doubts["session"].dt.strftime("%Y-%m-%d")
    chosen = pd.Series(False, index=doubts.index)
    for word in accept.split():
        found = (names == word) | (doubts["ticker"] == word)
        if not found.any():
            listed = f"there are {', '.join(names.head(5))}." if len(names) else "nothing is held back."
            hint = nearest(word, [*names, *doubts["ticker"].unique()], listed)
            raise SettingsError(
                f'ACCEPT names doubts as TICKER or TICKER:SESSION, as in ACCEPT="AAPL:2024-11-29", and {word} is none '
                f"of those that `make doubts` lists; {hint} Nothing was accepted."
            )
        chosen |= found
    return doubts[chosen]
