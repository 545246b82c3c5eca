"""A layer gets the features that it names."""

import pytest

from stockseq.errors import PluginError
from stockseq.layers.backend import keras
from stockseq.layers.side import Sessions


def sessions(*, text: bool) -> Sessions:
    return Sessions(
        keras.Input((3, 2)), ("days_closed", "no_news"), (1.5, 0.5), (0.8, 0.1), keras.Input((3, 2)) if text else None
    )


def test_text_stands_for_its_numbers_or_for_nothing() -> None:
    """A market without headlines has no text vector, and a layer for both kinds of news goes on with the other."""
    assert sessions(text=True).expand(["no_news", "text"]) == ("no_news", "text_1", "text_2")
    assert sessions(text=False).expand(["no_news", "text"]) == ("no_news",)


def test_the_scale_of_a_feature_is_its_own_and_of_text_none() -> None:
    """A scaled column is told with what it was scaled; the text vector never was."""
    assert sessions(text=True).scales(["text_1", "no_news", "days_closed"]) == ([0.0, 0.5, 1.5], [1.0, 0.1, 0.8])


def test_a_misspelt_feature_is_named_with_the_nearest() -> None:
    """The user learns what to write."""
    with pytest.raises(PluginError, match=r"no feature `day_closed` for the option `side`; did you mean `days_closed`"):
        sessions(text=True).expand(["day_closed"])
