"""Clocks that are wrong, ours or Yahoo's, and what several faults at once make of a morning."""

from pathlib import Path

import pandas as pd

from stockseq.errors import SourceError
from stockseq.ingestion.ingest import Ingested
from stockseq.store import Store
from tests.campaign.case import Case
from tests.campaign.families.yahoo import mornings
from tests.campaign.families.yahoo.fault import Planted, YahooFault
from tests.yahoo_server.faults import Reply

SHIFTS = (-30, -12, -8, -3, -1, 1, 3, 8, 10, 12, 30, 72)
DATES = {
    "in 1970": "Thu, 01 Jan 1970 00:00:00 GMT", "in 9999": "Fri, 31 Dec 9999 23:59:59 GMT", "missing": "",
    "of February 30": "Fri, 30 Feb 2024 00:00:00 GMT", "a word": "today", "a number": "1732000000",
    "without a zone": "Wed, 20 Nov 2024 13:00:00", "a day late": "Thu, 21 Nov 2024 13:00:00 GMT",
}  # fmt: skip


def date_faults() -> list[YahooFault]:
    """Return headers of the server's clock that lie: the last trade that it tells of says better."""
    return [
        YahooFault(f"chart: Date {name}", (Planted(Reply(headers={"Date": date})),)) for name, date in DATES.items()
    ]


def clock_cases() -> list[Case]:
    """Return mornings of a machine whose clock is hours off, and of networks that fail as a whole."""
    return [
        *(
            Case(f"machine {abs(hours)} hours {'ahead' if hours > 0 else 'behind'}", _shifted(hours), n_inputs=4)
            for hours in SHIFTS
        ),
        Case("trading hours, machine 5 hours ahead", _during_trading, n_inputs=1, short=True),
        Case("every chart HTTP 500", _all_fail("500", "HTTP 500")),
        Case("every chart 429", _all_fail("429", "429")),
        Case("every chart a redirect loop", _all_fail(_loop(), "redirected 5 times")),
        Case("every chart HTML", _all_fail("html", "isn't JSON")),
        Case("every connection closed", _unreachable("reset")),
        Case("no proxy", _no_proxy),
        Case("a host that no name server knows", _no_proxy),
    ]


def _loop() -> Reply:
    return Reply(302, "", {"Location": "https://query1.finance.yahoo.com/v8/finance/chart/MOSS?{query}"})


def _shifted(hours: int):  # type: ignore[no-untyped-def]
    """Run the mornings with a clock that is off; afterwards, with the right one, nothing false stands."""

    def run(folder: Path, seed: int) -> str:
        bads = mornings.BADS[:1]
        said = []
        with mornings.yahoo(folder) as (server, time):
            for number in range(4):
                shift = pd.Timedelta(hours=hours if number < 2 else 0)
                now = mornings.MORNINGS[number] + shift
                if number == 2:
                    # What a clock ahead wrote isn't known yet; the next right morning is after it.
                    now = max(now, mornings.MORNINGS[1] + pd.Timedelta(hours=hours) + pd.Timedelta(minutes=1))
                now = max(now, mornings.MORNINGS[3]) if number == 3 and hours > 60 else now
                with mornings.silent_terminal():
                    _, store = mornings.run_morning(server, time, folder, number, bads, now=now)
                held = mornings.contents(store)
                mornings.require_paced(server)
                clean = mornings.clean_mornings()[number]
                for ticker in (*bads, *mornings.GOOD):
                    mornings.require_nothing_false(held, clean, ticker)
                newest = held["bars"]["session"].max()
                assert newest <= mornings.OVER[number], f"a bar of {newest}, which isn't over"
                said.append(f"{newest:%m-%d}")
            _require_clean(store, 3, bads)
        return "newest bars " + ", ".join(said)

    return run


def _during_trading(folder: Path, seed: int) -> str:
    """At 12:30 in New York the machine says 17:30: the live bar of the day is no bar."""
    with mornings.yahoo(folder) as (server, time):
        mornings.run_morning(server, time, folder, 0, ())
        now = pd.Timestamp("2024-11-20T17:30Z")
        ingested, store = _at(server, time, folder, yahoo=now, machine=now + pd.Timedelta(hours=5))
        newest = store.read("bars")["session"].max()
        assert newest == mornings.OVER[0], f"a live bar was taken: {newest}"
        reasons = {item.reason for item in ingested.dropped}
        assert "session not final yet" in reasons, reasons
    return f"newest {newest:%m-%d}, left out: {', '.join(sorted(reasons))}"


def _at(server, time, folder: Path, *, yahoo: pd.Timestamp, machine: pd.Timestamp) -> tuple[Ingested, Store]:  # type: ignore[no-untyped-def]
    return mornings.run_morning(server, time, folder, 1, (), now=machine, yahoo=yahoo)


def _all_fail(what: str | Reply, words: str):  # type: ignore[no-untyped-def]
    """A morning on which no ticker's bars come: nothing is stored, headlines aren't asked, the next heals."""

    def run(folder: Path, seed: int) -> str:
        bads = mornings.BADS[:2]
        with mornings.yahoo(folder) as (server, time):
            mornings.run_morning(server, time, folder, 0, bads)
            server.faults.add(what)
            with mornings.silent_terminal():
                ingested, store = mornings.run_morning(server, time, folder, 1, bads)
            mornings.require_paced(server)
            assert {outcome.status for outcome in ingested.outcomes.values()} == {"failed"}
            assert all(words in outcome.reason for outcome in ingested.outcomes.values()), ingested.outcomes
            assert server.n_requests("news") == 0, "headlines were asked for"
            n_requests = server.n_requests("chart")
            assert n_requests <= 10 * len(ingested.outcomes)
            _require_clean(store, 0, bads)
            server.faults.clear()
            _, store = mornings.run_morning(server, time, folder, 2, bads)
            _require_clean(store, 2, bads)
        return f"{n_requests} requests for {len(ingested.outcomes)} tickers; {words}"

    return run


def _unreachable(what: str):  # type: ignore[no-untyped-def]
    """Nothing answers at all: one sentence with a remedy, and the store is as it was."""

    def run(folder: Path, seed: int) -> str:
        with mornings.yahoo(folder) as (server, time):
            mornings.run_morning(server, time, folder, 0, ())
            server.faults.add(what, endpoint="any")
            return _require_sentence(server, time, folder)

    return run


def _no_proxy(folder: Path, seed: int) -> str:
    with mornings.yahoo(folder) as (server, time):
        mornings.run_morning(server, time, folder, 0, ())
        with mornings.other_proxy("http://127.0.0.1:9"):
            return _require_sentence(server, time, folder)


def _require_sentence(server, time, folder: Path) -> str:  # type: ignore[no-untyped-def]
    try:
        with mornings.silent_terminal():
            mornings.run_morning(server, time, folder, 1, ())
    except SourceError as error:
        said = str(error)
    else:
        raise AssertionError("no error")
    assert "can't be reached" in said, said
    assert "SOURCE=files" in said, said
    store = Store(str(folder / "data"))
    _require_clean(store, 0, ())
    server.faults.clear()
    with mornings.other_proxy(server.environment()["HTTPS_PROXY"]):
        _, store = mornings.run_morning(server, time, folder, 2, ())
    _require_clean(store, 2, ())
    return said


def _require_clean(store: Store, number: int, bads: tuple[str, ...]) -> None:
    held = mornings.contents(store)
    for ticker in (*bads, *mornings.GOOD):
        mornings.require_same(held, mornings.clean_mornings()[number], (ticker,))
        mornings.require_truth(held, number, ticker)
