"""The script that takes the documentation's pictures: sized as asked, the same each time, and strict."""

import shutil

import pytest

from docs.scripts.pictures import BROWSERS, PAGES, PARTS, Part, find_page, open_browser, open_page, take_picture
from stockseq.errors import StockseqError

pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
PAGE = """<style>:root { color-scheme: light dark } section { height: 300px; background: Canvas }</style>
<section id="verdict"></section><section id="outlook"><details><summary>A</summary>
<p style="height: 200px">B</p></details></section>"""


@pytest.fixture(scope="module")
def browser():
    """The machine's own Chromium, as the script opens it."""
    if not any(map(shutil.which, BROWSERS)):
        pytest.skip(f"No browser on the PATH; looked for {', '.join(BROWSERS)}.")
    with open_browser() as chromium:
        yield chromium


@pytest.fixture(scope="module")
def path(tmp_path_factory):
    """A page of two sections."""
    path = tmp_path_factory.mktemp("page") / "index.html"
    path.write_text(PAGE, encoding="utf-8")
    return path


def size(webp):
    """Return width and height of an extended WebP: by the format, less 1, in three bytes each from 24 and 27 on."""
    assert webp[:4] + webp[8:16] == b"RIFFWEBPVP8X"
    return tuple(int.from_bytes(webp[at : at + 3], "little") + 1 for at in (24, 27))


def taken(browser, path, part, *, width=390, scheme="light"):
    """Return the picture of a part on a page that is opened for it alone."""
    page = open_page(browser, path, width=width, scheme=scheme)
    try:
        return take_picture(page, part)
    finally:
        page.context.close()


def test_a_picture_is_of_the_section_at_the_width_and_the_same_each_time(browser, path):
    """300 pixels high as the section is, or as tall as is allowed; dark is another picture."""
    first = taken(browser, path, Part("daily", "verdict"))
    assert size(first) == (390, 300)
    assert taken(browser, path, Part("daily", "verdict")) == first
    assert taken(browser, path, Part("daily", "verdict"), scheme="dark") != first
    assert size(taken(browser, path, Part("daily", "verdict", tallest=90), width=1280)) == (1280, 90)


def test_what_is_absent_is_an_error(browser, path, tmp_path):
    """A picture of nothing would be committed unseen."""
    with pytest.raises(StockseqError, match="0 sections `book`"):
        taken(browser, path, Part("daily", "book"))
    with pytest.raises(StockseqError, match="no `details` to open"):
        taken(browser, path, Part("daily", "verdict", opened="details"))
    with pytest.raises(StockseqError, match="run `make demo`"):
        find_page(tmp_path, "daily")


def test_every_part_names_a_page_and_stands_once():
    """A picture's name is that of its part."""
    assert {part.page for part in PARTS} <= set(PAGES)
    assert len({part.name for part in PARTS}) == len(PARTS)
