"""The pipeline under audit: the code that daily, train and backtest run, and what it makes as tables to compare."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import pandas as pd

from stockseq.audit.clock import Clock, Cut
from stockseq.audit.comparison import Artefact
from stockseq.dataset.dataset import Dataset, Inputs, build_dataset
from stockseq.dataset.folds import FoldSettings
from stockseq.market import MarketData
from stockseq.models.forecaster import Forecaster
from stockseq.schemas import INSTANT, PRICES
from stockseq.sessions import TradingCalendar

if TYPE_CHECKING:
    from stockseq.models.model import Model

KEY = ("ticker", "session")
# Features are compared to one part in a billion of themselves or of their spread; a panel holds them in 7 digits.
FEATURES, PANEL = 1e-9, 1e-6
# Beside the features in their table: a checksum and the name of the set.
NO_FEATURES = ["feature_set", "inputs"]


@dataclass(frozen=True)
class Pipeline:
    """How a market becomes a dataset, and a dataset a model.

    Parameters
    ----------
    inputs : Inputs
    calendar : TradingCalendar
        Of the market.
    forecaster : Forecaster
        Its executor builds the features too.
    folds : FoldSettings
    """

    inputs: Inputs
    calendar: TradingCalendar
    forecaster: Forecaster
    folds: FoldSettings

    @cached_property
    def clock(self) -> Clock:
        """When each row must be known, stated apart from the code under audit."""
        return Clock(self.calendar, self.inputs.decision, self.inputs.latency)

    def dataset(self, market: MarketData) -> Dataset:
        """Score every headline anew, and build everything anew; nothing stored is used."""
        return build_dataset(market, self.inputs, executor=self.forecaster.executor)

    def build(self, market: MarketData) -> dict[str, Artefact]:
        """Return all that is made before a model is fitted, by name."""
        return describe_dataset(self.dataset(market), self.clock)


def describe_dataset(data: Dataset, clock: Clock) -> dict[str, Artefact]:
    """Return all that a dataset holds by name, each row with the instant from which it must be fixed."""
    horizon = data.inputs.horizon
    bars = data.market.bars[[*KEY, *PRICES, "volume"]]
    actions = data.market.actions[[*KEY, "kind", "value"]]
    available = clock.available(data.headlines).reset_index(drop=True)
    headlines = data.headlines[
        ["ticker", "headline_id", "text", "published_at", "first_seen_at", "date_only", "available_at", "session"]
    ].merge(data.scores[["headline_id", "compound"]], on="headline_id", how="left")
    features = data.features.drop(columns=NO_FEATURES)
    windows = data.windows
    volatility = pd.DataFrame(
        {"ticker": windows.ticker.astype(str), "session": windows.session, "volatility": windows.volatility}
    )
    labels, panel, samples = data.labels, _panel_rows(data), _sample_rows(data)
    artefacts = (
        Artefact("bars", bars, KEY, clock.final(bars["session"]), "record"),
        Artefact("actions", actions, (*KEY, "kind"), clock.final(actions["session"]), "record"),
        Artefact("headlines", headlines, ("ticker", "headline_id"), available, "forecast"),
        Artefact("features", features, KEY, clock.decided(features["session"]), "forecast", FEATURES),
        Artefact("volatility", volatility, KEY, clock.decided(volatility["session"]), "forecast", FEATURES),
        Artefact("labels", labels, KEY, clock.final(labels["session"], later=horizon), "judgement", FEATURES),
        Artefact("panel", panel, KEY, clock.decided(panel["session"]), "forecast", PANEL),
        *_late_news(data, clock),
        Artefact("samples", samples, KEY, clock.final(samples["session"], later=horizon), "judgement", PANEL),
    )
    return {artefact.name: artefact for artefact in artefacts}


def describe_model(model: "Model", data: Dataset, cut: Cut, clock: Clock) -> dict[str, Artefact]:
    """Return all that a model learnt for one cut, and what it forecasts of every session up to it.

    The cut's own session is among them, whose outcome nobody knows there.
    """
    scaler = pd.DataFrame({"feature": model.names, "centre": model.scaler.centre, "spread": model.scaler.spread})
    vocabulary = pd.DataFrame({"code": range(len(model.vocabulary.tokens)), "token": model.vocabulary.tokens})
    entries = {
        "trained_through": model.trained_through,
        "median_volatility": model.median_volatility,
        **_flatten(model.record.to_dict()),
        **_flatten({"calibration": {} if model.calibration is None else model.calibration.to_dict()}),
    }
    record = pd.DataFrame({"entry": list(entries), "value": pd.Series(list(entries.values()), dtype=object)})
    forecasts = model.forecast(data.panel, data.windows.where(data.windows.session <= cut.session.to_datetime64()))
    artefacts = (
        Artefact("scaler", scaler, ("feature",), _at(cut, len(scaler)), "judgement"),
        Artefact("vocabulary", vocabulary, ("code",), _at(cut, len(vocabulary)), "judgement"),
        Artefact("training", record, ("entry",), _at(cut, len(record)), "judgement"),
        Artefact("forecasts", forecasts, KEY, clock.decided(forecasts["session"]), "forecast"),
    )
    return {artefact.name: artefact for artefact in artefacts}


def _panel_rows(data: Dataset) -> pd.DataFrame:
    """Return keys, indicators and headlines of each row of the panel."""
    indicators = pd.DataFrame(data.panel.indicators, columns=list(data.panel.names))
    texts = pd.Series(["\n".join(headlines) for headlines in data.panel.texts], name="text", dtype="str")
    return pd.concat([data.panel.keys, indicators, texts], axis=1)


def _late_news(data: Dataset, clock: Clock) -> tuple[Artefact, ...]:
    """Return what later decisions know of rows of the panel, each fixed from the first; nothing without late news."""
    panel, late = data.panel, data.panel.late
    if late is None:
        return ()
    keys = panel.keys.loc[late.rows, list(KEY)].reset_index(drop=True).assign(since=late.since)
    texts = pd.Series(["\n".join(headlines) for headlines in late.texts], name="text", dtype="str")
    rows = pd.concat([keys, pd.DataFrame(late.indicators, columns=list(panel.names)), texts], axis=1)
    return (Artefact("late news", rows, (*KEY, "since"), clock.decided(rows["since"]), "forecast", PANEL),)


def _sample_rows(data: Dataset) -> pd.DataFrame:
    """Return per sample where its window begins, and what is learnt from it."""
    samples = data.samples
    starts = data.panel.keys["session"].to_numpy()[samples.ends - data.inputs.lookback + 1]
    return pd.DataFrame(
        {
            "ticker": samples.ticker.astype(str),
            "session": samples.session,
            "first_session": starts,
            "decision_at": pd.DatetimeIndex(samples.decision_at).tz_localize("UTC"),
            "exit_at": pd.DatetimeIndex(samples.exit_at).tz_localize("UTC"),
            "realised_return": samples.realised_return,
            "realised_variance": samples.realised_variance,
            "up": samples.up,
            "target": samples.target,
        }
    )


def _at(cut: Cut, n: int) -> pd.Series:
    return pd.Series([cut.decision_at] * n, dtype=INSTANT)


def _flatten(nested: Mapping[str, object], prefix: str = "") -> dict[str, object]:
    """Return nested mappings and lists as one mapping of dotted names."""
    flat: dict[str, object] = {}
    for name, value in nested.items():
        if isinstance(value, list):
            value = {str(position): item for position, item in enumerate(value)}
        if isinstance(value, Mapping):
            flat |= _flatten(value, f"{prefix}{name}.")
        else:
            flat[f"{prefix}{name}"] = value
    return flat
