"""Plug-ins by entry point: sources, features and layers that another package brings."""

from importlib.metadata import entry_points
from typing import Any, Literal, get_args

from stockseq.errors import PluginError, nearest

Slot = Literal["before", "within", "after"]
SLOTS: tuple[Slot, ...] = get_args(Slot)
GROUPS = ("stockseq.sources", "stockseq.features", *(f"stockseq.layers.{slot}" for slot in SLOTS))

# Arguments of a plug-in by name, as the settings give them.
Options = dict[str, Any]


def plugin_names(group: str) -> list[str]:
    """Return the names that installed packages offer in one of `GROUPS`, sorted.

    Examples
    --------
    >>> "yahoo" in plugin_names("stockseq.sources")
    True
    """
    return sorted({point.name for point in entry_points(group=group)})


def plugin_values(group: str) -> list[str]:
    """Return what installed packages offer in one of `GROUPS`, each as `package.module:attribute`, sorted.

    Examples
    --------
    >>> "stockseq.sources.yahoo:YahooSource" in plugin_values("stockseq.sources")
    True
    """
    return sorted({point.value for point in entry_points(group=group)})


def load_plugin(group: str, name: str) -> Any:
    """Import what `name` stands for in `group`.

    Raises
    ------
    PluginError
        If no package offers the name (with the nearest one), two do, or it can't be imported.

    Examples
    --------
    >>> load_plugin("stockseq.sources", "yaho")
    Traceback (most recent call last):
    stockseq.errors.PluginError: No plug-in `yaho` in stockseq.sources; did you mean `yahoo`?
    """
    points = {point.value: point for point in entry_points(group=group, name=name)}
    if not points:
        names = plugin_names(group)
        hint = nearest(name, names, f"there are: {', '.join(names) or 'none'}.")
        raise PluginError(f"No plug-in `{name}` in {group}; {hint}")
    if len(points) > 1:
        raise PluginError(f"`{name}` in {group} is offered by {sorted(points)}; uninstall all but one.")
    point = next(iter(points.values()))
    try:
        return point.load()
    except Exception as error:
        raise PluginError(f"The plug-in `{name}` ({point.value}) can't be imported: {error}.") from error
