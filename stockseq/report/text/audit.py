"""What an audit found, in sentences: from an `AuditResult` and its findings."""

from stockseq.audit.plan import Choice
from stockseq.audit.result import AuditResult, Change, Disorder, Finding, Harm, Refusal, Replay, Unaudited, Verdict
from stockseq.errors import counted
from stockseq.report.format import instant

HARMS: dict[Harm, str] = {
    "record": "the past must stay as it was recorded",
    "forecast": "a forecast would know what it is to forecast",
    "judgement": "a model that learnt from what it is tested on can't be judged by it",
}
REWRITTEN = "a run replayed later would see what it could not have known"


def choice_sentence(choice: Choice) -> str:
    """Return which tickers are audited, and why these.

    Examples
    --------
    >>> choice_sentence(Choice(("AAPL", "MSFT"), n_stored=2))
    'Audited: AAPL, MSFT (all that the store has).'
    """
    if choice.named:
        reason = "as TICKERS names them"
    elif not choice.n_eventful:
        reason = "all that the store has"
    else:
        reason = (
            f"{choice.n_eventful} with the most headlines, splits and dividends and {choice.n_random} at random of "
            f"{choice.n_stored}; TICKERS names others"
        )
    return f"Audited: {', '.join(choice.tickers)} ({reason})."


def finding_sentence(finding: Finding) -> str:
    """Return a finding, to be read by itself.

    Examples
    --------
    >>> from datetime import datetime, timezone
    >>> at = datetime(2024, 11, 29, 14, tzinfo=timezone.utc)
    >>> moved = Change(kind="moved", way="removed", cut_at=at, harm="forecast", before=0.25, after=0.5)
    >>> finding_sentence(Finding(artefact="features", column="rsi", evidence=moved, ticker="A"))
    'features: `rsi` of A is 0.25, and 0.5 when all that came after 2024-11-29 14:00 UTC is removed: a forecast would
    know what it is to forecast.'
    """
    what, why = _describe(finding.evidence)
    return f"{finding.artefact}: {finding.name} {what}: {why}."


def verdict_words(verdict: Verdict) -> str:
    """Return whether an artefact stayed as it was, in a few words; the first that moved where it did not."""
    if not verdict.findings:
        return "identical" if verdict.n_values else "nothing to compare"
    first = verdict.findings[0]
    return f"{first.column}{f' of {first.ticker}' if first.ticker else ''} moved"


def unaudited_sentence(gap: Unaudited) -> str:
    """Return what was not looked at, and why."""
    if gap.subject == "models":
        return f"models and forecasts that can't be fitted on all there is. {gap.reason}"
    if gap.subject == "samples":
        return f"samples, of which there are none. {gap.reason}"
    if gap.subject == "source":
        return f"the source {gap.name} was not asked again: {gap.reason}"
    return (
        f"{gap.name} was not asked again: a live source answers for today alone. What holds instead: each bar is kept "
        "as it was fetched, with the time of the fetch, bars that aren't final are not taken, a changed history "
        "becomes a new vintage, and each headline keeps the instant at which it was first seen."
    )


def audit_sentence(result: AuditResult, *, n_stored: int) -> str:
    """Return the summary of an audit that found nothing.

    Parameters
    ----------
    result : AuditResult
    n_stored : int
        Tickers that the store has.

    Examples
    --------
    >>> bars = Verdict(artefact="bars", n_cuts=2, n_values=1500)
    >>> audit_sentence(AuditResult(tickers=("A",), n_features=30, verdicts=(bars,)), n_stored=6)
    'Nothing looks ahead: 1,500 values of 1 of 6 tickers compared.'
    """
    found = "Nothing looks ahead" if result.is_complete else "Nothing that was audited looks ahead"
    rest = "" if result.is_complete else ", the rest as shown"
    tickers = f"{len(result.tickers)} of {counted(n_stored, 'ticker')}"
    return f"{found}: {counted(result.n_values, 'value')} of {tickers} compared{rest}."


def _describe(evidence: Change | Disorder | Replay | Refusal) -> tuple[str, str]:
    """Return what was seen, and what it means."""
    if isinstance(evidence, Change):
        return _change(evidence), HARMS[evidence.harm]
    if isinstance(evidence, Disorder):
        return _disorder(evidence)
    if isinstance(evidence, Replay):
        at = evidence.as_of
        early = f"shows when read as of {at}, before it was known"
        lost = f"is missing when read as of {at}, though it was known"
        return early if evidence.kind == "early" else lost, REWRITTEN
    reason = evidence.reason.removesuffix(".")
    if evidence.kind == "source":
        return f"fails: {reason}", REWRITTEN
    return reason, "in the warm-up, too, what comes from later bars looks ahead"


def _change(change: Change) -> str:
    when = f"when all that came after {instant(change.cut_at)} is {change.way}"
    if change.kind == "gone":
        return f"is gone {when}"
    if change.kind == "new":
        return f"appears {when}"
    more = f" (and {change.n_more:,} more)" if change.n_more else ""
    return f"is {_value(change.before)}, and {_value(change.after)}{more} {when}"


def _disorder(disorder: Disorder) -> tuple[str, str]:
    comes_at, decision_at = instant(disorder.comes_at), instant(disorder.decision_at)
    if disorder.kind == "headline":
        return (
            f"is used by the decision of {decision_at}, but was available from {comes_at}",
            "the forecast would read tomorrow's news",
        )
    if disorder.kind == "trade":
        return (
            f"is {comes_at}, before the decision of {decision_at}",
            "nobody could make that trade on that forecast",
        )
    return (
        f"ends with a label of {comes_at}, but the first decision of {disorder.judged} is of {decision_at}",
        "what is judged there would partly have been learnt",
    )


def _value(value: float | str | None) -> str:
    if value is None:
        return "missing"
    return f"{value:.10g}" if isinstance(value, float) else value
