"""How often the tables of any store are scanned, and for what."""

from collections import Counter
from collections.abc import Callable
from typing import Any, NamedTuple

import pytest

from stockseq.store.delta import DeltaFile


class Scans(NamedTuple):
    """By table: scans that read it, and scans in which a commit looks for its own rows."""

    reads: Counter[str]
    checks: Counter[str]


def count_scans(patch: pytest.MonkeyPatch) -> Scans:
    """Count every scan from now on; what is scanned and returned stays the same."""
    counts, committing = Scans(Counter(), Counter()), []
    commit = DeltaFile.commit

    def counted(scan: Callable[..., Any]) -> Callable[..., Any]:
        def counted_scan(self: DeltaFile, *arguments: Any) -> Any:
            (counts.checks if committing else counts.reads)[self.table.name] += 1
            return scan(self, *arguments)

        return counted_scan

    def noted_commit(self: DeltaFile, change: Any) -> None:
        committing.append(self.table.name)
        try:
            commit(self, change)
        finally:
            committing.pop()

    # Whole, or batch by batch.
    for name in ("scan", "batches"):
        patch.setattr(DeltaFile, name, counted(getattr(DeltaFile, name)))
    patch.setattr(DeltaFile, "commit", noted_commit)
    return counts
