"""Alpaca's news service, which chooses by either stamp, pages by the last one, and counts its requests."""

import base64
import binascii
import re
from bisect import bisect_left
from collections.abc import Callable, Iterable, Mapping
from itertools import islice, takewhile
from typing import Any, Literal, NamedTuple

import pandas as pd
import pytest

from tests.alpaca_server.items import Item, Version
from tests.service_server import LoopbackService, Reply, Request, json_reply

KEY_ID, SECRET_KEY = "PKLOOPBACKKEYID", "l00pback+secret/key"
PATH = "/v1beta1/news"
PARAMETERS = {
    "symbols",
    "start",
    "end",
    "limit",
    "sort",
    "page_token",
    "include_content",
    "exclude_contentless",
}
RFC3339 = re.compile(r"\d{4}-\d\d-\d\d(T\d\d:\d\d:\d\d(\.\d{1,9})?(Z|[+-]\d\d:\d\d))?")
Stamp = Literal["updated_at", "created_at"]


class _Entry(NamedTuple):
    """An item as of the server's instant, in the order of its pages."""

    updated_ns: int
    id: int
    item: Item
    version: Version


class _Refused(ValueError):
    """What is wrong with a parameter."""


class AlpacaServer(LoopbackService):
    """A context manager that serves items as Alpaca does.

    Parameters
    ----------
    items : iterable of Item
    now : Timestamp, tz-aware, optional
        Settable: items and versions of later are not there yet; None serves the last version of all.
    filters : {"updated_at", "created_at"}
        By which stamp `start` and `end` choose.
    port : int, default=0

    Attributes
    ----------
    most_per_minute : int or None
        Requests in any minute after which it answers 429; None counts none.
    most_per_page : int
    edit : callable
        From a request and an answer to the answer that is sent, for what no service should do.
    unlisted : set of str
        Symbols that it refuses (422).
    """

    def __init__(
        self,
        items: Iterable[Item] = (),
        *,
        now: pd.Timestamp | None = None,
        filters: Stamp = "updated_at",
        port: int = 0,
    ) -> None:
        super().__init__(self.reply, port=port)
        self.filters = filters
        self.most_per_minute: int | None = 200
        self.most_per_page = 50
        self.edit: Callable[[Request, dict[str, Any]], Any] = lambda request, answer: answer
        self.unlisted: set[str] = set()
        self._items = list(items)
        self._now = now
        self._entries: list[_Entry] | None = None

    @property
    def now(self) -> pd.Timestamp | None:
        """The instant as of which it answers."""
        return self._now

    @now.setter
    def now(self, now: pd.Timestamp | None) -> None:
        self._now, self._entries = now, None

    @property
    def items(self) -> tuple[Item, ...]:
        """All items, those of later included."""
        return tuple(self._items)

    @items.setter
    def items(self, items: Iterable[Item]) -> None:
        self._items, self._entries = list(items), None

    def reply(self, request: Request) -> Reply:
        """Answer a request."""
        keys = request.headers.get("apca-api-key-id"), request.headers.get("apca-api-secret-key")
        if keys != (KEY_ID, SECRET_KEY):
            return json_reply({"message": "forbidden."}, status=403)
        if request.path != PATH:
            return json_reply({"message": "endpoint not found."}, status=404)
        if self._is_too_often(request):
            return json_reply({"message": "too many requests."}, status=429)
        try:
            answer = self._page(request.query)
        except _Refused as refused:
            return json_reply({"message": str(refused)}, status=422)
        return json_reply(self.edit(request, answer))

    def _is_too_often(self, request: Request) -> bool:
        if self.most_per_minute is None:
            return False
        # Newest first: a backfill has tens of thousands.
        recent = takewhile(lambda other: other.at > request.at - 60, reversed(self.log))
        return sum(1 for _ in islice(recent, self.most_per_minute + 1)) > self.most_per_minute

    def _page(self, query: Mapping[str, str]) -> dict[str, Any]:
        limit, ascending, symbols = _limit(query, self.most_per_page), _is_ascending(query), _symbols(query)
        if symbols & self.unlisted:
            raise _Refused(f"invalid symbol: {min(symbols & self.unlisted)}")
        begin, end = _instant(query, "start"), _instant(query, "end")
        if begin is not None and end is not None and begin > end:
            raise _Refused("start should not be after end")
        after = _position(query)
        entries = self._chosen(begin, end)
        chosen = [entry for entry in entries if not symbols or not symbols.isdisjoint(entry.item.symbols)]
        chosen = chosen if ascending else chosen[::-1]
        if after is not None:
            chosen = [entry for entry in chosen if (entry[:2] > after if ascending else entry[:2] < after)]
        page = chosen[:limit]
        return {
            "news": [entry.item.answer(entry.version) for entry in page],
            "next_page_token": _token(page[-1]) if len(chosen) > limit else None,
        }

    def _chosen(self, begin: int | None, end: int | None) -> list[_Entry]:
        """Return what is there of these nanoseconds, both ends included, in the order of the last revision."""
        if self._entries is None:
            versions = [(item, item.as_of(self._now)) for item in self._items]
            self._entries = sorted(
                (
                    _Entry(version.updated_at.as_unit("ns").value, item.id, item, version)
                    for item, version in versions
                    if version is not None
                ),
                key=lambda entry: entry[:2],
            )
        entries = self._entries
        if self.filters == "created_at":
            stamps = [entry.item.created_at.as_unit("ns").value for entry in entries]
            low, high = begin or 0, 2**63 if end is None else end
            return [entry for entry, stamp in zip(entries, stamps, strict=True) if low <= stamp <= high]
        low = 0 if begin is None else bisect_left(entries, (begin,), key=lambda entry: entry[:1])
        high = len(entries) if end is None else bisect_left(entries, (end + 1,), key=lambda entry: entry[:1])
        return entries[low:high]


def set_keys(monkeypatch: pytest.MonkeyPatch) -> None:
    """Put the keys that the server takes into the environment."""
    monkeypatch.setenv("APCA_API_KEY_ID", KEY_ID)
    monkeypatch.setenv("APCA_API_SECRET_KEY", SECRET_KEY)


def _limit(query: Mapping[str, str], most: int) -> int:
    unknown = set(query) - PARAMETERS
    if unknown:
        raise _Refused(f"unexpected parameter(s): {min(unknown)}")
    text = query.get("limit", "10")
    if not text.isdigit() or not 1 <= int(text) <= 50:
        raise _Refused(f"invalid limit: {text}")
    return min(int(text), most)


def _is_ascending(query: Mapping[str, str]) -> bool:
    text = query.get("sort", "DESC").upper()
    if text not in ("ASC", "DESC"):
        raise _Refused(f"invalid sort: {text}")
    return text == "ASC"


def _symbols(query: Mapping[str, str]) -> set[str]:
    symbols = set(query.get("symbols", "").split(",")) - {""}
    for symbol in symbols:
        if re.fullmatch(r"[A-Z0-9.]{1,24}", symbol) is None:
            raise _Refused(f"invalid symbol: {symbol}")
    return symbols


def _instant(query: Mapping[str, str], name: str) -> int | None:
    text = query.get(name)
    if text is None:
        return None
    if RFC3339.fullmatch(text) is None:
        raise _Refused(f"invalid {name}: {text}")
    instant = pd.Timestamp(text)
    utc = instant.tz_localize("UTC") if instant.tzinfo is None else instant.tz_convert("UTC")
    return utc.as_unit("ns").value


def _token(entry: _Entry) -> str:
    return base64.b64encode(f"{entry.updated_ns}|{entry.id}".encode()).decode()


def _position(query: Mapping[str, str]) -> tuple[int, int] | None:
    text = query.get("page_token")
    if text is None:
        return None
    try:
        updated_ns, number = base64.b64decode(text, validate=True).decode().split("|")
        return int(updated_ns), int(number)
    except (binascii.Error, ValueError) as error:
        raise _Refused("invalid page_token") from error
