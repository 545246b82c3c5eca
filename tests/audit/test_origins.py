"""What can't be asked again is said, and is neither a pass nor a failure; the leaks are in `tests/leaks`."""

from collections.abc import Mapping
from typing import Any

import pandas as pd

from stockseq.audit.origins import audit_source
from stockseq.audit.result import Unaudited
from stockseq.errors import SourceError
from stockseq.market import MarketData
from stockseq.sources.simulated import SimulatedSource


class Named(SimulatedSource):
    """A source of another name, which may be gone."""

    def __init__(self, name: str, *, gone: bool = False) -> None:
        super().__init__()
        self.name, self.gone = name, gone

    def fetch_bars(self, first_sessions: Mapping[str, pd.Timestamp], *, now: pd.Timestamp) -> Any:
        if self.gone:
            raise SourceError("The folder is gone.")
        return super().fetch_bars(first_sessions, now=now)


def test_a_live_source_is_not_asked_again(market: MarketData) -> None:
    """What Yahoo answers today says nothing of what it answered then."""
    assert audit_source(Named("yahoo"), market) == Unaudited(subject="live_source", name="yahoo")


def test_a_source_that_fails_is_not_audited(market: MarketData) -> None:
    """Files may be moved after they were imported."""
    expected = Unaudited(subject="source", name="files", reason="The folder is gone.")
    assert audit_source(Named("files", gone=True), market) == expected
