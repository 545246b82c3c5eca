"""A market whose best possible forecast is known: `from stockseq.sources.simulated import SimulatedMarket`."""

from stockseq.sources.simulated.market import SimulatedMarket, SimulatedSettings, SimulatedSource

__all__ = ["SimulatedMarket", "SimulatedSettings", "SimulatedSource"]
