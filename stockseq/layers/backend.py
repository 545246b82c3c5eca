"""Keras and TensorFlow, imported in this one place so that neither speaks, at start or later."""

import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

# TensorFlow exports libcurl symbols that would break every request of a source loaded after it.
import stockseq.sources.curl_first  # noqa: F401

# Both are read when the library is loaded. oneDNN's kernels round by the machine they run on; ours should not.
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "0")

# A layer's arguments by name, as Keras saves and restores them.
Config = dict[str, Any]


@contextmanager
def _without_banner() -> Iterator[None]:
    """Hold back what C++ writes to file descriptor 2; give it back if the import fails."""
    sys.stderr.flush()
    kept = os.dup(2)
    with tempfile.TemporaryFile() as held:
        os.dup2(held.fileno(), 2)
        try:
            yield
        except BaseException:
            held.seek(0)
            os.write(kept, held.read())
            raise
        finally:
            os.dup2(kept, 2)
            os.close(kept)


with _without_banner():
    import keras
    import tensorflow as tf

# Each forecast traces its small networks anew, which is cheap; TensorFlow would warn of it in the middle of a screen.
tf.get_logger().setLevel("ERROR")

__all__ = ["keras", "tf"]
