"""The settings of a run: `stockseq.toml` first, then what the command line says."""

import difflib
import tomllib
from collections.abc import Mapping, Set
from datetime import date
from pathlib import Path
from typing import Any, Literal

import pydantic
from pydantic import BaseModel, Field, ValidationError, field_validator, model_validator

from stockseq.backtest.account import AccountSettings
from stockseq.backtest.costs import CostSettings
from stockseq.backtest.policy import PolicySettings
from stockseq.dataset.walk_forward import FoldSettings
from stockseq.errors import SettingsError
from stockseq.models.settings import NetworkSettings, TrainingSettings
from stockseq.models.variants import AblationSettings
from stockseq.schemas import valid_ticker
from stockseq.sessions import DecisionPolicy
from stockseq.sources.settings import FilesSettings, SimulatedSettings, StockNetSettings, YahooSettings

# What a setting is called where a command line gives it: make's variable, and the option in lower case.
VARIABLES: Mapping[str, str] = {
    "source": "SOURCE",
    "tickers": "TICKERS",
    "data": "DATA",
    "files.folder": "FILES",
    "stocknet.folder": "FILES",
    "folds.n_folds": "FOLDS",
    "training.n_seeds": "SEEDS",
}


class DailySettings(BaseModel, frozen=True, extra="forbid"):
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


class BacktestSettings(BaseModel, frozen=True, extra="forbid"):
    """What a backtest does beside forecasting and trading."""

    placebos: bool = Field(
        True,
        description="Train one network each on shuffled labels and on features a session late and early, last fold",
    )


class Settings(BaseModel, frozen=True, extra="forbid"):
    """Everything a run can be told; each field has a default that works."""

    source: str = Field("yahoo", description="yahoo, files, simulated, stocknet, or a plug-in's name")
    tickers: tuple[str, ...] = Field(
        (), description="As Yahoo writes them; none means all that the source or the store lists"
    )
    data: str = Field("data", description="The data root: a folder, or any deltalake URL such as s3://bucket/folder")
    exchange: str = Field("XNYS", description="The exchange calendar, a code of exchange_calendars")
    history_from: str | None = Field(
        None,
        description="The first session asked of a new ticker; none: 2015 from Yahoo, everything from other sources",
    )
    decision: str = Field("before_open(30)", description="When a forecast is fixed")
    label: Literal["open_to_close", "open_to_next_open"] = Field(
        "open_to_close", description="The trade that is forecast"
    )
    headline_latency_s: float = Field(
        900.0, ge=0, description="Seconds from publication to knowledge of a backfilled headline"
    )
    scorer: str = Field("vader", description="vader or vader_finance")
    features: tuple[str, ...] = Field((), description="Names of plug-in features to add to the default set")
    workers: int = Field(1, ge=1, description="Processes for work that fans out; 1 stays in this one")
    scheduler: str | None = Field(None, description="A Dask scheduler such as tcp://host:8786; needs the cluster extra")
    storage_options: dict[str, str] = Field(
        default_factory=dict, description="Handed to deltalake for remote data roots"
    )

    yahoo: YahooSettings = YahooSettings()
    files: FilesSettings = FilesSettings()
    simulated: SimulatedSettings = SimulatedSettings()
    stocknet: StockNetSettings = StockNetSettings()
    network: NetworkSettings = NetworkSettings()
    training: TrainingSettings = TrainingSettings()
    folds: FoldSettings = FoldSettings()
    policy: PolicySettings = PolicySettings()
    costs: CostSettings = CostSettings()
    account: AccountSettings = AccountSettings()
    daily: DailySettings = DailySettings()
    backtest: BacktestSettings = BacktestSettings()
    ablation: AblationSettings = AblationSettings()

    @field_validator("tickers", mode="before")
    @classmethod
    def _split(cls, tickers: object) -> object:
        return tuple(tickers.replace(",", " ").split()) if isinstance(tickers, str) else tickers

    @field_validator("tickers")
    @classmethod
    def _checked(cls, tickers: tuple[str, ...]) -> tuple[str, ...]:
        for ticker in tickers:
            if not valid_ticker(ticker):
                raise ValueError(
                    f"a ticker is at most 15 letters, digits and . ^ = - as Yahoo writes it, received {ticker!r}"
                )
        return tuple(dict.fromkeys(tickers))

    @field_validator("history_from")
    @classmethod
    def _dated(cls, text: str) -> str:
        return date.fromisoformat(text).isoformat()

    @field_validator("decision")
    @classmethod
    def _parsed(cls, decision: str) -> str:
        try:
            policy = DecisionPolicy.parse(decision)
        except SettingsError as error:
            raise ValueError(str(error)) from error
        if policy.kind == "close_minus":
            # Both labels start at the session's open, when a decision before its close would read news of hours later.
            raise ValueError(
                f"a forecast must be fixed before its trade begins, at the open: before_open(30) or after_close(30), "
                f"received {decision!r}"
            )
        return str(policy)

    @model_validator(mode="after")
    def _variants_apply(self) -> "Settings":
        for name, variant in self.ablation.variants.items():
            try:
                variant.applied_to(self.network)
            except ValueError as error:
                raise ValueError(f"Setting `ablation.variants.{name}`: {error}") from error
        return self


def load_settings(path: Path | None = None, overrides: Mapping[str, Any] | None = None) -> Settings:
    """Read the settings file and lay the overrides over it.

    Parameters
    ----------
    path : Path, optional
        A TOML file; without it the defaults stand.
    overrides : mapping, optional
        Dotted names to values, such as `{"training.n_seeds": 3}`; None values are ignored.

    Raises
    ------
    SettingsError
        For a missing or malformed file, an unknown key (with the nearest known one), or a value out of range.

    Examples
    --------
    >>> load_settings(overrides={"tickers": "AAPL MSFT"}).tickers
    ('AAPL', 'MSFT')
    >>> load_settings(overrides={"ticker": "AAPL"})
    Traceback (most recent call last):
    stockseq.errors.SettingsError: Unknown setting `ticker`; did you mean `tickers`?
    """
    values = _read(path) if path is not None else {}
    for name, value in (overrides or {}).items():
        if value is not None:
            *parents, leaf = name.split(".")
            place = values
            for parent in parents:
                place = place.setdefault(parent, {})
            place[leaf] = value
    try:
        return Settings.model_validate(values)
    except ValidationError as error:
        given = {name for name, value in (overrides or {}).items() if value is not None}
        raise SettingsError(" ".join(_sentence(item, path, given) for item in error.errors())) from error


def _read(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise SettingsError(f"The settings file {path} can't be read: {error.strerror}.") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SettingsError(f"The settings file {path} isn't valid TOML: {error}.") from error


def _sentence(item: Any, path: Path | None, given: Set[str]) -> str:
    """Return what is wrong with a setting, by its name in the file or, where it was given over it, by the option's."""
    location = [str(part) for part in item["loc"]]
    name = ".".join(location)
    source = f" in {path}" if path is not None and name not in given else ""
    if item["type"] == "extra_forbidden":
        near = difflib.get_close_matches(location[-1], _known(location[:-1]), n=1)
        hint = f"did you mean `{near[0]}`?" if near else f"known here: {', '.join(sorted(_known(location[:-1])))}."
        return f"Unknown setting `{name}`{source}; {hint}"
    message = str(item["msg"]).removeprefix("Value error, ").rstrip(".")
    if not location:
        return f"{message}{source}."
    received = "" if "received" in message else f" (received {item['input']!r})"
    variable = VARIABLES.get(name) if name in given else None
    what = f"{variable} (`--{variable.lower()}`)" if variable else f"Setting `{name}`{source}"
    return f"{what}: {message}{received}."


def _known(location: list[str]) -> list[str]:
    model: type[BaseModel] = Settings
    for part in location:
        annotation = model.model_fields[part].annotation
        if not (isinstance(annotation, type) and issubclass(annotation, pydantic.BaseModel)):
            return []
        model = annotation
    return list(model.model_fields)
