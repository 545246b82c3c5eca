"""One cut examined in both ways, and the account of many."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass

from stockseq.evaluate.lookahead.clock import Clock, Cut
from stockseq.evaluate.lookahead.compare import Artefact, Compared, Finding, compare
from stockseq.evaluate.lookahead.poison import poison_after
from stockseq.evaluate.lookahead.tables import Tables, remove_after

Build = Callable[[Tables], Mapping[str, Artefact]]


@dataclass(frozen=True)
class Verdict:
    """What was compared of one artefact over all cuts, and what moved."""

    artefact: str
    n_cuts: int
    n_values: int
    findings: tuple[Finding, ...]


def examine(
    tables: Tables, reference: Mapping[str, Artefact], cut: Cut, build: Build, *, clock: Clock, seed: int
) -> Iterator[Compared]:
    """Rebuild without the future, and with another one, and compare each artefact with the reference.

    Parameters
    ----------
    tables : Tables
        Whole.
    reference : mapping of name to Artefact
        What was built of the whole tables.
    cut : Cut
    build : function of Tables, giving a mapping of name to Artefact
        The pipeline under examination.
    clock : Clock
        Decides what was known at the cut.
    seed : int
        Of the poison.

    Yields
    ------
    Compared
        Two of each artefact.
    """
    removed = build(remove_after(tables, cut, clock=clock))
    yield from (compare(artefact, removed[name], cut, "removed") for name, artefact in reference.items())
    poisoned = build(poison_after(tables, cut, clock=clock, seed=seed))
    yield from (compare(artefact, poisoned[name], cut, "poisoned") for name, artefact in reference.items())


def summarise(compared: Iterable[tuple[Cut, Compared]]) -> tuple[Verdict, ...]:
    """Return one verdict per artefact, in the order of their first appearance.

    Examples
    --------
    >>> import pandas as pd
    >>> cut = Cut(pd.Timestamp("2024-11-29"), pd.Timestamp("2024-11-29 14:00", tz="UTC"))
    >>> summarise([(cut, Compared("bars", 10, ())), (cut, Compared("bars", 12, ()))])
    (Verdict(artefact='bars', n_cuts=1, n_values=22, findings=()),)
    """
    pairs = list(compared)
    own = {part.artefact: [(cut, one) for cut, one in pairs if one.artefact == part.artefact] for _, part in pairs}
    return tuple(
        Verdict(
            name,
            len({cut.session for cut, _ in rows}),
            sum(one.n_values for _, one in rows),
            tuple(finding for _, one in rows for finding in one.findings),
        )
        for name, rows in own.items()
    )
