"""Whatever is wrong with what the command line is given: one sentence with the remedy, and the store as it was."""

import os
import subprocess
import sys
import tomllib
from importlib.metadata import EntryPoint, version
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from pipelines import __main__ as commands
from pipelines.__main__ import app
from pipelines.command_line import MAKE_VARIABLES, OPTIONS
from pipelines.daily import run_daily
from stockseq.config import Settings
from stockseq.store import Store
from tests.pipelines.small import write_settings

REPOSITORY = Path(__file__).parents[2]
NOW = "2024-03-08T22:00:00Z"
BARS = "ticker,date,open,high,low,close,volume\n"
GOOD = "AAPL,2024-03-04,10,11,9,10.5,100\n"
HEADLINES = "ticker,published_at,headline\n"
RECIPES = ("backtest", "daily", "demo", "import_files", "ledger", "maintain", "report", "train")


@pytest.fixture(autouse=True)
def _nothing_set(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No settings file and no make variable; the default data root lies in the test's own folder."""
    monkeypatch.chdir(tmp_path)
    for name in [name for name in os.environ if name.startswith("STOCKSEQ_")]:
        monkeypatch.delenv(name)


def refusal(*arguments: str, status: int = 1) -> str:
    """Run the command, which must refuse; return its one sentence."""
    result = CliRunner().invoke(app, arguments)
    assert isinstance(result.exception, SystemExit), result.exc_info
    assert result.exit_code == status
    return one_sentence(result.stderr)


def one_sentence(said: str) -> str:
    assert "Traceback" not in said
    (line,) = said.splitlines()
    assert line.startswith("✗ ")
    assert line.endswith((".", "?"))
    return line.removeprefix("✗ ")


UNATTENDED = {"daily": run_daily, "at": None}
TRAINED = {"mode": "scratch", "added": (), "only": None}


def recipe_call(monkeypatch: pytest.MonkeyPatch, function: str, *arguments: str) -> tuple[Settings, dict[str, Any]]:
    """Run the command with its recipe replaced; return the settings and the other arguments that it was handed."""
    calls: list[tuple[Settings, dict[str, Any]]] = []
    monkeypatch.setattr(f"pipelines.{function}", lambda settings, *_, **others: calls.append((settings, others)))
    result = CliRunner().invoke(app, arguments)
    assert result.exit_code == 0, result.stderr
    (call,) = calls
    return call


@pytest.mark.parametrize(
    ("arguments", "function", "settings", "others"),
    [
        ("daily", "unattended.run_unattended", ("simulated", "file", 3), UNATTENDED | {"due": False}),
        ("daily --source files --due", "unattended.run_unattended", ("files", "file", 3), UNATTENDED | {"due": True}),
        ("train --mode finetune", "train.run_train", ("simulated", "file", 3), TRAINED | {"mode": "finetune"}),
        ("train", "train.run_train", ("simulated", "file", 3), TRAINED),
        ("ablation --set workers=1", "ablation.run_ablation", ("simulated", "file", os.cpu_count()), {}),
        ("exam --markets 2", "exam.run_exam", ("simulated", "exam", 3), {"n_markets": "2"}),
        ("exam --data x", "exam.run_exam", ("simulated", "x", 3), {"n_markets": None}),
        ("benchmark", "benchmark.run_benchmark", ("stocknet", "file", 3), {"dataset": "stocknet"}),
        ("demo", "demo.run_demo", ("simulated", "demo", 1), {"daily": "run_daily", "backtest": "run_backtest"}),
        ("import --file x", "import_files.run_import", ("files", "file", 3), {"file": "x", "config": None}),
        ("ledger --head 0a", "ledger.run_ledger_check", ("simulated", "file", 3), {"check": False, "head": "0a"}),
        ("report --run x --no-open", "report.run_report", ("simulated", "file", 3), {"name": "x", "open_page": False}),
    ],
)
def test_a_recipe_is_handed_its_settings_and_arguments(
    monkeypatch: pytest.MonkeyPatch,
    arguments: str,
    function: str,
    settings: tuple[str, str, int],
    others: dict[str, Any],
) -> None:
    """What a recipe always sets goes over the file, and options over that; an empty make variable is not given."""
    Path("stockseq.toml").write_text("source = 'simulated'\ndata = 'file'\nworkers = 3\n")
    for variable in MAKE_VARIABLES:
        monkeypatch.setenv(f"STOCKSEQ_{variable}", "")
    found, given = recipe_call(monkeypatch, function, *arguments.split())
    assert (found.source, found.data, found.workers) == settings
    if arguments == "demo":
        assert {name: recipe.__name__ for name, recipe in given.items()} == others
    else:
        assert given == others


def test_any_setting_can_be_given_and_comes_last(monkeypatch: pytest.MonkeyPatch) -> None:
    """After file and options: first those of make's SET, which may hold spaces in quotes, then each `--set`."""
    Path("stockseq.toml").write_text("network.units = 4\nnetwork.lookback = 4\ndata = 'a'\ntraining.n_seeds = 4\n")
    monkeypatch.setenv("STOCKSEQ_SET", "network.units=5 network.lookback=5 data='my folder' features='[a.b, c]'")
    assigned = ["--set", "network.units=6", "--set", "training.epochs = 6"]
    settings, _ = recipe_call(monkeypatch, "report.list_runs", "runs", "--data", "b", *assigned)
    assert (settings.network.units, settings.network.lookback, settings.training.epochs) == (6, 5, 6)
    assert (settings.data, settings.features, settings.training.n_seeds) == ("my folder", ("a.b", "c"), 4)


def test_a_set_with_an_open_quote_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """Half of it would otherwise be a setting's value."""
    monkeypatch.setenv("STOCKSEQ_SET", "data='my folder")
    assert refusal("runs") == "SET can't be split into settings: No closing quotation."


def test_a_misspelt_make_variable_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make itself ignores it; a variable that is meant for other programs passes."""
    monkeypatch.setenv("STOCKSEQ_VARIABLES", "HTTPS_PROXY UV_INDEX_URL DATA TICKER")
    assert refusal("daily") == "There is no make variable TICKER; did you mean TICKERS?"
    assert no_folder()


def test_make_hands_on_every_variable() -> None:
    """One list in the Makefile, of the same names as the options'; values stay as they were typed."""
    probe = "include Makefile\nprobe:\n\t@env -0\n"
    given = ["SET=network.units=16 data='my folder' x=\"[a, 'b c']\"", "TICKERS=A B", "TICKER=A", "NOW="]
    bare = {name: value for name, value in os.environ.items() if not name.startswith(("STOCKSEQ", "MAKE", "MFLAGS"))}
    done = subprocess.run(
        ["make", "--no-print-directory", "-f", "-", "probe", *given],
        input=probe,
        cwd=REPOSITORY,
        env=bare | {"DATA": "from the environment"},
        capture_output=True,
        text=True,
        check=True,
    )
    pairs = [line.split("=", 1) for line in done.stdout.split("\0") if line.startswith("STOCKSEQ_")]
    handed = {name.removeprefix("STOCKSEQ_"): value for name, value in pairs}
    assert set(handed.pop("VARIABLES").split()) == {"SET", "TICKERS", "TICKER", "NOW"}
    assert (
        set(handed)
        == {option.variable for option in OPTIONS.values()} | {"SET"}
        == set(MAKE_VARIABLES)
        - {
            "PYTHON",
            "VENV",
        }
    )
    assert {name: value for name, value in handed.items() if value} == {
        "SET": given[0].removeprefix("SET="),
        "TICKERS": "A B",
        "DATA": "from the environment",
    }


def test_the_installed_command_is_the_same_application() -> None:
    """`stockseq daily` is `make daily`; `--version` says what is installed."""
    project = tomllib.loads((REPOSITORY / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert EntryPoint("stockseq", project["scripts"]["stockseq"], "console_scripts").load() is commands.main
    result = CliRunner().invoke(app, ["--version"])
    assert (result.exit_code, result.stdout) == (0, f"stockseq {version('stockseq')}\n")


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("tickrs = []", "Unknown setting `tickrs` in settings.toml; did you mean `tickers`?"),
        ("[daily]\nholdoot = 3", "Unknown setting `daily.holdoot` in settings.toml; did you mean `daily.holdout`?"),
        ("source = ", "settings.toml isn't valid TOML: Invalid value"),
        ("daily = 3", "Setting `daily` in settings.toml:"),
        ('history_from = "yesterday"', "Setting `history_from` in settings.toml:"),
        ('simulated.first_session = "soon"', "Setting `simulated.first_session` in settings.toml:"),
        ('decision = "at_noon"', "A decision policy reads before_open(30), after_close(30) or close_minus(15)"),
        ('exchange = "MOON"', "must be a code of exchange_calendars such as XNYS, received 'MOON'."),
        ('scorer = "vadar"', "The scorer must be one of ['vader', 'vader_finance'], received 'vadar'."),
        ('features = ["mine"]', "No plug-in `mine` in stockseq.features; there are: "),
        ('scheduler = "nonsense"', "The scheduler nonsense can't be reached: "),
    ],
)
def test_a_settings_file_with_a_fault_is_refused_at_the_fault(tmp_path: Path, text: str, sentence: str) -> None:
    """A misspelt setting that is silently ignored would be the worst of all."""
    (tmp_path / "settings.toml").write_text(text)
    assert sentence in refusal("daily", "--config", "settings.toml", "--source", "simulated", "--now", NOW)
    assert no_table()


def test_a_settings_file_that_is_not_there_is_refused() -> None:
    """Falling back to the defaults would run something else than was asked for."""
    assert refusal("daily", "--config", "none.toml").startswith("The settings file none.toml can't be read: No such")


@pytest.mark.parametrize("now", ["2024-03-08T10:00", "tomorrow", "now", "NaT", " ", "99999-01-01T00:00Z"])
def test_an_instant_without_its_zone_or_sense_is_refused(now: str) -> None:
    """An hour's error in the instant is a forecast made after its session opened."""
    expected = f"NOW must be an instant with its time zone, such as 2026-11-20T22:00:00Z, received {now!r}."
    assert refusal("daily", "--source", "simulated", "--now", now) == expected
    assert no_folder()


@pytest.mark.parametrize("now", ["1900-01-01T00:00Z", "2999-01-01T00:00Z"])
def test_an_instant_beyond_the_calendar_is_refused(now: str) -> None:
    """The calendars have no sessions there."""
    assert (
        refusal("daily", "--source", "simulated", "--now", now)
        == f"NOW must lie between 1990 and 2200, received {now!r}."
    )
    assert no_folder()


@pytest.mark.parametrize("ticker", ["../../x", "<script>alert(1)</script>", "[red]X[/red]"])
def test_a_ticker_that_is_none_is_refused_as_it_was_written(ticker: str) -> None:
    """It would become a file name, a web address and a piece of a page."""
    sentence = refusal("daily", "--source", "simulated", "--tickers", f"BANVEX {ticker}")
    assert sentence.startswith(
        "Setting `tickers` from TICKERS (`--tickers`): a ticker is at most 24 letters, digits and . ^ = - & _"
    )
    assert sentence.endswith(f"received {ticker!r}.")
    assert no_folder()


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("daily", "--source", "yaho"), "No plug-in `yaho` in stockseq.sources; did you mean `yahoo`?"),
        (
            ("backtest", "--folds", "abc"),
            "Setting `folds.n_folds` from FOLDS (`--folds`): Input should be a valid integer",
        ),
        (
            ("train", "--seeds", "0"),
            "from SEEDS (`--seeds`): Input should be greater than or equal to 1 (received '0').",
        ),
        (("train", "--mode", "both"), "MODE must be scratch or finetune, received 'both'."),
        (
            ("demo", "--seeds", "0"),
            "Setting `training.n_seeds` from SEEDS (`--seeds`): Input should be greater than or equal to 1",
        ),
        (("import", "--file", "none.csv"), "There is no file none.csv."),
        (("import", "--files", "nowhere"), "nowhere holds no bars or headlines file"),
        (("daily", "--source", "stocknet", "--files", "nowhere"), "nowhere must hold price/raw and tweet/raw"),
        (("daily", "--source", "simulated", "--data", "/proc/x"), "The data root /proc/x can't be created"),
        (("daily", "--source", "simulated", "--tickers", "AAPL"), "Not one of 1 ticker could be fetched"),
    ],
)
def test_a_value_out_of_place_is_refused(arguments: tuple[str, ...], sentence: str) -> None:
    """Whoever mistypes learns what was expected."""
    assert sentence in refusal(*arguments)
    assert no_table()


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("report", "--no-open"), "There is no store at {here}/data yet; a first run makes one, such as `make daily`."),
        (("runs",), "There is no store at {here}/data yet; a first run makes one, such as `make daily`."),
        (("models",), "There is no store at {here}/data yet; a first run makes one, such as `make daily`."),
        (("ledger",), "There is no store at {here}/data yet; a first run makes one, such as `make daily`."),
        (("ledger", "--verify"), "There is no store at {here}/data yet; a first run makes one, such as `make daily`."),
        (("maintain",), "There is no store at {here}/data yet; a first run makes one, such as `make daily`."),
    ],
)
def test_what_shows_a_store_makes_none(tmp_path: Path, arguments: tuple[str, ...], sentence: str) -> None:
    """A folder of a misspelt name would look like a store that lost everything."""
    assert refusal(*arguments) == sentence.format(here=tmp_path)
    assert no_folder()


def test_a_store_without_a_model_or_that_run_says_so() -> None:
    """Empty tables would leave the reader to guess."""
    Store("data")
    assert refusal("models") == "No model in the store data yet; `make daily` or `make train` trains the first."
    assert refusal("report", "--run", "mine").startswith("No run mine under data/runs; ")


@pytest.mark.parametrize("recipe", ["daily", "train", "backtest", "import", "maintain"])
def test_a_second_run_on_a_store_says_who_holds_it(tmp_path: Path, recipe: str) -> None:
    """Two at once would mix two instants."""
    (tmp_path / "bars.csv").write_text(BARS + GOOD)
    given = {"import": ("--file", "bars.csv"), "maintain": ()}.get(recipe, ("--source", "simulated"))
    with Store("data").lock():
        sentence = refusal(recipe, *given, status=75)
    assert sentence.startswith(f"Another run holds the store data: process {os.getpid()} on ")
    assert sentence.endswith(f"wait for it to end, or end it (kill {os.getpid()}), and run again.")


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        ("", "file.csv is empty; expected a table with a header and rows."),
        (BARS, "file.csv has no rows."),
        (BARS.replace("close", "clos") + GOOD, "file.csv lacks the columns `close` (did you mean `clos`?); it has "),
        (BARS + "<script>,2024-03-04,10,11,9,10.5,100\n", "file.csv holds no usable bar: not a ticker: '<script>'."),
        (BARS + "AAPL,2024-03-04,10,9,11,10,100\n", "file.csv holds no usable bar: high below open, low or close."),
        (BARS + "AAPL,2031-03-04,10,11,9,10,100\n", "file.csv holds no usable bar: after 2024-"),
        (
            HEADLINES + "AAPL,2024-03-04T10:00,Words\n",
            "file.csv: published_at has stamps that name no time zone (1 of 1), first 2024-03-04",
        ),
        (HEADLINES + "AAPL,2031-03-04T10:00Z,Words\n", "file.csv holds no usable headline: published after now."),
    ],
)
def test_a_file_without_a_usable_row_is_refused_and_nothing_is_stored(
    tmp_path: Path, content: str, sentence: str
) -> None:
    """And the store keeps what it held."""
    (tmp_path / "bars.csv").write_text(BARS + GOOD)
    assert CliRunner().invoke(app, ["import", "--file", "bars.csv", "--now", NOW]).exit_code == 0
    before = Store("data").versions()
    (tmp_path / "file.csv").write_text(content)
    assert refusal("import", "--file", "file.csv", "--now", NOW).startswith(sentence)
    assert Store("data").versions() == before


def test_rows_that_can_not_be_used_are_left_out_and_counted(tmp_path: Path) -> None:
    """One bad row must not cost the others, and none goes unmentioned."""
    bad = (
        "AAPL,2024-03-05,10,9,11,10,100\n<script>,2024-03-04,10,11,9,10.5,100\n../../x,2024-03-04,10,11,9,10.5,100\n"
        "AAPL,2024-03-11,10,11,9,10.5,100\n"
    )
    (tmp_path / "bars.csv").write_text(BARS + GOOD + bad)
    bars = CliRunner().invoke(app, ["import", "--file", "bars.csv", "--now", NOW])
    assert bars.exit_code == 0
    for words in (
        "1 read bars: high below open, low or close",
        "1 read bars: not a ticker: '<script>'",
        "1 read bars: not a ticker: '../../x'",
        "1 read bars: after 2024-03-08, the last session",
    ):
        assert words in bars.stdout
    news = "AAPL,2024-03-04T10:00Z,[red]<b>Kept</b>[/red]\n<script>,2024-03-04T10:00Z,x\nAAPL,2031-03-04T10:00Z,x\n"
    (tmp_path / "headlines.csv").write_text(HEADLINES + news)
    headlines = CliRunner().invoke(app, ["import", "--file", "headlines.csv", "--now", NOW])
    assert headlines.exit_code == 0
    assert "1 read headlines: not a ticker" in headlines.stdout
    assert "1 read headlines: published after now" in headlines.stdout
    store = Store("data")
    assert store.read("bars")[["ticker", "close"]].to_numpy().tolist() == [["AAPL", 10.5]]
    assert store.read("headlines")["text"].tolist() == ["[red]<b>Kept</b>[/red]"]


def test_a_yahoo_that_can_not_be_reached_is_one_sentence_and_no_table(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A train without a network is where many a first run happens; here a proxy where nobody listens."""
    settings = write_settings(
        tmp_path,
        {
            "source": "yahoo",
            "tickers": ["AAPL", "MSFT"],
            "yahoo.requests_per_second": 1000.0,
            "yahoo.retry_wait_s": 0.0,
            "yahoo.attempts": 1,
            "yahoo.cache_folder": str(tmp_path / "cache"),
        },
    )
    for name in ("HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "http_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    for name in ("NO_PROXY", "no_proxy"):
        monkeypatch.setenv(name, "")
    command = ["daily", "--config", str(settings), "--data", str(tmp_path / "data")]
    done = CliRunner().invoke(app, command)
    assert done.exit_code == 75
    sentence = one_sentence(done.stderr)
    assert sentence.startswith("Yahoo Finance can't be reached: ")
    assert sentence.endswith("Check the network and the proxy, or choose another source, such as SOURCE=files.")
    assert "Traceback" not in done.stdout
    assert no_table()


BLOCKER = """
import importlib, sys
class Blocked:
    def find_spec(self, name, path=None, target=None):
        if name in ("curl_cffi", "tensorflow", "keras"):
            raise ImportError(name)
sys.meta_path.insert(0, Blocked())
for name in sys.argv[1:]:
    try:
        importlib.import_module(name)
    except ImportError as error:
        print(name, "asks first for", error)
"""


def test_every_recipe_imports_curl_cffi_before_tensorflow() -> None:
    """The other way round, every request to Yahoo fails."""
    # What a recipe imports when a network must run, and others at once.
    late = ["stockseq.models.model", "stockseq.models.network_file", "stockseq.models.explaining"]
    names = [*(f"pipelines.{recipe}" for recipe in RECIPES), *late]
    done = subprocess.run(
        [sys.executable, "-c", BLOCKER, *names], cwd=REPOSITORY, capture_output=True, text=True, check=True
    )
    # What needs neither of them asks for none.
    asked = set(done.stdout.splitlines())
    assert asked <= {f"{name} asks first for curl_cffi" for name in names}
    assert {f"{name} asks first for curl_cffi" for name in ("pipelines.backtest", *late)} <= asked
    assert "pipelines.daily" not in done.stdout


def no_folder() -> bool:
    return not Path("data").exists()


def no_table() -> bool:
    """The data root, if there is one, holds at most its mark and its lock."""
    return no_folder() or {path.name for path in Path("data").iterdir()} <= {"stockseq-store.txt", ".lock"}


def test_a_mistyped_recipe_is_answered_in_whole_sentences() -> None:
    """A question keeps its mark, and gets no full stop behind it."""
    result = CliRunner().invoke(app, ["dayly"])
    assert result.exit_code == 2
    assert "Did you mean 'daily'? `python -m pipelines --help`" in " ".join(result.stderr.split())
