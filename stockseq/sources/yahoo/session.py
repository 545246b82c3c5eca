"""The session under yfinance: it spaces and counts requests, follows redirects itself, and raises for bad answers."""

import contextlib
import re
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import urljoin, urlsplit

import pandas as pd
from curl_cffi import requests
from curl_cffi.curl import CURL_WRITEFUNC_ERROR
from yfinance.exceptions import YFException, YFRateLimitError

from stockseq.headline_text import clean_text
from stockseq.sources.json_text import read_json
from stockseq.sources.pacing import LostRequests, Pacer

CHART = "/v8/finance/chart/"
# Hosts and paths that only hand out cookies and crumbs, which charts and news can do without.
COOKIE_HOSTS = ("fc.yahoo.com", "guce.yahoo.com")
CRUMB = "/getcrumb"
# Enough for a cookie and a crumb and a few further attempts; a broken cookie page isn't asked for every ticker.
COOKIE_REQUESTS = 12
MOST_REDIRECTS = 5
# Decades of daily bars take 2 MB.
LARGEST_ANSWER = 32 * 2**20
# 999 is Yahoo's own number for the same.
TOO_MANY = (429, 999)
LONGEST_RETRY_AFTER = pd.Timedelta(days=1)


class BadAnswer(YFException):
    """Yahoo's answer can't be used; the message is a sentence that says what came."""


class RequestsSpent(YFException):
    """A ticker has lost as many requests as it may."""


class UnknownTicker(YFException):
    """Yahoo says that it doesn't know the ticker, or no longer has data for it."""


class RateLimited(YFRateLimitError):
    """Yahoo refuses because of too many requests; `retry_after` are the seconds it asks for, 0 if it names none."""

    def __init__(self, retry_after: float) -> None:
        super().__init__()
        self.retry_after = retry_after


class PacedSession(requests.Session):
    """A browser-like session that spaces its requests and raises for bad answers.

    yfinance repeats a refused request at once, follows redirects by the dozen, and keeps an error page as its crumb.
    Raising here, before it sees such an answer, prevents all three.
    """

    def __init__(self, pacer: Pacer, *, timeout: float, lost: LostRequests) -> None:
        super().__init__(impersonate="chrome")
        self._pacer = pacer
        self._timeout = timeout
        self.lost = lost
        self.n_answers = 0
        self.n_cookie_requests = 0
        self.answer: requests.Response | None = None

    def request(self, method: Any, url: str, **options: Any) -> requests.Response:  # type: ignore[override]
        """Send one request in its turn; raise for a rate limit, an unknown ticker, a bad answer or crumb."""
        if _for_cookies(url):
            answer = self._follow(method, url, options, for_cookies=True)
            if url.endswith(CRUMB):
                _require_crumb(answer)
            return answer
        self.answer = None
        answer = self._follow(method, url, options, for_cookies=False)
        _require_good(answer)
        self.answer = answer
        return answer

    def _follow(self, method: str, url: str, options: dict[str, Any], *, for_cookies: bool) -> requests.Response:
        """Send a request and what it is redirected to, each in its turn."""
        count = self._count_cookie_request if for_cookies else self._count_request
        # yfinance goes on without a cookie after an error of the network only.
        error = requests.exceptions.RequestException if for_cookies else BadAnswer
        for _ in range(MOST_REDIRECTS + 1):
            if not _is_yahoo(url):
                raise error(f"Yahoo sends the request to {clean_text(url)[:60]!r}, which is not Yahoo's")
            count()
            self._pacer.wait()
            answer = self._send(method, url, options, error)
            self.n_answers += 1
            target = answer.headers.get("Location") if answer.status_code in (301, 302, 303, 307, 308) else None
            if target is None:
                return answer
            with contextlib.suppress(ValueError):
                target = urljoin(url, target)
            url = target
            kept = ("headers", "json", "data") if answer.status_code in (307, 308) else ()
            method = method if kept else "GET"
            options = {name: value for name, value in options.items() if name in kept}
        last = clean_text(url.split("?")[0])[:80]
        raise error(f"Yahoo redirected {MOST_REDIRECTS} times and more, last to {last!r}")

    def _send(self, method: Any, url: str, options: dict[str, Any], too_large: type[Exception]) -> requests.Response:
        content = bytearray()

        def take(part: bytes) -> int:
            content.extend(part)
            return len(part) if len(content) <= LARGEST_ANSWER else CURL_WRITEFUNC_ERROR

        options = {**options, "timeout": self._timeout, "allow_redirects": False, "content_callback": take}
        try:
            answer = super().request(method, url, **options)
        except requests.exceptions.RequestException as error:
            if len(content) > LARGEST_ANSWER:
                raise too_large(f"Yahoo's answer is larger than {LARGEST_ANSWER // 2**20} MB") from error
            raise
        answer.content = bytes(content)
        return answer

    def _count_request(self) -> None:
        if self.lost.exhausted:
            raise RequestsSpent(f"{self.lost.most} requests of this ticker were lost this morning")
        self.lost.count()

    def _count_cookie_request(self) -> None:
        if self.n_cookie_requests >= COOKIE_REQUESTS:
            raise requests.exceptions.RequestException("no further request for a cookie")
        self.n_cookie_requests += 1


def answered_at(answer: requests.Response) -> pd.Timestamp | None:
    """Return the instant of an answer by the server's own clock, or None where it names none."""
    return _instant(answer.headers.get("Date"))


def _for_cookies(url: str) -> bool:
    parts = urlsplit(url)
    return parts.hostname in COOKIE_HOSTS or parts.path.endswith(CRUMB) or "collectConsent" in parts.path


def _is_yahoo(url: str) -> bool:
    try:
        parts = urlsplit(url)
        return parts.scheme == "https" and f".{parts.hostname}".endswith(".yahoo.com") and parts.port in (None, 443)
    except ValueError:
        return False


def _require_crumb(answer: requests.Response) -> None:
    if answer.status_code in TOO_MANY or "Too Many Requests" in answer.text:
        raise YFRateLimitError
    if answer.status_code != 200 or re.fullmatch(r"[!-;=?-z|~]{1,64}", answer.text) is None:
        raise requests.exceptions.RequestException(f"no crumb in an answer of HTTP {answer.status_code}")


def _require_good(answer: requests.Response) -> None:
    if answer.status_code in TOO_MANY:
        raise RateLimited(_retry_after(answer))
    reason = error_description(answer)
    if CHART in answer.url and answer.status_code in (400, 404) and reason:
        raise UnknownTicker(reason)
    if "Will be right back" in answer.text:
        raise BadAnswer("Yahoo is down and says that it will be right back")
    if answer.status_code != 200:
        raise BadAnswer(f"Yahoo answered HTTP {answer.status_code}" + (f": {reason}" if reason else ""))


def error_description(answer: requests.Response) -> str | None:
    """Return the description in Yahoo's error envelope, or None where the answer has none."""
    try:
        envelope = read_json(answer.content)
        error = next(iter(envelope.values()))["error"]  # type: ignore[attr-defined]
        return clean_text(str(error["description"]))[:160]
    except (ValueError, AttributeError, KeyError, TypeError, StopIteration):
        return None


def _retry_after(answer: requests.Response) -> float:
    """Return the seconds that the answer asks to wait, 0 where it asks for none or for more than a day."""
    text = answer.headers.get("Retry-After") or ""
    if re.fullmatch(r"[0-9]{1,6}", text):
        seconds = float(text)
    else:
        until, sent_at = _instant(text), answered_at(answer)
        seconds = 0.0 if until is None or sent_at is None else (until - sent_at).total_seconds()
    return seconds if 0 < seconds <= LONGEST_RETRY_AFTER.total_seconds() else 0.0


def _instant(text: str | None) -> pd.Timestamp | None:
    try:
        return pd.Timestamp(parsedate_to_datetime(text or "")).tz_convert("UTC")
    except (TypeError, ValueError, OverflowError):
        return None
