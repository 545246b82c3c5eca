"""The server under every loopback service: requests are counted and logged, and some of them end in a fault."""

import contextlib
import json
import socket
import struct
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from tests.service_server.faults import BODIES, RETRY_AFTER_S, STATUSES, Fault


@dataclass(frozen=True)
class Request:
    """One request as it came, `number` from 1; `at` are seconds that only go forward."""

    number: int
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    at: float


@dataclass(frozen=True)
class Reply:
    """What a service answers."""

    body: bytes = b""
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=lambda: {"Content-Type": "application/json"})


def json_reply(value: Any, *, status: int = 200) -> Reply:
    """Return a reply in JSON."""
    return Reply(json.dumps(value).encode(), status)


class LoopbackService:
    """A context manager that serves what `answer` makes of each request.

    Parameters
    ----------
    answer : callable
        From a request to a reply.
    port : int, default=0
        0 takes any free one.

    Attributes
    ----------
    faults : dict of request number to fault
        Of single requests.
    rule : callable, optional
        From a request to a fault or None, for faults of another pattern.
    log : list of Request
        All requests so far.
    hang_s : float
        How long a request without an answer hangs.
    """

    def __init__(self, answer: Callable[[Request], Reply], *, port: int = 0) -> None:
        self.answer = answer
        self.faults: dict[int, Fault] = {}
        self.rule: Callable[[Request], Fault | None] = lambda request: None
        self.log: list[Request] = []
        self.hang_s = 3.0
        self._counting = threading.Lock()
        self._http = _Server(("127.0.0.1", port), _Handler)
        self._http.service = self

    def __enter__(self) -> "LoopbackService":
        threading.Thread(target=self._http.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._http.shutdown()
        self._http.server_close()

    @property
    def url(self) -> str:
        """Its address."""
        return f"http://127.0.0.1:{self._http.server_address[1]}"

    def forget(self) -> None:
        """Count requests anew, without faults."""
        self.log.clear()
        self.faults.clear()
        self.rule = lambda request: None

    def most_per(self, seconds: float) -> int:
        """Return the largest number of requests within any span of so many seconds."""
        times = sorted(request.at for request in self.log)
        return max((sum(first <= at < first + seconds for at in times) for first in times), default=0)

    def note(self, path: str, headers: Mapping[str, str]) -> Request:
        """Log a request."""
        parts = urlsplit(path)
        with self._counting:
            request = Request(
                len(self.log) + 1,
                parts.path,
                dict(parse_qsl(parts.query, keep_blank_values=True)),
                {name.lower(): value for name, value in headers.items()},
                time.monotonic(),
            )
            self.log.append(request)
        return request

    def fault_of(self, request: Request) -> Fault | None:
        """Return the fault that a request ends in."""
        return self.faults.get(request.number) or self.rule(request)


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    service: LoopbackService

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Pass over clients that gave up."""


class _Handler(BaseHTTPRequestHandler):
    server: _Server

    def do_GET(self) -> None:
        """Answer, or do what the fault says."""
        service = self.server.service
        request = service.note(self.path, dict(self.headers.items()))
        fault = service.fault_of(request)
        if fault == "reset":
            # With what wasn't read the system sends a reset in place of an end.
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self.connection.close()
            return
        if fault == "no answer in time":
            time.sleep(service.hang_s)
            return
        if fault in STATUSES:
            headers = {"Content-Type": "application/json"}
            headers |= {"Location": "https://elsewhere.invalid/"} if fault == "redirect" else {}
            headers |= {"Retry-After": str(RETRY_AFTER_S)} if fault == "429 with Retry-After" else {}
            self._send(Reply(b'{"message": "refused"}', STATUSES[fault], headers))
            return
        reply = Reply(BODIES[fault]) if fault in BODIES else service.answer(request)
        if fault == "cut JSON":
            reply = Reply(reply.body[: len(reply.body) // 2], reply.status, reply.headers)
        if fault == "not UTF-8":
            reply = Reply(reply.body.replace(b'": "', b'": "\xff', 3), reply.status, reply.headers)
        self._send(reply, cut=fault == "cut body", drips=fault == "drips")

    def _send(self, reply: Reply, *, cut: bool = False, drips: bool = False) -> None:
        self.send_response(reply.status)
        for name, value in reply.headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(reply.body)))
        self.end_headers()
        with contextlib.suppress(OSError):
            if drips:
                end = time.monotonic() + self.server.service.hang_s * 4
                for byte in reply.body:
                    if time.monotonic() > end:
                        return
                    self.wfile.write(bytes([byte]))
                    self.wfile.flush()
                    time.sleep(0.05)
                return
            self.wfile.write(reply.body[: len(reply.body) // 2] if cut else reply.body)

    def log_message(self, *arguments: Any) -> None:
        """Say nothing."""
