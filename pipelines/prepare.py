"""From the store to what a model sees: scores, features, panel, labels and samples."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import pandas as pd

from pipelines.context import Context
from stockseq.dataset.labels import compute_labels, count_unlabelled
from stockseq.dataset.panel import Panel, build_panel
from stockseq.dataset.samples import Samples, build_samples
from stockseq.dataset.vocabulary import count_left_out
from stockseq.errors import TooFewSessions, counted
from stockseq.features.block import WARM_UP
from stockseq.features.sentiment import score_headlines, scorer_named
from stockseq.features.table import build_features, feature_set_name
from stockseq.prices import find_jumps
from stockseq.schemas import Actions, Bars, Dropped, Headlines, Labels


@dataclass(frozen=True)
class Prepared:
    """What the store holds for some tickers, brought into the shape that models and the backtest take."""

    bars: Bars
    actions: Actions
    headlines: pd.DataFrame
    scores: pd.DataFrame
    features: pd.DataFrame
    labels: Labels
    panel: Panel
    samples: Samples
    dropped: tuple[Dropped, ...]
    doubts: tuple[str, ...]

    @property
    def sessions(self) -> pd.DatetimeIndex:
        """The sessions that have samples, ascending."""
        return pd.DatetimeIndex(sorted(set(self.samples.session)))


def prepare(context: Context, tickers: Sequence[str]) -> Prepared:
    """Score what is not scored, build what is not built, and assemble the dataset.

    Raises
    ------
    TooFewSessions
        If no ticker has enough history for one window.
    """
    store = context.store
    bars = Bars(context.read("bars", tickers=tickers))
    actions = Actions(context.read("actions", tickers=tickers))
    headlines = Headlines(context.read("headlines", tickers=tickers))
    scores = _score(context, headlines)
    stored = store.read("features", tickers=tickers, where={"feature_set": feature_set_name(context.features)})
    context.say(f"Building features of {counted(len(tickers), 'ticker')}")
    prepared = assemble(context, bars, actions, headlines, scores, stored=stored if len(stored) else None)
    store.replace("features", prepared.features)
    if len(prepared.samples) == 0:
        raise TooFewSessions(
            f"No sample could be built of {counted(len(bars), 'bar')} of {counted(len(tickers), 'ticker')}: of each, "
            f"{_before_the_first_sample(context)}. Ingest a longer history."
        )
    for doubt in prepared.doubts:
        context.say(f"[yellow]Doubt:[/yellow] {doubt}")
    return prepared


def assemble(
    context: Context,
    bars: Bars,
    actions: Actions,
    headlines: Headlines,
    scores: pd.DataFrame,
    *,
    stored: pd.DataFrame | None = None,
) -> Prepared:
    """Build the dataset from tables alone, reading and writing nothing: the audit hands it tables cut or poisoned.

    Parameters
    ----------
    context : Context
        For the settings, the calendar, the features and the executor.
    bars, actions, headlines : of one vintage
    scores : DataFrame
        `headline_id` and `compound` of the settings' scorer, for every headline.
    stored : DataFrame, optional
        Features built before; rows of unchanged inputs are taken from it.

    Returns
    -------
    Prepared
        Perhaps without samples.
    """
    settings = context.settings
    built = build_features(
        bars,
        actions,
        headlines,
        scores,
        calendar=context.calendar,
        policy=context.policy,
        latency=pd.Timedelta(seconds=settings.headline_latency_s),
        features=context.features,
        stored=stored,
        executor=context.executor,
    )
    labels = compute_labels(bars, actions, calendar=context.calendar, horizon=settings.label)
    panel = build_panel(built.table.drop(columns="inputs"), built.headlines)
    samples = build_samples(panel, labels, lookback=settings.network.lookback, sessions=context.calendar.sessions)
    n_unread = count_left_out(panel.texts, settings.network.headlines_per_session)
    unread = Dropped("text", "", "older than the newest headlines of its session that the network reads", n_unread)
    dropped = (
        *built.dropped,
        *panel.dropped,
        *samples.dropped,
        *count_unlabelled(bars, actions, calendar=context.calendar, horizon=settings.label),
        *([unread] if n_unread else []),
    )
    return Prepared(
        bars=bars,
        actions=actions,
        headlines=built.headlines,
        scores=scores,
        features=built.table,
        labels=labels,
        panel=panel,
        samples=samples,
        dropped=dropped,
        doubts=_doubts(bars, actions),
    )


@contextmanager
def account_for_sessions(context: Context, prepared: Prepared) -> Iterator[None]:
    """Let the error of too few sessions to cut into folds say where those went that had bars."""
    try:
        yield
    except TooFewSessions as error:
        n_held = prepared.bars["session"].nunique()
        raise TooFewSessions(
            f"{error} Of {counted(n_held, 'session')} with bars {len(prepared.sessions)} are left for that: "
            f"{_before_the_first_sample(context)}."
        ) from error


def _before_the_first_sample(context: Context) -> str:
    warm_up = max([WARM_UP, *(feature.warm_up for feature in context.features)])
    return f"{warm_up} sessions warm the indicators up and {context.settings.network.lookback} fill the first window"


def coverage(prepared: Prepared) -> dict[str, Any]:
    """Return how much data stands behind a run."""
    rows = prepared.panel.texts
    return {
        "sessions": len(prepared.sessions),
        "bars": len(prepared.bars),
        "headlines": len(prepared.headlines),
        "share_with_news": sum(bool(texts) for texts in rows) / len(rows) if rows else 0.0,
        "tickers": int(prepared.bars["ticker"].nunique()),
    }


def _doubts(bars: Bars, actions: Actions, *, most: int = 5) -> tuple[str, ...]:
    """Return a sentence for each of the greatest moves that no split explains, and one for how many more there are."""
    jumps = find_jumps(bars, actions)
    sentences = [
        f"{row['ticker']} moved by {row['move']:+.0%} on {row['session'].date()} with no split to explain it: if that "
        "is the vendor's fault, every figure that spans it is false. It was not repaired."
        for row in jumps.head(most).to_dict("records")
    ]
    more = [f"{len(jumps) - most} smaller moves beyond double or half have no split to explain them either."]
    return (*sentences, *(more if len(jumps) > most else []))


def _score(context: Context, headlines: Headlines) -> pd.DataFrame:
    scorer = scorer_named(context.settings.scorer)
    stored = context.store.read("scores")
    fresh = score_headlines(headlines, scorer, stored_scores=stored, executor=context.executor)
    context.store.append("scores", fresh)
    scores = pd.concat([stored, fresh], ignore_index=True)
    return scores[(scores["scorer"] == scorer.name) & scores["headline_id"].isin(headlines["headline_id"])]
