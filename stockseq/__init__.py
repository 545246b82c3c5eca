"""Forecast the next session's move of stocks from daily prices and headlines: `import stockseq as sq`.

Every name here is loaded when it is first used, so importing stockseq takes no time and loads neither TensorFlow nor a
network client.
"""

import sys
from importlib import import_module
from types import ModuleType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from stockseq.audit.run import audit as audit
    from stockseq.backtest.account import Account as Account
    from stockseq.backtest.costs import Costs as Costs
    from stockseq.backtest.policy import Threshold as Threshold
    from stockseq.backtest.policy import TopK as TopK
    from stockseq.backtest.trading import backtest as backtest
    from stockseq.config import load_settings as load_settings
    from stockseq.dataset.dataset import build_dataset as build_dataset
    from stockseq.errors import StockseqError as StockseqError
    from stockseq.evaluate.comparison import compare_forecasts as compare_forecasts
    from stockseq.evaluate.scores import score_forecasts as score_forecasts
    from stockseq.features.feature import Feature as Feature
    from stockseq.forecasting.walk_forward import walk_forward as walk_forward
    from stockseq.market import MarketData as MarketData
    from stockseq.models.baselines import BASELINES as BASELINES
    from stockseq.models.forecaster import Forecaster as Forecaster
    from stockseq.sources.markets import fetch_yahoo as fetch_yahoo
    from stockseq.sources.markets import load_simulated as load_simulated
    from stockseq.sources.markets import read_files as read_files
    from stockseq.testing import check_feature as check_feature
    from stockseq.testing import check_source as check_source
    from stockseq.testing.layers import check_layer as check_layer
    from stockseq.workspace import Workspace as Workspace

# Where each name comes from.
_ORIGINS = {
    "BASELINES": "stockseq.models.baselines",
    "Account": "stockseq.backtest.account",
    "Costs": "stockseq.backtest.costs",
    "Feature": "stockseq.features.feature",
    "Forecaster": "stockseq.models.forecaster",
    "MarketData": "stockseq.market",
    "StockseqError": "stockseq.errors",
    "Threshold": "stockseq.backtest.policy",
    "TopK": "stockseq.backtest.policy",
    "Workspace": "stockseq.workspace",
    "audit": "stockseq.audit.run",
    "backtest": "stockseq.backtest.trading",
    "build_dataset": "stockseq.dataset.dataset",
    "check_feature": "stockseq.testing",
    "check_layer": "stockseq.testing.layers",
    "check_source": "stockseq.testing",
    "compare_forecasts": "stockseq.evaluate.comparison",
    "fetch_yahoo": "stockseq.sources.markets",
    "load_settings": "stockseq.config",
    "load_simulated": "stockseq.sources.markets",
    "read_files": "stockseq.sources.markets",
    "score_forecasts": "stockseq.evaluate.scores",
    "walk_forward": "stockseq.forecasting.walk_forward",
}
__all__ = list(_ORIGINS)


def __getattr__(name: str) -> object:
    if name not in _ORIGINS:
        # With these two Python itself adds "Did you mean".
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}", name=name, obj=sys.modules[__name__])
    value = getattr(import_module(_ORIGINS[name]), name)
    globals()[name] = value
    return value


class _FrontDoor(ModuleType):
    """The package as a module; its functions `backtest` and `audit` stay in sight when the packages so named load."""

    def __setattr__(self, name: str, value: object) -> None:
        if not (name in _ORIGINS and isinstance(value, ModuleType)):
            super().__setattr__(name, value)


def __dir__() -> list[str]:
    return sorted(__all__)


sys.modules[__name__].__class__ = _FrontDoor
