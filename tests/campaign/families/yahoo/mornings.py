"""Four mornings at Yahoo: a first one with a fault, one without, a later one with the fault, and one without."""

import contextlib
import functools
import itertools
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from stockseq.ingestion.ingest import Ingested, ingest
from stockseq.schemas import as_actions, as_bars
from stockseq.sessions import TradingCalendar
from stockseq.sources.settings import YahooSettings
from stockseq.sources.yahoo import YahooSource
from stockseq.store import Store
from tests.campaign.families.yahoo.fault import BAD, YahooFault
from tests.sources.yahoo.scenario import FakeTime, plain_bars
from tests.yahoo_server.answers import story
from tests.yahoo_server.market import ListedMarket, Listing, View
from tests.yahoo_server.memory import forget_yfinance
from tests.yahoo_server.server import YahooServer

GOOD = ("KOLA", "MOSS")
# Each fault of a batch has a ticker of its own; as many as the short form has, which so fills one batch.
MOST_FAULTS = 7
BADS = tuple(f"{BAD}{letter}" for letter in "ABCDEFG")
TICKERS = (*BADS, *GOOD)
FIRST = pd.Timestamp("2024-10-15")
SPLIT, EX_DATE = pd.Timestamp("2024-11-13"), pd.Timestamp("2024-11-15")
MORNINGS = tuple(pd.Timestamp(f"2024-11-{day}T13:00Z") for day in (20, 21, 22, 25))
# The last session that is over on each of them.
OVER = tuple(pd.Timestamp(f"2024-11-{day}") for day in (19, 20, 21, 22))
REQUESTS_PER_SECOND = 2.0
USUAL_STORY = r"\w+ tells its story number \d+$"
KEYS = {"bars": ["ticker", "session"], "actions": ["ticker", "session", "kind"], "headlines": ["headline_id"]}


@functools.cache
def calendar() -> TradingCalendar:
    """The sessions of NYSE around November 2024."""
    return TradingCalendar("XNYS", pd.Timestamp("2024-01-02"), pd.Timestamp("2025-06-30"))


@functools.cache
def market() -> ListedMarket:
    """Each BANE splits 2:1 and pays 0.50, MOSS pays 0.25; BANE and KOLA are in the news, one item an instant."""
    sessions = calendar().between(FIRST, pd.Timestamp("2024-12-31"))
    split = plain_bars(sessions, 200.0, halved_from=SPLIT)
    return ListedMarket(
        {
            **{name: Listing(split, {SPLIT: 2.0}, {EX_DATE: 0.5}, _stories(name)) for name in BADS},
            "KOLA": Listing(plain_bars(sessions, 100.0), news=_stories("KOLA")),
            "MOSS": Listing(plain_bars(sessions, 40.0), dividends={EX_DATE: 0.25}),
        },
        calendar(),
    )


def _stories(ticker: str) -> list[tuple[pd.Timestamp, object]]:
    instants = [morning - pd.Timedelta(hours=hours) for morning in MORNINGS for hours in (20, 9, 2)]
    return [
        (at, story(f"{ticker}-{number}", f"{ticker} tells its story number {number}", f"{at:%Y-%m-%dT%H:%M:%SZ}"))
        for number, at in enumerate(instants)
    ]


class _Remembered(ListedMarket):
    """A market whose views are made once per morning."""

    def view(self, ticker: str, now: pd.Timestamp) -> View | None:
        """Return the same view for the same instant."""
        return _view(ticker, now)


@functools.cache
def _view(ticker: str, now: pd.Timestamp) -> View | None:
    return market().view(ticker, now)


@functools.cache
def clean_mornings() -> tuple[dict[str, pd.DataFrame], ...]:
    """What a store that never saw a fault holds after each morning."""
    with tempfile.TemporaryDirectory() as name, yahoo(Path(name)) as (server, time):
        folder = Path(name)
        return tuple(contents(run_morning(server, time, folder, number, BADS)[1]) for number in range(len(MORNINGS)))


@contextlib.contextmanager
def yahoo(folder: Path) -> Iterator[tuple[YahooServer, FakeTime]]:
    """A loopback Yahoo that this process takes for the real one, with a clock that only waits move."""
    time = FakeTime()
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CACHE_HOME", str(folder / "home"))
        with YahooServer(_Remembered({}, calendar()), now=MORNINGS[0], folder=folder, calendar=calendar()) as server:
            server.clock = time.clock
            for name, value in server.environment().items():
                patch.setenv(name, value)
            yield server, time


def run_morning(
    server: YahooServer,
    time: FakeTime,
    folder: Path,
    number: int,
    bads: tuple[str, ...],
    *,
    now: pd.Timestamp | None = None,
    yahoo: pd.Timestamp | None = None,
    settings: YahooSettings | None = None,
) -> tuple[Ingested, Store]:
    """Fetch as a process of its own would; `now` is the machine's clock, `yahoo` is Yahoo's."""
    server.now = yahoo or MORNINGS[number]
    server.log.clear()
    store = Store(str(folder / "data"))
    with pytest.MonkeyPatch.context() as patch:
        forget_yfinance(patch)
        source = YahooSource(settings or usual(folder), clock=time.clock, sleep=time.sleep)
        now = now or MORNINGS[number]
        ingested, _ = ingest(store, source, (*bads, *GOOD), now=now, calendar=calendar(), history_from=FIRST)
    return ingested, store


def usual(folder: Path, **changes: object) -> YahooSettings:
    """The defaults, with a folder of our own and a pace that is easy to check."""
    pace = {"requests_per_second": REQUESTS_PER_SECOND, "cache_folder": folder / "cache", "patience_s": 36_000.0}
    return YahooSettings.model_validate({**pace, **changes})


def contents(store: Store) -> dict[str, pd.DataFrame]:
    """The newest vintage of everything, without the instants at which it came."""
    tables = {name: store.read(name).drop(columns=["fetched_at", "first_seen_at"], errors="ignore") for name in KEYS}
    return {name: table.sort_values(KEYS[name], ignore_index=True) for name, table in tables.items()}


def require_same(held: dict[str, pd.DataFrame], clean: dict[str, pd.DataFrame], tickers: tuple[str, ...]) -> None:
    """Require that these tickers' rows are those of the store that never saw a fault."""
    for name in held:
        table = clean[name]
        mine, other = (frame[frame["ticker"].isin(tickers)].reset_index(drop=True) for frame in (held[name], table))
        assert mine[KEYS[name]].to_numpy().tolist() == other[KEYS[name]].to_numpy().tolist(), (
            f"{name} of {tickers}: {len(mine)} rows for {len(other)}"
        )
        for column in mine.columns:
            if mine[column].dtype == float:
                np.testing.assert_allclose(mine[column], other[column], rtol=1e-9, err_msg=f"{name}.{column}")
            else:
                assert mine[column].tolist() == other[column].tolist(), f"{name}.{column}"


def require_nothing_false(held: dict[str, pd.DataFrame], clean: dict[str, pd.DataFrame], ticker: str) -> None:
    """Require that every stored row of a ticker is one of the store that never saw a fault, unaltered."""
    for name in ("bars", "headlines"):
        mine = held[name][held[name]["ticker"] == ticker]
        kept = clean[name].merge(mine[KEYS[name]], on=KEYS[name])
        assert len(kept) == len(mine), f"{name}: {len(mine) - len(kept)} rows that never were"
        require_same({name: mine}, {name: kept}, (ticker,))


def require_truth(held: dict[str, pd.DataFrame], number: int, ticker: str) -> None:
    """Require each session's bar as it was traded, worked from the listing itself."""
    traded = market().listings[ticker].bars.loc[FIRST : OVER[number]]
    bars = held["bars"][held["bars"]["ticker"] == ticker].set_index("session")
    assert bars.index.tolist() == traded.index.tolist(), f"{ticker}: sessions"
    for column in traded.columns:
        np.testing.assert_allclose(bars[column], traded[column], rtol=1e-9, err_msg=f"{ticker} {column}")


def require_paced(server: YahooServer) -> None:
    """Require that no two requests came faster than the pace."""
    for before, after in itertools.pairwise(server.log):
        # curl sends a request again by itself where a connection that was kept for it is gone.
        resent = before.dropped and after.at == before.at
        assert resent or after.at - before.at >= 1 / REQUESTS_PER_SECOND - 1e-9, f"too fast: {before}, {after}"


@contextlib.contextmanager
def other_proxy(address: str) -> Iterator[None]:
    """Let this process take another address for its way out."""
    with pytest.MonkeyPatch.context() as patch:
        for name in ("HTTPS_PROXY", "https_proxy"):
            patch.setenv(name, address)
        yield


@contextlib.contextmanager
def silent_terminal() -> Iterator[None]:
    """Require that nothing at all is written to the terminal, by C code neither."""
    with tempfile.TemporaryFile() as written:
        saved = {number: os.dup(number) for number in (1, 2)}
        try:
            for number in saved:
                os.dup2(written.fileno(), number)
            yield
        finally:
            for number, copy in saved.items():
                os.dup2(copy, number)
                os.close(copy)
        written.seek(0)
        text = written.read()
        assert not text, f"the terminal shows {text[:300]!r}"


@functools.cache
def judge_batch(faults: tuple[YahooFault, ...]) -> dict[str, str | AssertionError]:
    """Run the mornings, each fault on a ticker of its own; return by fault what was said, or what was wrong."""
    said: dict[str, list[str]] = {fault.name: [] for fault in faults}
    wrong: dict[str, AssertionError] = {}
    bads = dict(zip(BADS, faults, strict=False))
    with tempfile.TemporaryDirectory() as name, yahoo(Path(name)) as (server, time):
        folder = Path(name)
        settings = usual(folder, **faults[0].settings)
        # What concerns every ticker is tried on a first morning, and heals on the next.
        for number, clean in enumerate(clean_mornings()[: 2 if faults[0].alone else 4]):
            faulty = number in (0, 2)
            server.faults.clear()
            for ticker, fault in bads.items() if faulty else ():
                fault.plant(server, ticker)
            with silent_terminal():
                ingested, store = run_morning(server, time, folder, number, tuple(bads), settings=settings)
            held = contents(store)
            further = ~held["headlines"]["text"].str.match(USUAL_STORY)
            extra, held["headlines"] = held["headlines"][further], held["headlines"][~further]
            as_bars(store.read("bars"))
            as_actions(store.read("actions"))
            require_paced(server)
            for ticker in GOOD:
                require_same(held, clean, (ticker,))
                require_truth(held, number, ticker)
                assert ingested.outcomes[ticker].status == "updated", ingested.outcomes[ticker]
            for ticker, fault in bads.items():
                try:
                    require_further(fault, extra.loc[extra["ticker"] == ticker, "text"].tolist())
                    require_nothing_false(held, clean, ticker)
                    if faulty:
                        said[fault.name].append(judge_bad(fault, ingested, ticker))
                        said[fault.name].append(require_bounded(server, ticker, settings.lost_requests))
                    else:
                        require_same(held, clean, (ticker,))
                        require_truth(held, number, ticker)
                except AssertionError as error:
                    wrong.setdefault(fault.name, AssertionError(f"morning {number + 1}: {error}"))
    return {name: wrong.get(name) or "; ".join(filter(None, texts)) for name, texts in said.items()}


def require_further(fault: YahooFault, texts: list[str]) -> None:
    """Require one further headline, on one printable line, where one was given."""
    assert len(texts) == (fault.news == "more"), f"{len(texts)} further headlines: {texts}"
    assert all(len(text) <= 1000 and text.isprintable() for text in texts), texts


def require_bounded(server: YahooServer, ticker: str, most_lost: int) -> str:
    """Require that the bad ticker and the pages for cookies took no more requests than they may."""
    n_bad = sum(entry.ticker == ticker for entry in server.log)
    # What was lost, and a good answer each for bars, the whole history and news.
    assert n_bad <= most_lost + 3, f"{n_bad} requests for {ticker}"
    # A chart that redirects to the consent page asks for it at its own ticker's cost.
    n_cookies = sum(entry.endpoint in ("cookie", "crumb") for entry in server.log)
    assert n_cookies <= 12, f"{n_cookies} requests for cookies and crumbs"
    return f"{n_bad} requests"


def judge_bad(fault: YahooFault, ingested: Ingested, ticker: str) -> str:
    """Require that the bad ticker ended as it must, with a sentence that names what came; return the sentence."""
    outcome = ingested.outcomes[ticker]
    news = ingested.headline_failures.get(ticker, "")
    dropped = "; ".join(f"{item.n_rows} {item.reason}" for item in ingested.dropped if item.ticker == ticker)
    texts = f"{outcome.reason}; {news}; {dropped}"
    right = {"whole": ("updated",), "fewer": ("updated", "nothing_new")}.get(fault.bars, (fault.bars,))
    assert outcome.status in right, f"{ticker}'s bars: {outcome.status}, {texts}"
    assert bool(news) == (fault.news == "failed"), f"{ticker}'s news: {news!r}"
    for word in fault.words:
        assert word in texts, f"{word!r} is not in {texts!r}"
    if fault.news == "whole" and fault.bars == "whole" and not fault.words:
        left_out = [text for text in dropped.split("; ") if text and "session missing" not in text]
        assert not left_out, f"left out: {left_out}"
    assert len(outcome.reason) < 400, f"a reason of {len(outcome.reason)} letters"
    assert texts.isprintable(), f"unprintable: {texts!r}"
    assert "Traceback" not in texts
    return texts
