"""The contracts that plug-ins keep, ours and a user's: raise `PluginError` with the reason where one doesn't."""

from typing import TYPE_CHECKING, Any

from stockseq.testing.features import check_feature, sample_bars
from stockseq.testing.sources import check_source

if TYPE_CHECKING:
    from stockseq.testing.layers import check_layer

__all__ = ["check_feature", "check_layer", "check_source", "sample_bars"]


def __getattr__(name: str) -> Any:
    # Layers bring TensorFlow, which takes seconds to import and breaks every download if it comes before curl_cffi.
    if name == "check_layer":
        from stockseq.testing.layers import check_layer

        return check_layer
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
