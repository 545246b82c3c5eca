"""From a source into the store: one fetch, the revised tickers again in full, one commit per table."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import pandas as pd

from stockseq.errors import SourceError, counted
from stockseq.ingestion.answers import Questions, hold_back, note_round, plan_questions
from stockseq.ingestion.currencies import changed_currencies, join_currencies, record_currencies
from stockseq.ingestion.exchanges import check_exchange, record_exchange
from stockseq.ingestion.headline_clocks import drop_stored, require_sound_clocks
from stockseq.ingestion.quarantine import newest_held
from stockseq.ingestion.rebasing import Rebased, Restated, find_rebased, find_restated, on_stored_basis
from stockseq.ingestion.revisions import find_revised, withdrawn_actions
from stockseq.ingestion.top_up import ToppedUp, not_asked, top_up
from stockseq.market import MarketData
from stockseq.progress import SILENT, Progress
from stockseq.schemas import BARS, Dropped, Headlines, as_actions, as_bars, empty, has_session_of
from stockseq.sessions import FIRST_SESSION, TradingCalendar
from stockseq.sources.source import FetchedBars, Outcome, Source
from stockseq.store import Appended, Store, extend_market

# Yahoo has decades; ten years teach a model what it can learn of daily bars, and fetch in seconds.
YAHOO_START = pd.Timestamp("2015-01-01")


@dataclass(frozen=True)
class Ingested:
    """How a fetch ended.

    Parameters
    ----------
    outcomes : mapping of ticker to Outcome
        Of every ticker that was asked for; `n_rows` are the bars and headlines that the store did not have yet.
    headline_failures : mapping of ticker to reason
        Tickers whose headlines failed though their bars came.
    dropped : tuple of Dropped
        What was left out on the way, and the sessions that the source has no bar of.
    doubts : tuple of str
        What the reader must know of how the answer fits what was stored, a sentence each.
    currencies : mapping of ticker to currency
        Of the prices, where the source says it; "GBp" is pence.
    """

    outcomes: Mapping[str, Outcome]
    headline_failures: Mapping[str, str]
    dropped: tuple[Dropped, ...]
    doubts: tuple[str, ...] = ()
    currencies: Mapping[str, str] = field(default_factory=dict)

    @property
    def n_failed(self) -> int:
        """Tickers that could not be brought up to date."""
        return sum(not outcome.is_answered for outcome in self.outcomes.values())

    def require_any(self) -> None:
        """Raise `SourceError` if not one ticker could be brought up to date."""
        if self.n_failed == len(self.outcomes):
            reasons = "; ".join(sorted({outcome.reason for outcome in self.outcomes.values()}))
            raise SourceError(
                f"Not one of {counted(len(self.outcomes), 'ticker')} could be fetched ({reasons}), so nothing is "
                "forecast."
            )


def ingest(
    store: Store,
    source: Source,
    tickers: Sequence[str],
    *,
    now: pd.Timestamp,
    calendar: TradingCalendar,
    headline_sources: Sequence[Source] | None = None,
    history_from: pd.Timestamp | None = None,
    missing_only: bool = False,
    whole: bool = False,
    progress: Progress = SILENT,
) -> tuple[Ingested, MarketData]:
    """Bring the tickers up to `now`; each table is read once.

    Parameters
    ----------
    store, source, tickers : Store, Source, sequence of str
        The source is asked for each ticker's newest stored sessions and all after them, from holes and doubted bars on,
        and for all its headlines; for a ticker's whole history in its turn. One that reads what lies here (`is_local`)
        is asked for everything, so that older years and corrected rows come in. Its answers are taken at their word;
        of any other's, a bar whose move nothing explains is held back (`judge_answer`).
    now : Timestamp, tz-aware
        The instant of the fetch; what the store came to know later is left alone and not looked at.
    calendar : TradingCalendar
        Of the tickers' exchange.
    headline_sources : sequence of Source, optional
        Where headlines come from; the source of the bars by default.
    history_from : Timestamp, tz-naive, or None, default=None
        Where the history of new tickers starts; None is 2015 at Yahoo, and all that there is elsewhere.
    missing_only : bool, default=False
        Ask only for the tickers of which the store has no bar at `now`.
    whole : bool, default=False
        Ask for the whole history of each ticker, whether or not it is its turn.
    progress : Progress, default=SILENT

    Returns
    -------
    (Ingested, MarketData)
        How the fetch ended, and what the store knows of the tickers at `now` after it.

    Raises
    ------
    SourceUnreachable
        If nothing answers; the store is then as it was.
    SettingsError
        If the store is of another exchange; see `check_exchange`.
    StoreError
        If an earlier version stored headlines of the same files too early; see `require_sound_clocks`.

    Examples
    --------
    >>> import tempfile
    >>> from stockseq.sources.simulated import SimulatedSettings, SimulatedSource
    >>> source = SimulatedSource(SimulatedSettings(n_tickers=2, n_sessions=30))
    >>> now = source.default_now
    >>> store, calendar = Store(tempfile.mkdtemp()), TradingCalendar.until(now)
    >>> ingested, market = ingest(store, source, source.tickers, now=now, calendar=calendar)
    >>> ingested.n_failed, len(market.bars), market.tickers == source.tickers
    (0, 60, True)
    >>> again, _ = ingest(store, source, source.tickers, now=now, calendar=calendar)
    >>> sorted({outcome.status for outcome in again.outcomes.values()})
    ['nothing_new']
    """
    check_exchange(store, calendar)
    market = store.market(calendar, tickers=tickers, as_of=now)
    asked = [ticker for ticker in tickers if not missing_only or ticker not in market.tickers]
    if not asked:
        return Ingested({}, {}, ()), market
    return _update(
        store,
        source,
        (source,) if headline_sources is None else headline_sources,
        market,
        asked,
        first=_first(source, history_from),
        whole=whole,
        progress=progress,
    )


def universe(
    store: Store, source: Source, named: tuple[str, ...], default: tuple[str, ...], as_of: pd.Timestamp
) -> tuple[str, ...]:
    """Return the tickers that are named, or else all of the source, of the store as of an instant, or the default.

    Raises
    ------
    SourceError
        If there are none.
    """
    listed = named or tuple(getattr(source, "tickers", ()))
    if listed:
        return listed
    stored = tuple(sorted(store.read("bars", columns=["ticker"], as_of=as_of)["ticker"].unique()))
    if not stored and not default:
        raise SourceError('No tickers: name them, as in make daily TICKERS="AAPL MSFT", or in stockseq.toml.')
    return stored or default


def _first(source: Source, history_from: pd.Timestamp | None) -> pd.Timestamp:
    return history_from or (YAHOO_START if source.name == "yahoo" else FIRST_SESSION)


def _update(
    store: Store,
    source: Source,
    headline_sources: Sequence[Source],
    market: MarketData,
    tickers: Sequence[str],
    *,
    first: pd.Timestamp,
    whole: bool,
    progress: Progress,
) -> tuple[Ingested, MarketData]:
    """Fetch some tickers of a market that was read from the store; return the whole market after that."""
    task = f"Fetching {counted(len(tickers), 'ticker')} from {source.name}"
    progress.step(task, 0, 2)
    if _is_local(source):
        questions, held = None, pd.DataFrame(as_bars(empty(BARS))).assign(reason="")
        fetched, doubts = _read_local(source, market, tickers, first=first, progress=progress)
        fetched = _without(fetched, changed_currencies(store, fetched.currencies, as_of=market.now))
    else:
        questions = plan_questions(store, market, tickers, source=source.name, first=first, whole=whole)
        fetched, held, doubts = _ask(store, source, market, questions, progress=progress)
    currencies = join_currencies(store, fetched.currencies, market.tickers, as_of=market.now)
    progress.step(task, 1, 2, "headlines")
    news = _fetch_headlines(store, source, headline_sources, tickers, fetched, now=market.now)
    require_sound_clocks(news.headlines, market.headlines)
    progress.step(task, 2, 2)
    appended = _append(store, market, fetched, drop_stored(news.headlines, market.headlines))
    news.note(store, at=market.now)
    record_currencies(store, fetched.currencies, at=market.now)
    record_exchange(store, market.calendar, at=market.now)
    after = extend_market(market, appended.values(), tickers=sorted({*market.tickers, *tickers}))
    # Sessions that files lack are gaps, which the summary of the import counts: no row was left out.
    missing: tuple[Dropped, ...] = ()
    if questions is not None:
        missing, further = note_round(store, questions, fetched, held, after.of(tickers))
        doubts = (*doubts, *further)
    n_headlines = appended["headlines"].by_ticker
    bars = _count_bars(market, appended["bars"])
    why_held = newest_held(held, market.calendar.last_final_session(market.now))
    outcomes = {
        ticker: _outcome(
            fetched.outcomes[ticker], bars.get(ticker, (0, 0)), n_headlines.get(ticker, 0), why_held.get(ticker, "")
        )
        for ticker in tickers
    }
    dropped = (*fetched.dropped, *news.dropped, *missing)
    return Ingested(outcomes, news.failures, dropped, (*doubts, *news.doubts), currencies), after


def _without(fetched: FetchedBars, refused: Mapping[str, str]) -> FetchedBars:
    """Return what was fetched without some tickers, which fail with a reason."""
    if not refused:
        return fetched
    bars, actions = (frame[~frame["ticker"].isin(refused)] for frame in (fetched.bars, fetched.actions))
    failed = {ticker: Outcome(ticker, "failed", reason=reason) for ticker, reason in refused.items()}
    kept = {ticker: currency for ticker, currency in fetched.currencies.items() if ticker not in refused}
    return replace(
        fetched,
        bars=as_bars(bars),
        actions=as_actions(actions),
        outcomes={**fetched.outcomes, **failed},
        currencies=kept,
    )


def _fetch_headlines(
    store: Store,
    source: Source,
    headline_sources: Sequence[Source],
    tickers: Sequence[str],
    fetched: FetchedBars,
    *,
    now: pd.Timestamp,
) -> ToppedUp:
    """Ask for headlines, unless not one ticker's bars came: who refuses all of them is left in peace."""
    if _is_local(source) or any(outcome.is_answered for outcome in fetched.outcomes.values()):
        return top_up(store, headline_sources, tickers, now=now)
    return not_asked(tickers, "not asked, because no ticker's bars came")


def _is_local(source: Source) -> bool:
    return bool(getattr(source, "is_local", False))


def _count_bars(market: MarketData, appended: Appended) -> dict[str, tuple[int, int]]:
    """Return by ticker how many bars were written, and how many of them in place of an earlier vintage."""
    rows = appended.rows
    again = has_session_of(rows, market.bars)
    corrected = rows["ticker"][again].value_counts()
    return {str(ticker): (int(n), int(corrected.get(ticker, 0))) for ticker, n in rows["ticker"].value_counts().items()}


def _append(store: Store, market: MarketData, fetched: FetchedBars, headlines: Headlines) -> Mapping[str, Appended]:
    # A kill between two commits must leave what the next run asks for again. Bars tell that a ticker's history is
    # there, so a new ticker's actions come before them; a stored ticker's new split starts a full fetch, so after them.
    is_new = ~fetched.actions["ticker"].isin(market.tickers)
    return {
        "new actions": store.append_vintages("actions", fetched.actions[is_new]),
        "bars": store.append_vintages("bars", fetched.bars),
        "actions": store.append_vintages("actions", fetched.actions[~is_new]),
        "headlines": store.append("headlines", headlines),
    }


def _read_local(
    source: Source, market: MarketData, tickers: Sequence[str], *, first: pd.Timestamp, progress: Progress
) -> tuple[FetchedBars, tuple[str, ...]]:
    """Return what a source gives that reads what lies here, on the stored basis, and sentences on what didn't fit."""
    fetched = source.fetch_bars(dict.fromkeys(tickers, first), now=market.now)
    rebased = find_rebased(market.bars, fetched)
    for ticker, reason in find_revised(market.bars, market.actions, fetched).items():
        if ticker not in rebased:
            progress.say(f"  {ticker}: {reason}; the new values are taken beside the earlier ones.")
    return _with_withdrawn(market, on_stored_basis(market.bars, fetched, rebased), rebased)


def _ask(
    store: Store, source: Source, market: MarketData, questions: Questions, *, progress: Progress
) -> tuple[FetchedBars, pd.DataFrame, tuple[str, ...]]:
    """Return what may be stored of an answer, on the stored basis, what is held back, and what didn't fit, in words."""
    fetched = source.fetch_bars(questions.starts, now=market.now)
    revised = find_revised(market.bars, market.actions, fetched)
    again = {ticker: first for ticker, first in questions.beginnings.items() if ticker in revised}
    for ticker in again:
        progress.say(f"  {ticker}: {revised[ticker]}; its whole history is fetched again.")
    if again:
        fetched = _merge(fetched, source.fetch_bars(again, now=market.now), set(again))
    fetched = _without(fetched, changed_currencies(store, fetched.currencies, as_of=market.now))
    rebased = find_rebased(market.bars, fetched)
    fetched, held = hold_back(market, on_stored_basis(market.bars, fetched, rebased), questions)
    fetched, doubts = _with_withdrawn(market, fetched, rebased)
    return fetched, held, doubts


def _with_withdrawn(
    market: MarketData, fetched: FetchedBars, rebased: Mapping[str, Rebased]
) -> tuple[FetchedBars, tuple[str, ...]]:
    """Return an answer with the actions that it withdraws, and sentences on what came on another basis."""
    restated = find_restated(market.bars, fetched)
    withdrawn = withdrawn_actions(market.actions, fetched, now=market.now)
    withdrawn = as_actions(withdrawn[~withdrawn["ticker"].isin(rebased)])
    fitted: dict[str, Rebased | Restated] = {**rebased, **restated}
    sentences = tuple(found.sentence(ticker) for ticker, found in fitted.items())
    return replace(fetched, actions=as_actions(pd.concat([fetched.actions, withdrawn]))), sentences


def _merge(first: FetchedBars, again: FetchedBars, revised: set[str]) -> FetchedBars:
    # A ticker whose second fetch failed keeps nothing of the first: half a revision would mix two histories.
    bars, actions = (frame[~frame["ticker"].isin(revised)] for frame in (first.bars, first.actions))
    return FetchedBars(
        bars=as_bars(pd.concat([bars, again.bars])),
        actions=as_actions(pd.concat([actions, again.actions])),
        outcomes={**first.outcomes, **again.outcomes},
        dropped=(*(drop for drop in first.dropped if drop.ticker not in revised), *again.dropped),
        action_kinds=again.action_kinds,
        currencies={**first.currencies, **again.currencies},
    )


def _outcome(bars: Outcome, written: tuple[int, int], n_headlines: int, why_held: str) -> Outcome:
    n_bars, n_corrected = written
    if not bars.is_answered:
        return bars
    if n_bars or n_headlines:
        corrected = f" ({n_corrected:,} of them corrected)" if n_corrected else ""
        reason = f"{counted(n_bars, 'bar')}{corrected}, {counted(n_headlines, 'headline')}"
        return Outcome(bars.ticker, "updated", n_bars + n_headlines, reason, held=why_held)
    return Outcome(bars.ticker, "nothing_new", held=why_held)
