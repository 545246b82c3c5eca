"""Every command and every line of code that the README shows, run as it stands there."""

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from importlib import import_module
from pathlib import Path
from types import MappingProxyType, ModuleType

import pandas as pd
import pytest

import stockseq as sq
from stockseq.sessions import DecisionPolicy
from stockseq.sources.simulated import SimulatedMarket
from stockseq.store import TABLES
from tests.demo_digest import digest
from tests.edgar_server import EdgarServer, Filed, ListedFiler
from tests.pipelines.small import SMALL, write_settings
from tests.yahoo_server.market import View
from tests.yahoo_server.server import YahooServer
from tests.yahoo_server.simulated import SimulatedListings

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
MARKET = SimulatedMarket(n_sessions=SMALL["simulated.n_sessions"], n_tickers=6)
CODE = re.findall(r"^```(\w+)\n(.*?)^```", README, flags=re.MULTILINE | re.DOTALL)
COMMANDS = [
    line.split("#")[0].strip() for language, block in CODE if language == "sh" for line in block.splitlines() if line
]


class Renamed(SimulatedListings):
    """The simulated market under the names that the README uses."""

    def view(self, ticker: str, now: pd.Timestamp) -> View | None:
        """Return one of the market's tickers, always the same one for a name."""
        names = ["AAPL", "MSFT", "NVDA", "KO"]
        return super().view(MARKET.tickers[names.index(ticker)], now) if ticker in names else None


@pytest.fixture(scope="module")
def edgar() -> Iterator[EdgarServer]:
    """The filings of a week of the tickers that the README names, on loopback."""
    names = ("AAPL", "MSFT", "NVDA", "KO")
    filed = [Filed(pd.Timestamp(f"{session:%Y-%m-%d}T21:05Z"), "2.02,9.01") for session in MARKET.sessions[-9:-4]]
    with EdgarServer([ListedFiler(n, [name], f"{name} INC", filed) for n, name in enumerate(names, start=1)]) as server:
        yield server


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory, edgar: EdgarServer) -> Path:
    """A copy of the project, with the virtual environment that is there and small settings."""
    place = tmp_path_factory.mktemp("clone") / "stockseq"
    tracked = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True).stdout.split()
    for name in tracked:
        (place / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(ROOT / name, place / name)
    (place / ".venv").symlink_to(ROOT / ".venv")
    # A copy older than the environment: make installs nothing from here into an environment that others use.
    for name in ("pyproject.toml", "requirements.lock", "requirements-dev.lock"):
        os.utime(place / name, (0, 0))
    folder = place / "my-folder"
    folder.mkdir()
    bars = MARKET.bars.rename(columns={"session": "date"})
    bars[["ticker", "date", "open", "high", "low", "close", "volume"]].to_csv(folder / "bars.csv", index=False)
    headlines = MARKET.headlines.rename(columns={"text": "headline"})
    headlines[["ticker", "published_at", "headline"]].to_csv(folder / "headlines.csv", index=False)
    settings = {name: value for name, value in SMALL.items() if not name.startswith(("source", "simulated"))}
    fast = {"yahoo.requests_per_second": 2000, "yahoo.timeout_s": 20, "yahoo.cache_folder": str(place / "cache")}
    filings = {"edgar.url": edgar.url, "edgar.data_url": edgar.url, "edgar.contact": "Jane Doe jane@example.com"}
    write_settings(place, {**settings, **fast, **filings, "history_from": MARKET.first_session})
    return place


@pytest.fixture(scope="module")
def environment(place: Path) -> Iterator[dict[str, str]]:
    """Variables with which a command takes the loopback Yahoo for the real one, and a past morning for today."""
    morning = MARKET.calendar.decision_at(DecisionPolicy())[MARKET.sessions[-1]] - pd.Timedelta(minutes=10)
    with YahooServer(Renamed(MARKET), now=morning, folder=place, calendar=MARKET.calendar) as server:
        told = {"CONFIG": "settings.toml", "NOW": morning.isoformat(), "SEEDS": "1", "FOLDS": "1"}
        bare = {
            name: value for name, value in os.environ.items() if not name.startswith(("STOCKSEQ", "MAKE", "MFLAGS"))
        }
        yield {**bare, **server.environment(), **told}


def test_the_commands_are_found() -> None:
    """Guards the test itself: a README in another form would make it run nothing."""
    assert COMMANDS[:2] == ["make demo", "make test"]
    assert len(COMMANDS) >= 7


@pytest.fixture(scope="module")
def demo(place: Path, environment: dict[str, str]) -> Path:
    """What the README's commands left of the demo: each is run in its order, as a reader would type it."""
    head = ""
    for command in COMMANDS:
        if command == "make test":
            continue
        # Its figures are those of its own settings.
        told = () if command != "make demo" else ("CONFIG", "NOW", "SEEDS", "FOLDS")
        run = subprocess.run(
            ["sh", "-c", re.sub(r"HEAD=\S+", f"HEAD={head}", command)],
            cwd=place,
            env={name: value for name, value in environment.items() if name not in told},
            capture_output=True,
            text=True,
            check=False,
            timeout=500,
        )
        assert run.returncode == 0, f"{command}\n{run.stdout[-3000:]}\n{run.stderr[-3000:]}"
        assert "Traceback" not in run.stderr
        assert "WARNING" not in run.stderr
        if command == "make ledger":
            head = re.search(r"Head: (\w+)", run.stdout)[1]
    return place / "demo"


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_every_command_of_the_readme_runs_and_the_demo_gives_what_it_gave(demo: Path) -> None:
    """`demo_0_3_0.json` is the digest of the same command when the gradient of the words became dense."""
    before = json.loads((ROOT / "tests" / "demo_0_3_0.json").read_text(encoding="utf-8"))
    now = digest(demo)
    assert now.keys() == before.keys()
    # Across processors the last digits of a fit may differ; on one machine they don't.
    assert {run: pytest.approx(figures, rel=1e-6) for run, figures in before.items()} == now


BASELINE_PARTS = ("baselines", "baseline_ranking")


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_the_table_of_the_readme_has_the_figures_of_the_demo(demo: Path) -> None:
    """The digest alone let them part: it was renewed once, and the table was not."""
    (run,) = (demo / "runs").glob("2*-backtest")
    found = json.loads((run / "metrics.json").read_text(encoding="utf-8"))
    base_rate = found["baselines"]["majority"]["accuracy"]
    named = {
        "stockseq": (found["forecast"], found["ranking"]),
        "gradient boosting, same windows": [found[part]["gradient_boosting"] for part in BASELINE_PARTS],
        "logistic regression, same windows": [found[part]["logistic"] for part in BASELINE_PARTS],
    }
    for name, (scores, ranking) in named.items():
        low, high = scores["accuracy_ci"]
        accuracy = f"{scores['accuracy']:.1%} | {100 * low:.1f} to {high:.1%} | {base_rate:.1%}"
        rank_ic = f"{ranking['rank_ic']:.3f}".removeprefix("0")
        assert f"| {name} | {accuracy} | {scores['log_loss']:.4f} | {rank_ic} |" in README


def run_first_block(changes: Mapping[str, str] = MappingProxyType({})) -> str:
    """Run the README's first code, with each of `changes` made, in a fresh process; return what its results say."""
    block = next(block for language, block in CODE if language == "python")
    for old, new in changes.items():
        assert block.count(old) == 1, old
        block = block.replace(old, new)
    first, rest = block.split("\n", 1)
    check = (
        "import sys\n"
        "heavy = {'tensorflow', 'yfinance', 'curl_cffi', 'pandas', 'stockseq.workspace'} & set(sys.modules)\n"
        "assert not heavy, heavy\n"
    )
    code = "\n".join([first, check, rest, "print(result, account, sep='\\n')"])
    run = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr[-3000:]
    return run.stdout


def test_the_ten_lines_run_in_a_fresh_process_and_load_one_module_at_first() -> None:
    """The README's first code on a smaller market; importing it loads neither TensorFlow nor a network client.

    The audit, which takes a minute, is only named; tests/audit runs it in memory.
    """
    tiny = "n_seeds=1, epochs=1"
    small = {
        "n_tickers=20": "n_tickers=6",
        "n_sessions=900": "n_sessions=640",
        "n_seeds=3": tiny,
        "n_folds=2": "n_folds=1",
        "sq.audit(market)": "sq.audit",
        # Five networks of thirty epochs, which take longer than all the rest.
        'before="temporal_convolution"': f'before="temporal_convolution", {tiny}',
    }
    assert "WalkForwardResult(" in run_first_block(small)


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_the_ten_lines_run_as_they_stand() -> None:
    """Of 900 sessions 325 are tested, by 20 tickers."""
    assert "WalkForwardResult(6,500 forecasts of 2 folds" in run_first_block()


def test_every_target_of_the_readme_is_in_the_makefile() -> None:
    """A command in running text is typed just as often."""
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), flags=re.MULTILINE))
    assert set(re.findall(r"`make ([a-z-]+)", README)) <= targets


def test_every_public_name_is_documented_and_loads() -> None:
    """About twenty names, each with a docstring and none that is missing."""
    assert len(sq.__all__) <= 25
    import_module("stockseq.backtest.account")
    import_module("stockseq.audit.run")
    for name in sq.__all__:
        value = getattr(sq, name)
        assert not isinstance(value, ModuleType), name
        assert isinstance(value, tuple) or (value.__doc__ or "").strip(), name
    with pytest.raises(AttributeError, match="no attribute 'backtests'"):
        sq.backtests  # noqa: B018


def test_every_table_is_listed_under_operations() -> None:
    """Whoever backs up or reads a store looks there."""
    operations = (ROOT / "docs/operations.md").read_text(encoding="utf-8")
    assert [name for name in TABLES if f"`{name}/`" not in operations] == []


def test_the_links_of_the_readme_lead_somewhere() -> None:
    """A page that was moved is found by nobody."""
    for target in re.findall(r"\]\((?!http)([^)#]+)\)", README):
        assert (ROOT / target).exists(), target
