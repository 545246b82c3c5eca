"""A hostile bundle: what is done to the champion's, and what the product must say and leave as it was."""

import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.campaign.case import Case
from tests.campaign.small_store import begin, contents, mornings, require_equal, stockseq

Harm = Callable[[Path], object]
# Python that says that it ran.
EVIL = """
import pathlib
pathlib.Path({flag!r}).write_text("ran")
import keras
@keras.saving.register_keras_serializable(package="evil")
class X(keras.layers.Dense):
    pass
"""


@dataclass(frozen=True)
class Foe:
    """A way to harm the bundle of the champion; with `signed`, its manifest is made to fit the files again.

    `says` is part of the sentence that must be given.
    """

    name: str
    harm: Harm
    says: str = ""
    signed: bool = True
    short: bool = False

    def case(self) -> Case:
        """Return the case: the next morning is refused before it begins, and nothing of the bundle has run."""
        return Case(self.name, self.run, short=self.short)

    def run(self, folder: Path, seed: int) -> str:
        """Harm the bundle, ask for the next morning, and look at what was said and left."""
        data = begin(folder, 1)
        bundle = champion(data)
        flag = folder / "ran.txt"
        for place in (bundle, data, data / "models", folder):
            (place / "evil.py").write_text(EVIL.format(flag=str(flag)))
        (bundle / "evil.py").unlink()
        self.harm(bundle)
        if self.signed:
            sign(bundle)
        before = contents(data)
        answer = stockseq(folder, "daily", "--now", mornings()[1].isoformat())
        assert not flag.exists(), "code of the bundle ran"
        assert answer.status == 1, f"the bundle was loaded: {answer.text}"
        require_refusal(answer.text, self.says)
        require_equal(data, before)
        return answer.text.partition("✗ ")[2][:200]


def require_refusal(text: str, says: str) -> None:
    """Raise `AssertionError` unless the answer is one sentence or two that name what is wrong and what to do."""
    assert text.count("✗") == 1, text
    assert "models" in text, f"it doesn't say where: {text}"
    assert says in text, f"expected {says!r}: {text}"
    ways = (
        "train again",
        "from a copy",
        "reads 'stockseq-model-1'",
        "not loaded",
        "another model",
        "can't read",
        "put",
    )
    assert any(way in text for way in ways), f"it doesn't say what to do: {text}"
    assert len(text) < 1200, f"longer than anybody reads: {text}"


def champion(data: Path) -> Path:
    """Return the only bundle of a data root."""
    (bundle,) = (path for path in (data / "models").iterdir() if path.name[0].isdigit())
    return bundle


def sign(bundle: Path) -> None:
    """Write the hashes of the files as they are into the manifest, as whoever forges a bundle would."""
    path = bundle / "manifest.json"
    try:
        manifest = json.loads(path.read_bytes())
        files = sorted(
            file for file in bundle.iterdir() if file != path and file.is_file() and file.stat().st_size < 1e8
        )
        manifest["sha256"] = {file.name: hashlib.sha256(file.read_bytes()).hexdigest() for file in files}
    except (OSError, ValueError, RecursionError, TypeError):
        return
    path.write_text(json.dumps(manifest))


def edit(bundle: Path, file: str, change: Callable[[Any], object]) -> None:
    """Change what a JSON file says, in place."""
    said = json.loads((bundle / file).read_text())
    change(said)
    (bundle / file).write_text(json.dumps(said))


def put(file: str, where: str, value: object) -> Harm:
    """Return the harm that puts a value at a dotted place of a JSON file."""

    def harm(bundle: Path) -> None:
        def change(said: Any) -> None:
            *path, last = where.split(".")
            for name in path:
                said = said[name]
            said[last] = value

        edit(bundle, file, change)

    return harm
