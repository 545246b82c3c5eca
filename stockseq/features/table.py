"""The feature table: one row per ticker and traded session, of what is known at its decision."""

import hashlib
from collections.abc import Iterator, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass

import numpy as np
import pandas as pd

from stockseq.features.blocks import BlockedHistories, with_actions
from stockseq.features.compute import compute_rows
from stockseq.features.feature import Feature
from stockseq.features.history import WARM_UP, Block
from stockseq.features.indicators import DEFAULT_FEATURES, FEATURE_SET
from stockseq.features.news import LATENCY, Latency, decide, is_stale, standing_session, traded_decisions
from stockseq.features.sentiment import SENTIMENT_COLUMNS
from stockseq.features.stories import REPEATED, find_repeats
from stockseq.prices import compute_action_steps, find_stretches
from stockseq.ranges import concatenate_ranges
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

# Enough to compute at once, few enough that their histories stay in a processor's memory.
MOST_BLOCKS = 160
# Spread over workers, a job has fewer where there would be fewer jobs than this, though never less than a few.
JOBS, FEW_BLOCKS = 32, 16

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
        Where blocks (the years of a ticker) are computed; in this process without one.

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
    usable = placed[placed["session"].isin(calendar.sessions)]
    # A faulty dividend costs itself, neither its ticker nor the others.
    steps = compute_action_steps(usable, actions)
    usable = with_actions(usable, steps).assign(stretch=find_stretches(usable))
    if stored is None or not set(types) <= set(stored.columns):
        stored = empty(types)
    histories = BlockedHistories(usable, scored, calendar.sessions, _warm_up(features))
    feature_set = feature_set_name(features)
    checksums = histories.checksums(f"{feature_set}|{names}")
    stored = _sorted(stored.loc[stored["ticker"].isin(histories.tickers), list(types)].reset_index(drop=True))
    reused, changed = _find_stored(stored, histories, checksums)
    size = MOST_BLOCKS if executor is None else min(MOST_BLOCKS, max(FEW_BLOCKS, len(changed) // JOBS))
    jobs = _cut_jobs(histories, changed, checksums, tuple(features), feature_set, size=size)
    computed = map(_compute, jobs) if executor is None else executor.map(_compute, jobs)
    table = _join(stored, reused, list(computed), histories, types)
    dropped = [
        _outside(decided),
        *repeated,
        *_count_stale(decided),
        *_count_left_out(placed, usable, table, _warm_up(features), calendar.sessions),
        *(Dropped("features", ticker, sentence, 1) for ticker, sentence in steps.refused),
    ]
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
    """All that the rows of some blocks need, so that any process can compute them.

    The feature set is named beforehand: features that were sent to another process no longer equal the defaults.
    """

    blocks: Sequence[Block]
    checksums: np.ndarray
    features: tuple[Feature, ...]
    feature_set: str


def _compute(job: _Job) -> pd.DataFrame:
    """Return the rows of some blocks, without those that lack a value."""
    rows = compute_rows(job.blocks, job.features).assign(feature_set=job.feature_set, inputs=job.checksums)
    return rows[np.isfinite(rows[_column_names(job.features)].to_numpy()).all(axis=1)]


def _cut_jobs(
    histories: BlockedHistories,
    changed: np.ndarray,
    checksums: np.ndarray,
    features: tuple[Feature, ...],
    feature_set: str,
    *,
    size: int,
) -> Iterator[_Job]:
    """Yield the jobs that compute the changed blocks, given as ascending positions, `size` blocks each."""
    ends = histories.spans.row_end
    begins = ends - histories.spans.n_rows
    for at in range(0, len(changed), size):
        chosen = changed[at : at + size]
        rows = concatenate_ranges(begins[chosen], ends[chosen])
        yield _Job(histories.blocks(chosen), checksums[rows], features, feature_set)


def _find_stored(
    stored: pd.DataFrame, histories: BlockedHistories, checksums: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Return the stored rows of unchanged blocks, and the blocks that must be computed; both as positions."""
    rows, n_rows = histories.row_keys, histories.spans.n_rows
    ends = histories.spans.row_end
    keys, inputs = histories.keys(stored["ticker"], stored["session"]), stored["inputs"].to_numpy()
    first = keys.searchsorted(rows[ends - n_rows])
    whole = np.flatnonzero(keys.searchsorted(rows[ends - 1], side="right") - first == n_rows)
    # Every row that a block has is there; now whether each saw the same.
    positions = concatenate_ranges(first[whole], first[whole] + n_rows[whole])
    same = inputs[positions] == checksums[concatenate_ranges((ends - n_rows)[whole], ends[whole])]
    unchanged = np.logical_and.reduceat(same, np.cumsum(n_rows[whole]) - n_rows[whole]) if len(whole) else whole > 0
    return positions[np.repeat(unchanged, n_rows[whole])], np.setdiff1d(np.arange(len(n_rows)), whole[unchanged])


def _join(
    stored: pd.DataFrame,
    reused: np.ndarray,
    computed: Sequence[pd.DataFrame],
    histories: BlockedHistories,
    types: dict[str, str],
) -> pd.DataFrame:
    """Return the stored rows that are reused and those computed, by ticker and session."""
    if not computed:
        return stored.iloc[reused].reset_index(drop=True)
    new = pd.concat([empty(types), *computed], ignore_index=True)[list(types)]
    if not len(reused):
        return new
    keys, new_keys = (histories.keys(table["ticker"], table["session"]) for table in (stored, new))
    is_new = np.zeros(len(reused) + len(new), dtype=bool)
    is_new[keys[reused].searchsorted(new_keys) + np.arange(len(new))] = True
    rows = np.empty(len(is_new), dtype=np.int64)
    rows[~is_new], rows[is_new] = reused, len(stored) + np.arange(len(new))
    return pd.DataFrame({name: pd.concat([stored[name], new[name]]).array.take(rows) for name in types}, copy=False)


def _warm_up(features: Sequence[Feature]) -> int:
    return max([WARM_UP, *(feature.warm_up for feature in features)])


def _count_left_out(
    placed: pd.DataFrame, bars: pd.DataFrame, table: pd.DataFrame, warm_up: int, sessions: pd.DatetimeIndex
) -> list[Dropped]:
    """Return what gave no row, by ticker and reason: of all bars those on no session, and of those on one the rest."""
    stretches = bars.groupby(["ticker", "stretch"]).size().clip(upper=warm_up).groupby(level="ticker").sum()
    by_ticker = bars.groupby("ticker")["session"].agg(["size", "min", "max"])
    n = by_ticker["size"]
    span = sessions.searchsorted(by_ticker["max"]) - sessions.searchsorted(by_ticker["min"]) + 1
    begun = n.clip(upper=warm_up)
    counts = {
        "bar on a date that is no session": placed["ticker"].value_counts().sub(n, fill_value=0),
        "warm-up": begun,
        "warm-up anew after a long silence, as of another company": stretches - begun,
        "no bar of the session before": span - n,
        "a feature has no value": (n - stretches).sub(table["ticker"].value_counts(), fill_value=0),
    }
    wide = pd.DataFrame(counts).fillna(0).astype(int)
    return [
        Dropped("features", str(ticker), reason, int(count))
        for ticker, row in wide.sort_index().iterrows()
        for reason, count in zip(counts, row, strict=True)
        if count
    ]


def _column_names(features: Sequence[Feature]) -> list[str]:
    names = [*(feature.name for feature in features), *SENTIMENT_COLUMNS]
    repeated = sorted({name for name in [*names, *FEATURE_KEYS] if [*names, *FEATURE_KEYS].count(name) > 1})
    if repeated:
        raise ValueError(f"Every feature needs a name of its own, and none of the table's columns; {repeated} repeat.")
    return names


def _with_decisions(bars: pd.DataFrame, calendar: TradingCalendar, policy: DecisionPolicy) -> pd.DataFrame:
    """Return the bars with the session that each is the last known bar of, and its decision."""
    ordered = _sorted(bars)
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


def _sorted(rows: pd.DataFrame) -> pd.DataFrame:
    """Return the rows by ticker and session; most tables are in that order, which costs less to see than to make."""
    codes, tickers = pd.factorize(rows["ticker"])
    sessions = rows["session"].to_numpy()
    later = (codes[1:] > codes[:-1]) | ((codes[1:] == codes[:-1]) & (sessions[1:] >= sessions[:-1]))
    if later.all() and pd.Index(tickers).is_monotonic_increasing:
        return rows
    return rows.sort_values(["ticker", "session"], kind="stable")


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
