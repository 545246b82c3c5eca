"""What a pipeline makes of a market, with the future and without it, compared row by row."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from stockseq.audit.clock import Clock, Cut, remove_after
from stockseq.audit.poison import poison_after
from stockseq.audit.result import Change, Finding, Harm, Verdict, Way
from stockseq.market import MarketData
from stockseq.testing.causality import differs

MOST_CHARACTERS = 80


@dataclass(frozen=True)
class Artefact:
    """A table that the pipeline made, and from when each of its rows must be fixed.

    Parameters
    ----------
    name : str
        Such as "features".
    rows : DataFrame of n_rows rows
        The key and the values.
    key : tuple of str
        The columns that name a row.
    fixed_at : Series of shape (n_rows,), UTC
        After this instant nothing may change the row; NaT never comes.
    harm : {"record", "forecast", "judgement"}
        What a change would spoil.
    tolerance : float, default=0.0
        Relative, for numbers; 0 means bit for bit. See `differs`.
    """

    name: str
    rows: pd.DataFrame
    key: tuple[str, ...]
    fixed_at: pd.Series
    harm: Harm
    tolerance: float = 0.0


@dataclass(frozen=True)
class Compared:
    """How many values of one artefact were compared, and per column the first that moved."""

    artefact: str
    n_values: int
    findings: tuple[Finding, ...]


Build = Callable[[MarketData], Mapping[str, Artefact]]


def compare(reference: Artefact, rebuilt: Artefact, cut: Cut, way: Way) -> Compared:
    """Compare the rows that were fixed at the cut.

    Parameters
    ----------
    reference, rebuilt : Artefact
        Of the whole market, and of the one whose future was removed or poisoned.
    cut : Cut
    way : "removed" or "poisoned"

    Returns
    -------
    Compared
        A finding for rows that are there in one of the two alone, and one for each column with a moved value.

    Examples
    --------
    >>> rows = pd.DataFrame({"ticker": ["A"], "session": pd.to_datetime(["2024-11-27"]), "rsi": [0.25]})
    >>> at = pd.Series(pd.to_datetime(["2024-11-27 14:00"], utc=True))
    >>> reference = Artefact("features", rows, ("ticker", "session"), at, "forecast")
    >>> rebuilt = Artefact("features", rows.assign(rsi=0.5), ("ticker", "session"), at, "forecast")
    >>> finding = compare(reference, rebuilt, Cut(rows["session"][0], at[0]), "removed").findings[0]
    >>> finding.name, finding.evidence.before, finding.evidence.after
    ('`rsi` of A on 2024-11-27', 0.25, 0.5)
    """
    whole, again = _fixed(reference, cut), _fixed(rebuilt, cut)
    change = Change(kind="moved", way=way, cut_at=cut.decision_at, harm=reference.harm)
    findings = []
    if not whole.index.equals(again.index):
        gone, new = whole.index.difference(again.index), again.index.difference(whole.index)
        if len(gone):
            findings.append(_finding(reference, whole.loc[gone].iloc[0], "row", _as(change, kind="gone")))
        if len(new):
            findings.append(_finding(reference, again.loc[new].iloc[0], "row", _as(change, kind="new")))
        both = whole.index.intersection(again.index)
        whole, again = whole.loc[both], again.loc[both]
    columns = [name for name in reference.rows.columns if name not in reference.key]
    for name in columns:
        moved = differs(whole[name], again[name], tolerance=reference.tolerance)
        if moved.any():
            # The first in time, where rows have a time.
            order = whole["session"].to_numpy() if "session" in whole else np.arange(len(whole))
            first = int(np.flatnonzero(moved)[np.argmin(order[moved])])
            before, after = _plain(whole[name].iloc[first]), _plain(again[name].iloc[first])
            evidence = _as(change, before=before, after=after, n_more=int(moved.sum()) - 1)
            findings.append(_finding(reference, whole.iloc[first], name, evidence))
    return Compared(reference.name, len(whole) * len(columns), tuple(findings))


def examine(
    market: MarketData, reference: Mapping[str, Artefact], cut: Cut, build: Build, *, clock: Clock, seed: int
) -> Iterator[Compared]:
    """Rebuild without the future, and with another one, and compare each artefact with the reference.

    Parameters
    ----------
    market : MarketData
        Whole.
    reference : mapping of name to Artefact
        What was built of the whole market.
    cut : Cut
    build : function of MarketData, giving a mapping of name to Artefact
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
    removed = build(remove_after(market, cut, clock=clock))
    yield from (compare(artefact, _find(removed, artefact), cut, "removed") for artefact in reference.values())
    poisoned = build(poison_after(market, cut, clock=clock, seed=seed))
    yield from (compare(artefact, _find(poisoned, artefact), cut, "poisoned") for artefact in reference.values())


def summarise(compared: Iterable[tuple[Cut, Compared]]) -> tuple[Verdict, ...]:
    """Return one verdict per artefact, in the order of their first appearance.

    Examples
    --------
    >>> cut = Cut(pd.Timestamp("2024-11-29"), pd.Timestamp("2024-11-29 14:00", tz="UTC"))
    >>> summarise([(cut, Compared("bars", 10, ())), (cut, Compared("bars", 12, ()))])
    (Verdict(artefact='bars', n_cuts=1, n_values=22, findings=()),)
    """
    by_artefact: dict[str, list[tuple[Cut, Compared]]] = {}
    for cut, part in compared:
        by_artefact.setdefault(part.artefact, []).append((cut, part))
    return tuple(
        Verdict(
            artefact=name,
            n_cuts=len({cut.session for cut, _ in parts}),
            n_values=sum(part.n_values for _, part in parts),
            findings=tuple(finding for _, part in parts for finding in part.findings),
        )
        for name, parts in by_artefact.items()
    )


def _find(rebuilt: Mapping[str, Artefact], artefact: Artefact) -> Artefact:
    """Return the artefact of the same name, without rows where there is none: no headline was late by then."""
    nothing = replace(artefact, rows=artefact.rows.iloc[:0], fixed_at=artefact.fixed_at.iloc[:0])
    return rebuilt.get(artefact.name, nothing)


def _fixed(artefact: Artefact, cut: Cut) -> pd.DataFrame:
    rows = artefact.rows[(artefact.fixed_at <= cut.decision_at).to_numpy()]
    return rows.set_index(list(artefact.key), drop=False).sort_index(kind="stable")


def _as(change: Change, **update: object) -> Change:
    return change.model_copy(update=update)


def _finding(artefact: Artefact, row: pd.Series, column: str, change: Change) -> Finding:
    session = row.get("session")
    parts = [str(row[name]) for name in artefact.key if name not in ("ticker", "session")]
    return Finding(
        artefact=artefact.name,
        column=" ".join([column, *parts]),
        evidence=change,
        ticker=str(row.get("ticker", "")),
        session=None if session is None or pd.isna(session) else pd.Timestamp(session).date(),
    )


def _plain(value: object) -> float | str | None:
    """Return a number, a text that fits a line, or None where the value is missing."""
    if value is None or value is pd.NaT or (isinstance(value, float) and np.isnan(value)):
        return None
    if isinstance(value, float) and np.isfinite(value):
        return float(value)
    text = str(value)
    return text if len(text) <= MOST_CHARACTERS else f"{text[: MOST_CHARACTERS - 3]}..."
