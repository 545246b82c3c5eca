"""What became of a candidate: sentences from a `Challenge`."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from stockseq.errors import counted
from stockseq.report.format import number, points

if TYPE_CHECKING:
    # It imports TensorFlow, which takes seconds, and a sentence needs none of it.
    from stockseq.forecasting.champion import Challenge, Incumbent


def incumbent_sentence(incumbent: "Incumbent") -> str:
    """Return why a registry's champion can't forecast under today's settings, or that there is none."""
    if incumbent.model_id is None:
        return "There is no model of this trade yet, so one is trained."
    changes = ", ".join(f"{name} was {before}, is {now}" for name, (before, now) in incumbent.changes.items())
    return f"Champion {incumbent.model_id} was trained under other settings ({changes}), so it can't forecast here."


def standing_sentence(model_id: str, changes: Mapping[str, tuple[str, str]]) -> str:
    """Return that a champion forecasts by its own settings, which are others than today's, and what to do.

    Examples
    --------
    >>> standing_sentence("20241127-ab", {"network.units": ("8", "16")})
    'The champion 20241127-ab stands on other settings (network.units was 8, is 16) and forecasts by its own: `make \
train` trains a model of these and promotes it if it is better, `make promote MODEL=...` forces one.'
    """
    listed = ", ".join(f"{name} was {before}, is {now}" for name, (before, now) in changes.items())
    return (
        f"The champion {model_id} stands on other settings ({listed}) and forecasts by its own: `make train` trains a "
        "model of these and promotes it if it is better, `make promote MODEL=...` forces one."
    )


def promotion_sentence(model_id: str, forced_over: str | None) -> str:
    """Return that a model was put in its place by hand."""
    over = "" if forced_over is None else f" over {forced_over}"
    return f"Model {model_id} is the champion by hand{over}, without having been better on sessions that neither saw."


def challenge_sentence(result: "Challenge") -> str:
    """Return how the candidate did against the champion, and which model forecasts from now on."""
    candidate, champion = result.candidate, result.champion
    if result.unchanged:
        return f"Model {candidate.model_id} is already the champion: no setting and no training data has changed."
    if champion is None:
        return f"Model {candidate.model_id} becomes the champion: there was none."
    match = f"Candidate {candidate.model_id} against champion {champion.model_id}"
    if result.comparison is None:
        sessions = counted(result.n_sessions, "session")
        return f"{match}: {sessions} that neither has seen can't decide, so the champion stays."
    loss, accuracy = result.comparison.log_loss, result.comparison.accuracy
    z = "none" if loss.z is None else number(loss.z, digits=2, signed=True)
    verdict = "Promoted." if result.promoted else "Not better beyond noise, so the champion stays."
    return (
        f"{match} on {counted(result.comparison.n, 'forecast')} over {counted(result.n_sessions, 'session')} that "
        f"neither has seen: log loss {number(loss.difference, digits=5, signed=True)} (z {z}), accuracy "
        f"{points(accuracy.difference)} points. {verdict}"
    )


def chosen_sentence(last_session: str, chosen_over: str) -> str:
    """Return the caution that a record is flattered by the sessions that chose its model."""
    return (
        f"The sessions up to {last_session} also chose this model over {chosen_over}, which flatters its record "
        "on them."
    )
