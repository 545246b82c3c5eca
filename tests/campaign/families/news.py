"""Four news services that fail in every way, and backfills that are killed: what is stored is right, or not there.

Each fault happens at every third request of a backfill, and then at all of them. The backfill ends well or says in a
sentence what is missing, no key shows anywhere, and the same command afterwards brings the rest.
"""

import os
import random
import time
from collections.abc import Callable
from functools import cache, partial
from pathlib import Path
from tempfile import TemporaryDirectory

import pandas as pd

from stockseq.errors import SourceError
from stockseq.ingestion.backfill import Backfilled, backfill
from stockseq.sources.simulated import SimulatedMarket
from stockseq.store import Store
from tests.alpaca_server import AlpacaServer, items_of
from tests.campaign.case import Case
from tests.campaign.forked_command import ForkedRun, fork_server
from tests.campaign.played_services import DAYS, NOW, SERVICES, TICKERS, Played
from tests.campaign.whole_store import require_whole
from tests.pipelines.small import write_settings
from tests.service_server import FAULTS, Fault, LoopbackService
from tests.service_server.faults import PASSING

FIRST = DAYS[0].tz_localize(None)
SHORT = {
    ("alpaca", "cut JSON", "every third request"),
    ("edgar", "403", "every third request"),
    ("finnhub", "429", "every third request"),
    ("tiingo", "reset", "every third request"),
}


def cases() -> list[Case]:
    """Return each fault of each service, some of the time and all of it, and kills."""
    faults = [
        Case(f"{name}: {fault}, {often}", partial(run, name=name, fault=fault), short=(name, fault, often) in SHORT)
        for name in SERVICES
        for fault in FAULTS
        for often, run in HOW_OFTEN.items()
    ]
    kills = [
        Case("3 tickers, 1 year, killed 3 times", partial(_kill, n_tickers=3, n_sessions=252, n_kills=3), 3),
        Case("30 tickers, 8 years, killed 20 times", partial(_kill, n_tickers=30, n_sessions=2016, n_kills=20), 20),
    ]
    return [*faults, *kills]


@cache
def expected(name: str) -> pd.DataFrame:
    """Return the headlines that an undisturbed backfill stores."""
    with TemporaryDirectory() as folder, SERVICES[name].serve() as server:
        store = Store(Path(folder) / "data")
        found = _backfill(SERVICES[name], server, store, Path(folder))
        assert not found.failures
        rows = store.headlines()
    assert set(rows["ticker"]) == set(TICKERS), "a whole backfill lacks a ticker"
    assert len(rows) == len(TICKERS) * len(DAYS), f"a whole backfill has {len(rows)} headlines"
    return rows


def _backfill(played: Played, server: LoopbackService, store: Store, folder: Path) -> Backfilled:
    return backfill(store, played.client(server, folder), TICKERS, first=FIRST, now=NOW)


def _fail_sometimes(folder: Path, seed: int, *, name: str, fault: Fault) -> str:
    offset = seed % 3
    said = _judge(folder, name, lambda number: fault if number % 3 == offset else None)
    if fault in PASSING:
        assert not said, f"what passes was no reason to end: {said}"
    return said or "all headlines came"


def _fail_always(folder: Path, seed: int, *, name: str, fault: Fault) -> str:
    said = _judge(folder, name, lambda number: fault)
    if fault not in ("not UTF-8", "404"):
        assert said, "nothing was answered, and nobody was told"
    return said or "all headlines came"


def _judge(folder: Path, name: str, fault: Callable[[int], Fault | None]) -> str:
    """Backfill with a fault, look at what came, and backfill again without; return what was said of the fault."""
    whole, played, said, found = expected(name), SERVICES[name], "", None
    with played.serve() as server:
        server.hang_s = 0.5
        server.rule = lambda request: fault(request.number)
        store = Store(folder / "data")
        try:
            found = _backfill(played, server, store, folder)
            told = {**found.failures, **found.unknown}
            said = "; ".join(f"{ticker}: {reason}" for ticker, reason in told.items())
        except SourceError as error:
            said = str(error)
        assert said.count("\n") == 0, said
        assert not any(secret in said for secret in played.keys.values()), "a key is shown"
        kept = store.headlines()
        assert len(kept.merge(whole, on=["headline_id", "published_at", "known_by"])) == len(kept), "a row is false"
        # An item that no one can read costs itself alone, and is counted.
        n_unreadable = sum(drop.n_rows for drop in found.dropped) if found else 0
        if not said:
            assert len(kept) + n_unreadable >= len(whole), f"{len(kept)} came, {n_unreadable} are counted as left out"
        server.forget()
        _backfill(played, server, store, folder)
    n_stored = len(store.headlines())
    assert n_stored + n_unreadable >= len(whole), f"the same again left {n_stored} of {len(whole)} in the store"
    require_whole(folder / "data")
    for path in folder.rglob("*"):
        stored = path.read_bytes() if path.is_file() else b""
        assert not any(secret.encode() in stored for secret in played.keys.values()), f"{path} holds a key"
    return said


def _kill(folder: Path, seed: int, *, n_tickers: int, n_sessions: int, n_kills: int) -> str:
    """Kill the command at random instants; what it leaves and then completes is what it brings undisturbed."""
    generator, played = random.Random(seed), SERVICES["alpaca"]
    market = SimulatedMarket(n_sessions=n_sessions, n_tickers=n_tickers)
    now = market.headlines["published_at"].max() + pd.Timedelta(days=2)
    with AlpacaServer(items_of(market.headlines), now=now) as server:
        server.most_per_minute = None
        undisturbed = folder / "undisturbed"
        began = time.monotonic()
        run = partial(_start, played, server, market, now)
        assert run(undisturbed).end() == 0
        seconds, n_requests = time.monotonic() - began, len(server.log)
        killed = folder / "killed"
        n_done = 0
        for _ in range(n_kills):
            # Most of a run is over when it is killed for the last time.
            running = run(killed)
            time.sleep(generator.uniform(0.2, 0.2 + 2.0 * seconds / n_kills))
            n_done += running.send(9) == 0
        assert run(killed).end() == 0
        tables = require_whole(killed / "data")
        whole = require_whole(undisturbed / "data")
        pd.testing.assert_frame_equal(tables["headlines"], whole["headlines"], check_exact=True)
        pd.testing.assert_frame_equal(tables["news_coverage"], whole["news_coverage"], check_exact=True)
        versions, asked = Store(killed / "data").versions(), len(server.log)
        assert run(killed).end() == 0
        assert Store(killed / "data").versions() == versions, "the second run made a commit"
        assert len(server.log) == asked, "the second run asked for what is stored"
    n_rows = len(whole["headlines"])
    return f"{n_rows:,} headlines in {n_requests:,} requests and {seconds:.0f} s; {n_kills - n_done} kills struck a run"


def _start(
    played: Played, server: LoopbackService, market: SimulatedMarket, now: pd.Timestamp, folder: Path
) -> ForkedRun:
    """Start `make news` in a folder of its own."""
    folder.mkdir(exist_ok=True)
    (folder / "data").mkdir(exist_ok=True)
    write_settings(
        folder,
        {
            "headlines_from": ["alpaca"],
            "data": str(folder / "data"),
            "tickers": list(market.tickers),
            "alpaca.url": server.url,
            "alpaca.requests_per_second": 1000.0,
        },
    )
    days = ["--since", str(market.first_session)[:10], "--now", now.isoformat()]
    arguments = ["news", "--config", "settings.toml", *days]
    return fork_server(0).start(arguments, folder=folder, environment={**os.environ, **played.keys})


HOW_OFTEN = {"every third request": _fail_sometimes, "every request": _fail_always}
