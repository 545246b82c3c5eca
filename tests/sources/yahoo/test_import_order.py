"""What is imported, and in which order: TensorFlow before curl_cffi, and no request to Yahoo would succeed."""

import os
import subprocess
import sys

# Where a warning is an error; what is said before the word is TensorFlow's.
LOAD = """
import sys, warnings
with warnings.catch_warnings(action="error"):
    from stockseq.layers.backend import keras, tf
    keras.ops.sum(tf.ones(2))
for stream in (sys.stdout, sys.stderr):
    print("loaded", file=stream, flush=True)
"""
FETCH = """
import pandas as pd
from stockseq.errors import StockseqError
from stockseq.sources.yahoo import YahooSettings, YahooSource
try:
    source = YahooSource(YahooSettings(requests_per_second=100, retry_wait_s=0, attempts=1))
    source.fetch_bars({"KOLA": pd.Timestamp("2024-11-18")}, now=pd.Timestamp("2024-11-27T23:00Z"))
except StockseqError as error:
    print(type(error).__name__, error)
"""


def run_fresh(code: str) -> tuple[str, str]:
    """Run in a process of its own, with a proxy where nobody listens; return what it printed, and its errors."""
    proxies = dict.fromkeys(("HTTPS_PROXY", "https_proxy"), "http://127.0.0.1:9")
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, **proxies, "NO_PROXY": "", "no_proxy": ""},
        capture_output=True,
        text=True,
        timeout=300,
        check=True,
    )
    return done.stdout.strip(), done.stderr


def test_tensorflow_first_is_refused_with_the_remedy() -> None:
    """Every request would fail with an error about impersonation, ticker by ticker."""
    printed, _ = run_fresh("import tensorflow\n" + FETCH)
    assert printed.startswith("SourceError TensorFlow was imported before curl_cffi")
    assert "Import stockseq.sources.yahoo before TensorFlow" in printed


def test_our_own_import_of_tensorflow_says_nothing_and_yahoo_can_be_asked_after_it() -> None:
    """The product speaks, not its libraries; and the request leaves, and fails because nobody listens."""
    printed, errors = run_fresh(LOAD + FETCH)
    assert errors.startswith("loaded\n")
    assert printed.startswith("loaded\nSourceUnreachable")
    assert "Impersonat" not in printed


def test_settings_load_no_network_client_and_no_tensorflow() -> None:
    """Whoever reads the settings, or works on simulated data, waits for neither."""
    heavy = ("yfinance", "curl_cffi", "tensorflow", "keras")
    assert run_fresh(f"import sys, stockseq.config; print([name for name in {heavy} if name in sys.modules])") == (
        "[]",
        "",
    )
