"""What each placebo shows, in a sentence that follows from its figures."""

from stockseq.forecasting.placebos import SIZE, Placebo, PlaceboResult
from stockseq.report.format import plain_percent, signed


def placebo_sentence(name: Placebo, result: PlaceboResult) -> str:
    """Return whether the placebo went as it should, or what it means that it didn't."""
    if result.error is not None or result.accuracy is None or result.chance is None or result.difference is None:
        return f"Not run: {result.error}"
    accuracy, chance = plain_percent(result.accuracy), plain_percent(result.chance)
    points = f"{signed(100 * result.difference, digits=1)} points"
    if name == "shuffled_labels":
        p = result.pt_clustered_p
        if p is None or p >= SIZE:
            beyond = "one direction throughout" if p is None else f"p {p:.2f}"
            return f"nothing found, as it should be (accuracy {accuracy}, chance {chance}, {beyond})"
        return (
            f"SOMETHING FOUND WHERE NOTHING IS: accuracy {accuracy} where chance gives {chance} (p {p:.4f}), so labels "
            "reach the forecasts by another way than the features, and no figure of this run can be believed"
        )
    if name == "late_features":
        if not result.as_expected:
            return (
                f"BETTER ON OLDER FEATURES: {points} of accuracy beside the same network on time, so the newest "
                "session may be misaligned"
            )
        low, high = result.difference_ci or (0.0, 0.0)
        worth = signed(-100 * result.difference, digits=1)
        reach = f"[{signed(-100 * high, digits=1)}, {signed(-100 * low, digits=1)}]"
        beyond = "" if result.is_significant else ", not told from none"
        return f"the newest session is worth {worth} points of accuracy {reach}{beyond}"
    if result.as_expected:
        return f"it jumps by {points} to {accuracy}, as it should, so a look ahead would have been seen"
    return (
        f"NO JUMP: {points} of accuracy to {accuracy} with the outcome in sight, so this network would not have shown "
        "a look ahead, and what it doesn't find proves nothing"
    )
