"""What goes wrong in Yahoo's news: answers without a stream, and items that can't be headlines."""

from collections.abc import Callable
from typing import Any

from tests.campaign.families.yahoo.fault import Planted, YahooFault
from tests.campaign.families.yahoo.wire import HTML
from tests.yahoo_server.answers import story
from tests.yahoo_server.faults import Reply

Stream = list[Any]
AT = "2024-11-19T12:00:00Z"
# Answers without a stream of news, and what their failure must name.
NO_STREAM = {
    "a status": ('{"status":"ERROR"}', "'status'"),
    "a status and a message": ('{"status":"ERROR","message":"\\u001b[31mno"}', "'message', 'status'"),
    "an error": ('{"data":null,"errors":[{"message":"x"}]}', "'data', 'errors'"),
    "an error beside data": ('{"data":{"tickerStream":null},"error":"x"}', "'data', 'error'"),
    "null": ("null", "null"),
    "a list": ("[1]", "a list"),
    "{}": ("{}", "no stream of news"),
    "data a list": ('{"data":[]}', "'data'"),
    "no stream": ('{"data":{"tickerStream":{}}}', "'data'"),
    "a stream null": ('{"data":{"tickerStream":{"stream":null}}}', "'data'"),
    "a stream of keys": ('{"data":{"tickerStream":{"stream":{"0":{}}}}}', "'data'"),
    "a stream of text": ('{"data":{"tickerStream":{"stream":"none"}}}', "'data'"),
    "another envelope": ('{"finance":{"result":null,"error":{"description":"Invalid Cookie"}}}', "'finance'"),
    "empty": ("", "it is empty"),
    "HTML": (HTML, "isn't JSON"),
    "nested too deep": ("[" * 100_000, "isn't JSON"),
    "right back": ("Will be right back", "right back"),
}


def news_faults() -> list[YahooFault]:
    """Return the faults of the answers, and those of single items."""
    failing = [
        YahooFault(
            f"news: {name}", (Planted(Reply(body=body), "news"),), "whole", "failed", (word,), short=name == "a status"
        )
        for name, (body, word) in NO_STREAM.items()
    ]
    failing += [
        YahooFault(f"news: HTTP {status}", (Planted(Reply(status, HTML), "news"),), "whole", "failed", (words,))
        for status, words in {
            401: "401",
            403: "403",
            404: "404",
            429: "429",
            500: "500",
            503: "503",
            999: "429",
        }.items()
    ]
    failing += [
        YahooFault(f"news: {wire}", (Planted(Reply(wire=wire), "news"),), "whole", "failed", ("no answer",))
        for wire in ("cut_chunk", "too_long", "half")
    ]
    return [*failing, *_items(), *_titles(), *_streams(), *_texts()]


def _added(name: str, item: object, *words: str, short: bool = False) -> YahooFault:
    """Return the fault of one item more, in the middle of the others."""
    return _changed(name, lambda stream: stream.insert(2, item), "fewer", *words, short=short)


def _changed(name: str, change: Callable[[Stream], object], news: str, *words: str, short: bool = False) -> YahooFault:
    reply = Reply(alter=lambda envelope: change(envelope["data"]["tickerStream"]["stream"]))
    return YahooFault(f"news: {name}", (Planted(reply, "news"),), "whole", news, words, short=short)


def _items() -> list[YahooFault]:
    time = "a publication time that can't be read"
    items = {
        "null": (None, "without content"), "a text": ("BANE", "without content"), "a number": (17, "without content"),
        "a list": ([], "without content"), "an empty object": ({}, "without content"),
        "content null": ({"id": "x", "content": None}, "without content"),
        "content a list": ({"id": "x", "content": [1]}, "without content"),
        "content empty": ({"id": "x", "content": {}}, "without a title"),
        "no title": (story("x", None, AT), "without a title"),
        "title a number": (story("x", 1e400, AT), "without a title"),
        "title a list": (story("x", ["a"], AT), "without a title"),
        "title of blanks": (story("x", " \u200b\t", AT), "without a title"),
        "title of codes": (story("x", "\x1b[31m\x1b[0m", AT), "without a title"),
        "title of 5 MB of codes": (story("x", "\x1b[31m" * 1_000_000 + "A", AT), "without a title"),
        "no time": (story("x", "A", AT, pubDate=None), "without a publication time"),
        "time empty": (story("x", "A", ""), "without a publication time"),
        "time infinite": (story("x", "A", AT, pubDate=1e400), time),
        "time of 400 digits": (story("x", "A", AT, pubDate=10**400), time),
        "time a number": (story("x", "A", AT, pubDate=1_732_000_000), time),
        "time true": (story("x", "A", AT, pubDate=True), time),
        "time a list": (story("x", "A", AT, pubDate=[AT]), time),
        "time of year 9999": (story("x", "A", "9999-12-31T23:59:59Z"), "news item"),
        "time of year 0000": (story("x", "A", "0000-01-01T00:00:00Z"), "news item"),
        "time of year 0001": (story("x", "A", "0001-01-01T00:00:00Z"), "before 1990"),
        "time of 1970": (story("x", "A", "1970-01-01T00:00:00Z"), "before 1990"),
        "time 9999": (story("x", "A", "9999"), time),
        "time of February 30": (story("x", "A", "2024-02-30T00:00:00Z"), time),
        "time at 25:00": (story("x", "A", "2024-11-19T25:00:00Z"), time),
        "time with a zone of 99 hours": (story("x", "A", "2024-11-19T12:00:00+99:00"), time),
        "time without a zone": (story("x", "A", "2024-11-19T12:00:00"), time),
        "time in Arabic digits": (story("x", "A", "\u0662\u0660\u0662\u0664-11-19T12:00:00Z"), time),
        "time tomorrow": (story("x", "A", "2024-11-30T12:00:00Z"), "dated in the future"),
        "id with half a surrogate": (story("\ud800", "A", AT), "an id that can't be read"),
        "id with codes": (story("x\x1b[31m", "A", AT), "an id that can't be read"),
        "id of a megabyte": (story("x" * 2**20, "A", AT), "an id that can't be read"),
    }  # fmt: skip
    return [
        _added(f"item: {name}", item, words, short=name == "id with half a surrogate")
        for name, (item, words) in items.items()
    ]


def _titles() -> list[YahooFault]:
    """Return titles that are headlines, made readable: they come on top of the others, and nothing else changes."""
    titles = {
        "with codes": "\x1b[31mBANE\x1b[0m rises",
        "with a title code": "BANE \x1b]0;owned\x07rises",
        "with turned letters": "BANE \u202eesir\u202c",
        "with half a surrogate": "BANE \ud83d rises",
        "with tags": "<script>alert(1)</script> BANE",
        "with entities": "BANE &lt;b&gt; &#27;[31m &amp;#x202e;",
        "with a NUL": "BANE\x00 rises",
        "with line breaks": "BANE\r\n\u2028 rises",
        "of 5 MB": "BANE " * 1_000_000,
        "of 5 MB of entities": "&amp;" * 1_000_000,
        "of emoji": "🚀" * 500,
        "as a formula": "=cmd|' /C calc'!A0",
        "as SQL": "'; DROP TABLE headlines; --",
    }
    return [_own_story(f"title {name}", story("extra", title, AT)) for name, title in titles.items()]


def _own_story(name: str, item: object) -> YahooFault:
    return _changed(name, lambda stream: stream.insert(2, item), "more")


def _streams() -> list[YahooFault]:
    def doubled(stream: Stream) -> None:
        stream.extend(list(stream))

    def renamed(stream: Stream) -> None:
        stream.extend([{**item, "id": f"{item['id']}-b"} for item in stream if "id" in item])

    def decorated(stream: Stream) -> None:
        for item in stream:
            if "content" in item:
                item["content"] |= {"provider": 17, "canonicalUrl": [1e400], "clickThroughUrl": "x", "thumbnail": 1e400}

    return [
        _changed("every item twice", doubled, "fewer", "news item repeated"),
        _changed("every item under two ids", renamed, "fewer", "news item repeated"),
        _changed("a thousand advertisements", lambda stream: stream.extend([{"ad": [1]}] * 1000), "whole"),
        _changed("a thousand nulls", lambda stream: stream.extend([None] * 1000), "fewer", "1000 news item without"),
        _changed("in another order", lambda stream: stream.reverse(), "whole"),
        _changed("an ad of another type", lambda stream: stream.append({"ad": "x", "content": None}), "whole"),
        _added(
            "an infinity beside the others", {"id": 1e400, "content": {"title": 1e400}}, "without a title", short=True
        ),
    ]


def _texts() -> list[YahooFault]:
    """Return faults of the text that hit one item only: it is left out, the others stay."""
    digits = b"9" * 5000

    def written(name: str, old: bytes, new: bytes, news: str, *words: str) -> YahooFault:
        reply = Reply(rewrite=lambda payload: payload.replace(old, new, 1))
        return YahooFault(f"news: {name}", (Planted(reply, "news"),), "whole", news, words)

    return [
        written("a number of 5,000 digits", b'"isHosted": true', b'"isHosted": ' + digits, "whole"),
        written("a number of 1e400", b'"isHosted": true', b'"isHosted": -1e400', "whole"),
        written("NaN", b'"isHosted": true', b'"isHosted": NaN', "whole"),
        written("a byte that isn't UTF-8", b"tells its story", b"t\xe9lls its story", "fewer", "isn't UTF-8"),
        written("a title in Windows-1252", b"tells its", b"tells \x93its\x94", "fewer", "isn't UTF-8"),
    ]
