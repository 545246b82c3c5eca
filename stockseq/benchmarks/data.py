"""From the folder of a published dataset to samples: instances by its protocol, inputs cut at the close before."""

import hashlib
from collections.abc import Mapping
from concurrent.futures import Executor
from dataclasses import dataclass

import pandas as pd

from stockseq.benchmarks.acl2018 import LOOKBACK, PERIODS, Period, label_instances, tweeted_every_day
from stockseq.dataset.dataset import Coverage, Inputs
from stockseq.dataset.panel import Panel, build_panel
from stockseq.dataset.samples import Samples, build_samples
from stockseq.dataset.windows import build_windows
from stockseq.errors import SourceError, TooFewSessions
from stockseq.features.sentiment import score_headlines
from stockseq.features.table import build_features
from stockseq.market import MarketData
from stockseq.prices import volatility_before, volatility_path
from stockseq.schemas import Dropped, as_labels, count_dropped
from stockseq.sessions import FIRST_SESSION, DecisionPolicy, TradingCalendar
from stockseq.sources.settings import StockNetSettings
from stockseq.sources.source import Outcome
from stockseq.sources.stocknet import open_stocknet, read_adjusted_closes

# At the close itself, no minute after it: the protocol enters at that close, so a later tweet would look ahead.
AT_THE_CLOSE = DecisionPolicy("after_close", 0)
AT_ONCE = pd.Timedelta(0)
# Accuracies are judged by how they vary between dates.
LEAST_SESSIONS = 2


@dataclass(frozen=True)
class BenchmarkData:
    """What the folder holds, in the shape that forecasters take.

    Parameters
    ----------
    instances : DataFrame
        The columns of `Instances.table`, and `tweeted`: whether there are tweets on every lag day.
    market : MarketData
    panel : Panel
    samples : Samples
        The instances that have inputs.
    scored, lacking : tuple of Period
        The periods to score, and those that the folder ends before.
    outcomes : mapping of ticker to Outcome
        How each ticker was read.
    dropped : tuple of Dropped
        All that was left out on the way.
    """

    instances: pd.DataFrame
    market: MarketData
    panel: Panel
    samples: Samples
    scored: tuple[Period, ...]
    lacking: tuple[Period, ...]
    outcomes: Mapping[str, Outcome]
    dropped: tuple[Dropped, ...]

    def sessions(self, period: Period) -> pd.DatetimeIndex:
        """Return the sessions of a period that have samples, ascending."""
        return period.of(self.samples.sessions)

    def of(self, period: Period) -> Samples:
        """Return the samples of a period."""
        return self.samples.on(self.sessions(period))

    @property
    def main_period(self) -> Period:
        """The period that the run's record is of: the literature's test quarter, or the first that there is."""
        return next((period for period in self.scored if period.name == "test"), self.scored[0])

    @property
    def coverage(self) -> Coverage:
        """How much data stands behind the instances."""
        texts = self.panel.texts
        return Coverage(
            sessions=int(self.instances["session"].nunique()),
            bars=len(self.market.bars),
            headlines=sum(map(len, texts)),
            share_with_news=sum(map(bool, texts)) / len(texts) if texts else 0.0,
            tickers=int(self.market.bars["ticker"].nunique()),
        )

    def hash(self) -> str:
        """Return a hash of all inputs and moves, which two runs on the same data share."""
        digest = hashlib.sha256(self.panel.indicators.tobytes())
        digest.update(repr(self.panel.texts).encode())
        digest.update(self.instances.to_csv(index=False).encode())
        return digest.hexdigest()[:16]

    def describe(self) -> str:
        """Return how many instances each period has, and how many have inputs."""
        counts = self.instances["period"].value_counts()
        periods = ", ".join(f"{counts[period.name]:,} {period.title}" for period in (PERIODS[0], *self.scored))
        return f"{periods}; {len(self.samples):,} of {len(self.instances):,} have inputs"

    def __repr__(self) -> str:
        return f"BenchmarkData({self.describe()})"


def read_benchmark(
    settings: StockNetSettings,
    inputs: Inputs,
    calendar: TradingCalendar,
    *,
    now: pd.Timestamp,
    executor: Executor | None = None,
) -> BenchmarkData:
    """Read a dataset's folder, label its moves and build their inputs; nothing is written.

    Parameters
    ----------
    settings : StockNetSettings
        The folder, in either layout.
    inputs : Inputs
        The features and the scorer; lookback, decision and latency are the protocol's own.
    calendar : TradingCalendar
    now : Timestamp, tz-aware
    executor : Executor, optional
        Where headlines are scored and features computed.

    Raises
    ------
    SourceError
        If the folder is missing, has another layout, no adjusted closes or no tweets with a time.
    TooFewSessions
        If it holds nothing to train on or nothing to score.
    """
    closes, unread = _adjusted_closes(settings, calendar)
    instances = label_instances(closes, calendar=calendar)
    _require_periods(instances.table, closes)
    market, outcomes, unfetched = _fetch(settings, calendar, now)
    panel, unbuilt = _build_panel(market, inputs, executor)
    path = volatility_path(market.bars, market.actions)
    windows = build_windows(
        panel, volatility_before(panel.keys, path).to_numpy(), lookback=LOOKBACK, sessions=calendar.sessions
    )
    table = instances.table
    volatility = volatility_before(table, path)
    samples = build_samples(windows, as_labels(table.assign(volatility=volatility)[volatility.notna()]))
    reached = {period: len(period.of(samples.sessions)) >= LEAST_SESSIONS for period in PERIODS[1:]}
    if not any(reached.values()):
        raise TooFewSessions(
            f"Not one period after the training has {LEAST_SESSIONS} sessions with inputs; {len(samples.sessions)} "
            "sessions in all have them. The prices must begin 60 sessions before 2014 and reach beyond 2015-08."
        )
    return BenchmarkData(
        instances=table.assign(tweeted=tweeted_every_day(table, market.headlines, calendar=calendar)),
        market=market,
        panel=panel,
        samples=samples,
        scored=tuple(period for period, there in reached.items() if there),
        lacking=tuple(period for period, there in reached.items() if not there),
        outcomes=outcomes,
        dropped=(*unread, *unfetched, *instances.dropped, *unbuilt, *_without_inputs(table, samples)),
    )


def _without_inputs(instances: pd.DataFrame, samples: Samples) -> tuple[Dropped, ...]:
    """Count the instances that became no sample."""
    having = pd.MultiIndex.from_arrays([samples.ticker, samples.session])
    lost = ~pd.MultiIndex.from_frame(instances[["ticker", "session"]]).isin(having)
    return count_dropped("instances", instances.loc[lost, "ticker"], "an instance without inputs")


def _adjusted_closes(settings: StockNetSettings, calendar: TradingCalendar) -> tuple[pd.DataFrame, tuple[Dropped, ...]]:
    closes = read_adjusted_closes(settings)
    faults = pd.Series(None, index=closes.index, dtype=object)
    faults[~closes["session"].isin(calendar.sessions)] = f"not a session of {calendar.exchange}"
    faults[closes["adjusted_close"].isna()] = "no adjusted close"
    return closes[faults.isna()], count_dropped("read adjusted closes", closes["ticker"], faults)


def _require_periods(instances: pd.DataFrame, closes: pd.DataFrame) -> None:
    training, *scored = PERIODS
    n = instances.groupby("period")["session"].nunique()
    extent = (
        "the folder holds no adjusted close on a session"
        if closes.empty
        else f"the folder's prices run from {closes['session'].min().date()} to {closes['session'].max().date()}"
    )
    if training.name not in n:
        raise TooFewSessions(
            f"The protocol trains on moves from {training.first.date()} to {training.end.date()}, and {extent}. Name a "
            "folder that holds them."
        )
    if not any(n.get(period.name, 0) >= LEAST_SESSIONS for period in scored):
        raise TooFewSessions(
            f"The protocol scores moves from {scored[0].first.date()} on, at least {LEAST_SESSIONS} sessions of them, "
            f"and {extent}. Name a folder that holds them."
        )


def _fetch(
    settings: StockNetSettings, calendar: TradingCalendar, now: pd.Timestamp
) -> tuple[MarketData, Mapping[str, Outcome], tuple[Dropped, ...]]:
    source = open_stocknet(settings)
    fetched = source.fetch_bars(dict.fromkeys(source.tickers, FIRST_SESSION), now=now)
    read = source.fetch_headlines(source.tickers, since=None, now=now)
    if read.headlines.empty:
        n = sum(drop.n_rows for drop in read.dropped)
        raise SourceError(
            f"{settings.folder} must hold tweets with their time of publication; {n} were read, and none has a time "
            "that can be read. Check `created_at` in tweet/raw or `published_at` in headlines.parquet."
        )
    market = MarketData(fetched.bars, fetched.actions, read.headlines, calendar, now)
    return market, fetched.outcomes, (*fetched.dropped, *read.dropped)


def _build_panel(market: MarketData, inputs: Inputs, executor: Executor | None) -> tuple[Panel, tuple[Dropped, ...]]:
    built = build_features(
        market.bars,
        market.actions,
        market.headlines,
        score_headlines(market.headlines, inputs.scorer, executor=executor),
        calendar=market.calendar,
        policy=AT_THE_CLOSE,
        latency=AT_ONCE,
        features=inputs.features,
        executor=executor,
    )
    panel = build_panel(built.table.drop(columns="inputs"), built.headlines)
    return panel, (*built.dropped, *panel.dropped)
