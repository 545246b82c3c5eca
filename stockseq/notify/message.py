"""What is told of a morning: text of any origin, on lines that nothing in it can break or turn."""

from collections.abc import Iterable
from dataclasses import dataclass

from stockseq.printable import visible

LONGEST_LINE, LONGEST_SUBJECT, MOST_LINES = 400, 120, 40


@dataclass(frozen=True)
class Message:
    """A subject and lines, safe to be sent; made by `build_message`."""

    subject: str
    lines: tuple[str, ...]
    is_failure: bool = False

    @property
    def text(self) -> str:
        """Subject and lines."""
        return "\n".join((self.subject, "", *self.lines))


def build_message(subject: str, lines: Iterable[str], *, is_failure: bool = False) -> Message:
    """Return a message of texts of any origin: each on one line, printable, and not too long.

    Examples
    --------
    >>> build_message("a\\r\\nBcc: b@c", ["x\\x1b[31m"]).text
    'a Bcc: b@c\\n\\nx\\\\x1b[31m'
    """
    kept = tuple(_line(line, LONGEST_LINE) for line in lines)
    more = (f"({len(kept) - MOST_LINES} more lines)",) if len(kept) > MOST_LINES else ()
    return Message(_line(subject, LONGEST_SUBJECT), kept[:MOST_LINES] + more, is_failure)


def _line(text: str, longest: int) -> str:
    line = visible(" ".join(text.split()))
    return line if len(line) <= longest else f"{line[: longest - 1]}\u2026"
