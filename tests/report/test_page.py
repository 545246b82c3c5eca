"""Tests of the page as text: what is on it, what is escaped, and how large it gets."""

from html.parser import HTMLParser
from pathlib import Path

import pandas as pd
import pytest

from stockseq.report.html import CONTENT_SECURITY_POLICY
from stockseq.report.page import render_report
from stockseq.report.run import RunReport
from tests.report.conftest import scores


class Page(HTMLParser):
    """The elements of a page with their attributes, and the text outside of scripts and styles."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self._silent = 0
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        self._silent += tag in ("script", "style")

    def handle_endtag(self, tag: str) -> None:
        self._silent -= tag in ("script", "style")

    def handle_data(self, data: str) -> None:
        if not self._silent:
            self.text += data

    def named(self, tag: str) -> list[dict[str, str | None]]:
        """The attributes of every element of this tag."""
        return [attributes for name, attributes in self.elements if name == tag]


def render(run: RunReport, folder: Path) -> Page:
    """Write the page and read it again."""
    return Page(render_report(run, folder).read_text(encoding="utf-8"))


def test_a_whole_run_shows_verdict_first_and_every_section(build_run, tmp_path: Path) -> None:
    """The order in which a person reads: found, forecast, how good, what it earned, what went in, what is missing."""
    page = render(build_run(), tmp_path)
    sections = [section["id"] for section in page.named("section")]
    assert sections == ["verdict", "book", "outlook", "record", "account", "inputs", "limits", "reproduce"]
    plots = [attributes["id"] for attributes in page.named("div") if (attributes.get("id") or "").startswith("plot-")]
    account = ["plot-equity", "plot-drawdown", "plot-rolling-sharpe", "plot-rolling-beta"]
    assert plots == ["plot-accuracy", "plot-calibration", "plot-comparisons", *account]
    assert page.text.index("51.0%") < page.text.index("Forecasts for 2016-01-04")


def test_an_empty_run_says_what_it_does_not_have(tmp_path: Path) -> None:
    """A part without data is named as absent, and no figure is drawn."""
    run = RunReport("r1", "daily", pd.Timestamp("2024-11-29 12:00", tz="UTC"), "Forecasts")
    page = render(run, tmp_path)
    for absence in ("its skill is not known", "no equity to show", "scored no baselines", "Nothing was dropped"):
        assert absence in page.text
    assert not [script for script in page.named("script") if "data-plot" in script]


@pytest.mark.parametrize(
    ("part", "said"),
    [
        ("equity", "This run simulated no trading"),
        ("out_of_sample", "This run made no out-of-sample forecasts"),
        ("live", "There is no live record yet"),
        ("backtest", "This run scored no baselines"),
    ],
)
def test_a_run_without_a_part_names_it_as_absent(build_run, tmp_path: Path, part: str, said: str) -> None:
    """Recipes fill different parts of the same page; an empty chart would be read as a result."""
    assert said in render(build_run(n_tickers=3, n_sessions=30, **{part: None}), tmp_path).text


def test_foreign_text_never_becomes_an_element(attacked_run, tmp_path: Path) -> None:
    """Every script is one of ours or data, no element has a handler, and the attack reads as plain text."""
    page = render(attacked_run, tmp_path)
    scripts = [(script.get("src"), script.get("type")) for script in page.named("script")]
    assert scripts == [("page.js", None), ("tables.js", None)] + [(None, "application/json")] * 5
    assert not page.named("img")
    assert not [name for _, attributes in page.elements for name in attributes if name.startswith("on")]
    assert "<img src=x onerror=" in page.text
    assert "\u202e" not in page.text


def test_links_lead_to_web_pages_only_and_tell_them_nothing(attacked_run, tmp_path: Path) -> None:
    """A `javascript:` address stays text; a web address opens without referrer and without vouching for it."""
    page = render(attacked_run, tmp_path)
    outside = [link for link in page.named("a") if not (link["href"] or "").startswith(("#", "../../index.html"))]
    assert [link["href"] for link in outside] == ['https://example.org/"onclick="window.attacked=1'] * 3
    assert {link["rel"] for link in outside} == {"noopener noreferrer nofollow"}


def test_the_page_names_no_other_host(build_run, tmp_path: Path) -> None:
    """Without headlines' links, nothing on the page leads into a network; the policy forbids what the text might."""
    run = build_run(n_tickers=3, n_sessions=30, next_forecasts=None)
    html = render_report(run, tmp_path).read_text(encoding="utf-8")
    assert "http://" not in html
    assert "https://" not in html
    assert "http" not in CONTENT_SECURITY_POLICY
    assert "script-src 'self' file:;" in CONTENT_SECURITY_POLICY


def test_plotly_and_the_script_lie_beside_the_page(build_run, tmp_path: Path) -> None:
    """The folder is whole: it can be moved or sent, and no half-written file stays behind."""
    render_report(build_run(n_tickers=3, n_sessions=30), tmp_path / "new" / "report")
    names = sorted(path.name for path in (tmp_path / "new" / "report").iterdir())
    assert names == ["index.html", "page.js", "plotly.min.js", "tables.js"]


def test_fills_link_to_the_parquet_file_where_it_exists(build_run, tmp_path: Path) -> None:
    """A link that leads nowhere is worse than a name."""
    run = build_run(n_tickers=3, n_sessions=30)
    without = [link["href"] for link in render(run, tmp_path / "report").named("a")]
    (tmp_path / "fills.parquet").touch()
    with_file = [link["href"] for link in render(run, tmp_path / "report").named("a")]
    assert [href for href in with_file if href not in without] == ["../fills.parquet"]


def test_the_same_run_gives_the_same_bytes(build_run, tmp_path: Path) -> None:
    """A page holds no clock and no chance."""
    run = build_run(n_tickers=3, n_sessions=30)
    first, second = (render_report(run, tmp_path / name).read_bytes() for name in ("a", "b"))
    assert first == second


def test_what_could_undo_a_run_stands_in_its_first_section(build_run, tmp_path: Path) -> None:
    """Nobody scrolls to a placebo that found something."""
    page = render(build_run(n_tickers=3, n_sessions=30), tmp_path)
    assert page.text.index("SKILL FOUND") < page.text.index("In accuracy it beats majority")
    assert page.text.index("In accuracy it beats majority") < page.text.index("Out-of-sample record")
    assert "NOT as expected" in page.text


def test_diebold_mariano_is_next_to_the_paired_test(build_run, tmp_path: Path) -> None:
    """By hand: t -2.0 and p .046 agree with the paired p of .002, both below .05."""
    page = render(build_run(n_tickers=3, n_sessions=30), tmp_path)
    assert page.text.count("0.0460") == 2
    assert "This run is from before version 0.2" in page.text
    run = build_run(n_tickers=3, n_sessions=30, scores=scores(0.55, accuracy_bootstrap_ci=[0.54, 0.561]))
    text = render(run, tmp_path).text
    assert "agree on every baseline" in text
    assert "By bootstrap of sessions in blocks, the interval of the accuracy is 54.0% to 56.1%" in text
