"""Check that a built site asks no network: `python docs/scripts/check_site.py build/site`."""

import re
import sys
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path

# What a browser loads by itself; a link that a reader follows may lead anywhere.
LOADED = {
    "audio": ("src",),
    "embed": ("src",),
    "iframe": ("src",),
    "img": ("src", "srcset"),
    "input": ("src",),
    "link": ("href",),
    "object": ("data",),
    "script": ("src",),
    "source": ("src", "srcset"),
    "track": ("src",),
    "use": ("href", "xlink:href"),
    "video": ("src", "poster"),
}
# Links of these kinds name a page and load nothing.
NAMED = {"canonical", "next", "prev", "license", "author"}
FOREIGN = re.compile(r"(?:https?:)?//", re.IGNORECASE)
IN_STYLES = re.compile(r"(?:url\(|@import)\s*['\"]?((?:https?:)?//[^'\")\s]+)", re.IGNORECASE)


class _Loads(HTMLParser):
    """The foreign addresses that a page loads."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag == "link" and NAMED & set(given.get("rel", "").split()):
            return
        values = [given[name] for name in LOADED.get(tag, ()) if name in given]
        self.found += [value for value in values if FOREIGN.match(value.strip())]
        self.found += IN_STYLES.findall(given.get("style", ""))


def find_foreign(folder: Path) -> Iterator[tuple[Path, str]]:
    """Yield each file of a site with a foreign address that it loads: of its pages and its style sheets."""
    for path in sorted(folder.rglob("*.html")):
        text = path.read_text(encoding="utf-8")
        page = _Loads()
        page.feed(text)
        inline = (
            found for style in re.findall(r"<style.*?</style>", text, re.DOTALL) for found in IN_STYLES.findall(style)
        )
        yield from ((path, address) for address in (*page.found, *inline))
    for path in sorted(folder.rglob("*.css")):
        yield from ((path, address) for address in IN_STYLES.findall(path.read_text(encoding="utf-8")))


def main() -> None:
    """End with an error that names each foreign address, or with how many pages were looked at."""
    folder = Path(sys.argv[1])
    foreign = [f"{path.relative_to(folder)} loads {address}" for path, address in find_foreign(folder)]
    n_pages = len(list(folder.rglob("*.html")))
    if foreign or not n_pages:
        sys.exit("\n".join(foreign) or f"✗ There is no page in {folder}.")
    sys.stdout.write(f"{n_pages} pages in {folder}, which load nothing from a network.\n")


if __name__ == "__main__":
    main()
