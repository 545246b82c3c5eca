"""TensorFlow and curl_cffi in one process: the order of their imports decides whether Yahoo can be asked."""

import os
import subprocess
import sys

ASK = """
import pandas as pd
from stockseq.errors import StockseqError
from stockseq.sources.yahoo import YahooSettings, YahooSource
try:
    source = YahooSource(YahooSettings(requests_per_second=100, retry_wait_s=0, attempts=1))
    source.fetch_bars({"KOLA": pd.Timestamp("2024-11-18")}, now=pd.Timestamp("2024-11-27T23:00Z"))
except StockseqError as error:
    print(type(error).__name__, error)
"""


def run_fresh(code: str) -> str:
    """Run in a process of its own, with a proxy where nobody listens."""
    proxies = dict.fromkeys(("HTTPS_PROXY", "https_proxy"), "http://127.0.0.1:9")
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, **proxies, "NO_PROXY": "", "no_proxy": ""},
        capture_output=True,
        text=True,
        timeout=300,
        check=True,
    )
    return done.stdout.strip()


def test_tensorflow_first_is_refused_with_the_remedy() -> None:
    """Every request would fail with an error about impersonation, ticker by ticker."""
    said = run_fresh("import tensorflow\n" + ASK)
    assert said.startswith("SourceError TensorFlow was imported before curl_cffi")
    assert "Import stockseq.sources.yahoo before TensorFlow" in said


def test_yahoo_first_goes_well_with_tensorflow() -> None:
    """The request leaves: it fails because nobody listens, not because curl is broken."""
    said = run_fresh("import stockseq.sources.yahoo, tensorflow\n" + ASK)
    assert said.startswith("SourceUnreachable")
    assert "ImpersonateError" not in said
    assert "Impersonat" not in said
