"""A web service that answers in JSON: paced, retried within a budget, and never a key in what is said of it."""

import os
import re
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final

import pandas as pd
import requests
from urllib3.exceptions import DecodeError, HTTPError, ProtocolError, ReadTimeoutError

from stockseq.errors import SourceError, SourceUnreachable
from stockseq.headline_text import clean_text
from stockseq.sources.json_text import read_json
from stockseq.sources.pacing import Pacer, RetryBudget
from stockseq.sources.settings import ServiceSettings

# A page of headlines has some 100 kB; a filer's whole list of filings a few MB.
LARGEST_ANSWER: Final = 64 * 1024 * 1024
LONGEST_SAID: Final = 200
_PART: Final = 65_536
# A guess at any other form, such as which number is the month, could look into the future.
_STAMP: Final = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d{1,9})?)?(Z|[+-]\d\d:?\d\d)?", re.ASCII)


class ServiceRefused(SourceError):
    """The service doesn't take the key, or what was asked: the same again would be refused again."""


class KeyRefused(ServiceRefused):
    """The service doesn't take the key."""


class NotAllowed(KeyRefused):
    """The service doesn't give this key what was asked; it may give other things."""


class NotFound(ServiceRefused):
    """The service has nothing at this address."""


class BadAnswer(SourceError):
    """An answer that is none: cut short, no JSON, of another shape; asked again, it may be right."""


@dataclass(frozen=True)
class Key:
    """A secret of the environment.

    Parameters
    ----------
    variable : str
        Where it stands; it is never read from a settings file.
    header : str
        That carries it.
    where : str
        Where to get one, for whoever has none.
    prefix : str, default=""
        Before it in the header.
    """

    variable: str
    header: str
    where: str
    prefix: str = ""

    def read(self) -> str:
        """Return it; raise `SourceError` where it isn't set, or can't stand in a header."""
        value = os.environ.get(self.variable, "").strip()
        if not value:
            raise SourceError(f"{self.variable} isn't set in the environment; {self.where}")
        if not (value.isascii() and value.isprintable()):
            raise SourceError(f"{self.variable} in the environment isn't a key: it holds letters that no key has.")
        return value


@dataclass
class Service:
    """One web service.

    Parameters
    ----------
    name : str
        For sentences.
    settings : ServiceSettings
        Its address, pace and patience.
    keys : tuple of Key
        Sent with each request, to this service's own address alone.
    headers : mapping
        Others.
    clock, sleep : callables
        Seconds that only go forward, and a wait of so many seconds.

    Attributes
    ----------
    n_requests : int
        Made so far.
    """

    name: str
    settings: ServiceSettings
    keys: tuple[Key, ...] = ()
    headers: Mapping[str, str] = field(default_factory=dict)
    clock: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep
    n_requests: int = field(default=0, init=False)

    def __post_init__(self) -> None:
        settings = self.settings
        self._pacer = Pacer(settings.requests_per_second, clock=self.clock, sleep=self.sleep)
        self._session = requests.Session()
        # Else the user's netrc would take the place of a key's header.
        self._session.auth = _as_it_is
        self._session.headers.update({"Accept": "application/json", **self.headers})
        self._secrets = tuple(key.read() for key in self.keys)
        for key, secret in zip(self.keys, self._secrets, strict=True):
            self._session.headers[key.header] = f"{key.prefix}{secret}"
        self.renew_budget()

    def renew_budget(self) -> None:
        """Allow a new fetch to lose as much as the settings say."""
        settings = self.settings
        self._budget = RetryBudget(
            first=settings.back_off_s,
            longest=settings.longest_back_off_s,
            total=settings.patience_s,
            clock=self.clock,
            sleep=self.sleep,
        )

    def get_json(
        self,
        path: str,
        parameters: Mapping[str, str] | None = None,
        *,
        check: Callable[[object], None] | None = None,
        whole: bool = False,
    ) -> object:
        """Return the JSON of an answer.

        Parameters
        ----------
        path : str
            After the service's address, or a whole address (https) of a host that the service names itself.
        parameters : mapping, optional
            Of the query; no key belongs there.
        check : callable, optional
            Raises `ValueError` where the JSON isn't an answer to this question; it is then asked again.
        whole : bool, default=False
            Whether one byte that isn't UTF-8 spoils all of the answer, and not the item that it is in alone.

        Raises
        ------
        ServiceRefused
            For a key that isn't taken (the variable is named), and for a question that is refused.
        SourceUnreachable
            If nothing answered at all.
        SourceError
            If what came was never an answer.
        """

        def read(content: bytes) -> object:
            if whole:
                content.decode("utf-8")
            value = read_json(content)
            if check is not None:
                check(value)
            return value

        return self._ask(path, parameters or {}, read)

    def get_text(self, path: str, *, check: Callable[[str], None] | None = None) -> str:
        """Return the text of an answer, as Latin-1 where it isn't UTF-8; `check` and errors are as for `get_json`."""

        def read(content: bytes) -> object:
            try:
                text = content.decode("utf-8")
            except UnicodeDecodeError:
                text = content.decode("latin-1")
            if check is not None:
                check(text)
            return text

        return str(self._ask(path, {}, read))

    def _ask(self, path: str, parameters: Mapping[str, str], read: Callable[[bytes], object]) -> object:
        attempts = self.settings.attempts
        reason, answered = "", False
        attempt = 0
        while attempt < attempts:
            attempt += 1
            began = self.clock()
            try:
                status, headers, content = self._send(path, parameters)
                answered = True
                if status == 429:
                    reason = "it said that it was asked too often"
                    if not self._budget.back_off(_seconds(headers.get("Retry-After"))):
                        break
                    # To wait as asked is no failed attempt; what it costs is bounded by the budget.
                    attempt -= 1
                    continue
                value = self._judge(status, content, read)
                self._budget.reset_back_off()
                return value
            except BadAnswer as error:
                reason, answered = str(error), True
            except (requests.RequestException, HTTPError, OSError) as error:
                reason = _network_reason(error)
                # While an answer's body is read, urllib3's own errors come as they are.
                answered = answered or isinstance(error, HTTPError)
            self._budget.spend(self.clock() - began)
            if attempt < attempts and not self._budget.pause(self.settings.retry_wait_s * 2 ** (attempt - 1)):
                break
        said = f"{self.name} gave no usable answer in {attempt or 1} of {attempts} attempts: {reason}"
        raise SourceError(f"{said}.") if answered else SourceUnreachable(f"{said}.")

    def _send(self, path: str, parameters: Mapping[str, str]) -> tuple[int, Mapping[str, str], bytes]:
        self._pacer.wait()
        self.n_requests += 1
        address = path if "://" in path else f"{self.settings.url.rstrip('/')}/{path.lstrip('/')}"
        timeout = self.settings.timeout_s
        # No redirect is followed: whoever it names would be shown the keys.
        with self._session.get(
            address, params=dict(parameters), timeout=timeout, allow_redirects=False, stream=True
        ) as answer:
            began, parts, size = self.clock(), [], 0
            # As much as has come: a whole part might be long in coming.
            while part := answer.raw.read1(_PART, decode_content=True):
                parts.append(part)
                size += len(part)
                if size > LARGEST_ANSWER:
                    raise BadAnswer(f"its answer is larger than {LARGEST_ANSWER // 2**20} MB")
                # A server that drips one byte a second would never run into the timeout of a read.
                if self.clock() - began > 3 * timeout:
                    raise BadAnswer(f"its answer took longer than {3 * timeout:g} s")
            content = b"".join(parts)
            promised = answer.headers.get("Content-Length", "")
            if promised.isdigit() and answer.headers.get("Content-Encoding") is None and size < int(promised):
                raise BadAnswer(f"its answer was cut short, {size:,} of {promised} bytes")
            return answer.status_code, answer.headers, content

    def _judge(self, status: int, content: bytes, read: Callable[[bytes], object]) -> object:
        """Return what an answer holds."""
        if status in (401, 403):
            raise (NotAllowed if status == 403 else KeyRefused)(self._refusal(status, content))
        if status in (404, 410):
            raise NotFound(f"{self.name} has nothing there (HTTP {status}).")
        if 400 <= status < 500:
            raise ServiceRefused(f"{self.name} refused the question (HTTP {status}){self._quoted(content)}.")
        if not 200 <= status < 300:
            raise BadAnswer(f"HTTP {status}")
        try:
            return read(content)
        except ValueError as error:
            raise BadAnswer(
                f"it isn't the answer that was asked for: {_short(self._without_secrets(str(error)))}"
            ) from error

    def _refusal(self, status: int, content: bytes) -> str:
        if not self.keys:
            return f"{self.name} refused to answer (HTTP {status}){self._quoted(content)}."
        variables = " and ".join(key.variable for key in self.keys)
        return (
            f"{self.name} doesn't take the key (HTTP {status}): check {variables} in the environment; "
            f"{self.keys[0].where}"
        )

    def _quoted(self, content: bytes) -> str:
        """Return what the service says, if it is short plain text; a key that it repeats is left out."""
        said = _short(self._without_secrets(content[:2000].decode("utf-8", "replace")))
        return f', saying "{said}"' if said and "<" not in said else ""

    def _without_secrets(self, text: str) -> str:
        for secret in self._secrets:
            text = text.replace(secret, "...")
        return text


def _as_it_is(request: requests.PreparedRequest) -> requests.PreparedRequest:
    return request


def _short(text: str) -> str:
    return clean_text(text)[:LONGEST_SAID].rstrip(". ")


def _seconds(text: str | None) -> float:
    """Return the seconds of a Retry-After header; a date or nonsense is 0."""
    if text is None or not text.strip().isdigit() or len(text) > 9:
        return 0.0
    return float(text)


def _network_reason(error: Exception) -> str:
    """Return why nothing came, without the address, in which others would see what was asked."""
    if isinstance(error, requests.Timeout | ReadTimeoutError):
        return "no answer in time"
    if isinstance(error, ProtocolError | DecodeError):
        return "its answer was cut short"
    if isinstance(error, requests.exceptions.SSLError):
        return "its certificate isn't valid"
    if isinstance(error, requests.ConnectionError):
        return "the connection failed or broke"
    return f"the request failed ({type(error).__name__})"


def read_instant(text: object) -> pd.Timestamp:
    """Return the instant (UTC) of an ISO 8601 stamp with its zone; raise `ValueError` for anything else.

    Examples
    --------
    >>> read_instant("2024-11-29T14:30:00.5-05:00").isoformat()
    '2024-11-29T19:30:00.500000+00:00'
    """
    if not isinstance(text, str) or _STAMP.fullmatch(text) is None:
        raise ValueError("it is no instant")
    try:
        stamp = pd.Timestamp(text)
    except (ValueError, OverflowError) as error:
        raise ValueError("it is no instant") from error
    if pd.isna(stamp) or stamp.tzinfo is None:
        raise ValueError("it is no instant with a time zone")
    if not 1990 <= stamp.year < 2200:
        raise ValueError("it lies out of reach")
    return stamp.tz_convert("UTC").as_unit("us")
