"""The networks that the project started from, settings of the one builder, each trained on a small simulated market."""

import difflib
from dataclasses import dataclass, replace
from typing import Any

import pandas as pd
from rich.progress import BarColumn, TextColumn, TimeElapsedColumn
from rich.table import Table

from pipelines.context import Context, console, show_progress
from pipelines.forecast import forecast_known
from pipelines.prepare import Prepared, assemble
from stockseq.config import Settings
from stockseq.dataset.panel import Panel
from stockseq.dataset.walk_forward import FoldSettings, final_fold
from stockseq.errors import SettingsError
from stockseq.evaluate.scores import Scores, score_forecasts
from stockseq.features.sentiment import SENTIMENT_COLUMNS, score_headlines, scorer_named
from stockseq.models.layer_readings import read_layers
from stockseq.models.model import Model
from stockseq.models.settings import NetworkSettings, TrainingSettings
from stockseq.models.training import fit_model
from stockseq.sources.simulated import SimulatedSettings, SimulatedSource, optimum

# Large enough for an edge to stand out of its interval, small enough for a minute or two on two cores.
MARKET = SimulatedSettings(n_sessions=900, n_tickers=20, seed=100)
N_TEST = 250
# No mixing and no dropout: the plain graphs.
BARE: dict[str, Any] = {
    "indicator_dimension": 0,
    "indicator_dropout": 0.0,
    "output_dropout": 0.0,
    "relative_head": False,
}
SERIES: dict[str, Any] = {**BARE, "headlines_per_session": 0, "units": 64, "heads": ("direction",)}


@dataclass(frozen=True)
class Example:
    """A network, how it is trained, and the features that it reads (all where none are named)."""

    told: str
    network: NetworkSettings
    training: TrainingSettings
    features: tuple[str, ...] = ()


EXAMPLES = {
    "text-sentiment": Example(
        "tokens -> Embedding(vocabulary, 8) -> LSTM(128), joined with sentiment -> Dense(1, linear), squared error",
        NetworkSettings(
            **BARE,
            lookback=1,
            units=128,
            heads=("return",),
            text_reader="lstm",
            headlines_per_session=3,
            tokens_per_headline=12,
            embedding_dimension=8,
        ),
        TrainingSettings(n_seeds=1, epochs=12, batch_size=256, learning_rate=1e-3, return_weight=1.0),
        SENTIMENT_COLUMNS,
    ),
    "conv-beside": Example(
        "Conv1D(32, 3, relu, causal) -> MaxPooling1D(2) -> Flatten, joined with LSTM(64) -> Dense(1, sigmoid)",
        NetworkSettings(**SERIES, before="stockseq.layers.before.temporal_convolution:TemporalConvolution"),
        TrainingSettings(n_seeds=1, epochs=20, batch_size=256, learning_rate=5e-4),
    ),
    "conv-before": Example(
        "Conv1D(32, 3, relu, causal) -> MaxPooling1D(2) -> LSTM(64) -> Dense(1, sigmoid)",
        NetworkSettings(
            **SERIES,
            before="stockseq.layers.before.temporal_convolution:TemporalConvolution",
            before_options={"joined": False},
        ),
        TrainingSettings(n_seeds=1, epochs=20, batch_size=256, learning_rate=5e-4),
    ),
    "projection-after": Example(
        "LSTM(64) -> one trainable matrix to 16 dimensions -> Dense(1, sigmoid)",
        NetworkSettings(**SERIES, after="stockseq.layers.after.projection:Projection"),
        TrainingSettings(n_seeds=1, epochs=20, batch_size=256, learning_rate=5e-4),
    ),
}


def run_example(settings: Settings, now: pd.Timestamp, name: str, *, market: SimulatedSettings = MARKET) -> None:
    """Train one of `EXAMPLES` on a simulated market, and show what it found beside what could be found.

    Parameters
    ----------
    settings : Settings
        Only the scorer and the label are taken.
    now : Timestamp
        Not used: a simulated market has its own last morning.
    name : str
        One of `EXAMPLES`.
    market : SimulatedSettings
        The market to train on.

    Raises
    ------
    SettingsError
        If there is no such example.
    """
    if name not in EXAMPLES:
        near = difflib.get_close_matches(name, EXAMPLES, n=1)
        hint = f"did you mean {near[0]}?" if near else f"there are {', '.join(EXAMPLES)}."
        raise SettingsError(f"There is no example {name!r}; {hint}")
    example = EXAMPLES[name]
    console.print(f"{name}: {example.told}")
    console.print(f"A simulated market of {market.n_tickers} invented companies and {market.n_sessions} sessions.\n")
    source = SimulatedSource(market)
    prepared = _prepare(settings, source, example)
    fold = final_fold(prepared.sessions, FoldSettings(), n_test=min(N_TEST, len(prepared.sessions) // 3))
    with show_progress(TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn()) as progress:
        task = progress.add_task("Training")
        model = fit_model(
            prepared.panel,
            prepared.samples,
            fold.train,
            fold.validation,
            network=example.network,
            training=example.training,
            progress=lambda done, most, where: progress.update(task, completed=done, total=most, description=where),
        )
    samples = prepared.samples.on(fold.test)
    scores = score_forecasts(forecast_known(model, prepared, samples))
    _show(model, scores, optimum(source.truth, fold.test), read_layers(model, prepared.panel, samples.ends)[0])


def _prepare(settings: Settings, source: SimulatedSource, example: Example) -> Prepared:
    """Build the dataset from the market's own tables; nothing is stored."""
    market = source.market
    told = settings.model_copy(update={"exchange": market.exchange, "network": example.network, "features": ()})
    scores = score_headlines(market.headlines, scorer_named(told.scorer))
    prepared = assemble(Context(told, source.default_now), market.bars, market.actions, market.headlines, scores)
    return replace(prepared, panel=_only(prepared.panel, example.features)) if example.features else prepared


def _only(panel: Panel, names: tuple[str, ...]) -> Panel:
    """Return the panel with these features alone."""
    return replace(panel, names=names, indicators=panel.indicators[:, [panel.names.index(name) for name in names]])


def _show(model: Model, scores: Scores, best: dict[str, float], readings: dict[str, Any]) -> None:
    """Print the figures beside the optimum, and the command to try next."""
    low, high = scores.accuracy_ci
    table = Table(title="Out of sample", title_justify="left")
    for column in ("", "Accuracy", "95% interval", "Base rate", "Log loss"):
        table.add_column(column, justify="left" if not column else "right", no_wrap=not column)
    table.add_row(
        "this network",
        f"{100 * scores.accuracy:.1f}%",
        f"{100 * low:.1f} to {100 * high:.1f}%",
        f"{100 * scores.base_rate:.1f}%",
        f"{scores.log_loss:.4f}",
    )
    table.add_row("optimum, expected", f"{100 * best['accuracy']:.1f}%", "", "", f"{best['log_loss']:.4f}")
    console.print(table)
    console.print(f"{scores.n:,} forecasts of {scores.n_sessions} sessions.")
    if scores.edge_ci is not None:
        low, high = scores.edge_ci
        verdict = "an edge is shown" if low > 0 else "an edge is not shown"
        console.print(
            f"Beyond chance: {100 * scores.edge:+.1f} points [{100 * low:+.1f}, {100 * high:+.1f}]; {verdict}."
        )
    for note in scores.notes:
        console.print(note)
    for layer, values in readings.items():
        shown = ", ".join(f"{key} {value:.3g}" for key, value in values.items() if isinstance(value, float))
        console.print(f"{layer}: {shown}")
    weights = model.networks[0].count_params()
    seed = model.record["seeds"][0]
    console.print(f"{weights:,} weights, best after {seed['best_epoch']} of {seed['n_epochs']} epochs.")
    console.print("Next: make demo trains the default network, which reads text and indicators together.")
