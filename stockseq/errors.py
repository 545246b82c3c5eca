"""The errors that stockseq raises for the world; arguments raise `ValueError` or `TypeError`.

    StockseqError
     +-- SettingsError          a setting is unknown or out of range
     +-- DataError              a table breaks its schema (also a ValueError)
     +-- SourceError            a source can't deliver
     |    +-- SourceUnreachable     nothing answered at all
     +-- StoreError             the store can't be read or written
     |    +-- StoreBusy             another run holds the store
     |    +-- LedgerBroken          the forecast ledger was edited, cut or reordered
     +-- BundleError            a model bundle is damaged, foreign or unsafe
     +-- TooFewSessions         not enough history for what was asked
     +-- TrainingFailed         a network can't be fitted to what it was given
     +-- PluginError            an entry point is missing or doesn't keep its contract

Each message says what was expected, what came, and what to do.
"""

import difflib
from collections.abc import Iterable, Sequence

# The status with which a process ends where the same may work later as it is: another run holds the store, or nothing
# answers. A scheduler starts such a run again.
TRY_AGAIN = 75


class StockseqError(Exception):
    """Base of every error that stockseq raises for the world."""


class SettingsError(StockseqError):
    """A setting is unknown or out of range."""


class DataError(StockseqError, ValueError):
    """A table breaks its schema."""


class SourceError(StockseqError):
    """A source can't deliver."""


class SourceUnreachable(SourceError):
    """Nothing answered at all."""


class StoreError(StockseqError):
    """The store can't be read or written."""


class StoreBusy(StoreError):
    """Another run holds the store."""


class LedgerBroken(StoreError):
    """The forecast ledger was edited, cut or reordered."""


class BundleError(StockseqError):
    """A model bundle is damaged, foreign or unsafe."""


class TooFewSessions(StockseqError):
    """Not enough history for what was asked."""


class TrainingFailed(StockseqError):
    """A network can't be fitted to what it was given."""


class PluginError(StockseqError):
    """An entry point is missing or doesn't keep its contract."""


def counted(n: int, noun: str) -> str:
    """Return a count with its noun, in the plural unless it is one.

    Examples
    --------
    >>> counted(1, "ticker"), counted(1500, "forecast")
    ('1 ticker', '1,500 forecasts')
    """
    return f"{n:,} {noun}{'' if n == 1 else 's'}"


def listed(names: Sequence[str], *, most: int | None = None) -> str:
    """Return names, one at least, as they stand in a sentence; beyond `most` of them, how many more there are.

    Examples
    --------
    >>> listed(["text"]), listed(["text", "sentiment", "indicators"])
    ('text', 'text, sentiment and indicators')
    >>> listed(["A", "B", "C", "D"], most=2)
    'A, B and 2 more'
    """
    if most is not None and len(names) > most:
        names = [*names[:most], f"{len(names) - most:,} more"]
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"


def os_problem(error: OSError) -> str:
    """Return what the operating system says, with the file that it says it of.

    Examples
    --------
    >>> os_problem(OSError(28, "No space left on device", "/data/bars"))
    'No space left on device (/data/bars)'
    """
    where = f" ({error.filename})" if error.filename else ""
    return f"{error.strerror or error}{where}"


def nearest(name: str, names: Iterable[str], otherwise: str) -> str:
    """Return the end of a sentence about an unknown name: the one that it resembles, or what to say without such.

    Examples
    --------
    >>> nearest("yaho", ["yahoo", "files"], "there are: files, yahoo.")
    'did you mean `yahoo`?'
    >>> nearest("bloomberg", ["yahoo", "files"], "there are: files, yahoo.")
    'there are: files, yahoo.'
    """
    near = difflib.get_close_matches(name, names, n=1)
    return f"did you mean `{near[0]}`?" if near else otherwise
