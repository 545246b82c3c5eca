"""The loopback Yahoo itself: an HTTPS proxy with its own authority, a clock that tests set, and a log of requests."""

import contextlib
import json
import socket
import ssl
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import TracebackType
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

import pandas as pd
import trustme

from stockseq.sessions import TradingCalendar
from tests.yahoo_server import answers
from tests.yahoo_server.faults import BODIES, CHANGES, Faults, Reply
from tests.yahoo_server.market import Market

HOSTS = (
    "fc.yahoo.com",
    "guce.yahoo.com",
    "consent.yahoo.com",
    "finance.yahoo.com",
    "query1.finance.yahoo.com",
    "query2.finance.yahoo.com",
)
CRUMB = "loopback.crumb"
COOKIE = "d=loopback; Expires=Fri, 31 Dec 2038 23:59:59 GMT; Max-Age=31557600; Domain=.yahoo.com; Path=/; Secure"


@dataclass(frozen=True)
class Logged:
    """One request as it came."""

    host: str
    method: str
    path: str
    query: dict[str, str]
    endpoint: str
    ticker: str | None
    at: float = 0.0
    # Whether the connection was dropped before a byte of an answer.
    dropped: bool = False


class YahooServer:
    """A context manager; `now`, `market` and `faults` may be changed while it runs.

    Parameters
    ----------
    market : Market
        What is listed.
    now : Timestamp, tz-aware
        Yahoo's clock, which stands still until it is set.
    folder : Path
        Where the authority's certificate is written.
    calendar : TradingCalendar
        The exchange of all listings.
    port : int, default=0
        0 takes any free one.
    """

    def __init__(
        self, market: Market, *, now: pd.Timestamp, folder: Path, calendar: TradingCalendar, port: int = 0
    ) -> None:
        self.market = market
        self.now = now
        self.calendar = calendar
        self.faults = Faults()
        self.log: list[Logged] = []
        self.refused_hosts: list[str] = []
        self.hang_s = 3.0
        self.clock: Callable[[], float] = time.monotonic
        self._certificate = folder / "loopback-yahoo-ca.pem"
        authority = trustme.CA()
        authority.cert_pem.write_to_path(self._certificate)
        self.tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        authority.issue_cert(*HOSTS).configure_cert(self.tls)
        self._http = _Server(("127.0.0.1", port), _Handler)
        self._http.yahoo = self

    def __enter__(self) -> "YahooServer":
        # A short poll, because `shutdown` waits for the next one.
        threading.Thread(target=self._http.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._http.shutdown()
        self._http.hang_up()
        self._http.server_close()

    @property
    def port(self) -> int:
        """The loopback port."""
        return int(self._http.server_address[1])

    def environment(self) -> dict[str, str]:
        """Return the variables with which any process of this machine takes this server for Yahoo."""
        proxy, certificate = f"http://127.0.0.1:{self.port}", str(self._certificate)
        return {
            "HTTPS_PROXY": proxy,
            "https_proxy": proxy,
            "NO_PROXY": "127.0.0.1,localhost",
            "no_proxy": "127.0.0.1,localhost",
            "SSL_CERT_FILE": certificate,
            "CURL_CA_BUNDLE": certificate,
            "REQUESTS_CA_BUNDLE": certificate,
        }

    def n_requests(self, endpoint: str, ticker: str | None = None) -> int:
        """Return how many requests an endpoint has had, for one ticker or for all."""
        return sum(1 for entry in self.log if entry.endpoint == endpoint and ticker in (None, entry.ticker))

    def answer(self, entry: Logged, body: Any) -> tuple[int, Any]:
        """Return status and JSON for a good answer to this request."""
        if entry.endpoint == "chart":
            view = self.market.view(str(entry.ticker), self.now)
            if view is None:
                return 404, answers.UNKNOWN
            result = answers.chart(str(entry.ticker), view, entry.query, now=self.now, calendar=self.calendar)
            return 200, {"chart": {"result": [result], "error": None}}
        if entry.endpoint == "news":
            view = self.market.view(str(entry.ticker), self.now)
            n_items = int(body["serviceConfig"]["snippetCount"])
            return 200, answers.news(view.news if view is not None else (), n_items)
        if entry.endpoint == "search":
            return 200, {"quotes": [], "news": []}
        return 404, {"finance": {"result": None, "error": {"code": "Not Found", "description": "Not Found"}}}


class _Server(ThreadingHTTPServer):
    yahoo: YahooServer
    daemon_threads = False

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self.tunnels: set[ssl.SSLSocket] = set()

    def hang_up(self) -> None:
        """End the connections that clients keep for later, so that their threads end too."""
        for tunnel in list(self.tunnels):
            with contextlib.suppress(OSError):
                tunnel.shutdown(socket.SHUT_RDWR)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Stay silent about clients that go away."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    # Head and body go out separately, and would wait 40 ms for each other.
    disable_nagle_algorithm = True
    host = ""

    def do_CONNECT(self) -> None:
        """Open the tunnel that an HTTPS client asks a proxy for, and be the host at its far end."""
        yahoo = self.server.yahoo  # type: ignore[attr-defined]
        host = self.path.rsplit(":", 1)[0]
        if host not in HOSTS:
            yahoo.refused_hosts.append(host)
            self.send_error(502, "Host unknown to the loopback Yahoo")
            return
        self.send_response(200, "Connection established")
        self.end_headers()
        self.connection = yahoo.tls.wrap_socket(self.connection, server_side=True)
        self.server.tunnels.add(self.connection)  # type: ignore[attr-defined]
        self.rfile = self.connection.makefile("rb", -1)  # type: ignore[assignment]
        self.wfile = self.connection.makefile("wb", 0)  # type: ignore[assignment]
        self.host = host
        self.close_connection = False

    def finish(self) -> None:
        """Close the tunnel with the connection."""
        with contextlib.suppress(OSError):
            super().finish()
        if isinstance(self.connection, ssl.SSLSocket):
            self.server.tunnels.discard(self.connection)  # type: ignore[attr-defined]
            self.connection.close()

    def do_GET(self) -> None:
        """Answer as the host of the tunnel, or to the tests themselves outside one."""
        self._answer(None)

    def do_POST(self) -> None:
        """As `do_GET`, with a JSON body."""
        text = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        self._answer(json.loads(text) if text else None)

    def log_message(self, *_: Any) -> None:
        """Keep the terminal clear."""

    def _answer(self, body: Any) -> None:
        yahoo = self.server.yahoo  # type: ignore[attr-defined]
        if not self.host:
            self._control(yahoo, body)
            return
        entry = _logged(self.host, self.command, self.path, body)
        fault = yahoo.faults.take(entry.endpoint, entry.ticker)
        entry = replace(entry, at=yahoo.clock(), dropped=fault == "reset")
        yahoo.log.append(entry)
        if isinstance(fault, Reply):
            self._reply(fault, entry, body)
        elif fault in BODIES:
            self._send(*BODIES[fault])
        elif fault in ("reset", "hang"):
            self._drop(yahoo.hang_s if fault == "hang" else 0.0)
        elif entry.endpoint == "cookie":
            self._send(404, "", {"Set-Cookie": ("B=" if fault == "no_a3" else "A3=") + COOKIE})
        elif entry.endpoint == "crumb":
            self._send(200, CRUMB)
        else:
            status, good = yahoo.answer(entry, body)
            if fault in CHANGES and status == 200:
                CHANGES[fault](good["chart"]["result"][0])
            text = json.dumps(good)
            if fault == "truncated":
                text = text[: len(text) // 2]
            self._send(status, text, cut=fault == "short")

    def _reply(self, reply: Reply, entry: Logged, body: Any) -> None:
        yahoo = self.server.yahoo  # type: ignore[attr-defined]
        if reply.body is not None:
            payload = reply.body if isinstance(reply.body, bytes) else reply.body.encode()
        else:
            _, good = yahoo.answer(entry, body)
            if reply.alter is not None:
                reply.alter(good)
            payload = json.dumps(good).encode()
        payload = reply.rewrite(payload) if reply.rewrite is not None else payload
        lengths = {"too_long": len(payload) + 100, "too_short": max(len(payload) - 100, 0)}
        headers = {
            "Date": self.date_time_string(),
            "Content-Type": "application/json",
            "Content-Length": str(lengths.get(reply.wire, len(payload))),
        }
        if reply.wire == "cut_chunk":
            del headers["Content-Length"]
            headers["Transfer-Encoding"] = "chunked"
            payload = f"{len(payload):x}\r\n".encode() + payload[: len(payload) // 2]
        elif reply.wire == "no_length":
            del headers["Content-Length"]
        elif reply.wire == "half":
            payload = payload[: len(payload) // 2]
        elif reply.wire == "http10":
            self.protocol_version = "HTTP/1.0"
        self.send_response_only(reply.status)
        for name, value in {**headers, **reply.headers}.items():
            if value:
                self.send_header(name, value.replace("{query}", urlsplit(self.path).query))
        self.end_headers()
        for part in [payload] if reply.wire != "drip" else (payload[n : n + 1] for n in range(len(payload))):
            self.wfile.write(part)
            if reply.wire == "drip":
                time.sleep(0.05)
        self.close_connection = self.close_connection or reply.wire not in ("plain", "drip")
        if reply.wire in ("no_length", "http10"):
            # Without a length, the end of TLS tells that nothing was cut off.
            with contextlib.suppress(OSError):
                self.connection.unwrap()  # type: ignore[attr-defined]

    def date_time_string(self, timestamp: float | None = None) -> str:
        """Return the instant of an answer by Yahoo's own clock."""
        yahoo = self.server.yahoo  # type: ignore[attr-defined]
        return super().date_time_string(yahoo.now.timestamp() if timestamp is None else timestamp)

    def _control(self, yahoo: YahooServer, body: Any) -> None:
        """Let another process set the clock and faults, or read the log."""
        if self.path == "/log":
            self._send(200, json.dumps([vars(entry) for entry in yahoo.log]))
        elif self.path == "/now" and self.command == "POST":
            yahoo.now = pd.Timestamp(body["now"])
            self._send(200, "{}")
        elif self.path == "/faults" and self.command == "POST":
            yahoo.faults.clear()
            for fault in body:
                yahoo.faults.add(**fault)
            self._send(200, "{}")
        else:
            self._send(404, "{}")

    def _send(self, status: int, text: str, headers: dict[str, str] | None = None, *, cut: bool = False) -> None:
        payload = text.encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json" if text[:1] in "{[" else "text/html")
        self.send_header("Content-Length", str(len(payload)))
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(payload[: len(payload) // 2] if cut else payload)
        self.close_connection = self.close_connection or cut

    def _drop(self, seconds: float) -> None:
        time.sleep(seconds)
        self.close_connection = True


def _logged(host: str, method: str, target: str, body: Any) -> Logged:
    parts = urlsplit(target)
    path, query = unquote(parts.path), dict(parse_qsl(parts.query))
    ticker = None
    if host == "fc.yahoo.com":
        endpoint = "cookie"
    elif host in ("guce.yahoo.com", "consent.yahoo.com"):
        endpoint = "consent"
    elif path.endswith("/getcrumb"):
        endpoint = "crumb"
    elif path.startswith("/v8/finance/chart/"):
        endpoint, ticker = "chart", path.rsplit("/", 1)[1]
    elif path == "/xhr/ncp":
        endpoint, ticker = "news", body["serviceConfig"]["s"][0] if body else None
    elif path == "/v1/finance/search":
        endpoint = "search"
    else:
        endpoint = "other"
    return Logged(host, method, path, query, endpoint, ticker)
