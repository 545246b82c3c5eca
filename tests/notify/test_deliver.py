"""One message to all at once: no receiver holds up another, and who wants failures alone gets no other."""

import re
import sys
import time
import tomllib
from pathlib import Path

import pytest

from stockseq.errors import SettingsError
from stockseq.notify import build_message, deliver
from stockseq.notify.settings import CommandSettings, NotifySettings

DONE, FAILED = build_message("done", ["a; $(b) `c`"]), build_message("failed", ["why"], is_failure=True)


def receivers(**commands: list[str]) -> NotifySettings:
    return NotifySettings(timeout_s=0.5, command={name: CommandSettings(run=run) for name, run in commands.items()})


def test_a_program_reads_the_message_and_no_shell_reads_it(tmp_path: Path) -> None:
    """On its standard input; its arguments are those of the settings, to the letter."""
    script = "import sys; open(sys.argv[1], 'w').write(sys.argv[2] + sys.stdin.read())"
    command = [sys.executable, "-c", script, str(tmp_path / "out"), "$HOME;"]
    assert deliver(receivers(file=command), DONE)[0].problem is None
    assert (tmp_path / "out").read_text() == "$HOME;done\n\na; $(b) `c`\n"


def test_slow_dead_and_failing_programs_cost_one_patience_together(tmp_path: Path) -> None:
    """A program that hangs is ended with the one that it started; one that reads nothing is no fault."""
    mark = tmp_path / "survived"
    hangs = ["sh", "-c", f"(sleep 1; touch '{mark}') & sleep 60"]
    began = time.monotonic()
    settings = receivers(
        hangs=hangs, too=["sleep", "60"], fails=["sh", "-c", "exit 3"], none=["/no/such"], deaf=["true"]
    )
    said = {delivery.receiver: delivery.problem for delivery in deliver(settings, DONE)}
    assert time.monotonic() - began < 1.9
    assert said == {
        "command.hangs": "it took longer than 0.5 s, so it was ended",
        "command.too": "it took longer than 0.5 s, so it was ended",
        "command.fails": "it ended with status 3",
        "command.none": "'/no/such' can't be started (No such file or directory)",
        "command.deaf": None,
    }
    time.sleep(1)
    assert not mark.exists()


def test_who_wants_failures_alone_gets_no_other(tmp_path: Path) -> None:
    """A mail every morning is soon not read any more."""
    settings = NotifySettings(
        command={"all": CommandSettings(run=["true"]), "bad": CommandSettings(run=["true"], when="failure")}
    )
    assert [delivery.receiver for delivery in deliver(settings, DONE)] == ["command.all"]
    assert [delivery.receiver for delivery in deliver(settings, FAILED)] == ["command.all", "command.bad"]
    assert deliver(NotifySettings(), DONE) == ()


def test_the_receivers_that_the_documentation_shows_are_valid() -> None:
    """Each kind of them, as it is copied from there."""
    text = (Path(__file__).parents[2] / "docs" / "operations.md").read_text(encoding="utf-8")
    block = next(block for block in re.findall(r"```toml\n(.*?)```", text, re.DOTALL) if "[notify" in block)
    settings = NotifySettings(**tomllib.loads(block)["notify"])
    assert list(settings.receivers) == ["email.me", "webhook.team", "webhook.phone", "command.desktop"]


@pytest.mark.parametrize("run", [[], [""], ["a\0b"]])
def test_a_command_that_is_none_is_refused(run: list[str]) -> None:
    """Before the first morning."""
    with pytest.raises(SettingsError):
        CommandSettings(run=run)
