"""Say in one sentence what a run's scores show, and what they don't."""

from collections.abc import Mapping
from typing import Any

from stockseq.evaluate.power import sessions_needed
from stockseq.evaluate.significance import SIZE

# What is asked about where no edge was found.
SMALL_EDGE = 0.01


def verdict(scores: Mapping[str, Any]) -> str:
    """Return one plain sentence about the direction: accuracy, base rate, count, interval, and whether it is skill.

    Parameters
    ----------
    scores : mapping
        What `score_forecasts` gives.

    Returns
    -------
    str
        Percentages, because it is read by people. Skill counts as shown where the clustered Pesaran-Timmermann test has
        p below 0.05.

    Examples
    --------
    >>> print(verdict({"n": 900, "n_sessions": 30, "accuracy": 0.52, "accuracy_ci": [0.47, 0.57], "base_rate": 0.51,
    ...     "chance": 0.5, "edge": 0.02, "pt_clustered_p": 0.2, "rho_hit": 0.2}))
    52.0% of 900 forecasts over 30 sessions named the direction (95% interval 47.0% to 57.0%), where always naming
    the commoner one gives 51.0%, and chance, forecasts as often up as these without skill, 50.0%: skill is not shown
    (p 0.20), and to tell an edge of 2.0 points over chance from luck would take about 877 sessions.
    """
    low, high = scores["accuracy_ci"]
    figures = (
        f"{percent(scores['accuracy'])} of {scores['n']:,} forecasts over {scores['n_sessions']:,} sessions named the "
        f"direction (95% interval {percent(max(low, 0.0))} to {percent(min(high, 1.0))}), where always naming the "
        f"commoner one gives {percent(scores['base_rate'])}, and chance, forecasts as often up as these without skill, "
        f"{percent(scores['chance'])}"
    )
    # An edge over chance is none over the base rate where one direction is commoner.
    below = "; below the base rate: always naming the commoner direction was right more often"
    return f"{figures}: {_finding(scores)}{below if scores['accuracy'] < scores['base_rate'] else ''}."


def _finding(scores: Mapping[str, Any]) -> str:
    p, edge = scores["pt_clustered_p"], scores["edge"]
    if p is None:
        return "no test of skill is possible, because forecasts, outcomes or hits never change"
    if p < SIZE:
        return f"an edge of {_points(edge)} over chance is shown (p {p_value(p)})"
    needed = _needed(scores, edge)
    # An edge that this many sessions should have shown is no longer the question; a small one is.
    asked = edge if needed is not None and needed > scores["n_sessions"] else SMALL_EDGE
    sessions = _needed(scores, asked) or 0
    if sessions <= scores["n_sessions"]:
        return (
            f"skill is not shown (p {p_value(p)}), and an edge of {_points(asked)} over chance would most likely have "
            f"shown within about {sessions:,} sessions"
        )
    return (
        f"skill is not shown (p {p_value(p)}), and to tell an edge of {_points(asked)} over chance from luck would "
        f"take about {sessions:,} sessions"
    )


def _needed(scores: Mapping[str, Any], edge: float) -> int | None:
    """Return the sessions that tell this edge, at the tickers per session and the correlation of this run."""
    if edge < 0.0005:
        return None
    return sessions_needed(min(edge, 0.5), scores["n"] / scores["n_sessions"], scores["rho_hit"] or 0.0)


def _points(edge: float) -> str:
    return f"{100 * edge:.1f} points"


def percent(fraction: float) -> str:
    """Return a fraction as it stands in a sentence.

    Examples
    --------
    >>> percent(0.5312)
    '53.1%'
    """
    return f"{100 * fraction:.1f}%"


def p_value(p: float) -> str:
    """Return a p-value as it stands in a sentence.

    Examples
    --------
    >>> p_value(0.0004), p_value(0.04321), p_value(0.4)
    ('below 0.001', '0.043', '0.40')
    """
    return "below 0.001" if p < 0.001 else f"{p:.3f}" if p < 0.1 else f"{p:.2f}"
