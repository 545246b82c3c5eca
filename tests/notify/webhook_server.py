"""A receiver of webhooks on loopback, with a log of what was posted and every fault."""

import contextlib
import json
import socket
import struct
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any


class LoopbackWebhook:
    """A context manager; `posted` are (path, JSON) of each message that came.

    Parameters
    ----------
    fault : str
        A status such as "500" or "302", "hang", "reset", "drips" or none.
    """

    def __init__(self, fault: str = "") -> None:
        self.fault = fault
        self.posted: list[tuple[str, Any]] = []
        self.headers: list[dict[str, str]] = []
        self.stopped = threading.Event()
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                outer.receive(self)

            do_GET = do_POST

            def log_message(self, format: str, *arguments: object) -> None:
                """Say nothing."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)

    def __enter__(self) -> "LoopbackWebhook":
        self._thread.start()
        return self

    def __exit__(self, kind: type | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.stopped.set()
        self._server.shutdown()
        self._server.server_close()

    def receive(self, handler: BaseHTTPRequestHandler) -> None:
        body = handler.rfile.read(int(handler.headers.get("Content-Length", 0)))
        self.posted.append((handler.path, json.loads(body) if body else None))
        self.headers.append(dict(handler.headers))
        handler.close_connection = True
        if self.fault == "hang":
            self.stopped.wait(30)
            return
        if self.fault == "reset":
            handler.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            handler.connection.close()
            return
        if self.fault == "drips":
            with contextlib.suppress(OSError):
                while not self.stopped.wait(0.1):
                    handler.wfile.write(b"HTTP/1.1 100 Continue\r\n\r\n")
            return
        status = int(self.fault or 200)
        with contextlib.suppress(OSError):
            handler.send_response(status)
            if 300 <= status < 400:
                handler.send_header("Location", f"{self.url}/elsewhere")
            handler.send_header("Content-Length", "2")
            handler.end_headers()
            handler.wfile.write(b"ok")
