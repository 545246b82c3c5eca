"""What a bundle says beside its networks, read and held against itself before a network is looked at."""

import math
import re
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
from pydantic import BaseModel, ValidationError, field_validator

from stockseq.dataset.scaling import Scaler
from stockseq.dataset.vocabulary import Vocabulary
from stockseq.errors import BundleError, SettingsError
from stockseq.models.bundle_files import AGAIN, NETWORK, SCALER, SETTINGS, VOCABULARY, Manifest, read_part
from stockseq.models.distribution import Calibration
from stockseq.models.settings import NetworkSettings, TrainingSettings
from stockseq.models.training_record import TrainingRecord
from stockseq.plugins import SLOTS

DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}(T00:00:00)?", flags=re.ASCII)
# Tokens of one window; the default reads 960 of them.
MOST_TOKENS = 1_000_000
# A session outside of these years is none that prices are known of.
FIRST_SESSION, LAST_SESSION = pd.Timestamp("1900-01-01"), pd.Timestamp("2200-01-01")


class State(BaseModel, frozen=True, extra="forbid"):
    """What a bundle keeps beside the networks, the scaler and the vocabulary."""

    network: NetworkSettings
    training: TrainingSettings
    names: tuple[str, ...]
    trained_through: str
    median_volatility: float
    record: TrainingRecord
    calibration: Calibration | None = None

    @field_validator("network", mode="before")
    @classmethod
    def _before(cls, network: object) -> object:
        """Take what is there by default from a network of before there was such a thing."""
        return {"size_head": False, "cross_section": False, **network} if isinstance(network, dict) else network


@dataclass(frozen=True)
class Contents:
    """What a bundle's JSON files say together."""

    state: State
    scaler: Scaler
    vocabulary: Vocabulary
    trained_through: pd.Timestamp


def named_layers_of(settings: NetworkSettings) -> dict[str, str]:
    """Return the layers that the settings name, by slot, as a manifest has them.

    Examples
    --------
    >>> named_layers_of(NetworkSettings(after="projection"))
    {'after': 'projection'}
    """
    return {slot: getattr(settings, slot) for slot in SLOTS if getattr(settings, slot) is not None}


def read_contents(folder: Path, manifest: Manifest) -> Contents:
    """Return what the checked files of a bundle say, where all of it fits together.

    Raises
    ------
    BundleError
        If a part can't be read, or contradicts another part.
    """
    parts = [read_part(folder, name) for name in (SETTINGS, SCALER, VOCABULARY)]
    try:
        state = State.model_validate(parts[0])
        scaler = Scaler.from_dict(_mapping(parts[1]))
        vocabulary = Vocabulary.from_dict(_mapping(parts[2]))
        trained_through = _session(state.trained_through)
    except (ValidationError, SettingsError, ValueError, OverflowError) as error:
        raise BundleError(
            f"The bundle {folder} holds settings that this version can't read: {_first_fault(error)}; {AGAIN}."
        ) from error
    contents = Contents(state, scaler, vocabulary, trained_through)
    contradiction = _seeds(state, manifest) or _features(state, scaler) or _figures(state, scaler)
    if not contradiction and manifest.layers != named_layers_of(state.network):
        contradiction = (
            f"its manifest names the layers {manifest.layers}, its settings {named_layers_of(state.network)}"
        )
    if contradiction:
        raise BundleError(f"The bundle {folder} contradicts itself: {contradiction}; {AGAIN}.")
    return contents


def _first_fault(error: Exception) -> str:
    """Return what is wrong in a line: of many settings that don't fit the first."""
    if not isinstance(error, ValidationError):
        return str(error)[:300].rstrip(".")
    fault = error.errors()[0]
    return f"{'.'.join(map(ascii, fault['loc']))}: {fault['msg']}"[:300].rstrip(".")


def _mapping(part: object) -> dict[str, object]:
    if not isinstance(part, dict):
        raise ValueError(f"expected names and values, received {str(part)[:60]}")
    return part


def _session(text: str) -> pd.Timestamp:
    """Return a session as the tables have it; raise `ValueError` if the text names none."""
    if not DATE.fullmatch(text):
        raise ValueError(f"`trained_through` must be a date such as 2024-11-27, received {text[:60]!r}")
    session = pd.Timestamp(text)
    if not FIRST_SESSION <= session < LAST_SESSION:
        raise ValueError(f"`trained_through` must be a session of 1900 to 2199, received {text[:60]!r}")
    return session.as_unit("us")


def _seeds(state: State, manifest: Manifest) -> str:
    """Return how the seeds contradict the files, or ""; no list of seeds is built before their number is known."""
    files = sum(1 for name in manifest.sha256 if NETWORK.fullmatch(name))
    if files != state.training.n_seeds:
        return f"its settings have {state.training.n_seeds:,} seeds, and there are {files:,} networks"
    missing = [seed for seed in state.training.seeds if f"network_{seed}.keras" not in manifest.sha256]
    if missing:
        return f"there is no network of seed {missing[0]}"
    recorded = tuple(each.seed for each in state.record.seeds)
    if recorded and recorded != state.training.seeds:
        return f"its record is of the seeds {recorded[:9]}, its settings have {state.training.seeds[:9]}"
    return ""


def _features(state: State, scaler: Scaler) -> str:
    """Return what is wrong with the names of the features, or ""."""
    if not state.names or not all(name.strip() and name.isprintable() for name in state.names):
        return f"each feature needs a name, received {state.names[:9]}"
    most, times = Counter(state.names).most_common(1)[0]
    if times > 1:
        return f"the feature {most!r} is named twice"
    if len(scaler.centre) != len(state.names):
        return f"it has {len(state.names)} features, and its scaler learnt {len(scaler.centre)}"
    return ""


def _figures(state: State, scaler: Scaler) -> str:
    """Return which figure can't be, or ""."""
    network = state.network
    tokens = network.lookback * network.headlines_per_session * network.tokens_per_headline
    if tokens > MOST_TOKENS:
        return f"its network would read {tokens:,} tokens of a window, and may read {MOST_TOKENS:,}"
    if not 0 < state.median_volatility < math.inf:
        return f"its median volatility must be positive and finite, received {state.median_volatility}"
    if not 0 < scaler.limit < math.inf or not all(map(math.isfinite, scaler.spread)):
        return "its scaler needs a positive limit and finite spreads"
    calibration = state.calibration
    if calibration is not None and not (
        0 < calibration.quantile_80 <= calibration.quantile_95
        and calibration.n >= 0
        and (calibration.freedom is None or calibration.freedom > 0)
    ):
        return f"its calibration must have positive, rising quantiles and freedom, received {calibration!r}"
    return ""
