"""Serves filers; both of EDGAR's hosts stand at one address."""

from collections.abc import Callable, Sequence
from typing import Any

from tests.edgar_server.filers import ListedFiler, as_json
from tests.service_server import LoopbackService, Reply, Request, json_reply

NOT_FOUND = Reply(b"<Error><Code>NoSuchKey</Code></Error>", 404, {"Content-Type": "application/xml"})


class EdgarServer(LoopbackService):
    """EDGAR with some filers.

    Parameters
    ----------
    filers : sequence of ListedFiler
        May be changed while it serves.

    Attributes
    ----------
    edits : dict of path to callable
        What is done to the JSON (or the page) of a path before it is sent.
    """

    def __init__(self, filers: Sequence[ListedFiler]) -> None:
        super().__init__(self._serve)
        self.filers = list(filers)
        self.edits: dict[str, Callable[[Any], Any]] = {}

    def paths(self) -> list[str]:
        """Return the paths that were asked for."""
        return [request.path for request in self.log]

    def _serve(self, request: Request) -> Reply:
        if "@" not in request.headers.get("user-agent", ""):
            return Reply(b"<h1>Your Request Originates from an Undeclared Automated Tool</h1>", 403, {})
        value = self._value(request.path)
        if value is None:
            return NOT_FOUND
        value = self.edits.get(request.path, lambda same: same)(value)
        return (
            Reply(value.encode(), 200, {"Content-Type": "text/html"}) if isinstance(value, str) else json_reply(value)
        )

    def _value(self, path: str) -> Any:
        if path == "/files/company_tickers.json":
            return as_json(self.filers)
        for filer in self.filers:
            if path == f"/submissions/CIK{filer.cik:010d}.json":
                return filer.submissions()
            for n, part in enumerate(filer.older, start=1):
                if path == f"/submissions/{filer.file_name(n)}":
                    return filer.block(part)
            if path in filer.headers:
                return filer.header(filer.headers[path])
        return None
