"""TensorFlow starts without a word."""

import subprocess
import sys


def test_loading_tensorflow_says_nothing() -> None:
    """The product speaks, not its libraries; a fresh process, because this one has loaded it already."""
    code = "from stockseq.layers.backend import keras, tf; keras.ops.sum(tf.ones(2))"
    run = subprocess.run([sys.executable, "-W", "error", "-c", code], capture_output=True, text=True, check=True)
    assert (run.stdout, run.stderr) == ("", "")
