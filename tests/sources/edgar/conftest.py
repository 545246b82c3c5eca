"""A loopback EDGAR, and a source that asks it within milliseconds."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from stockseq.sources.edgar import EdgarSource
from tests.edgar_server import EdgarServer
from tests.sources.edgar.scenario import FERN, KOLA, hurried


@pytest.fixture
def server() -> Iterator[EdgarServer]:
    """KOLA and FERN."""
    with EdgarServer([KOLA, FERN]) as running:
        running.hang_s = 0.5
        yield running


@pytest.fixture
def source(server: EdgarServer, tmp_path: Path) -> EdgarSource:
    """The real source with waits of no time."""
    return hurried(server, tmp_path)
