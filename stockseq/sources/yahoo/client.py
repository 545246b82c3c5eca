"""The one way to Yahoo: yfinance over a paced session that reports refusals at once and keeps no bad crumb."""

import contextlib
import logging
import re
import sqlite3
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pandas as pd
import yfinance
from curl_cffi import requests
from yfinance.cache import get_cookie_cache
from yfinance.data import YfData
from yfinance.exceptions import YFException, YFPricesMissingError, YFRateLimitError

from stockseq.errors import SourceError
from stockseq.sources.pacing import Pacer
from stockseq.sources.yahoo.chart import Chart, read_chart

# Every split up to today re-bases the whole answer, so the window has no end before today.
FAR_FUTURE = "2100-01-01"
CHART = "/v8/finance/chart/"


class UnknownTicker(YFException):
    """Yahoo says that it doesn't know the ticker, or no longer has data for it."""


class PacedSession(requests.Session):
    """A browser-like session that spaces its requests and raises for bad answers.

    yfinance repeats a refused request at once, asks a dozen times for an unknown ticker, and keeps an error page as
    its crumb. Raising here, before it sees such an answer, prevents all three.
    """

    def __init__(self, pacer: Pacer, *, timeout: float) -> None:
        super().__init__(impersonate="chrome")
        self._pacer = pacer
        self._timeout = timeout
        self.n_answers = 0
        self.answer: requests.Response | None = None

    def request(self, method: Any, url: str, **options: Any) -> requests.Response:  # type: ignore[override]
        """Send one request in its turn; raise for a rate limit, an unknown ticker, and a crumb that is none."""
        self._pacer.wait()
        options["timeout"] = self._timeout
        self.answer = None
        answer = super().request(method, url, **options)
        self.n_answers += 1
        if url.endswith("/getcrumb"):
            _require_crumb(answer)
        elif answer.status_code == 429:
            raise YFRateLimitError
        elif CHART in url and answer.status_code in (400, 404) and (reason := _error_description(answer)):
            raise UnknownTicker(reason)
        self.answer = answer
        return answer


class YahooClient:
    """Daily bars with their raw answer, and news, of one ticker at a time.

    Parameters
    ----------
    pacer : Pacer
        Shared by every request, those for cookies and crumbs included.
    timeout : float
        Seconds for one request.
    cache_folder : Path
        Where yfinance keeps its cookie and time zones; created if missing.
    """

    def __init__(self, pacer: Pacer, *, timeout: float, cache_folder: Path) -> None:
        _prepare_cache(cache_folder)
        self._session = PacedSession(pacer, timeout=timeout)
        self._timeout = timeout

    @property
    def n_answers(self) -> int:
        """How many answers of any kind have come."""
        return self._session.n_answers

    def fetch_history(self, ticker: str, first: pd.Timestamp) -> tuple[pd.DataFrame, Chart]:
        """Return yfinance's daily frame from `first` to today, as Yahoo adjusts it today, and the chart it read."""
        with _plain_yfinance():
            try:
                history = yfinance.Ticker(ticker, session=self._session).history(
                    start=first.date().isoformat(),
                    end=FAR_FUTURE,
                    interval="1d",
                    auto_adjust=False,
                    keepna=True,
                    timeout=self._timeout,
                )
            except YFPricesMissingError:
                if not self._has_no_sessions():
                    raise
                history = pd.DataFrame()
        if self._session.answer is None:
            raise YFException("yfinance gave bars without asking Yahoo")
        return history, read_chart(self._session.answer.json()["chart"]["result"][0])

    def fetch_news(self, ticker: str, *, tab: str, n_headlines: int) -> list[object]:
        """Return the raw news items of one tab."""
        with _plain_yfinance():
            items = yfinance.Ticker(ticker, session=self._session).get_news(count=n_headlines, tab=tab)
        answer = self._session.answer
        if answer is not None and answer.status_code >= 400:
            raise YFException(f"HTTP {answer.status_code}")
        return items

    def clear_caches(self) -> None:
        """Drop what yfinance may have kept of a bad answer, so that the next attempt asks anew."""
        YfData.cache_get.cache_clear()
        # A cookie stored without its A3 part makes every later request of this cache folder fail unsent.
        get_cookie_cache().store("curlCffi", None)

    def explain(self, error: Exception) -> str:
        """Say in words why an attempt failed."""
        answer = self._session.answer
        if answer is not None and "Will be right back" in answer.text:
            return "Yahoo is down and says that it will be right back"
        if answer is not None and answer.status_code >= 400:
            reason = _error_description(answer)
            return f"Yahoo answered HTTP {answer.status_code}" + (f": {reason}" if reason else "")
        if isinstance(error, requests.exceptions.RequestException) and answer is None:
            return f"no answer from Yahoo ({_first_sentence(error)})"
        if isinstance(error, ValueError) and answer is not None and not _is_json(answer):
            return f"Yahoo's answer isn't JSON (it starts {answer.text[:30]!r})"
        if isinstance(error, YFException):
            return f"Yahoo: {_first_sentence(error)}"
        return f"Yahoo's answer can't be understood ({type(error).__name__}: {_first_sentence(error)})"

    def _has_no_sessions(self) -> bool:
        answer = self._session.answer
        if answer is None or not _is_json(answer):
            return False
        results = (answer.json().get("chart") or {}).get("result") or [{}]
        return "meta" in results[0] and not results[0].get("timestamp")


def _error_description(answer: requests.Response) -> str | None:
    """Return the description in Yahoo's error envelope, or None where the answer has none."""
    try:
        envelope = answer.json()
        error = next(iter(envelope.values()))["error"]
        return str(error["description"])
    except (ValueError, AttributeError, KeyError, TypeError, StopIteration):
        return None


def _require_crumb(answer: requests.Response) -> None:
    if answer.status_code == 429 or "Too Many Requests" in answer.text:
        raise YFRateLimitError
    if answer.status_code != 200 or re.fullmatch(r"[^\s<>{}]{1,64}", answer.text) is None:
        raise requests.exceptions.RequestException(f"no crumb in an answer of HTTP {answer.status_code}")


def _is_json(answer: requests.Response) -> bool:
    try:
        answer.json()
    except ValueError:
        return False
    return True


def _first_sentence(error: Exception) -> str:
    text = " ".join(str(error).split()) or type(error).__name__
    return re.split(r"(?<=\w)\.(?:\s|$)|\sSee https?:", text)[0][:160]


def _prepare_cache(folder: Path) -> None:
    try:
        # yfinance's threads race to create the folder, and the loser goes without a cache.
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        for database in folder.glob("*.db"):
            if not _readable(database):
                database.unlink()
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        raise SourceError(
            f"Yahoo's cookies and time zones can't be kept in {folder}: {error.strerror or error}. Name a folder that "
            "can be written in yahoo.cache_folder, or in the variable XDG_CACHE_HOME."
        ) from error
    yfinance.set_tz_cache_location(str(folder))


def _readable(database: Path) -> bool:
    try:
        with contextlib.closing(sqlite3.connect(database)) as connection:
            connection.execute("PRAGMA schema_version").fetchone()
    except sqlite3.DatabaseError:
        return False
    return True


@contextlib.contextmanager
def _plain_yfinance() -> Iterator[None]:
    """Let yfinance raise what it would log, keep its log off the terminal, and put both back afterwards."""
    logger = logging.getLogger("yfinance")
    silent = logging.NullHandler()
    hidden, retries, propagated = (
        yfinance.config.debug.hide_exceptions,
        yfinance.config.network.retries,
        logger.propagate,
    )
    yfinance.config.debug.hide_exceptions = False
    yfinance.config.network.retries = 0
    logger.propagate = False
    logger.addHandler(silent)
    YfData.cache_get.cache_clear()
    try:
        yield
    finally:
        logger.removeHandler(silent)
        logger.propagate = propagated
        yfinance.config.network.retries = retries
        yfinance.config.debug.hide_exceptions = hidden
