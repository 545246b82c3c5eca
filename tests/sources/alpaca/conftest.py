"""The loopback Alpaca with a small archive, and its keys."""

from collections.abc import Iterator

import pytest

from tests.alpaca_server import AlpacaServer, set_keys
from tests.sources.alpaca.scenario import ITEMS


@pytest.fixture(autouse=True)
def keys(monkeypatch: pytest.MonkeyPatch) -> None:
    """The keys, in the environment alone."""
    set_keys(monkeypatch)


@pytest.fixture
def server() -> Iterator[AlpacaServer]:
    with AlpacaServer(ITEMS) as running:
        running.hang_s = 0.7
        yield running
