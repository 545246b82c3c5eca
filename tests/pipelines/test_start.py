"""What a fresh process loads before it does anything: a list of runs or a help text waits for no library of models."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.pipelines.small import SMALL, write_settings

REPOSITORY = Path(__file__).parents[2]
# Each takes a tenth of a second to several seconds to load.
MODELS = {"tensorflow", "keras", "sklearn", "statsmodels", "arch", "scipy", "ta", "distributed"}
CLIENTS = {"yfinance", "curl_cffi", "requests", "urllib3", "smtplib"}
DATA = {"pandas", "numpy", "pyarrow", "deltalake", "exchange_calendars"}
PAGES = {"jinja2", "plotly"}


def loaded(code: str, *arguments: str, expected: str = "") -> set[str]:
    """Return the top-level modules that a fresh process has loaded after the code, which says what is expected."""
    ending = "import sys\nprint()\nprint(*{name.partition('.')[0] for name in sys.modules})"
    done = subprocess.run(
        [sys.executable, "-c", f"{code}\n{ending}", *arguments],
        cwd=REPOSITORY, check=True, capture_output=True, text=True,
    )  # fmt: skip
    assert expected in done.stdout
    return set(done.stdout.splitlines()[-1].split())


def command(*arguments: str, expected: str = "") -> set[str]:
    """Return what the command line has loaded when it is done."""
    code = "from pipelines.__main__ import app\ntry:\n    app()\nexcept SystemExit:\n    pass"
    return loaded(code, *arguments, expected=expected)


def test_the_front_door_loads_nothing():
    """`import stockseq` is paid by everyone who asks for one name of it."""
    assert not loaded("import stockseq") & (MODELS | CLIENTS | DATA | PAGES | {"pydantic", "typer", "rich"})


@pytest.mark.parametrize("arguments", [["--help"], ["daily", "--help"], ["--version"], ["dayly"]])
def test_help_loads_no_data_library(arguments):
    """Nor does a word about a mistyped command."""
    assert not command(*arguments) & (MODELS | CLIENTS | DATA | PAGES)


def test_a_list_of_runs_loads_neither_models_nor_tables(begun):
    """It is read from the folders of the runs: no store is opened, no calendar worked out, no figure computed."""
    modules = command("runs", "--data", begun.data)
    assert "pandas" in modules
    assert not modules & (MODELS | CLIENTS | PAGES | {"deltalake", "exchange_calendars"})


def test_a_morning_with_nothing_new_loads_no_network(begun, mornings, tmp_path):
    """TensorFlow is loaded only if a network must run, and no statistics, no page either."""
    config = write_settings(tmp_path, SMALL)
    modules = command(
        "daily", "--config", str(config), "--data", begun.data, "--now", mornings[0].isoformat(), expected="Nothing new"
    )
    assert {"pandas", "deltalake", "exchange_calendars"} <= modules
    assert not modules & ((MODELS | CLIENTS | PAGES) - {"scipy", "ta"})
