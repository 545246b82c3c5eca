"""The command line: `stockseq <recipe>`, or `python -m pipelines <recipe>`; every make target is one line over it."""

import difflib
import inspect
import logging
import os
import shlex
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from typer.core import TyperGroup

from pipelines.screens.console import SafeConsole, escape
from pipelines.screens.failure import STOPPED, exit_status, failure_sentence
from stockseq.errors import SettingsError, StockseqError

if TYPE_CHECKING:
    import pandas as pd

    from stockseq.config import Assignment, Settings


class Commands(TyperGroup):
    """The recipes; what is mistyped is answered on our own console, for Typer's obeys the codes that were typed."""

    def main(self, *arguments: Any, **options: Any) -> Any:
        """Run the command that the arguments name, and end the process with its status."""
        alone = options.get("standalone_mode", True) and (arguments or options.get("args") or sys.argv[1:])
        if not alone:
            return super().main(*arguments, **options)
        try:
            status = super().main(*arguments, **{**options, "standalone_mode": False})
        except typer.TyperException as error:
            message = error.format_message()  # type: ignore[attr-defined]
            stop = "" if message.endswith((".", "?")) else "."
            print_error(
                f"{message}{stop} `python -m pipelines --help` lists the recipes, and RECIPE --help its options."
            )
            sys.exit(getattr(error, "exit_code", 1))
        sys.exit(status if isinstance(status, int) else 0)


app = typer.Typer(
    cls=Commands,
    add_completion=False,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    help="Forecast the next session's move of stocks, and tell the truth about the forecast.",
    epilog="Ends with 0 when done, 1 on an error, 2 if it is mistyped, 75 if the same may work later, 130 if stopped.",
)


@dataclass(frozen=True)
class Option:
    """A value that the command line gives, as `--name` or, with make, as the variable."""

    name: str
    variable: str
    help: str
    # The dotted name of the setting; what has none is an argument of the recipe.
    setting: str | None = None
    default: str | None = None

    @property
    def parameter(self) -> inspect.Parameter:
        """What Typer reads of a command's parameter; make hands its variables on in the environment."""
        option = typer.Option(f"--{self.name}", envvar=f"STOCKSEQ_{self.variable}", help=self.help, show_default=False)
        kind = inspect.Parameter.KEYWORD_ONLY
        return inspect.Parameter(self.name, kind, default=None, annotation=Annotated[str | None, option])

    def __str__(self) -> str:
        return f"{self.variable} (`--{self.name}`)"


# The one place where a setting gets its short name; the order is that of the help, and settings are set in it.
OPTIONS = {
    option.name: option
    for option in (
        Option("config", "CONFIG", "Settings file (default: stockseq.toml where there is one)"),
        Option("data", "DATA", "Data root: a folder or a deltalake URL", "data"),
        Option("source", "SOURCE", "yahoo, files, simulated, stocknet or a plug-in", "source"),
        Option("tickers", "TICKERS", "Tickers, separated by spaces", "tickers"),
        Option("files", "FILES", "Folder of the files or stocknet source", "<source>.folder"),
        Option("headlines", "HEADLINES", "Where headlines come from, such as yahoo, edgar, alpaca", "headlines_from"),
        Option("folds", "FOLDS", "Number of walk-forward folds", "folds.n_folds"),
        Option("horizon", "HORIZON", "Sessions a trade lasts, open to open, up to 63; 0: open to close", "label"),
        Option("seeds", "SEEDS", "Number of seeds in the ensemble", "training.n_seeds"),
        Option("now", "NOW", "The instant of the run, such as 2026-11-20T22:00:00Z (default: the clock)"),
        Option("since", "FROM", "The first day to ask headlines of (default: the first bar's, or 2015)"),
        Option("only", "ONLY", "1: train on TICKERS alone; without it they are added to the store's"),
        Option("model", "MODEL", "A model's id, as `make models` lists it"),
        Option("mode", "MODE", "scratch or finetune (from the champion)", default="scratch"),
        Option("accept", "ACCEPT", "Bars to accept, as `make doubts` lists them: TICKER or TICKER:SESSION"),
        Option("file", "FILE", "One file of bars or headlines"),
        Option("runs", "RUNS", "Runs to compare, by name, a unique beginning, or latest"),
        Option("run", "RUN_ID", "The run (default: the newest)"),
        Option("session", "SESSION", "The session that was forecast, such as 2021-03-04 (default: the run's newest)"),
        Option("head", "HEAD", "A head hash noted earlier, to be found in the chain"),
        Option("markets", "MARKETS", "Simulated markets of each kind (default: 6)"),
        Option("dataset", "DATASET", "stocknet", default="stocknet"),
        Option("at", "AT", "When to start, HH:MM of the exchange's clock (default: an hour before the decision)"),
        Option("by", "BY", "systemd, launchd or cron (default: what this machine has)"),
        Option("online", "ONLINE", "1: compare the clock with a server's, too"),
        Option("yes", "YES", "1: do it without asking"),
    )
}
# Of what a person reads; what was received may be of any length.
LONGEST_ERROR = 1500
# What make is given besides: any setting, and where Python lies.
MAKE_VARIABLES = (*(option.variable for option in OPTIONS.values()), "SET", "PYTHON", "VENV")
SET_ORIGIN = "from SET (`--set`)"
SET = inspect.Parameter(
    "set",
    inspect.Parameter.KEYWORD_ONLY,
    default=None,
    annotation=Annotated[
        list[str] | None,
        typer.Option("--set", metavar="NAME=VALUE", help="Any setting, such as network.units=16; may be repeated"),
    ],
)


def recipe(
    takes: str,
    *,
    name: str | None = None,
    overrides: Mapping[str, object] | None = None,
    remembers: bool = True,
) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Make a command of a function of the run's settings and instant.

    Parameters
    ----------
    takes : str
        Names of `OPTIONS`; any setting can be given besides. An option without a setting is handed to the function
        where it has a parameter of that name.
    name : str, optional
        Of the command; the function's by default.
    overrides : mapping, optional
        What the recipe sets over the settings file, dotted names to values; the command line goes over it.
    remembers : bool, default=True
        Whether the source of a store goes on where the settings name none; else the store isn't opened before.
    """
    options = [OPTIONS[name] for name in takes.split()]

    def register(function: Callable[..., None]) -> Callable[..., None]:
        # The first two are the settings and the instant.
        arguments = dict(list(inspect.signature(function).parameters.items())[2:])
        others = [argument for name, argument in arguments.items() if name not in OPTIONS]

        def command(**values: Any) -> None:
            with report_errors():
                # An empty make variable counts as not given.
                given = {option.name: values.pop(option.name) or option.default for option in options}
                settings, now = read_settings(given, values.pop("set") or (), overrides or {}, remembers=remembers)
                chosen = {name: value for name, value in given.items() if name in arguments}
                function(settings, now, **chosen, **values)

        parameters = [*(parameter.replace(kind=SET.kind) for parameter in others), *(o.parameter for o in options), SET]
        command.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
        command.__annotations__ = {parameter.name: parameter.annotation for parameter in parameters}
        command.__doc__ = function.__doc__
        app.command(name or function.__name__)(command)
        return function

    return register


def read_settings(
    given: Mapping[str, str | None],
    assigned: Sequence[str],
    overrides: Mapping[str, object],
    *,
    remembers: bool = True,
) -> tuple["Settings", "pd.Timestamp"]:
    """Return the settings and the instant of a run.

    Parameters
    ----------
    given : mapping
        Names of `OPTIONS` to what was given for them; None is not given.
    assigned : sequence of str
        Each `NAME=VALUE`; they come last, after those in make's SET.
    overrides : mapping
        What the recipe sets over the settings file.
    remembers : bool, default=True
        Whether the source that the store was filled from goes on.
    """
    from stockseq.config import load_settings, read_now
    from stockseq.source_choice import with_remembered_source

    check_variables(os.environ.get("STOCKSEQ_VARIABLES", "").split())
    named = given.get("config")
    path = Path(named or "stockseq.toml") if "config" in given else None
    if not named and path is not None and not path.exists():
        path = None
    settings = load_settings(path, overrides, assignments=[*_assignments(given), *_parse(assigned)], say=print_note)
    settings = with_remembered_source(settings) if remembers else settings
    now = given.get("now")
    if not now and settings.source == "simulated":
        from stockseq.sources.simulated import SimulatedSource

        # A simulated market ends; its own last morning is the time that makes sense there.
        return settings, SimulatedSource(settings.simulated).default_now
    return settings, read_now(now)


def _assignments(given: Mapping[str, str | None]) -> list["Assignment"]:
    from stockseq.config import Assignment

    return [
        Assignment(option.setting, given[name], f"from {option}")
        for name, option in OPTIONS.items()
        if option.setting and given.get(name)
    ]


def _parse(assigned: Sequence[str]) -> list["Assignment"]:
    from stockseq.config import Assignment

    try:
        words = shlex.split(os.environ.get("STOCKSEQ_SET", ""))
    except ValueError as error:
        raise SettingsError(f"SET can't be split into settings: {error}.") from error
    return [Assignment.parse(text, origin=SET_ORIGIN) for text in (*words, *assigned)]


def check_variables(names: Sequence[str]) -> None:
    """Refuse a misspelt make variable, which would run something else than was meant; HTTPS_PROXY and its like pass.

    Examples
    --------
    >>> check_variables(["HTTPS_PROXY", "TICKER"])
    Traceback (most recent call last):
    stockseq.errors.SettingsError: There is no make variable TICKER; did you mean TICKERS?
    """
    for name in names:
        near = difflib.get_close_matches(name.upper(), MAKE_VARIABLES, n=1, cutoff=0.66)
        if near and name not in MAKE_VARIABLES:
            raise SettingsError(f"There is no make variable {name}; did you mean {near[0]}?")


@contextmanager
def report_errors() -> Iterator[None]:
    """Turn what went wrong in the world into one sentence and an exit status."""
    try:
        yield
    except (StockseqError, OSError) as error:
        print_error(failure_sentence(error))
        sys.exit(exit_status(error))
    except KeyboardInterrupt:
        print_note("Stopped. The store is complete up to the last finished step; run the same command again to go on.")
        sys.exit(STOPPED)


def print_error(sentence: str) -> None:
    """Say what went wrong."""
    if len(sentence) > LONGEST_ERROR:
        sentence = f"{sentence[: LONGEST_ERROR // 2]} ... {sentence[-LONGEST_ERROR // 3 :]}"
    SafeConsole(stderr=True).print(f"[red]✗[/red] {escape(sentence)}")


def print_note(sentence: str) -> None:
    """Say what is no error, and not what was asked for either."""
    SafeConsole(stderr=True).print(escape(sentence))


def use_every_core(settings: "Settings") -> "Settings":
    """Return the settings of a run that is made of many tasks by themselves; workers that are set stay."""
    workers = settings.workers if settings.workers > 1 else os.cpu_count() or 1
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


@recipe("config data now")
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
    # TensorFlow reads these when it is loaded; the product speaks, not its libraries.
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "0")
    # It is no part of what we draw, and would warn of a cache folder that can't be written.
    logging.getLogger("matplotlib").setLevel(logging.ERROR)
    app()


if __name__ == "__main__":
    main()
