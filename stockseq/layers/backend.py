"""Keras and TensorFlow, imported in this one place so that neither speaks, at start or later."""

import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Any

# TensorFlow exports libcurl symbols that would break every request of a source loaded after it.
import stockseq.sources.curl_first  # noqa: F401
from stockseq.tensorflow_environment import prepare_tensorflow

prepare_tensorflow()

# A layer's arguments by name, as Keras saves and restores them.
Config = dict[str, Any]


@contextmanager
def _without_banner() -> Iterator[None]:
    """Hold back what C++ writes to file descriptor 2; give it back if the import fails."""
    sys.stderr.flush()
    original = os.dup(2)
    with tempfile.TemporaryFile() as captured:
        os.dup2(captured.fileno(), 2)
        try:
            yield
        except BaseException:
            captured.seek(0)
            os.write(original, captured.read())
            raise
        finally:
            os.dup2(original, 2)
            os.close(original)


with _without_banner():
    import keras
    import tensorflow as tf
    from tensorflow.python.framework.config import disable_op_determinism, is_op_determinism_enabled

# Each network of an ensemble is traced for itself; TensorFlow would warn of it in the middle of a screen.
tf.get_logger().setLevel("ERROR")

__all__ = ["any_kernel", "has_gpu", "in_this_thread", "keras", "tf"]


def has_gpu() -> bool:
    """Return whether TensorFlow finds a GPU."""
    return bool(tf.config.list_physical_devices("GPU"))


def in_this_thread() -> AbstractContextManager[None]:
    """Run a graph's operations one after the other in the thread that calls it, unless there is a GPU.

    Handing small ones to other threads, which look out for work all the time, costs a fourth of the processor time.
    A graph with `tf.cond` in it would wait for ever: its branch is handed to threads that may all be waiting.
    """
    # The operations of a GPU end after their call does.
    return nullcontext() if has_gpu() else tf.experimental.function_executor_type("SINGLE_THREADED_EXECUTOR")


@contextmanager
def any_kernel() -> Iterator[None]:
    """Let TensorFlow take any kernel, as in a process that has trained nothing: XLA has no deterministic pooling."""
    was_enabled = is_op_determinism_enabled()
    disable_op_determinism()
    try:
        yield
    finally:
        if was_enabled:
            tf.config.experimental.enable_op_determinism()
