"""One simulated market sat by the whole product: fetched, stored, built, trained on, forecast and traded."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import pandas as pd

from pipelines.context import Context, silence
from pipelines.forecast import forecast_known
from pipelines.ingest import ingest, universe
from pipelines.prepare import Prepared, prepare
from pipelines.results import as_json
from stockseq.backtest.policy import target_weights
from stockseq.backtest.simulator import run_ledger
from stockseq.config import Settings, load_settings
from stockseq.dataset.walk_forward import Fold, FoldSettings, final_fold, walk_forward
from stockseq.evaluate.scores import score_forecasts
from stockseq.features.block import WARM_UP
from stockseq.models.training import fit_model
from stockseq.schemas import as_forecasts
from stockseq.sources.settings import Kind
from stockseq.sources.simulated import SimulatedSource, optimum


@dataclass(frozen=True)
class Plan:
    """How large each market is, and when the changed one changes."""

    n_train: int = 1000
    n_test: int = 500
    n_tickers: int = 30
    # Sessions after the change from which both forecasters of a regime are tested.
    n_settling: int = 150
    rolling_train: int = 200
    rolling_test: int = 50
    rolling_epochs: int = 20
    rolling_batch: int = 256


@dataclass(frozen=True)
class Sitting:
    """One market to sit: its kind and seed under the settings of the product, and the code that sits it."""

    kind: Kind
    seed: int
    settings: Settings
    plan: Plan
    code: str

    @property
    def name(self) -> str:
        return f"{self.kind}-{self.seed}"

    @property
    def key(self) -> str:
        """What the answers depend on: settings, plan, and the code itself, so that no old answer passes for a new."""
        told = {"settings": self.settings.model_dump(mode="json", exclude={"data", "workers"}), "plan": vars(self.plan)}
        return hashlib.sha256((as_json(told) + self.code).encode()).hexdigest()[:16]


@dataclass(frozen=True)
class Answers:
    """What one market gave.

    Parameters
    ----------
    kind, seed
        Which market.
    forecasts : mapping of forecaster to DataFrame
        ticker, session, probability_up, expected_return, realised_return, and `chance_up`, the true probability given
        all that can be known.
    optima : mapping of forecaster to dict
        What the best forecast would be expected to reach on the same rows, and the information coefficient that it had.
    profit : mapping, empty where there is nothing to earn
        realised, expected and z of the best forecaster's profit before costs, through the ledger; n_sessions.
    """

    kind: Kind
    seed: int
    forecasts: Mapping[str, pd.DataFrame]
    optima: Mapping[str, Mapping[str, Any]]
    profit: Mapping[str, float]


def sit(sitting: Sitting, folder: Path) -> Path:
    """Run the product on one market and keep its answers in `folder`; what is there already is not run again.

    Returns
    -------
    Path
        Of the answers, for `read_answers`.
    """
    kept = folder / f"{sitting.name}-{sitting.key}"
    if (kept / "answers.json").exists():
        return kept
    # A store that outlived the sitting would hand the next code the features that the last one built.
    with TemporaryDirectory(dir=folder) as place:
        settings = _settings_of(sitting, Path(place))
        context = Context(settings, SimulatedSource(settings.simulated).default_now)
        with silence(), context.hold_store():
            tickers = universe(context)
            ingest(context, tickers)
            prepared = prepare(context, tickers)
    truth = context.source.market.truth  # type: ignore[attr-defined]
    kept.mkdir(parents=True, exist_ok=True)
    optima = {}
    for name, (told, folds) in _forecasters(sitting, settings, context, prepared).items():
        forecasts = _forecast(prepared, told, folds)
        best = truth.merge(forecasts[["ticker", "session"]], on=["ticker", "session"])
        # The tickers' common move plays no part in an information coefficient by session, as it does in a pooled one:
        # what the best forecast itself had on these rows is what compares.
        optima[name] = {**optimum(best), "ic": score_forecasts(best).ic}
        chances = best[["ticker", "session", "probability_up"]].rename(columns={"probability_up": "chance_up"})
        known = forecasts.merge(chances, on=["ticker", "session"], validate="one_to_one")
        known.to_parquet(kept / f"{name}.parquet", index=False)
    tested = folds[0].test
    profit = _best_profit(context, prepared, truth[truth["session"].isin(tested)]) if sitting.kind == "signal" else {}
    # Written last: it says that all the rest is there.
    (kept / "answers.json").write_text(as_json({"optima": optima, "profit": profit}), encoding="utf-8")
    return kept


def read_answers(sitting: Sitting, kept: Path) -> Answers:
    """Return what `sit` kept."""
    told = json.loads((kept / "answers.json").read_text(encoding="utf-8"))
    forecasts = {name: pd.read_parquet(kept / f"{name}.parquet") for name in told["optima"]}
    return Answers(sitting.kind, sitting.seed, forecasts, told["optima"], told["profit"])


def _settings_of(sitting: Sitting, data: Path) -> Settings:
    """Return the settings under which the product sees just this market, in a store of its own."""
    plan, settings = sitting.plan, sitting.settings
    # The first row follows the warm-up by a session, and a window ends on the last of its rows.
    n_before = WARM_UP + settings.network.lookback
    market = {
        "kind": sitting.kind,
        "seed": sitting.seed,
        "n_tickers": plan.n_tickers,
        "n_sessions": n_before + plan.n_train + settings.folds.gap + plan.n_test,
    }
    folds = {"min_train": plan.n_train, "max_train": plan.n_train, "n_folds": 1}
    given = settings.model_dump(exclude_none=True)
    values = {**given, "source": "simulated", "tickers": (), "data": str(data), "simulated": market}
    return load_settings(overrides={**values, "folds": {**given["folds"], **folds}})


Told = tuple[Settings, Sequence[Fold]]


def _forecasters(sitting: Sitting, settings: Settings, context: Context, prepared: Prepared) -> dict[str, Told]:
    """Return by name the settings and the folds of each forecaster that sits this market."""
    if sitting.kind == "regime":
        return _regime_forecasters(sitting.plan, settings, context, prepared)
    folds = walk_forward(prepared.sessions, settings.folds)
    forecasters: dict[str, Told] = {"text": (settings, folds)}
    if sitting.kind == "signal":
        wordless = settings.network.model_copy(update={"headlines_per_session": 0})
        forecasters["vader"] = (settings.model_copy(update={"network": wordless}), folds)
    return forecasters


def _regime_forecasters(plan: Plan, settings: Settings, context: Context, prepared: Prepared) -> dict[str, Told]:
    market = context.source.market  # type: ignore[attr-defined]
    flip = market.flip_session if market.flip_session is not None else round(0.6 * market.n_sessions)
    sessions = prepared.sessions
    before = sessions[sessions < market.sessions[flip]]
    tested = sessions[sessions >= market.sessions[flip + plan.n_settling]]
    within = settings.folds.model_copy(update={"min_train": 1, "n_folds": None})
    fitted = final_fold(before, within, n_test=0)
    static = Fold(fitted.train, fitted.validation, tested)
    rolling = FoldSettings(
        min_train=len(sessions) - len(tested) - settings.folds.gap,
        max_train=plan.rolling_train,
        test_size=plan.rolling_test,
        # The change shows in the newest sessions first, so none is kept from training to stop it early.
        validation_size=0,
        gap=settings.folds.gap,
    )
    update = {"epochs": plan.rolling_epochs, "batch_size": plan.rolling_batch}
    training = settings.training.model_copy(update=update)
    refitted = settings.model_copy(update={"training": training})
    return {"static": (settings, [static]), "rolling": (refitted, walk_forward(sessions, rolling))}


def _forecast(prepared: Prepared, settings: Settings, folds: Sequence[Fold]) -> pd.DataFrame:
    parts = []
    for fold in folds:
        model = fit_model(
            prepared.panel,
            prepared.samples,
            fold.train,
            fold.validation,
            network=settings.network,
            training=settings.training,
        )
        parts.append(forecast_known(model, prepared, prepared.samples.on(fold.test)))
    return pd.concat(parts, ignore_index=True)


def _best_profit(context: Context, prepared: Prepared, truth: pd.DataFrame) -> dict[str, float]:
    """Trade the best possible forecasts through the ledger; compare the profit with what the law lets expect.

    Of a position taken at the open, the law knows the expected move to the close: volatility times mean. The sum over
    sessions of what was earned before costs, less that, has mean 0; its standard error is taken from its own squares.
    """
    settings = context.settings
    targets = target_weights(as_forecasts(truth), settings=settings.policy)
    first, last = truth["session"].min(), truth["session"].max()
    sessions = context.calendar.between(context.calendar.previous_session(first), last)
    ledger = run_ledger(
        targets,
        prepared.bars,
        prepared.actions,
        sessions=sessions,
        costs=settings.costs,
        account=settings.account,
    )
    account = ledger.equity
    earned = account["equity"].diff() + account["cost"] + account["borrow"] - account["interest"]
    opened = ledger.fills[ledger.fills["moment"] == "open"].merge(truth, on=["ticker", "session"])
    expected = (opened["shares"] * opened["price"] * opened["expected_return"]).groupby(opened["session"]).sum()
    surprise = (earned - expected).dropna()
    return {
        "realised": float(earned.loc[surprise.index].sum()),
        "expected": float(expected.loc[surprise.index].sum()),
        "z": float(surprise.sum() / np.sqrt((surprise**2).sum())),
        "n_sessions": float(len(surprise)),
    }
