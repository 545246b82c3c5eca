"""The one way to the terminal: text of any origin is shown and not obeyed."""

import io
import sys

import pytest

from pipelines.screens.console import SafeConsole, build_table, escape


@pytest.mark.parametrize(
    "text",
    [
        "[red]a[/red]",
        "[/]",
        "[link=http://x]a[/link]",
        "a\\",
        "a\\\\",
        "\\[bold]",
        "a\\[[/red]",
        "\\\\[b",
        "[",
        "[1]",
        ":smile:",
        "[@click=x]y",
    ],
)
def test_a_text_is_shown_letter_by_letter(text: str, capsys: pytest.CaptureFixture[str]) -> None:
    """In markup, before a tag, without markup, and in a table."""
    console = SafeConsole()
    console.print(f"[red]✗[/red] {escape(text)}[dim]|[/dim]")
    console.print(f"{escape(text)} and more")
    console.print(text, markup=False)
    table = build_table("Bars", "Ticker")
    table.add_row(escape(text))
    console.print(table)
    lines = capsys.readouterr().out.splitlines()
    assert lines[:3] == [f"✗ {text}|", f"{text} and more", text]
    assert any(text in line for line in lines[3:])


def test_a_tag_with_a_line_break_in_it_is_text(capsys: pytest.CaptureFixture[str]) -> None:
    """Rich's own `escape` leaves it, and its parser ends in an error."""
    SafeConsole().print(f"[red]✗[/red] {escape('[/' + chr(10) + ']')}")
    assert capsys.readouterr().out == "✗ [/\\n]\n"


def test_escape_codes_reach_no_terminal_by_any_way(capsys: pytest.CaptureFixture[str]) -> None:
    """Not even where a screen forgets to escape."""
    console = SafeConsole()
    hostile = "\x1b]0;title\x07\x1b[2J\u202e"
    console.print(hostile)
    console.print(hostile, markup=False)
    table = build_table(hostile, hostile)
    table.add_row(hostile)
    console.print(table)
    said = capsys.readouterr().out
    assert "\\x1b]0;title\\x07" in said
    assert not set("\x1b\x07\u202e") & set(said)


def test_a_terminal_that_lacks_our_signs_gets_plain_ones(monkeypatch: pytest.MonkeyPatch) -> None:
    """One of ISO-8859-1 has no check mark."""
    terminal = io.TextIOWrapper(io.BytesIO(), encoding="iso-8859-1")
    monkeypatch.setattr(sys, "stdout", terminal)
    SafeConsole().print("[green]✓[/green] Köla 株")
    terminal.flush()
    assert terminal.buffer.getvalue() == "+ Köla \\u682a\n".encode("iso-8859-1")  # type: ignore[attr-defined]
