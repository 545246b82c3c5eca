"""What JSON of an unknown hand may say, and what is refused."""

import pytest

from stockseq.models.strict_json import read_json


def test_what_we_write_is_read() -> None:
    """Brackets inside of a text are no nesting."""
    text = '{"a": [1, -2.5e-3, true, null, "\\"' + "[" * 100 + '"]}'
    assert read_json(text.encode()) == {"a": [1, -0.0025, True, None, '"' + "[" * 100]}


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b'{"a": 1, "a": 2}', "the key 'a' is there twice"),
        (b'{"b": {"a": 1, "a": 1}}', "the key 'a' is there twice"),
        (b"[NaN]", "NaN is no number"),
        (b"[-Infinity]", "-Infinity is no number"),
        (b"[1e999]", "1e999 is more than a number holds"),
        (b"[" + b"9" * 400 + b"]", "a whole number has 400 digits"),
        (b"[-" + b"9" * 5000 + b"]", "a whole number has 5000 digits"),
        (b"[" * 3000 + b"]" * 3000, "nested more than 64 deep"),
        (b"[" * 100_000, "nested more than 64 deep"),
        (b"\xff\xfe", "can't decode byte 0xff"),
        (b"", "Expecting value"),
        (b"{} {}", "Extra data"),
    ],
)
def test_what_could_be_read_in_two_ways_is_refused(content: bytes, reason: str) -> None:
    """Each is a `ValueError`, which whoever reads a file turns into a sentence."""
    with pytest.raises(ValueError, match=reason):
        read_json(content)
