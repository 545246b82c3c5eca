"""Tests of how values read on the page."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stockseq.report import format as wording


@pytest.mark.parametrize(
    "url",
    [
        "javascript:alert(1)",
        " javascript:alert(1)",
        "JaVaScRiPt:alert(1)",
        "java\nscript:alert(1)",
        "data:text/html,x",
        "file:///etc/passwd",
        "//example.org",
        "/relative",
        "https:///path",
        "http://[broken",
        "https://a b",
        "https://example.org/\u202egpj.exe",
        None,
        5,
    ],
)
def test_only_plain_web_addresses_become_links(url: object) -> None:
    """A headline's address comes from strangers."""
    assert wording.safe_link(url) is None


@given(st.text())
def test_no_text_is_taken_for_a_link_unless_it_starts_as_one(text: str) -> None:
    """Whatever the characters, a link begins with http:// or https://."""
    link = wording.safe_link(text)
    assert link is None or link.lower().startswith(("http://", "https://"))


@given(st.text())
def test_shown_text_holds_no_control_character_and_keeps_its_limit(text: str) -> None:
    """Marks that reorder a line could make one ticker read as another."""
    shown = wording.text(text, limit=50)
    assert len(shown) <= 50
    assert not wording.UNREADABLE.search(shown)


@pytest.mark.parametrize("value", [None, float("nan"), float("inf"), "0.5", True])
def test_what_is_no_finite_number_is_a_dash(value: object) -> None:
    """A missing number must not read as zero."""
    assert wording.percent(value) == wording.DASH


def test_negative_numbers_have_a_minus_sign_and_not_a_hyphen() -> None:
    """A hyphen breaks off its number at a line's end."""
    assert wording.percent(-0.052, digits=1) == "\u22125.2%"


def test_a_number_that_rounds_to_zero_has_no_sign() -> None:
    """Minus zero is no number that a reader knows."""
    assert wording.number(-0.0001, digits=2) == "0.00"
    assert wording.percent(-0.00001) == "0.0%"
