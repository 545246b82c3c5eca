"""Which source a run asks: the one of its settings, or else the one that its store was brought up to date from."""

from typing import Any

from pydantic import ValidationError

from stockseq.arguments import explain
from stockseq.config import Settings
from stockseq.errors import SettingsError, StoreError
from stockseq.ingestion.origin import read_origin
from stockseq.plugins import plugin_names
from stockseq.store import Store

SHIPPED_SOURCES = ("yahoo", "files", "simulated", "stocknet")


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
