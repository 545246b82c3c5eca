"""What every command takes, and how it ends: options, settings and the instant of a run, errors as one sentence."""

import difflib
import inspect
import os
import shlex
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
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

    check_variables(os.environ.get("STOCKSEQ_VARIABLES", "").split())
    named = given.get("config")
    path = Path(named or "stockseq.toml") if "config" in given else None
    if not named and path is not None and not path.exists():
        path = None
    settings = load_settings(path, overrides, assignments=[*_assignments(given), *_parse(assigned)], say=print_note)
    if remembers:
        from stockseq.source_choice import with_remembered_source

        settings = with_remembered_source(settings)
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
