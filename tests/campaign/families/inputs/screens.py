"""Text of any origin on the screen and on the page: it is shown as it is, and nothing in it is obeyed."""

import contextlib
import io
import random
import re
from collections.abc import Callable
from functools import partial
from pathlib import Path

from pipelines.screens.console import SafeConsole, build_table, escape
from stockseq.report.html import _environment
from tests.campaign.case import Case
from tests.campaign.families.inputs.letters import ALPHABETS, draw_text, is_dangerous, require_harmless

N = 3_000
ENCODINGS = ("ascii", "latin-1", "cp1252", "cp437", "koi8-r", "shift_jis", "utf-8", "no-such-encoding")


def cases() -> list[Case]:
    """Return the cases of screen and page."""
    shown = [_case(f"{name} on the screen", partial(_screen, name)) for name in ALPHABETS]
    encoded = [
        _case(f"{name} in other encodings", partial(_encodings, name), n=800, short=name == "any")
        for name in ("any", "the world")
    ]
    paged = [_case(f"{name} on the page", partial(_page, name)) for name in ("direction marks", "any", "markup")]
    return [*shown, *encoded, *paged]


def _case(name: str, judge: Callable[[random.Random, int], str], *, n: int = N, short: bool = False) -> Case:
    def run(folder: Path, seed: int) -> str:
        return judge(random.Random(seed), n)

    return Case(name, run, n_inputs=n, short=short)


def _screen(alphabet: str, random_: random.Random, n: int) -> str:
    """In a line of markup, in a line without, and in a table."""
    for _ in range(n):
        text = draw_text(random_, alphabet, longest=12)
        marked = _said(lambda console, text=text: console.print(f"[red]✗[/red] {escape(text)}[dim]|[/dim]"))
        plain = _said(lambda console, text=text: console.print(text, markup=False))
        table = _said(lambda console, text=text: _print_table(console, text))
        for said in (marked, plain, table):
            require_harmless(said)
        assert marked.count("\n") == 1, f"{text!r} broke its line: {marked!r}"
        if text.isprintable():
            assert marked == f"✗ {text}|\n", f"{text!r} was shown as {marked!r}"
            assert plain == f"{text}\n", f"{text!r} was shown as {plain!r}"
            assert text.rstrip() in table, f"{text!r} was shown as {table!r}"
    return f"{n:,} texts, none obeyed"


def _encodings(alphabet: str, random_: random.Random, n: int) -> str:
    """What a terminal can't write is written in plain signs."""
    for k in range(n):
        text, encoding = draw_text(random_, alphabet), ENCODINGS[k % len(ENCODINGS)]
        known = "ascii" if encoding == "no-such-encoding" else encoding
        file = io.TextIOWrapper(io.BytesIO(), encoding=known, newline="")
        with contextlib.redirect_stdout(file):
            SafeConsole().print(f"✓ {escape(text)}")
        file.flush()
        said = file.buffer.getvalue().decode(known)  # type: ignore[attr-defined]
        require_harmless(said)
        assert said.startswith("✓ " if encoding == "utf-8" else "+ "), said
    return f"{n:,} texts in {len(ENCODINGS)} encodings"


def _page(alphabet: str, random_: random.Random, n: int) -> str:
    """A cell of the page holds the text, no tag, and nothing that turns its row round."""
    template = _environment().from_string("<td>{{ text }}</td>")
    for _ in range(n):
        text = draw_text(random_, alphabet)
        (inner,) = re.findall(r"\A<td>(.*)</td>\Z", template.render(text=text), flags=re.DOTALL)
        assert not re.search(r"[<>\"]", inner), f"{text!r} became {inner!r}"
        bad = [letter for letter in inner if is_dangerous(letter) and letter != "\n"]
        assert not bad, f"{bad!r} stands on the page"
    return f"{n:,} texts, none a tag"


def _said(speak: Callable[[SafeConsole], None]) -> str:
    with contextlib.redirect_stdout(io.StringIO()) as said:
        console = SafeConsole()
        console.width = 400
        speak(console)
    return said.getvalue()


def _print_table(console: SafeConsole, text: str) -> None:
    table = build_table(escape("Bars"), "Ticker", "Bars")
    table.add_row(escape(text), "1")
    console.print(table)
