"""Hash chains: each row of a table carries the hash of the row before it and its own, so that none changes unseen."""

import hashlib
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import pandas as pd

from stockseq.errors import LedgerBroken

GENESIS = "0" * 64
ASIDE = "`forecasts`, `ledger_heads`, `outcomes` and `outcome_heads`"


@dataclass(frozen=True)
class Chain:
    """Which columns of a table are chained, in which order, and what a message calls a row.

    Parameters
    ----------
    noun : str
        As in "row 3".
    columns : sequence of str
        Hashed by their place.
    named : sequence of str, default=()
        Float or text columns that a later version added: hashed as `name=value` where a row has them, so that a row
        from before keeps its hash.
    """

    noun: str
    columns: Sequence[str]
    named: Sequence[str] = ()

    def texts(self, rows: pd.DataFrame) -> list[list[str]]:
        """Return each row as canonical texts: floats by their hexadecimal digits, times in UTC to the microsecond.

        Examples
        --------
        >>> chain = Chain("row", ["day", "value"], ["size"])
        >>> days = pd.to_datetime(["2024-02-05", "2024-02-06"])
        >>> chain.texts(pd.DataFrame({"day": days, "value": 0.5, "size": [None, 2.0]}))[1]
        ['2024-02-06T00:00:00.000000', '0x1.0000000000000p-1', 'size=0x1.0000000000000p+1']
        """
        texts = [_canonical(rows[column]) for column in self.columns]
        named = [_named(rows[column]) for column in self.named]
        lines = zip(zip(*texts, strict=True), zip(*named, strict=True) if named else [()] * len(rows), strict=True)
        return [[*values, *(text for text in further if text)] for values, further in lines]

    def link(self, rows: pd.DataFrame, *, n_before: int, head: str) -> pd.DataFrame:
        """Return the rows numbered on from `n_before`, each with the hash of the row before it and its own."""
        numbered = rows.assign(sequence=range(n_before + 1, n_before + 1 + len(rows)), previous_hash="")
        hashes = [head]
        for content in self.texts(numbered):
            hashes.append(digest([*content, hashes[-1]]))
        return numbered.assign(previous_hash=hashes[:-1], hash=hashes[1:])

    def verify(self, rows: pd.DataFrame, *, genesis: str, names: Iterable[str], intact: Iterable[bool]) -> list[str]:
        """Return the hashes in order; raise `LedgerBroken` at the first row that doesn't follow from the one before it.

        Parameters
        ----------
        rows : DataFrame with the columns of the chain, sequence, previous_hash and hash
            Sorted by sequence.
        genesis : str
            What the first row follows.
        names, intact : iterables of n_rows
            What a message adds to the number of each row, and whether further checks of its content held.
        """
        hashes: list[str] = []
        links = zip(*(rows[column].tolist() for column in ("sequence", "previous_hash", "hash")), strict=True)
        for (sequence, previous, stored), content, name, whole in zip(
            links, self.texts(rows), names, intact, strict=True
        ):
            number = len(hashes) + 1
            if sequence > number:
                raise broken(f"{self.noun} {number}", "it is missing")
            if sequence < number:
                raise broken(f"{self.noun} {sequence:g}", "it is there twice")
            if not whole or stored != digest([*content, previous]):
                raise broken(f"{self.noun} {number} ({name})", "it was edited after it was made")
            if previous != (hashes[-1] if hashes else genesis):
                raise broken(f"{self.noun} {number} ({name})", "it doesn't follow the row before it")
            hashes.append(stored)
        return hashes

    def require_heads(self, heads: pd.DataFrame, hashes: Sequence[str], *, genesis: str) -> int:
        """Return the greatest noted length, -1 without any; raise `LedgerBroken` where the chain contradicts a head."""
        for n_rows, noted, when in zip(heads["n_rows"].tolist(), heads["hash"], heads["made_at"], strict=True):
            if n_rows > len(hashes):
                raise broken(
                    f"{self.noun} {len(hashes) + 1}", f"it is missing, and there were {n_rows} {self.noun}s at {when}"
                )
            if n_rows < 0 or noted != [genesis, *hashes][n_rows]:
                raise broken(
                    f"{self.noun} {n_rows}", f"its hash was {noted} at {when}, so it or a row before it was rewritten"
                )
        return int(heads["n_rows"].max()) if len(heads) else -1


def broken(where: str, reason: str) -> LedgerBroken:
    """Return the error that names where a ledger is broken, why, and what to do."""
    return LedgerBroken(
        f"The forecast ledger is broken at {where}: {reason}. Put the store back from a copy, or move the tables "
        f"{ASIDE} aside to begin a new record."
    )


def digest(values: Sequence[str]) -> str:
    """Hash texts; as a JSON list, so that no text can pass for two."""
    return hashlib.sha256(json.dumps(list(values)).encode()).hexdigest()


def _named(column: pd.Series) -> list[str]:
    """Return `name=value` of each row, or "" where there is no value."""
    present = column.notna().tolist()
    return [f"{column.name}={text}" if there else "" for there, text in zip(present, _canonical(column), strict=True)]


def _canonical(column: pd.Series) -> list[str]:
    values = column.tolist()
    if column.dtype.kind == "f":
        return [value.hex() for value in values]
    if column.dtype.kind == "M":
        return [value.isoformat(timespec="microseconds") for value in values]
    return [str(value) for value in values]
