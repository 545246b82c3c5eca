"""An audit's result goes to JSON and back, and shows what moved."""

from datetime import UTC, date, datetime

import pytest

from stockseq.audit.result import AuditResult, Change, Finding, Refusal, Unaudited, Verdict
from stockseq.errors import StockseqError

AT = datetime(2024, 11, 29, 14, tzinfo=UTC)
MOVED = Finding(
    artefact="features",
    column="<rsi>",
    evidence=Change(kind="moved", way="removed", cut_at=AT, harm="forecast", before=0.25, after=None),
    ticker="A",
    session=date(2024, 11, 29),
)
BARS = Verdict(artefact="bars", n_cuts=2, n_values=500)
FEATURES = Verdict(artefact="features", n_cuts=2, n_values=1500, findings=(MOVED,))
RESULT = AuditResult(tickers=("A",), n_features=30, verdicts=(BARS, FEATURES))


def test_a_result_comes_back_from_its_dictionary() -> None:
    """The kind of the evidence says which type it is."""
    assert AuditResult.from_dict(RESULT.to_dict()) == RESULT


def test_a_result_names_what_moved() -> None:
    """The error and the notebook show the first finding of each artefact, escaped."""
    assert repr(RESULT) == "AuditResult(looks ahead: features: 2,000 values of 2 artefacts, 1 ticker)"
    assert "`&lt;rsi&gt;` of A on 2024-11-29" in RESULT._repr_html_()
    with pytest.raises(StockseqError, match=r"Something looks ahead: features \(`<rsi>` of A on 2024-11-29\) changed"):
        RESULT.require()


def test_further_verdicts_and_gaps_join_a_result() -> None:
    """The origins are audited apart, for a market in memory has none."""
    refused = Finding(artefact="source", column="files", evidence=Refusal(kind="source", reason="no."))
    source = Verdict(artefact="source files", n_cuts=2, n_values=0, findings=(refused,))
    joined = RESULT.including(source, Unaudited(subject="live_source", name="yahoo"))
    assert joined.verdicts == (BARS, FEATURES, source)
    assert [gap.name for gap in joined.unaudited] == ["yahoo"]
    assert [verdict.artefact for verdict in joined.moved] == ["features", "source files"]
