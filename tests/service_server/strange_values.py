"""Values that a field of an answer should never have, and once has."""

from typing import Any

STRANGE_VALUES: tuple[Any, ...] = (
    *(None, True, 0, -1, 10**30, 1.5, float("inf")),
    *("", " ", "\x00", "\ud800", "\u202ekola", "{}", "<b>&#x3c;", "a" * 100_000, "&" * 5000),
    *([], {}, [[]], [None], {"a": [{}]}),
    *("9999-12-31T23:59:59Z", "2024-11-05T15:00:00+23:59", "2024-02-30T00:00:00Z"),
)
