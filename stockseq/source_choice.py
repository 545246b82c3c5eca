"""Which source a run asks: the one of its settings, or else the one that its store was brought up to date from."""

from collections.abc import Sequence
from typing import Any

from pydantic import ValidationError

from stockseq.arguments import explain
from stockseq.config import Settings
from stockseq.errors import SettingsError, SourceError, StoreError, listed
from stockseq.ingestion.asked_days import covering_sources
from stockseq.ingestion.origin import SIMULATED, read_origin
from stockseq.plugins import load_plugin, plugin_names
from stockseq.sources.archive import HeadlineArchive, UnavailableArchive
from stockseq.sources.source import Source
from stockseq.store import Store

SHIPPED_SOURCES = ("yahoo", "files", "simulated", "stocknet")
# Of headlines alone.
SHIPPED_ARCHIVES = ("edgar", "alpaca", "finnhub", "tiingo")


def with_remembered_source(settings: Settings) -> Settings:
    """Return settings with the source that their store was brought up to date from, where they name none.

    What they say of that source goes over what is remembered. Settings of a data root that holds no store yet are
    returned as they are.

    Examples
    --------
    >>> from stockseq.config import load_settings
    >>> with_remembered_source(load_settings(overrides={"data": "no-such-folder"})).source
    'yahoo'
    """
    if "source" in settings.model_fields_set:
        return settings
    try:
        store = Store(settings.data, storage_options=settings.storage_options or None, create=False)
    except StoreError:
        return settings
    origin = read_origin(store)
    if origin is None or origin.source not in (*SHIPPED_SOURCES, *plugin_names("stockseq.sources")):
        return settings
    changed: dict[str, object] = {"source": origin.source}
    section = getattr(settings, origin.source, None) if origin.settings else None
    if section is not None:
        said = section.model_dump(exclude_unset=True)
        known = {name: value for name, value in origin.settings.items() if name in type(section).model_fields}
        try:
            changed[origin.source] = type(section).model_validate({**known, **said})
        except ValidationError as error:
            raise SettingsError(
                f"The store {settings.data} remembers settings of {origin.source} that aren't valid any more: "
                f"{explain(error, origin.source, type(section).model_fields)} Name the source anew, with SOURCE."
            ) from error
    return settings.model_copy(update=changed)


def open_source(settings: Settings, name: str) -> Any:
    """Return the source of this name, made by its section of the settings.

    Raises
    ------
    PluginError
        If there is none.
    SourceError
        If it can't be asked, such as without its key.
    """
    maker = load_plugin("stockseq.sources", name)
    if name not in (*SHIPPED_SOURCES, *SHIPPED_ARCHIVES):
        return maker()
    return maker(source_settings(settings, name))


def open_headline_sources(settings: Settings, source: Source, store: Store) -> tuple[Source, ...]:
    """Return where headlines come from: what the settings name, or the source of the bars and who backfilled the store.

    One that can't be asked, such as without its key, fails for each ticker with the reason, and costs no other source
    anything.

    Parameters
    ----------
    settings : Settings
    source : Source
        Of the bars.
    store : Store

    Raises
    ------
    PluginError
        If there is no source of a name.
    SettingsError
        If invented headlines are named beside real prices.
    """
    offered = plugin_names("stockseq.sources")
    remembered = tuple(name for name in covering_sources(store) if name in offered)
    names = settings.headlines_from or tuple(dict.fromkeys((settings.source, *remembered)))
    if SIMULATED in names and settings.source != SIMULATED:
        raise SettingsError(
            f"headlines_from names {SIMULATED}, and the bars come from {settings.source}: invented headlines tell "
            "nothing of real prices. Leave it out."
        )
    return tuple(source if name == settings.source else _open_headline_source(settings, name) for name in names)


def open_archives(settings: Settings, store: Store) -> tuple[HeadlineArchive, ...]:
    """Return the sources of past headlines that the settings name, or those that backfilled the store.

    Raises
    ------
    SettingsError
        If there is none, or the store is of an invented market.
    PluginError
        If there is no source of a name.
    SourceError
        If one can't be asked, such as without its key.
    """
    names = settings.headlines_from or covering_sources(store)
    origin = read_origin(store)
    if origin is not None and origin.source == SIMULATED:
        raise SettingsError(
            f"The store {settings.data} holds an invented market, of which no service has news. Name another data root."
        )
    opened = [open_source(settings, name) for name in names if name != settings.source]
    archives = tuple(source for source in opened if getattr(source, "headlines_only", False))
    if not archives:
        said = f"headlines_from is {', '.join(names)}, of which none has an archive" if names else "none is named"
        raise SettingsError(
            f"A backfill asks services for years of headlines, and {said}. Name some, as in "
            f'make news HEADLINES=edgar, or make news HEADLINES="edgar alpaca"; there are {listed(SHIPPED_ARCHIVES)} '
            "(docs/news.md)."
        )
    return archives


def require_offered(names: Sequence[str]) -> None:
    """Raise `PluginError` for a name that no package offers as a source, with the nearest one."""
    for name in names:
        load_plugin("stockseq.sources", name)


def _open_headline_source(settings: Settings, name: str) -> Source:
    try:
        return open_source(settings, name)  # type: ignore[no-any-return]
    except SourceError as error:
        return UnavailableArchive(name, str(error))


def source_settings(settings: Settings, name: str) -> Any:
    """Return the settings of a shipped source, on the exchange of the settings.

    Raises
    ------
    SettingsError
        If the source's own section names another exchange.
    """
    own = getattr(settings, name)
    if "exchange" not in type(own).model_fields:
        return own
    if "exchange" in own.model_fields_set and own.exchange != settings.exchange:
        raise SettingsError(
            f"The exchange is {settings.exchange} and {name}.exchange is {own.exchange}; a store is of one exchange. "
            f'Write exchange = "{own.exchange}" or "{settings.exchange}" at the top of the settings file, and no other.'
        )
    return own.model_copy(update={"exchange": settings.exchange})
