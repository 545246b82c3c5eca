"""Rows of the table `models` that none of our runs wrote: other folders, numbers that can't be read."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pandas as pd
from deltalake import write_deltalake

from stockseq.store import TABLES, Store
from tests.campaign.case import Case
from tests.campaign.families.bundles.foe import champion, require_refusal
from tests.campaign.small_store import begin, contents, mornings, require_equal, stockseq

Rows = Callable[[pd.DataFrame], pd.DataFrame]
OUTSIDE = (
    "../../elsewhere",
    "../elsewhere",
    "..",
    ".",
    "",
    "/etc",
    "a/b",
    "elsewhere\\..",
    "x\x1b[31m",
    "\u202ex",
    "a" * 5000,
)
METRICS = {
    "nothing": "",
    "no JSON": "{",
    "a list": "[]",
    "a number": "7",
    "nothing of a record": "{}",
    "NaN": '{"accuracy": NaN}',
    "an integer of 400 digits": '{"n": ' + "9" * 400 + "}",
    "3,000 brackets": "[" * 3000 + "]" * 3000,
    "a label of no trade": '{"basis": {"label": "evil"}}',
    "a basis that is a text": '{"basis": "evil"}',
    "a key twice": '{"basis": {}, "basis": {}}',
}


def cases() -> list[Case]:
    """Return a case per way."""
    ids = {f"a row names the folder {shown[:30]!a}": _named(shown) for shown in OUTSIDE}
    metrics = {f"a row's numbers are {kind}": _with(metrics=text) for kind, text in METRICS.items()}
    others = {"a row's state is none": _with(state="emperor")}
    return [Case(name, _refused(rows)) for name, rows in {**ids, **metrics, **others}.items()]


def _named(model_id: str) -> Rows:
    return lambda rows: rows.assign(model_id=model_id)


def _with(**values: object) -> Rows:
    return lambda rows: rows.assign(
        **{name: pd.Series([value] * len(rows), dtype=rows[name].dtype) for name, value in values.items()}
    )


def _refused(change: Rows) -> Callable[[Path, int], str]:
    def run(folder: Path, seed: int) -> str:
        data = begin(folder, 1)
        # A bundle that would load, where a row may point.
        for place in (folder / "elsewhere", data / "elsewhere"):
            shutil.copytree(champion(data), place)
        newest = Store(str(data), create=False).read("models").tail(1).reset_index(drop=True)
        rows = change(newest.assign(at=newest["at"] + pd.Timedelta(seconds=1)))
        # Past the store's own checks, as whoever edits the table would.
        write_deltalake(data / "models", TABLES["models"].to_arrow(rows), mode="append")
        before = contents(data)
        answers = [stockseq(folder, recipe, "--now", mornings()[1].isoformat()) for recipe in ("daily", "models")]
        assert answers[0].status == 1, answers[0].text
        require_refusal(answers[0].text, "")
        require_equal(data, before)
        return answers[0].text.partition("✗ ")[2][:200]

    return run
