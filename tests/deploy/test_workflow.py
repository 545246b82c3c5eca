"""The workflow's own shell steps, run in a plain folder against a repository on disk: data come back whole."""

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parents[2]
DEPLOY = REPOSITORY / "docs" / "deploy"
yaml = pytest.importorskip("yaml")
pytestmark = pytest.mark.skipif(shutil.which("git") is None, reason="git isn't installed")


@pytest.fixture(scope="module")
def job() -> dict:
    return yaml.safe_load((DEPLOY / "daily.yml").read_text())["jobs"]["daily"]


class Runner:
    """A checkout with a remote on disk, in which steps are run as GitHub runs them."""

    def __init__(self, job: dict, folder: Path, origin: Path) -> None:
        self.steps = {step["name"]: step["run"] for step in job["steps"] if "run" in step}
        self.folder, self.outputs = folder, folder / "outputs"
        subprocess.run(["git", "clone", "-q", str(origin), str(folder / "checkout")], check=True, capture_output=True)
        self.checkout = folder / "checkout"
        bin = self.checkout / ".venv" / "bin"
        bin.mkdir(parents=True)
        (bin / "stockseq").write_text('#!/bin/sh\n[ "$1" = ledger ] && echo "Head: 0a1b"\nexit "${STATUS:-0}"\n')
        (bin / "stockseq").chmod(0o755)

    def run(self, name: str, **environment: str) -> subprocess.CompletedProcess[str]:
        # Steps that wait for a source to answer again aren't waited for.
        script = self.steps[name].replace('sleep "$wait"', ":")
        names = {f"GIT_{who}_{what}": "a@b" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")}
        environment = {
            "PATH": os.environ["PATH"], "HOME": str(self.folder), "RUNNER_TEMP": str(self.folder),
            "GITHUB_OUTPUT": str(self.outputs), **names, **environment,
        }  # fmt: skip
        command = ["bash", "-eo", "pipefail", "-c", script]
        return subprocess.run(command, cwd=self.checkout, env=environment, capture_output=True, text=True, timeout=60)

    @property
    def before(self) -> str:
        return re.findall(r"^before=(.*)$", self.outputs.read_text(), re.MULTILINE)[-1]


@pytest.fixture
def origin(tmp_path: Path) -> Path:
    """A repository with one commit of code."""
    origin = tmp_path / "origin.git"
    subprocess.run(["git", "init", "-q", "--bare", "-b", "main", str(origin)], check=True)
    code = tmp_path / "code"
    subprocess.run(["git", "clone", "-q", str(origin), str(code)], check=True, capture_output=True)
    (code / ".gitignore").write_text("/data/\n.venv/\n")
    me = ("-c", "user.name=a", "-c", "user.email=a@b")
    subprocess.run(["git", "-C", str(code), "add", "."], check=True)
    subprocess.run(["git", "-C", str(code), *me, "commit", "-qm", "code"], check=True)
    subprocess.run(["git", "-C", str(code), "push", "-q", "origin", "HEAD:main"], check=True)
    return origin


def n_commits(origin: Path, branch: str) -> int:
    done = subprocess.run(["git", "-C", str(origin), "rev-list", "--count", branch], capture_output=True, text=True)
    return int(done.stdout or 0)


def start(job: dict, tmp_path: Path, origin: Path, day: int) -> Runner:
    (tmp_path / f"day{day}").mkdir()
    return Runner(job, tmp_path / f"day{day}", origin)


def test_the_data_of_one_morning_are_there_on_the_next(job: dict, tmp_path: Path, origin: Path) -> None:
    """With links and hidden files, as one commit without a past, beside the code."""
    first = start(job, tmp_path, origin, 1)
    assert first.run("Bring the data").returncode == 0
    data = first.checkout / "data"
    (data / "bars" / "_delta_log").mkdir(parents=True)
    (data / "bars" / "_delta_log" / "0.json").write_text("{}")
    (data / ".lock").write_text("x")
    for number in range(32):
        (data / "runs" / f"202611{number:02}T120000Z-daily").mkdir(parents=True)
        (data / "runs" / f"202611{number:02}T120000Z-daily" / "manifest.json").write_text("{}")
    (data / "runs" / "latest").symlink_to("20261131T120000Z-daily")
    kept = first.run("Keep the data", BEFORE=first.before)
    assert kept.returncode == 0, kept.stderr
    assert "Head: 0a1b" in kept.stdout
    second = start(job, tmp_path, origin, 2)
    assert second.run("Bring the data").returncode == 0
    came = second.checkout / "data"
    assert {path.name for path in came.iterdir()} == {"bars", ".lock", "runs"}
    assert (came / "runs" / "latest" / "manifest.json").read_text() == "{}"
    assert len(list((came / "runs").glob("2*"))) == 30
    assert second.run("Keep the data", BEFORE=second.before).stdout == "Nothing changed.\n"
    (came / "bars" / "more").write_text("x")
    assert second.run("Keep the data", BEFORE=second.before).returncode == 0
    assert (n_commits(origin, "data"), n_commits(origin, "main")) == (1, 1)


def test_data_that_moved_on_and_a_remote_that_fails_are_not_overwritten(
    job: dict, tmp_path: Path, origin: Path
) -> None:
    """Two runs at once, and a network that is down: neither may put an empty store in the data's place."""
    one, other = start(job, tmp_path, origin, 1), start(job, tmp_path, origin, 2)
    for runner in (one, other):
        assert runner.run("Bring the data").returncode == 0
        (runner.checkout / "data" / "file").write_text(runner.folder.name)
    assert one.run("Keep the data", BEFORE=one.before).returncode == 0
    assert other.run("Keep the data", BEFORE=other.before).returncode != 0
    third = start(job, tmp_path, origin, 3)
    origin.rename(tmp_path / "gone.git")
    assert third.run("Bring the data").returncode not in (0, 2)


@pytest.mark.parametrize("status", [0, 1, 75])
def test_the_mornings_status_is_the_steps(job: dict, tmp_path: Path, origin: Path, status: int) -> None:
    """75 is tried again, and is the end when it stays."""
    assert start(job, tmp_path, origin, 1).run("Run the morning", STATUS=str(status)).returncode == status


def test_the_workflow_starts_twice_and_is_due_once() -> None:
    """YAML reads `on` as true; of the two hours one is an hour before the decision, in winter and in summer."""
    content = yaml.safe_load((DEPLOY / "daily.yml").read_text())
    assert [entry["cron"] for entry in content[True]["schedule"]] == ["7 12 * * 1-5", "7 13 * * 1-5"]
    assert content["permissions"] == {"contents": "write"}


def test_the_image_is_built_from_what_its_context_lets_through() -> None:
    """Each COPY of the build names a file that is there, and that the ignore file lets pass; the user is a number."""
    dockerfile = (DEPLOY / "Dockerfile").read_text()
    allowed = {line[1:] for line in (DEPLOY / "Dockerfile.dockerignore").read_text().splitlines() if line[:1] == "!"}
    copied = {
        source for line in re.findall(r"^COPY (?!--from)(.*) \S+$", dockerfile, re.MULTILINE) for source in line.split()
    }
    assert copied == allowed
    assert all((REPOSITORY / source).exists() for source in copied)
    assert re.findall(r"^USER (.*)$", dockerfile, re.MULTILINE) == ["10001:10001"]
    assert "--require-hashes -r requirements.lock" in dockerfile
