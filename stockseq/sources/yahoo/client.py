"""The one way to Yahoo: yfinance's requests, cookies and crumbs over a paced session that reports bad answers."""

import contextlib
import logging
import re
import sqlite3
import tempfile
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal

import pandas as pd
import yfinance
from curl_cffi import requests
from yfinance.cache import get_cookie_cache
from yfinance.const import _BASE_URL_, _ROOT_URL_
from yfinance.data import YfData
from yfinance.exceptions import YFException

from stockseq.errors import SourceError
from stockseq.headline_text import clean_text
from stockseq.sources.json_text import read_json
from stockseq.sources.pacing import LostRequests, Pacer
from stockseq.sources.yahoo.chart import Chart, read_chart
from stockseq.sources.yahoo.news import read_stream
from stockseq.sources.yahoo.session import CHART, BadAnswer, PacedSession, answered_at

# Every split up to today re-bases the whole answer, so the window has no end before today.
FAR_FUTURE = pd.Timestamp("2100-01-01", tz="UTC")
# Our names of the tabs to Yahoo's.
TABS = {"all": "newsAll", "news": "latestNews", "press releases": "pressRelease"}


class YahooClient:
    """The chart and the news of one ticker at a time.

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
        self._session = PacedSession(pacer, timeout=timeout, lost=LostRequests(1))

    @property
    def n_answers(self) -> int:
        """How many answers of any kind have come."""
        return self._session.n_answers

    def begin_morning(self, lost: LostRequests) -> None:
        """Count lost requests anew, and let cookies be asked for again."""
        self._session.lost = lost
        self._session.n_cookie_requests = 0

    def fetch_history(self, ticker: str, first: pd.Timestamp) -> tuple[Chart, pd.Timestamp | None]:
        """Return the chart from `first` (tz-aware) to today, as Yahoo adjusts it today, and its server's clock."""
        window = {"period1": int(first.timestamp()), "period2": int(FAR_FUTURE.timestamp())}
        options = {"interval": "1d", "includePrePost": False, "events": "div,splits,capitalGains"}
        answer = self._ask("get", f"{_BASE_URL_}{CHART}{ticker}", params={**window, **options})
        return read_chart(_json(answer)), answered_at(answer)

    def fetch_news(self, ticker: str, *, tab: str, n_headlines: int) -> list[object]:
        """Return the raw news items of one tab, advertisements left out."""
        url = f"{_ROOT_URL_}/xhr/ncp?queryRef={TABS[tab]}&serviceKey=ncp_fin"
        wanted = {"serviceConfig": {"snippetCount": n_headlines, "s": [ticker]}}
        return read_stream(_json(self._ask("post", url, body=wanted)))

    def clear_caches(self) -> None:
        """Drop cookie and crumb, so that the next attempt asks anew."""
        with _plain_yfinance(), contextlib.suppress(Exception):
            get_cookie_cache().store("curlCffi", None)
        data = YfData(session=self._session)
        data._cookie, data._crumb, data._cookie_strategy = None, None, "basic"
        self._session.cookies.clear()

    def explain(self, error: Exception) -> str:
        """Say in words why an attempt failed."""
        answer = self._session.answer
        if isinstance(error, requests.exceptions.RequestException) and answer is None:
            return f"no answer from Yahoo ({_first_sentence(error)})"
        if isinstance(error, YFException):
            return _first_sentence(error)
        return f"Yahoo's answer can't be understood: {_first_sentence(error)}"

    def _ask(self, method: Literal["get", "post"], url: str, **options: Any) -> requests.Response:
        """Ask with yfinance's cookie and crumb, or without where yfinance stumbles over a page that hands them out."""
        self._session.answer = None
        with _plain_yfinance():
            try:
                answer: requests.Response = getattr(YfData(session=self._session), method)(url, **options)
            except (LookupError, TypeError, AttributeError, ValueError, ArithmeticError):
                # A stored cookie without its A3 part would fail every later request of this cache folder unsent.
                self.clear_caches()
                body = {"json": options.pop("body")} if "body" in options else {}
                answer = self._session.request(method.upper(), url, **options, **body)
        return answer


def _json(answer: requests.Response) -> object:
    try:
        return read_json(answer.content)
    except ValueError as error:
        start = f"it starts {answer.text[:30]!r}" if answer.content else "it is empty"
        where = "" if CHART in answer.url or "/xhr/ncp" in answer.url else f"; it came from {answer.url[:40]!r}"
        raise BadAnswer(f"Yahoo's answer isn't JSON ({start}{where})") from error


def _first_sentence(error: Exception) -> str:
    text = clean_text(str(error)) or type(error).__name__
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
    """Keep what yfinance and its libraries log and warn of off the terminal, and put everything back afterwards."""
    logger = logging.getLogger("yfinance")
    silent = logging.NullHandler()
    retries, propagated = yfinance.config.network.retries, logger.propagate
    yfinance.config.network.retries = 0
    logger.propagate = False
    logger.addHandler(silent)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logger.removeHandler(silent)
        logger.propagate = propagated
        yfinance.config.network.retries = retries
