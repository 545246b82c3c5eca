"""The short form of the campaign, and the campaign's own bookkeeping."""

from pathlib import Path

import pytest

from tests.campaign.case import Case, Verdict
from tests.campaign.families import load, names
from tests.campaign.table import note_verdict, read_verdicts

SHORT = [(family, case) for family in names() for case in load(family).values() if case.short]


@pytest.mark.parametrize(("family", "case"), SHORT, ids=[f"{family}: {case.name}" for family, case in SHORT])
def test_the_product_does_the_right_thing(family: str, case: Case, tmp_path: Path) -> None:
    """Each case of the short form is judged right with the campaign's first seed."""
    assert case.run(tmp_path, case.seed(1)), "a case says what happened"


def test_a_line_half_written_is_left_out_and_overwritten(tmp_path: Path) -> None:
    """A campaign killed while it notes a verdict forgets that one only."""
    path = tmp_path / "verdicts.jsonl"
    verdicts = [Verdict("yahoo", f"case {number}", True, 1, "well", 0.5) for number in range(3)]
    note_verdict(path, verdicts[0])
    with path.open("a") as file:
        file.write('{"family": "ya')
    assert read_verdicts(path) == verdicts[:1]
    note_verdict(path, verdicts[1])
    note_verdict(path, verdicts[2])
    assert read_verdicts(path) == verdicts


def test_a_case_has_the_same_seed_in_every_run() -> None:
    """The seed depends on the campaign's and on the name, and on nothing else."""
    case = Case("a chart with a null row", lambda folder, seed: "")
    assert case.seed(1) == case.seed(1) != case.seed(2)
    assert case.seed(1) == 3336211555
