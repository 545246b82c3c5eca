"""moto's S3 behind a proxy that cuts connections, answers with errors or waits, at chosen requests.

Both run in a process of their own: deltalake holds Python's lock during some requests.
"""

import socket
import subprocess
import sys
import threading
import time
from contextlib import suppress
from functools import cache, partial
from multiprocessing.util import Finalize
from pathlib import Path

KEYS = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test", "AWS_REGION": "us-east-1"}
BUCKET = "stockseq"
SLOW_DOWN = b"<Error><Code>SlowDown</Code><Message>Please reduce your request rate.</Message></Error>"
FAULTS = ("cut before", "cut after", "cut amid the answer", "500", "503 SlowDown", "late")
LATE_S = 1.0


class ObjectStore:
    """The process with a bucket; `url` is the proxy's."""

    def __init__(self) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "tests.campaign.cutting_proxy"],
            cwd=Path(__file__).parents[2],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        self.url = f"http://127.0.0.1:{self._answer()}"
        self._close = Finalize(self, self.process.communicate, exitpriority=10)

    def begin(self, fault: str = "", *, first: int = 0, last: int = 0) -> None:
        """Count requests anew from 1; those from `first` to `last` end in a fault."""
        self._ask(f"{first} {last} {fault}")

    def count(self) -> int:
        """Return how many requests there were since."""
        return self._ask("count")

    def _ask(self, line: str) -> int:
        assert self.process.stdin is not None
        print(line, file=self.process.stdin, flush=True)
        return self._answer()

    def _answer(self) -> int:
        assert self.process.stdout is not None
        return int(self.process.stdout.readline())


@cache
def object_store() -> ObjectStore:
    """Return this process's object store."""
    return ObjectStore()


class CuttingProxy:
    """One request a connection."""

    def __init__(self, upstream: tuple[str, int]) -> None:
        self.upstream = upstream
        self.n_requests, self.first, self.last, self.fault = 0, 0, 0, ""
        self._counting = threading.Lock()
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=64)
        self.port = self._listener.getsockname()[1]
        threading.Thread(target=self._serve, daemon=True).start()

    def begin(self, first: int, last: int, fault: str) -> None:
        """Count anew, with another fault."""
        with self._counting:
            self.n_requests, self.first, self.last, self.fault = 0, first, last, fault

    def _serve(self) -> None:
        with suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                threading.Thread(target=self._pass_on, args=(client,), daemon=True).start()

    def _pass_on(self, client: socket.socket) -> None:
        with client, suppress(OSError):
            request = _read_request(client)
            if not request:
                return
            with self._counting:
                self.n_requests += 1
                fault = self.fault if self.first <= self.n_requests <= self.last else ""
            if fault == "cut before":
                return
            if fault in ("500", "503 SlowDown"):
                body = SLOW_DOWN if fault != "500" else b""
                client.sendall(_head(fault[:3] + " Error", len(body)) + body)
                return
            if fault == "late":
                time.sleep(LATE_S)
            answer = self._ask(request)
            if fault == "cut after":
                return
            client.sendall(answer[: len(answer) // 2] if fault == "cut amid the answer" else answer)

    def _ask(self, request: bytes) -> bytes:
        """Return the whole answer of the object store, whose connection it then ends."""
        line, rest = request.split(b"\r\n", 1)
        with socket.create_connection(self.upstream) as upstream:
            upstream.sendall(line + b"\r\nConnection: close\r\n" + rest)
            parts = []
            while part := upstream.recv(65536):
                parts.append(part)
        return b"".join(parts)


def _head(status: str, length: int) -> bytes:
    return f"HTTP/1.1 {status}\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n".encode()


def _read_request(client: socket.socket) -> bytes:
    """Return one request whole; a client that ends before that has none."""
    received = b""
    while b"\r\n\r\n" not in received:
        part = client.recv(65536)
        if not part:
            return b""
        received += part
    head, _, body = received.partition(b"\r\n\r\n")
    lengths = [line.split(b":")[1] for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")]
    while len(body) < (int(lengths[0]) if lengths else 0):
        part = client.recv(65536)
        if not part:
            return b""
        body += part
    return head + b"\r\n\r\n" + body


def serve() -> None:
    """Serve until the input ends; each line of it says what happens to which requests, or asks for their count."""
    import boto3
    from moto.server import ThreadedMotoServer

    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    secrets = {"aws_access_key_id": KEYS["AWS_ACCESS_KEY_ID"], "aws_secret_access_key": KEYS["AWS_SECRET_ACCESS_KEY"]}
    client = boto3.client("s3", endpoint_url=f"http://{host}:{port}", region_name=KEYS["AWS_REGION"], **secrets)
    client.create_bucket(Bucket=BUCKET)
    proxy = CuttingProxy((host, port))
    answer = partial(print, flush=True)
    answer(proxy.port)
    for line in sys.stdin:
        if line.strip() != "count":
            first, last, fault = line.strip("\n").split(" ", 2)
            proxy.begin(int(first), int(last), fault)
        answer(proxy.n_requests)


if __name__ == "__main__":
    serve()
