"""What may be shown: terminals obey control codes, and direction marks turn a line round."""

from pathlib import Path

import pytest

from stockseq.printable import encodable, shortened, shown, visible


@pytest.mark.parametrize(
    ("text", "seen"),
    [
        ("Kola été 株 \U0001f600", "Kola été 株 \U0001f600"),
        ("\x1b[31mred\x07", "\\x1b[31mred\\x07"),
        ("\x1b]8;;http://x\x1b\\", "\\x1b]8;;http://x\\x1b\\"),
        ("a\u202eb\u2066c", "a\\u202eb\\u2066c"),
        ("\u200eKOLA\u200f", "KOLA"),
        ("\udcff", "\\udcff"),
        ("a\r\nb", "a\\r\\nb"),
    ],
)
def test_what_a_terminal_would_obey_is_written_out(text: str, seen: str) -> None:
    """Letters of all scripts pass; the marks of single words only go."""
    assert visible(text) == seen


def test_a_line_break_stays_where_lines_are_wanted() -> None:
    """A table is of several lines."""
    assert visible("a\nb\x07", lines=True) == "a\nb\\x07"


@pytest.mark.parametrize(
    ("encoding", "written"),
    [("utf-8", "✓ 株 é"), ("latin-1", "+ \\u682a é"), ("ascii", "+ \\u682a \\xe9"), ("no-such", "+ \\u682a \\xe9")],
)
def test_what_an_encoding_lacks_is_written_in_its_signs(encoding: str, written: str) -> None:
    """A terminal of ISO-8859-1 ended the run with a traceback."""
    assert encodable("✓ 株 é", encoding) == written


@pytest.mark.parametrize(
    "value",
    [10**400, -(10**5000), [10**5000], "x" * 100_000, {"a": "b" * 9999}, b"\x00" * 9999],
    ids=["digits", "many digits", "list", "text", "table", "bytes"],
)
def test_whatever_came_is_quoted_in_a_few_words(value: object) -> None:
    """Python refuses to write numbers of more than 4,300 digits."""
    assert 0 < len(shown(value)) <= 70
    assert shown(value).isprintable()


def test_a_list_in_lists_without_end_is_quoted_too() -> None:
    """`repr` ends in a RecursionError there."""
    nested: list[object] = []
    for _ in range(5000):
        nested = [nested]
    assert shown(nested) == "a list too large to show"


def test_a_name_is_cut_and_printable() -> None:
    """An unknown setting's name stands in the sentence about it."""
    assert shortened("a\x1b" + "x" * 1000) == "a\\x1b" + "x" * 58 + "..."


def test_a_path_is_no_text_to_be_cut() -> None:
    """Other objects are quoted as Python writes them."""
    assert shown(Path("a")) == "PosixPath('a')"
