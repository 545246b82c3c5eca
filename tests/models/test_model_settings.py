"""The settings are read without TensorFlow and refuse what can't be."""

import subprocess
import sys

import pytest

from stockseq.errors import SettingsError
from stockseq.models.settings import NetworkSettings, TrainingSettings


def test_settings_load_no_tensorflow() -> None:
    """Every command reads them, and TensorFlow takes seconds to import."""
    code = "import sys, stockseq.models.settings; print('tensorflow' in sys.modules or 'keras' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True).stdout == "False\n"


def test_seeds_count_on_from_the_first() -> None:
    """The ensemble is named by its seeds."""
    assert TrainingSettings(seed=3, n_seeds=2).seeds == (3, 4)


@pytest.mark.parametrize("heads", [(), ("direction", "direction"), ("relative",)])
def test_heads_are_direction_and_return_once_each(heads: tuple[str, ...]) -> None:
    """A network without a head forecasts nothing; the relative head is training's own."""
    with pytest.raises(SettingsError):
        NetworkSettings(heads=heads)
