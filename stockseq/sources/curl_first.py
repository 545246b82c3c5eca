"""Import curl_cffi before TensorFlow, which exports libcurl symbols that would break every request.

Whatever of ours imports TensorFlow or yfinance imports this first; it loads nothing else, and so costs little.
"""

import sys

# Asked at import, because only the order of the imports decides, and it can't be seen afterwards.
_TOO_LATE = "tensorflow" in sys.modules and "curl_cffi" not in sys.modules

import curl_cffi  # noqa: E402, F401  the question above must come first

from stockseq.errors import SourceError  # noqa: E402


def require_curl_before_tensorflow() -> None:
    """Raise `SourceError` if TensorFlow was imported before curl_cffi in this process."""
    if _TOO_LATE:
        raise SourceError(
            "TensorFlow was imported before curl_cffi, and so every request to Yahoo would fail. "
            "Import stockseq.sources.yahoo before TensorFlow, or fetch in a process of its own."
        )
