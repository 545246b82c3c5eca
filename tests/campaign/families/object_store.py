"""The store on S3 by moto's server, behind a proxy that cuts connections, answers with errors or is late.

Each request of a morning's writes, its ingest and its ledger, fails once in each way; then the object store is away for
good from each of some requests on. The call ends well or says that it didn't, what stood stays, and the next one mends.
"""

import os
from collections.abc import Mapping
from functools import cache, partial
from pathlib import Path

import pandas as pd

from stockseq.errors import StoreError
from stockseq.forecast_ledger import append_forecasts, verify
from stockseq.sessions import TradingCalendar
from stockseq.store import TABLES, Store
from tests.campaign.case import Case
from tests.campaign.cutting_proxy import BUCKET, FAULTS, KEYS, object_store
from tests.store.store_rows import bars, features, headlines

# An object store that is away for good is given up after seconds here; by default after minutes.
PATIENCE = {"max_retries": "3", "retry_timeout": "4s", "backoff_config.init_backoff": "20ms"}
# About how many requests a morning's writes take; the last case of a fault tries all that are left.
N_REQUESTS, REQUESTS_A_CASE = 150, 10
# About how many requests it takes to give the lease back, which fails in silence: it runs out by itself.
RELEASE_REQUESTS = 25
# Each request loses its answer; of the other faults every second or fourth one is tried.
STEPS = {fault: 1 if fault == "cut after" else 2 if fault.startswith("cut") else 4 for fault in FAULTS}
N_OUTAGES, OUTAGES_A_CASE = 16, 2
TICKERS = ("AAA", "BBB")
INPUTS = ("bars", "headlines", "features", "forecasts", "ledger_heads")


def cases() -> list[Case]:
    """Return each fault at each request, and outages."""
    once = [
        Case(
            f"{fault}, once, at requests {first + 1} to {first + REQUESTS_A_CASE}",
            partial(_fail_once, fault=fault, first=first, is_last=first + REQUESTS_A_CASE >= N_REQUESTS),
            n_inputs=-(-REQUESTS_A_CASE // STEPS[fault]),
        )
        for fault in FAULTS
        for first in range(0, N_REQUESTS, REQUESTS_A_CASE)
    ]
    outages = [
        Case(
            f"{fault}, from one request on: {first + 1}, {first + 2}", partial(_stay_away, fault=fault, first=first), 2
        )
        for fault in ("cut before", "cut after", "503 SlowDown")
        for first in range(0, N_OUTAGES, OUTAGES_A_CASE)
    ]
    lost = Case("an answer lost at a commit", _lose_a_commit, short=True)
    return [*once, *outages, lost]


@cache
def n_requests() -> int:
    """Return how many requests the second morning takes undisturbed."""
    store = _begun("counted")
    object_store().begin()
    _morning(store, 2)
    return object_store().count()


@cache
def expected() -> tuple[Mapping[str, pd.DataFrame], Mapping[str, pd.DataFrame]]:
    """Return the tables after the first morning and after the second."""
    store = _begun("undisturbed")
    first = _contents(store)
    _morning(store, 2)
    return first, _contents(store)


def _fail_once(folder: Path, seed: int, *, fault: str, first: int, is_last: bool) -> str:
    last = n_requests() if is_last else min(first + REQUESTS_A_CASE, n_requests())
    n_said = 0
    tried = range(first + 1, last + 1, STEPS[fault])
    for number in tried:
        n_said += _judge(folder, f"{seed}-{number}", fault=fault, first=number, last=number)
    return f"{len(tried)} of {n_requests()} requests; {n_said} ended with a sentence, and the same again mended all"


def _lose_a_commit(folder: Path, seed: int) -> str:
    """The rows of a commit whose answer is lost count as added, or the run would forecast without them."""
    os.environ["XDG_STATE_HOME"] = str(folder)
    store = Store(f"s3://{BUCKET}/lost-{seed}", storage_options=_options())
    object_store().begin()
    store.append("bars", bars([10.0], fetched="2024-03-01"))
    object_store().begin()
    store.append("bars", bars([10.0, 11.0], fetched="2024-03-02"))
    n_each = object_store().count()
    for number in range(1, n_each + 1):
        closes = [10.0, 11.0, *range(12, 12 + number)]
        object_store().begin("cut after", first=number, last=number)
        added = store.append("bars", bars(closes, fetched="2024-03-03"))
        assert added.n_rows == 1, f"with the answer to request {number} lost, the call said {added}"
    object_store().begin()
    assert store.read("bars")["close"].tolist() == closes
    return f"each of {n_each} requests of an append lost its answer, and each append added its one row"


def _stay_away(folder: Path, seed: int, *, fault: str, first: int) -> str:
    n_said = 0
    for share in range(first, first + OUTAGES_A_CASE):
        number = 1 + share * (n_requests() - RELEASE_REQUESTS) // N_OUTAGES
        n_said += _judge(folder, f"{seed}-{number}", fault=fault, first=number, last=1_000_000)
    assert n_said == OUTAGES_A_CASE, "a morning without its object store ended well"
    return f"{n_said} ended with a sentence, and the same again mended all"


def _judge(folder: Path, prefix: str, *, fault: str, first: int, last: int) -> bool:
    """Run the second morning with a fault, look, and run it again; return whether it ended with a sentence."""
    os.environ["XDG_STATE_HOME"] = str(folder)
    before, after = expected()
    store, said = _begun(prefix), ""
    object_store().begin(fault, first=first, last=last)
    try:
        counts = _morning(store, 2)
        assert counts == {"bars": 2, "headlines": 1, "forecasts": 2}, f"the calls said they had added {counts}"
    except StoreError as error:
        said = str(error)
        assert "could not be" in said, said
        assert f"s3://{BUCKET}/{prefix}" in said, said
        assert said.count("\n") == 0, said
    object_store().begin()
    left = _contents(store)
    verify(Store(store.root, storage_options=store.storage_options))
    for table, rows in before.items():
        if TABLES[table].rule != "derived":
            assert len(left[table].merge(rows, on=list(rows.columns))) == len(rows), f"{table} lost rows"
    if said:
        _morning(store, 2)
    for table, rows in _contents(store).items():
        pd.testing.assert_frame_equal(rows, after[table], obj=table)
    verify(store)
    return bool(said)


def _begun(prefix: str) -> Store:
    """Return a store whose first morning is over."""
    object_store().begin()
    # Each process of the campaign has an object store of its own.
    store = Store(f"s3://{BUCKET}/{prefix}-{os.getpid()}", storage_options=_options())
    _morning(store, 1)
    return store


def _morning(store: Store, day: int) -> dict[str, int]:
    """Do a morning's writes: ingest, features, the ledger; return what the calls said they added."""
    stamp = f"2024-03-0{day}"
    with store.lock():
        closes = [10.0, 11.0, 12.0][: day + 1]
        fresh = pd.concat([bars(closes, ticker=ticker, fetched=stamp) for ticker in TICKERS])
        n_bars = store.append_vintages("bars", fresh).n_rows
        n_headlines = store.append("headlines", headlines([f"{number}" for number in range(day + 1)])).n_rows
        store.replace("features", pd.concat([features(closes, ticker=ticker) for ticker in TICKERS]))
        forecasts = pd.DataFrame(
            {
                "ticker": TICKERS,
                "session": pd.Timestamp(f"2024-03-1{day}"),
                "probability_up": [0.5, 0.6],
                "expected_return": [0.0, 0.001],
                "decision_at": pd.Timestamp(f"2024-03-1{day} 13:30", tz="UTC"),
            }
        )
        calendar = TradingCalendar("XNYS", pd.Timestamp("2024-03-01"), pd.Timestamp("2024-03-29"))
        made_at = pd.Timestamp(f"2024-03-1{day} 13:00", tz="UTC")
        made = append_forecasts(store, forecasts, made_at=made_at, model_id="m", calendar=calendar)
    return {"bars": n_bars, "headlines": n_headlines, "forecasts": made.n_rows}


def _options() -> dict[str, str]:
    return {**KEYS, **PATIENCE, "AWS_ENDPOINT_URL": object_store().url, "AWS_ALLOW_HTTP": "true"}


def _contents(store: Store) -> dict[str, pd.DataFrame]:
    return {table: store.read(table) for table in INPUTS}
