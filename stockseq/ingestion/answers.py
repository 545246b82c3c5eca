"""One round of questions: what each ticker is asked, what is asked again, and which of the answer may be stored."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from stockseq.ingestion.comparisons import compared_sessions, due, note_comparisons
from stockseq.ingestion.holes import TABLE as HOLES
from stockseq.ingestion.holes import count_holes, find_holes, note_holes, open_holes
from stockseq.ingestion.judgement import LEAST_OVERLAP, Answer, judge_answer, keep_stored_volumes
from stockseq.ingestion.quarantine import (
    count_held,
    count_mornings,
    doubt_sentences,
    note_answers,
    open_doubts,
    read_quarantine,
    sessions_to_ask,
)
from stockseq.ingestion.revisions import WITHDRAWN, missing_sessions, overlap_starts, repeated_tickers
from stockseq.market import MarketData
from stockseq.schemas import BARS, PRICES, Actions, Dropped, as_actions, as_bars, empty, has_session_of
from stockseq.sources.source import FetchedBars
from stockseq.store import Store


@dataclass(frozen=True)
class Questions:
    """From which session on each ticker is asked, and what was noted of it before.

    Parameters
    ----------
    starts : mapping of ticker to session
    beginnings : mapping of ticker to session
        Where each whole history begins.
    whole : set of str
        Asked for all that there is.
    quarantine, holes : DataFrame
        Rows of these tables from before this morning.
    session : Timestamp, tz-naive
        The last final one.
    """

    starts: Mapping[str, pd.Timestamp]
    beginnings: Mapping[str, pd.Timestamp]
    whole: frozenset[str]
    quarantine: pd.DataFrame
    holes: pd.DataFrame
    session: pd.Timestamp


def plan_questions(
    store: Store,
    market: MarketData,
    tickers: Sequence[str],
    *,
    source: str,
    first: pd.Timestamp,
    whole: bool = False,
) -> Questions:
    """Return what to ask, with one question a ticker: one that goes further back asks holes and doubts again, too.

    Parameters
    ----------
    store : Store
    market : MarketData
        What is stored of the tickers.
    tickers : sequence of str
    source : str
        Who is asked.
    first : Timestamp, tz-naive
        Where a whole history begins, unless what is stored of this source begins earlier.
    whole : bool, default=False
        Ask for everybody's whole history.
    """
    session = market.calendar.last_final_session(market.now)
    quarantine = read_quarantine(store, before=market.now, tickers=tickers)
    noted = store.read(HOLES, tickers=tickers, as_of=market.now)
    noted = noted[noted["at"] < market.now]
    compared = compared_sessions(store, before=market.now)
    stored_first = market.bars[market.bars["source"] == source].groupby("ticker")["session"].min()
    beginnings = {ticker: min(first, stored_first.get(ticker, first)) for ticker in tickers}
    starts = overlap_starts(market.bars, tickers, first=first)
    holes = open_holes(find_holes(market.bars, market.calendar), noted)
    again = [*zip(holes["ticker"], holes["session"], strict=True), *sessions_to_ask(open_doubts(quarantine))]
    for ticker, missing in again:
        if ticker in starts:
            starts[ticker] = min(starts[ticker], missing)
    turn = set(tickers) if whole else due(tickers, compared, market.calendar, session=session)
    turn |= {ticker for ticker in tickers if starts[ticker] <= beginnings[ticker]}
    starts |= {ticker: beginnings[ticker] for ticker in turn}
    return Questions(starts, beginnings, frozenset(turn), quarantine, noted, session)


def hold_back(market: MarketData, fetched: FetchedBars, questions: Questions) -> tuple[FetchedBars, pd.DataFrame]:
    """Return what may be stored of an answer, and the bars that are held back, with the reason.

    A ticker of which every stored session comes on another basis keeps its actions as they are, too.
    """
    mornings = count_mornings(questions.quarantine, fetched.bars, asked_in=questions.session)
    repeated = repeated_tickers(market.bars, fetched.bars, of=(*PRICES, "volume"))
    stored = {str(ticker): rows for ticker, rows in market.bars.groupby("ticker")}
    taken: list[pd.DataFrame] = [as_bars(empty(BARS))]
    held, doubtful = [], set()
    for name, bars in fetched.bars.groupby("ticker"):
        ticker = str(name)
        if ticker in repeated:
            taken.append(bars)
            continue
        past = stored.get(ticker, market.bars.iloc[:0])
        actions, changed, splits = _actions(market.actions, fetched, ticker, bars["session"].min())
        bars = keep_stored_volumes(past, bars, splits) if splits else bars
        reasons = judge_answer(Answer(past, bars, actions, changed, mornings.get(ticker, {})))
        taken.append(bars[reasons.isna()])
        if reasons.notna().any():
            held.append(bars.assign(reason=reasons)[reasons.notna()])
            both = bars["session"].isin(past["session"])
            if both.sum() >= LEAST_OVERLAP and reasons[both].notna().all():
                doubtful.add(ticker)
    kept = as_bars(pd.concat(taken))
    if not held:
        return replace(fetched, bars=kept), as_bars(empty(BARS)).assign(reason="")
    rows = pd.concat(held, ignore_index=True)
    actions = as_actions(fetched.actions[~fetched.actions["ticker"].isin(doubtful)])
    return replace(fetched, bars=kept, actions=actions, dropped=(*fetched.dropped, *count_held(rows))), rows


def _actions(
    stored: Actions, fetched: FetchedBars, ticker: str, first: pd.Timestamp
) -> tuple[Actions, list[float], dict[pd.Timestamp, float]]:
    """Return one ticker's actions as they hold after the answer, the splits that differ, and all of the answer's."""
    old, new = (rows[rows["ticker"] == ticker] for rows in (stored, fetched.actions))
    replaced = old["kind"].isin(fetched.action_kinds) & (old["session"] >= first)
    after = pd.concat([old[~replaced], new])
    was, now = (
        {
            session: value
            for session, value, kind in zip(rows["session"], rows["value"], rows["kind"], strict=True)
            if kind == "split" and value != WITHDRAWN[kind]
        }
        for rows in (old[replaced], new)
    )
    ratios = [now.get(session, 1.0) / was.get(session, 1.0) for session in {*was, *now}]
    return as_actions(after), [ratio for ratio in ratios if abs(np.log(ratio)) > 1e-6], now


def note_round(
    store: Store, questions: Questions, fetched: FetchedBars, held: pd.DataFrame, after: MarketData
) -> tuple[tuple[Dropped, ...], tuple[str, ...]]:
    """Note what the round found, and return what is missing and, in sentences, what is held back.

    Parameters
    ----------
    store : Store
    questions : Questions
    fetched : FetchedBars
        What was stored of the answer.
    held : DataFrame
        What was held back of it.
    after : MarketData
        What is stored now.
    """
    at, asked_in = after.now, questions.session
    note_answers(store, questions.quarantine, fetched.bars, held, at=at, asked_in=asked_in)
    doubts = _open_after(questions.quarantine, fetched, held)
    missing = find_holes(after.bars, after.calendar)
    holes = missing[~has_session_of(missing, doubts)]
    still_open = open_holes(holes, questions.holes)
    answered = {ticker for ticker, outcome in fetched.outcomes.items() if outcome.is_answered}
    last = pd.concat([fetched.bars, held]).groupby("ticker")["session"].max()
    covered = {ticker: (questions.starts[ticker], last[ticker]) for ticker in answered if ticker in last.index}
    note_holes(store, still_open, covered, at=at, asked_in=asked_in)
    note_comparisons(store, questions.whole & set(covered), session=asked_in, at=at)
    return (*count_holes(holes, still_open), *_count_late(after, doubts)), doubt_sentences(doubts)


def _open_after(known: pd.DataFrame, fetched: FetchedBars, held: pd.DataFrame) -> pd.DataFrame:
    """Return the doubts that are open after an answer: those that it repeats, and those that it says nothing of."""
    columns = ["ticker", "session", "reason"]
    before = open_doubts(known)[columns]
    spoken_of = has_session_of(before, fetched.bars) | has_session_of(before, held)
    return pd.concat([before[~spoken_of], held[columns]], ignore_index=True)


def _count_late(market: MarketData, doubts: pd.DataFrame) -> tuple[Dropped, ...]:
    """Return how many sessions after its own last bar each ticker lacks, of the last two weeks."""
    if market.bars.empty:
        return ()
    # Beyond the newest bar of all, nothing is missing: the data end there.
    last = min(market.calendar.last_final_session(market.now), market.bars["session"].max())
    missing = missing_sessions(market.bars, market.calendar, first=last - pd.Timedelta(days=14), last=last)
    own = market.bars.groupby("ticker")["session"].max()
    late = missing[missing["session"] > missing["ticker"].map(own)]
    late = late[~has_session_of(late, doubts)]
    counts = late["ticker"].value_counts().sort_index()
    return tuple(Dropped("bars", str(ticker), "not there yet, asked for again", int(n)) for ticker, n in counts.items())
