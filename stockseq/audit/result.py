"""What an audit found: a verdict on each artefact, all that moved, and what could not be looked at."""

from datetime import date, datetime
from html import escape
from typing import Annotated, Literal

from pydantic import Field

from stockseq.errors import StockseqError, counted
from stockseq.results import Result

Way = Literal["removed", "poisoned"]
# What a row that moved spoils: the record itself, a forecast that reads it, or a model that is judged by it.
Harm = Literal["record", "forecast", "judgement"]


class Change(Result):
    """A value or row that is another without the future than with it.

    Parameters
    ----------
    kind : {"moved", "gone", "new"}
    way : {"removed", "poisoned"}
        What became of all that came after the cut.
    cut_at : datetime, UTC
    harm : {"record", "forecast", "judgement"}
    before, after : float, str or None
        Of a value that moved; None is missing.
    n_more : int
        Further rows in which the same column moved.
    """

    kind: Literal["moved", "gone", "new"]
    way: Way
    cut_at: datetime
    harm: Harm
    before: float | str | None = None
    after: float | str | None = None
    n_more: int = 0


class Disorder(Result):
    """Two instants in the wrong order.

    Parameters
    ----------
    kind : {"headline", "trade", "label"}
        A headline read by a decision before it was available, a trade entered before its decision, a label that ends
        after the first decision of what it is judged on.
    comes_at, decision_at : datetime, UTC
    judged : str
        Of a label, the part of the fold that is judged.
    """

    kind: Literal["headline", "trade", "label"]
    comes_at: datetime
    decision_at: datetime
    judged: str = ""


class Replay(Result):
    """A stored row that a read as of an earlier instant shows too early, or no longer shows."""

    kind: Literal["early", "lost"]
    as_of: datetime


class Refusal(Result):
    """A source or a feature that breaks its contract, with the sentence that says how."""

    kind: Literal["source", "feature"]
    reason: str


class Finding(Result):
    """One thing that the future changed.

    Parameters
    ----------
    artefact, column : str
        What moved; the column is "row" for a whole row.
    evidence : Change, Disorder, Replay or Refusal
    ticker : str
        "" where it is of no ticker.
    session : date or None
    """

    artefact: str
    column: str
    evidence: Annotated[Change | Disorder | Replay | Refusal, Field(discriminator="kind")]
    ticker: str = ""
    session: date | None = None

    @property
    def name(self) -> str:
        """What moved, in short.

        Examples
        --------
        >>> changes = Refusal(kind="feature", reason="it changes")
        >>> day = date(2024, 11, 27)
        >>> Finding(artefact="warm-up", column="rsi_14", evidence=changes, ticker="AAPL", session=day).name
        '`rsi_14` of AAPL on 2024-11-27'
        """
        of = f" of {self.ticker}" if self.ticker else ""
        return f"`{self.column}`{of}" + (f" on {self.session}" if self.session else "")


class Verdict(Result):
    """What was compared of one artefact over all cuts, and what moved; `n_cuts` is 0 where every row was looked at."""

    artefact: str
    n_cuts: int
    n_values: int
    findings: tuple[Finding, ...] = ()


class Unaudited(Result):
    """What could not be looked at, and why.

    Parameters
    ----------
    subject : {"samples", "models", "live_source", "source"}
        Samples where the history leaves none, models that can't be fitted, a source that answers for today alone, one
        that failed.
    name : str
        Of the source.
    reason : str
        The error's sentence.
    """

    subject: Literal["samples", "models", "live_source", "source"]
    name: str = ""
    reason: str = ""


class AuditResult(Result):
    """All verdicts of one audit.

    Parameters
    ----------
    tickers : tuple of str
        Whose data was audited.
    n_features : int
        The indicators and the sentiment.
    verdicts : tuple of Verdict, one per artefact
    unaudited : tuple of Unaudited

    Examples
    --------
    >>> bars = Verdict(artefact="bars", n_cuts=2, n_values=500)
    >>> result = AuditResult(tickers=("AAPL",), n_features=30, verdicts=(bars,))
    >>> result, result.require() is result
    (AuditResult(nothing looks ahead: 500 values of 1 artefact, 1 ticker), True)
    """

    tickers: tuple[str, ...]
    n_features: int
    verdicts: tuple[Verdict, ...]
    unaudited: tuple[Unaudited, ...] = ()

    @property
    def n_values(self) -> int:
        """The values that were compared."""
        return sum(verdict.n_values for verdict in self.verdicts)

    @property
    def moved(self) -> tuple[Verdict, ...]:
        """The verdicts with findings."""
        return tuple(verdict for verdict in self.verdicts if verdict.findings)

    @property
    def is_complete(self) -> bool:
        """Whether everything was looked at, and had something to compare."""
        return not self.unaudited and all(verdict.n_values for verdict in self.verdicts)

    def including(self, *parts: Verdict | Unaudited) -> "AuditResult":
        """Return this result with further verdicts, and what else could not be looked at."""
        return self.model_copy(
            update={
                "verdicts": (*self.verdicts, *(part for part in parts if isinstance(part, Verdict))),
                "unaudited": (*self.unaudited, *(part for part in parts if isinstance(part, Unaudited))),
            }
        )

    def require(self) -> "AuditResult":
        """Return the result if nothing moved.

        Raises
        ------
        StockseqError
            If anything did, with the first finding of each artefact.
        """
        if self.moved:
            names = ", ".join(f"{verdict.artefact} ({verdict.findings[0].name})" for verdict in self.moved)
            raise StockseqError(
                f"Something looks ahead: {names} changed with what came later, so no figure built on that can be "
                "trusted. Mend it and audit again."
            )
        return self

    def __repr__(self) -> str:
        found = f"looks ahead: {', '.join(verdict.artefact for verdict in self.moved)}"
        values = f"{counted(self.n_values, 'value')} of {counted(len(self.verdicts), 'artefact')}"
        gaps = [gap.subject.replace("_", " ") for gap in self.unaudited]
        missing = f"; not audited: {', '.join(gaps)}" if gaps else ""
        return (
            f"{type(self).__name__}({found if self.moved else 'nothing looks ahead'}: {values}, "
            f"{counted(len(self.tickers), 'ticker')}{missing})"
        )

    def _repr_html_(self) -> str:
        rows = "".join(
            f"<tr><th>{escape(verdict.artefact)}</th><td>{verdict.n_cuts or 'every row'}</td>"
            f"<td>{verdict.n_values:,}</td><td>{escape(_found(verdict))}</td></tr>"
            for verdict in self.verdicts
        )
        head = "<tr><th>artefact</th><th>cuts</th><th>values compared</th><th>moved</th></tr>"
        return f"<table><caption>{escape(repr(self))}</caption>{head}{rows}</table>"


def _found(verdict: Verdict) -> str:
    return verdict.findings[0].name if verdict.findings else "nothing" if verdict.n_values else "nothing to compare"
