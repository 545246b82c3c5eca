"""The recipes show first, install once, and take away what they wrote; scripts play the schedulers."""

import os
from pathlib import Path

import pytest
from typer.testing import CliRunner

from pipelines.__main__ import app

NOW = ("--now", "2026-11-27T12:00:00Z")
# Each notes what it was asked; the crontab lies in a file.
SYSTEMCTL = '#!/bin/sh\necho "systemctl $*" >> "$FAKES/asked"\ncase "$*" in *enable*) exit "${FAIL:-0}";; esac\n'
CRONTAB = """#!/bin/sh
echo "crontab $*" >> "$FAKES/asked"
case "$1" in
  -l) [ -f "$FAKES/tab" ] || { echo "no crontab for me" >&2; exit 1; }; cat "$FAKES/tab";;
  -) cat > "$FAKES/tab";;
esac
"""


@pytest.fixture
def fakes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home and a folder of our own, and scripts in place of the schedulers that note what they are asked."""
    for name in [name for name in os.environ if name.startswith("STOCKSEQ_")]:
        monkeypatch.delenv(name)
    folder = tmp_path / "fakes"
    folder.mkdir()
    for name, script in (("systemctl", SYSTEMCTL), ("crontab", CRONTAB)):
        (folder / name).write_text(script)
        (folder / name).chmod(0o755)
    monkeypatch.setenv("FAKES", str(folder))
    monkeypatch.setenv("PATH", f"{folder}:/usr/bin:/bin")
    for name in ("CONFIG", "STATE"):
        monkeypatch.setenv(f"XDG_{name}_HOME", str(tmp_path / name.lower()))
    monkeypatch.setattr("sys.platform", "linux")
    (tmp_path / "work").mkdir()
    monkeypatch.chdir(tmp_path / "work")
    return folder


def run(*arguments: str, status: int = 0) -> str:
    result = CliRunner().invoke(app, [*arguments, *NOW])
    assert result.exit_code == status, result.output
    return result.stdout + result.stderr


def asked(fakes: Path) -> list[str]:
    path = fakes / "asked"
    lines = path.read_text().splitlines() if path.exists() else []
    path.unlink(missing_ok=True)
    return lines


def test_without_a_terminal_it_only_shows(fakes: Path, tmp_path: Path) -> None:
    """Every file and command is on the screen, and none is written or run."""
    said = run("schedule")
    assert "OnCalendar=Mon,Tue,Wed,Thu,Fri *-*-* 08:00:00 America/New_York" in said
    assert "$ systemctl --user enable --now stockseq-daily-" in said
    assert "Nothing was done" in said
    assert ("you are root" in said) == (os.geteuid() == 0)
    assert asked(fakes) == ["systemctl --user show-environment"]
    assert not (tmp_path / "config").exists()


def test_a_timer_is_installed_once_and_taken_away_alone(fakes: Path, tmp_path: Path) -> None:
    """A unit of somebody else's in the same folder stays, and so does one under our name without our mark."""
    units = tmp_path / "config" / "systemd" / "user"
    units.mkdir(parents=True)
    (units / "other.timer").write_text("theirs")
    assert "Installed" in run("schedule", "--yes", "1")
    first = {path.name: path.read_text() for path in units.iterdir()}
    name = next(name for name in first if name.endswith(".service"))
    assert asked(fakes)[1:3] == [
        "systemctl --user daemon-reload",
        f"systemctl --user enable --now {name.replace('service', 'timer')}",
    ]
    assert "exactly this is installed already" in run("schedule", "--yes", "1")
    assert {path.name: path.read_text() for path in units.iterdir()} == first
    assert "another version of it" in run("schedule", "--at", "08:20", "--yes", "1")
    assert len(list(units.iterdir())) == 3
    assert "--at" in (units / name).read_text()
    said = run("unschedule", "--yes", "1")
    assert f"Taken away: {units / name}" in said.replace("\n", "")
    assert [path.name for path in units.iterdir()] == ["other.timer"]
    assert "Nothing is scheduled" in run("unschedule", "--yes", "1")
    (units / name).write_text("theirs")
    assert "wasn't written by stockseq, so it stays" in run("schedule", "--yes", "1", status=1)
    assert (units / name).read_text() == "theirs"


def test_a_scheduler_that_refuses_is_one_sentence(fakes: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With the command and its status, so that it can be tried by hand."""
    monkeypatch.setenv("FAIL", "5")
    said = run("schedule", "--yes", "1", status=1)
    assert "failed with status 5: it said nothing." in said


def test_cron_takes_over_where_there_is_no_user_manager(fakes: Path) -> None:
    """And gives the crontab back as it was."""
    (fakes / "systemctl").unlink()
    (fakes / "tab").write_text("5 5 * * * theirs\n")
    run("schedule", "--yes", "1", "--by", "cron", "--data", "my data")
    tab = (fakes / "tab").read_text()
    assert tab.startswith("5 5 * * * theirs\n# BEGIN stockseq-daily-")
    assert "my data" in tab
    assert "Nothing is scheduled" in run("unschedule", "--yes", "1")
    assert "Taken away" in run("unschedule", "--yes", "1", "--data", "my data")
    assert (fakes / "tab").read_text() == "5 5 * * * theirs\n"


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (("--set", "decision=before_open(60)"), "which the scheduled run wouldn't have; write it into stockseq.toml"),
        (("--by", "at"), "BY names a scheduler"),
        (("--at", "8"), "AT must be a time"),
        (("--yes", "no"), "YES is 1 or left out"),
    ],
)
def test_what_can_not_be_scheduled_is_refused(fakes: Path, arguments: tuple[str, ...], expected: str) -> None:
    """Before anything is written."""
    assert expected in run("schedule", *arguments, status=1)
    assert not (fakes / "tab").exists()


def test_a_machine_without_a_scheduler_is_told_where_to_look(fakes: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A container has none of them."""
    monkeypatch.setenv("PATH", str(fakes / "none"))
    assert "docs/operations.md" in run("schedule", status=1)
