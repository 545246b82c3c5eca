"""A morning tells whom the settings name, after it is over, and no receiver and no error text gives a secret away."""

import os
from pathlib import Path

import pandas as pd
import pytest
from typer.testing import CliRunner

from pipelines.__main__ import app
from stockseq.store import Store
from tests.notify.webhook_server import LoopbackWebhook
from tests.pipelines.small import SMALL, write_settings

SECRET = "T0K3N-abc"


@pytest.fixture
def config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Settings with a receiver of each morning and one of failures alone, whose address is a secret."""
    for name in [name for name in os.environ if name.startswith("STOCKSEQ_")]:
        monkeypatch.delenv(name)
    webhooks = {
        "notify.webhook.team.shape": "slack",
        "notify.webhook.team.url_variable": "TEAM_URL",
        "notify.webhook.bad.shape": "json",
        "notify.webhook.bad.url_variable": "TEAM_URL",
        "notify.webhook.bad.when": "failure",
        "notify.timeout_s": 2,
    }
    return write_settings(tmp_path, {**SMALL, **webhooks})


def run(config: Path, data: str, now: pd.Timestamp) -> tuple[int, str]:
    result = CliRunner().invoke(app, ["daily", "--config", str(config), "--data", data, "--now", now.isoformat()])
    assert SECRET not in result.output
    return result.exit_code, result.output


def test_a_morning_is_told_when_it_is_over_and_a_dead_receiver_changes_nothing(config, begun, mornings, monkeypatch):
    """The run's folder holds neither the address nor who was told; the screen says who wasn't, and why."""
    with LoopbackWebhook() as server:
        monkeypatch.setenv("TEAM_URL", f"{server.url}/{SECRET}")
        for _ in range(2):
            status, said = run(config, begun.data, mornings[1])
            assert (status, "Notified: webhook.team." in said) == (0, True)
    lines, again = (body["text"].splitlines() for _, body in server.posted)
    assert lines[0].startswith("stockseq: 6 forecasts for 20")
    assert lines[3].startswith("Chances to rise: ")
    page = Path(lines[-1].removeprefix("Page: "))
    assert page.is_file()
    assert again[0].startswith("stockseq: nothing new for 20")
    assert again[2].startswith("Nothing new since the run of ")
    assert again[-1] == lines[-1]
    monkeypatch.setenv("TEAM_URL", f"http://127.0.0.1:9/{SECRET}")
    status, said = run(config, begun.data, mornings[1])
    assert status == 0
    assert "Not notified: webhook.team: it can't be reached, or the connection broke." in said
    for path in (path for path in page.parents[1].rglob("*") if path.is_file()):
        assert SECRET.encode() not in path.read_bytes()
        assert b"TEAM_URL" not in path.read_bytes()


def test_a_busy_store_is_a_failure_that_may_pass(config, begun, mornings, monkeypatch):
    """Status 75 lets a scheduler start it again; both receivers are told who holds the store."""
    with LoopbackWebhook() as server, Store(begun.data).lock():
        monkeypatch.setenv("TEAM_URL", f"{server.url}/{SECRET}")
        status, said = run(config, begun.data, mornings[1])
    assert status == 75
    assert "Another run holds the store" in said
    bodies = sorted((body for _, body in server.posted), key=len)
    assert bodies[0]["state"] == "failure"
    assert f"process {os.getpid()}" in bodies[0]["lines"][0]
    assert "failed" in bodies[1]["text"]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("notify.webhook.team.url_variable", f"https://hooks.example.com/{SECRET}"),
        ("notify.webhook.team.url", f"https://hooks.example.com/{SECRET}"),
        ("notify.email", f"smtp://me:{SECRET}@example.com"),
        ("notify.webhook.team", SECRET),
        ("notify.timeout_s", SECRET),
    ],
)
def test_a_secret_in_the_settings_file_is_refused_without_being_repeated(tmp_path, name, value):
    """Where it was written by mistake; the error still names the setting."""
    config = write_settings(tmp_path, {name: value})
    status, said = run(config, str(tmp_path / "data"), pd.Timestamp("2026-11-27T12:00:00Z"))
    assert status == 1
    assert name.rpartition(".")[0] in said
