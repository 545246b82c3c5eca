"""Only what was fixed at a cut is compared, and the first value in time that moved is named."""

import numpy as np
import pandas as pd
import pytest

from stockseq.audit.clock import Cut
from stockseq.audit.comparison import Artefact, compare
from stockseq.audit.result import Change

ROWS = pd.DataFrame({"ticker": ["A", "A"], "session": pd.to_datetime(["2024-11-27", "2024-11-29"]), "rsi": [0.5, 0.25]})
AT = pd.Series(pd.to_datetime(["2024-11-27 14:00", "2024-11-29 14:00"], utc=True))


@pytest.mark.parametrize(
    ("rebuilt", "cut_at", "found"),
    [
        (ROWS.assign(rsi=[0.5, 0.75]), 1, [("rsi", "A", "moved", 0.25, 0.75)]),
        (ROWS.assign(rsi=[0.5, 0.75]), 0, []),
        (ROWS.assign(rsi=[0.5, np.nan]), 1, [("rsi", "A", "moved", 0.25, None)]),
        (ROWS.assign(rsi=[0.5, 0.25 * (1 + 1e-10)]), 1, []),
        (ROWS.iloc[:1], 1, [("row", "A", "gone", None, None)]),
        (ROWS.assign(ticker=["A", "B"]), 1, [("row", "A", "gone", None, None), ("row", "B", "new", None, None)]),
    ],
)
def test_only_what_was_fixed_at_the_cut_is_compared(
    rebuilt: pd.DataFrame, cut_at: int, found: list[tuple[object, ...]]
) -> None:
    """What comes after a cut must change; what was there, and what wasn't, must not."""
    key, cut = ("ticker", "session"), Cut(ROWS["session"][cut_at], AT[cut_at])
    reference = Artefact("features", ROWS, key, AT, "forecast", 1e-9)
    given = Artefact("features", rebuilt, key, AT[rebuilt.index], "forecast", 1e-9)
    findings = compare(reference, given, cut, "removed").findings
    changes = [(finding, finding.evidence) for finding in findings if isinstance(finding.evidence, Change)]
    assert [
        (finding.column, finding.ticker, change.kind, change.before, change.after) for finding, change in changes
    ] == found
    assert all(str(finding.session) == "2024-11-29" for finding in findings)
