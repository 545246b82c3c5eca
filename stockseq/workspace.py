"""The workspace: settings, store, registry, source and clock of one run; it hands data on and is never handed on."""

from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Executor
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from typing import Any

import pandas as pd

from stockseq.backtest.trading import TradingRules
from stockseq.config import Settings, load_settings, read_now
from stockseq.dataset.dataset import Dataset, Inputs, build_dataset
from stockseq.dataset.folds import final_fold
from stockseq.errors import PluginError, SettingsError, counted
from stockseq.features.feature import Feature
from stockseq.features.indicators import DEFAULT_FEATURES
from stockseq.features.sentiment import scorer_named
from stockseq.features.table import feature_set_name
from stockseq.forecasting.champion import (
    Basis,
    Challenge,
    Champion,
    Incumbent,
    challenge,
    enter,
    hash_training_data,
    load_champion,
)
from stockseq.ingestion.ingest import Ingested, ingest, universe
from stockseq.market import MarketData
from stockseq.models.forecaster import Forecaster
from stockseq.models.registry import Registry
from stockseq.plugins import SLOTS, load_plugin
from stockseq.progress import SILENT, Progress
from stockseq.runs.folder import Provenance, RunContents, clear_drafts
from stockseq.runs.trials import record_trial
from stockseq.schemas import Dropped
from stockseq.sessions import DecisionPolicy, TradingCalendar
from stockseq.sources.source import Source
from stockseq.store import Store
from stockseq.testing import check_feature

SHIPPED_SOURCES = ("yahoo", "files", "simulated", "stocknet")


def source_settings(settings: Settings, name: str) -> Any:
    """Return the settings of a shipped source, on the exchange of the settings.

    Raises
    ------
    SettingsError
        If the source's own section names another exchange.
    """
    own = getattr(settings, name)
    if "exchange" in own.model_fields_set and own.exchange != settings.exchange:
        raise SettingsError(
            f"The exchange is {settings.exchange} and {name}.exchange is {own.exchange}; a store is of one exchange. "
            f'Write exchange = "{own.exchange}" or "{settings.exchange}" at the top of the settings file, and no other.'
        )
    return own.model_copy(update={"exchange": settings.exchange})


class Workspace:
    """A store with the settings to work on it, as of one instant: a day replayed later sees no more than it did.

    Parameters
    ----------
    settings : Settings, str or Path
        Or the data root alone, with the defaults for the rest.
    now : Timestamp, tz-aware, or str, optional
        The instant of the run, such as "2026-11-20T22:00:00Z"; that of the call by default.
    executor : Executor, optional
        Where work fans out.
    progress : Progress, optional
    create : bool, default=False
        Whether a folder becomes a store where it is none yet: for a workspace that ingests.

    Raises
    ------
    SettingsError
        If `now` has no time zone, or a setting is wrong.
    StoreError
        If there is no store and none is to be created.

    Examples
    --------
    >>> import tempfile
    >>> workspace = Workspace(tempfile.mkdtemp(), now="2024-11-29T12:00:00Z", create=True)
    >>> len(workspace.market().bars)
    0
    """

    def __init__(
        self,
        settings: Settings | str | Path = "data",
        *,
        now: pd.Timestamp | str | None = None,
        executor: Executor | None = None,
        progress: Progress = SILENT,
        create: bool = False,
    ) -> None:
        self.settings = settings if isinstance(settings, Settings) else load_settings(overrides={"data": str(settings)})
        self.now = read_now(None if now is None else str(now))
        self.executor = executor
        self.progress = progress
        self._create = create
        if not create:
            # Whoever only reads learns of a mistyped folder at once.
            _ = self.store

    def __repr__(self) -> str:
        return f"Workspace({self.settings.data!r}, now={self.now.isoformat()})"

    @cached_property
    def store(self) -> Store:
        """The tables."""
        options = self.settings.storage_options or None
        return Store(self.settings.data, storage_options=options, create=self._create)

    @property
    def root(self) -> Path:
        """The local folder of runs and model bundles: the data root itself, or a folder named after a remote one."""
        data = self.settings.data
        if "://" in data:
            scheme, _, rest = data.partition("://")
            return Path("data") / scheme / rest.replace("/", "_")
        return Path(data)

    @property
    def models(self) -> Path:
        """The folder of model bundles."""
        return self.root / "models"

    @cached_property
    def registry(self) -> Registry:
        """The models registered up to the instant of this run."""
        return Registry(self.store, as_of=self.now)

    @cached_property
    def calendar(self) -> TradingCalendar:
        """The exchange's calendar, until some months after the instant of this run."""
        return TradingCalendar.until(self.now, exchange=self.settings.exchange)

    @cached_property
    def source(self) -> Source:
        """The source of the settings."""
        maker = load_plugin("stockseq.sources", self.settings.source)
        if self.settings.source not in SHIPPED_SOURCES:
            return maker()
        return maker(source_settings(self.settings, self.settings.source))

    @cached_property
    def features(self) -> tuple[Feature, ...]:
        """The indicators: the default ones and the settings' plug-ins, which are held to the contract of features."""
        extra = tuple(load_plugin("stockseq.features", name) for name in self.settings.features)
        for name, feature in zip(self.settings.features, extra, strict=True):
            if not isinstance(feature, Feature):
                raise PluginError(
                    f"The plug-in feature `{name}` must be a stockseq Feature, received {type(feature).__name__}."
                )
            # A feature that looks ahead would show an edge that no test of the result can tell from skill.
            check_feature(feature)
        return DEFAULT_FEATURES + extra

    @cached_property
    def inputs(self) -> Inputs:
        """What a dataset is made of."""
        settings = self.settings
        return Inputs(
            lookback=settings.network.lookback,
            label=settings.label,
            decision=DecisionPolicy.parse(settings.decision),
            latency=pd.Timedelta(seconds=settings.headline_latency_s),
            features=self.features,
            scorer=scorer_named(settings.scorer),
            headlines_per_session=settings.network.headlines_per_session,
        )

    @property
    def forecaster(self) -> Forecaster:
        """What the settings fit."""
        return Forecaster(self.settings.network, self.settings.training, executor=self.executor, progress=self.progress)

    @property
    def rules(self) -> TradingRules:
        """How the settings trade."""
        settings = self.settings
        return TradingRules(settings.policy, settings.costs, settings.account, settings.label)

    @contextmanager
    def lock(self, *, trains: bool = True) -> Iterator[None]:
        """Hold the store for this run, once all that the settings name is found: a misspelt name costs no fetch.

        Before a run that trains, a user's own layers are held to the contract too, as features are before any.
        """
        _ = (self.source, self.inputs)
        network = self.settings.network
        if any(getattr(network, slot) is not None for slot in SLOTS):
            # Layers bring TensorFlow, which must come after the source, and takes seconds.
            from stockseq.testing.layers import check_network_layers, find_network_layers

            find_network_layers(network)
            if trains:
                check_network_layers(network, names=self.inputs.names, progress=self.progress)
        with self.store.lock():
            clear_drafts(self.root)
            yield

    def universe(self) -> tuple[str, ...]:
        """Return the tickers of the settings, or else all of the source, of the store, or of Yahoo's default."""
        default = self.settings.yahoo.tickers if self.settings.source == "yahoo" else ()
        return universe(self.store, self.source, self.settings.tickers, default, self.now)

    def ingest(self, tickers: Sequence[str], *, missing_only: bool = False) -> tuple[Ingested, MarketData]:
        """Bring the tickers up to date from the source, and return what the store then knows of them.

        With `missing_only`, only those of which the store has no bar are asked for.
        """
        ingested, market = ingest(
            self.store,
            self.source,
            tickers,
            now=self.now,
            calendar=self.calendar,
            history_from=self._history_from,
            missing_only=missing_only,
            progress=self.progress,
        )
        return ingested, self._with_truth(market)

    def market(self, tickers: Sequence[str] | None = None) -> MarketData:
        """Return what the store knows of some tickers, or of all, at the instant of this run."""
        return self._with_truth(self.store.market(self.calendar, tickers=tickers, as_of=self.now))

    def dataset(self, market: MarketData) -> Dataset:
        """Build the dataset, with what the store holds of scores and features; what is new is stored."""
        stored_scores = self.store.read("scores")
        stored = self.store.read(
            "features", tickers=market.tickers, where={"feature_set": feature_set_name(self.features)}
        )
        self.progress.say(f"Building features of {counted(len(market.tickers), 'ticker')}")
        data = build_dataset(
            market,
            self.inputs,
            scores=stored_scores,
            stored=stored if len(stored) else None,
            executor=self.executor,
        )
        unscored = stored_scores.loc[stored_scores["scorer"] == self.inputs.scorer.name, "headline_id"]
        self.store.append("scores", data.scores[~data.scores["headline_id"].isin(unscored)])
        self.store.replace("features", data.features)
        return data.require_samples()

    def incumbent(self) -> Incumbent:
        """Return who is champion."""
        return load_champion(self.registry, self.models, Basis.of(self.inputs))

    def challenge(self, data: Dataset, champion: Champion | None, *, fine_tune: bool = False) -> Challenge:
        """Let a candidate challenge the champion on the newest sessions; list it, and promote it if it is better."""
        from stockseq.testing.layers import check_network_layers

        settings = self.settings
        with data.explain_sessions():
            fold = final_fold(data.sessions, settings.folds, n_test=settings.daily.holdout, horizon=data.inputs.horizon)
        result = challenge(
            self.forecaster,
            data,
            fold,
            champion,
            fine_tune=fine_tune,
            promotion_z=settings.daily.promotion_z,
            before_fit=lambda: check_network_layers(settings.network, names=data.inputs.names, progress=self.progress),
        )
        if not result.unchanged:
            measures = {"accuracy": result.candidate.record.accuracy}
            record_trial(self.store, settings, "finetune" if fine_tune else "scratch", measures, now=self.now)
            enter(result, self.registry, self.models, at=self.now, data_version=hash_training_data(data, fold))
        return result

    def run_contents(
        self,
        recipe: str,
        title: str,
        data: Dataset,
        *,
        metrics: Mapping[str, object],
        frames: Mapping[str, pd.DataFrame],
        ingested: Ingested,
        doubts: Sequence[str] = (),
        dropped: Sequence[Dropped] = (),
        models: pd.DataFrame | None = None,
    ) -> RunContents:
        """Return what a run of this workspace writes into its folder; `dropped` is what it left out itself."""
        return RunContents(
            recipe=recipe,
            title=title,
            now=self.now,
            settings=self.settings.model_dump(mode="json", exclude_none=True),
            metrics=metrics,
            frames=frames,
            provenance=self.provenance(data.market),
            dropped=(*ingested.dropped, *data.dropped, *dropped),
            outcomes=tuple(ingested.outcomes.values()),
            doubts=doubts,
            models=models,
        )

    def provenance(self, market: MarketData) -> Provenance:
        """Return where the figures of this run come from."""
        return Provenance(
            data=self.settings.data,
            sources=sorted(market.bars["source"].unique()),
            data_version=self.store.data_version(),
            tables=self.store.versions(),
            seeds=self.settings.training.seeds,
        )

    @property
    def _history_from(self) -> pd.Timestamp | None:
        first = self.settings.history_from
        return None if first is None else pd.Timestamp(first)

    def _with_truth(self, market: MarketData) -> MarketData:
        truth = getattr(self.source, "truth", None) if self.settings.source == "simulated" else None
        return (
            market
            if truth is None
            else MarketData(market.bars, market.actions, market.headlines, market.calendar, market.now, truth)
        )
