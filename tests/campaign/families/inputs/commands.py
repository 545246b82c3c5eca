"""Command lines, make variables, names of folders and terminals: a status, one sentence, and the folder as it was."""

import contextlib
import os
import random
import subprocess
import sys
from collections.abc import Mapping
from functools import partial
from pathlib import Path

import pandas as pd
from typer.testing import CliRunner

from pipelines.__main__ import app
from pipelines.command_line import MAKE_VARIABLES, OPTIONS
from stockseq.errors import StoreError
from stockseq.schemas import as_bars
from stockseq.store import Store
from tests.campaign.case import Case
from tests.campaign.families.inputs.letters import ALPHABETS, draw_text, require_harmless, require_sentence
from tests.campaign.families.inputs.settings_values import INSTANTS, VALUES

REPOSITORY = Path(__file__).parents[4]
# They read, and say at once that there is nothing to read.
RECIPES = ("runs", "models", "report", "ledger", "maintain", "settings", "remove", "promote")
# A folder may be called any of these; where a store can't lie, it says so.
FOLDERS = (
    *"[]{}()<>|\\^`~!@#$%&*+=;:'\"?,",
    "%20",
    "%2F",
    "a b",
    " a",
    "a ",
    "[red]",
    "[/]",
    "株",
    "é",
    "\n",
    "\t",
    "\x1b",
    "\u202e",
    "x" * 200,
    "x" * 300,
)
ENCODINGS = ("ascii", "iso-8859-1", "cp1252", "utf-8")
BARS = "date,open,high,low,close,volume\n2024-03-04,10,11,9,10.5,100\n2024-03-05,10,11,9,10.5,100\n"


def cases() -> list[Case]:
    """Return the cases of command lines."""
    lines = [Case(f"command lines, part {n}", partial(_lines, 120), n_inputs=120) for n in range(1, 4)]
    few = Case("command lines, a few", partial(_lines, 20), n_inputs=20, short=True)
    terminals = [Case(f"a terminal in {name}", partial(_terminal, name)) for name in ENCODINGS]
    return [
        *lines,
        few,
        Case("names of data roots", _folders, n_inputs=len(FOLDERS)),
        *terminals,
        Case("a cache folder that can't be written", _cache),
    ]


def _lines(n: int, folder: Path, seed: int) -> str:
    """Options and make variables with texts of every kind."""
    random_ = random.Random(seed)
    statuses: dict[int, int] = {}
    for _ in range(n):
        words, variables = [random_.choice(RECIPES)], {}
        for _ in range(random_.randint(0, 3)):
            name = random_.choice((*OPTIONS, "set", "x", "help", "verify"))
            words += [f"--{name}", _word(random_)]
        if random_.random() < 0.4:
            variables[f"STOCKSEQ_{random_.choice(MAKE_VARIABLES)}"] = _word(random_)
        with contextlib.chdir(folder):
            status = _run(words, variables)
        statuses[status] = statuses.get(status, 0) + 1
    assert not list(folder.iterdir()), f"left behind: {list(folder.iterdir())[:3]}"
    return f"{n} command lines ended with {statuses}"


def _run(words: list[str], variables: Mapping[str, str]) -> int:
    result = CliRunner().invoke(app, words, env=dict(variables))
    shown = f"{words!r} {variables!r}"[:300]
    assert result.exception is None or isinstance(result.exception, SystemExit), f"{shown}: {result.exception!r}"
    assert result.exit_code in (0, 1, 2, 75), f"{shown}: {result.exit_code}"
    require_harmless(result.output)
    if result.exit_code:
        require_sentence(result.stderr)
    return result.exit_code


def _word(random_: random.Random) -> str:
    text = random_.choice(
        (random_.choice(VALUES), random_.choice(INSTANTS), draw_text(random_, random_.choice([*ALPHABETS])))
    )
    # No command line holds a zero byte, nor does the environment; bytes that are no UTF-8 come as halves of pairs.
    text = text.replace("\0", "")[:20_000]
    return "".join(letter for letter in text if not "\ud800" <= letter <= "\udfff" or "\udc80" <= letter <= "\udcff")


def _folders(folder: Path, seed: int) -> str:
    """A store lies where it was named, and is read from there, or says that it can't lie there."""
    bars = as_bars(
        pd.DataFrame(
            {
                "ticker": "KOLA",
                "session": pd.to_datetime(["2024-03-04"]),
                "open": 10.0,
                "high": 11.0,
                "low": 9.0,
                "close": 10.5,
            }
        ).assign(volume=1e6, source="files", fetched_at=pd.Timestamp("2024-03-05", tz="UTC"))
    )
    refused = []
    for name in FOLDERS:
        above = folder / "stores"
        above.mkdir()
        try:
            root = above / f"a{name}b"
            Store(root).append_vintages("bars", bars)
            assert Store(root, create=False).bars(["KOLA"])["close"].tolist() == [10.5]
            assert [path.name for path in above.iterdir()] == [root.name], f"{name!r} was read as another name"
            for path in sorted(above.rglob("*"), reverse=True):
                path.rmdir() if path.is_dir() else path.unlink()
        except (StoreError, OSError) as error:
            refused.append(name)
            if list(above.iterdir()) or not str(error):
                raise AssertionError(f"{name!r} was refused, and made all the same") from error
        above.rmdir()
    return f"{len(FOLDERS) - len(refused)} names hold a store, {len(refused)} are refused"


def _terminal(encoding: str, folder: Path, seed: int) -> str:
    """An import speaks to a terminal of any encoding, and so does its refusal."""
    (folder / "KOLA.csv").write_text(BARS, encoding="utf-8")
    variables = {
        **os.environ,
        "PYTHONIOENCODING": encoding,
        "LANG": "C",
        "LC_ALL": "C",
        "PYTHONUTF8": "0",
        "PYTHONPATH": str(REPOSITORY),
    }
    for words, status in ((["--file", "KOLA.csv"], 0), (["--file", "caf\u00e9-\u682a-\u202e.csv"], 1)):
        command = [
            sys.executable,
            "-m",
            "pipelines",
            "import",
            *words,
            "--data",
            "data",
            "--now",
            "2024-11-20T22:00:00Z",
        ]
        run = subprocess.run(
            [word.encode() for word in command], cwd=folder, env=variables, capture_output=True, check=False
        )
        said = (run.stdout + run.stderr).decode(encoding)
        assert run.returncode == status, said
        assert "Traceback" not in said
        require_harmless(said)
    return f"spoke {encoding}"


def _cache(folder: Path, seed: int) -> str:
    """A morning with Yahoo names the setting of the cache that it can't write, and leaves no store behind."""
    (folder / "file").write_text("no folder")
    variables = {**os.environ, "XDG_CACHE_HOME": str(folder / "file"), "PYTHONPATH": str(REPOSITORY)}
    command = [sys.executable, "-m", "pipelines", "daily", "--source", "yahoo", "--tickers", "KOLA", "--data", "store"]
    run = subprocess.run(command, cwd=folder, env=variables, capture_output=True, text=True, check=False)
    assert run.returncode == 1, run.stdout + run.stderr
    require_sentence(run.stderr)
    assert "yahoo.cache_folder" in run.stderr
    assert not (folder / "store").exists()
    return run.stderr[:120]
