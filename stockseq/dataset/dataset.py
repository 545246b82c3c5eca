"""The dataset: everything that models, the backtest and the proofs take, built once from one vintage of the tables."""

from collections.abc import Iterator
from concurrent.futures import Executor
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import TypedDict, Unpack

import pandas as pd

from stockseq.arguments import require_type
from stockseq.dataset.labels import OPEN_TO_CLOSE, label_trades, name_label, parse_label
from stockseq.dataset.panel import Panel, build_panel
from stockseq.dataset.samples import Samples, build_samples
from stockseq.dataset.vocabulary import count_left_out
from stockseq.dataset.windows import Windows, build_windows, trade_volatility
from stockseq.errors import SettingsError, TooFewSessions, counted, nearest
from stockseq.features.feature import Feature
from stockseq.features.history import WARM_UP
from stockseq.features.indicators import DEFAULT_FEATURES
from stockseq.features.news import LATENCY, Latency
from stockseq.features.sentiment import (
    SENTIMENT_COLUMNS,
    Scorer,
    SummaryScorer,
    VaderScorer,
    score_headlines,
    with_summaries,
)
from stockseq.features.table import build_features
from stockseq.market import MarketData
from stockseq.prices import find_jumps, is_traded, volatility_before, volatility_path
from stockseq.results import Result, html_table
from stockseq.schemas import Dropped, Labels
from stockseq.sessions import DecisionPolicy


@dataclass(frozen=True)
class Inputs:
    """What a dataset is made of.

    Parameters
    ----------
    lookback : int, default=10
        Sessions of a window.
    label : str, default="open_to_close"
        The trade that is forecast; from 1 to 63 sessions for "open_to_open(h)", "open_to_next_open" being h = 1.
    decision : DecisionPolicy, default=before_open(30)
        When a forecast is fixed.
    latency : Timedelta or Latency, default=900 seconds
        From publication to knowledge of a headline without the time it was first seen.
    features : tuple of Feature
        The indicators; sentiment stands beside them always.
    scorer : Scorer
        Of the headlines' sentiment; a `SummaryScorer` has summaries read, too.
    headlines_per_session : int, default=8
        The newest headlines of a session that a network reads; older ones are counted as dropped.
    """

    lookback: int = 10
    label: str = OPEN_TO_CLOSE
    decision: DecisionPolicy = field(default_factory=DecisionPolicy)
    latency: pd.Timedelta | Latency = LATENCY
    features: tuple[Feature, ...] = DEFAULT_FEATURES
    scorer: Scorer = field(default_factory=VaderScorer)
    headlines_per_session: int = 8

    @property
    def names(self) -> tuple[str, ...]:
        """The columns of the indicators, as a network reads them."""
        return (*(feature.name for feature in self.features), *SENTIMENT_COLUMNS)

    @property
    def horizon(self) -> int:
        """Sessions from the entry to the exit of the label's trade, as a purge counts them."""
        return parse_label(self.label)

    def as_read(self, headlines: pd.DataFrame) -> pd.DataFrame:
        """Return the headlines with the text that is scored and read: theirs, or with their summaries."""
        return with_summaries(headlines) if isinstance(self.scorer, SummaryScorer) else headlines

    @property
    def warm_up(self) -> int:
        """Sessions of a ticker before its first row of features."""
        return max([WARM_UP, *(feature.warm_up for feature in self.features)])


class Coverage(Result):
    """How much data stands behind a run; `share_with_news` is of the panel's rows."""

    sessions: int
    bars: int
    headlines: int
    share_with_news: float
    tickers: int


@dataclass(frozen=True)
class Dataset:
    """What a market becomes before any model sees it.

    Parameters
    ----------
    market : MarketData
    inputs : Inputs
        How the rest was made of it.
    headlines : DataFrame
        With `available_at`, and `session`, the traded session that each is the first to inform.
    scores : DataFrame
        `headline_id` and `compound` of one scorer.
    features : DataFrame
        The feature table, by ticker and session.
    labels : Labels
    panel : Panel
    windows : Windows
        Of every decision, the one that is not traded yet among them.
    samples : Samples
        The windows that have a label.
    dropped : tuple of Dropped
        All that was left out on the way, by stage, ticker and reason.
    jumps : DataFrame
        Moves that no split explains, the greatest first; see `find_jumps`.
    """

    market: MarketData
    inputs: Inputs
    headlines: pd.DataFrame
    scores: pd.DataFrame
    features: pd.DataFrame
    labels: Labels
    panel: Panel
    windows: Windows
    samples: Samples
    dropped: tuple[Dropped, ...]
    jumps: pd.DataFrame

    @property
    def sessions(self) -> pd.DatetimeIndex:
        """The sessions that have samples, ascending."""
        return self.samples.sessions

    @property
    def coverage(self) -> Coverage:
        """How much data stands behind the samples."""
        texts = self.panel.texts
        return Coverage(
            sessions=len(self.sessions),
            bars=len(self.market.bars),
            headlines=len(self.headlines),
            share_with_news=sum(map(bool, texts)) / len(texts) if texts else 0.0,
            tickers=int(self.market.bars["ticker"].nunique()),
        )

    def __repr__(self) -> str:
        if not len(self.samples):
            return "Dataset(no samples)"
        first, last = (f"{session:%Y-%m-%d}" for session in self.sessions[[0, -1]])
        return (
            f"Dataset({counted(len(self.samples), 'sample')} of {counted(self.coverage.tickers, 'ticker')}, "
            f"{counted(len(self.sessions), 'session')} from {first} to {last}, {len(self.panel.names)} features, "
            f"lookback {self.inputs.lookback})"
        )

    def _repr_html_(self) -> str:
        return html_table(
            "Dataset",
            {
                **self.coverage.to_dict(),
                "samples": len(self.samples),
                "features": len(self.inputs.names),
                "lookback": self.inputs.lookback,
                "label": self.inputs.label,
                "decision": str(self.inputs.decision),
            },
        )

    def require_samples(self) -> "Dataset":
        """Return the dataset; raise `TooFewSessions` if it has no sample, with what a sample needs."""
        if len(self.samples):
            return self
        bars = self.market.bars
        if len(bars) and not is_traded(bars).any():
            raise TooFewSessions(
                f"None of {counted(len(bars), 'bar')} of {', '.join(self.market.tickers[:5])} has a volume, as "
                "indices and exchange rates have none, so nothing of them can be traded or forecast. Ingest tickers "
                "that trade."
            )
        raise TooFewSessions(
            f"No sample could be built of {counted(len(bars), 'bar')} of "
            f"{counted(len(self.market.tickers), 'ticker')}: of each, {self._first_sample}. Ingest a longer history."
        )

    @contextmanager
    def explain_sessions(self) -> Iterator[None]:
        """Let an error of too few sessions to cut into folds say where those went that had bars."""
        try:
            yield
        except TooFewSessions as error:
            n_sessions = self.market.bars["session"].nunique()
            raise TooFewSessions(
                f"{error} Of {counted(n_sessions, 'session')} with bars {len(self.sessions)} are left for that: "
                f"{self._first_sample}."
            ) from error

    @property
    def _first_sample(self) -> str:
        return f"{self.inputs.warm_up} sessions warm the indicators up and {self.inputs.lookback} fill the first window"


class InputOptions(TypedDict, total=False):
    """The fields of `Inputs`, to change some of them."""

    lookback: int
    label: str
    latency: pd.Timedelta | Latency
    features: tuple[Feature, ...]
    scorer: Scorer
    headlines_per_session: int


def build_dataset(
    market: MarketData,
    inputs: Inputs | None = None,
    *,
    scores: pd.DataFrame | None = None,
    stored: pd.DataFrame | None = None,
    executor: Executor | None = None,
    decision: DecisionPolicy | str | None = None,
    **changes: Unpack[InputOptions],
) -> Dataset:
    """Build everything from the market's tables; nothing is read or written.

    Parameters
    ----------
    market : MarketData
        Of one vintage.
    inputs : Inputs, optional
        The defaults without it.
    scores : DataFrame, optional
        `headline_id`, `scorer` and `compound` of headlines scored before; the rest is scored here.
    stored : DataFrame, optional
        Features built before; rows of unchanged inputs are taken from it.
    executor : Executor, optional
        Where headlines are scored and tickers computed; in this process without one.
    decision : DecisionPolicy or str, optional
        When a forecast is fixed, such as "after_close(30)"; that of the inputs without it.
    **changes
        Single fields of `Inputs`: `lookback` (sessions of a window, 10), `label` ("open_to_close" or
        "open_to_open(h)" for h up to 63), `latency` (from a headline's publication to its knowledge, 15 minutes),
        `features`, `scorer`, `headlines_per_session` (8).

    Returns
    -------
    Dataset
        Perhaps without samples; see `require_samples`.

    Raises
    ------
    TypeError, SettingsError
        If an argument is of another type, or there is no such field (the nearest is named).
    DataError
        If the tables hold more than one vintage of a row.
    PluginError
        If a feature fails.

    Examples
    --------
    >>> from stockseq.sources.markets import load_simulated
    >>> build_dataset(load_simulated(n_sessions=80, n_tickers=2), lookback=5)
    Dataset(30 samples of 2 tickers, 15 sessions from 2018-04-06 to 2018-04-26, 33 features, lookback 5)
    """
    require_type(market, MarketData, "market", hint="Such as load_simulated(), fetch_yahoo([...]) or read_files(...).")
    inputs = _read_inputs(inputs or Inputs(), decision, changes)
    scores = _score(market, inputs, scores, executor)
    sessions = market.calendar.sessions
    built = build_features(
        market.bars,
        market.actions,
        market.headlines,
        scores,
        calendar=market.calendar,
        policy=inputs.decision,
        latency=inputs.latency,
        features=inputs.features,
        stored=stored,
        executor=executor,
    )
    path = volatility_path(market.bars, market.actions)
    trades = label_trades(market.bars, market.actions, calendar=market.calendar, horizon=inputs.horizon, path=path)
    news = inputs.as_read(built.headlines).merge(scores[["headline_id", "compound"]], on="headline_id", how="left")
    panel = build_panel(built.table.drop(columns="inputs"), news, sessions=sessions)
    volatility = trade_volatility(volatility_before(panel.keys, path), horizon=inputs.horizon)
    windows = build_windows(panel, volatility, lookback=inputs.lookback, sessions=sessions)
    samples = build_samples(windows, trades.labels)
    return Dataset(
        market=market,
        inputs=inputs,
        headlines=built.headlines,
        scores=scores,
        features=built.table,
        labels=trades.labels,
        panel=panel,
        windows=windows,
        samples=samples,
        dropped=(
            *built.dropped,
            *panel.dropped,
            *samples.dropped,
            *trades.dropped,
            *_count_unread(panel, inputs.headlines_per_session),
        ),
        jumps=find_jumps(market.bars, market.actions),
    )


def _read_inputs(inputs: Inputs, decision: DecisionPolicy | str | None, changes: InputOptions) -> Inputs:
    """Return the inputs with some fields changed; a decision may be written as in the settings file."""
    options = ["decision", *InputOptions.__annotations__]
    for name in changes.keys() - set(options):
        hint = nearest(name, options, f"choose from {', '.join(options)}.")
        raise SettingsError(f"A dataset has no option `{name}`; {hint}")
    policy = DecisionPolicy.parse(decision) if isinstance(decision, str) else decision or inputs.decision
    inputs = replace(inputs, decision=policy, **changes)
    inputs = replace(inputs, label=name_label(inputs.horizon))
    require_type(inputs.lookback, int, "lookback", hint="Count the sessions of a window.")
    for feature in inputs.features:
        require_type(feature, Feature, "features", hint="Name plug-ins in the settings file; here hand on the objects.")
    return inputs


def _count_unread(panel: Panel, headlines_per_session: int) -> tuple[Dropped, ...]:
    n_unread = count_left_out(panel.texts, headlines_per_session)
    reason = "older than the newest headlines of its session that the network reads"
    return (Dropped("text", "", reason, n_unread),) if n_unread else ()


def _score(market: MarketData, inputs: Inputs, scores: pd.DataFrame | None, executor: Executor | None) -> pd.DataFrame:
    """Return the scorer's scores of every headline; those that `scores` has are not computed again."""
    scorer = inputs.scorer
    fresh = score_headlines(inputs.as_read(market.headlines), scorer, stored_scores=scores, executor=executor)
    joined = fresh if scores is None else pd.concat([scores, fresh], ignore_index=True)
    return joined[
        (joined["scorer"] == scorer.name) & joined["headline_id"].isin(market.headlines["headline_id"])
    ].reset_index(drop=True)
