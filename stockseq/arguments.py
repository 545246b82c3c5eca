"""What a caller hands over, checked where it comes in: settings, and objects that are easily confused."""

from collections.abc import Iterable, Sequence
from datetime import date
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel, ValidationError, ValidationInfo, field_validator

from stockseq.errors import SettingsError, nearest
from stockseq.printable import LONGEST_SHOWN, shortened, shown

if TYPE_CHECKING:
    from pydantic._internal._model_construction import ModelMetaclass
else:
    # The metaclass has no public name.
    ModelMetaclass = type(BaseModel)

# Of any whole number that is set: seeds, counts and sizes are smaller, and libraries read them into 32 bits.
LARGEST_NUMBER = 2**31 - 1


class _SettingsType(ModelMetaclass):
    """Makes `NetworkSettings(units="x")` fail in a sentence, as the settings file does."""

    def __call__(cls, *args: Any, **values: Any) -> Any:
        try:
            return super().__call__(*args, **values)
        except ValidationError as error:
            model: Any = cls
            raise SettingsError(explain(error, model.__name__, model.model_fields)) from error


class SettingsModel(BaseModel, metaclass=_SettingsType, frozen=True, extra="forbid", allow_inf_nan=False):
    """Settings that never change; a wrong one raises `SettingsError`, with the nearest name of an unknown one.

    Examples
    --------
    >>> class Costs(SettingsModel):
    ...     spread_bps: float
    >>> Costs(spread_bps="x")
    Traceback (most recent call last):
    stockseq.errors.SettingsError: `spread_bps`: Input should be a valid number, unable to parse string as a number \
(received 'x').
    >>> Costs(spread_bp=1, spread_bps=1)
    Traceback (most recent call last):
    stockseq.errors.SettingsError: `Costs` has no setting `spread_bp`; did you mean `spread_bps`?
    """

    @field_validator("*", mode="before")
    @classmethod
    def _no_flag(cls, value: Any, info: ValidationInfo) -> Any:
        annotation = cls.model_fields[str(info.field_name)].annotation
        if isinstance(value, bool) and annotation in (int, float, int | None, float | None):
            raise ValueError(f"a number is expected, received {str(value).lower()}")
        return value

    @field_validator("*")
    @classmethod
    def _within_reach(cls, value: Any) -> Any:
        if isinstance(value, int) and abs(value) > LARGEST_NUMBER:
            raise ValueError(f"a whole number of at most {LARGEST_NUMBER:,} is expected, received {shown(value)}")
        return value


def explain(error: ValidationError, owner: str, names: Iterable[str]) -> str:
    """Return what is wrong with each setting, a sentence each."""
    return " ".join(_sentence(item, owner, list(names)) for item in error.errors())


def _sentence(item: Any, owner: str, names: Sequence[str]) -> str:
    name = ".".join(map(str, item["loc"]))
    if item["type"] == "extra_forbidden":
        hint = nearest(name[:LONGEST_SHOWN], names, f"choose from {', '.join(names)}.")
        return f"`{owner}` has no setting `{shortened(name)}`; {hint}"
    message = str(item["msg"]).removeprefix("Value error, ").rstrip(".")
    received = "" if "received" in message else f" (received {shown(item['input'])})"
    return f"{f'`{name}`: ' if name else ''}{message}{received}."


def read_date(text: str, *, first: int, last: int) -> date:
    """Return the date that a text names in full; raise `ValueError` for any other, and beyond these years.

    Examples
    --------
    >>> read_date("2024-11-29", first=1980, last=2100).isoformat()
    '2024-11-29'
    >>> read_date("2024-11", first=1980, last=2100)
    Traceback (most recent call last):
    ValueError: a date such as 2024-11-29 is expected, received '2024-11'
    """
    try:
        day = date.fromisoformat(text) if len(text) == len("2024-11-29") else None
    except ValueError:
        day = None
    if day is None:
        raise ValueError(f"a date such as 2024-11-29 is expected, received {shown(text)}")
    if not first <= day.year < last:
        raise ValueError(f"a date from {first} to {last - 1} is expected, received {shown(text)}")
    return day


def require_type(value: object, expected: type, name: str, *, hint: str) -> None:
    """Raise `TypeError` if an argument is of another type.

    Examples
    --------
    >>> require_type("AAPL", int, "n_folds", hint="Count the folds.")
    Traceback (most recent call last):
    TypeError: `n_folds` must be int, received str. Count the folds.
    """
    if not isinstance(value, expected):
        raise TypeError(f"`{name}` must be {expected.__name__}, received {type(value).__name__}. {hint}")
