"""What became of a candidate: sentences from a `Challenge`."""

from stockseq.errors import counted
from stockseq.forecasting.champion import Challenge, Incumbent
from stockseq.report.format import signed


def incumbent_sentence(incumbent: Incumbent) -> str:
    """Return why a registry's champion can't forecast under the settings of today, or that there is none."""
    if incumbent.model_id is None:
        return "There is no model yet, so one is trained."
    changes = ", ".join(f"{name} was {was}, is {now}" for name, (was, now) in incumbent.changes.items())
    return f"Champion {incumbent.model_id} stands on other settings ({changes}), so it can't forecast here."


def challenge_sentence(result: Challenge) -> str:
    """Return how the candidate did against the champion, and who forecasts from now on."""
    candidate, champion = result.candidate, result.champion
    if result.unchanged:
        return f"Model {candidate.model_id} is the champion already: nothing it would learn from has changed."
    if champion is None:
        return f"Model {candidate.model_id} has no champion to beat, and so is the champion."
    duel = f"Candidate {candidate.model_id} against champion {champion.model_id}"
    if result.comparison is None:
        return f"{duel}: {counted(result.n_sessions, 'session')} that neither saw can't tell, so the champion stays."
    loss, accuracy = result.comparison.log_loss, result.comparison.accuracy
    z = "none" if loss.z is None else signed(loss.z, digits=2)
    verdict = "Promoted." if result.promoted else "Not better beyond noise, so the champion stays."
    return (
        f"{duel} on {result.comparison.n} forecasts of {result.n_sessions} sessions that neither saw: log loss "
        f"{signed(loss.difference, digits=5)} (z {z}), accuracy {signed(100 * accuracy.difference, digits=1)} points. "
        f"{verdict}"
    )


def chosen_sentence(last_session: str, chosen_over: str) -> str:
    """Return the caution that the sessions which chose a model flatter it."""
    return (
        f"The sessions up to {last_session} also chose this model over {chosen_over}, which flatters its record "
        "on them."
    )
