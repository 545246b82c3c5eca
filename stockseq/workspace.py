"""The workspace: settings, store, registry, source and clock of one run; it hands data on and is never handed on."""

from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Executor
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from stockseq.backtest.trading import TradingRules
from stockseq.config import Settings, load_settings, read_now
from stockseq.dataset.dataset import Dataset, Inputs, build_dataset
from stockseq.dataset.folds import final_fold
from stockseq.dataset.labels import parse_label
from stockseq.dataset.short_history import fit_settings
from stockseq.errors import PluginError, SourceError, TooFewSessions, counted, nearest
from stockseq.executors import require_plugins
from stockseq.features.feature import Feature
from stockseq.features.indicators import DEFAULT_FEATURES
from stockseq.features.news import Latency
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
    settings_changes,
)
from stockseq.forecasting.clock import has_gone_on
from stockseq.ingestion.exchanges import check_exchange
from stockseq.ingestion.ingest import Ingested, ingest, universe
from stockseq.ingestion.membership import record_membership, removed_tickers
from stockseq.ingestion.origin import FILES, Origin, StoredSource, check_origin, read_origin, remember_origin
from stockseq.market import MarketData
from stockseq.memory import release_memory
from stockseq.models.forecaster import Forecaster
from stockseq.models.registry import Registry
from stockseq.plugins import SLOTS, load_plugin
from stockseq.progress import SILENT, Progress
from stockseq.runs.folder import Provenance, RunContents, clear_drafts, local_root
from stockseq.runs.trials import record_trial
from stockseq.schemas import Dropped
from stockseq.sessions import DecisionPolicy, TradingCalendar
from stockseq.source_choice import (
    SHIPPED_SOURCES,
    open_headline_sources,
    open_source,
    require_offered,
    with_remembered_source,
)
from stockseq.sources.source import Source
from stockseq.store import Store, local_folder, withdraw
from stockseq.testing import check_feature

if TYPE_CHECKING:
    from stockseq.models.model import Model

# Settings of a source's section that don't say which data it has.
NO_ORIGIN = {"exchange", "latency_s"}


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
        given = settings if isinstance(settings, Settings) else load_settings(overrides={"data": str(settings)})
        self.settings = with_remembered_source(given)
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
        """The local folder of runs and model bundles; see `local_root`."""
        return local_root(self.settings.data)

    @property
    def models(self) -> Path:
        """The folder of model bundles."""
        return self.root / "models"

    @cached_property
    def registry(self) -> Registry:
        """The models registered up to the instant of this run."""
        return Registry(self.store, as_of=self.now)

    @property
    def own_layers(self) -> tuple[str, ...]:
        """The layers that the settings name as `package.module:Layer`; no bundle may name another of that kind."""
        network = self.settings.network
        settings = [getattr(network, slot) or "" for slot in SLOTS]
        return tuple(name.strip() for setting in settings for name in setting.split("+") if ":" in name)

    @cached_property
    def calendar(self) -> TradingCalendar:
        """The exchange's calendar, until some months after the instant of this run."""
        return TradingCalendar.until(self.now, exchange=self.settings.exchange)

    @cached_property
    def source(self) -> Source:
        """The source of the settings, or the one that the store remembers where they name none."""
        if self._imported_only:
            return StoredSource(sorted(self.store.read("bars", columns=["ticker"], as_of=self.now)["ticker"].unique()))
        return open_source(self.settings, self.settings.source)  # type: ignore[no-any-return]

    @property
    def headline_sources(self) -> tuple[Source, ...]:
        """Where headlines come from; see `open_headline_sources`."""
        return open_headline_sources(self.settings, self.source, self.store)

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
            latency=_headline_latency(settings),
            features=self.features,
            scorer=scorer_named(settings.scorer, summaries=settings.summaries),
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
        with self._new_folder_only_with_data():
            _ = (self.source, self.inputs)
            require_offered(self.settings.headlines_from)
            require_plugins(self.executor, (), self.settings.features)
            self._check_layers(trains=trains)
            with self.store.lock():
                check_origin(self._stored_origin, self._origin, data=self.settings.data)
                clear_drafts(self.root)
                yield

    def _check_layers(self, *, trains: bool) -> None:
        network = self.settings.network
        if any(getattr(network, slot) is not None for slot in SLOTS):
            # Layers bring TensorFlow, which must come after the source, and takes seconds.
            from stockseq.models.placing import named_layers
            from stockseq.testing.layers import check_network_layers, find_network_layers

            find_network_layers(network)
            require_plugins(self.executor, named_layers(network))
            if trains:
                check_network_layers(network, names=self.inputs.names, progress=self.progress)

    def universe(self) -> tuple[str, ...]:
        """Return the tickers of the settings, or else all of the source, of the store, or of Yahoo's default.

        Tickers that were removed are left out unless the settings name them.

        Raises
        ------
        SourceError
            If there are none.
        """
        named = self.settings.tickers
        if named:
            return named
        default = self.settings.yahoo.tickers if self.settings.source == "yahoo" else ()
        listed = universe(self.store, self.source, (), default, self.now)
        removed = removed_tickers(self.store, as_of=self.now)
        left = tuple(ticker for ticker in listed if ticker not in removed)
        if not left:
            raise SourceError(
                f"Each of {counted(len(listed), 'ticker')} of {self.settings.data} was removed; bring some back, as in "
                f"make add TICKERS={listed[0]}."
            )
        return left

    def with_added(self, tickers: Sequence[str]) -> tuple[str, ...]:
        """Return the tickers of the store, or else of the source, and these besides, which belong to it from now on."""
        record_membership(self.store, tickers, "added", at=self.now)
        listed = universe(self.store, self.source, (), tuple(tickers), self.now)
        removed = removed_tickers(self.store, as_of=self.now)
        return tuple(dict.fromkeys([*(ticker for ticker in listed if ticker not in removed), *tickers]))

    def remove(self, tickers: Sequence[str]) -> None:
        """Take tickers out of the universe from now on; their bars, headlines and forecasts stay in the store.

        Raises
        ------
        SourceError
            If one of them isn't in the universe, or they are all of it.
        """
        present = self.with_settings(tickers=()).universe()
        foreign = [ticker for ticker in tickers if ticker not in present]
        if foreign:
            hint = nearest(foreign[0], present, f"there are {', '.join(present[:10])}.")
            raise SourceError(f"{foreign[0]} isn't among the {counted(len(present), 'ticker')} of the store; {hint}")
        if not set(present).difference(tickers):
            raise SourceError(
                f"{'It is' if len(present) == 1 else 'These are'} all of {counted(len(present), 'ticker')} of "
                f"{self.settings.data}, and a store needs one at least; nothing was removed. Keep one, or add another "
                "first, as in make add TICKERS=AAPL."
            )
        record_membership(self.store, tickers, "removed", at=self.now)

    def ingest(
        self, tickers: Sequence[str], *, missing_only: bool = False, stored_only: bool = False, whole: bool = False
    ) -> tuple[Ingested, MarketData]:
        """Bring the tickers up to date from the source, and return what the store then knows of them.

        With `missing_only`, only those of which the store has no bar are asked for, and none where the store has gone
        on since `now`; with `stored_only` none is; with `whole`, the whole history of each.
        """
        if stored_only or (missing_only and has_gone_on(self.store, self.registry, self.now)):
            self.progress.say(
                "The store has gone on since this instant, so nothing is fetched: what it knew then is shown."
            )
            ingested, market = ingest(
                self.store, StoredSource(tickers), tickers, now=self.now, calendar=self.calendar, progress=self.progress
            )
            return ingested, self._with_truth(market)
        if self._imported_only:
            self.progress.say(
                "The store holds imported files and no source is named, so no bars are fetched; `make import` adds to "
                "it, and SOURCE=yahoo asks Yahoo."
            )
        ingested, market = ingest(
            self.store,
            self.source,
            tickers,
            now=self.now,
            calendar=self.calendar,
            headline_sources=self.headline_sources,
            history_from=self._history_from,
            missing_only=missing_only,
            whole=whole,
            progress=self.progress,
        )
        if not self._imported_only and ingested.n_failed < len(ingested.outcomes):
            remember_origin(self.store, self._origin, before=self._stored_origin, at=self.now)
            self._stored_origin = self._origin
        return ingested, self._with_truth(market)

    def market(self, tickers: Sequence[str] | None = None) -> MarketData:
        """Return what the store knows of some tickers, or of all, at the instant of this run.

        Raises
        ------
        SettingsError
            If the store is of another exchange than the settings.
        """
        check_exchange(self.store, self.calendar)
        return self._with_truth(self.store.market(self.calendar, tickers=tickers, as_of=self.now))

    def dataset(self, market: MarketData, *, keep: bool = True) -> Dataset:
        """Build the dataset, with what the store holds of scores and features; with `keep`, what is new is stored.

        Raises
        ------
        SourceError
            If there is no bar of any ticker.
        """
        if market.bars.empty:
            raise SourceError("There is no bar of any of these tickers, so there is nothing to build features of.")
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
        if keep:
            unscored = stored_scores.loc[stored_scores["scorer"] == self.inputs.scorer.name, "headline_id"]
            self.store.append("scores", data.scores[~data.scores["headline_id"].isin(unscored)])
            # In the order in which the store has them the columns may be those of an older set.
            if not data.features.equals(stored.reindex(columns=data.features.columns)):
                self.store.replace("features", data.features)
        del stored, stored_scores
        release_memory()
        with self.explain_sessions(data):
            return data.require_samples()

    @contextmanager
    def explain_sessions(self, data: Dataset) -> Iterator[None]:
        """Let an error of too few sessions say where they went, and which settings fit those that there are."""
        try:
            with data.explain_sessions():
                yield
        except TooFewSessions as error:
            raise TooFewSessions(f"{error} {self._fitting_sentence(data)}") from error

    def fitting_changes(self, n_sessions: int) -> str | None:
        """Return what of the settings fits so many sessions of features and labels only if changed, as SET takes it.

        "" where all fit as they are, None where none do.
        """
        folds, lookback, holdout = self.settings.folds, self.settings.network.lookback, self.settings.daily.holdout
        horizon = parse_label(self.settings.label)
        fitting = fit_settings(n_sessions, folds, lookback=lookback, holdout=holdout, horizon=horizon)
        return None if fitting is None else fitting.changed(folds, lookback=lookback, holdout=holdout)

    def _fitting_sentence(self, data: Dataset) -> str:
        inputs, n_bars = data.inputs, data.market.bars["session"].nunique()
        n_sessions = len(data.sessions) + inputs.lookback if len(data.samples) else n_bars - inputs.warm_up
        changed = self.fitting_changes(n_sessions)
        if changed is None:
            return f"No settings fit {counted(n_bars, 'session')}: ingest a longer history."
        return f'These settings fit this history, with every recipe: SET="{changed}".'

    def incumbent(self) -> Incumbent:
        """Return who is champion."""
        return load_champion(self.registry, self.models, Basis.of(self.inputs), own_layers=self.own_layers)

    def of_model(self, model: "Model") -> "Workspace":
        """Return this workspace with the network and training that a model was made by, so that it is read as trained.

        It is this very one where the settings are the model's.
        """
        if not self.changes(model):
            return self
        return self.with_settings(network=model.network, training=model.training)

    def with_settings(self, **changes: object) -> "Workspace":
        """Return this workspace with other values of some settings."""
        settings = self.settings.model_copy(update=changes)
        other = Workspace(settings, now=self.now, executor=self.executor, progress=self.progress, create=self._create)
        if not changes.keys() & {"data", "storage_options"}:
            # The one that this run holds.
            other.store = self.store
        return other

    def changes(self, model: "Model") -> Mapping[str, tuple[str, str]]:
        """Return by dotted name what a setting is in a model and what it is here, where the two differ."""
        return settings_changes(model, self.settings.network, self.settings.training)

    def challenge(self, data: Dataset, champion: Champion | None, *, fine_tune: bool = False) -> Challenge:
        """Let a candidate challenge the champion on the newest sessions; list it, and promote it if it is better."""
        from stockseq.testing.layers import check_network_layers

        settings = self.settings
        with self.explain_sessions(data):
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
            settings=self._settings_to_show,
            metrics=metrics,
            frames=frames,
            provenance=self.provenance(data.market),
            dropped=(*ingested.dropped, *data.dropped, *dropped),
            outcomes=tuple(ingested.outcomes.values()),
            doubts=(*ingested.doubts, *doubts),
            models=models,
        )

    @property
    def _settings_to_show(self) -> dict[str, object]:
        """The settings as a run's folder has them: no credentials, and not who is told of it."""
        settings = self.settings.model_dump(mode="json", exclude_none=True, exclude={"notify"})
        return {**settings, "storage_options": dict.fromkeys(self.settings.storage_options, "...")}

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

    @cached_property
    def _stored_origin(self) -> Origin | None:
        """Where the store's bars come from, read once."""
        return read_origin(self.store)

    @property
    def _origin(self) -> Origin:
        """The source of this run with those of its settings that say which data it has."""
        name = self.settings.source
        if name not in SHIPPED_SOURCES or name == "yahoo":
            return Origin(name)
        section = getattr(self.settings, name).model_dump(mode="json", exclude_none=True, exclude=NO_ORIGIN)
        return Origin(name, {} if self._imported_only else section)

    @cached_property
    def _imported_only(self) -> bool:
        """Whether the bars were imported and no folder is named to read again: then nothing is fetched."""
        files = self.settings.files
        named = "folder" in files.model_fields_set or Path(files.folder).exists()
        return self.settings.source == FILES and not named and self.store.version("bars") is not None

    @contextmanager
    def _new_folder_only_with_data(self) -> Iterator[None]:
        """Leave no new data root behind where a run fails before it stores anything."""
        folder = local_folder(self.settings.data)
        missing = [] if folder is None else [path for path in (folder, *folder.parents) if not path.exists()]
        try:
            yield
        except BaseException:
            if missing and not self.store.versions():
                withdraw(missing)
            raise

    def _with_truth(self, market: MarketData) -> MarketData:
        truth = getattr(self.source, "truth", None) if self.settings.source == "simulated" else None
        return (
            market
            if truth is None
            else MarketData(market.bars, market.actions, market.headlines, market.calendar, market.now, truth)
        )


def _headline_latency(settings: Settings) -> pd.Timedelta | Latency:
    """Return the latency of all headlines, or by source where a section names another."""
    default = pd.Timedelta(seconds=settings.headline_latency_s)
    sections = {name: getattr(getattr(settings, name), "latency_s", None) for name in type(settings).model_fields}
    by_source = {name: pd.Timedelta(seconds=seconds) for name, seconds in sections.items() if seconds is not None}
    return Latency(default, by_source) if by_source else default
