"""What `make ledger` says of a store, and what it must say."""

from dataclasses import dataclass
from pathlib import Path

from typer.testing import CliRunner

from pipelines.__main__ import app

NOW = "2024-03-27T22:00:00Z"
# Each refusal names one thing to do.
REMEDIES = ("Put the store back", "put it back", "Put it back")


@dataclass(frozen=True)
class Said:
    """What the command printed, and whether it was content."""

    content: bool
    text: str

    @property
    def record(self) -> list[str]:
        """The lines of the live record."""
        return [line for line in self.text.splitlines() if line.startswith("Live record")]

    @property
    def head(self) -> str:
        """The head hash."""
        return self.text.split("Head:")[1].split()[0]


def ask(data: Path, *, head: str | None = None) -> Said:
    """Run `ledger --verify` on a data root; raise `AssertionError` for anything but an answer or one clear sentence."""
    arguments = ["ledger", "--verify", "--data", str(data), "--now", NOW, *(["--head", head] if head else [])]
    result = CliRunner().invoke(app, arguments)
    if result.exit_code == 0:
        assert result.exception is None, result.exc_info
        return Said(True, result.stdout)
    assert isinstance(result.exception, SystemExit), result.exc_info
    assert result.exit_code == 1
    (line,) = result.stderr.strip().splitlines()
    assert line.startswith("✗ "), line
    assert "Traceback" not in line
    assert line.endswith("."), line
    return Said(False, line)


def must_find(data: Path, *naming: str) -> str:
    """Return the sentence of a finding, which names a table or row of the ledger and says what to do."""
    said = ask(data)
    assert not said.content, f"a tamper went unseen: {said.text}"
    assert any(name in said.text for name in (*naming, "ledger", "forecasts", "outcomes")), said.text
    assert any(remedy in said.text for remedy in REMEDIES), f"it doesn't say what to do: {said.text}"
    assert len(said.text) < 900, said.text
    return said.text[:160]


def must_be_content(data: Path, *, like: Said | None = None) -> str:
    """Return the answer about a store that nobody tampered with, or in a way that changed nothing."""
    said = ask(data)
    assert said.content, f"an honest store was refused: {said.text}"
    if like is not None:
        assert said.record == like.record, f"the record moved unseen: {said.record} was {like.record}"
    return said.text.splitlines()[-1][:160]
