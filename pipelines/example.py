"""Train one of the networks that the project started from on a small simulated market, beside the optimum."""

from dataclasses import replace

from pipelines.screens.console import console, show_progress
from pipelines.screens.example import show_example
from stockseq.config import Settings
from stockseq.dataset.dataset import Inputs, build_dataset
from stockseq.dataset.folds import FoldSettings, final_fold
from stockseq.evaluate.scores import score_forecasts
from stockseq.features.sentiment import scorer_named
from stockseq.forecasting.walk_forward import optimum_on
from stockseq.models.examples import find_example
from stockseq.models.forecaster import Forecaster
from stockseq.models.forecasting import forecast_samples
from stockseq.models.layer_readings import read_layers
from stockseq.sources.markets import load_simulated

# Large enough for an edge to stand out of its interval, small enough for a minute or two on two cores.
N_SESSIONS, N_TICKERS, SEED = 900, 20, 100
N_TEST = 250


def run_example(settings: Settings, name: str, *, n_sessions: int = N_SESSIONS, n_tickers: int = N_TICKERS) -> None:
    """Train one of `EXAMPLES` on a simulated market, and show what it found beside what could be found.

    Parameters
    ----------
    settings : Settings
        Only the scorer and the label are taken.
    name : str
        One of `EXAMPLES`.
    n_sessions, n_tickers : int
        Of the market.

    Raises
    ------
    SettingsError
        If there is no such example.
    """
    example = find_example(name)
    console.print(f"{name}: {example.graph}", markup=False)
    console.print(f"A simulated market of {n_tickers} invented companies and {n_sessions} sessions.\n")
    market = load_simulated(n_tickers=n_tickers, n_sessions=n_sessions, seed=SEED)
    inputs = Inputs(lookback=example.network.lookback, label=settings.label, scorer=scorer_named(settings.scorer))
    data = build_dataset(market, inputs).require_samples()
    if example.features:
        data = replace(data, panel=data.panel.without(set(data.panel.names) - set(example.features)))
    fold = final_fold(data.sessions, FoldSettings(), n_test=min(N_TEST, len(data.sessions) // 3))
    with show_progress() as progress:
        model = Forecaster(example.network, example.training, progress=progress).fit_fold(data, fold)
    samples = data.samples.on(fold.test)
    forecasts = forecast_samples(model, data.panel, samples)
    (readings,) = read_layers(model, data.panel, samples.ends)
    horizon = data.inputs.horizon
    best = optimum_on(market.truth, forecasts, horizon=horizon)
    show_example(model, score_forecasts(forecasts, horizon=horizon), best, readings)
