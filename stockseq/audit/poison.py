"""Another future: violent but valid bars, splits, dividends and headlines in place of those after a cut."""

from dataclasses import replace

import numpy as np
import pandas as pd

from stockseq.audit.clock import Clock, Cut, remove_after
from stockseq.features.news import as_latency
from stockseq.market import MarketData
from stockseq.schemas import (
    INSTANT,
    Actions,
    Bars,
    Headlines,
    as_actions,
    as_bars,
    as_headlines,
    headline_id,
)
from stockseq.testing.causality import poison_bars

SOURCE = "poisoned"
TEXTS = (
    "Catastrophic fraud, horrible losses and bankruptcy, wave",
    "Superb record profit, wonderful growth and great success, wave",
    "Disaster recall kills outlook, terrible warning, wave",
    "Excellent breakthrough wins huge contract, best gain ever, wave",
)
MOMENT = pd.Timedelta(microseconds=1)


def poison_after(market: MarketData, cut: Cut, *, clock: Clock, seed: int) -> MarketData:
    """Return the market with another future after the cut: valid, violent, and as close to the cut as can be.

    Bars move wildly, some are missing, what was traded least is traded most, and one of several tickers ends at the
    cut. Each other ticker splits on its first session after it, and later splits again and pays a quarter of its price
    as dividends. The headlines have other texts, and there are three times as many. Each ticker has more, of every kind
    of clock: seen or crawled a microsecond late under a stamp of the day before; stamped, accepted or revised (and
    first published a month before) so that the latency of its source alone makes it late; dated with the cut's bare
    date; the newest known text an hour late; and its story from another source, seen a microsecond late.

    Parameters
    ----------
    market : MarketData
    cut : Cut
    clock : Clock
    seed : int
        With the cut's session it fixes everything.

    Returns
    -------
    MarketData
        Checked by the schemas; what was known at the cut is untouched.
    """
    past = remove_after(market, cut, clock=clock)
    random = np.random.default_rng([seed, cut.session.toordinal()])
    bars = _later_bars(market.bars, past.bars, cut, clock, random)
    return replace(
        past,
        bars=as_bars(pd.concat([past.bars, bars])),
        actions=as_actions(pd.concat([past.actions, _later_actions(past.bars, bars, random)])),
        headlines=as_headlines(pd.concat([past.headlines, _later_headlines(market, past, cut, clock)])),
        now=market.now,
    )


def _later_bars(bars: Bars, past: Bars, cut: Cut, clock: Clock, random: np.random.Generator) -> pd.DataFrame:
    later = bars[~(clock.final(bars["session"]) <= cut.decision_at)]
    tickers = bars["ticker"].unique()
    ended = random.choice(tickers) if len(tickers) > 1 else None
    first = ~later.duplicated("ticker")
    stays = (later["ticker"] != ended) & (first | (random.random(len(later)) > 0.1))
    poisoned = poison_bars(later[stays], random)
    # What was traded least is traded most, or whoever ranks tickers by their whole history would rank them as before.
    traded = (past["close"] * past["volume"]).groupby(past["ticker"]).sum().reindex(tickers).rank(pct=True)
    return poisoned.assign(volume=poisoned["volume"] * np.exp(4.0 - 8.0 * poisoned["ticker"].map(traded).fillna(0.0)))


def _later_actions(past: Bars, later: pd.DataFrame, random: np.random.Generator) -> Actions:
    closes = pd.concat([past, later]).sort_values(["ticker", "session"], kind="stable")
    before = closes.groupby("ticker")["close"].shift()[closes["session"].isin(later["session"])]
    rows = closes.loc[closes["session"].isin(later["session"]), ["ticker", "session", "fetched_at"]]
    rows = rows.assign(before=before, source=SOURCE).dropna(subset="before")
    first, drawn = ~rows.duplicated("ticker"), random.random(len(rows))
    splits = rows[first | (drawn < 0.02)]
    dividends = rows[~first & (drawn > 0.98)]
    ratios = random.choice([0.25, 0.5, 2.0, 3.0], len(splits))
    return as_actions(
        pd.concat(
            [
                splits.assign(kind="split", value=ratios),
                dividends.assign(kind="dividend", value=dividends["before"] / 4.0),
            ]
        )
    )


def _later_headlines(market: MarketData, past: MarketData, cut: Cut, clock: Clock) -> Headlines:
    later = market.headlines[~(clock.available(market.headlines) <= cut.decision_at)]
    edge = [_at_the_edge(str(ticker), past, cut, clock) for ticker in market.bars["ticker"].unique()]
    # Another source by the same latency, or what its latency made late would be known at the cut.
    others = later.assign(text="", source=later["source"] + f":{SOURCE}")
    rows = pd.concat([*[others] * 3, *edge], ignore_index=True)
    texts = [text or f"{TEXTS[n % len(TEXTS)]} {n}" for n, text in enumerate(rows["text"])]
    tickers = rows["ticker"].tolist()
    identities = [
        headline_id(ticker, f"{SOURCE}-{n}", text) for n, (ticker, text) in enumerate(zip(tickers, texts, strict=True))
    ]
    # Those of a named source keep it: it decides their latency, and whose story they tell.
    sources = rows["source"].where(rows["source"] != "", SOURCE)
    return as_headlines(rows.assign(text=texts, headline_id=identities, source=sources))


def _at_the_edge(ticker: str, past: MarketData, cut: Cut, clock: Clock) -> pd.DataFrame:
    """Return the headlines that only just come too late for the cut, in the columns of `Headlines`."""
    news = past.headlines[past.headlines["ticker"] == ticker]
    newest = news.sort_values("published_at", kind="stable").tail(1)
    text, source = "".join(newest["text"]), "".join(newest["source"])
    date = cut.decision_at.tz_convert(clock.calendar.timezone).tz_localize(None).normalize().tz_localize("UTC")
    late, day_before = cut.decision_at + MOMENT, cut.decision_at - pd.Timedelta(days=1)
    hour_after, month_before = cut.decision_at + pd.Timedelta(hours=1), cut.decision_at - pd.Timedelta(days=30)
    # From the stamp, by what clock it is known, since when, a text, and the source.
    rows: list[tuple[pd.Timestamp, str, pd.Timestamp | None, str, str]] = [
        (day_before, "first_seen", late, "", ""),
        (day_before, "crawled", late, "", ""),
        (date, "date_only", None, "", ""),
        (hour_after, "vendor", None, text, source),
        (newest["published_at"].max() if len(newest) else day_before, "first_seen", late, text, SOURCE),
    ]
    for name, latency in _latencies(clock).items():
        rows += [(late - latency, known_by, None, "", name) for known_by in ("vendor", "updated", "accepted")]
    frame = pd.DataFrame(rows, columns=["published_at", "known_by", "first_seen_at", "text", "source"])
    created = frame["published_at"].where(frame["known_by"] != "updated", month_before)
    instants = {
        name: pd.to_datetime(values, utc=True).astype(INSTANT)
        for name, values in (
            ("published_at", frame["published_at"]),
            ("first_seen_at", frame["first_seen_at"]),
            ("created_at", created),
        )
    }
    dated = frame["known_by"] == "date_only"
    return frame.assign(**instants, date_only=dated, ticker=ticker, publisher="", url="", headline_id="", summary="")


def _latencies(clock: Clock) -> dict[str, pd.Timedelta]:
    """Return the latency by source; that of all others under no name."""
    latency = as_latency(clock.latency)
    return {"": latency.default, **latency.by_source}
