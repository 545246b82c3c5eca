"""The other doors by which a bundle comes in: a process of its own, `train`, `promote`, and the listing."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from tests.campaign.case import Case
from tests.campaign.families.bundles.code import name_layer
from tests.campaign.families.bundles.foe import EVIL, champion, sign
from tests.campaign.small_store import Answer, begin, contents, mornings, require_equal, stockseq

ROOT = Path(__file__).parents[4]
OWN = "data.models.{id}.evil:X"


def cases() -> list[Case]:
    """Return a case per door."""
    return [
        Case("a process of its own in the default layout", _process),
        Case("training replaces a bundle that brings code, and runs none of it", _train),
        Case("fine-tuning refuses a bundle that brings code", _fine_tune),
        Case("promotion refuses a bundle that brings code", _promote),
        Case("the list of models looks into no bundle", _list),
        Case("settings that name another own layer let the bundle's not in", _other_own),
    ]


def _plant(folder: Path, layer: str = OWN) -> tuple[Path, Path]:
    """Begin a store whose champion names its own module; return its data root and the flag that the module leaves."""
    data, flag = begin(folder, 1), folder / "ran.txt"
    name_layer("before", layer, brings=True)(champion(data))
    sign(champion(data))
    for place in (folder, data / "models"):
        (place / "evil.py").write_text(EVIL.format(flag=str(flag)))
    return data, flag


def _refused(folder: Path, ask: Callable[[Path], Answer], layer: str = OWN) -> str:
    data, flag = _plant(folder, layer)
    before = contents(data)
    answer = ask(folder)
    assert not flag.exists(), "code of the bundle ran"
    assert answer.status == 1, answer.text
    assert "Traceback" not in answer.text, answer.text
    require_equal(data, before)
    return answer.text[-200:]


def _process(folder: Path, seed: int) -> str:
    def ask(folder: Path) -> Answer:
        command = [sys.executable, "-m", "pipelines", "daily", "--now", mornings()[1].isoformat()]
        environment = {**os.environ, "PYTHONPATH": str(ROOT)}
        done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
        return Answer(done.returncode, done.stdout + done.stderr)

    return _refused(folder, ask)


def _train(folder: Path, seed: int) -> str:
    _, flag = _plant(folder)
    answer = stockseq(folder, "train", "--now", mornings()[1].isoformat(), "--set", "daily.holdout=19")
    assert not flag.exists(), "code of the bundle ran"
    assert answer.status == 0, answer.text
    assert "It is replaced." in answer.text, answer.text
    assert stockseq(folder, "daily", "--now", mornings()[2].isoformat()).status == 0
    assert not flag.exists(), "code of the bundle ran"
    return "a new champion in its place"


def _fine_tune(folder: Path, seed: int) -> str:
    _, flag = _plant(folder)
    answer = stockseq(folder, "train", "--mode", "finetune", "--now", mornings()[1].isoformat())
    assert not flag.exists(), "code of the bundle ran"
    assert answer.status == 1, answer.text
    return answer.text[-200:]


def _promote(folder: Path, seed: int) -> str:
    data = begin(folder, 1)
    first = champion(data).name
    instants = [instant.isoformat() for instant in mornings()]
    assert stockseq(folder, "train", "--now", instants[1], "--set", "daily.holdout=19").status == 0
    (second,) = (path for path in (data / "models").iterdir() if path.name[0].isdigit() and path.name != first)
    flag = folder / "ran.txt"
    for bundle in (data / "models" / first, second):
        name_layer("before", OWN, brings=True)(bundle)
        sign(bundle)
    before = contents(data)
    answers = [stockseq(folder, "promote", "--model", name, "--now", instants[2]) for name in (first, second.name)]
    assert not flag.exists(), "code of a bundle ran"
    # One of them is the champion already, of which nothing is loaded.
    assert sorted(answer.status for answer in answers) == [0, 1], [answer.text for answer in answers]
    require_equal(data, before)
    return "the candidate is refused, the champion is the champion already"


def _list(folder: Path, seed: int) -> str:
    data, flag = _plant(folder)
    before = contents(data)
    answers = [stockseq(folder, recipe, "--now", mornings()[1].isoformat()) for recipe in ("models", "runs", "ledger")]
    assert [answer.status for answer in answers] == [0, 0, 0], [answer.text for answer in answers]
    assert not flag.exists(), "code of the bundle ran"
    require_equal(data, before)
    return "listed, nothing ran"


def _other_own(folder: Path, seed: int) -> str:
    def ask(folder: Path) -> Answer:
        own = "keras.layers:Dense"
        settings = ("--set", f"network.after={own}", "--set", "network.after_options={units = 2}")
        return stockseq(folder, "daily", "--now", mornings()[1].isoformat(), *settings)

    return _refused(folder, ask, "evil:X")
