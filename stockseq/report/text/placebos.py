"""What each placebo shows, in sentences that follow from its figures."""

from stockseq.evaluate.placebo import SIZE, Placebo, PlaceboResult
from stockseq.report.format import p_words, percent, points

NOT_RUN = "Not run: "
NAMES: dict[Placebo, str] = {
    "shuffled_labels": "Trained on labels of other dates",
    "late_features": "Features a session late",
    "early_features": "Features early enough to know",
}
OUTCOMES = {True: "as expected", False: "NOT as expected", None: "not judged"}


def placebo_sentence(name: Placebo, result: PlaceboResult) -> str:
    """Return whether the placebo went as it should, and what it means where it didn't.

    Examples
    --------
    >>> placebo_sentence("shuffled_labels", PlaceboResult(error="The loss is not a number."))
    'Not run: The loss is not a number.'
    """
    if result.accuracy is None or result.chance is None or result.difference is None:
        return f"{NOT_RUN}{result.error or 'why is not recorded.'}"
    accuracy, chance = percent(result.accuracy), percent(result.chance)
    gain, p = f"{points(result.difference)} points", result.pt_clustered_p
    if name == "shuffled_labels":
        if p is None or p >= SIZE:
            test = "one direction throughout" if p is None else f"p {p_words(p)}"
            return f"no skill found, as expected (accuracy {accuracy}, chance {chance}, {test})"
        return (
            f"SKILL FOUND WHERE THERE IS NONE: accuracy {accuracy} where chance gives {chance} (p {p_words(p)}). "
            "Labels leak into the forecasts, not through the features; don't trust any figure of this run"
        )
    if name == "late_features":
        if not result.as_expected:
            return (
                f"BETTER ON OLDER FEATURES: {gain} of accuracy against the same network on the true features. The "
                "newest session may be misaligned"
            )
        low, high = result.difference_ci or (result.difference, result.difference)
        noise = "" if result.is_significant else ", within noise"
        return (
            f"the newest session adds {points(-result.difference)} points of accuracy "
            f"[{points(-high)}, {points(-low)}]{noise}"
        )
    if result.as_expected:
        return f"accuracy jumps by {gain} to {accuracy}, as expected: this run would have shown a look-ahead"
    return (
        f"NO JUMP: {gain} of accuracy, to {accuracy}, although the features contain the outcome. This network would "
        "not have shown a look-ahead, so a clean audit proves nothing"
    )
