"""What can go wrong at Yahoo, by name: on the wire, and inside an otherwise good chart."""

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

# Answers of another kind than asked for: status and body.
BODIES = {
    "429": (429, "Too Many Requests"),
    "401": (401, '{"finance":{"result":null,"error":{"code":"Unauthorized","description":"Invalid Crumb"}}}'),
    "500": (500, '{"chart":{"result":null,"error":{"code":"Internal","description":"Internal Server Error"}}}'),
    "503_html": (503, "<html><body>Service Unavailable</body></html>"),
    "404_html": (404, "<!DOCTYPE html><html><body>Not here</body></html>"),
    "html": (200, "<!DOCTYPE html><html><body>Consent</body></html>"),
    "right_back": (200, "<html><h1>Will be right back...</h1></html>"),
    "empty": (200, ""),
    "null": (200, "null"),
    "list": (200, "[]"),
    "delisted": (
        404,
        '{"chart":{"result":null,"error":{"code":"Not Found","description":"No data found, symbol may be delisted"}}}',
    ),
    "empty_result": (200, '{"chart":{"result":[],"error":null}}'),
    "null_result": (200, '{"chart":{"result":null,"error":null}}'),
    "null_stream": (200, '{"data":{"tickerStream":{"stream":null}}}'),
    "null_data": (200, '{"data":null}'),
}
# Faults below HTTP; `truncated` sends half of the good answer, `reset` drops the connection, `hang` never answers.
WIRE = ("truncated", "short", "reset", "hang")


@dataclass(frozen=True)
class Reply:
    """An answer made to measure.

    Parameters
    ----------
    status : int, default=200
    body : str, bytes or None, default=None
        None is the good answer.
    headers : mapping, optional
        Beside the usual ones, or in their place; "{query}" is that of the request.
    alter : callable, optional
        Changes the good answer's value in place.
    rewrite : callable of bytes to bytes, optional
        Changes the good answer's text.
    wire : str, default="plain"
        "cut_chunk" ends inside a chunk, "too_long" and "too_short" announce another length, "no_length" announces none
        and hangs up, "drip" sends a byte at a time, "http10" speaks HTTP/1.0, "half" hangs up midway.
    """

    status: int = 200
    body: str | bytes | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    alter: Callable[[Any], object] | None = None
    rewrite: Callable[[bytes], bytes] | None = None
    wire: str = "plain"


@dataclass
class Fault:
    """One thing going wrong, at one endpoint, for one ticker or all, so many times or for good."""

    kind: str | Reply
    endpoint: str = "chart"
    ticker: str | None = None
    times: int | None = None


class Faults:
    """The faults that are due; each request takes the first that concerns it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._due: list[Fault] = []

    def add(
        self, kind: str | Reply, *, endpoint: str = "chart", ticker: str | None = None, times: int | None = None
    ) -> None:
        """Let something go wrong from now on."""
        if isinstance(kind, str) and not (kind in BODIES or kind in WIRE or kind in CHANGES or kind == "no_a3"):
            raise ValueError(f"No fault is called {kind!r}.")
        with self._lock:
            self._due.append(Fault(kind, endpoint, ticker, times))

    def clear(self) -> None:
        """Let everything be well again."""
        with self._lock:
            self._due.clear()

    def take(self, endpoint: str, ticker: str | None) -> str | Reply | None:
        """Return the kind of the first fault that concerns this request, and count it."""
        with self._lock:
            for fault in self._due:
                if fault.endpoint in (endpoint, "any") and fault.ticker in (ticker, None) and fault.times != 0:
                    if fault.times is not None:
                        fault.times -= 1
                    return fault.kind
        return None


def _put(column: str, value: Any) -> Callable[[dict[str, Any]], None]:
    """Spoil one cell of the last row but one."""

    def change(result: dict[str, Any]) -> None:
        quote = result["indicators"]["quote"][0]
        if len(quote[column]) > 1:
            quote[column][-2] = value

    return change


def _null_row(result: dict[str, Any]) -> None:
    for column in result["indicators"]["quote"][0]:
        _put(column, None)(result)


def _swap_high_and_low(result: dict[str, Any]) -> None:
    quote = result["indicators"]["quote"][0]
    if len(quote["high"]) > 1:
        quote["high"][-2], quote["low"][-2] = quote["low"][-2], quote["high"][-2]


def _each_column(result: dict[str, Any]) -> list[list[Any]]:
    columns = [result["timestamp"], *result["indicators"]["quote"][0].values()]
    return [*columns, result["indicators"]["adjclose"][0]["adjclose"]]


def _missing_session(result: dict[str, Any]) -> None:
    if len(result["timestamp"]) > 1:
        for column in _each_column(result):
            del column[-2]


def _repeated_session(result: dict[str, Any]) -> None:
    if len(result["timestamp"]) > 2:
        for column in _each_column(result):
            column.insert(-2, column[-3])


def _weekend_session(result: dict[str, Any]) -> None:
    """Add a bar on the Saturday of the newest weekend."""
    times = result["timestamp"]
    for position in range(len(times) - 1, 0, -1):
        if times[position] - times[position - 1] > 2.5 * 86_400:
            for column in _each_column(result):
                column.insert(position, column[position - 1])
            times[position] += 86_400
            return


def _other_symbol(result: dict[str, Any]) -> None:
    result["meta"]["symbol"] = "OTHER"


def _late_close(result: dict[str, Any]) -> None:
    """Trading hours that end two hours later than any calendar knows."""
    result["meta"]["currentTradingPeriod"]["regular"]["end"] += 7200


def _no_currency(result: dict[str, Any]) -> None:
    del result["meta"]["currency"]


def _other_zone(result: dict[str, Any]) -> None:
    result["meta"]["exchangeTimezoneName"] = "Europe/London"


def _pence(result: dict[str, Any]) -> None:
    result["meta"]["currency"] = "GBp"


def _unequal_lengths(result: dict[str, Any]) -> None:
    result["indicators"]["quote"][0]["close"].pop()


def _scale_dividends(factor: float) -> Callable[[dict[str, Any]], None]:
    def change(result: dict[str, Any]) -> None:
        for event in result["events"].get("dividends", {}).values():
            event["amount"] *= factor

    return change


def _split_not_applied(result: dict[str, Any]) -> None:
    """Give the prices before the newest split as they were traded, although the split is listed."""
    splits = result["events"].get("splits", {}).values()
    if not splits:
        return
    newest = max(splits, key=lambda event: event["date"])
    ratio = newest["numerator"] / newest["denominator"]
    quote = result["indicators"]["quote"][0]
    for column in (quote["open"], quote["high"], quote["low"], quote["close"], _each_column(result)[-1]):
        for position, opened in enumerate(result["timestamp"]):
            if opened < newest["date"]:
                column[position] *= ratio


def _no_sessions(result: dict[str, Any]) -> None:
    """A symbol with a period but no prices."""
    del result["timestamp"]
    result["indicators"] = {"quote": [{}], "adjclose": [{}]}


def _zero_denominator(result: dict[str, Any]) -> None:
    for event in result["events"].get("splits", {}).values():
        event["denominator"] = 0


# Changes inside the chart's result, made in place.
CHANGES: dict[str, Callable[[dict[str, Any]], None]] = {
    "null_row": _null_row,
    "null_close": _put("close", None),
    "nan_close": _put("close", float("nan")),
    "zero_price": _put("open", 0.0),
    "negative_price": _put("low", -1.0),
    "infinite_price": _put("high", float("inf")),
    "high_below_low": _swap_high_and_low,
    "missing_session": _missing_session,
    "repeated_session": _repeated_session,
    "weekend_session": _weekend_session,
    "other_symbol": _other_symbol,
    "no_currency": _no_currency,
    "other_zone": _other_zone,
    "pence": _pence,
    "late_close": _late_close,
    "unequal_lengths": _unequal_lengths,
    "dividend_doubled": _scale_dividends(2.0),
    "dividend_quartered": _scale_dividends(0.25),
    "split_not_applied": _split_not_applied,
    "zero_denominator": _zero_denominator,
    "no_sessions": _no_sessions,
}
