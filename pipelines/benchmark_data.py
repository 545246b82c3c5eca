"""From the folder of a published dataset to samples: instances by its protocol, inputs cut at the close before."""

from dataclasses import dataclass

import pandas as pd
from rich.progress import SpinnerColumn, TextColumn, TimeElapsedColumn

from pipelines.context import Context, show_progress
from pipelines.ingest import Ingested
from stockseq.benchmarks.acl2018 import LOOKBACK, PERIODS, Period, label_instances, tweeted_every_day
from stockseq.dataset.panel import Panel, build_panel
from stockseq.dataset.samples import Samples, build_samples
from stockseq.errors import SourceError, TooFewSessions
from stockseq.features.sentiment import score_headlines, scorer_named
from stockseq.features.table import build_features
from stockseq.prices import compute_volatility
from stockseq.schemas import Actions, Bars, Dropped, Headlines, as_labels, count_dropped
from stockseq.sessions import FIRST_SESSION, DecisionPolicy
from stockseq.sources.source import FetchedBars
from stockseq.sources.stocknet import open_stocknet, read_adjusted_closes

# At the close itself, no minute after it: the protocol enters at that close, so a later tweet would look ahead.
AT_THE_CLOSE = DecisionPolicy("after_close", 0)
AT_ONCE = pd.Timedelta(0)
# Accuracies are judged by how they vary between dates.
LEAST_SESSIONS = 2


@dataclass(frozen=True)
class BenchmarkData:
    """What the folder holds, in the shape that forecasters take.

    `instances` has the columns of `Instances.table` and `tweeted`, whether there are tweets on every lag day; `samples`
    are those of them that have inputs. `scored` are the periods to score, `lacking` those that the folder ends before.
    """

    instances: pd.DataFrame
    panel: Panel
    samples: Samples
    bars: Bars
    actions: Actions
    scored: tuple[Period, ...]
    lacking: tuple[Period, ...]
    ingested: Ingested

    def sessions(self, period: Period) -> pd.DatetimeIndex:
        """The sessions of a period that have samples, ascending."""
        sessions = pd.DatetimeIndex(self.samples.session).unique().sort_values()
        return sessions[(sessions >= period.first) & (sessions < period.end)]

    def of(self, period: Period) -> Samples:
        """The samples of a period."""
        return self.samples.on(self.sessions(period))


def read_dataset(context: Context) -> BenchmarkData:
    """Read the folder that the settings name, label its moves and build their inputs; nothing is written.

    Raises
    ------
    SourceError
        If the folder is missing, has another layout, no adjusted closes or no tweets with a time.
    TooFewSessions
        If it holds nothing to train on or nothing to score.
    """
    columns = (SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn())
    with show_progress(*columns) as progress:
        task = progress.add_task(f"Reading {context.settings.stocknet.folder}")
        closes, unread = _adjusted_closes(context)
        instances = label_instances(closes, calendar=context.calendar)
        _require_periods(instances.table, closes)
        fetched, headlines, dropped = _fetch(context)
        progress.update(task, description=f"Building the inputs of {closes['ticker'].nunique()} tickers")
        panel, missing = _build_panel(context, fetched, headlines)
    table = instances.table
    table = table.assign(tweeted=tweeted_every_day(table, headlines, calendar=context.calendar))
    volatility = compute_volatility(table, fetched.bars, fetched.actions)
    labels = as_labels(table.assign(volatility=volatility)[volatility.notna()])
    samples = build_samples(panel, labels, lookback=LOOKBACK, sessions=context.calendar.sessions)
    sessions = pd.DatetimeIndex(samples.session).unique()
    held = {
        period: ((sessions >= period.first) & (sessions < period.end)).sum() >= LEAST_SESSIONS for period in PERIODS[1:]
    }
    if not any(held.values()):
        raise TooFewSessions(
            f"Not one period after the training has {LEAST_SESSIONS} sessions with inputs; {len(sessions)} sessions in "
            "all have them. The prices must begin 60 sessions before 2014 and reach beyond 2015-08."
        )
    dropped = (*unread, *dropped, *instances.dropped, *missing, *_without(table, samples))
    return BenchmarkData(
        instances=table,
        panel=panel,
        samples=samples,
        bars=fetched.bars,
        actions=fetched.actions,
        scored=tuple(period for period, there in held.items() if there),
        lacking=tuple(period for period, there in held.items() if not there),
        ingested=Ingested(fetched.outcomes, {}, dropped),
    )


def _without(instances: pd.DataFrame, samples: Samples) -> tuple[Dropped, ...]:
    """Count the instances that became no sample."""
    having = pd.MultiIndex.from_arrays([samples.ticker, samples.session])
    lost = ~pd.MultiIndex.from_frame(instances[["ticker", "session"]]).isin(having)
    return count_dropped("instances", instances.loc[lost, "ticker"], "an instance without inputs")


def _adjusted_closes(context: Context) -> tuple[pd.DataFrame, tuple[Dropped, ...]]:
    closes = read_adjusted_closes(context.settings.stocknet)
    faults = pd.Series(None, index=closes.index, dtype=object)
    faults[~closes["session"].isin(context.calendar.sessions)] = f"not a session of {context.settings.exchange}"
    faults[closes["adjusted_close"].isna()] = "no adjusted close"
    return closes[faults.isna()], count_dropped("read adjusted closes", closes["ticker"], faults)


def _require_periods(instances: pd.DataFrame, closes: pd.DataFrame) -> None:
    training, *scored = PERIODS
    n = instances.groupby("period")["session"].nunique()
    held = f"the folder's prices run from {closes['session'].min().date()} to {closes['session'].max().date()}"
    if closes.empty:
        held = "the folder holds no adjusted close on a session"
    if training.name not in n:
        raise TooFewSessions(
            f"The protocol trains on moves from {training.first.date()} to {training.end.date()}, and {held}. Name a "
            "folder that holds them."
        )
    if not any(n.get(period.name, 0) >= LEAST_SESSIONS for period in scored):
        raise TooFewSessions(
            f"The protocol scores moves from {scored[0].first.date()} on, at least {LEAST_SESSIONS} sessions of them, "
            f"and {held}. Name a folder that holds them."
        )


def _fetch(context: Context) -> tuple[FetchedBars, Headlines, tuple[Dropped, ...]]:
    settings = context.settings.stocknet
    source = open_stocknet(settings)
    fetched = source.fetch_bars(dict.fromkeys(source.tickers, FIRST_SESSION), now=context.now)
    read = source.fetch_headlines(source.tickers, since=None, now=context.now)
    if read.headlines.empty:
        n = sum(drop.n_rows for drop in read.dropped)
        raise SourceError(
            f"{settings.folder} must hold tweets with their time of publication; {n} were read, and none has a time "
            "that can be read. Check `created_at` in tweet/raw or `published_at` in headlines.parquet."
        )
    return fetched, read.headlines, (*fetched.dropped, *read.dropped)


def _build_panel(context: Context, fetched: FetchedBars, headlines: Headlines) -> tuple[Panel, tuple[Dropped, ...]]:
    scores = score_headlines(headlines, scorer_named(context.settings.scorer), executor=context.executor)
    built = build_features(
        fetched.bars,
        fetched.actions,
        headlines,
        scores,
        calendar=context.calendar,
        policy=AT_THE_CLOSE,
        latency=AT_ONCE,
        features=context.features,
        executor=context.executor,
    )
    panel = build_panel(built.table.drop(columns="inputs"), built.headlines)
    return panel, (*built.dropped, *panel.dropped)
