"""What was looked at and found, one by one, and what to do."""

from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass
from typing import Literal

from stockseq.errors import StockseqError, os_problem

Verdict = Literal["ok", "warning", "failure"]


@dataclass(frozen=True)
class Check:
    """One finding; `advice` is empty where all is well."""

    subject: str
    verdict: Verdict
    finding: str
    advice: str = ""


@dataclass(frozen=True)
class Diagnosis:
    """All findings, in the order in which they matter.

    Examples
    --------
    >>> Diagnosis((Check("disk", "ok", "12 GB are free"),))
    <Diagnosis: 1 ok, 0 warnings, 0 failures>
    """

    checks: tuple[Check, ...]

    @property
    def has_failed(self) -> bool:
        """Whether the next morning would fail as things are."""
        return any(check.verdict == "failure" for check in self.checks)

    def count(self, verdict: Verdict) -> int:
        """Return how many findings have a verdict."""
        return sum(check.verdict == verdict for check in self.checks)

    def to_dict(self) -> dict[str, object]:
        """Return the findings, JSON-able."""
        return {"checks": [asdict(check) for check in self.checks]}

    def __repr__(self) -> str:
        n_ok, n_warnings, n_failures = (self.count(verdict) for verdict in ("ok", "warning", "failure"))
        return f"<Diagnosis: {n_ok} ok, {n_warnings} warnings, {n_failures} failures>"


def guard(subject: str, look: Callable[[], Iterable[Check]]) -> tuple[Check, ...]:
    """Return what a look finds; an error of the world is a finding too, and hides none of the others."""
    try:
        return tuple(look())
    except StockseqError as error:
        return (Check(subject, "failure", str(error).rstrip(".")),)
    except OSError as error:
        return (Check(subject, "failure", os_problem(error)),)
    except Exception as error:
        # A damaged table may raise anything; whoever asks what is wrong must get an answer.
        why = f"it can't be looked at: {type(error).__name__}: {str(error)[:200]}"
        return (Check(subject, "failure", why.rstrip(".")),)
