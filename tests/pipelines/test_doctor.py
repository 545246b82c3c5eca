"""A diagnosis names what is wrong and what to do, whatever is broken, and changes nothing."""

import os
import shutil
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pandas as pd
import pytest
from typer.testing import CliRunner

from pipelines.__main__ import app
from stockseq.config import Settings
from stockseq.doctor import Check, diagnose
from stockseq.doctor.machine import check_clock, check_folder, check_packages, check_secrets
from stockseq.sources.server_clock import fetch_server_time
from stockseq.store import Store

NOW = pd.Timestamp("2026-11-27T12:00:00Z")


@pytest.fixture(autouse=True)
def _at_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A home and a folder of our own, and no scheduler."""
    for name in [name for name in os.environ if name.startswith(("STOCKSEQ_", "APCA_"))]:
        monkeypatch.delenv(name)
    for name in ("CONFIG", "STATE"):
        monkeypatch.setenv(f"XDG_{name}_HOME", str(tmp_path / name.lower()))
    monkeypatch.setenv("PATH", str(tmp_path / "none"))
    (tmp_path / "work").mkdir()
    monkeypatch.chdir(tmp_path / "work")


def findings(settings: Settings, now: pd.Timestamp = NOW) -> dict[str, Check]:
    """Return the finding of each subject that is worst."""
    order = {"ok": 0, "warning": 1, "failure": 2}
    checks = diagnose(settings, now, folder=Path.cwd()).checks
    return {check.subject: check for check in sorted(checks, key=lambda check: order[check.verdict])}


def tree(folder: str) -> dict[Path, int]:
    return {path: path.stat().st_mtime_ns for path in Path(folder).rglob("*")}


def test_a_machine_without_a_store_is_fit_and_told_how_to_begin(tmp_path: Path) -> None:
    """Nothing is made by looking."""
    result = CliRunner().invoke(app, ["doctor", "--data", "new", "--now", "2026-11-27T12:00:00Z"])
    assert result.exit_code == 0, result.output
    assert "! store: there is none at" in result.output
    assert "make daily makes it." in result.output
    assert "next session: 2026-11-27 on XNYS, decided 2026-11-27 09:00 EST, opens 09:30 EST." in result.output
    assert list(Path.cwd().iterdir()) == []


def test_a_store_after_its_morning_is_fit_and_stays_as_it_is(begun, mornings) -> None:
    """Bars, ledger and champion are named with what they hold."""
    before = tree(begun.data)
    found = findings(begun, mornings[0])
    assert {check.verdict for name, check in found.items() if name not in ("packages", "disk")} == {"ok"}
    assert found["ledger"].finding == "6 forecasts and 0 outcomes, every hash as it was written"
    assert "opens; the newest model has not seen the last" in found["champion"].finding
    assert tree(begun.data) == before
    later = findings(begun, mornings[-1])
    assert later["bars"].advice == "Run make daily."
    earlier = findings(begun, mornings[0] - pd.Timedelta(minutes=5))
    assert earlier["clock"].verdict == "failure"
    assert "newest entry" in earlier["clock"].finding


def test_each_damage_is_found_by_name_and_hides_no_other(begun, mornings) -> None:
    """Files and a bundle that are gone, and who holds the store."""
    root = Path(begun.data)
    for bundle in (root / "models").glob("2*"):
        shutil.rmtree(bundle)
    for table in ("forecasts", "headlines"):
        for part in (root / table).rglob("*.parquet"):
            part.unlink()
    with Store(root).lock():
        found = findings(begun, mornings[0])
    assert found["champion"].verdict == "failure"
    assert found["ledger"].verdict == "failure"
    assert "commits of forecasts and headlines" in found["store"].finding
    assert found["lock"].verdict == "warning"
    assert f"process {os.getpid()}" in found["lock"].finding
    assert found["next session"].verdict == "ok"
    result = CliRunner().invoke(app, ["doctor", "--data", begun.data, "--now", mornings[0].isoformat()])
    assert result.exit_code == 1
    assert "Traceback" not in result.output
    assert "failures: the next morning would fail" in result.output


def test_a_remote_root_that_does_not_answer_is_a_finding(tmp_path: Path) -> None:
    """The folder of runs and models is looked at on this machine; credentials are not shown."""
    options = {"aws_access_key_id": "AKIA", "aws_secret_access_key": "s3cret", "aws_region": "us-east-1"}
    options |= {"aws_endpoint": "http://127.0.0.1:9", "aws_allow_http": "true", "max_retries": "0"}
    settings = Settings(source="simulated", data="s3://bucket/none", storage_options=options)
    diagnosis = diagnose(settings, NOW, folder=Path.cwd())
    assert diagnosis.has_failed
    assert any(check.subject == "disk" and check.verdict != "failure" for check in diagnosis.checks)
    assert "s3cret" not in str(diagnosis.to_dict())


def test_a_folder_of_somebody_else_and_a_file_are_no_data_root(tmp_path: Path) -> None:
    """Before the first fetch, and not after it."""
    (tmp_path / "file").write_text("")
    assert [check.verdict for check in check_folder(tmp_path / "file" / "data", "the data root")] == ["failure"]
    theirs = tmp_path / "theirs"
    theirs.mkdir()
    theirs.chmod(0o555)
    with as_nobody(tmp_path):
        checks = tuple(check_folder(theirs / "data", "the data root"))
    assert checks[0].verdict == "failure"
    assert "can't be written by this user" in checks[0].finding


@contextmanager
def as_nobody(folder: Path) -> Iterator[None]:
    """Be a user without rights, where the tests run as root."""
    if os.geteuid() != 0:
        yield
        return
    for path in (folder, *folder.parents):
        if "pytest" in str(path):
            path.chmod(0o755)
    os.setresuid(65_534, 65_534, 0)
    try:
        yield
    finally:
        os.setresuid(0, 0, 0)


def test_packages_are_compared_with_the_lock(tmp_path: Path) -> None:
    """Another version is a warning, a missing package a failure; what is for other machines is neither."""
    lock = tmp_path / "requirements.lock"
    pytest_version = pytest.__version__
    for text, verdict in (
        (f"pytest=={pytest_version} \\\n    --hash=sha256:0\n", "ok"),
        (f"pytest==1.0 ; python_full_version < '3'\npytest=={pytest_version} ; python_full_version >= '3'\n", "ok"),
        ("pytest==1.0\n", "warning"),
        ("no-such-package==1.0\n", "failure"),
        (f"pytest=={pytest_version}\nno-such-package==1.0 ; sys_platform == 'win32'\n", "ok"),
    ):
        lock.write_text(text)
        assert [check.verdict for check in check_packages(lock)] == [verdict], text
    assert [check.verdict for check in check_packages(tmp_path / "none")] == ["ok"]


@pytest.mark.parametrize(
    ("off", "verdict", "side"),
    [("0s", "ok", ""), ("40s", "warning", "behind"), ("-40s", "warning", "ahead of"), ("3h", "failure", "behind")],
)
def test_the_clock_is_compared_with_a_servers(off: str, verdict: str, side: str) -> None:
    """The server's stamp has whole seconds."""
    now = pd.Timestamp.now(tz="UTC")
    (check,) = check_clock(now, lambda: pd.Timestamp.now(tz="UTC").floor("s") + pd.Timedelta(off), "America/New_York")
    assert check.verdict == verdict
    assert side in check.finding


def test_a_servers_time_is_read_from_whatever_it_answers() -> None:
    """A refusal has a date, too."""

    class Handler(BaseHTTPRequestHandler):
        def do_HEAD(self) -> None:
            self.send_error(429)

        def log_message(self, format: str, *arguments: object) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
        stamp = fetch_server_time(f"http://127.0.0.1:{server.server_address[1]}")
        server.shutdown()
    assert abs(stamp - pd.Timestamp.now(tz="UTC")) < pd.Timedelta(seconds=5)


def test_a_secret_is_looked_for_by_name_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In the environment and in the scheduler's file, which nobody else may read."""
    path = tmp_path / "environment"
    path.write_text("# keys\nexport HOOK_URL=https://t0k3n.example.com\nEMPTY=\n")
    path.chmod(0o644)
    monkeypatch.delenv("EMPTY", raising=False)
    checks = tuple(check_secrets(path, ("HOOK_URL", "EMPTY")))
    assert [check.verdict for check in checks] == ["warning", "warning"]
    assert "EMPTY is set neither" in checks[1].finding
    assert "t0k3n" not in "".join(check.finding for check in checks)
    path.chmod(0o600)
    assert [check.verdict for check in check_secrets(path, ("HOOK_URL",))] == ["ok"]


def test_a_source_without_its_key_is_named_with_the_variable(tmp_path: Path) -> None:
    """And the morning goes on without it, so that it is a warning."""
    found = findings(Settings(source="simulated", headlines_from=("simulated", "alpaca"), data=str(tmp_path / "new")))
    assert found["sources"].verdict == "warning"
    assert "APCA_API_KEY_ID isn't set" in found["sources"].finding
