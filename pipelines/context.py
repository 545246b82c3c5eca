"""The circumstances of one run: settings, store, source, calendar, the clock, and where to speak."""

from collections.abc import Iterator
from concurrent.futures import Executor, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import pandas as pd
from rich.console import Console
from rich.progress import Progress, ProgressColumn

from pipelines.drafts import clear_drafts
from pipelines.worker import begin
from stockseq.config import Settings
from stockseq.errors import PluginError, SettingsError, StockseqError
from stockseq.features.feature import Feature
from stockseq.features.indicators import DEFAULT_FEATURES
from stockseq.features.sentiment import SENTIMENT_COLUMNS, scorer_named
from stockseq.models.registry import Registry
from stockseq.plugins import SLOTS, load_plugin
from stockseq.sessions import DecisionPolicy, TradingCalendar
from stockseq.sources.source import Source
from stockseq.store import Appended, Store
from stockseq.testing import check_feature

OWN_SOURCES = ("yahoo", "files", "simulated", "stocknet")

console = Console(highlight=False, soft_wrap=True)


@dataclass(frozen=True)
class Context:
    """What every recipe is handed."""

    settings: Settings
    now: pd.Timestamp
    executor: Executor | None = None
    # A recipe that only shows what there is makes no store where there is none.
    new_store: bool = True

    @cached_property
    def store(self) -> Store:
        options = self.settings.storage_options or None
        return Store(self.settings.data, storage_options=options, create=self.new_store)

    @contextmanager
    def hold_store(self, *, trains: bool = True) -> Iterator[None]:
        """Hold the store for this run, once all that the settings name is found: a misspelt name costs no fetch.

        Before a run that trains, a user's own layers are held to the contract too, as features are before any.
        """
        _ = (self.source, self.features, scorer_named(self.settings.scorer))
        network = self.settings.network
        if any(getattr(network, slot) is not None for slot in SLOTS):
            # Layers bring TensorFlow, which must come after the source, and takes seconds.
            from pipelines.layers import check_layers, find_layers

            find_layers(network)
            if trains:
                check_layers(network, names=self.feature_names)
        with self.store.lock():
            clear_drafts(self.root)
            yield

    def read(self, table: str, **options: Any) -> pd.DataFrame:
        """Read what the store knew at the instant of this run: a day replayed later sees no more than it did."""
        return self.store.read(table, as_of=self.now, **options)

    @property
    def registry(self) -> Registry:
        """The models registered up to the instant of this run."""
        return Registry(AsOf(self))

    @cached_property
    def calendar(self) -> TradingCalendar:
        return TradingCalendar.until(self.now, exchange=self.settings.exchange)

    @property
    def policy(self) -> DecisionPolicy:
        return DecisionPolicy.parse(self.settings.decision)

    @cached_property
    def source(self) -> Source:
        maker = load_plugin("stockseq.sources", self.settings.source)
        if self.settings.source not in OWN_SOURCES:
            return maker()
        own = getattr(self.settings, self.settings.source)
        return maker(own.model_copy(update={"exchange": self.settings.exchange}))

    @cached_property
    def features(self) -> tuple[Feature, ...]:
        extra = tuple(load_plugin("stockseq.features", name) for name in self.settings.features)
        for name, feature in zip(self.settings.features, extra, strict=True):
            if not isinstance(feature, Feature):
                raise PluginError(
                    f"The plug-in feature `{name}` must be a stockseq Feature, received {type(feature).__name__}."
                )
            # A feature that looks ahead would show an edge that no test of the result can tell from skill.
            check_feature(feature)
        return DEFAULT_FEATURES + extra

    @property
    def feature_names(self) -> tuple[str, ...]:
        """The names of the indicators, as the network reads them."""
        return (*(feature.name for feature in self.features), *SENTIMENT_COLUMNS)

    @property
    def root(self) -> Path:
        """The local folder of runs and model bundles: the data root itself, or a folder named after a remote one."""
        data = self.settings.data
        if "://" in data:
            scheme, _, rest = data.partition("://")
            return Path("data") / scheme / rest.replace("/", "_")
        return Path(data)

    def say(self, sentence: str) -> None:
        console.print(sentence)


def show_progress(*columns: ProgressColumn) -> Progress:
    """Return a progress display that leaves no trace, neither on the screen nor in a log."""
    return Progress(*columns, console=console, transient=True, disable=not console.is_terminal)


@contextmanager
def silence() -> Iterator[None]:
    """Let the recipes in this block say nothing: whoever runs many of them side by side speaks for all."""
    before, console.quiet = console.quiet, True
    try:
        yield
    finally:
        console.quiet = before


@dataclass(frozen=True)
class AsOf:
    """The store as it was at the instant of a run; what is appended goes to the store itself."""

    context: Context

    def read(self, table: str) -> pd.DataFrame:
        return self.context.read(table)

    def append(self, table: str, frame: pd.DataFrame) -> Appended:
        return self.context.store.append(table, frame)


@contextmanager
def open_executor(settings: Settings) -> Iterator[Executor | None]:
    """Yield the executor that the settings name: none, a process pool, or a Dask cluster's."""
    if settings.scheduler is not None:
        try:
            from distributed import Client
        except ImportError as error:
            raise SettingsError("A scheduler needs the cluster extra: pip install 'stockseq[cluster]'.") from error
        try:
            client = Client(settings.scheduler)
        except (OSError, ValueError) as error:
            raise SettingsError(
                f"The scheduler {settings.scheduler} can't be reached: {error}. Start one with `dask scheduler`, or "
                "leave it out of the settings."
            ) from error
        with client:
            yield client.get_executor()
    elif settings.workers > 1:
        # Forked children would share TensorFlow's and Arrow's threads; spawned ones start clean.
        with ProcessPoolExecutor(settings.workers, mp_context=get_context("spawn"), initializer=begin) as pool:
            try:
                yield pool
            except BrokenProcessPool as error:
                raise StockseqError(
                    f"One of {settings.workers} worker processes was killed, probably for want of memory. Set fewer "
                    "`workers` in stockseq.toml and run the same again: what was finished is kept, and an exam or an "
                    "ablation goes on where it was."
                ) from error
            except BaseException:
                # Else an interrupted run would wait for everything that still stands in the queue.
                pool.shutdown(cancel_futures=True)
                raise
    else:
        yield None
