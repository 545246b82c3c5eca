"""What goes wrong below Yahoo's JSON: statuses, redirects, bodies cut, mislabelled or too large."""

import gzip
import zlib

from tests.campaign.families.yahoo.fault import Planted, YahooFault
from tests.yahoo_server.faults import Reply

LOOP = "https://query1.finance.yahoo.com/v8/finance/chart/BANE?{query}"
NEWS_LOOP = "https://finance.yahoo.com/xhr/ncp?{query}"
HTML = "<!DOCTYPE html><html><head><title>No</title></head><body>No</body></html>"
# Kind to the words that its reason must hold, on the wire of a chart that fails for good.
STATUSES = {
    400: "HTTP 400", 401: "HTTP 401", 403: "HTTP 403", 404: "HTTP 404", 405: "HTTP 405", 408: "HTTP 408",
    410: "HTTP 410", 451: "HTTP 451", 418: "HTTP 418", 429: "429", 500: "HTTP 500", 501: "HTTP 501", 502: "HTTP 502",
    503: "HTTP 503", 504: "HTTP 504", 520: "HTTP 520", 599: "HTTP 599", 999: "429", 204: "HTTP 204", 206: "HTTP 206",
    304: "HTTP 304",
}  # fmt: skip
BODIES = {
    "html": (HTML, "isn't JSON"),
    "empty": ("", "it is empty"),
    "blanks": (" \n\t ", "isn't JSON"),
    "a word": ("Edge: Too many", "isn't JSON"),
    "control codes": ("\x1b[31m\x1b]0;owned\x07\x9b2J\u202e", "isn't JSON"),
    "XML": ("<?xml version='1.0'?><a/>", "isn't JSON"),
    "null": ("null", "holds no chart"),
    "a list": ("[]", "holds no chart"),
    "a number": ("17", "holds no chart"),
    "a text": ('"chart"', "holds no chart"),
    "true": ("true", "holds no chart"),
    "nested too deep": ("[" * 100_000, "isn't JSON"),
    "nested objects": ('{"chart":' * 50_000, "isn't JSON"),
    "two values": ("{}{}", "isn't JSON"),
    "UTF-16": ('{"chart": null}'.encode("utf-16"), "isn't JSON"),
    "a status": ('{"status": "ERROR"}', "'status'"),
    "another envelope": ('{"finance":{"result":null,"error":{"code":"x","description":"y"}}}', "holds no chart"),
    "an error envelope": ('{"chart":{"result":null,"error":{"code":"x","description":"Try\x20later"}}}', "Try later"),
    "an error with codes": ('{"chart":{"result":null,"error":{"description":"\\u001b[31mTry\\u202e"}}}', "Try"),
    "chart null": ('{"chart":null}', "holds no chart"),
    "result null": ('{"chart":{"result":null,"error":null}}', "no result"),
    "result empty": ('{"chart":{"result":[],"error":null}}', "no result"),
    "result of nulls": ('{"chart":{"result":[null],"error":null}}', "no result"),
    "result a text": ('{"chart":{"result":"BANE","error":null}}', "no result"),
    "right back": ("<html><h1>Will be right back...</h1></html>", "right back"),
}
WIRES = {"cut_chunk": "no answer", "too_long": "no answer", "half": "no answer", "too_short": "isn't JSON"}
HARMLESS_WIRES = ("no_length", "http10")
RETRY_AFTER = {
    "3": True, "90": True, "0": True, "-5": True, "1e9": True, "99999999999": True, "soon": True, "": True,
    "Wed, 20 Nov 2024 13:01:00 GMT": True, "Wed, 20 Nov 1996 13:01:00 GMT": True, "Fri, 31 Dec 9999 23:59:59 GMT": True,
}  # fmt: skip


def wire_faults() -> list[YahooFault]:
    """Return the faults of the wire, of charts and of news."""
    return [*_statuses(), *_bodies(), *_wires(), *_encodings(), *_redirects(), *_refusals()]


def _chart(name: str, reply: Reply | str, words: str = "", *, short: bool = False) -> YahooFault:
    return YahooFault(
        name, (Planted(reply),), "failed" if words else "whole", words=(words,) if words else (), short=short
    )


def _statuses() -> list[YahooFault]:
    return [
        _chart(
            f"chart: HTTP {status}", Reply(status, HTML if status not in (204, 304) else ""), words, short=status == 500
        )
        for status, words in STATUSES.items()
    ]


def _bodies() -> list[YahooFault]:
    return [_chart(f"chart: {name}", Reply(body=body), words) for name, (body, words) in BODIES.items()]


def _wires() -> list[YahooFault]:
    faults = [_chart(f"chart: {wire}", Reply(wire=wire), words) for wire, words in WIRES.items()]
    faults += [_chart(f"chart: {wire}", Reply(wire=wire)) for wire in HARMLESS_WIRES]
    faults += [_chart("chart: connection closed", "reset", "no answer")]
    passing = {
        "connection closed": "reset", "HTTP 500": Reply(500, HTML), "HTML": Reply(body=HTML), "cut": Reply(wire="half"),
        "HTTP 401": "401", "no chart": Reply(body="null"), "another symbol": "other_symbol", "429": "429",
    }  # fmt: skip
    faults += [
        YahooFault(f"{endpoint}: twice {name}", (Planted(what, endpoint, times=2),))
        for name, what in passing.items()
        for endpoint in ("chart", "news")
        if (endpoint, name) != ("news", "another symbol")
    ]
    slow = {"timeout_s": 1.0, "attempts": 2}
    drip = (Planted(Reply(wire="drip")),)
    return [*faults, YahooFault("chart: a byte at a time", drip, "failed", "whole", ("no answer",), slow, alone=True)]


def _encodings() -> list[YahooFault]:
    def gzipped(payload: bytes) -> bytes:
        return gzip.compress(payload)

    def bomb(payload: bytes) -> bytes:
        return gzip.compress(b" " * (64 * 2**20))

    def framed(change: object, encoding: str = "gzip", **headers: str) -> Reply:
        return Reply(rewrite=change, headers={"Content-Encoding": encoding, **headers})  # type: ignore[arg-type]

    return [
        _chart("chart: gzip", framed(gzipped)),
        _chart("chart: deflate", framed(zlib.compress, "deflate")),
        _chart("chart: gzip cut", framed(lambda payload: gzipped(payload)[:200]), "Yahoo"),
        _chart(
            "chart: gzip with a wrong byte", framed(lambda payload: gzipped(payload)[:60] + b"\xff" * 40), "no answer"
        ),
        _chart("chart: no gzip at all", framed(lambda payload: payload), "no answer"),
        _chart("chart: no brotli at all", framed(lambda payload: payload, "br"), "no answer"),
        _chart("chart: unknown encoding", framed(lambda payload: payload, "rot13"), "no answer"),
        _chart("chart: gzip of 64 MB", framed(bomb), "larger than 32 MB", short=True),
        _chart("chart: 40 MB", Reply(body=" " * (40 * 2**20)), "larger than 32 MB"),
        _chart("chart: byte order mark", Reply(rewrite=lambda payload: b"\xef\xbb\xbf" + payload)),
        _chart("chart: charset latin-1", Reply(headers={"Content-Type": "application/json; charset=iso-8859-1"})),
        _chart("chart: charset nonsense", Reply(headers={"Content-Type": "text/html; charset=x-none"})),
        _chart("chart: content type image", Reply(headers={"Content-Type": "image/png"})),
        _chart("chart: header of 30 KB", Reply(headers={"X-Long": "x" * 30_000})),
        _chart("chart: a stray byte", Reply(rewrite=lambda payload: payload.replace(b'"NMS"', b'"N\xffS"'))),
    ]


def _redirects() -> list[YahooFault]:
    def to(target: str, status: int = 302) -> Reply:
        return Reply(status, "", {"Location": target})

    targets = {
        "chart: redirected to itself": (to(LOOP), "redirected 5 times"),
        "chart: redirected for good to itself": (to(LOOP, 301), "redirected 5 times"),
        "chart: redirected by 307 to itself": (to(LOOP, 307), "redirected 5 times"),
        "chart: redirected by 308 to itself": (to(LOOP, 308), "redirected 5 times"),
        "chart: redirected to a path of itself": (to("/v8/finance/chart/BANE"), "redirected 5 times"),
        "chart: redirected to another host": (to("https://wire.invalid/BANE"), "which is not Yahoo's"),
        "chart: redirected to a host like Yahoo's": (
            to("https://query1.finance.yahoo.com.wire.invalid/"),
            "not Yahoo's",
        ),
        "chart: redirected to a user like Yahoo": (to("https://query1.finance.yahoo.com@wire.invalid/"), "not Yahoo's"),
        "chart: redirected without TLS": (to("http://query1.finance.yahoo.com/v8/finance/chart/BANE"), "not Yahoo's"),
        "chart: redirected to a file": (to("file:///etc/passwd"), "not Yahoo's"),
        "chart: redirected to nowhere": (to("https://[::bad/"), "Yahoo"),
        "chart: redirected to codes": (to("https://wire.invalid/\x1b[31m"), "not Yahoo's"),
        "chart: redirected to consent": (to("https://consent.yahoo.com/v2/form?x=1"), "HTTP 404"),
    }
    faults = [_chart(name, *of) for name, of in targets.items()]
    faults.append(
        YahooFault(
            "news: redirected to itself",
            (Planted(to(NEWS_LOOP, 307), "news"),),
            news="failed",
            words=("redirected 5 times",),
        )
    )
    faults.append(YahooFault("chart: redirected once", (Planted(to(LOOP), times=1),)))
    faults.append(YahooFault("chart: redirected five times", (Planted(to(LOOP), times=5),)))
    return faults


def _refusals() -> list[YahooFault]:
    return [
        YahooFault(
            f"chart: 429 once, Retry-After {value or 'empty'!r}",
            (Planted(Reply(429, "Too Many Requests", {"Retry-After": value}), times=1),),
        )
        for value in RETRY_AFTER
    ]
