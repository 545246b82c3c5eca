"""The command line: `stockseq <recipe>`, or `python -m pipelines <recipe>`; every make target is one line over it."""

import logging
from importlib.metadata import version
from typing import TYPE_CHECKING, Annotated

import typer

from pipelines.command_line import OPTIONS, app, recipe
from stockseq.tensorflow_environment import prepare_tensorflow

if TYPE_CHECKING:
    import pandas as pd

    from stockseq.config import Settings


def use_every_core(settings: "Settings") -> "Settings":
    """Return the settings of a run that is made of many tasks by themselves; workers that are set stay."""
    from stockseq.cores import usable_cores

    workers = settings.workers if settings.workers > 1 else usable_cores()
    return settings.model_copy(update={"workers": workers})


@recipe("config data source tickers files headlines horizon seeds now at")
def daily(
    settings: "Settings",
    now: "pd.Timestamp",
    at: str | None,
    due: Annotated[
        bool, typer.Option("--due", help="Do nothing unless the next session's hour has come and it has no forecast")
    ] = False,
) -> None:
    """Fetch, score, build features, forecast the next session, score past forecasts."""
    from pipelines.daily import run_daily
    from pipelines.unattended import run_unattended

    run_unattended(settings, now, daily=run_daily, due=due, at=at)


@recipe("config data source tickers files headlines horizon seeds now mode only")
def train(settings: "Settings", now: "pd.Timestamp", mode: str, tickers: str | None, only: str | None) -> None:
    """Ingest, retrain on the store's tickers and TICKERS, compare with the champion; promote only what is better."""
    from pipelines.train import run_train

    run_train(settings, now, mode=mode, added=settings.tickers if tickers else (), only=only)


@recipe("config data source tickers files headlines now")
def add(settings: "Settings", now: "pd.Timestamp", tickers: str | None) -> None:
    """Bring TICKERS into the store, so that every run from now on has them."""
    from pipelines.universe import run_add

    run_add(settings, now, tickers=settings.tickers if tickers else ())


@recipe("config data tickers now")
def remove(settings: "Settings", now: "pd.Timestamp", tickers: str | None) -> None:
    """Leave TICKERS out from now on; what the store and the ledger hold of them stays."""
    from pipelines.universe import run_remove

    run_remove(settings, now, tickers=settings.tickers if tickers else ())


@recipe("config data now accept")
def doubts(settings: "Settings", now: "pd.Timestamp", accept: str | None) -> None:
    """List the bars that are held back because nothing explains their move; with ACCEPT, take them as they are."""
    from pipelines.doubts import run_doubts

    run_doubts(settings, now, accept=accept)


@recipe("config data source tickers headlines since now")
def news(settings: "Settings", now: "pd.Timestamp", since: str | None) -> None:
    """Bring years of headlines into the store from the services that HEADLINES names; again, it goes on from there."""
    from pipelines.news import run_news

    run_news(settings, now, since=since)


@recipe("config data source tickers files headlines now")
def refetch(settings: "Settings", now: "pd.Timestamp", tickers: str | None) -> None:
    """Ask for the whole history of TICKERS again, compare it with what is stored, and show what changed."""
    from pipelines.refetch import run_refetch

    run_refetch(settings, now, tickers=settings.tickers if tickers else ())


@recipe("config data horizon now model")
def promote(settings: "Settings", now: "pd.Timestamp", model: str | None) -> None:
    """Make MODEL the champion by hand; its record says from then on that it was not chosen by a comparison."""
    from pipelines.promote import run_promote

    run_promote(settings, now, model_id=model)


@recipe("config data source tickers files headlines folds horizon seeds now")
def backtest(settings: "Settings", now: "pd.Timestamp") -> None:
    """Forecast walk-forward out of sample, judge the forecasts, trade them through the ledger, draw the page."""
    from pipelines.backtest import run_backtest

    run_backtest(settings, now)


@recipe("config data source tickers files headlines folds horizon seeds now")
def ablation(settings: "Settings", now: "pd.Timestamp") -> None:
    """Judge layers and inputs, a declared family, against the plain network on the same folds and seeds."""
    from pipelines.ablation import run_ablation

    run_ablation(use_every_core(settings), now)


@recipe("config data source tickers files headlines horizon now")
def audit(settings: "Settings", now: "pd.Timestamp") -> None:
    """Prove on the store's own data that nothing looks ahead: cut or poison the future, rebuild, compare."""
    from pipelines.audit import run_audit

    run_audit(use_every_core(settings), now)


@recipe("config data horizon seeds markets", overrides={"source": "simulated", "data": "exam"})
def exam(settings: "Settings", now: "pd.Timestamp", markets: str | None) -> None:
    """Run the whole product on simulated markets of every kind, and judge it by their known optimum."""
    from pipelines.exam import run_exam

    run_exam(use_every_core(settings), n_markets=markets)


@recipe("config data files seeds dataset", overrides={"source": "stocknet"})
def benchmark(settings: "Settings", now: "pd.Timestamp", dataset: str) -> None:
    """Score the network by the protocol of a published dataset, beside baselines and its base rate."""
    from pipelines.benchmark import run_benchmark

    run_benchmark(settings, now, dataset=dataset)


@recipe("config", overrides={"source": "simulated"})
def example(
    settings: "Settings",
    now: "pd.Timestamp",
    name: Annotated[str, typer.Argument(help="text-sentiment, conv-beside, conv-before or projection-after")],
) -> None:
    """Train one of the founding networks on a simulated market, beside the optimum."""
    from pipelines.example import run_example

    run_example(settings, name)


# Enough sessions for the optimum to show, few enough for minutes on two cores.
DEMO = {
    "source": "simulated",
    "data": "demo",
    "simulated.n_sessions": 900,
    "simulated.n_tickers": 20,
    "simulated.seed": 100,
    "training.n_seeds": 3,
    "folds.n_folds": 2,
}


@recipe("data horizon seeds folds", overrides=DEMO)
def demo(settings: "Settings", now: "pd.Timestamp") -> None:
    """Run daily and backtest on a simulated market, offline."""
    from pipelines.backtest import run_backtest
    from pipelines.daily import run_daily
    from pipelines.demo import run_demo

    run_demo(settings, daily=run_daily, backtest=run_backtest)


@recipe("config data tickers files now file", name="import", overrides={"source": "files"})
def import_files(settings: "Settings", now: "pd.Timestamp", file: str | None, config: str | None) -> None:
    """Bring bars and headlines from files into the store."""
    from pipelines.import_files import run_import

    run_import(settings, now, file=file, config=config)


@recipe("config data now head")
def ledger(
    settings: "Settings",
    now: "pd.Timestamp",
    head: str | None,
    verify: Annotated[bool, typer.Option("--verify", help="Recompute every hash of the forecast ledger")] = False,
) -> None:
    """Show the live record; with --verify or HEAD, prove that no forecast was edited, removed or reordered."""
    from pipelines.ledger import run_ledger_check

    run_ledger_check(settings, now, check=verify, head=head)


@recipe("config data run now")
def report(
    settings: "Settings",
    now: "pd.Timestamp",
    run: str | None,
    open_page: Annotated[bool, typer.Option("--open/--no-open", help="Open the page in the browser")] = True,
) -> None:
    """Rebuild and open the page of a run."""
    from pipelines.report import run_report

    run_report(settings, now, name=run, open_page=open_page)


@recipe("config data tickers run session now")
def why(settings: "Settings", now: "pd.Timestamp", run: str | None, session: str | None, tickers: str | None) -> None:
    """Show what moved the forecasts of a run, TICKERS and SESSION, in points of probability."""
    from pipelines.why import run_why

    run_why(settings, now, name=run, session=session, tickers=settings.tickers if tickers else ())


@recipe("config data now", remembers=False)
def runs(settings: "Settings", now: "pd.Timestamp") -> None:
    """List the runs with their main numbers."""
    from pipelines.report import list_runs

    list_runs(settings, now)


@recipe("config data now runs")
def compare(settings: "Settings", now: "pd.Timestamp", runs: str | None) -> None:
    """Compare two RUNS or more on the forecasts and sessions that both have, and show the settings that differ."""
    from pipelines.compare import run_compare

    run_compare(settings, now, names=runs)


@recipe("config data now")
def models(settings: "Settings", now: "pd.Timestamp") -> None:
    """List every model with its numbers and state."""
    from pipelines.report import list_models

    list_models(settings, now)


@recipe(" ".join(name for name in OPTIONS if OPTIONS[name].setting or name in ("config", "now")), name="settings")
def show_settings(
    settings: "Settings",
    now: "pd.Timestamp",
    markdown: Annotated[bool, typer.Option("--markdown", help="Print docs/settings.md")] = False,
) -> None:
    """Print every setting with its description, its default and the value in force."""
    from pipelines.settings import run_settings

    run_settings(settings, markdown=markdown)


@recipe("config data now at by yes")
def schedule(
    settings: "Settings",
    now: "pd.Timestamp",
    config: str | None,
    data: str | None,
    at: str | None,
    by: str | None,
    yes: str | None,
) -> None:
    """Let this machine run the morning by itself on each weekday of the exchange; shown before it is installed."""
    from pipelines.schedule import run_schedule

    run_schedule(settings, now, config=config, data=data, at=at, by=by, yes=yes)


@recipe("config data now yes")
def unschedule(
    settings: "Settings", now: "pd.Timestamp", config: str | None, data: str | None, yes: str | None
) -> None:
    """Take away what `schedule` installed, and nothing else."""
    from pipelines.schedule import run_unschedule

    run_unschedule(settings, now, config=config, data=data, yes=yes)


@recipe("config data now online", remembers=False)
def doctor(settings: "Settings", now: "pd.Timestamp", config: str | None, data: str | None, online: str | None) -> None:
    """Check machine, store, ledger, keys and schedule, and say what to do; ends with 1 if the morning would fail."""
    from pipelines.doctor import run_doctor

    run_doctor(settings, now, config=config, data=data, online=online)


@recipe("config data")
def maintain(settings: "Settings", now: "pd.Timestamp") -> None:
    """Compact the store's tables."""
    from pipelines.maintain import run_maintain

    run_maintain(settings, now)


def _show_version(asked: bool) -> None:
    if asked:
        typer.echo(f"stockseq {version('stockseq')}")
        raise typer.Exit


@app.callback()
def _options(
    version: Annotated[
        bool, typer.Option("--version", callback=_show_version, is_eager=True, help="Show the version and stop")
    ] = False,
) -> None:
    """Forecast the next session's move of stocks, and tell the truth about the forecast."""


def main() -> None:
    """Run the command line."""
    prepare_tensorflow()
    # It is no part of what we draw, and would warn of a cache folder that can't be written.
    logging.getLogger("matplotlib").setLevel(logging.ERROR)
    app()


if __name__ == "__main__":
    main()
