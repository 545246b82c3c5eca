"""Where a store's bars come from: remembered, so that a run that names no source goes on with the same one."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import pandas as pd

from stockseq.errors import SettingsError
from stockseq.ingestion.notes import append_notes
from stockseq.schemas import ACTIONS, BARS, HEADLINES, as_actions, as_bars, as_headlines, empty
from stockseq.sources.source import FetchedBars, FetchedHeadlines, Outcome
from stockseq.store import Store

TABLE = "sources"
SIMULATED, FILES = "simulated", "files"
# What bars name as their source and settings know, too: of several, the first goes on. Files can't be asked again.
NAMED_BY_BARS = ("yahoo", SIMULATED, "stocknet", FILES)
# A longer market begins with the sessions of a shorter one.
LENGTH = "n_sessions"


@dataclass(frozen=True)
class Origin:
    """The source that a store was last brought up to date from, and the settings of that source.

    `settings` is empty where nothing but the bars themselves tells the source.
    """

    source: str
    settings: Mapping[str, object] = field(default_factory=dict)


def read_origin(store: Store) -> Origin | None:
    """Return where a store's bars come from, or None for a store without any.

    Examples
    --------
    >>> import tempfile
    >>> store = Store(tempfile.mkdtemp())
    >>> read_origin(store)
    >>> remember_origin(store, Origin("simulated", {"seed": 7}), at=pd.Timestamp("2024-11-29T12:00Z"))
    >>> read_origin(store)
    Origin(source='simulated', settings={'seed': 7})
    """
    if store.version(TABLE) is not None:
        row = store.read(TABLE).sort_values("at", kind="stable").iloc[-1]
        return Origin(row["source"], json.loads(row["settings"]))
    if store.version("bars") is None:
        return None
    found = set(store.read("bars", columns=["source"])["source"].unique())
    return next((Origin(name) for name in NAMED_BY_BARS if name in found), None)


def remember_origin(store: Store, origin: Origin, *, at: pd.Timestamp, before: Origin | None = None) -> None:
    """Note where a store's bars come from now; what was noted `before` is not noted again."""
    if before == origin:
        return
    row = {"at": at, "source": origin.source, "settings": json.dumps(dict(origin.settings), sort_keys=True)}
    append_notes(store, TABLE, [row])


def check_origin(before: Origin | None, now: Origin, *, data: str) -> None:
    """Raise `SettingsError` where a simulated market would be mixed with a real one, or with another simulated one.

    Examples
    --------
    >>> check_origin(Origin("yahoo"), Origin("simulated"), data="data")
    Traceback (most recent call last):
    stockseq.errors.SettingsError: The store data holds bars from yahoo, and `source` is simulated: real and invented \
prices don't mix. Name another data root for it, such as DATA=simulated.
    """
    if before is None:
        return
    if (before.source == SIMULATED) != (now.source == SIMULATED):
        raise SettingsError(
            f"The store {data} holds bars from {before.source}, and `source` is {now.source}: real and invented prices "
            f"don't mix. Name another data root for it, such as DATA={now.source}."
        )
    both = (before.settings.keys() & now.settings.keys()) - {LENGTH}
    changed = [name for name in sorted(both) if before.settings[name] != now.settings[name]]
    if before.source == SIMULATED and changed:
        listed = ", ".join(f"simulated.{name} was {before.settings[name]}, is {now.settings[name]}" for name in changed)
        raise SettingsError(
            f"The store {data} holds another simulated market ({listed}). Take the setting back, or name another data "
            "root for this one, such as DATA=another-market."
        )


class StoredSource:
    """A store of imported files, which nothing but `make import` adds to: it has nothing new of any ticker.

    Examples
    --------
    >>> now = pd.Timestamp("2024-11-29T12:00Z")
    >>> StoredSource(("KOLA",)).fetch_headlines(["KOLA", "LIMO"], since=None, now=now).outcomes["LIMO"].status
    'unknown'
    """

    name = FILES
    # Nothing is asked again, so no session counts as missing at a source.
    is_local = True

    def __init__(self, tickers: Sequence[str]) -> None:
        self.tickers = tuple(tickers)

    def fetch_bars(self, first_sessions: Mapping[str, pd.Timestamp], *, now: pd.Timestamp) -> FetchedBars:
        """Return no bar; a ticker that the store lacks is unknown."""
        return FetchedBars(as_bars(empty(BARS)), as_actions(empty(ACTIONS)), self._outcomes(first_sessions))

    def fetch_headlines(
        self, tickers: Sequence[str], *, since: pd.Timestamp | None, now: pd.Timestamp
    ) -> FetchedHeadlines:
        """Return no headline."""
        return FetchedHeadlines(as_headlines(empty(HEADLINES)), self._outcomes(tickers))

    def _outcomes(self, tickers: Sequence[str] | Mapping[str, pd.Timestamp]) -> dict[str, Outcome]:
        lacking = "it isn't among the imported files, which `make import` adds to; SOURCE=yahoo asks Yahoo instead"
        return {
            ticker: Outcome(ticker, "nothing_new")
            if ticker in self.tickers
            else Outcome(ticker, "unknown", reason=lacking)
            for ticker in tickers
        }
