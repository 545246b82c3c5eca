"""A market whose best possible forecast is known: `from stockseq.sources.simulated import SimulatedMarket`."""

from stockseq.sources.settings import SimulatedSettings
from stockseq.sources.simulated.market import SimulatedMarket, SimulatedSource, optimum

__all__ = ["SimulatedMarket", "SimulatedSettings", "SimulatedSource", "optimum"]
