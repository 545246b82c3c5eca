"""The loopback Tiingo with a small archive, and its key."""

from collections.abc import Iterator

import pytest

from tests.sources.tiingo.scenario import ARTICLES
from tests.tiingo_server import TiingoServer, set_key


@pytest.fixture(autouse=True)
def key(monkeypatch: pytest.MonkeyPatch) -> None:
    """The key, in the environment alone."""
    set_key(monkeypatch)


@pytest.fixture
def server() -> Iterator[TiingoServer]:
    with TiingoServer(ARTICLES) as running:
        running.hang_s = 0.7
        yield running
