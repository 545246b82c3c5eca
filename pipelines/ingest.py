"""From the source into the store: one fetch, the revised tickers again in full, one commit per table."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import pandas as pd
from rich.progress import SpinnerColumn, TextColumn, TimeElapsedColumn

from pipelines.context import Context, show_progress
from stockseq.errors import SourceError, counted
from stockseq.ingestion.revisions import find_revised, missing_sessions, overlap_starts, withdrawn_actions
from stockseq.schemas import Actions, Bars, Dropped, as_actions, as_bars
from stockseq.sessions import FIRST_SESSION
from stockseq.sources.source import FetchedBars, Outcome, Source

# Yahoo has decades; ten years teach a model what it can learn of daily bars, and fetch in seconds.
YAHOO_START = pd.Timestamp("2015-01-01")


@dataclass(frozen=True)
class Ingested:
    """How each ticker ended, whose headlines failed though its bars came, and what was left out on the way."""

    outcomes: Mapping[str, Outcome]
    headline_failures: Mapping[str, str]
    dropped: tuple[Dropped, ...]

    @property
    def n_failed(self) -> int:
        return sum(outcome.status in ("failed", "unknown") for outcome in self.outcomes.values())


def ingest(context: Context, tickers: Sequence[str], source: Source | None = None) -> Ingested:
    """Bring the tickers up to `context.now`, from the source of the settings or from another.

    Raises
    ------
    SourceUnreachable
        If nothing answers; the store is then as it was.
    """
    source = source or context.source
    columns = (SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn())
    with show_progress(*columns) as progress:
        progress.add_task(f"Fetching {counted(len(tickers), 'ticker')} from {source.name}")
        fetched = _fetch_bars(context, source, tickers)
        headlines = source.fetch_headlines(tickers, since=None, now=context.now)

    bars_before, headlines_before = _held(context, tickers)
    # A kill between two commits must leave what the next run asks for again. Bars tell that a ticker's history is
    # there, so a new ticker's actions come before them; a known ticker's new split starts a full fetch, so after them.
    known = context.read("bars", tickers=tickers, columns=["ticker"])["ticker"]
    is_new = ~fetched.actions["ticker"].isin(known)
    context.store.append_vintages("actions", fetched.actions[is_new])
    context.store.append_vintages("bars", fetched.bars)
    context.store.append_vintages("actions", fetched.actions[~is_new])
    context.store.append("headlines", headlines.headlines)

    bars_after, headlines_after = _held(context, tickers)
    n_bars, n_headlines = bars_after - bars_before, headlines_after - headlines_before
    outcomes = {
        ticker: _outcome(fetched.outcomes[ticker], headlines.outcomes[ticker], n_bars[ticker], n_headlines[ticker])
        for ticker in tickers
    }
    failures = {name: outcome.reason for name, outcome in headlines.outcomes.items() if outcome.status == "failed"}
    return Ingested(outcomes, failures, (*fetched.dropped, *headlines.dropped, *_gaps(context, tickers)))


def universe(context: Context) -> tuple[str, ...]:
    """Return the tickers of the settings, or else all of the source, of the store, or of Yahoo's default.

    Raises
    ------
    SourceError
        If there are none.
    """
    if context.settings.tickers:
        return context.settings.tickers
    listed = tuple(getattr(context.source, "tickers", ()))
    if listed:
        return listed
    held = tuple(sorted(context.read("bars", columns=["ticker"])["ticker"].unique()))
    if not held and context.settings.source == "yahoo":
        return context.settings.yahoo.tickers
    if not held:
        raise SourceError('No tickers: name them, as in make daily TICKERS="AAPL MSFT", or in stockseq.toml.')
    return held


def _fetch_bars(context: Context, source: Source, tickers: Sequence[str]) -> FetchedBars:
    now, start = context.now, _history_start(context, source)
    bars = Bars(context.read("bars", tickers=tickers))
    actions = Actions(context.read("actions", tickers=tickers))
    fetched = source.fetch_bars(overlap_starts(bars, tickers, first=start), now=now)
    revised = find_revised(bars, actions, fetched)
    if revised:
        for ticker, reason in revised.items():
            context.say(f"  {ticker}: {reason}; its whole history is fetched again.")
        fetched = _merge(fetched, source.fetch_bars(dict.fromkeys(revised, start), now=now), set(revised))
    withdrawn = withdrawn_actions(actions, fetched, now=now)
    return replace(fetched, actions=as_actions(pd.concat([fetched.actions, withdrawn])))


def _history_start(context: Context, source: Source) -> pd.Timestamp:
    if context.settings.history_from is not None:
        return pd.Timestamp(context.settings.history_from)
    return YAHOO_START if source.name == "yahoo" else FIRST_SESSION


def _merge(first: FetchedBars, again: FetchedBars, revised: set[str]) -> FetchedBars:
    # A ticker whose second fetch failed keeps nothing of the first: half a revision would mix two histories.
    kept = [frame[~frame["ticker"].isin(revised)] for frame in (first.bars, first.actions)]
    return FetchedBars(
        bars=as_bars(pd.concat([kept[0], again.bars])),
        actions=as_actions(pd.concat([kept[1], again.actions])),
        outcomes={**first.outcomes, **again.outcomes},
        dropped=(*(drop for drop in first.dropped if drop.ticker not in revised), *again.dropped),
    )


def _held(context: Context, tickers: Sequence[str]) -> tuple[Counter[str], Counter[str]]:
    """Count by ticker the bars that stand in the store since this very run, and all headlines."""
    bars = context.read("bars", tickers=tickers, columns=["ticker", "fetched_at"])
    headlines = context.read("headlines", tickers=tickers, columns=["ticker"])
    return Counter(bars.loc[bars["fetched_at"] == context.now, "ticker"]), Counter(headlines["ticker"])


def _outcome(bars: Outcome, headlines: Outcome, n_bars: int, n_headlines: int) -> Outcome:
    if bars.status in ("unknown", "failed"):
        return bars
    if n_bars or n_headlines:
        return Outcome(
            bars.ticker,
            "updated",
            n_bars + n_headlines,
            f"{counted(n_bars, 'bar')}, {counted(n_headlines, 'headline')}",
        )
    return Outcome(bars.ticker, "nothing_new")


def _gaps(context: Context, tickers: Sequence[str]) -> tuple[Dropped, ...]:
    bars = Bars(context.read("bars", tickers=tickers))
    if bars.empty:
        return ()
    # Beyond the newest bar of all, nothing is missing: the data end there.
    last = min(context.calendar.last_final_session(context.now), bars["session"].max())
    missing = missing_sessions(bars, context.calendar, first=last - pd.Timedelta(days=14), last=last)
    return tuple(
        Dropped("bars", str(ticker), "session missing at the source, asked again for 10 days", int(n))
        for ticker, n in missing["ticker"].value_counts().sort_index().items()
    )
