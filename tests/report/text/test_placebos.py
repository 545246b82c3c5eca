"""What is as expected is said quietly, what isn't in capitals."""

import pytest

from stockseq.evaluate.placebo import Placebo, PlaceboResult
from stockseq.report.text.placebos import placebo_sentence

FIGURES = {
    "accuracy": 0.52, "chance": 0.5, "pt_clustered_p": 0.4, "difference": 0.01, "difference_ci": (-0.01, 0.03),
    "difference_p": 0.4,
}  # fmt: skip
LARGE = {"difference": -0.02, "difference_ci": (-0.03, -0.01), "difference_p": 0.001}


@pytest.mark.parametrize(
    ("name", "changed", "as_expected", "said"),
    [
        ("shuffled_labels", {}, True, "no skill found, as expected (accuracy 52.0%, chance 50.0%, p 0.40)"),
        ("shuffled_labels", {"pt_clustered_p": None}, True, "one direction throughout"),
        ("shuffled_labels", {"pt_clustered_p": 0.001}, False, "SKILL FOUND WHERE THERE IS NONE"),
        ("late_features", LARGE, True, "the newest session adds +2.0 points of accuracy [+1.0, +3.0]"),
        ("late_features", {}, True, "\u22121.0 points of accuracy [\u22123.0, +1.0], within noise"),
        ("late_features", {"difference_p": 0.001}, False, "BETTER ON OLDER FEATURES"),
        ("early_features", {"difference": 0.4, "difference_p": 1e-9}, True, "accuracy jumps by +40.0 points"),
        ("early_features", {}, False, "NO JUMP"),
    ],
)
def test_a_placebo_that_fails_is_loud(name: Placebo, changed: dict, as_expected: bool, said: str) -> None:
    """A reader who skims must not miss a leak."""
    assert said in placebo_sentence(name, PlaceboResult(**{**FIGURES, **changed}, as_expected=as_expected))
