"""The settings of a run: a TOML file first, then what is set over it."""

import copy
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
from pydantic import Field, ValidationError, ValidationInfo, field_validator
from pydantic_core import PydanticCustomError

from stockseq.arguments import SettingsModel, read_date
from stockseq.backtest.account import Account
from stockseq.backtest.costs import Costs
from stockseq.backtest.policy import PolicySettings
from stockseq.dataset.folds import FoldSettings
from stockseq.dataset.labels import OPEN_TO_CLOSE, name_label, parse_label
from stockseq.errors import SettingsError
from stockseq.models.settings import NetworkSettings, TrainingSettings
from stockseq.models.variants import AblationSettings
from stockseq.notify.settings import NotifySettings
from stockseq.printable import shortened, shown, visible
from stockseq.schemas import TICKER_FORM, capitals_note, valid_ticker
from stockseq.sessions import DecisionPolicy
from stockseq.setting_names import SettingDescription, describe, hint
from stockseq.sources.settings import (
    AlpacaSettings,
    EdgarSettings,
    FilesSettings,
    FinnhubSettings,
    SimulatedSettings,
    StockNetSettings,
    TiingoSettings,
    YahooSettings,
)
from stockseq.toml_text import parse_value, read_toml

EARLIEST, LATEST = pd.Timestamp("1990-01-01", tz="UTC"), pd.Timestamp("2200-01-01", tz="UTC")
INSTANT = re.compile(
    r"\d{4}-?\d\d-?\d\d[T ]\d\d(?::?\d\d(?::?\d\d(?:\.\d{1,9})?)?)?(?:Z| ?UTC|[+-]\d\d(?::?\d\d(?::\d\d)?)?)",
    re.ASCII,
)
# Written in capitals, too, as tickers are.
ARCHIVES_AND_YAHOO = ("yahoo", "edgar", "alpaca", "finnhub", "tiingo")
# Sections whose values are never repeated in an error: they may be credentials, or be written in the place of one.
SECRET = ("storage_options", "notify")
# A longer value is for the settings file.
LONGEST_VALUE = 2**16


class DailySettings(SettingsModel, frozen=True):
    """When the daily run trains, and on what a model is judged."""

    holdout: int = Field(
        63, ge=10, description="Newest sessions that no training sees: a model's record is measured on them"
    )
    stale_after: int = Field(126, ge=1, description="Sessions since trained_through after which daily trains anew")
    promotion_z: float = Field(
        1.645,
        ge=0,
        description="A candidate replaces the champion if its log loss is lower by this many standard errors",
    )
    positions: str | None = Field(
        None,
        description="A CSV file of what is held, for tomorrow's book: columns ticker and shares, and a row $CASH; "
        "none: the ledger's own paper account",
    )

    @field_validator("positions")
    @classmethod
    def _readable(cls, path: str | None) -> str | None:
        if path is not None and (not path.strip() or visible(path) != path):
            raise ValueError(f"a file in letters that can be seen is expected, received {shown(path)}")
        return path


class BacktestSettings(SettingsModel, frozen=True):
    """What a backtest does besides forecasting and trading."""

    placebos: bool = Field(
        True,
        description="Train one network each on shuffled labels and on features a session late and early, last fold",
    )


class Settings(SettingsModel, frozen=True):
    """Every setting of a run; each has a default that works."""

    source: str = Field(
        "yahoo",
        description="yahoo, files, simulated, stocknet, or a plug-in's name; where none is named, the one that the "
        "store was brought up to date from goes on",
    )
    tickers: tuple[str, ...] = Field(
        (),
        description="As Yahoo writes them, lower case is capitalised; none means all that the source or store lists",
    )
    data: str = Field("data", description="The data root: a folder, or any deltalake URL such as s3://bucket/folder")
    exchange: str = Field("XNYS", description="The exchange calendar, a code of exchange_calendars")
    headlines_from: tuple[str, ...] = Field(
        (),
        description="Where headlines come from: yahoo, edgar, alpaca, finnhub, tiingo, a plug-in's name; none means "
        "the source of the bars, and those that the store was backfilled from",
    )
    history_from: str | None = Field(
        None,
        description="The first session asked of a new ticker; none: 2015 from Yahoo, everything from other sources",
    )
    decision: str = Field("before_open(30)", description="When a forecast is fixed")
    label: str = Field(
        OPEN_TO_CLOSE,
        description="The trade that is forecast: open_to_close, or open_to_open(h) for h from 1 to 63 sessions",
    )
    headline_latency_s: float = Field(
        900.0, ge=0, le=366 * 86_400, description="Seconds from publication to knowledge of a backfilled headline"
    )
    scorer: str = Field("vader", description="vader or vader_finance")
    summaries: bool = Field(
        False, description="Whether headlines are scored and read with their summaries, where a source has any"
    )
    features: tuple[str, ...] = Field((), description="Names of plug-in features to add to the default set")
    workers: int = Field(1, ge=1, le=1024, description="Processes for work that fans out; 1 stays in this one")
    scheduler: str | None = Field(None, description="A Dask scheduler such as tcp://host:8786; needs the cluster extra")
    storage_options: dict[str, str] = Field(
        default_factory=dict, description="Handed to deltalake for remote data roots"
    )

    yahoo: YahooSettings = YahooSettings()
    files: FilesSettings = FilesSettings()
    simulated: SimulatedSettings = SimulatedSettings()
    stocknet: StockNetSettings = StockNetSettings()
    edgar: EdgarSettings = EdgarSettings()
    alpaca: AlpacaSettings = AlpacaSettings()
    finnhub: FinnhubSettings = FinnhubSettings()
    tiingo: TiingoSettings = TiingoSettings()
    network: NetworkSettings = NetworkSettings()
    training: TrainingSettings = TrainingSettings()
    folds: FoldSettings = FoldSettings()
    policy: PolicySettings = PolicySettings()
    costs: Costs = Costs()
    account: Account = Account()
    daily: DailySettings = DailySettings()
    backtest: BacktestSettings = BacktestSettings()
    ablation: AblationSettings = AblationSettings()
    notify: NotifySettings = NotifySettings()

    @field_validator("tickers", "headlines_from", mode="before")
    @classmethod
    def _split(cls, tickers: object) -> object:
        return _split_tickers(tickers)

    @field_validator("tickers")
    @classmethod
    def _checked(cls, tickers: tuple[str, ...]) -> tuple[str, ...]:
        for ticker in tickers:
            # As it is written: the capitals of ß would be another's letters.
            if not valid_ticker(ticker):
                raise ValueError(f"a ticker is {TICKER_FORM} as Yahoo writes it, received {shown(ticker)}")
        return tuple(dict.fromkeys(ticker.upper() for ticker in tickers))

    @field_validator("headlines_from")
    @classmethod
    def _once(cls, names: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(dict.fromkeys(name.lower() if name.lower() in ARCHIVES_AND_YAHOO else name for name in names))

    @field_validator("history_from")
    @classmethod
    def _dated(cls, text: str | None) -> str | None:
        return text if text is None else read_date(text, first=1900, last=2100).isoformat()

    @field_validator("data")
    @classmethod
    def _printable(cls, data: str) -> str:
        if not data.strip() or visible(data) != data:
            raise ValueError(f"a folder or a URL in letters that can be seen is expected, received {shown(data)}")
        if "://" in data and re.fullmatch(r"[a-z][a-z0-9+.-]*://[^/].*|file:///.*", data) is None:
            raise ValueError(f"a URL names a bucket or a folder, as s3://bucket/folder does, received {shown(data)}")
        return data

    @field_validator("label", mode="before")
    @classmethod
    def _named(cls, label: object) -> object:
        try:
            return name_label(parse_label(label)) if isinstance(label, str | int) else label
        except SettingsError as error:
            raise ValueError(str(error)) from error

    @field_validator("decision")
    @classmethod
    def _parsed(cls, decision: str) -> str:
        try:
            policy = DecisionPolicy.parse(decision)
        except SettingsError as error:
            raise ValueError(str(error)) from error
        if policy.kind == "close_minus":
            # Every label starts at the session's open, when a decision before its close would read news of hours later.
            raise ValueError(
                f"a forecast must be fixed before its trade begins, at the open: before_open(30) or after_close(30), "
                f"received {decision!r}"
            )
        return str(policy)

    @field_validator("ablation")
    @classmethod
    def _applicable(cls, ablation: AblationSettings, info: ValidationInfo) -> AblationSettings:
        # Without a valid network there is an error already.
        network: NetworkSettings | None = info.data.get("network")
        for name, variant in ablation.variants.items():
            try:
                _ = network and variant.applied_to(network)
            except ValueError as error:
                raise PydanticCustomError("variant", "{reason}", {"reason": str(error), "variant": name}) from error
        return ablation


def _split_tickers(tickers: object) -> object:
    return tuple(tickers.replace(",", " ").split()) if isinstance(tickers, str) else tickers


@dataclass(frozen=True)
class Assignment:
    """One setting that is given outside the settings file, and where it comes from.

    Parameters
    ----------
    setting : str
        Its dotted name, such as "network.units"; FOLDER is the folder of the source that is set.
    value : object
        As it is validated; None takes the default back.
    origin : str
        Names where the value comes from in a sentence, such as "from SEEDS (`--seeds`)".
    text : str, optional
        What was written, for a setting that is text although the value looks like a number or a date.
    """

    setting: str
    value: object
    origin: str = ""
    text: str | None = None

    @classmethod
    def parse(cls, text: str, *, origin: str) -> "Assignment":
        """Return the assignment that `NAME=VALUE` stands for.

        Parameters
        ----------
        text : str
            VALUE is TOML, and text where it isn't TOML; without VALUE the setting takes its default.

        Raises
        ------
        SettingsError
            If there is no name or no `=`.

        Examples
        --------
        >>> Assignment.parse("network.units=16", origin="from SET").value
        16
        >>> Assignment.parse("decision=after_close(30)", origin="from SET").value
        'after_close(30)'
        >>> Assignment.parse("features=[momentum, carry]", origin="from SET").value
        ['momentum', 'carry']
        """
        name, equals, value = (part.strip() for part in text.partition("="))
        if not equals or not all(part.strip() for part in name.split(".")):
            raise SettingsError(
                f"A setting {origin} reads NAME=VALUE, such as network.units=16, received {shown(text)}."
            )
        if len(value) > LONGEST_VALUE:
            raise SettingsError(
                f"A setting {origin} has at most {LONGEST_VALUE:,} characters, received {len(value):,} for "
                f"`{shortened(name)}`; put it into the settings file."
            )
        return cls(name, parse_value(value) if value else None, origin, value or None)


def describe_settings(settings: "Settings | None" = None) -> tuple[SettingDescription, ...]:
    """Return every setting in the order of the file, with its description, its default and its value.

    Values of `storage_options`, which may be credentials, are left out.

    Examples
    --------
    >>> units = next(each for each in describe_settings() if each.name == "network.units")
    >>> units.default, units.value, units.description
    (8, 8, 'Units of the LSTM.')
    """
    return tuple(describe(settings or Settings(), Settings()))


# The setting of an assignment that names the folder of whichever source reads one.
FOLDER = "<source>.folder"


def load_settings(
    path: str | Path | None = None,
    overrides: Mapping[str, object] | None = None,
    *,
    assignments: Sequence[Assignment] = (),
    say: Callable[[str], None] = lambda note: None,
) -> Settings:
    """Read the settings file, and set the overrides and then the assignments over it.

    Parameters
    ----------
    path : str or Path, optional
        A TOML file; without it the defaults stand.
    overrides : mapping, optional
        Dotted names to values, such as `{"training.n_seeds": 3}`; None values are ignored.
    assignments : sequence of Assignment, optional
        The later one wins.
    say : callable, optional
        Called with a note where a ticker is written in capitals.

    Raises
    ------
    SettingsError
        For a missing or malformed file, an unknown name (with the nearest one), or a value out of range (with the
        file or the option that it comes from).

    Examples
    --------
    >>> load_settings(overrides={"tickers": "AAPL MSFT"}).tickers
    ('AAPL', 'MSFT')
    >>> load_settings(overrides={"ticker": "AAPL"})
    Traceback (most recent call last):
    stockseq.errors.SettingsError: Unknown setting `ticker`; did you mean `tickers`?
    """
    path = None if path is None else Path(path)
    values = read_toml(path) if path is not None else {}
    layers = [Assignment(name, value) for name, value in (overrides or {}).items() if value is not None]
    given: dict[str, Assignment] = {}
    for assignment in (*layers, *assignments):
        name = assignment.setting
        if name == FOLDER:
            name = "stocknet.folder" if values.get("source") == "stocknet" else "files.folder"
        _assign(values, name, assignment.value, assignment.origin)
        given[name] = assignment
    try:
        settings = _validate(values, given)
    except ValidationError as error:
        raise SettingsError(" ".join(_sentence(item, path, given) for item in error.errors())) from error
    note = capitals_note(_split_tickers(values.get("tickers", ())))  # type: ignore[arg-type]
    if note:
        say(note)
    return settings


def read_now(text: str | None, clock: Callable[[], pd.Timestamp] = lambda: pd.Timestamp.now(tz="UTC")) -> pd.Timestamp:
    """Return the instant of a run; a given one must name its time zone and lie where calendars and tables reach.

    Examples
    --------
    >>> read_now("2026-11-20T22:00:00Z").isoformat()
    '2026-11-20T22:00:00+00:00'
    """
    if not text:
        return clock()
    expected = f"NOW must be an instant with its time zone, such as 2026-11-20T22:00:00Z, received {shown(text)}."
    try:
        # pandas alone would take "5Z" for the fifth of this month.
        if INSTANT.fullmatch(text) is None:
            raise SettingsError(expected)
        now = pd.Timestamp(text)
    except (ValueError, OverflowError) as error:
        raise SettingsError(expected) from error
    if not EARLIEST <= now <= LATEST:
        raise SettingsError(f"NOW must lie between {EARLIEST.year} and {LATEST.year}, received {shown(text)}.")
    return now.tz_convert("UTC")


def _assign(values: dict[str, Any], name: str, value: object, origin: str = "") -> None:
    *parents, leaf = name.split(".")
    table = values
    for n, parent in enumerate(parents, start=1):
        table = table.setdefault(parent, {})
        if not isinstance(table, dict):
            raise SettingsError(
                f"Setting `{shortened(name)}`{f' {origin}' if origin else ''}: `{shortened('.'.join(parents[:n]))}` "
                f"must be a table of settings, received {shown(table)}."
            )
    if value is None:
        table.pop(leaf, None)
    else:
        # The caller's own value must not change when a later assignment reaches into it.
        table[leaf] = copy.deepcopy(value)


def _validate(values: dict[str, Any], given: Mapping[str, Assignment]) -> Settings:
    """Return the settings; where text is expected, what was written is taken and not the number that it looks like."""
    try:
        return Settings.model_validate(values)
    except ValidationError as error:
        names = {".".join(map(str, item["loc"])) for item in error.errors() if item["type"] == "string_type"}
        written = {name: text for name in names & given.keys() if (text := given[name].text) is not None}
        if not written:
            raise
    for name, text in written.items():
        _assign(values, name, text)
    return Settings.model_validate(values)


def _sentence(item: Any, path: Path | None, given: Mapping[str, Assignment]) -> str:
    """Return what is wrong with a setting, by its name, and the file or the option that it comes from."""
    location = [str(part) for part in item["loc"]]
    if not location:
        return f"No setting is called {shown(item['input'])}, which is no text."
    if item["type"] == "variant":
        location += ["variants", item["ctx"]["variant"]]
    name = ".".join(location)
    origin = _origin(name, path, given)
    if item["type"] == "extra_forbidden":
        return f"Unknown setting `{shortened(name)}`{origin}; {hint(Settings, location)}"
    message = str(item["msg"]).removeprefix("Value error, ").rstrip(".")
    secret = location[0] in SECRET
    if item["type"] != "variant" and "received" not in message and not secret:
        message += f" (received {shown(item['input'])})"
    return f"Setting `{shortened(name)}`{origin}: {message}{'' if message.endswith('?') else '.'}"


def _origin(name: str, path: Path | None, given: Mapping[str, Assignment]) -> str:
    """Return where a setting comes from, in words; the file is right where something was set over it."""
    parts = name.split(".")
    around = {".".join(parts[:n]) for n in range(1, len(parts) + 1)} & given.keys()
    inside = {other for other in given if other.startswith(f"{name}.")}
    origins = {given[setting].origin for setting in ({max(around, key=len)} if around else inside)}
    if not origins:
        return f" in {path}" if path is not None else ""
    return " and ".join(f" {origin}" for origin in sorted(origins) if origin)
