"""One fetch into the store: what is asked, written in which order, counted, and known afterwards without reading."""

from collections import Counter
from pathlib import Path

import hypothesis.strategies as st
import pandas as pd
import pytest
from hypothesis import Phase, given, settings

from stockseq.errors import SourceError
from stockseq.ingestion import Ingested, ingest, universe
from stockseq.market import MarketData
from stockseq.sessions import TradingCalendar
from stockseq.store import Store
from stockseq.store.delta import DeltaFile
from tests.ingestion.vendor import Vendor
from tests.store.scans import count_scans

CALENDAR = TradingCalendar("XNYS", pd.Timestamp("2024-10-01"), pd.Timestamp("2024-12-31"))
SESSIONS = [str(session.date()) for session in CALENDAR.between(pd.Timestamp("2024-11-01"), pd.Timestamp("2024-11-22"))]
NEWS = {"a": ("KOLA", "2024-11-04 15:00", "live"), "b": ("KOLA", "2024-11-05 15:00", "old")}


def evening(session: str) -> pd.Timestamp:
    return pd.Timestamp(f"{session} 23:00", tz="UTC")


def up_to(session: str, close: float = 100.0, first: str = SESSIONS[0]) -> dict[str, float]:
    return {day: close for day in SESSIONS if first <= day <= session}


def bring(store: Store, vendor: Vendor, now: pd.Timestamp, *tickers: str) -> tuple[Ingested, MarketData]:
    return ingest(store, vendor, tickers or ("KOLA", "MOSS"), now=now, calendar=CALENDAR)


def assert_as_read(market: MarketData, store: Store, tickers: tuple[str, ...]) -> None:
    fresh = store.market(CALENDAR, tickers=tickers, as_of=market.now)
    for table in ("bars", "actions", "headlines"):
        pd.testing.assert_frame_equal(getattr(market, table), getattr(fresh, table), obj=table)


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "data")


def test_a_morning_reads_each_table_once_before_the_fetch_and_never_after(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What stands in the store afterwards follows from what was read and what was written."""
    dividend, first = [("KOLA", "2024-11-20", "dividend", 0.5)], {"a": NEWS["a"]}
    vendor = Vendor({"KOLA": up_to("2024-11-21"), "MOSS": up_to("2024-11-21")}, dividend, first)
    bring(store, vendor, evening("2024-11-21"))
    scans = count_scans(monkeypatch)
    next_day = Vendor({"KOLA": up_to("2024-11-22"), "MOSS": up_to("2024-11-22")}, dividend, NEWS)
    ingested, market = bring(store, next_day, evening("2024-11-22"))
    once = {"bars": 1, "actions": 1, "headlines": 1}
    assert (scans.reads, scans.checks) == (once | {"exchanges": 1, "comparisons": 1}, once)
    assert ingested.outcomes["KOLA"].reason == "1 bar, 1 headline"
    assert_as_read(market, store, ("KOLA", "MOSS"))


def test_a_commit_checks_no_other_rows_than_could_be_the_same(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """A morning's ten sessions don't read ten years."""
    vendor = Vendor({"KOLA": up_to("2024-11-22"), "MOSS": up_to("2024-11-22")}, headlines=NEWS)
    bring(store, vendor, evening("2024-11-22"))
    scan, batches, n_rows = DeltaFile.scan, DeltaFile.batches, {}

    def noted_scan(self, *arguments):
        rows = scan(self, *arguments)
        n_rows[self.table.name] = len(rows)
        return rows

    def noted_batches(self, *arguments):
        parts = list(batches(self, *arguments))
        n_rows[self.table.name] = sum(map(len, parts))
        return iter(parts)

    monkeypatch.setattr(DeltaFile, "scan", noted_scan)
    monkeypatch.setattr(DeltaFile, "batches", noted_batches)
    store.append("bars", store.bars(["KOLA"]).tail(3))
    store.append("headlines", store.headlines().head(1))
    assert n_rows == {"bars": 3, "headlines": 1}


def test_a_new_tickers_actions_come_before_its_bars_and_a_stored_ones_after(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """So that a kill between two commits leaves what the next run asks for again."""
    written = []
    append = Store._add
    monkeypatch.setattr(
        Store,
        "_add",
        lambda self, spec, frame, pick: written.append((spec.name, len(frame))) or append(self, spec, frame, pick),
    )
    first = Vendor({"KOLA": up_to("2024-11-21")}, [("KOLA", "2024-11-05", "dividend", 0.5)])
    bring(store, first, evening("2024-11-21"), "KOLA")
    assert written == [
        ("actions", 1),
        ("bars", 15),
        ("actions", 0),
        ("headlines", 0),
        ("exchanges", 1),
        ("comparisons", 1),
    ]
    written.clear()
    actions = [*first.actions, ("KOLA", "2024-11-22", "dividend", 0.5), ("MOSS", "2024-11-06", "split", 3.0)]
    bring(store, Vendor({"KOLA": up_to("2024-11-22"), "MOSS": up_to("2024-11-22")}, actions), evening("2024-11-22"))
    notes = [("comparisons", 1)]
    assert written == [("actions", 1), ("bars", 10 + 1 + 16), ("actions", 1), ("headlines", 0), *notes]


def test_a_revised_ticker_is_fetched_again_in_full(store: Store) -> None:
    """And the reason is said."""
    said = []

    class Screen:
        def step(self, task, done, total, note=""): ...
        def say(self, sentence):
            said.append(sentence)

    bring(store, Vendor({"KOLA": up_to("2024-11-21"), "MOSS": up_to("2024-11-21")}), evening("2024-11-21"))
    revised = Vendor({"KOLA": up_to("2024-11-22", 97.0), "MOSS": up_to("2024-11-22")})
    now = evening("2024-11-22")
    ingested, market = ingest(store, revised, ("KOLA", "MOSS"), now=now, calendar=CALENDAR, progress=Screen())
    assert [set(asked) for asked in revised.asked] == [{"KOLA", "MOSS"}, {"KOLA"}]
    assert said == ["  KOLA: open of 2024-11-08 was 100, now 97; its whole history is fetched again."]
    assert (ingested.outcomes["KOLA"].n_rows, ingested.outcomes["MOSS"].n_rows) == (16, 1)
    assert set(market.of(["KOLA"]).bars["close"]) == {97.0}
    assert_as_read(market, store, ("KOLA", "MOSS"))


def test_an_action_that_is_no_longer_listed_is_withdrawn(store: Store) -> None:
    """By a dividend of 0, which is what the market then holds."""
    listed = Vendor({"KOLA": up_to("2024-11-21")}, [("KOLA", "2024-11-20", "dividend", 0.5)])
    bring(store, listed, evening("2024-11-21"), "KOLA")
    _, market = bring(store, Vendor({"KOLA": up_to("2024-11-22")}), evening("2024-11-22"), "KOLA")
    assert market.actions["value"].tolist() == [0.0]
    assert_as_read(market, store, ("KOLA",))


def test_a_day_replayed_later_sees_what_it_saw(store: Store) -> None:
    """A store that has gone on holds newer bars, revisions and headlines; none of them is known on the day."""
    then = Vendor({"KOLA": up_to("2024-11-20")}, headlines={"a": NEWS["a"]})
    _, before = bring(store, then, evening("2024-11-20"), "KOLA")
    bring(store, Vendor({"KOLA": up_to("2024-11-22", 90.0)}, headlines=NEWS), evening("2024-11-22"), "KOLA")
    ingested, after = bring(store, then, evening("2024-11-20"), "KOLA")
    assert ingested.outcomes["KOLA"].status == "nothing_new"
    assert_as_read(after, store, ("KOLA",))
    pd.testing.assert_frame_equal(before.bars, after.bars)
    assert after.headlines["text"].tolist() == ["a", "b"]


def test_a_bar_whose_move_nothing_explains_is_held_back_and_said(store: Store) -> None:
    """What is stored stays, a new one isn't stored; both are counted, and the truth of the next morning settles them.

    The reason of the newest one stands beside its ticker, which gets no forecast.
    """
    bring(store, Vendor({"KOLA": up_to("2024-11-20")}), evening("2024-11-20"), "KOLA")
    glitch = Vendor({"KOLA": up_to("2024-11-21") | {"2024-11-20": 10000.0, "2024-11-21": 1.0}})
    ingested, market = bring(store, glitch, evening("2024-11-21"), "KOLA")
    assert (len(market.bars), set(market.bars["close"])) == (14, {100.0})
    assert [drop.n_rows for drop in ingested.dropped if "held back" in drop.reason] == [2]
    assert ingested.doubts[0].startswith("KOLA: 2 bars are held back and not used, the newest of 2024-11-21: its open")
    assert ingested.outcomes["KOLA"].held.startswith("its bar of 2024-11-21 is held back: its open is 0.01 times")
    assert store.read("quarantine")["close"].tolist() == [10000.0, 1.0]
    ingested, market = bring(store, Vendor({"KOLA": up_to("2024-11-22")}), evening("2024-11-22"), "KOLA")
    assert (len(market.bars), set(market.bars["close"]), ingested.doubts) == (16, {100.0}, ())
    assert store.read("quarantine")["state"].value_counts().to_dict() == {"held": 2, "cleared": 2}


def test_a_hole_is_asked_for_on_five_mornings_and_then_known(store: Store) -> None:
    """By one question that begins earlier; its answers are counted, and the sixth morning asks ten sessions again."""
    vendor = Vendor({"KOLA": {day: 100.0 for day in SESSIONS if day != "2024-11-04"}})
    reasons = []
    for session in SESSIONS[-4:]:
        vendor.closes = {"KOLA": {day: 100.0 for day in SESSIONS if day <= session and day != "2024-11-04"}}
        ingested, _ = bring(store, vendor, evening(session), "KOLA")
        reasons += [drop.reason for drop in ingested.dropped]
    assert [str(asked["KOLA"].date()) for asked in vendor.asked[1:]] == ["2024-11-04"] * 3
    assert reasons == ["session missing at the source, asked for again every morning"] * 4
    assert store.read("holes")["asked_in"].nunique() == 4


def test_every_outcome_is_named(store: Store) -> None:
    """Updated, nothing new, unknown; and headlines that failed though the bars came."""
    vendor = Vendor({"KOLA": up_to("2024-11-21")}, silent=frozenset({"KOLA"}))
    ingested, _ = bring(store, vendor, evening("2024-11-21"), "KOLA", "NONE")
    assert {ticker: outcome.status for ticker, outcome in ingested.outcomes.items()} == {
        "KOLA": "updated",
        "NONE": "unknown",
    }
    assert ingested.headline_failures == {"KOLA": "no answer"}
    assert ingested.n_failed == 1
    again, _ = bring(store, vendor, evening("2024-11-22"), "KOLA")
    assert again.outcomes["KOLA"].status == "nothing_new"


def test_headlines_are_not_asked_for_where_no_bars_came(store: Store) -> None:
    """Who refuses every ticker's bars is left in peace; where one ticker's came, all are asked for."""
    vendor = Vendor({"KOLA": up_to("2024-11-21")})
    ingested, _ = bring(store, vendor, evening("2024-11-21"), "NONE", "NIL")
    assert vendor.n_news_fetches == 0
    assert ingested.headline_failures["NIL"] == "not asked, because no ticker's bars came"
    bring(store, vendor, evening("2024-11-21"), "NONE", "KOLA")
    assert vendor.n_news_fetches == 1


@pytest.mark.parametrize("close", [100.0, 10_000.0])
def test_a_ticker_in_another_currency_than_stored_fails_alone(store: Store, close: float) -> None:
    """Also where the prices follow, and its whole history is fetched again."""
    usual = Vendor({ticker: up_to("2024-11-20") for ticker in ("KOLA", "MOSS")}, currencies={"KOLA": "GBP"})
    bring(store, usual, evening("2024-11-20"))
    closes = {"KOLA": up_to("2024-11-21", close), "MOSS": up_to("2024-11-21")}
    ingested, market = bring(store, Vendor(closes, currencies={"KOLA": "GBp"}), evening("2024-11-21"))
    assert {ticker: outcome.status for ticker, outcome in ingested.outcomes.items()} == {
        "KOLA": "failed",
        "MOSS": "updated",
    }
    assert "come in 'GBp', and those stored are in 'GBP'" in ingested.outcomes["KOLA"].reason
    assert market.bars.groupby("ticker")["session"].max().dt.date.astype(str).to_dict() == {
        "KOLA": "2024-11-20",
        "MOSS": "2024-11-21",
    }
    assert set(market.bars["close"]) == {100.0}


def test_sessions_that_the_source_lacks_are_counted_and_not_filled(store: Store) -> None:
    """Of the last two weeks, up to the newest bar of all."""
    closes = {day: 100.0 for day in SESSIONS if day not in ("2024-11-01", "2024-11-13", "2024-11-20")}
    ingested, market = bring(store, Vendor({"KOLA": closes}), evening("2024-11-22"), "KOLA")
    assert [(drop.stage, drop.ticker, drop.n_rows) for drop in ingested.dropped] == [("bars", "KOLA", 2)]
    assert len(market.bars) == len(SESSIONS) - 3


def test_only_tickers_without_bars_are_fetched(store: Store) -> None:
    """A backtest doesn't wait for a source that has nothing to add."""
    vendor = Vendor({"KOLA": up_to("2024-11-22"), "MOSS": up_to("2024-11-22")}, headlines=NEWS)
    bring(store, vendor, evening("2024-11-22"), "KOLA")
    now = evening("2024-11-22") + pd.Timedelta(hours=1)
    vendor.asked.clear()
    ingested, market = ingest(store, vendor, ("KOLA", "MOSS"), now=now, calendar=CALENDAR, missing_only=True)
    assert list(ingested.outcomes) == ["MOSS"]
    assert [set(asked) for asked in vendor.asked] == [{"MOSS"}]
    assert_as_read(market, store, ("KOLA", "MOSS"))
    ingested, market = ingest(store, vendor, ("KOLA", "MOSS"), now=now, calendar=CALENDAR, missing_only=True)
    assert not ingested.outcomes
    assert market.tickers == ("KOLA", "MOSS")


def test_the_universe_is_what_was_named_or_listed_or_stored(store: Store) -> None:
    """In this order; and with none of them there is no run."""
    vendor, now = Vendor({"MOSS": up_to("2024-11-22"), "KOLA": up_to("2024-11-22")}), evening("2024-11-22")
    with pytest.raises(SourceError, match="No tickers: name them"):
        universe(store, vendor, (), (), now)
    assert universe(store, vendor, (), ("AAPL",), now) == ("AAPL",)
    bring(store, vendor, now)
    assert universe(store, vendor, (), ("AAPL",), now) == ("KOLA", "MOSS")
    assert universe(store, vendor, (), ("AAPL",), evening("2024-11-20")) == ("AAPL",)
    vendor.tickers = ("LIMO",)
    assert universe(store, vendor, (), (), now) == ("LIMO",)
    assert universe(store, vendor, ("NAMED",), (), now) == ("NAMED",)


Closes = st.dictionaries(st.sampled_from(SESSIONS), st.sampled_from([100.0, 100.0 * (1 + 1e-7), 101.0, 50.0]))
Actions = st.lists(
    st.tuples(
        st.sampled_from(["KOLA", "MOSS"]),
        st.sampled_from(SESSIONS[:4]),
        st.sampled_from(["split", "dividend"]),
        st.sampled_from([0.5, 2.0]),
    ),
    max_size=3,
    unique_by=lambda action: action[:3],
)
Headlines = st.dictionaries(
    st.sampled_from("abc"),
    st.tuples(st.just("KOLA"), st.sampled_from(["2024-11-04 15:00"]), st.sampled_from(["live", "old"])),
)
Vendors = st.builds(Vendor, st.fixed_dictionaries({"KOLA": Closes, "MOSS": Closes}), Actions, Headlines)


@settings(max_examples=12, deadline=None, phases=(Phase.explicit, Phase.reuse, Phase.generate))
@given(
    mornings=st.lists(st.tuples(st.sampled_from(SESSIONS), Vendors), min_size=1, max_size=4, unique_by=lambda m: m[0])
)
def test_the_market_after_a_fetch_is_what_a_fresh_read_gives(mornings, tmp_path_factory) -> None:
    """For all answers in any order of days: revised, withdrawn, backdated; and counts are what the store gained."""
    store = Store(tmp_path_factory.mktemp("mornings"))
    tickers = ("KOLA", "MOSS")
    for session, vendor in mornings:
        now = evening(session)
        read = store.market(CALENDAR, tickers=tickers, as_of=now)
        ingested, market = bring(store, vendor, now)
        assert_as_read(market, store, tickers)
        gained = Counter(market.bars.loc[market.bars["fetched_at"] == now, "ticker"])
        gained += Counter(market.headlines["ticker"]) - Counter(read.headlines["ticker"])
        assert {name: outcome.n_rows for name, outcome in ingested.outcomes.items()} == {
            name: gained[name] for name in tickers
        }
