"""What a pipeline made, once with the future and once without it, row by row."""

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import pandas as pd

from stockseq.evaluate.lookahead.clock import Cut

Way = Literal["removed", "poisoned"]


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
    known_at : Series of shape (n_rows,), UTC
        After this instant nothing may change the row; NaT never comes.
    why : str
        What a change would mean, to end a sentence.
    tolerance : float, default=0.0
        Relative, for numbers; 0 means bit for bit. See `differs`.
    """

    name: str
    rows: pd.DataFrame
    key: tuple[str, ...]
    known_at: pd.Series
    why: str
    tolerance: float = 0.0


@dataclass(frozen=True)
class Finding:
    """A place where the future showed: which value, what it was and became, and why that matters."""

    artefact: str
    column: str
    ticker: str
    session: pd.Timestamp | None
    what: str
    why: str

    @property
    def sentence(self) -> str:
        """The finding, to be read by itself."""
        place = f" of {self.ticker}" if self.ticker else ""
        place += f" on {self.session.date()}" if self.session is not None else ""
        return f"{self.artefact}: `{self.column}`{place} {self.what}: {self.why}."


@dataclass(frozen=True)
class Compared:
    """How many values of one artefact were compared, and per column the first that moved."""

    artefact: str
    n_values: int
    findings: tuple[Finding, ...]


def compare(reference: Artefact, rebuilt: Artefact, cut: Cut, way: Way) -> Compared:
    """Compare the rows that were fixed at the cut.

    Parameters
    ----------
    reference, rebuilt : Artefact
        Of the whole tables, and of the tables whose future was removed or poisoned.
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
    >>> reference = Artefact("features", rows, ("ticker", "session"), at, "a forecast would know its outcome")
    >>> rebuilt = Artefact("features", rows.assign(rsi=0.5), ("ticker", "session"), at, reference.why)
    >>> compare(reference, rebuilt, Cut(rows["session"][0], at[0]), "removed").findings[0].sentence
    'features: `rsi` of A on 2024-11-27 is 0.25, and 0.5 when all that came after 2024-11-27 14:00 UTC is removed: a
    forecast would know its outcome.'
    """
    whole, again = _fixed(reference, cut), _fixed(rebuilt, cut)
    when = f"when all that came after {cut.decision_at:%Y-%m-%d %H:%M} UTC is {way}"
    findings = []
    if not whole.index.equals(again.index):
        gone, new = whole.index.difference(again.index), again.index.difference(whole.index)
        if len(gone):
            findings.append(_finding(reference, whole.loc[gone].iloc[0], "row", f"is gone {when}"))
        if len(new):
            findings.append(_finding(reference, again.loc[new].iloc[0], "row", f"appears {when}"))
        both = whole.index.intersection(again.index)
        whole, again = whole.loc[both], again.loc[both]
    values = [name for name in reference.rows.columns if name not in reference.key]
    for name in values:
        moved = differs(whole[name], again[name], tolerance=reference.tolerance)
        if moved.any():
            # The first in time, where rows have a time.
            order = whole["session"].to_numpy() if "session" in whole else np.arange(len(whole))
            place = int(np.flatnonzero(moved)[np.argmin(order[moved])])
            more = f" (and {int(moved.sum()) - 1:,} more)" if moved.sum() > 1 else ""
            what = f"is {_show(whole[name].iloc[place])}, and {_show(again[name].iloc[place])}{more} {when}"
            findings.append(_finding(reference, whole.iloc[place], name, what))
    return Compared(reference.name, len(whole) * len(values), tuple(findings))


def differs(reference: pd.Series, rebuilt: pd.Series, *, tolerance: float) -> npt.NDArray[np.bool_]:
    """Return where two columns differ.

    Parameters
    ----------
    reference, rebuilt : Series of shape (n,)
        Compared by position.
    tolerance : float
        For numbers: of the value, or of the reference's spread where values cancel to nearly 0. 0 is bit for bit.

    Returns
    -------
    bool array of shape (n,)
        False where both are missing.

    Examples
    --------
    >>> differs(pd.Series([1.0, None, 2.0]), pd.Series([1.0, None, 2.1]), tolerance=1e-9).tolist()
    [False, False, True]
    """
    if tolerance and reference.dtype.kind == "f" and rebuilt.dtype.kind == "f":
        expected, given = reference.to_numpy(), rebuilt.to_numpy()
        spread = float(np.nanstd(expected)) if np.isfinite(expected).any() else 0.0
        return ~np.isclose(given, expected, rtol=tolerance, atol=tolerance * spread, equal_nan=True)
    missing = (reference.isna().to_numpy(), rebuilt.isna().to_numpy())
    same = reference.to_numpy(dtype=object) == rebuilt.to_numpy(dtype=object)
    return ~(np.asarray(same, dtype=bool) | (missing[0] & missing[1]))


def _fixed(artefact: Artefact, cut: Cut) -> pd.DataFrame:
    rows = artefact.rows[(artefact.known_at <= cut.decision_at).to_numpy()]
    return rows.set_index(list(artefact.key), drop=False).sort_index(kind="stable")


def _finding(artefact: Artefact, row: pd.Series, column: str, what: str) -> Finding:
    session = row.get("session")
    place = str(row.get("ticker", "")), None if session is None or pd.isna(session) else pd.Timestamp(session)
    named = {name: row[name] for name in artefact.key if name not in ("ticker", "session")}
    label = f"{column} {' '.join(map(str, named.values()))}" if named else column
    return Finding(artefact.name, label, *place, what, artefact.why)


def _show(value: Any) -> str:
    if isinstance(value, float):
        return f"{value:.10g}"
    text = str(value)
    return text if len(text) <= 80 else f"{text[:77]}..."
