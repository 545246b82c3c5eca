"""The feature table is the same bytes however it was built, and no row knows what came later."""

import importlib
import linecache
import sys
from concurrent.futures import Executor, ProcessPoolExecutor
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from stockseq.errors import DataError, PluginError
from stockseq.features.feature import Feature
from stockseq.features.indicators import DEFAULT_FEATURES, rate_of_change
from stockseq.features.sentiment import SENTIMENT_COLUMNS, VaderScorer, score_headlines
from stockseq.features.table import FEATURE_KEYS, BuiltFeatures, build_features, feature_set_name
from stockseq.schemas import ACTIONS, HEADLINES, Actions, Bars, Headlines, as_actions, as_bars, as_headlines, empty
from stockseq.sessions import DecisionPolicy, TradingCalendar

CALENDAR = TradingCalendar("XNYS", pd.Timestamp("2018-01-02"), pd.Timestamp("2022-12-30"))
FETCHED = pd.Timestamp("2023-01-01", tz="UTC")
# Two features keep the tests fast; the defaults are held to the same below.
FEW = tuple(feature for feature in DEFAULT_FEATURES if feature.name in ("return_1", "rsi_14", "days_closed"))


def _bars(*, n_sessions: int = 800, tickers: tuple[str, ...] = ("AAA", "BBB"), seed: int = 0) -> Bars:
    frames = []
    for offset, ticker in enumerate(tickers):
        random = np.random.default_rng(seed + offset)
        close = 40.0 * np.exp(np.cumsum(random.normal(0.0, 0.02, n_sessions)))
        opened = close * np.exp(random.normal(0.0, 0.01, n_sessions))
        frame = pd.DataFrame({"session": CALENDAR.sessions[:n_sessions], "open": opened, "close": close})
        frame["high"], frame["low"] = frame.max(axis=1, numeric_only=True) * 1.01, np.minimum(opened, close) * 0.99
        frames.append(frame.assign(ticker=ticker, volume=random.integers(1000, 9000, n_sessions) * 1.0))
    return as_bars(pd.concat(frames).assign(source="made", fetched_at=FETCHED))


def _actions(*rows: tuple[str, pd.Timestamp, str, float]) -> Actions:
    frame = pd.DataFrame(rows, columns=["ticker", "session", "kind", "value"])
    return as_actions(frame.assign(source="made", fetched_at=FETCHED))


def _headlines(n: int = 400, *, seed: int = 0) -> Headlines:
    random = np.random.default_rng(seed)
    minutes = np.sort(random.integers(0, 60 * 24 * 1100, n))
    published = pd.Timestamp("2018-01-03", tz="UTC") + pd.to_timedelta(minutes, unit="min")
    words = random.choice(["wins", "loses", "opens an office", "is great", "is terrible"], n)
    frame = pd.DataFrame({"published_at": published, "text": [f"Acme {word}" for word in words]})
    frame["ticker"] = random.choice(["AAA", "BBB"], n)
    return as_headlines(
        frame.assign(
            headline_id=[f"{place:04d}" for place in range(n)],
            first_seen_at=pd.Series(pd.NaT, index=frame.index, dtype="datetime64[us, UTC]"),
            date_only=False,
            publisher="",
            url="",
            source="made",
        )
    )


BARS, HEADLINES_MADE = _bars(), _headlines()
SCORES = score_headlines(HEADLINES_MADE, VaderScorer())
SPLIT = _actions(("AAA", BARS["session"][300], "split", 2.0), ("BBB", BARS["session"][350], "dividend", 0.3))


def _build(
    bars: Bars = BARS,
    actions: Actions = SPLIT,
    headlines: Headlines = HEADLINES_MADE,
    policy: str = "before_open(30)",
    **options: object,
) -> BuiltFeatures:
    return build_features(
        bars,
        actions,
        headlines,
        SCORES,
        calendar=CALENDAR,
        policy=DecisionPolicy.parse(policy),
        **({"features": FEW} | options),  # type: ignore[arg-type]
    )


def _until(bars: pd.DataFrame, place: int) -> Bars:
    return Bars(bars[bars["session"] <= CALENDAR.sessions[place]].reset_index(drop=True))


def _before(table: pd.DataFrame, session: pd.Timestamp) -> pd.DataFrame:
    return table[table["session"] <= session].reset_index(drop=True)


def _assert_same_bytes(one: pd.DataFrame, other: pd.DataFrame) -> None:
    pd.testing.assert_frame_equal(one, other, check_exact=True)
    numbers = one.select_dtypes("float64").columns
    assert one[numbers].to_numpy().tobytes() == other[numbers].to_numpy().tobytes()


def test_a_row_stands_for_each_session_after_a_bar_past_the_warm_up() -> None:
    """800 bars less 60 of warm-up, the last row for the session that is not yet traded."""
    table = _build().table
    assert table.groupby("ticker").size().to_dict() == {"AAA": 740, "BBB": 740}
    assert table["session"].min() == CALENDAR.sessions[61]
    assert table["session"].max() == CALENDAR.sessions[800]
    assert list(table.columns) == [*FEATURE_KEYS, *(feature.name for feature in FEW), *SENTIMENT_COLUMNS]
    assert np.isfinite(table.select_dtypes("float64")).all(axis=None)
    assert table.equals(table.sort_values(["ticker", "session"]))


def test_a_row_uses_the_bar_of_the_session_before_it() -> None:
    """By hand: the return of session 99 stands in the row of session 100, decided before its open."""
    table, bars = _build().table, BARS[BARS["ticker"] == "BBB"].reset_index(drop=True)
    row = table[(table["ticker"] == "BBB") & (table["session"] == CALENDAR.sessions[100])].iloc[0]
    assert row["return_1"] == pytest.approx(bars["close"][99] / bars["close"][98] - 1.0, rel=1e-12)
    opens = CALENDAR.schedule["open"].iloc[100]
    assert row["decision_at"] == opens - pd.Timedelta(minutes=30)
    assert row["days_closed"] == (CALENDAR.sessions[100] - CALENDAR.sessions[99]).days


def test_a_split_leaves_no_trace_in_the_returns() -> None:
    """The bars are as traded, so an unadjusted return would be -50 %."""
    bars, on = _until(BARS, 420), BARS["session"][300]
    split = bars.copy()
    after = (split["ticker"] == "AAA") & (split["session"] >= on)
    split.loc[after, ["open", "high", "low", "close"]] /= 2.0
    split.loc[after, "volume"] *= 2.0
    given = _build(Bars(split), _actions(("AAA", on, "split", 2.0)), features=DEFAULT_FEATURES).table
    expected = _build(bars, Actions(empty(ACTIONS)), features=DEFAULT_FEATURES).table
    names = [feature.name for feature in DEFAULT_FEATURES]
    np.testing.assert_allclose(given[names], expected[names], rtol=1e-9, atol=1e-12)


def test_news_reaches_the_row_of_the_session_it_is_decided_for() -> None:
    """The counts of the rows are those of the headlines by decided session, and no headline is used twice."""
    built = _build()
    decided = built.headlines.groupby(["ticker", "session"]).size()
    counts = np.expm1(built.table.set_index(["ticker", "session"])["news_count"]).round().astype(int)
    shared = counts.index.intersection(decided.index)
    assert len(shared) > 100
    assert (counts[shared] == decided[shared]).all()
    assert counts.sum() == decided[shared].sum()


@pytest.mark.parametrize("features", [FEW, DEFAULT_FEATURES], ids=["few", "default"])
def test_day_by_day_gives_the_same_bytes_as_a_rebuild(features: tuple[Feature, ...]) -> None:
    """Across the turn of a year, with the split and the dividend on the way."""
    places = [249, 250, 251, 252, 253, 299, 300, 301, 355, 799]
    stored = None
    for place in places:
        stored = _build(_until(BARS, place), stored=stored, features=features).table
    _assert_same_bytes(stored, _build(features=features).table)


def test_earlier_rows_stay_as_they_were_when_bars_are_added() -> None:
    """So the store appends the new rows and rewrites none."""
    whole = _build().table
    for place in (120, 260, 301, 600):
        part = _build(_until(BARS, place)).table
        _assert_same_bytes(part, _before(whole, CALENDAR.sessions[place + 1]))


def test_what_comes_later_changes_no_row_before_it() -> None:
    """Poison: from session 500 on, other prices, a late split, other headlines; rows up to it keep their bytes."""
    first = CALENDAR.sessions[500]
    poisoned = BARS.copy()
    later = poisoned["session"] >= first
    poisoned.loc[later, ["open", "high", "low", "close"]] *= 17.0
    news = HEADLINES_MADE.copy()
    after = news["published_at"] > CALENDAR.schedule["open"].iloc[500]
    news.loc[after, "ticker"] = "AAA"
    events = as_actions(pd.concat([SPLIT, _actions(("BBB", first, "split", 4.0))]))
    rows = _build(Bars(poisoned), events, as_headlines(news)).table
    _assert_same_bytes(_before(rows, first), _before(_build().table, first))


def test_a_revised_bar_is_computed_again_in_every_year_that_sees_it() -> None:
    """The checksum of what a row saw finds it, without being told."""
    stored = _build().table
    revised = BARS.copy()
    revised.loc[200, "close"] *= 1.001
    incremental = _build(as_bars(revised), stored=stored).table
    _assert_same_bytes(incremental, _build(as_bars(revised)).table)
    changed = stored.loc[(stored["inputs"] != incremental["inputs"]), "session"]
    assert changed.min() == CALENDAR.sessions[201]


def test_a_late_split_and_late_news_give_the_same_bytes_as_a_rebuild() -> None:
    """Yahoo reports some splits days late, and a backfill brings old headlines."""
    fewer = as_headlines(HEADLINES_MADE.iloc[::2])
    stored = _build(actions=Actions(empty(ACTIONS)), headlines=fewer).table
    _assert_same_bytes(_build(stored=stored).table, _build().table)


def test_unchanged_rows_are_not_computed_again() -> None:
    """The daily run recomputes the current year alone."""
    calls = []

    def counted(bars: pd.DataFrame) -> pd.Series:
        calls.append(bars.index[-1].year)
        return bars["close"].pct_change().fillna(0.0)

    feature = Feature("counted", counted, warm_up=1)
    stored = _build(_until(BARS, 798), features=(feature,)).table
    assert calls == [2018, 2019, 2020, 2021] * 2
    calls.clear()
    _build(_until(BARS, 798), features=(feature,), stored=stored)
    assert calls == []
    _build(features=(feature,), stored=stored)
    assert calls == [2021] * 2


def test_stored_rows_of_other_tickers_are_neither_taken_nor_in_the_way() -> None:
    """Before, between and behind those that have bars."""
    three = _bars(tickers=("AAA", "BBB", "CCC"))
    stored = _build(Bars(three)).table
    for tickers in (["AAA"], ["BBB"], ["CCC"], ["AAA", "CCC"]):
        some = Bars(three[three["ticker"].isin(tickers)].reset_index(drop=True))
        _assert_same_bytes(_build(some, stored=stored).table, _build(some).table)


def test_headlines_of_tickers_without_bars_are_not_in_the_way() -> None:
    """Of AAA and CCC there are bars, of BBB between them news alone."""
    bars = _bars(tickers=("AAA", "CCC"))
    news = as_headlines(HEADLINES_MADE.assign(ticker=HEADLINES_MADE["ticker"].replace({"BBB": "CCC"})))
    whose = np.where(np.arange(len(news)) % 3 == 0, "BBB", news["ticker"])
    mixed = as_headlines(news.assign(ticker=whose))
    without = as_headlines(mixed[mixed["ticker"] != "BBB"])
    table = _build(bars, headlines=mixed).table
    _assert_same_bytes(table, _build(bars, headlines=without).table)
    assert (table.groupby("ticker")["news_count"].sum() > 0).all()


def test_stored_rows_may_come_in_any_order() -> None:
    """The table that comes back is as one that is built: by ticker and session, its rows numbered."""
    table = _build().table
    _assert_same_bytes(_build(stored=table.sample(frac=1.0, random_state=0)).table, table)


class _Spy(Executor):
    """Runs the jobs here and counts the bars that each carries."""

    def __init__(self) -> None:
        self.n_bars: list[int] = []

    def map(self, function: Any, jobs: Any, **_: Any) -> Any:  # type: ignore[override]
        for job in jobs:
            self.n_bars.append(len(job.blocks[0].histories.arrays["close"]))
            yield function(job)


def test_a_job_carries_the_bars_that_its_rows_read() -> None:
    """A new session of two tickers needs their last year and the 400 bars before it, of each."""
    stored, spy = _build(_until(BARS, 798)).table, _Spy()
    _assert_same_bytes(_build(stored=stored, executor=spy).table, _build().table)
    this_year = sum(session.year == 2021 for session in CALENDAR.sessions[:800])
    assert spy.n_bars == [2 * (400 + this_year)]


def test_processes_give_the_same_bytes() -> None:
    """Tickers are spread over workers, here and on a cluster."""
    # Python 3.12 warns of forks in a process that has threads.
    bars = _until(BARS, 130)
    with ProcessPoolExecutor(2, mp_context=get_context("spawn")) as executor:
        for features in (FEW, DEFAULT_FEATURES):
            spread = _build(bars, features=features, executor=executor).table
            assert set(spread["feature_set"]) == {feature_set_name(features)}
            _assert_same_bytes(spread, _build(bars, features=features).table)


def test_the_order_and_number_of_tickers_does_not_matter() -> None:
    """A new ticker must not change the others."""
    alone = _build(Bars(BARS[BARS["ticker"] == "BBB"])).table
    both = _build(Bars(BARS.sample(frac=1.0, random_state=0))).table
    _assert_same_bytes(alone, both[both["ticker"] == "BBB"].reset_index(drop=True))


def test_stored_rows_of_other_features_are_not_taken_for_these() -> None:
    """A changed feature set is another table."""
    stored = _build(features=FEW[:2]).table
    _assert_same_bytes(_build(stored=stored).table, _build().table)


def test_without_headlines_the_sentiment_columns_stand_and_say_so() -> None:
    """A market without news has the same columns as one with it."""
    table = _build(headlines=Headlines(empty(HEADLINES))).table
    assert (table["no_news"] == 1.0).all()
    assert (table[list(SENTIMENT_COLUMNS)].drop(columns="no_news") == 0.0).all(axis=None)


def test_after_the_close_the_row_is_decided_on_the_evening_before() -> None:
    """The traded session is the next one, and its news window ends with the decision."""
    built = _build(policy="after_close(30)")
    row = built.table.iloc[0]
    place = CALENDAR.sessions.get_loc(row["session"])
    assert row["decision_at"] == CALENDAR.schedule["close"].iloc[place - 1] + pd.Timedelta(minutes=30)
    known = built.headlines.merge(built.table[["ticker", "session", "decision_at"]], on=["ticker", "session"])
    assert (known["available_at"] <= known["decision_at"]).all()


def test_a_session_without_the_bar_before_it_has_no_row_and_is_counted() -> None:
    """A feature of the day before yesterday is not what the model was trained on."""
    gap = CALENDAR.sessions[400]
    built = _build(Bars(BARS[~((BARS["ticker"] == "AAA") & (BARS["session"] == gap))]))
    rows = built.table[built.table["ticker"] == "AAA"]
    assert CALENDAR.sessions[401] not in set(rows["session"])
    assert CALENDAR.sessions[402] in set(rows["session"])
    counts = {(drop.ticker, drop.reason): drop.n_rows for drop in built.dropped}
    assert counts[("AAA", "no bar of the session before")] == 1
    assert counts[("BBB", "warm-up")] == 60


def test_a_bar_on_a_closed_day_and_a_ticker_too_young_are_counted() -> None:
    """What is left out is shown, never repaired."""
    odd = as_bars(pd.concat([BARS, BARS[BARS["ticker"] == "AAA"].iloc[:1].assign(session=pd.Timestamp("2019-12-25"))]))
    young = as_bars(pd.concat([odd, BARS[BARS["ticker"] == "BBB"].iloc[:30].assign(ticker="CCC")]))
    built = _build(young)
    counts = {(drop.ticker, drop.reason): drop.n_rows for drop in built.dropped}
    assert counts[("AAA", "bar on a date that is no session")] == 1
    assert counts[("CCC", "warm-up")] == 30
    assert "CCC" not in set(built.table["ticker"])


def test_a_faulty_dividend_costs_itself_and_is_counted() -> None:
    """Neither its ticker's rows nor another's: without it they are as if it had never been listed."""
    built = _build(actions=_actions(("AAA", BARS["session"][300], "dividend", 4000.0)))
    assert set(built.table["ticker"]) == {"AAA", "BBB"}
    pd.testing.assert_frame_equal(built.table, _build(actions=SPLIT.iloc[:0]).table)
    assert [drop.ticker for drop in built.dropped if "A dividend must be below the price" in drop.reason] == ["AAA"]


def test_a_row_without_a_value_is_dropped_and_counted() -> None:
    """A user's feature may have holes; they are shown, not filled."""
    holes = Feature(
        "holes", lambda bars: bars["close"].where(bars.index != CALENDAR.sessions[700]), 0, divide_by="close"
    )
    built = _build(features=(holes,))
    assert CALENDAR.sessions[701] not in set(built.table["session"])
    counts = {(drop.ticker, drop.reason): drop.n_rows for drop in built.dropped}
    assert counts[("AAA", "a feature has no value")] == 1
    _assert_same_bytes(_build(features=(holes,), stored=built.table).table, built.table)


def test_a_longer_warm_up_of_a_users_feature_is_kept() -> None:
    """A row must have every feature."""
    slow = Feature("sma_200", lambda bars: bars["close"].rolling(200).mean(), 199, divide_by="close")
    assert _build(features=(*FEW, slow)).table["session"].min() == CALENDAR.sessions[200]


@pytest.mark.parametrize(
    ("options", "error", "match"),
    [
        ({"features": (FEW[0], FEW[0])}, ValueError, r"\['return_1'\] repeat"),
        ({"features": (Feature("session", FEW[0].compute, 1),)}, ValueError, r"\['session'\] repeat"),
        ({"features": (Feature("broken", lambda bars: bars["adj_close"], 1),)}, PluginError, "'broken' failed"),
        ({"bars": Bars(pd.concat([BARS, BARS.iloc[:1]]))}, DataError, "one vintage, so one bar .* 1 repeat"),
        ({"headlines": _headlines(401)}, ValueError, "Every headline needs a score; 1 of 401 have none"),
        (
            {"bars": as_bars(BARS.assign(session=BARS["session"] + pd.Timedelta(days=1822)))},
            ValueError,
            "calendar ends",
        ),
    ],
)
def test_a_wrong_argument_is_refused_with_a_sentence(
    options: dict[str, object], error: type[Exception], match: str
) -> None:
    """The message names what to change."""
    with pytest.raises(error, match=match):
        _build(**options)  # type: ignore[arg-type]


def test_another_set_of_features_has_another_name() -> None:
    """Stored rows are told apart by it."""
    assert feature_set_name(FEW) != feature_set_name(FEW[:2]) != feature_set_name(DEFAULT_FEATURES) == "default-2"


def test_an_edited_feature_is_another_set(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Rows stored by the function as it was must not stand beside rows of the function as it is."""
    monkeypatch.syspath_prepend(tmp_path)
    module = tmp_path / "edited_feature.py"
    names = []
    for window in (5, 5, 7):
        module.write_text(f"def change(bars):\n    return bars['close'].pct_change({window})\n")
        linecache.clearcache()
        importlib.invalidate_caches()
        sys.modules.pop("edited_feature", None)
        change = importlib.import_module("edited_feature").change
        names.append(feature_set_name((*DEFAULT_FEATURES, Feature("change", change, warm_up=7))))
    assert names[0] == names[1] != names[2]


def test_what_a_feature_is_bound_to_is_part_of_the_set() -> None:
    """The same function over another window is another feature, and where it lies in memory is not."""
    named = [
        feature_set_name((Feature("change", partial(rate_of_change, window=window), warm_up=7),))
        for window in (5, 5, 7)
    ]
    assert named[0] == named[1] != named[2]
