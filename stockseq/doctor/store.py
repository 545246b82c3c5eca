"""The store: who holds it, what it holds, whether its ledger is whole and its champion fit."""

from collections.abc import Iterator

import pandas as pd

from stockseq.doctor.check import Check
from stockseq.errors import counted, listed
from stockseq.forecast_ledger import verify
from stockseq.store import Store
from stockseq.store.durability import TORN
from stockseq.workspace import Workspace


def check_lock(store: Store) -> Iterator[Check]:
    """Yield who holds the store, if somebody does."""
    holder = store.holder()
    if holder is not None:
        who, _, what = holder.partition("; ")
        yield Check("lock", "warning", f"a run holds the store: {who}", what)
    else:
        yield Check("lock", "ok", "no run holds the store")


def check_tables(workspace: Workspace) -> Iterator[Check]:
    """Yield whether the tables can be read, how new the bars are, and whether the clock has gone back since."""
    store, calendar, now = workspace.store, workspace.calendar, workspace.now
    rows = {name: store.read(name) for name in store.versions()}
    yield Check("store", "ok", f"{workspace.settings.data}: {counted(len(rows), 'table')} can be read")
    if store.folder is not None and (torn := sorted(path.parent.name for path in store.folder.glob(f"*/{TORN}"))):
        yield Check(
            "store",
            "warning",
            f"commits of {listed(torn)} were torn by a power cut, or lost files, and were undone",
            "What was undone lies in their _torn folders; remove them once the next make daily has gone well.",
        )
    newest = max((rows[name][at].max() for name, at in STAMPS.items() if len(rows.get(name, ()))), default=None)
    if newest is not None and newest > now:
        yield Check(
            "clock",
            "failure",
            f"the store's newest entry is of {_at(newest)}, which is after this machine's {_at(now)}",
            "Set the machine's clock right; until then nothing is fetched or entered.",
        )
    bars = rows.get("bars")
    if bars is None or bars.empty:
        yield Check("bars", "warning", "there are none yet", "Run make daily.")
        return
    last, final = pd.Timestamp(bars["session"].max()), calendar.last_final_session(now)
    n_behind = len(calendar.between(last, final)) - 1
    said = f"{counted(bars['ticker'].nunique(), 'ticker')}, the newest bar of {last.date()}"
    if n_behind > 1:
        yield Check("bars", "warning", f"{said}, {n_behind} sessions behind", "Run make daily.")
    else:
        # Between the close and the next morning's run one session is missing.
        yield Check("bars", "ok", f"{said}{', as of the last run' if n_behind == 1 else ''}")


def check_ledger(store: Store) -> Iterator[Check]:
    """Yield whether every hash of the ledger is as it was written."""
    ledger = verify(store)
    n_outcomes = counted(len(ledger.outcomes), "outcome")
    yield Check("ledger", "ok", f"{counted(ledger.n_rows, 'forecast')} and {n_outcomes}, every hash as it was written")


def check_champion(workspace: Workspace) -> Iterator[Check]:
    """Yield who forecasts, from a bundle that opens, and how long ago it was trained."""
    incumbent = workspace.incumbent()
    if incumbent.model_id is None:
        yield Check("champion", "warning", "no model is trained yet", "make daily or make train trains the first.")
        return
    if incumbent.champion is None:
        changes = ", ".join(f"{name} was {old}, is {new}" for name, (old, new) in incumbent.changes.items())
        yield Check(
            "champion",
            "warning",
            f"{incumbent.model_id} stands on other settings ({changes})",
            "make daily trains another; or take the settings back.",
        )
        return
    models = workspace.registry.list_models()
    trained = models.loc[models["label"] == workspace.settings.label, "trained_through"].max()
    final = workspace.calendar.last_final_session(workspace.now)
    age, stale_after = len(workspace.calendar.between(trained, final)) - 1, workspace.settings.daily.stale_after
    said = f"{incumbent.model_id} opens; the newest model has not seen the last {counted(age, 'session')}"
    if age > stale_after:
        yield Check(
            "champion", "warning", f"{said}, more than {stale_after}", "The next make daily trains a candidate."
        )
    else:
        yield Check("champion", "ok", said)


STAMPS = {"forecasts": "made_at", "bars": "fetched_at", "outcomes": "scored_at", "models": "at"}


def _at(instant: pd.Timestamp) -> str:
    return f"{instant.tz_convert('UTC'):%Y-%m-%d %H:%M:%S} UTC"
