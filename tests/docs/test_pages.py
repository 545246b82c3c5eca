"""The pages of the documentation: links, names and commands in them lead somewhere, on GitHub and in the site."""

import re
from importlib import import_module
from pathlib import Path

import pytest

import stockseq as sq
from stockseq.config import describe_settings

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
PAGES = sorted(DOCS.glob("*.md"))
API = (DOCS / "api.md").read_text(encoding="utf-8")
CODE = re.compile(r"^```.*?^```", flags=re.MULTILINE | re.DOTALL)


def anchors(page):
    """Return what GitHub and the site make of a page's headings."""
    heads = re.findall(r"^#+ (.*)$", CODE.sub("", page.read_text(encoding="utf-8")), flags=re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", head.lower()).replace(" ", "-") for head in heads}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_the_links_of_a_page_lead_to_a_file_of_docs_and_to_a_heading(page):
    """What lies outside docs is not in the site, so nothing links there."""
    for link in re.findall(r"\]\((?!https?:)([^)\s]+)\)", CODE.sub("", page.read_text(encoding="utf-8"))):
        name, _, anchor = link.partition("#")
        target = (page.parent / name).resolve() if name else page
        assert target.is_file(), link
        assert DOCS in target.parents, link
        assert not anchor or anchor in anchors(target), link


def test_every_page_is_in_the_navigation():
    """A page that no menu names is found by nobody."""
    settings = (ROOT / "mkdocs.yml").read_text(encoding="utf-8")
    pages = [path.relative_to(DOCS).as_posix() for path in (*PAGES, *DOCS.glob("notebooks/*.ipynb"))]
    assert [page for page in pages if f": {page}\n" not in settings] == []


def test_every_picture_is_shown_and_made_by_the_script():
    """Committed pictures that no page shows only weigh."""
    shown = {
        Path(name).name
        for page in PAGES
        for name in re.findall(r"\((pictures/[^)]+)\)", page.read_text(encoding="utf-8"))
    }
    assert shown == {path.name for path in (DOCS / "pictures").iterdir()}


def test_every_name_of_the_front_door_is_on_the_page_of_the_api():
    """Under the module that defines it, which the page's tool reads, and headed as a reader types it."""
    headed = re.findall(r"^::: \S+\.(\w+)\n    options:\n      heading: sq\.(\w+)$", API, flags=re.MULTILINE)
    assert all(name == heading for name, heading in headed)
    # The tree of errors stands there as a whole.
    assert sorted({*sq.__all__} - {name for name, _ in headed}) == ["StockseqError"]


@pytest.mark.parametrize("path", re.findall(r"^::: (\S+)$", API, flags=re.MULTILINE))
def test_what_the_page_of_the_api_names_is_there_and_documented(path):
    """The strict build says so too, but not each test run has its packages."""
    module, _, name = path.rpartition(".")
    value = import_module(path) if path == "stockseq.errors" else getattr(import_module(module), name)
    assert isinstance(value, tuple) or (value.__doc__ or "").strip()


def test_every_command_and_setting_that_a_page_names_is_one():
    """A reader types what stands there."""
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    targets = set(re.findall(r"^([a-z-]+):", makefile, flags=re.MULTILINE))
    settings = {setting.name for setting in describe_settings()}
    for page in PAGES:
        text = page.read_text(encoding="utf-8")
        assert set(re.findall(r"(?:^|`|\$ )make ([a-z-]+)", text, flags=re.MULTILINE)) <= targets, page.name
        given = re.findall(r'SET="([^"]+)"', text)
        names = {word.partition("=")[0] for words in given for word in words.split()}
        assert names - {"..."} <= settings, page.name
