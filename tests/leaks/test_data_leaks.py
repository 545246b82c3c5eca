"""Leaks on the way from the tables to the samples, planted in the real functions one by one."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest

import stockseq.dataset.dataset as dataset
import stockseq.dataset.panel as panel
import stockseq.features.table as feature_table
from stockseq.audit import pipeline
from stockseq.features.feature import Feature
from stockseq.features.history import Block
from stockseq.features.news import LATENCY, Latency
from stockseq.market import MarketData
from stockseq.prices import garman_klass
from stockseq.report.text.audit import finding_sentence
from stockseq.schemas import PRICES, SESSION, Bars
from tests.leaks.world import make_world, with_table

Plant = Callable[[pytest.MonkeyPatch], None]


def change(module: Any, name: str, after: Callable[..., Any]) -> Plant:
    """Plant a leak in the answer of a function: `after` gets the answer and the arguments."""

    def plant(monkeypatch: pytest.MonkeyPatch) -> None:
        real = getattr(module, name)
        monkeypatch.setattr(module, name, lambda *given, **options: after(real(*given, **options), *given))

    return plant


def swap(module: Any, name: str, before: Callable[..., Any]) -> Plant:
    """Plant a leak in what a function is given: `before` gets the function and the arguments."""

    def plant(monkeypatch: pytest.MonkeyPatch) -> None:
        real = getattr(module, name)
        monkeypatch.setattr(module, name, lambda *given, **options: before(real, *given, **options))

    return plant


def shifted_labels(trades: Any, *_: Any) -> Any:
    later = trades.labels.groupby("ticker")["realised_return"].shift(-1)
    moved = trades.labels.assign(realised_return=later).dropna(subset="realised_return").reset_index(drop=True)
    return replace(trades, labels=moved)


def by_date(decided: pd.DataFrame, headlines: pd.DataFrame, *_: Any) -> pd.DataFrame:
    dates = headlines["published_at"].dt.tz_convert("America/New_York").dt.tz_localize(None).dt.normalize()
    return decided.assign(session=dates.astype(SESSION).where(decided["session"].notna()))


def by_stamp(decide: Any, headlines: pd.DataFrame, **options: Any) -> pd.DataFrame:
    return decide(
        headlines.assign(first_seen_at=headlines["first_seen_at"].mask(headlines["published_at"].notna())), **options
    )


def dates_at_midnight(decide: Any, headlines: pd.DataFrame, **options: Any) -> pd.DataFrame:
    return decide(headlines.assign(date_only=False), **options)


def at_once(decide: Any, headlines: pd.DataFrame, **options: Any) -> pd.DataFrame:
    return decide(headlines, **{**options, "latency": pd.Timedelta(0)})


def early(by: str, *known_by: str) -> Callable[..., Any]:
    """Shift the stamps that are known by these to before they were made."""

    def before(decide: Any, headlines: pd.DataFrame, **options: Any) -> pd.DataFrame:
        lying = headlines["known_by"].isin(known_by)
        stamps = headlines["published_at"].mask(lying, headlines["published_at"] - pd.Timedelta(by))
        return decide(headlines.assign(published_at=stamps), **options)

    return before


def by_creation(decide: Any, headlines: pd.DataFrame, **options: Any) -> pd.DataFrame:
    created = headlines["created_at"].fillna(headlines["published_at"])
    return decide(headlines.assign(published_at=created), **options)


def by_crawled_stamp(decide: Any, headlines: pd.DataFrame, **options: Any) -> pd.DataFrame:
    crawled = headlines["known_by"] == "crawled"
    return decide(headlines.assign(first_seen_at=headlines["first_seen_at"].mask(crawled)), **options)


def one_latency(decide: Any, headlines: pd.DataFrame, **options: Any) -> pd.DataFrame:
    return decide(headlines, **{**options, "latency": LATENCY})


def last_of_repeats(decided: pd.DataFrame, *_: Any) -> pd.DataFrame:
    return decided.sort_values("available_at").drop_duplicates(["ticker", "text"], keep="last")


def last_telling(find: Any, decided: pd.DataFrame, **options: Any) -> pd.Series:
    newest = decided["available_at"].max()
    return find(decided.assign(available_at=newest - (decided["available_at"] - newest)), **options)


def same_session(placed: pd.DataFrame, bars: pd.DataFrame, calendar: Any, policy: Any) -> pd.DataFrame:
    decisions = calendar.decision_at(policy).reindex(pd.DatetimeIndex(placed["session"]))
    return placed.assign(traded_session=placed["session"], decision_at=decisions.array)


def back_adjusted(adjust: Any, block: Block) -> dict[str, np.ndarray]:
    """Scale the prices so that the last one, not the first, is as traded."""
    forward: dict[str, np.ndarray] = adjust(block)
    scale = block.histories.arrays["close"][block.end - 1] / forward["close"][-1]
    return {**forward, **{price: forward[price] * scale for price in PRICES}}


def level(bars: pd.DataFrame) -> pd.Series:
    return np.log(bars["close"])


def refilled(how: str) -> Callable[..., Any]:
    """Give each ticker a bar on every session between its first and last, made of the bars around."""

    def before(build: Any, market: MarketData, *rest: Any, **options: Any) -> Any:
        filled = []
        for _, bars in market.bars.groupby("ticker"):
            first, last = bars["session"].iloc[[0, -1]]
            grid = bars.set_index("session").reindex(market.calendar.between(first, last).rename("session"))
            numbers = grid.select_dtypes("number")
            filled.append(grid.bfill().assign(**(numbers.interpolate() if how == "interpolate" else numbers.bfill())))
        return build(with_bars(market, pd.concat(filled).reset_index()[market.bars.columns]), *rest, **options)

    return before


def survivors(build: Any, market: MarketData, *rest: Any, **options: Any) -> Any:
    bars = market.bars
    last = bars.groupby("ticker")["session"].transform("max")
    return build(with_bars(market, bars[last == bars["session"].max()].reset_index(drop=True)), *rest, **options)


def most_active(build: Any, market: MarketData, *rest: Any, **options: Any) -> Any:
    bars = market.bars
    turnover = (bars["close"] * bars["volume"]).groupby(bars["ticker"]).mean()
    most = bars[bars["ticker"].isin(turnover.nlargest(1).index)].reset_index(drop=True)
    return build(with_bars(market, most), *rest, **options)


def with_bars(market: MarketData, bars: pd.DataFrame) -> MarketData:
    return replace(market, bars=Bars(bars))


def in_table(column: str, compute: Callable[[pd.DataFrame], pd.Series]) -> Callable[..., Any]:
    return lambda built, *_: with_table(built, built.table.assign(**{column: compute(built.table)}))


def next_label(built: Any, bars: pd.DataFrame, *_: Any) -> Any:
    moves = bars[["ticker", "session"]].assign(return_1=bars["close"] / bars["open"] - 1)
    table = built.table.drop(columns="return_1").merge(moves, on=["ticker", "session"], how="left")
    return with_table(built, table.fillna({"return_1": 0.0})[list(built.table.columns)])


def own_range(built: Any, bars: pd.DataFrame, *_: Any) -> Any:
    sizes = bars[["ticker", "session"]].assign(range_volatility_1=np.log(garman_klass(bars)))
    table = built.table.drop(columns="range_volatility_1").merge(sizes, on=["ticker", "session"], how="left")
    return with_table(built, table.fillna({"range_volatility_1": 0.0})[list(built.table.columns)])


def against_later_listings(table: pd.DataFrame) -> pd.Series:
    """Subtract the session's mean of all tickers, those that aren't there yet by their first later value."""
    wide = table.pivot(index="session", columns="ticker", values="rsi_14").bfill()
    return table["rsi_14"] - table["session"].map(wide.mean(axis=1))


def centred(scores: pd.DataFrame, *_: Any) -> pd.DataFrame:
    return scores.assign(compound=scores["compound"] - scores["compound"].mean())


def led(built: Any, *_: Any) -> Any:
    return replace(built, indicators=np.roll(built.indicators, -1, axis=0))


def news_of_the_next(built: Any, *_: Any) -> Any:
    return replace(built, texts=(*built.texts[1:], ()))


def late_as_in_time(stale: pd.Series, *_: Any) -> pd.Series:
    """Let a headline that was seen late stand in its own row, as if that row's decision had known it."""
    return stale & False


def own_session(decided: pd.DataFrame, *_: Any) -> pd.DataFrame:
    return decided.assign(session=decided["published_session"])


def seen_by_the_next(late: Any, keys: pd.DataFrame, *_: Any) -> Any:
    """Let a headline that was seen late be known to the very window that ends on its own row."""
    return late and replace(late, since=keys["session"].to_numpy(dtype="datetime64[us]")[late.rows])


def scaled_targets(samples: Any, *_: Any) -> Any:
    return type(samples)(**{**vars(samples), "target": samples.target / samples.target.std()})


def of_the_evening(volatility: Any, keys: pd.DataFrame, *rest: Any) -> pd.Series:
    # A day later the session's own close is among the closes before.
    return volatility(keys.assign(session=keys["session"] + pd.Timedelta(days=1)), *rest)


def z_score(table: pd.DataFrame) -> pd.Series:
    return (table["rsi_14"] - table["rsi_14"].mean()) / table["rsi_14"].std()


# What is planted, where, and the check that catches it.
LEAKS: dict[str, tuple[Plant, str]] = {
    "label shifted by one session": (change(dataset, "label_trades", shifted_labels), "labels"),
    "targets scaled by all of them": (change(dataset, "build_samples", scaled_targets), "samples"),
    "volatility of the session itself": (swap(dataset, "volatility_before", of_the_evening), "volatility"),
    "headlines joined by calendar date": (change(feature_table, "decide", by_date), "instants"),
    "headlines of the whole date in its own row": (change(feature_table, "decide", by_date), "features"),
    "stamp instead of first sight": (swap(feature_table, "decide", by_stamp), "features"),
    "bare dates taken at midnight": (swap(feature_table, "decide", dates_at_midnight), "features"),
    "headlines without latency": (swap(feature_table, "decide", at_once), "features"),
    "FNSPID's offset added, not taken away": (swap(feature_table, "decide", early("10h", "vendor")), "features"),
    "a machine's local zone taken for UTC": (swap(feature_table, "decide", early("1h", "vendor")), "features"),
    "EDGAR's Z taken at its word": (swap(feature_table, "decide", early("4h", "accepted")), "features"),
    "a revised text from its first version on": (swap(feature_table, "decide", by_creation), "features"),
    "a crawled page from its own stamp on": (swap(feature_table, "decide", by_crawled_stamp), "features"),
    "the latency of all for a slower source": (swap(feature_table, "decide", one_latency), "features"),
    "repeated headlines: the last is kept": (change(feature_table, "decide", last_of_repeats), "headlines"),
    "a story counts when its last source tells it": (swap(feature_table, "find_repeats", last_telling), "features"),
    "sentiment less the mean of all headlines": (change(dataset, "score_headlines", centred), "headlines"),
    "today's bar before its close": (change(feature_table, "_with_decisions", same_session), "features"),
    "history adjusted for later splits": (swap(Block, "adjusted", back_adjusted), "features"),
    "gaps interpolated": (swap(pipeline, "build_dataset", refilled("interpolate")), "bars"),
    "gaps filled backwards": (swap(pipeline, "build_dataset", refilled("bfill")), "bars"),
    "only tickers that survive": (swap(pipeline, "build_dataset", survivors), "bars"),
    "only the ticker most traded in hindsight": (swap(pipeline, "build_dataset", most_active), "bars"),
    "z-score over the whole table": (change(dataset, "build_features", in_table("rsi_14", z_score)), "features"),
    "rank over the whole history": (
        change(dataset, "build_features", in_table("rsi_14", lambda table: table["rsi_14"].rank(pct=True))),
        "features",
    ),
    "minimum and maximum of the whole table": (
        change(dataset, "build_features", in_table("rsi_14", lambda table: table["rsi_14"] / table["rsi_14"].max())),
        "features",
    ),
    "size of the labelled session": (change(dataset, "build_features", own_range), "features"),
    "mean of the session with tickers listed later": (
        change(dataset, "build_features", in_table("rsi_14", against_later_listings)),
        "features",
    ),
    "outcome as a feature": (change(dataset, "build_features", next_label), "features"),
    "indicators led by one session": (change(dataset, "build_panel", led), "panel"),
    "news led by one session": (change(dataset, "build_panel", news_of_the_next), "panel"),
    "late headlines where they were published": (change(feature_table, "decide", own_session), "instants"),
    "late headlines in their own row": (change(panel, "is_stale", late_as_in_time), "panel"),
    "late headlines before they were seen": (change(panel, "build_late_news", seen_by_the_next), "late news"),
}


@pytest.mark.parametrize("leak", LEAKS)
def test_a_leak_in_the_data_is_caught_by_its_check(leak: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each of these is in published code; the check that names it is the one that its author would have needed."""
    plant, check = LEAKS[leak]
    latency = Latency(by_source={"simulated": pd.Timedelta(hours=2)}) if "slower source" in leak else LATENCY
    world = make_world(features=[Feature("level", level, warm_up=0)] if "adjusted" in leak else [], latency=latency)
    plant(monkeypatch)
    assert any(finding.artefact == check for finding in world.findings())


def test_the_sentence_names_the_feature_the_ticker_the_session_and_both_values(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever reads it must be able to go and look."""
    LEAKS["z-score over the whole table"][0](monkeypatch)
    world = make_world(cuts=[90])
    finding = next(finding for compared in world.compare() for finding in compared.findings)
    assert (finding.artefact, finding.column) == ("features", "rsi_14")
    assert finding.ticker in set(world.market.bars["ticker"])
    assert pd.Timestamp(finding.session) <= world.cuts[0].session
    assert finding_sentence(finding).endswith(
        f"when all that came after {world.cuts[0].decision_at:%Y-%m-%d %H:%M} UTC is removed: a forecast would know "
        "what it is to forecast."
    )


@pytest.mark.parametrize("seed", [1, *(pytest.param(seed, marks=pytest.mark.slow) for seed in (2, 3))])
def test_without_a_leak_nothing_moves(seed: int) -> None:
    """A check that cries wolf is switched off; cuts lie in the warm-up, in a halt, and at the last decision."""
    assert [finding_sentence(finding) for finding in make_world(seed, cuts=[30, 126, 150]).findings()] == []


def test_without_a_leak_nothing_moves_under_another_decision_and_label() -> None:
    """The clock of the audit knows both policies, both trades and the latency of each source."""
    latency = Latency(by_source={"simulated": pd.Timedelta(hours=2), "edgar": pd.Timedelta(0)})
    world = make_world(4, decision="after_close(30)", label="open_to_next_open", latency=latency)
    assert [finding_sentence(finding) for finding in world.findings()] == []
