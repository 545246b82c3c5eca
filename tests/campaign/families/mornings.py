"""Mornings with a false answer among them: the store ends as if it had never come, and says so meanwhile."""

from collections.abc import Callable, Iterable
from contextlib import suppress
from pathlib import Path

import pandas as pd
import pytest

from pipelines.doubts import run_doubts
from stockseq.config import Settings, load_settings
from stockseq.errors import SettingsError
from stockseq.ingestion import Ingested
from stockseq.ingestion.quarantine import open_doubts, read_quarantine
from stockseq.store import TABLES
from stockseq.store.delta import DeltaFile
from tests.campaign.case import Case
from tests.campaign.yahoo_mornings import (
    BAR,
    PRICES,
    SESSIONS,
    TICKERS,
    Edit,
    Listings,
    World,
    assert_nothing_false,
    assert_true,
    open_world,
    split,
)

# The mornings after these sessions are run, the first of them on an empty store.
DAYS = SESSIONS[-10:]
Script = Callable[[World], str]
# Changes the rows of one ticker that it is given by position.
Rows = Callable[[pd.DataFrame, list[int]], None]


def cases() -> list[Case]:
    """Return all cases."""
    return [*_glitches(), *_first_mornings(), *_splits(), *_events(), *_holes(), *_comparisons(), *_commands()]


def _case(name: str, script: Script, *, n: int, short: bool = False, wire: bool = False) -> Case:
    def run(folder: Path, seed: int) -> str:
        with open_world(folder, seed, over_the_wire=wire) as world:
            return script(world)

    return Case(name, run, n_inputs=n, short=short)


def _scale(*columns: str, by: float) -> Rows:
    """Multiply some columns, and keep a bar a bar: its high is the highest and its low the lowest."""

    def change(bars: pd.DataFrame, at: list[int]) -> None:
        for row in at:
            for column in columns:
                bars.iloc[row, BAR.index(column)] *= by
            high, low = bars.iloc[row][PRICES].max(), bars.iloc[row][PRICES].min()
            bars.iloc[row, BAR.index("high")], bars.iloc[row, BAR.index("low")] = high, low

    return change


def _set(value: float, *columns: str) -> Rows:
    def change(bars: pd.DataFrame, at: list[int]) -> None:
        for row in at:
            bars.iloc[row, [BAR.index(column) for column in columns]] = value

    return change


# What is done to a row, and whether any of it may ever be stored: what moves it beyond all reason may not.
ROWS: dict[str, Rows] = {
    "is x100": _scale(*PRICES, by=100.0),
    "is x0.01": _scale(*PRICES, by=0.01),
    "is x10": _scale(*PRICES, by=10.0),
    "is nearly zero": _set(1e-4, *PRICES),
    "has a close x50": _scale("close", by=50.0),
    "has an open of a thousandth": _scale("open", by=1e-3),
    "has a high x30": _scale("high", by=30.0),
    "has a low of a cent": _set(0.01, "low"),
    "is x2.5": _scale(*PRICES, by=2.5),
    "has no volume": _set(0.0, "volume"),
    "has a volume x5000": _scale("volume", by=5000.0),
}
# Which rows, counted from the newest: the one that is new, a stored one, several, and a stored and a new one.
PLACES = {"the newest": [-1], "the last stored": [-2], "five back": [-6], "three rows": [-3, -2, -1], "a run": [-7, -6]}
# A volume alone is no reason to hold back a new bar.
ONLY_STORED = {"has no volume", "has a volume x5000"}


def _edit(ticker: str, rows: Rows, at: list[int]) -> Edit:
    def change(listings: Listings, session: pd.Timestamp) -> None:
        listing = listings[ticker]
        shown = listing.bars[listing.bars.index <= session].copy()
        rows(shown, at)
        listing.bars.loc[shown.index] = shown

    return change


def _said(ingested: Ingested, ticker: str) -> bool:
    words = [doubt for doubt in ingested.doubts if ticker in doubt and "held back" in doubt]
    return bool(words) and any(drop.ticker == ticker and "held back" in drop.reason for drop in ingested.dropped)


def _one_morning(ticker: str, rows: Rows, at: list[int], *, n_glitches: int = 1) -> Script:
    """Glitch on the second morning (and some after it), truth then; the store must never hold what is false."""

    def run(world: World) -> str:
        for number, session in enumerate(DAYS[: 3 + n_glitches]):
            glitch = 1 <= number < 1 + n_glitches
            ingested, _ = world.morning(session, _edit(ticker, rows, at) if glitch else None)
            assert_nothing_false(world, session)
            if glitch:
                assert _said(ingested, ticker), f"it isn't said: {ingested.doubts}, {ingested.dropped}"
        assert_true(world, session)
        doubts = open_doubts(read_quarantine(world.store(), before=world.server.now + pd.Timedelta(days=1)))
        assert doubts.empty, f"still doubted: {doubts[['ticker', 'session']].to_dict('records')}"
        assert not ingested.doubts, ingested.doubts
        return "held back, said, and healed by itself"

    return run


def _glitches() -> Iterable[Case]:
    for kind, rows in ROWS.items():
        for place, at in PLACES.items():
            if kind in ONLY_STORED and -1 in at:
                continue
            ticker = TICKERS[(len(kind) + len(place)) % 3]
            short = (kind, place) == ("is x100", "the last stored")
            yield _case(f"{place} of {ticker} {kind} for one morning", _one_morning(ticker, rows, at), n=4, short=short)
    for kind in ("is x100", "is nearly zero", "has a close x50"):
        script = _one_morning("KOLA", ROWS[kind], [-3], n_glitches=4)
        yield _case(f"another stored row each of four mornings {kind}", script, n=7)
    for factor in (100.0, 0.01, 0.5, 1.5):
        rows = _scale(*PRICES, by=factor)
        yield _case(f"the whole history at {factor:g} times for one morning", _whole(rows), n=7)
    for kind in ("is x100", "is x0.01", "has a low of a cent"):
        script = _one_morning("FERN", ROWS[kind], [-4])
        yield _case(f"through yfinance, a stored row {kind} for one morning", script, n=7, wire=True)


def _whole(rows: Rows) -> Script:
    def run(world: World) -> str:
        for number, session in enumerate(DAYS[:4]):
            every = list(range(len(SESSIONS[session >= SESSIONS])))
            ingested, _ = world.morning(session, _edit("KOLA", rows, every) if number == 1 else None)
            assert_nothing_false(world, session)
            if number == 1:
                assert _said(ingested, "KOLA"), ingested.doubts
        assert_true(world, session)
        return "held back, said, and healed by itself"

    return run


def _without(ticker: str, at: list[int]) -> Edit:
    def change(listings: Listings, session: pd.Timestamp) -> None:
        listing = listings[ticker]
        shown = listing.bars.index[listing.bars.index <= session]
        listing.bars = listing.bars.drop(shown[at])

    return change


def _first_mornings() -> Iterable[Case]:
    glitches: dict[str, Edit] = {
        "lacks one session 60 back": _without("KOLA", [-60]),
        "lacks five sessions": _without("MOSS", [-100, -61, -60, -20, -3]),
        "lacks its newest session": _without("KOLA", [-1]),
        "lacks a month": _without("FERN", list(range(-70, -48))),
        "is cut to its newest 30 sessions": _without("KOLA", list(range(-150, -30))),
        "has an old row x100": _edit("KOLA", ROWS["is x100"], [-60]),
        "has an old row x0.01": _edit("MOSS", ROWS["is x0.01"], [-60]),
        "has its first row x100": _edit("KOLA", ROWS["is x100"], [0]),
        "has its newest row x100": _edit("KOLA", ROWS["is x100"], [-1]),
        "has two old rows nearly zero": _edit("FERN", ROWS["is nearly zero"], [-61, -60]),
        "has thirty rows x100": _edit("KOLA", ROWS["is x100"], list(range(-60, -30))),
        "has an old row x1.3": _edit("KOLA", _scale(*PRICES, by=1.3), [-60]),
    }
    for name, glitch in glitches.items():
        yield _case(f"a first morning {name}", _first_morning(glitch), n=6, short=name == "lacks one session 60 back")


def _first_morning(glitch: Edit) -> Script:
    def run(world: World) -> str:
        last_days = SESSIONS[-26::5]
        for number, session in enumerate(last_days):
            world.morning(session, glitch if number == 0 else None)
        assert_true(world, session)
        return "healed"

    return run


def _splits() -> Iterable[Case]:
    for ratio, tickers in (
        (2.0, ("KOLA",)),
        (10.0, ("KOLA", "MOSS")),
        (1.5, ("KOLA",)),
        (0.1, ("MOSS",)),
        (0.01, ("MOSS",)),
    ):
        for ticker in tickers:
            name = f"{ticker}'s split of {ratio:g} is"
            yield _case(f"{name} listed two mornings late", _late_listing(ticker, ratio), n=8)
            yield _case(f"{name} late with its bars on the old basis", _old_basis(ticker, ratio), n=8)
            yield _case(f"{name} applied a morning before it is listed", _applied_first(ticker, ratio), n=8)
    for ratio in (2.0, 0.1):
        yield _case(f"a split of {ratio:g} that never was is listed for a morning", _bogus(ratio), n=8)
        yield _case(f"a true split of {ratio:g} is unlisted for a morning", _unlisted(ratio), n=8)


def _mornings(world: World, edits: dict[int, Edit], days: pd.DatetimeIndex = DAYS[2:8]) -> pd.Timestamp:
    for number, session in enumerate(days):
        world.morning(session, edits.get(number))
    return days[-1]


def _late_listing(ticker: str, ratio: float) -> Script:
    def unlist(listings: Listings, session: pd.Timestamp) -> None:
        listings[ticker].splits.clear()

    def run(world: World) -> str:
        split(world.truth[ticker], DAYS[3], ratio)
        assert_true(world, _mornings(world, {1: unlist, 2: unlist}))
        return "right prices, volumes and actions in the end"

    return run


def _old_basis(ticker: str, ratio: float) -> Script:
    def keep_old(listings: Listings, session: pd.Timestamp) -> None:
        listing = listings[ticker]
        later = listing.bars.index >= DAYS[3]
        listing.bars.loc[later, PRICES] *= ratio
        listing.bars.loc[later, "volume"] = (listing.bars.loc[later, "volume"] / ratio).round()
        listing.splits.clear()

    def run(world: World) -> str:
        split(world.truth[ticker], DAYS[3], ratio)
        assert_true(world, _mornings(world, {1: keep_old, 2: keep_old}))
        return "right prices, volumes and actions in the end"

    return run


def _applied_first(ticker: str, ratio: float) -> Script:
    def apply(listings: Listings, session: pd.Timestamp) -> None:
        listing = listings[ticker]
        before = listing.bars.index < DAYS[3]
        listing.bars.loc[before, PRICES] /= ratio
        listing.bars.loc[before, "volume"] = (listing.bars.loc[before, "volume"] * ratio).round()
        listing.splits.clear()

    def run(world: World) -> str:
        split(world.truth[ticker], DAYS[3], ratio)
        assert_true(world, _mornings(world, {1: apply}))
        return "right prices, volumes and actions in the end"

    return run


def _bogus(ratio: float) -> Script:
    def invent(listings: Listings, session: pd.Timestamp) -> None:
        listings["KOLA"].splits[DAYS[1]] = ratio

    def run(world: World) -> str:
        assert_true(world, _mornings(world, {2: invent}))
        return "withdrawn, with every price as it was"

    return run


def _unlisted(ratio: float) -> Script:
    def forget(listings: Listings, session: pd.Timestamp) -> None:
        listings["KOLA"].splits.clear()

    def run(world: World) -> str:
        bars = world.truth["KOLA"].bars
        split(world.truth["KOLA"], DAYS[1], ratio)
        # Yahoo counts in shares of today: what was traded before a reverse split is known to so many.
        before, unit = bars.index < DAYS[1], max(1.0, round(1 / ratio))
        bars.loc[before, "volume"] = (bars.loc[before, "volume"] / unit).round() * unit
        assert_true(world, _mornings(world, {2: forget}))
        return "listed again"

    return run


def _events() -> Iterable[Case]:
    for move in (0.2, 0.45, 2.5, 4.0, 12.0):
        yield _case(f"a true move to {move:g} times stays", _true_move(move), n=8, short=move == 0.2)
    for move in (2.4, 4.0):
        yield _case(f"a true move to {move:g} times that is gone the next session", _true_spike(move), n=8)
    yield _case("a special dividend of two thirds of the price", _special_dividend, n=8)
    yield _case("small corrections of a whole history", _small_correction, n=8)
    yield _case("a vendor that insists on a correction by a third", _insists, n=8)


def _true_move(move: float) -> Script:
    def run(world: World) -> str:
        later = world.truth["KOLA"].bars.index > DAYS[3]
        world.truth["KOLA"].bars.loc[later, PRICES] *= move
        bar = world.truth["KOLA"].bars.loc[DAYS[3]]
        close = bar["close"] * move
        world.truth["KOLA"].bars.loc[DAYS[3], ["high", "low", "close"]] = (
            max(bar["high"], close), min(bar["low"], close), close,
        )  # fmt: skip
        waited = 0
        for session in DAYS[2:7]:
            ingested, market = world.morning(session)
            assert_nothing_false(world, session)
            newest = market.of(["KOLA"]).bars["session"].max()
            if newest < session:
                waited += 1
                assert _said(ingested, "KOLA"), ingested.doubts
                assert "held back" in ingested.outcomes["KOLA"].held, ingested.outcomes["KOLA"]
        assert_true(world, session)
        assert waited == 2, f"it waited {waited} mornings"
        return "taken once two later sessions confirmed it"

    return run


def _true_spike(move: float) -> Script:
    def run(world: World) -> str:
        world.truth["KOLA"].bars.loc[DAYS[3], PRICES] *= move
        assert_true(world, _mornings(world, {}))
        return "taken once two later sessions were there"

    return run


def _special_dividend(world: World) -> str:
    bars = world.truth["KOLA"].bars
    bars.loc[bars.index >= DAYS[3], PRICES] /= 3.0
    world.truth["KOLA"].dividends[DAYS[3]] = float(bars["close"].loc[DAYS[2]] * 2 / 3)
    for session in DAYS[2:5]:
        ingested, _ = world.morning(session)
        assert not any("held back" in doubt for doubt in ingested.doubts), ingested.doubts
        assert_nothing_false(world, session)
    assert_true(world, session)
    return "explained by the dividend"


def _small_correction(world: World) -> str:
    for number, session in enumerate(DAYS[:3]):
        if number == 1:
            world.truth["KOLA"].bars[PRICES] *= 0.985
        world.morning(session)
        assert_true(world, session)
    return "taken at once, as later vintages"


def _insists(world: World) -> str:
    for number, session in enumerate(DAYS[:5]):
        if number == 1:
            world.truth["KOLA"].bars.loc[DAYS[0], PRICES] *= 1.33
        world.morning(session)
    assert_true(world, session)
    return "taken on the third morning"


def _holes() -> Iterable[Case]:
    yield _case("a hole that is never filled", _never_filled, n=9)
    for n_mornings in (1, 3, 4):
        yield _case(f"a hole 60 back that is filled after {n_mornings} mornings", _filled_after(n_mornings), n=6)


def _never_filled(world: World) -> str:
    session = SESSIONS[-60]
    world.truth["KOLA"].bars = world.truth["KOLA"].bars.drop(session)
    reached = []
    for day in SESSIONS[-9:]:
        before = len(world.charts)
        ingested, _ = world.morning(day)
        reached.append(min(first for ticker, first in world.charts[before:] if ticker == "KOLA") <= session)
        counted = [drop for drop in ingested.dropped if drop.ticker == "KOLA" and "missing" in drop.reason]
        assert len(counted) == 1, ingested.dropped
    # Five mornings' answers lack it; then it is known, and waits for the monthly comparison.
    assert reached[:5] == [True] * 5, reached
    assert sum(reached[5:]) <= 1, reached
    assert "on 5 mornings" in counted[0].reason, counted
    return f"asked for on {sum(reached)} of 9 mornings, and counted on each"


def _filled_after(n_mornings: int) -> Script:
    def run(world: World) -> str:
        hole = SESSIONS[-60]

        def lack(listings: Listings, session: pd.Timestamp) -> None:
            listings["KOLA"].bars = listings["KOLA"].bars.drop(hole)

        for number, session in enumerate(DAYS[:6]):
            world.morning(session, lack if number < n_mornings else None)
        assert_true(world, session)
        return "filled on the first morning that had it"

    return run


def _comparisons() -> Iterable[Case]:
    for every in (1, 4):
        yield _case(f"a revision 60 sessions back, with a run every {every} sessions", _revision(every), n=30)
    yield _case("an ordinary morning asks one question a ticker", _ordinary, n=22)
    yield _case("a bad answer of a store of an earlier version", _old_store, n=5)


def _commands() -> Iterable[Case]:
    yield _case("a true crash is accepted by hand on its first morning", _accept_crash, n=4, short=True)
    yield _case("a glitch is accepted by mistake, and the truth comes after", _accept_glitch, n=5)
    yield _case("a glitch is answered again by refetch, and the truth by the next", _refetched, n=4)
    for table in ("bars", "quarantine", "holes", "comparisons", "actions"):
        yield _case(f"a morning killed as it writes {table}", _killed(table), n=4)
    yield _case("the same morning again writes nothing, glitch or not", _again, n=6)


def _settings(world: World) -> Settings:
    return load_settings(overrides={"source": "yahoo", "data": str(world.folder / "seen")})


def _crash(world: World, session: pd.Timestamp, move: float = 0.2) -> None:
    bars = world.truth["KOLA"].bars
    bars.loc[bars.index >= session, PRICES] *= move


def _accept_crash(world: World) -> str:
    _crash(world, DAYS[3])
    for session in DAYS[2:4]:
        world.morning(session)
    settings, now = _settings(world), world.server.now + pd.Timedelta(minutes=1)
    for word in ("KOLA:2024-13-45", "KOLAA", "MOSS", "KOLA:2024-01-01", "KOLA;DROP"):
        with pytest.raises(SettingsError, match=f"{word} is none of .*KOLA"):
            run_doubts(settings, now, accept=word)
    assert_true(world, session, lacking=1)
    for _ in range(2):
        run_doubts(settings, now)
    run_doubts(settings, now, accept=f"KOLA:{DAYS[3].date()}")
    assert_true(world, session)
    ingested, _ = world.morning(DAYS[4])
    assert_true(world, DAYS[4])
    assert not ingested.doubts, ingested.doubts
    return "accepted, and the next bar fits"


def _accept_glitch(world: World) -> str:
    glitch = _edit("KOLA", ROWS["is x100"], [-2])
    world.morning(DAYS[2])
    world.morning(DAYS[3], glitch)
    run_doubts(_settings(world), world.server.now + pd.Timedelta(minutes=1), accept="KOLA")
    held = world.store().bars(["KOLA"]).set_index("session")["close"]
    assert held[DAYS[2]] > 50 * held[DAYS[1]], "it was not accepted"
    for session in DAYS[4:6]:
        world.morning(session)
    assert_true(world, session)
    return "the truth fits better and corrects it"


def _refetched(world: World) -> str:
    world.morning(DAYS[2])
    glitch = _edit("KOLA", ROWS["is x100"], [-60, -2])
    ingested, _ = world.morning(DAYS[3], glitch, whole=True)
    assert_nothing_false(world, DAYS[3])
    assert _said(ingested, "KOLA"), ingested.doubts
    world.truth["MOSS"].bars.loc[SESSIONS[-100], PRICES] *= 1.03
    world.morning(DAYS[4], whole=True)
    assert_true(world, DAYS[4])
    return "the glitch stayed out, and a revision of long ago came in"


def _killed(table: str) -> Script:
    glitch = _edit("KOLA", ROWS["is x100"], [-2, -1])

    def run(world: World) -> str:
        world.morning(DAYS[2], _without("MOSS", [-60]))
        with pytest.MonkeyPatch.context() as patch:
            commit = DeltaFile.commit

            def die(self: DeltaFile, change: object) -> None:
                if self.table.name == table:
                    raise KeyboardInterrupt
                commit(self, change)  # type: ignore[arg-type]

            patch.setattr(DeltaFile, "commit", die)
            with suppress(KeyboardInterrupt):
                world.morning(DAYS[3], glitch)
        world.morning(DAYS[3], glitch)
        killed = {name: world.store().read(name) for name in TABLES}
        world.morning(DAYS[2], _without("MOSS", [-60]), name="twin")
        world.morning(DAYS[3], glitch, name="twin")
        for name in TABLES:
            pd.testing.assert_frame_equal(killed[name], world.store("twin").read(name), obj=name)
        for session in DAYS[4:6]:
            world.morning(session)
        assert_true(world, session)
        return "run again, it is as if it had not been killed"

    return run


def _again(world: World) -> str:
    for number, session in enumerate(DAYS[2:5]):
        edit = _edit("KOLA", ROWS["is x100"], [-2]) if number == 1 else None
        world.morning(session, edit)
        versions = world.store().versions()
        world.morning(session, edit)
        assert world.store().versions() == versions, "the second run wrote something"
    return "no commit"


def _revision(every: int) -> Script:
    def run(world: World) -> str:
        days = SESSIONS[-61::every]
        for number, session in enumerate(days):
            if number == 1:
                for ticker in TICKERS:
                    world.truth[ticker].bars.loc[SESSIONS[-120], PRICES] *= 1.04
            world.morning(session)
            if (number - 1) * every >= 21:
                assert_true(world, session)
                return f"seen within {(number - 1) * every} sessions"
        raise AssertionError("too few mornings")

    return run


def _ordinary(world: World) -> str:
    for session in SESSIONS[-22:]:
        world.morning(session)
    assert_true(world, SESSIONS[-1])
    # FERN pays a dividend on one of these sessions, which costs a second question, as ever.
    assert sum(world.asked) <= 22 * 3 + 1, world.asked
    return f"{sum(world.asked)} requests on 22 mornings of 3 tickers"


def _old_store(world: World) -> str:
    """The glitch was stored long ago, and nothing was noted of comparisons."""
    for session in DAYS[:2]:
        world.morning(session)
    store = world.store()
    row = store.bars(["KOLA"]).iloc[[-70]]
    at = world.server.now + pd.Timedelta(minutes=1)
    store.append_vintages("bars", row.assign(**{price: row[price] * 100 for price in PRICES}, fetched_at=at))
    for session in DAYS[2:4]:
        world.morning(session, whole=True)
    assert_true(world, session)
    return "healed when its whole history was compared"
