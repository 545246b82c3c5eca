"""Another future: violent but valid bars, splits, dividends and headlines in place of those after a cut."""

import numpy as np
import pandas as pd

from stockseq.evaluate.lookahead.clock import Clock, Cut
from stockseq.evaluate.lookahead.tables import Tables, remove_after
from stockseq.schemas import (
    INSTANT,
    PRICES,
    Actions,
    Bars,
    Headlines,
    as_actions,
    as_bars,
    as_headlines,
    headline_id,
)

SOURCE = "poisoned"
TEXTS = (
    "Catastrophic fraud, horrible losses and bankruptcy, wave",
    "Superb record profit, wonderful growth and great success, wave",
    "Disaster recall kills outlook, terrible warning, wave",
    "Excellent breakthrough wins huge contract, best gain ever, wave",
)
MOMENT = pd.Timedelta(microseconds=1)


def poison_bars(bars: pd.DataFrame, random: np.random.Generator) -> pd.DataFrame:
    """Return the bars with other prices, some e^3 times as high or low, and other volumes, all of them possible.

    Parameters
    ----------
    bars : DataFrame of n_bars rows
        With open, high, low, close and volume; further columns are kept.
    random : Generator

    Returns
    -------
    DataFrame of n_bars rows
        Prices positive, the high highest and the low lowest, and volume above 0.

    Examples
    --------
    >>> bars = pd.DataFrame({"open": [10.0], "high": [11.0], "low": [9.0], "close": [10.5], "volume": [0.0]})
    >>> poisoned = poison_bars(bars, np.random.default_rng(0))
    >>> bool(poisoned["high"].iloc[0] >= poisoned["close"].iloc[0] > 0), bool(poisoned["volume"].iloc[0] > 0)
    (True, True)
    """
    n = len(bars)
    level = np.exp(random.choice([-3.0, 3.0], n) + random.normal(0.0, 1.0, n))
    # Within the session too, or a label or an indicator of one bar's shape would stay as it was.
    prices = bars[PRICES].mul(level, axis=0).mul(np.exp(random.normal(0.0, 0.3, (n, len(PRICES)))))
    volume = bars["volume"].clip(lower=1.0) * np.exp(random.choice([-2.0, 2.0], n))
    return bars.assign(
        open=prices["open"], high=prices.max(axis=1), low=prices.min(axis=1), close=prices["close"], volume=volume
    )


def poison_after(tables: Tables, cut: Cut, *, clock: Clock, seed: int) -> Tables:
    """Return the tables with another future after the cut: valid, violent, and as close to the cut as can be.

    Bars move wildly, some are missing, what was traded least is traded most, and one of several tickers ends at the
    cut. Each other ticker splits on its first session after it, and later splits again and pays a quarter of its price
    as dividends. The headlines have other texts, and there are three times as many. Each ticker has four more: seen a
    microsecond late under a stamp of the day before, stamped so that the latency alone makes it late, dated with the
    cut's bare date, and the newest known text once more.

    Parameters
    ----------
    tables : Tables
    cut : Cut
    clock : Clock
    seed : int
        With the cut's session it fixes everything.

    Returns
    -------
    Tables
        Checked by the schemas; what was known at the cut is untouched.
    """
    known = remove_after(tables, cut, clock=clock)
    random = np.random.default_rng([seed, cut.session.toordinal()])
    bars = _later_bars(tables.bars, known.bars, cut, clock, random)
    return Tables(
        as_bars(pd.concat([known.bars, bars])),
        as_actions(pd.concat([known.actions, _later_actions(known.bars, bars, random)])),
        as_headlines(pd.concat([known.headlines, _later_headlines(tables, known, cut, clock)])),
    )


def _later_bars(bars: Bars, known: Bars, cut: Cut, clock: Clock, random: np.random.Generator) -> pd.DataFrame:
    later = bars[~(clock.final(bars["session"]) <= cut.decision_at)]
    tickers = bars["ticker"].unique()
    ended = random.choice(tickers) if len(tickers) > 1 else None
    first = ~later.duplicated("ticker")
    kept = (later["ticker"] != ended) & (first | (random.random(len(later)) > 0.1))
    poisoned = poison_bars(later[kept], random)
    # What was traded least is traded most, or whoever ranks tickers by their whole history would rank them as before.
    traded = (known["close"] * known["volume"]).groupby(known["ticker"]).sum().reindex(tickers).rank(pct=True)
    return poisoned.assign(volume=poisoned["volume"] * np.exp(4.0 - 8.0 * poisoned["ticker"].map(traded).fillna(0.0)))


def _later_actions(known: Bars, later: pd.DataFrame, random: np.random.Generator) -> Actions:
    closes = pd.concat([known, later]).sort_values(["ticker", "session"], kind="stable")
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


def _later_headlines(tables: Tables, known: Tables, cut: Cut, clock: Clock) -> Headlines:
    later = tables.headlines[~(clock.available(tables.headlines) <= cut.decision_at)]
    edge = [_at_the_edge(str(ticker), known, cut, clock) for ticker in tables.bars["ticker"].unique()]
    rows = pd.concat([*[later.assign(text="")] * 3, *edge], ignore_index=True)
    told = [text or f"{TEXTS[n % len(TEXTS)]} {n}" for n, text in enumerate(rows["text"])]
    tickers = rows["ticker"].tolist()
    identities = [
        headline_id(ticker, f"{SOURCE}-{n}", text) for n, (ticker, text) in enumerate(zip(tickers, told, strict=True))
    ]
    return as_headlines(rows.assign(text=told, headline_id=identities, source=SOURCE))


def _at_the_edge(ticker: str, known: Tables, cut: Cut, clock: Clock) -> pd.DataFrame:
    """Return the headlines that only just come too late for the cut, in the columns of `Headlines`."""
    own = known.headlines[known.headlines["ticker"] == ticker]
    newest = own.sort_values("published_at", kind="stable")["text"].tail(1).tolist()
    date = cut.decision_at.tz_convert(clock.calendar.timezone).tz_localize(None).normalize().tz_localize("UTC")
    rows = [
        (cut.decision_at - pd.Timedelta(days=1), cut.decision_at + MOMENT, False, ""),
        (cut.decision_at - clock.latency + MOMENT, pd.NaT, False, ""),
        (date, pd.NaT, True, ""),
        (cut.decision_at + pd.Timedelta(hours=1), pd.NaT, False, "".join(newest)),
    ]
    frame = pd.DataFrame(rows, columns=["published_at", "first_seen_at", "date_only", "text"])
    instants = {
        name: pd.to_datetime(frame[name], utc=True).astype(INSTANT) for name in ("published_at", "first_seen_at")
    }
    return frame.assign(**instants, ticker=ticker, publisher="", url="", headline_id="", source=SOURCE)
