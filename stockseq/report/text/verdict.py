"""Whether skill was shown, in one sentence, and a record in one line."""

from typing import TYPE_CHECKING

from stockseq.errors import counted
from stockseq.evaluate.claims import Claim
from stockseq.evaluate.power import sessions_needed
from stockseq.evaluate.scores import Scores
from stockseq.evaluate.significance import SIZE
from stockseq.report.format import interval_words, p_words, percent, points

if TYPE_CHECKING:
    from stockseq.forecasting.live import Corrections

# What is asked about where no edge was found.
SMALL_EDGE = 0.01
NOTHING_SCORED = "No forecast of this run has been scored yet, so its skill is not known."


def verdict(scores: Scores, claim: Claim | None = None) -> str:
    """Return what the scores show of the direction: accuracy, base rate, count, interval, and whether it is skill.

    Skill counts as shown where p of the clustered Pesaran-Timmermann test is below 0.05, after the correction of
    `claim` if the direction is one of several claims.
    """
    p = skill_p(scores, claim)
    below = " It is below the base rate: always forecasting the more frequent direction was right more often."
    return (
        f"Accuracy {percent(scores.accuracy)} (95% interval {interval_words(scores.accuracy_ci)}) on "
        f"{counted(scores.n, 'forecast')} over {counted(scores.n_sessions, 'session')}, against a base rate of "
        f"{percent(scores.base_rate)} and chance of {percent(scores.chance)}: {_skill(scores, p)}."
        f"{below if scores.accuracy < scores.base_rate else ''}"
    )


def skill_p(scores: Scores, claim: Claim | None = None) -> float | None:
    """Return the p-value that decides whether skill was shown, or None where it can't be tested.

    Parameters
    ----------
    scores : Scores
    claim : Claim, optional
        To call the direction, where it is one of several claims: its correction counts.
    """
    return scores.pt_clustered_p if claim is None else claim.p_holm


def record_sentence(scores: Scores | None, *, n: int = 0) -> str:
    """Return accuracy with its interval, base rate and count; `n` is of forecasts too few for scores.

    Examples
    --------
    >>> record_sentence(None), record_sentence(None, n=20)
    ('no scored forecast yet.', '20 forecasts of one session; a record needs two sessions.')
    """
    if scores is None:
        too_few = f"{counted(n, 'forecast')} of one session; a record needs two sessions."
        return too_few if n else "no scored forecast yet."
    return (
        f"accuracy {percent(scores.accuracy)} (95% interval {interval_words(scores.accuracy_ci)}), base rate "
        f"{percent(scores.base_rate)}, {counted(scores.n, 'forecast')} over {counted(scores.n_sessions, 'session')}."
    )


def corrections_sentence(corrections: "Corrections | None") -> str:
    """Return how many outcomes were corrected after they had counted, and the greatest change; empty for none.

    Examples
    --------
    >>> from stockseq.forecasting.live import Corrections
    >>> corrections_sentence(Corrections(n=2, ticker="KOLA", session="2024-11-25", before=0.021, after=0.004))
    '2 of these outcomes were corrected later, because their bars were; most that of KOLA on 2024-11-25, from +2.1% to
    +0.4%.'
    """
    if corrections is None:
        return ""
    were, their = ("was", "its bars") if corrections.n == 1 else ("were", "their bars")
    return (
        f"{corrections.n:,} of these outcomes {were} corrected later, because {their} were; most that of "
        f"{corrections.ticker} on {corrections.session}, from {percent(corrections.before, signed=True)} to "
        f"{percent(corrections.after, signed=True)}."
    )


def seeds_sentence(scores: Scores) -> str:
    """Return how far apart the networks of an ensemble are, empty for one."""
    accuracies = [seed.accuracy for seed in scores.seeds]
    if len(accuracies) < 2:
        return ""
    return f"Each of the {len(accuracies)} seeds alone: {percent(min(accuracies))} to {percent(max(accuracies))}."


def _skill(scores: Scores, p: float | None) -> str:
    edge = scores.edge
    if p is None:
        return "no test of skill is possible, because forecasts, outcomes or hits never change"
    if p < SIZE:
        return f"skill is shown, an edge of {_points(edge)} over chance (p {p_words(p)})"
    needed = _sessions(scores, edge)
    # An edge that this many sessions should have shown is no longer the question; a small one is.
    asked = edge if needed is not None and needed > scores.n_sessions else SMALL_EDGE
    n_sessions = _sessions(scores, asked) or 0
    if n_sessions <= scores.n_sessions:
        return (
            f"skill is not shown (p {p_words(p)}), and about {n_sessions:,} sessions would most likely have shown an "
            f"edge of {_points(asked)} over chance"
        )
    return (
        f"skill is not shown (p {p_words(p)}); to show an edge of {_points(asked)} over chance would take about "
        f"{n_sessions:,} sessions"
    )


def _sessions(scores: Scores, edge: float) -> int | None:
    """Return the sessions that show this edge, at the tickers per session and the correlation of this run."""
    if edge < 0.0005:
        return None
    return sessions_needed(min(edge, 0.5), scores.n / scores.n_sessions, scores.rho_hit or 0.0)


def _points(edge: float) -> str:
    return f"{points(edge).removeprefix('+')} points"
