"""What a morning's forecasts are made of, as hashes: a later morning of the same would forecast the same."""

import hashlib
import json
import platform
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from importlib.metadata import version
from pathlib import Path

import numpy as np
import pandas as pd

from stockseq.backtest.simulator import Holdings
from stockseq.config import Settings
from stockseq.errors import BundleError
from stockseq.forecast_ledger import MORNING
from stockseq.ingestion.ingest import Ingested
from stockseq.market import MarketData
from stockseq.models.bundle import find_bundle
from stockseq.models.bundle_files import MANIFEST, check_files, file_digest
from stockseq.models.registry import Registry
from stockseq.plugins import SLOTS
from stockseq.runs.folder import LIBRARIES, as_json, as_records, run_names
from stockseq.runs.list_page import find_current
from stockseq.runs.source_hash import source_hash
from stockseq.runs.summary import DAMAGED
from stockseq.sessions import TradingCalendar

# Tables besides bars, actions and headlines that a morning reads; their versions tell whether anything was written.
TABLES_READ = ("scores", "features", "models", "trials", "forecasts", "outcomes", "ledger_heads", "outcome_heads")
# Where it runs, how fast, and who is told changes no forecast.
NO_INPUT = {"data", "workers", "scheduler", "storage_options", "notify"}
# They make the figures of the page.
STATISTICS = ("scipy", "statsmodels", "arch")
RECIPE = "daily"


@dataclass(frozen=True)
class Inputs:
    """All that a morning reads.

    Parameters
    ----------
    session : Timestamp, tz-naive
        The one that is forecast.
    before_fetch : str
        A hash of what stands before a fetch: the settings, the positions, the code and its libraries, the session and
        whether it has opened, every model and the champion's bundle.
    fetched : str, optional
        A hash of what stands after a fetch: bars, actions and headlines, and which tickers could not be fetched.
    """

    session: pd.Timestamp
    before_fetch: str
    fetched: str = ""

    def after(self, market: MarketData, ingested: Ingested) -> "Inputs":
        """Return the inputs with what a fetch left."""
        return replace(self, fetched=_hash_fetched(market, ingested))


@dataclass(frozen=True)
class EarlierMorning:
    """The newest morning before this one, whose inputs were the same before the fetch.

    Parameters
    ----------
    folder : Path
        Of its run.
    now : Timestamp, tz-aware
        Its instant.
    inputs : Inputs
    tables : mapping of table to version
        As it left the store.
    """

    folder: Path
    now: pd.Timestamp
    inputs: Inputs
    tables: Mapping[str, int]

    def is_same(self, inputs: Inputs, tables: Mapping[str, int]) -> bool:
        """Return whether nothing at all has changed since: neither what is read, nor what is made of it."""
        return inputs == self.inputs and all(tables.get(name) == self.tables.get(name) for name in TABLES_READ)


def hash_start(holdings: Holdings | None) -> str:
    """Return a hash of what a morning takes once, at its start: positions, the code and its libraries.

    Parameters
    ----------
    holdings : Holdings or None
        As they were read; None is the ledger's own paper account.

    Examples
    --------
    >>> hash_start(None) == hash_start(Holdings({}, 0.0))
    False
    """
    parts = {
        "positions": None if holdings is None else asdict(holdings),
        "code": source_hash(),
        "libraries": [platform.python_version(), platform.machine(), *map(version, (*LIBRARIES, *STATISTICS))],
    }
    return hashlib.sha256(as_json(parts).encode()).hexdigest()


def read_inputs(
    start: str, settings: Settings, registry: Registry, models: Path, calendar: TradingCalendar, now: pd.Timestamp
) -> Inputs | None:
    """Return what a morning of these settings reads before it fetches, or None where a hash can't tell.

    It can't without a champion whose bundle is whole, and where code of other packages takes part: the settings, or the
    champion's network, name features or layers.

    Parameters
    ----------
    start : str
        From `hash_start`.
    settings : Settings
    registry : Registry
    models : Path
        The folder of model bundles.
    calendar : TradingCalendar
    now : Timestamp, tz-aware

    """
    champion = registry.champion(settings.label)
    if champion is None or settings.features or any(getattr(settings.network, slot) for slot in SLOTS):
        return None
    try:
        bundle = find_bundle(models, champion.model_id)
        if check_files(bundle).layers:
            return None
    except BundleError:
        # Whoever loads it says what is wrong.
        return None
    session = calendar.next_session(calendar.last_final_session(now))
    opens_at = calendar.opens_at(session)
    parts = {
        "start": start,
        "settings": settings.model_dump(mode="json", exclude=NO_INPUT),
        "session": session,
        # In the ledger a morning's forecasts, those of the evening before, and late ones count differently.
        "part of the day": [bool(now < opens_at - MORNING), bool(opens_at <= now)],
        "models": as_records(registry.list_models()),
        "bundle": file_digest(bundle / MANIFEST),
    }
    return Inputs(session, hashlib.sha256(as_json(parts).encode()).hexdigest())


def find_earlier(root: Path, inputs: Inputs | None, *, now: pd.Timestamp) -> EarlierMorning | None:
    """Return the newest morning up to `now`, if it stood on the same inputs before its fetch and was finished.

    Parameters
    ----------
    root : Path
        The local folder in which `runs` lies.
    inputs : Inputs or None
        From `read_inputs`.
    now : Timestamp, tz-aware
    """
    mornings = [name for name in run_names(root, now=now) if name.split("-")[1] == RECIPE]
    if inputs is None or not mornings:
        return None
    folder = root / "runs" / mornings[-1]
    try:
        manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
        before = manifest["inputs"]
        earlier = EarlierMorning(
            folder,
            pd.Timestamp(manifest["now"]),
            Inputs(pd.Timestamp(before["session"]), before["before_fetch"], before["fetched"]),
            manifest["tables"],
        )
        files = [*(folder / name for name in manifest["sha256"]), folder / "report" / "index.html"]
        # The list of runs is what a run writes last, so one that was killed before it is made anew.
        is_whole = find_current(root) is not None and all(file.is_file() for file in files)
    except DAMAGED:
        # A run of an earlier version, too, which noted no inputs.
        return None
    is_same = (earlier.inputs.session, earlier.inputs.before_fetch) == (inputs.session, inputs.before_fetch)
    return earlier if is_whole and is_same else None


def _hash_fetched(market: MarketData, ingested: Ingested) -> str:
    outcomes = ingested.outcomes.values()
    unfetched = [(each.ticker, each.status, each.reason) for each in outcomes if not each.is_answered]
    held_back = [(each.ticker, each.held) for each in outcomes if each.held]
    parts = {
        "tickers": sorted(ingested.outcomes),
        "unfetched": sorted(unfetched),
        "held back": sorted(held_back),
        "without headlines": dict(ingested.headline_failures),
        "doubts": ingested.doubts,
        **{name: _hash_rows(getattr(market, name)) for name in ("bars", "actions", "headlines")},
    }
    return hashlib.sha256(as_json(parts).encode()).hexdigest()


def _hash_rows(rows: pd.DataFrame) -> str:
    """Return a hash of the rows of a table, whatever their order."""
    if rows.empty:
        return ""
    hashes = np.sort(pd.util.hash_pandas_object(rows, index=False).to_numpy())
    return hashlib.sha256(hashes.astype("<u8").tobytes()).hexdigest()


def as_noted(inputs: Inputs | None) -> dict[str, object]:
    """Return the inputs as the manifest of a run has them, nothing for None."""
    return {} if inputs is None else asdict(inputs)
