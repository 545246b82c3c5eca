"""What goes wrong inside Yahoo's charts: identity, stamps, cells, columns, splits and dividends."""

import json
from collections.abc import Callable
from typing import Any

from tests.campaign.families.yahoo.fault import Planted, YahooFault
from tests.yahoo_server.faults import Reply

Change = Callable[[dict[str, Any]], object]
DAY = 86_400
# The last row but one, so that the newest bar stands.
AT = -2


def chart_faults() -> list[YahooFault]:
    """Return the faults of a chart's meta, rows and events."""
    return [*_metas(), *_stamps(), *_cells(), *_columns(), *_repeated(), *_events(), *_literals()]


def _fault(name: str, change: Change, bars: str, *words: str, short: bool = False) -> YahooFault:
    def alter(envelope: dict[str, Any]) -> None:
        change(envelope["chart"]["result"][0])

    return YahooFault(f"chart: {name}", (Planted(Reply(alter=alter)),), bars, "whole", words, short=short)


def _set(name: str, value: object) -> Change:
    return lambda result: result["meta"].update({name: value})


def _metas() -> list[YahooFault]:
    wrong = {
        "symbol": ("OTHER", "", None, 17, ["BANE"], {"a": 1}, "bane", "x" * 5_000_000, "\x1b[31mBANE\u202e", True),
        "exchangeTimezoneName": ("", None, 17, "Mars/Olympus", "../../etc/passwd", "\x1b[31m", "x" * 100_000, "\ud800"),
        "currency": ("", None, 17, [], {}),
    }
    words = {"symbol": "it is the data of", "exchangeTimezoneName": "zone", "currency": "currency"}
    faults = [
        _fault(f"{name} is {_brief(value)}", _set(name, value), "failed", words[name])
        for name, values in wrong.items()
        for value in values
    ]
    faults.append(_fault("another exchange's zone", _set("exchangeTimezoneName", "Europe/London"), "failed", "London"))
    faults.append(_fault("no meta", lambda result: result.pop("meta"), "failed", "no result that can be read"))
    faults.append(_fault("meta a list", lambda result: result.update(meta=[]), "failed", "no result that can be read"))
    for name in ("symbol", "exchangeTimezoneName", "currency"):
        faults.append(_fault(f"no {name}", lambda result, name=name: result["meta"].pop(name), "failed", ""))
    unused = {
        "regularMarketTime": (None, "soon", -1, 1e400, 10**400, 1e12, {}),
        "currentTradingPeriod": (None, [], {"regular": None}, {"regular": {"end": "x"}}, {"regular": {"end": 1e400}}),
        "instrumentType": (None, 17),
        "validRanges": (None, {}),
    }
    faults += [
        _fault(f"{name} is {_brief(value)}", _set(name, value), "whole")
        for name, values in unused.items()
        for value in values
    ]
    return faults


def _stamps() -> list[YahooFault]:
    def each(change: Callable[[int], object]) -> Change:
        return lambda result: result.update(timestamp=[change(at) for at in result["timestamp"]])

    def one(value: Callable[[int], object]) -> Change:
        return lambda result: result["timestamp"].__setitem__(AT, value(result["timestamp"][AT]))

    def shuffled(result: dict[str, Any]) -> None:
        for column in _lists(result):
            column.reverse()

    # In November midnight in New York is 9:30 hours before the open, and UTC's midnight 14:30 hours.
    faults = [
        _fault("stamps in milliseconds", each(lambda at: at * 1000), "failed", "without a time", short=True),
        _fault("stamps at midnight in New York", each(lambda at: at - at % DAY + 5 * 3600), "whole"),
        _fault(
            "stamps at midnight in UTC", each(lambda at: at - at % DAY), "failed", "hours after its session's close"
        ),
        _fault("stamps at 23:00 the evening before", each(lambda at: at - at % DAY + 4 * 3600), "whole"),
        _fault("stamps a century late", each(lambda at: at + 36_525 * DAY), "failed", "without a time"),
        _fault("stamps as texts", each(str), "whole"),
        _fault("stamps as fractions", each(lambda at: at + 0.25), "whole"),
        _fault("stamps as words", each(lambda at: "Monday"), "failed", "without a time"),
        _fault("stamps as ISO dates", each(lambda at: "2024-11-19T14:30:00Z"), "failed", "without a time"),
        _fault("stamps null", each(lambda at: None), "failed", "without a time"),
        _fault("stamps true", each(lambda at: True), "failed", "without a time"),
        _fault("stamps as lists", each(lambda at: [at]), "failed", "without a time"),
        _fault("out of order", shuffled, "whole"),
    ]
    for name, value in {
        "null": None, "infinite": 1e400, "of 400 digits": 10**400, "a word": "soon", "negative": -(10**12),
    }.items():  # fmt: skip
        faults.append(_fault(f"a stamp {name}", one(lambda at, value=value: value), "fewer", "without a time"))
    faults.append(_fault("a stamp in the future", one(lambda at: at + 400 * DAY), "fewer", "not final yet"))
    faults.append(_fault("a stamp on a Saturday", one(lambda at: at - at % (7 * DAY) + 2 * DAY + 52_200), "fewer", ""))
    return faults


def _cells() -> list[YahooFault]:
    def put(column: str, value: object) -> Change:
        return lambda result: _quote(result)[column].__setitem__(AT, value)

    missing, order = "missing or not finite", "below open"
    values = {
        "null": (None, missing), "a word": ("n/a", missing), "infinite": (1e400, missing),
        "NaN": (float("nan"), missing), "of 400 digits": (10**400, missing), "a list": ([100.0], missing),
        "an object": ({}, missing), "true": (True, missing), "negative": (-3.0, "not positive"),
        "zero": (0, "not positive"), "a text with an underscore": ("1_0", missing),
        "Infinity as text": ("Infinity", missing), "an Arabic digit": ("\u0661", missing),
    }  # fmt: skip
    faults = [
        _fault(f"a {column} {name}", put(column, value), "fewer", words, short=(column, name) == ("close", "infinite"))
        for name, (value, words) in values.items()
        for column in ("open", "close")
    ]
    for name, value in {"null": None, "negative": -5, "infinite": 1e400, "a word": "many", "NaN": float("nan")}.items():
        faults.append(_fault(f"a volume {name}", put("volume", value), "fewer", "volume missing, infinite or negative"))
    faults.append(_fault("high below low", put("high", 1.0), "fewer", order))
    faults.append(_fault("low above high", put("low", 10_000.0), "fewer", "high below"))

    def texts(result: dict[str, Any]) -> None:
        for column in _quote(result).values():
            column[:] = [repr(float(cell)) for cell in column]

    def all_null(result: dict[str, Any]) -> None:
        for column in _quote(result).values():
            column[:] = [None] * len(column)

    return [
        *faults,
        _fault("numbers as texts", texts, "whole"),
        _fault("every cell null", all_null, "failed", "not one of its"),
    ]


def _columns() -> list[YahooFault]:
    faults = []
    for column in ("open", "close", "volume"):
        faults += [
            _fault(f"{column} one short", lambda result, c=column: _quote(result)[c].pop(), "failed", "same length"),
            _fault(f"{column} one long", lambda result, c=column: _quote(result)[c].append(1), "failed", "same length"),
            _fault(f"no {column}", lambda result, c=column: _quote(result).pop(c), "failed", "lacks a list of"),
            _fault(
                f"{column} null", lambda result, c=column: _quote(result).update({c: None}), "failed", "lacks a list"
            ),
            _fault(
                f"{column} a text", lambda result, c=column: _quote(result).update({c: "1"}), "failed", "lacks a list"
            ),
            _fault(f"{column} empty", lambda result, c=column: _quote(result).update({c: []}), "failed", "same length"),
        ]
    return [
        *faults,
        _fault("a stamp too few", lambda result: result["timestamp"].pop(), "failed", "same length"),
        _fault("no stamps", lambda result: result.pop("timestamp"), "failed", "prices come without times"),
        _fault("stamps a text", lambda result: result.update(timestamp="now"), "failed", "lacks a list of timestamp"),
        _fault("no indicators", lambda result: result.pop("indicators"), "failed", "lacks a list of open"),
        _fault("no quote", lambda result: result["indicators"].update(quote=[]), "failed", "lacks a list of open"),
        _fault(
            "quote null", lambda result: result["indicators"].update(quote=[None]), "failed", "lacks a list of open"
        ),
    ]


def _repeated() -> list[YahooFault]:
    def again(stamp: Callable[[int], int], factor: float) -> Change:
        def change(result: dict[str, Any]) -> None:
            for column in _lists(result):
                column.insert(AT + 1, column[AT])
            # Now at -3 and -2; the second is the further row.
            result["timestamp"][-2] = stamp(result["timestamp"][-2])
            for name in ("open", "high", "low", "close"):
                _quote(result)[name][-2] *= factor

        return change

    return [
        _fault("a session twice", again(lambda at: at, 1.0), "whole", "session repeated"),
        _fault("a session twice with other prices", again(lambda at: at, 1.01), "fewer", "with different prices"),
        _fault("a session finished and live", again(lambda at: at + 3 * 3600, 1.02), "whole", "unfinished"),
        _fault(
            "a session finished and as it closed",
            again(lambda at: at + 6 * 3600 + 1800, 1.0),
            "whole",
            "session repeated",
        ),
        _fault(
            "a session closed at two prices", again(lambda at: at + 6 * 3600 + 1801, 1.02), "fewer", "different prices"
        ),
        _fault("a session before and after its open", again(lambda at: at - 3600, 1.02), "fewer", "different prices"),
    ]


def _events() -> list[YahooFault]:
    def each(kind: str, change: Callable[[dict[str, Any]], object]) -> Change:
        def run(result: dict[str, Any]) -> None:
            for event in result["events"][kind].values():
                change(event)

        return run

    faults = []
    for name, value in {
        "null": None, "a word": "much", "infinite": 1e400, "negative": -1.0, "zero": 0.0, "of 400 digits": 10**400,
        "a list": [1],
    }.items():  # fmt: skip
        change = each("dividends", lambda event, value=value: event.update(amount=value))
        faults.append(_fault(f"a dividend {name}", change, "fewer", "dividend"))
    for name, value in {
        "null": None,
        "a word": "then",
        "infinite": 1e400,
        "in milliseconds": 1_731_681_000_000,
    }.items():
        change = each("dividends", lambda event, value=value: event.update(date=value))
        faults.append(_fault(f"a dividend's date {name}", change, "fewer", "dividend"))
        change = each("splits", lambda event, value=value: event.update(date=value))
        faults.append(_fault(f"a split's date {name}", change, "failed", "a split without"))
    for name, value in {
        "null": None, "zero": 0, "negative": -2, "infinite": 1e400, "a word": "two", "of 400 digits": 10**400,
    }.items():  # fmt: skip
        for part in ("numerator", "denominator"):
            change = each("splits", lambda event, value=value, part=part: event.update({part: value}))
            faults.append(_fault(f"a split's {part} {name}", change, "failed", "split"))
    faults += [
        _fault("no amount of a dividend", each("dividends", lambda event: event.clear()), "fewer", "dividend"),
        _fault("an empty split", each("splits", lambda event: event.clear()), "failed", "a split without"),
        _fault(
            "a dividend doubled", each("dividends", lambda e: e.update(amount=e["amount"] * 3)), "fewer", "confirmed"
        ),
        _fault("dividends a list", lambda result: _as_list(result, "dividends"), "whole"),
        _fault("splits a list", lambda result: _as_list(result, "splits"), "whole"),
        _fault("dividends a text", lambda result: result["events"].update(dividends="none"), "fewer", "dividend"),
        _fault("splits a text", lambda result: result["events"].update(splits="none"), "failed", "a split without"),
        _fault("events a list", lambda result: result.update(events=[1]), "failed", ""),
        _fault("events a text", lambda result: result.update(events="none"), "failed", ""),
    ]
    return faults


def _literals() -> list[YahooFault]:
    def written(name: str, old: bytes, new: bytes, bars: str, *words: str) -> YahooFault:
        reply = Reply(rewrite=lambda payload: payload.replace(old, new, 1))
        return YahooFault(f"chart: {name}", (Planted(reply),), bars, "whole", words)

    digits = b"9" * 5000
    return [
        written("a currency with half a surrogate", b'"USD"', b'"\\ud800"', "failed", "currency"),
        written("a number of 5,000 digits in meta", b'"priceHint": 2', b'"priceHint": ' + digits, "whole"),
        written("an Infinity in meta", b'"priceHint": 2', b'"priceHint": -Infinity', "whole"),
        written("a comma too many", b'"priceHint": 2', b'"priceHint": 2,', "failed", "isn't JSON"),
        written("single quotes", b'"priceHint"', b"'priceHint'", "failed", "isn't JSON"),
        written("a NUL", b'"priceHint"', b'"price\x00Hint"', "failed", "isn't JSON"),
    ]


def _quote(result: dict[str, Any]) -> dict[str, list[Any]]:
    quote: dict[str, list[Any]] = result["indicators"]["quote"][0]
    return quote


def _lists(result: dict[str, Any]) -> list[list[Any]]:
    return [result["timestamp"], *_quote(result).values(), result["indicators"]["adjclose"][0]["adjclose"]]


def _as_list(result: dict[str, Any], kind: str) -> None:
    result["events"][kind] = list(result["events"][kind].values())


def _brief(value: object) -> str:
    text = json.dumps(value) if not isinstance(value, int) or value < 10**30 else "a number of 400 digits"
    return text if len(text) < 40 else f"{text[:10]}... of {len(text)}"
