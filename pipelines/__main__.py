"""The command line: `python -m pipelines <recipe>`; every make target is one line over it."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

# TensorFlow reads these when it is loaded; the product speaks, not its libraries.
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "0")

import typer
from rich.console import Console
from rich.markup import escape

from stockseq.errors import StockseqError

app = typer.Typer(
    add_completion=False,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    help="Forecast the next session's move of stocks, and tell the truth about the forecast.",
)


def _option(name: str, help_text: str, variable: str | None = None) -> Any:
    return typer.Option(f"--{name}", help=help_text, envvar=f"STOCKSEQ_{variable or name.upper()}", show_default=False)


Config = Annotated[str | None, _option("config", "Settings file (default: stockseq.toml where there is one)")]
Data = Annotated[str | None, _option("data", "Data root: a folder or a deltalake URL")]
SourceName = Annotated[str | None, _option("source", "yahoo, files, simulated, stocknet or a plug-in")]
Tickers = Annotated[str | None, _option("tickers", "Tickers, separated by spaces")]
Files = Annotated[str | None, _option("files", "Folder of the files or stocknet source")]
Folds = Annotated[str | None, _option("folds", "Number of walk-forward folds")]
Seeds = Annotated[str | None, _option("seeds", "Number of seeds in the ensemble")]
Now = Annotated[str | None, _option("now", "The instant of the run, such as 2026-11-20T22:00:00Z (default: the clock)")]


@app.command()
def daily(
    config: Config = None,
    data: Data = None,
    source: SourceName = None,
    tickers: Tickers = None,
    files: Files = None,
    seeds: Seeds = None,
    now: Now = None,
) -> None:
    """Fetch, score, build features, forecast the next session, score past forecasts."""
    with _told():
        from pipelines.daily import run_daily

        run_daily(*_resolve(config, data=data, source=source, tickers=tickers, files=files, seeds=seeds, now=now))


@app.command()
def train(
    config: Config = None,
    data: Data = None,
    source: SourceName = None,
    tickers: Tickers = None,
    files: Files = None,
    seeds: Seeds = None,
    now: Now = None,
    mode: Annotated[str, _option("mode", "scratch or finetune (from the champion)")] = "scratch",
) -> None:
    """Ingest, retrain, compare with the champion on dates neither saw; promote only what is better."""
    with _told():
        from pipelines.train import run_train

        resolved = _resolve(config, data=data, source=source, tickers=tickers, files=files, seeds=seeds, now=now)
        run_train(*resolved, mode=mode or "scratch")


@app.command()
def backtest(
    config: Config = None,
    data: Data = None,
    source: SourceName = None,
    tickers: Tickers = None,
    files: Files = None,
    folds: Folds = None,
    seeds: Seeds = None,
    now: Now = None,
) -> None:
    """Forecast walk-forward out of sample, judge the forecasts, trade them through the ledger, draw the page."""
    with _told():
        from pipelines.backtest import run_backtest

        run_backtest(
            *_resolve(config, data=data, source=source, tickers=tickers, files=files, folds=folds, seeds=seeds, now=now)
        )


@app.command()
def ablation(
    config: Config = None,
    data: Data = None,
    source: SourceName = None,
    tickers: Tickers = None,
    files: Files = None,
    folds: Folds = None,
    seeds: Seeds = None,
    now: Now = None,
) -> None:
    """Judge layers and inputs, a declared family, against the plain network on the same folds and seeds."""
    with _told():
        from pipelines.ablation import run_ablation

        settings, instant = _resolve(
            config, data=data, source=source, tickers=tickers, files=files, folds=folds, seeds=seeds, now=now
        )
        run_ablation(_on_every_core(settings), instant)


@app.command()
def audit(
    config: Config = None,
    data: Data = None,
    source: SourceName = None,
    tickers: Tickers = None,
    files: Files = None,
    now: Now = None,
) -> None:
    """Prove on the store's own data that nothing looks ahead: cut or poison the future, rebuild, compare."""
    with _told():
        from pipelines.audit import run_audit

        settings, instant = _resolve(config, data=data, source=source, tickers=tickers, files=files, now=now)
        run_audit(_on_every_core(settings), instant)


@app.command()
def exam(
    config: Config = None,
    data: Data = None,
    seeds: Seeds = None,
    markets: Annotated[str | None, _option("markets", "Simulated markets of each kind (default: 6)")] = None,
) -> None:
    """Run the whole product on simulated markets of every kind, and judge it by their known optimum."""
    with _told():
        from pipelines.exam import run_exam

        settings, _ = _resolve(config, source="simulated", seeds=seeds, data=data or "exam")
        run_exam(_on_every_core(settings), n_markets=markets or None)


@app.command()
def benchmark(
    config: Config = None,
    data: Data = None,
    files: Files = None,
    seeds: Seeds = None,
    dataset: Annotated[str, _option("dataset", "stocknet")] = "stocknet",
) -> None:
    """Score the network by the protocol of a published dataset, beside baselines and its base rate."""
    with _told():
        from pipelines.benchmark import run_benchmark

        settings, now = _resolve(config, data=data, source=dataset or "stocknet", files=files, seeds=seeds)
        run_benchmark(settings, now, dataset=dataset or "stocknet")


@app.command()
def example(
    name: Annotated[str, typer.Argument(help="text-sentiment, conv-beside, conv-before or projection-after")],
    config: Config = None,
) -> None:
    """Train one of the founding networks on a simulated market, beside the optimum."""
    with _told():
        from pipelines.example import run_example

        run_example(*_resolve(config, source="simulated"), name)


@app.command()
def demo(data: Data = None, seeds: Seeds = None, folds: Folds = None) -> None:
    """Run daily and backtest on a simulated market, offline."""
    with _told():
        from pipelines.demo import run_demo

        run_demo(data or "demo", seeds=seeds, folds=folds)


@app.command(name="import")
def import_files(
    config: Config = None,
    data: Data = None,
    tickers: Tickers = None,
    files: Files = None,
    now: Now = None,
    file: Annotated[str | None, _option("file", "One file of bars or headlines")] = None,
) -> None:
    """Bring bars and headlines from files into the store."""
    with _told():
        from pipelines.import_files import run_import

        resolved = _resolve(config, data=data, source="files", tickers=tickers, files=files, now=now)
        run_import(*resolved, file=file or None, config=config or None)


@app.command()
def ledger(
    config: Config = None,
    data: Data = None,
    now: Now = None,
    verify: Annotated[bool, typer.Option("--verify", help="Recompute every hash of the forecast ledger")] = False,
    head: Annotated[str | None, _option("head", "A head hash noted earlier, to be found in the chain")] = None,
) -> None:
    """Show the live record; with --verify, prove that no forecast was edited, removed or reordered."""
    with _told():
        from pipelines.ledger import run_ledger_check

        run_ledger_check(*_resolve(config, data=data, now=now), check=verify, head=head or None)


@app.command()
def report(
    config: Config = None,
    data: Data = None,
    run: Annotated[str | None, _option("run", "The run (default: the newest)")] = None,
    open_page: Annotated[bool, typer.Option("--open/--no-open", help="Open the page in the browser")] = True,
) -> None:
    """Rebuild and open the page of a run."""
    with _told():
        from pipelines.report import run_report

        run_report(*_resolve(config, data=data), name=run or None, open_page=open_page)


@app.command()
def runs(config: Config = None, data: Data = None) -> None:
    """List the runs with their main numbers."""
    with _told():
        from pipelines.report import list_runs

        list_runs(*_resolve(config, data=data))


@app.command()
def models(config: Config = None, data: Data = None) -> None:
    """List every model with its numbers and state."""
    with _told():
        from pipelines.report import list_models

        list_models(*_resolve(config, data=data))


@app.command()
def maintain(config: Config = None, data: Data = None) -> None:
    """Compact the store's tables."""
    with _told():
        from pipelines.maintain import run_maintain

        run_maintain(*_resolve(config, data=data))


def _on_every_core(settings: Any) -> Any:
    """Return the settings of a run that is made of many tasks by themselves; workers that are set stay."""
    workers = settings.workers if settings.workers > 1 else os.cpu_count() or 1
    return settings.model_copy(update={"workers": workers})


def _resolve(config: str | None, *, now: str | None = None, **given: str | None) -> tuple[Any, Any]:
    """Return the settings and the instant of the run; an empty make variable counts as not given."""
    from pipelines.context import read_now
    from stockseq.config import load_settings

    names = {"seeds": "training.n_seeds", "folds": "folds.n_folds", "files": "files.folder"}
    overrides = {names.get(name, name): value for name, value in given.items() if value}
    if given.get("source") == "stocknet" and given.get("files"):
        overrides["stocknet.folder"] = overrides.pop("files.folder")
    path = Path(config) if config else Path("stockseq.toml")
    settings = load_settings(path if config or path.exists() else None, overrides)
    if not now and settings.source == "simulated":
        from stockseq.sources.simulated import SimulatedSource

        # A simulated market ends; its own last morning is the time that makes sense there.
        return settings, SimulatedSource(settings.simulated).default_now
    return settings, read_now(now)


@contextmanager
def _told() -> Iterator[None]:
    """Turn what went wrong in the world into one sentence and an exit status."""
    errors = Console(stderr=True, highlight=False, soft_wrap=True)
    try:
        yield
    except StockseqError as error:
        errors.print(f"[red]✗[/red] {escape(str(error))}")
        sys.exit(1)
    except KeyboardInterrupt:
        errors.print(
            "Stopped. The store is complete up to the last finished step; run the same command again to go on."
        )
        sys.exit(130)
    except OSError as error:
        place = f" ({escape(str(error.filename))})" if error.filename else ""
        errors.print(f"[red]✗[/red] {escape(error.strerror or str(error))}{place}. The store is complete as it was.")
        sys.exit(1)


if __name__ == "__main__":
    app()
