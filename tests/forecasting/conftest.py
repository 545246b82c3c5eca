"""The small market and the model of the models' tests."""

from tests.models.conftest import market, model

__all__ = ["market", "model"]
