"""A mail server on loopback that speaks SMTP, with every fault that servers are known for."""

import base64
import contextlib
import socket
import ssl
import threading
from types import TracebackType
from typing import Literal

Fault = Literal[
    "",
    "refuses the login",
    "refuses the addresses",
    "refuses one address",
    "refuses the text",
    "hangs",
    "hangs in DATA",
    "drips",
    "drops in DATA",
    "drops after DATA",
    "no starttls",
    "nonsense",
]


class LoopbackSmtp:
    """A context manager; `mails` are the texts it took, `logins` the decoded user and password of each log-in."""

    def __init__(self, context: ssl.SSLContext | None = None, *, fault: Fault = "", tls_at_once: bool = False) -> None:
        self.context, self.fault, self.tls_at_once = context, fault, tls_at_once
        self.mails: list[str] = []
        self.logins: list[str] = []
        self.recipients: list[str] = []
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self._stopped = threading.Event()
        self._connections: list[socket.socket] = []
        self._thread = threading.Thread(target=self._serve, daemon=True)

    def __enter__(self) -> "LoopbackSmtp":
        self._thread.start()
        return self

    def __exit__(self, kind: type | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._stopped.set()
        for connection in (*self._connections, self._listener):
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
            connection.close()
        self._thread.join(5)

    def _serve(self) -> None:
        while not self._stopped.is_set():
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            self._connections.append(connection)
            try:
                if self.tls_at_once and self.context is not None:
                    connection = self.context.wrap_socket(connection, server_side=True)
                    self._connections.append(connection)
                self._talk(connection)
            except (OSError, ValueError):
                pass
            finally:
                self._connections[-1].close()

    def _talk(self, connection: socket.socket) -> None:
        if self.fault == "hangs":
            self._stopped.wait(30)
            return
        if self.fault == "drips":
            while not self._stopped.wait(0.1):
                connection.sendall(b"220-")
            return
        connection.sendall(b"\0\xff{}\r\n" if self.fault == "nonsense" else b"220 loopback\r\n")
        lines = connection.makefile("rb")
        for raw in lines:
            word, _, rest = raw.decode("latin-1").strip().partition(" ")
            word = word.upper()
            if word == "STARTTLS" and self.context is not None:
                connection.sendall(b"220 go\r\n")
                lines.close()
                connection = self.context.wrap_socket(connection, server_side=True)
                self._connections.append(connection)
                lines = connection.makefile("rb")
                self._commands(connection, lines)
                return
            if not self._answer(connection, lines, word, rest):
                return

    def _commands(self, connection: socket.socket, lines: object) -> None:
        for raw in lines:  # type: ignore[attr-defined]
            word, _, rest = raw.decode("latin-1").strip().partition(" ")
            if not self._answer(connection, lines, word.upper(), rest):
                return

    def _answer(self, connection: socket.socket, lines: object, word: str, rest: str) -> bool:
        if word == "EHLO":
            secure = isinstance(connection, ssl.SSLSocket)
            offer = b"" if secure or self.context is None or self.fault == "no starttls" else b"250-STARTTLS\r\n"
            connection.sendall(b"250-loopback\r\n" + offer + b"250 AUTH PLAIN\r\n")
        elif word == "AUTH":
            self.logins.append(base64.b64decode(rest.split()[-1]).decode())
            refused = self.fault == "refuses the login"
            # As some do, it repeats what it was sent.
            connection.sendall(f"535 no {self.logins[-1]!r}\r\n".encode() if refused else b"235 ok\r\n")
        elif word == "RCPT":
            refused = self.fault == "refuses the addresses" or (self.fault == "refuses one address" and "bad" in rest)
            self.recipients.append(rest)
            connection.sendall(b"550 nobody\r\n" if refused else b"250 ok\r\n")
        elif word == "DATA":
            return self._data(connection, lines)
        elif word == "QUIT":
            connection.sendall(b"221 bye\r\n")
            return False
        else:
            connection.sendall(b"250 ok\r\n")
        return True

    def _data(self, connection: socket.socket, lines: object) -> bool:
        if self.fault == "drops in DATA":
            return False
        connection.sendall(b"354 go on\r\n")
        text = []
        for raw in lines:  # type: ignore[attr-defined]
            if raw == b".\r\n":
                break
            text.append(raw.decode("utf-8"))
        if self.fault == "hangs in DATA":
            self._stopped.wait(30)
            return False
        if self.fault == "refuses the text":
            connection.sendall(b"554 spam\r\n")
            return True
        self.mails.append("".join(text))
        connection.sendall(b"250 taken\r\n")
        return self.fault != "drops after DATA"
