"""What every test shares: quiet TensorFlow, private caches, and the seed of the property tests."""

import gc
import os
from collections.abc import Iterator
from itertools import count
from pathlib import Path

import curl_cffi  # noqa: F401  before any test imports TensorFlow, which would break it
import hypothesis
import pytest

from stockseq.tensorflow_environment import prepare_tensorflow

prepare_tensorflow()
# Tests make objects by the million and few cycles: looking for these each 700 objects takes a tenth of all their time.
gc.set_threshold(100_000, 20, 100)
# The threads of gradient boosting spin while they wait: with two workers on two cores a second of it becomes fifteen.
os.environ.setdefault("OMP_NUM_THREADS", "1")

hypothesis.settings.register_profile(
    "stockseq", deadline=None, derandomize=True, suppress_health_check=[hypothesis.HealthCheck.too_slow]
)
hypothesis.settings.load_profile("stockseq")

# Whole files go to one worker each. With the long ones first, no worker ends minutes after the other.
LONGEST_FILES = (
    "test_campaign.py",
    "test_kill.py",
    "test_layers.py",
    "test_daily.py",
    "test_yahoo_week.py",
    "test_cluster.py",
    "test_data_leaks.py",
    "test_model_leaks.py",
    "test_backtest.py",
    "test_training.py",
    "test_champion.py",
    "test_train.py",
    "test_ablation.py",
    "test_lease.py",
    "test_ingest.py",
    "test_own_layer.py",
    "test_durability.py",
    "test_notebooks.py",
    "test_readme.py",
    "test_walk_forward.py",
    "test_universe.py",
    "test_news_week.py",
)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put the files that take longest first, each in its own order."""
    rank = {name: position for position, name in enumerate(LONGEST_FILES)}
    items.sort(key=lambda item: rank.get(item.path.name, len(rank)))


def pytest_collection_finish() -> None:
    """Spare each full collection of garbage the million objects of the imports and the tests themselves."""
    gc.freeze()


@pytest.fixture(scope="session")
def cache_names(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Folders for caches, none made yet; a numbered one of pytest's is found among all that there are, each time."""
    folder = tmp_path_factory.mktemp("caches")
    return (folder / str(number) for number in count())


@pytest.fixture(autouse=True)
def private_caches(cache_names: Iterator[Path], monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep every cache that a library writes away from the user's own."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(next(cache_names)))
