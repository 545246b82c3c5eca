"""Small pieces of a store's life, each with the store before it and what it makes where nothing disturbs it."""

import shutil
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from multiprocessing.util import Finalize
from pathlib import Path

import pandas as pd

from stockseq.sessions import DecisionPolicy
from stockseq.sources.simulated import SimulatedMarket
from tests.campaign.file_faults.notes import Call, read_notes
from tests.campaign.file_faults.preload import require_library
from tests.campaign.forked_command import Faults, ForkedRun, fork_server
from tests.campaign.whole_store import contents
from tests.pipelines.small import SMALL, write_settings

N_TICKERS = 3
SETTINGS = {**SMALL, "simulated.n_tickers": N_TICKERS, "training.n_seeds": 1}


@dataclass(frozen=True)
class Work:
    """One run of the command on a store.

    Parameters
    ----------
    name : str
    arguments : sequence of str
        Of the command, without `--data`.
    before : Path or None
        The data root as it is before; None is none.
    after : Path
        The data root where nothing disturbed the run.
    tables : mapping of table to DataFrame
        Its tables.
    stored : mapping of table to DataFrame
        The tables before.
    calls : sequence of Call
        The run's calls that change files.
    """

    name: str
    arguments: Sequence[str]
    before: Path | None
    after: Path
    tables: dict[str, pd.DataFrame]
    stored: dict[str, pd.DataFrame]
    calls: Sequence[Call]

    def lay_out(self, data: Path) -> None:
        """Make the store as it is before the run."""
        if self.before is not None:
            copy_store(self.before, data)

    def start(self, data: Path, *, faults: Faults | None = None, server: int = 0) -> ForkedRun:
        """Start the run on a data root."""
        return fork_server(server).start([*self.arguments, "--data", str(data)], faults=faults)


def copy_store(data: Path, copy: Path) -> Path:
    """Copy a data root."""
    return Path(shutil.copytree(data, copy, symlinks=True))


@cache
def mornings() -> list[str]:
    """Return ten minutes before the decision of each of the small market's last five sessions."""
    market = SimulatedMarket(n_sessions=SETTINGS["simulated.n_sessions"], n_tickers=N_TICKERS)
    decided = market.calendar.decision_at(DecisionPolicy())
    return [(decided[session] - pd.Timedelta(minutes=10)).isoformat() for session in market.sessions[-5:]]


@cache
def workshop() -> Path:
    """Return a folder of this process, removed at its end."""
    folder = Path(tempfile.mkdtemp(prefix="campaign-work-"))
    Finalize(None, shutil.rmtree, (folder, True), exitpriority=5)
    return folder


@cache
def settings_file() -> Path:
    """Return the settings of the small market."""
    return write_settings(workshop(), SETTINGS)


def daily(morning: int) -> list[str]:
    """Return the arguments of a morning."""
    return ["daily", "--config", str(settings_file()), "--now", mornings()[morning]]


@cache
def first_morning() -> Work:
    """On no store: all bars, scores, features, a training, the first forecasts."""
    return _do("first morning", daily(0), None)


@cache
def second_morning() -> Work:
    """The next day: a session more, the first outcomes."""
    return _do("second morning", daily(1), first_morning().after)


@cache
def training() -> Work:
    """A retraining on the store of two mornings, that of the second session."""
    arguments = ["train", "--config", str(settings_file()), "--now", mornings()[2]]
    return _do("training", arguments, second_morning().after)


@cache
def correcting_import() -> Work:
    """Files with corrected bars, a split and a dividend, a headline more, over a first import of them."""
    folder = workshop() / "files"
    _write_files(folder, corrected=False)
    arguments = ["import", "--files", str(folder), "--now", "2024-07-01T20:00:00Z"]
    first = _do("first import", arguments, None)
    _write_files(folder, corrected=True)
    return _do("correcting import", [*arguments[:-1], "2024-07-02T20:00:00Z"], first.after)


WORKS: dict[str, Callable[[], Work]] = {
    "first morning": first_morning,
    "second morning": second_morning,
    "training": training,
    "correcting import": correcting_import,
}


def _do(name: str, arguments: Sequence[str], before: Path | None) -> Work:
    """Run it once, undisturbed, and note its calls."""
    require_library()
    folder = workshop() / name.replace(" ", "-")
    folder.mkdir()
    data, notes = folder / "data", folder / "notes"
    if before is not None:
        copy_store(before, data)
    # The folder above is watched too: a name in it has to be safe as well.
    run = fork_server(0).start([*arguments, "--data", str(data)], faults=Faults(folder, notes))
    assert run.end() == 0, run.said
    stored = contents(before) if before is not None else {}
    return Work(name, arguments, before, data, contents(data), stored, read_notes(notes))


def _write_files(folder: Path, *, corrected: bool) -> None:
    """Write 60 sessions of two tickers; corrected, a close differs, a session and an action are new."""
    folder.mkdir(exist_ok=True)
    sessions = (
        pd.bdate_range("2024-03-01", "2024-05-31").drop(pd.Timestamp("2024-03-29")).drop(pd.Timestamp("2024-05-27"))
    )
    rows = []
    for offset, ticker in enumerate(("AAA", "BBB")):
        for number, session in enumerate(sessions if corrected else sessions[:-1]):
            close = 50.0 + 10 * offset + (number * 7 % 11) / 4
            close += 0.5 if corrected and number == 20 else 0.0
            dividend = 0.25 if corrected and number == len(sessions) - 1 else 0.0
            rows.append([ticker, session.date(), close, close + 1, close - 1, close, 1000.0 + number, dividend, 0.0])
    names = ["ticker", "date", "open", "high", "low", "close", "volume", "dividends", "splits"]
    pd.DataFrame(rows, columns=names).to_csv(folder / "bars.csv", index=False)
    headlines = [("AAA", "2024-04-02T14:00:00Z", "Profit rises"), ("BBB", "2024-04-03T14:00:00Z", "Profit falls")]
    frame = pd.DataFrame(headlines[: 2 if corrected else 1], columns=["ticker", "published_at", "headline"])
    frame.to_csv(folder / "headlines.csv", index=False)
