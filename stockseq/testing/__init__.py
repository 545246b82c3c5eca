"""The contracts that plug-ins keep, ours and a user's: raise `PluginError` with the reason where one doesn't."""

from stockseq.testing.features import check_feature, sample_bars
from stockseq.testing.sources import check_source

__all__ = ["check_feature", "check_source", "sample_bars"]
