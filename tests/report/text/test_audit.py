"""Each kind of finding has its sentence."""

from datetime import UTC, date, datetime

import pytest

from stockseq.audit.plan import Choice
from stockseq.audit.result import Change, Disorder, Finding, Refusal, Replay, Unaudited, Verdict
from stockseq.report.text.audit import choice_sentence, finding_sentence, unaudited_sentence, verdict_words

EARLY, LATE = datetime(2024, 11, 29, 14, tzinfo=UTC), datetime(2024, 11, 29, 21, 15, tzinfo=UTC)
WHERE = {"ticker": "A", "session": date(2024, 11, 29)}
CUT = {"way": "poisoned", "cut_at": EARLY}


@pytest.mark.parametrize(
    ("finding", "sentence"),
    [
        (
            Finding(
                artefact="features",
                column="rsi",
                evidence=Change(kind="moved", **CUT, harm="forecast", before=0.25, after=None, n_more=3),
                **WHERE,
            ),
            "features: `rsi` of A on 2024-11-29 is 0.25, and missing (and 3 more) when all that came after 2024-11-29 "
            "14:00 UTC is poisoned: a forecast would know what it is to forecast.",
        ),
        (
            Finding(artefact="bars", column="row", evidence=Change(kind="gone", **CUT, harm="record"), **WHERE),
            "bars: `row` of A on 2024-11-29 is gone when all that came after 2024-11-29 14:00 UTC is poisoned: the "
            "past must stay as it was recorded.",
        ),
        (
            Finding(artefact="labels", column="row", evidence=Change(kind="new", **CUT, harm="judgement"), **WHERE),
            "labels: `row` of A on 2024-11-29 appears when all that came after 2024-11-29 14:00 UTC is poisoned: a "
            "model that learnt from what it is tested on can't be judged by it.",
        ),
        (
            Finding(
                artefact="instants",
                column="A rises",
                evidence=Disorder(kind="headline", comes_at=LATE, decision_at=EARLY),
                **WHERE,
            ),
            "instants: `A rises` of A on 2024-11-29 is used by the decision of 2024-11-29 14:00 UTC, but was available "
            "from 2024-11-29 21:15 UTC: the forecast would read tomorrow's news.",
        ),
        (
            Finding(
                artefact="instants",
                column="entry_at",
                evidence=Disorder(kind="trade", comes_at=EARLY, decision_at=LATE),
                **WHERE,
            ),
            "instants: `entry_at` of A on 2024-11-29 is 2024-11-29 14:00 UTC, before the decision of 2024-11-29 21:15 "
            "UTC: nobody could make that trade on that forecast.",
        ),
        (
            Finding(
                artefact="fold",
                column="train",
                evidence=Disorder(kind="label", comes_at=LATE, decision_at=EARLY, judged="validation"),
            ),
            "fold: `train` ends with a label of 2024-11-29 21:15 UTC, but the first decision of validation is of "
            "2024-11-29 14:00 UTC: what is judged there would partly have been learnt.",
        ),
        (
            Finding(artefact="store", column="bars", evidence=Replay(kind="lost", as_of=EARLY), ticker="A"),
            "store: `bars` of A is missing when read as of 2024-11-29 14:00:00+00:00, though it was known: a run "
            "replayed later would see what it could not have known.",
        ),
        (
            Finding(artefact="source", column="mine", evidence=Refusal(kind="source", reason="It forgets.")),
            "source: `mine` fails: It forgets: a run replayed later would see what it could not have known.",
        ),
        (
            Finding(artefact="warm-up", column="rsi", evidence=Refusal(kind="feature", reason="changes."), ticker="A"),
            "warm-up: `rsi` of A changes: in the warm-up, too, what comes from later bars looks ahead.",
        ),
    ],
    ids=lambda value: value.evidence.kind if isinstance(value, Finding) else "",
)
def test_a_finding_says_what_moved_when_and_why_it_matters(finding: Finding, sentence: str) -> None:
    """Whoever reads it must be able to go and look."""
    assert finding_sentence(finding) == sentence


@pytest.mark.parametrize(
    ("choice", "reason"),
    [
        (Choice(("A", "B"), n_stored=9, named=True), "as TICKERS names them"),
        (Choice(("A", "B"), n_stored=2), "all that the store has"),
        (
            Choice(("A", "B"), n_stored=9, n_eventful=1, n_random=1),
            "1 with the most headlines, splits and dividends and 1 at random of 9; TICKERS names others",
        ),
    ],
)
def test_the_choice_of_tickers_has_a_reason(choice: Choice, reason: str) -> None:
    """A reader must know of what the verdict speaks."""
    assert choice_sentence(choice) == f"Audited: A, B ({reason})."


def test_what_was_not_looked_at_says_why() -> None:
    """A live source has another guarantee; the others have an error."""
    live = unaudited_sentence(Unaudited(subject="live_source", name="yahoo"))
    assert live.startswith("yahoo was not asked again: a live source answers for today alone.")
    failed = unaudited_sentence(Unaudited(subject="source", name="files", reason="It is gone."))
    assert failed == "the source files was not asked again: It is gone."
    models = unaudited_sentence(Unaudited(subject="models", reason="Too short."))
    assert models == "models and forecasts that can't be fitted on all there is. Too short."


def test_a_verdict_with_nothing_to_compare_is_no_pass() -> None:
    """An empty table is identical to itself."""
    assert verdict_words(Verdict(artefact="actions", n_cuts=2, n_values=0)) == "nothing to compare"
