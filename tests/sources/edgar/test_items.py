"""The titles of form 8-K's items, of before and after August 2004."""

import pytest

from stockseq.sources.edgar.items import TITLES, read_items


@pytest.mark.parametrize(
    ("items", "text"),
    [
        ("2.02", "Results of Operations and Financial Condition"),
        ("12", "Results of Operations and Financial Condition"),
        (" 5.02 , 9.01 ", TITLES["5.02"]),
        ("5,7", "Other Events and Regulation FD Disclosure"),
        # Alone it is all that there is to say.
        ("9.01", "Financial Statements and Exhibits"),
        ("7,9.01", "Financial Statements and Exhibits"),
        # One event under both numbers, in the months of the change.
        ("2.02,12", "Results of Operations and Financial Condition"),
        ("8.01,8.01", "Other Events"),
        ("1.01,8.01", "Entry into a Material Definitive Agreement; Other Events"),
        ("8.01,1.01", "Other Events; Entry into a Material Definitive Agreement"),
        ("99", "Item 99"),
        ("", ""),
    ],
)
def test_items_are_read_by_their_titles(items: str, text: str) -> None:
    """In the list's own order; exhibits beside anything else say nothing."""
    assert read_items(items).text == text
    assert not read_items(items).unreadable


@pytest.mark.parametrize("items", [7, ["2.02"], {"2.02": 1}, "Item 2.02", "2.2", "2.02;9.01", "٢.٠٢", "-1", "1e5"])
def test_what_is_no_item_is_not_guessed_at(items: object) -> None:
    """It is told, and stands in no text."""
    read = read_items(items)
    assert read.text == ""
    assert read.unreadable


def test_a_list_without_end_is_cut() -> None:
    """A filing has a handful of items; the texts stay short."""
    read = read_items(",".join(f"{n % 90 + 10}.{n % 100:02d}" for n in range(100_000)))
    assert len(read.text) < 1000


def test_every_item_of_the_form_has_a_title() -> None:
    """34 of today, those of asset-backed securities and of 2023 among them, and 13 of before 2004."""
    today = [code for code in TITLES if "." in code]
    sections = {section: sum(code.startswith(f"{section}.") for code in today) for section in range(1, 10)}
    assert sections == {1: 5, 2: 6, 3: 3, 4: 2, 5: 8, 6: 7, 7: 1, 8: 1, 9: 1}
    assert [code for code in TITLES if "." not in code] == [str(n) for n in range(1, 14)]
