"""The feature table: one row per ticker and traded session, of what is known at its decision."""

import hashlib
from collections.abc import Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass

import numpy as np
import pandas as pd

from stockseq.features.compute import compute_rows
from stockseq.features.feature import Feature
from stockseq.features.history import WARM_UP, Block, History, News, cut_blocks
from stockseq.features.indicators import DEFAULT_FEATURES, FEATURE_SET
from stockseq.features.news import LATENCY, Latency, decide, is_stale, standing_session, traded_decisions
from stockseq.features.sentiment import SENTIMENT_COLUMNS
from stockseq.features.stories import REPEATED, find_repeats
from stockseq.prices import find_stretches, without_unpayable
from stockseq.schemas import (
    INSTANT,
    NUMBER,
    SESSION,
    TEXT,
    Actions,
    Bars,
    Dropped,
    Headlines,
    count_dropped,
    empty,
    require_unique,
)
from stockseq.sessions import DecisionPolicy, TradingCalendar

# What stands beside the features in the table; `inputs` is a checksum of all that a row was computed from.
FEATURE_KEYS = {"ticker": TEXT, "session": SESSION, "feature_set": TEXT, "decision_at": INSTANT, "inputs": NUMBER}

# Enough to compute at once, few enough that their histories stay in a processor's memory and spread over workers.
TICKERS_PER_JOB = 16
NO_ACTIONS = pd.DataFrame({"session": pd.Series(dtype=SESSION), "kind": pd.Series(dtype=TEXT), "value": []})
NO_NEWS = pd.DataFrame({"session": [], "known_session": [], "compound": []})

# Kept, but no news: it stands at the session it was published for, in windows of decisions made after it was seen.
STALE = "headline first seen after the decision that it was published for: read at its own session, by later decisions"


@dataclass(frozen=True)
class BuiltFeatures:
    """The feature table, the headlines with their decisions, and the account of what was left out.

    Of a story that several sources tell, the headlines hold the first: see `stories.find_repeats`.
    """

    table: pd.DataFrame
    headlines: pd.DataFrame
    dropped: tuple[Dropped, ...]


def build_features(
    bars: Bars,
    actions: Actions,
    headlines: Headlines,
    scores: pd.DataFrame,
    *,
    calendar: TradingCalendar,
    policy: DecisionPolicy,
    latency: pd.Timedelta | Latency = LATENCY,
    features: Sequence[Feature] = DEFAULT_FEATURES,
    stored: pd.DataFrame | None = None,
    executor: Executor | None = None,
) -> BuiltFeatures:
    """Return the features of every ticker and traded session, up to the next session that is not yet traded.

    A long silence ends a history: what follows is warmed up anew, for it may be another company.

    The row of session s uses bars up to the session before s and headlines available at its decision. It is computed
    from its calendar year's bars and the 400 before them, forward-adjusted, and so is the same however much was built
    before.

    Parameters
    ----------
    bars, actions : Bars, Actions
        As traded, one vintage: one row per ticker and session (and kind).
    headlines : Headlines
    scores : DataFrame
        `headline_id` and `compound` of one scorer, for every headline.
    calendar, policy
        Fix the sessions and the decision instants; the calendar must reach beyond the last bar.
    latency : Timedelta or Latency, default=900 seconds
        See `news.available_at`.
    features : sequence of Feature
        The defaults, or these; their names become columns.
    stored : DataFrame, optional
        An earlier table: rows of unchanged inputs are taken from it instead of being computed.
    executor : Executor, optional
        Where tickers are computed; in this process without one.

    Returns
    -------
    BuiltFeatures
        `table` has the columns of `FEATURE_KEYS` (of which `inputs` is a checksum, no feature), the features and the
        sentiment columns (float64, never NaN), by ticker and session. The first 60 bars of a ticker give no row, nor
        does a session whose bar before is missing.

    Raises
    ------
    ValueError
        If two features share a name, a headline has no score, or the calendar ends too early.
    DataError
        If bars or actions hold more than one vintage of a row.
    PluginError
        If a feature fails or returns what doesn't fit its bars.

    Examples
    --------
    >>> from stockseq.schemas import ACTIONS, BARS, HEADLINES, SCORES, empty
    >>> nothing = build_features(empty(BARS), empty(ACTIONS), empty(HEADLINES), empty(SCORES),
    ...     calendar=TradingCalendar(), policy=DecisionPolicy())
    >>> len(nothing.table), list(nothing.table.columns)[:3]
    (0, ['ticker', 'session', 'feature_set'])
    """
    names = _column_names(features)
    types = FEATURE_KEYS | dict.fromkeys(names, NUMBER)
    remedy = "Read the newest vintage, or one `as_of`."
    needs = "Features are built from one vintage, so one bar per ticker and session"
    require_unique(bars, ["ticker", "session"], needs=needs, remedy=remedy)
    needs = "Features are built from one vintage, so one action per ticker, kind and session"
    require_unique(actions, ["ticker", "kind", "session"], needs=needs, remedy=remedy)
    decided, repeated = _without_repeats(decide(headlines, calendar=calendar, policy=policy, latency=latency), calendar)
    scored = _with_scores(decided, scores)
    placed = _with_decisions(bars, calendar, policy)
    if stored is None or not set(types) <= set(stored.columns):
        stored = empty(types)
    earlier = stored[list(types)].sort_values(["ticker", "session"])
    jobs = _cut_jobs(placed, actions, scored, earlier, calendar.sessions, features)
    built = list(map(_build_tickers, jobs) if executor is None else executor.map(_build_tickers, jobs))
    table = pd.concat([empty(types), *(rows for rows, _ in built)], ignore_index=True)
    dropped = [_outside(decided), *repeated, *_count_stale(decided), *(drop for _, drops in built for drop in drops)]
    return BuiltFeatures(table[list(types)].astype(types), decided, tuple(drop for drop in dropped if drop.n_rows))


def feature_set_name(features: Sequence[Feature]) -> str:
    """Return the version of the default set, or a name made of the features' recipes for any other.

    Examples
    --------
    >>> feature_set_name(DEFAULT_FEATURES)
    'default-2'
    """
    if tuple(features) == DEFAULT_FEATURES:
        return FEATURE_SET
    # Ours change with their version alone; a user's with the module that they are written in.
    recipes = [FEATURE_SET if feature in DEFAULT_FEATURES else feature.recipe() for feature in features]
    names = [feature.name for feature in features]
    return f"{FEATURE_SET}+{hashlib.sha256(repr((names, recipes)).encode()).hexdigest()[:8]}"


@dataclass(frozen=True)
class _Job:
    """All that the rows of some tickers need, so that any process can build them.

    The feature set is named beforehand: features that were sent to another process no longer equal the defaults.
    """

    bars: Mapping[str, pd.DataFrame]
    actions: Mapping[str, pd.DataFrame]
    news: Mapping[str, pd.DataFrame]
    stored: pd.DataFrame
    sessions: pd.DatetimeIndex
    features: tuple[Feature, ...]
    feature_set: str


def _cut_jobs(
    placed: pd.DataFrame,
    actions: pd.DataFrame,
    scored: pd.DataFrame,
    stored: pd.DataFrame,
    sessions: pd.DatetimeIndex,
    features: Sequence[Feature],
) -> list[_Job]:
    bars, actions_by, news_by, stored_by = (_by_ticker(frame) for frame in (placed, actions, scored, stored))
    feature_set = feature_set_name(features)
    tickers, jobs = list(bars), []
    for first in range(0, len(tickers), TICKERS_PER_JOB):
        chunk = tickers[first : first + TICKERS_PER_JOB]
        of_bars, of_actions, of_news = (
            {name: frames[name] for name in chunk if name in frames} for frames in (bars, actions_by, news_by)
        )
        earlier = pd.concat([stored.iloc[:0], *(stored_by[name] for name in chunk if name in stored_by)])
        jobs.append(_Job(of_bars, of_actions, of_news, earlier, sessions, tuple(features), feature_set))
    return jobs


def _build_tickers(job: _Job) -> tuple[pd.DataFrame, list[Dropped]]:
    """Return the rows of some tickers by ticker and session, and what was left out."""
    warm_up = max([WARM_UP, *(feature.warm_up for feature in job.features)])
    blocks, dropped, expected = [], [], {}
    for ticker, bars in job.bars.items():
        cut, drops, expected[ticker] = _cut_ticker(ticker, bars, job, warm_up)
        blocks += cut
        dropped += drops
    names = _column_names(job.features)
    checksums = [block.checksums(f"{job.feature_set}|{names}") for block in blocks]
    kept, changed = _find_stored(job.stored, blocks, checksums)
    parts = [job.stored.iloc[kept]]
    if changed:
        rows = compute_rows([blocks[n] for n in changed], job.features)
        rows = rows.assign(feature_set=job.feature_set, inputs=np.concatenate([checksums[n] for n in changed]))
        parts.append(rows[np.isfinite(rows[names].to_numpy()).all(axis=1)])
    table = pd.concat(parts, ignore_index=True).sort_values(["ticker", "session"], kind="stable", ignore_index=True)
    counts = table["ticker"].value_counts()
    without = {ticker: n - int(counts.get(ticker, 0)) for ticker, n in expected.items()}
    lacking = [Dropped("features", ticker, "a feature has no value", n) for ticker, n in without.items() if n]
    return table, sorted([*dropped, *lacking], key=lambda drop: drop.ticker)


def _cut_ticker(ticker: str, bars: pd.DataFrame, job: _Job, warm_up: int) -> tuple[list[Block], list[Dropped], int]:
    """Return one ticker's blocks, what was left out before any was computed, and how many rows they should give."""
    on_session = job.sessions.isin(bars["session"])
    n_all, bars = len(bars), bars[bars["session"].isin(job.sessions)]
    # A faulty dividend costs itself, neither its ticker nor the others.
    actions, refused = without_unpayable(bars, job.actions.get(ticker, NO_ACTIONS))
    scored = job.news.get(ticker, NO_NEWS)
    news = News(
        scored["session"].to_numpy(dtype="datetime64[us]"),
        scored["known_session"].to_numpy(dtype="datetime64[us]"),
        scored["compound"].to_numpy(dtype="float64"),
    )
    stretches = [stretch for _, stretch in bars.groupby(find_stretches(bars))]
    blocks = [
        block
        for stretch in stretches
        for block in cut_blocks(History.of(ticker, stretch, actions, news), sessions=job.sessions, warm_up=warm_up)
    ]
    span = (job.sessions >= bars["session"].min()) & (job.sessions <= bars["session"].max())
    n_warm = sum(min(warm_up, len(stretch)) for stretch in stretches)
    counts = {
        "bar on a date that is no session": n_all - len(bars),
        "warm-up": min(warm_up, len(bars)),
        "warm-up anew after a long silence, as of another company": n_warm - min(warm_up, len(bars)),
        "no bar of the session before": int((span & ~on_session).sum()),
    }
    dropped = [Dropped("features", ticker, reason, n) for reason, n in counts.items() if n]
    return blocks, [*dropped, *(Dropped("features", ticker, reason, 1) for reason in refused)], len(bars) - n_warm


def _find_stored(
    stored: pd.DataFrame, blocks: Sequence[Block], checksums: Sequence[np.ndarray]
) -> tuple[np.ndarray, list[int]]:
    """Return the stored rows of unchanged inputs, as positions, and the blocks that must be computed."""
    session, inputs = stored["session"].to_numpy(dtype="datetime64[us]"), stored["inputs"].to_numpy()
    positions = stored.reset_index(drop=True).groupby("ticker").indices
    spans = {ticker: (int(rows[0]), int(rows[-1]) + 1) for ticker, rows in positions.items()}
    kept, changed = [np.array([], dtype=np.int64)], []
    for n, (block, sums) in enumerate(zip(blocks, checksums, strict=True)):
        begin, end = spans.get(block.history.ticker, (0, 0))
        traded = block.history.traded[block.rows]
        first = begin + int(session[begin:end].searchsorted(traded[0]))
        last = begin + int(session[begin:end].searchsorted(traded[-1], side="right"))
        if last - first == len(sums) and (inputs[first:last] == sums).all():
            kept.append(np.arange(first, last))
        else:
            changed.append(n)
    return np.concatenate(kept), changed


def _column_names(features: Sequence[Feature]) -> list[str]:
    names = [*(feature.name for feature in features), *SENTIMENT_COLUMNS]
    repeated = sorted({name for name in [*names, *FEATURE_KEYS] if [*names, *FEATURE_KEYS].count(name) > 1})
    if repeated:
        raise ValueError(f"Every feature needs a name of its own, and none of the table's columns; {repeated} repeat.")
    return names


def _with_decisions(bars: pd.DataFrame, calendar: TradingCalendar, policy: DecisionPolicy) -> pd.DataFrame:
    """Return the bars with the session that each is the last known bar of, and its decision."""
    ordered = bars.sort_values(["ticker", "session"], kind="stable")
    traded = calendar.next_sessions(ordered["session"])
    decisions = traded_decisions(calendar, policy).reindex(pd.DatetimeIndex(traded))
    return ordered.assign(traded_session=traded, decision_at=decisions.array)


def _with_scores(decided: pd.DataFrame, scores: pd.DataFrame) -> pd.DataFrame:
    """Return ticker, session, known_session and compound of the headlines inside the calendar, in a fixed order."""
    inside = decided[decided["session"].notna()]
    if scores["headline_id"].duplicated().any():
        raise ValueError(f"The scores must be of one scorer, received {sorted(scores['scorer'].unique())}.")
    compound = inside["headline_id"].map(scores.set_index("headline_id")["compound"])
    if compound.isna().any():
        row = inside[compound.isna()].iloc[0]
        raise ValueError(
            f"Every headline needs a score; {int(compound.isna().sum())} of {len(inside)} have none, first "
            f"{row['ticker']} at {row['published_at']}. Call `score_headlines` first."
        )
    standing = inside.assign(
        session=standing_session(inside), known_session=inside["session"], compound=compound.astype(NUMBER)
    )
    scored = standing[standing["session"].notna()].sort_values(["ticker", "known_session", "headline_id"])
    return scored[["ticker", "session", "known_session", "compound"]]


def _by_ticker(frame: pd.DataFrame) -> dict[str, pd.DataFrame]:
    return {str(ticker): rows for ticker, rows in frame.groupby("ticker", sort=True)}


def _without_repeats(decided: pd.DataFrame, calendar: TradingCalendar) -> tuple[pd.DataFrame, tuple[Dropped, ...]]:
    """Return the headlines that tell each story first, and the count of the others."""
    repeats = find_repeats(decided, timezone=calendar.timezone)
    if not repeats.any():
        return decided, ()
    dropped = count_dropped("news", decided.loc[repeats, "ticker"], REPEATED)
    return decided[~repeats].reset_index(drop=True), dropped


def _count_stale(decided: pd.DataFrame) -> tuple[Dropped, ...]:
    stale = decided.loc[is_stale(decided), "ticker"]
    return count_dropped("news", stale, STALE)


def _outside(decided: pd.DataFrame) -> Dropped:
    return Dropped("features", "", "headline outside the calendar", int(decided["session"].isna().sum()))
