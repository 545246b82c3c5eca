"""Pictures of the demo's pages for the documentation: `make pictures`, after `make demo`.

Each part is taken at two widths, light and dark, into build/pictures; what the documentation shows is copied to
docs/pictures. The demo's own instants are the clock, nothing moves, and a part that is absent ends it with an error.
"""

import base64
import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import Any, Literal

from stockseq.errors import StockseqError
from stockseq.report.render import render_run

ROOT = Path(__file__).parents[2]
ALL = ROOT / "build" / "pictures"
SHOWN = ROOT / "docs" / "pictures"
WIDTHS = (1280, 390)
SCHEMES: tuple[Literal["light", "dark"], ...] = ("light", "dark")
BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
ARGUMENTS = ["--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", "--font-render-hinting=none"]
# Where a page lies under the demo's runs; of several the newest.
PAGES = {
    "daily": "*-daily/report/index.html",
    "backtest": "*-backtest/report/index.html",
    "index": "index.html",
}


@dataclass(frozen=True)
class Part:
    """One part of a page: what is shown of it, and at which (width, scheme) the documentation shows it.

    Parameters
    ----------
    page : str
        One of `PAGES`.
    section : str
        The id of the section.
    shown : tuple of (width, scheme), optional
        Which pictures are committed.
    opened : str, optional
        A selector within the section: the first fold that it finds is opened.
    begins : str, optional
        A selector within the section: the picture begins at the first element that it finds.
    tallest : int, default=1400
        Pixels; what is below is left out.
    title : str, optional
        What its pictures are called in the place of the section's id.
    """

    page: str
    section: str
    shown: tuple[tuple[int, str], ...] = ()
    opened: str = ""
    begins: str = ""
    tallest: int = 1400
    title: str = ""

    @property
    def name(self) -> str:
        """What its pictures are called."""
        return f"{self.page}-{self.title or self.section}"


WIDE, DARK, PHONE = (1280, "light"), (1280, "dark"), (390, "light")
PARTS = (
    Part("daily", "verdict", shown=(WIDE, PHONE)),
    Part("daily", "book", shown=(WIDE,)),
    Part("daily", "outlook", shown=(WIDE,), opened="details", tallest=900),
    Part("daily", "tickers", tallest=1100),
    Part("daily", "record"),
    Part("daily", "inputs", tallest=900),
    Part("daily", "limits"),
    Part("daily", "reproduce"),
    Part("backtest", "verdict", shown=(WIDE, DARK)),
    Part("backtest", "tickers", shown=(WIDE,), tallest=1100),
    Part("backtest", "record", shown=(WIDE,), tallest=1150),
    Part("backtest", "account", shown=(WIDE,), tallest=1500),
    Part("backtest", "account", shown=(WIDE,), begins=".heat", tallest=700, title="months"),
    Part("backtest", "inputs", tallest=900),
    Part("backtest", "limits", shown=(WIDE,)),
    Part("backtest", "reproduce"),
    Part("index", "runs", shown=(WIDE,), tallest=900),
)

OPEN = """(section, selector) => {
  const fold = section.querySelector(selector);
  if (fold) fold.open = true;
  return fold !== null;
}"""
# Chromium writes WebP by itself, a third of the size of its PNG.
TO_WEBP = """async (png) => {
  const image = new Image();
  image.src = "data:image/png;base64," + png;
  await image.decode();
  const canvas = document.createElement("canvas");
  [canvas.width, canvas.height] = [image.width, image.height];
  canvas.getContext("2d").drawImage(image, 0, 0);
  return canvas.toDataURL("image/webp", 0.8).split(",")[1];
}"""


@contextmanager
def open_browser() -> Iterator[Any]:
    """Yield the machine's own Chromium.

    Raises
    ------
    StockseqError
        If there is none.
    """
    from playwright.sync_api import sync_playwright

    path = next((found for name in BROWSERS if (found := shutil.which(name))), None)
    if path is None:
        raise StockseqError(f"Pictures need Chromium, and none of {', '.join(BROWSERS)} is on the PATH: install it.")
    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=path, args=ARGUMENTS)
        yield browser
        browser.close()


def find_page(runs: Path, page: str) -> Path:
    """Return the newest page of a kind under the demo's runs.

    Raises
    ------
    StockseqError
        If there is none.
    """
    found = sorted(runs.glob(PAGES[page]))
    if not found:
        raise StockseqError(
            f"There is no {PAGES[page]} under {runs}, so nothing to take a picture of: run `make demo`."
        )
    return found[-1]


def open_page(browser: Any, path: Path, *, width: int, scheme: str) -> Any:
    """Return a page in a window of its own, which nothing outside it moves."""
    context = browser.new_context(
        viewport={"width": width, "height": 900},
        color_scheme=scheme,
        reduced_motion="reduce",
        locale="en-US",
        timezone_id="UTC",
    )
    page = context.new_page()
    page.goto(path.as_uri())
    return page


def take_picture(page: Any, part: Part) -> bytes:
    """Return a WebP picture of a part of a page, the same on one machine whenever it is taken.

    Raises
    ------
    StockseqError
        If the page has no such part.
    """
    section = page.locator(f"#{part.section}")
    if section.count() != 1:
        raise StockseqError(f"{page.url} has {section.count()} sections `{part.section}`; one was expected.")
    if part.opened and not section.evaluate(OPEN, part.opened):
        raise StockseqError(f"The section `{part.section}` of {page.url} has no `{part.opened}` to open.")
    _draw(page, section)
    begins = section.locator(part.begins).first if part.begins else section
    top, whole = begins.bounding_box(), section.bounding_box()
    height = min(whole["y"] + whole["height"] - top["y"], part.tallest)
    clip = {"x": 0, "y": top["y"], "width": page.viewport_size["width"], "height": height}
    png = page.screenshot(full_page=True, clip=clip, animations="disabled")
    blank = page.context.new_page()
    webp = blank.evaluate(TO_WEBP, base64.b64encode(png).decode())
    blank.close()
    return base64.b64decode(webp)


def _draw(page: Any, section: Any) -> None:
    """Bring every plot of a section into sight once, wait until it is drawn, and go back to the top."""
    for plot in section.locator(".plot").all():
        if plot.is_visible():
            plot.scroll_into_view_if_needed()
            plot.locator(".main-svg").first.wait_for(timeout=60_000)
    page.evaluate("window.scrollTo(0, 0)")
    page.wait_for_timeout(100)


def take_pictures(runs: Path, parts: tuple[Part, ...] = PARTS) -> int:
    """Take all pictures of the demo's runs and copy those that the documentation shows; return how many bytes it shows.

    The pages are drawn anew from a copy of the runs, so that the pictures are of the code as it stands.
    """
    n_bytes = 0
    with tempfile.TemporaryDirectory() as place, open_browser() as browser:
        copy = Path(shutil.copytree(runs, Path(place) / "runs", symlinks=True))
        pages = {name: find_page(copy, name) for name in dict.fromkeys(part.page for part in parts)}
        for path in pages.values():
            if path.parent.name == "report":
                render_run(path.parents[1])
        for folder in (ALL, SHOWN):
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir(parents=True)
        for (name, path), width, scheme in product(pages.items(), WIDTHS, SCHEMES):
            page = open_page(browser, path, width=width, scheme=scheme)
            for part in [part for part in parts if part.page == name]:
                picture = take_picture(page, part)
                file = f"{part.name}-{width}-{scheme}.webp"
                (ALL / file).write_bytes(picture)
                if (width, scheme) in part.shown:
                    (SHOWN / file).write_bytes(picture)
                    n_bytes += len(picture)
            page.context.close()
    return n_bytes


def main() -> None:
    """Take the pictures of the demo, or of the data root that is named."""
    root = Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT / "demo"
    try:
        n_bytes = take_pictures(root / "runs")
    except StockseqError as error:
        sys.exit(f"✗ {error}")
    sys.stdout.write(f"{len(list(ALL.iterdir()))} pictures in {ALL}; of them in {SHOWN} {n_bytes / 1e6:.2f} MB.\n")


if __name__ == "__main__":
    main()
