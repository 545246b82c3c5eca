"""Judge a declared family of variants against the plain network: the same folds, seeds and budget for each."""

import hashlib
from collections.abc import Mapping
from pathlib import Path

import pandas as pd

from pipelines.ablation_family import fit_family, join_forecasts
from pipelines.ablation_fits import Dataset
from pipelines.ablation_metrics import judge_ablation
from pipelines.ablation_screen import show_ablation
from pipelines.backtest import ingest_missing
from pipelines.context import Context, open_executor
from pipelines.ingest import universe
from pipelines.layers import find_layers
from pipelines.prepare import Prepared, account_for_sessions, coverage, prepare
from pipelines.results import write_run
from pipelines.source_hash import source_hash
from stockseq.config import Settings
from stockseq.dataset.labels import HORIZON_SESSIONS
from stockseq.dataset.walk_forward import walk_forward
from stockseq.errors import PluginError, SettingsError, counted
from stockseq.layers.slots import find_layer
from stockseq.models.placing import named_layers
from stockseq.models.settings import NetworkSettings
from stockseq.models.variants import PLAIN
from stockseq.prices import compute_volatility


def run_ablation(settings: Settings, now: pd.Timestamp) -> Path:
    """Fit the plain network and each variant on the same folds and seeds, judge them, and return the run's folder.

    Every network that was fitted is kept under the data root, so that a run that was stopped goes on where it was. A
    variant that can't be fitted is recorded as such. Tickers that the store doesn't hold yet are fetched first.

    Raises
    ------
    SettingsError
        If a variant can't be made of the settings of the plain network.
    PluginError
        If a variant's layer can't be found or doesn't fit the network, before anything is fitted.
    TrainingFailed
        If the plain network itself can't be fitted: then there is nothing to judge by.
    """
    code = _code_hash(settings.network, *_networks(settings))
    with open_executor(settings) as executor:
        context = Context(settings, now, executor)
        with context.hold_store():
            tickers = universe(context)
            ingested = ingest_missing(context, tickers)
            prepared = prepare(context, tickers)
            with account_for_sessions(context, prepared):
                folds = walk_forward(prepared.sessions, settings.folds, horizon=HORIZON_SESSIONS[settings.label])
            family = fit_family(context, _dataset(prepared, code), folds)
            forecasts = join_forecasts(family, settings.training.seeds)
            ablation = judge_ablation(context, family, forecasts)
            first, last = forecasts[PLAIN]["session"].agg(["min", "max"])
            folder = write_run(
                context,
                "ablation",
                f"Ablation of {counted(ablation['family'], 'variant')}, {first.date()} to {last.date()}",
                metrics={
                    "forecast": ablation["variants"][0]["scores"],
                    "ablation": ablation,
                    "coverage": coverage(prepared),
                    "optimum": ablation["optimum"],
                },
                frames={"forecasts": _long(forecasts)},
                dropped=(*(ingested.dropped if ingested else ()), *prepared.dropped),
                ingested=ingested,
                doubts=prepared.doubts,
            )
    show_ablation(ablation, folder)
    return folder


def _long(forecasts: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    return pd.concat([frame.assign(variant=name) for name, frame in forecasts.items()], ignore_index=True)


def _networks(settings: Settings) -> list[NetworkSettings]:
    networks = []
    for name, variant in settings.ablation.family.items():
        try:
            networks.append(variant.applied_to(settings.network))
            find_layers(networks[-1])
        except ValueError as error:
            raise SettingsError(f"The variant {name} can't be made of the network in the settings: {error}.") from error
        except PluginError as error:
            raise PluginError(f"The variant {name} can't be built. {error}") from error
    return networks


def _code_hash(*networks: NetworkSettings) -> str:
    """Return a hash of the code, and of which class each layer's name stands for."""
    layers = {key: find_layer(*key) for key in sorted({key for network in networks for key in named_layers(network)})}
    meant = [(*key, layer.__module__, layer.__qualname__) for key, layer in layers.items()]
    return source_hash(layers.values()) + repr(meant)


def _dataset(prepared: Prepared, code: str) -> Dataset:
    panel, samples = prepared.panel, prepared.samples
    volatility = compute_volatility(panel.keys.loc[samples.ends], prepared.bars, prepared.actions).to_numpy()
    digest = hashlib.sha256(code.encode())
    digest.update(panel.indicators.tobytes() + repr((panel.names, panel.texts)).encode())
    digest.update(samples.ends.tobytes() + samples.realised_return.tobytes() + samples.target.tobytes())
    digest.update("\n".join(samples.ticker).encode() + samples.session.tobytes() + volatility.tobytes())
    return Dataset(panel, samples, volatility, digest.hexdigest())
