"""One made-up dataset for all tests of the benchmark."""

from pathlib import Path

import pytest

from stockseq.benchmarks.data import BenchmarkData
from tests.benchmarks.stocknet_folder import Tables, make_tables, read, write_tidy


@pytest.fixture(scope="session")
def tables() -> Tables:
    """Prices and tweets."""
    return make_tables()


@pytest.fixture(scope="session")
def tidy(tables: Tables, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the tidy layout."""
    return write_tidy(tmp_path_factory.mktemp("tidy"), *tables)


@pytest.fixture(scope="session")
def data(tidy: Path) -> BenchmarkData:
    """What the benchmark makes of it."""
    return read(tidy)
