"""What the recipes make of the tables, as the look-ahead proof compares it."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd

from pipelines.context import Context
from pipelines.forecast import forecast_known
from pipelines.prepare import Prepared, assemble
from stockseq.dataset.labels import HORIZON_SESSIONS
from stockseq.dataset.samples import Samples
from stockseq.dataset.windows import window_ends
from stockseq.evaluate.lookahead import Artefact, Clock, Cut, Tables
from stockseq.features.sentiment import score_headlines, scorer_named
from stockseq.models.model import Model
from stockseq.prices import compute_volatility
from stockseq.schemas import INSTANT, PRICES

FORECAST = "a forecast would know what it is to forecast"
REBUILT = "the past must stay as it was recorded"
LEARNT = "a model that learnt from what it is tested on can't be judged by it"
# Features are compared to one part in a billion of themselves or of their spread; a panel holds them in 7 digits.
FEATURES, PANEL = 1e-9, 1e-6
# Beside the features in their table: a checksum and the name of the set.
NO_FEATURES = ["feature_set", "inputs"]


@dataclass(frozen=True)
class Describer:
    """Builds the artefacts of some tables by the code that daily, train and backtest run."""

    context: Context

    @cached_property
    def clock(self) -> Clock:
        """When each row must be known, stated apart from the code under audit."""
        latency = pd.Timedelta(seconds=self.context.settings.headline_latency_s)
        return Clock(self.context.calendar, self.context.policy, latency)

    def prepare(self, tables: Tables) -> Prepared:
        """Score every headline anew, and build everything anew; nothing stored is used."""
        scores = score_headlines(tables.headlines, scorer_named(self.context.settings.scorer))
        return assemble(self.context, tables.bars, tables.actions, tables.headlines, scores)

    def build(self, tables: Tables) -> dict[str, Artefact]:
        """Return all that is made before a model is fitted, by name."""
        return self.describe(self.prepare(tables))

    def describe(self, prepared: Prepared) -> dict[str, Artefact]:
        """Return what was prepared, each row with the instant from which it must be fixed."""
        clock, keys = self.clock, ("ticker", "session")
        bars = prepared.bars[[*keys, *PRICES, "volume"]]
        actions = prepared.actions[[*keys, "kind", "value"]]
        compound = prepared.scores[["headline_id", "compound"]]
        headlines = prepared.headlines[
            ["ticker", "headline_id", "text", "published_at", "first_seen_at", "date_only", "available_at", "session"]
        ].merge(compound, on="headline_id", how="left")
        features = prepared.features.drop(columns=NO_FEATURES)
        indicators = pd.DataFrame(prepared.panel.indicators, columns=list(prepared.panel.names))
        texts = pd.Series(["\n".join(told) for told in prepared.panel.texts], name="text", dtype="str")
        panel = pd.concat([prepared.panel.keys, indicators, texts], axis=1)
        known = prepared.panel.keys[list(keys)]
        volatility = known.assign(volatility=compute_volatility(known, prepared.bars, prepared.actions))
        windows = self._windows(prepared)
        later = HORIZON_SESSIONS[self.context.settings.label]
        artefacts = (
            Artefact("bars", bars, keys, clock.final(bars["session"]), REBUILT),
            Artefact("actions", actions, (*keys, "kind"), clock.final(actions["session"]), REBUILT),
            Artefact("headlines", headlines, ("ticker", "headline_id"), clock.available(headlines), FORECAST),
            Artefact("features", features, keys, clock.decided(features["session"]), FORECAST, FEATURES),
            Artefact("volatility", volatility, keys, clock.decided(volatility["session"]), FORECAST, FEATURES),
            Artefact(
                "labels", prepared.labels, keys, clock.final(prepared.labels["session"], later=later), LEARNT, FEATURES
            ),
            Artefact("panel", panel, keys, clock.decided(panel["session"]), FORECAST, PANEL),
            Artefact("windows", windows, keys, clock.final(windows["session"], later=later), LEARNT, PANEL),
        )
        return {artefact.name: artefact for artefact in artefacts}

    def describe_model(self, model: Model, prepared: Prepared, cut: Cut) -> dict[str, Artefact]:
        """Return all that a model learnt for one cut, and what it forecasts of every session up to it."""
        scaler = pd.DataFrame({"feature": model.names, "centre": model.scaler.centre, "spread": model.scaler.spread})
        vocabulary = pd.DataFrame({"code": range(len(model.vocabulary.tokens)), "token": model.vocabulary.tokens})
        told = _flat(
            {"trained_through": model.trained_through, "median_volatility": model.median_volatility, **model.record}
        )
        record = pd.DataFrame({"entry": list(told), "value": list(told.values())})
        forecasts = self._forecasts(model, prepared, cut)
        artefacts = (
            Artefact("scaler", scaler, ("feature",), _at(cut, len(scaler)), LEARNT),
            Artefact("vocabulary", vocabulary, ("code",), _at(cut, len(vocabulary)), LEARNT),
            Artefact("training", record, ("entry",), _at(cut, len(record)), LEARNT),
            Artefact("forecasts", forecasts, ("ticker", "session"), self.clock.decided(forecasts["session"]), FORECAST),
        )
        return {artefact.name: artefact for artefact in artefacts}

    def _windows(self, prepared: Prepared) -> pd.DataFrame:
        """Return per sample where its window begins, and what is learnt from it."""
        samples, lookback = prepared.samples, self.context.settings.network.lookback
        starts = prepared.panel.keys["session"].to_numpy()[samples.ends - lookback + 1]
        return pd.DataFrame(
            {
                "ticker": samples.ticker.astype(str),
                "session": samples.session,
                "first_session": starts,
                "decision_at": pd.DatetimeIndex(samples.decision_at).tz_localize("UTC"),
                "exit_at": pd.DatetimeIndex(samples.exit_at).tz_localize("UTC"),
                "realised_return": samples.realised_return,
                "up": samples.up,
                "target": samples.target,
            }
        )

    def _forecasts(self, model: Model, prepared: Prepared, cut: Cut) -> pd.DataFrame:
        """Forecast every window up to the cut, the cut's own among them, whose outcome is not known there."""
        keys = prepared.panel.keys
        ends = window_ends(keys, self.context.settings.network.lookback, sessions=self.context.calendar.sessions)
        rows = keys.loc[ends]
        wanted = (rows["session"] <= cut.session) & compute_volatility(rows, prepared.bars, prepared.actions).notna()
        rows = rows[wanted]
        n, instants = len(rows), rows["decision_at"].dt.tz_convert("UTC").dt.tz_localize(None).to_numpy()
        unlabelled = Samples(
            ends=rows.index.to_numpy(dtype=np.int64),
            ticker=rows["ticker"].to_numpy(dtype=object),
            session=rows["session"].to_numpy(),
            decision_at=instants,
            exit_at=instants,
            realised_return=np.full(n, np.nan),
            up=np.zeros(n, dtype=bool),
            target=np.zeros(n, dtype=np.float32),
        )
        return forecast_known(model, prepared, unlabelled).drop(columns="realised_return")


def _at(cut: Cut, n: int) -> pd.Series:
    return pd.Series([cut.decision_at] * n, dtype=INSTANT)


def _flat(nested: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """Return nested mappings and lists as one of dotted names."""
    flat: dict[str, Any] = {}
    for name, value in nested.items():
        if isinstance(value, list):
            value = {str(place): item for place, item in enumerate(value)}
        if isinstance(value, Mapping):
            flat |= _flat(value, f"{prefix}{name}.")
        else:
            flat[f"{prefix}{name}"] = value
    return flat
