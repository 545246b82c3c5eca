"""Where the recipes speak: one console, the bars of long work on it, and the command that comes next."""

import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.console import Console, ConsoleOptions, RenderableType
from rich.segment import Segment
from rich.table import Table
from rich.text import Text

from stockseq.printable import encodable, visible

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID

# What rich takes for a tag with its backslashes, and those before any other bracket.
_TAG = re.compile(r"(\\*)(\[[a-z#/@][^\[]*?\])|(\\+)(?=\[)")


class SafeConsole(Console):
    """The one way to the terminal: no text moves its cursor, sets its title or turns a line, whatever it came from.

    What its encoding lacks is written in plain signs. Rich's own colours pass.
    """

    def __init__(self, *, stderr: bool = False) -> None:
        # A price of ":on:" is no emoji.
        super().__init__(stderr=stderr, highlight=False, soft_wrap=True, emoji=False)

    def render_str(self, text: str, **options: Any) -> Text:
        """Return the text safe already, for its width is measured here."""
        return super().render_str(self._safe(text), **options)

    def render(self, renderable: RenderableType, options: ConsoleOptions | None = None) -> Iterable[Segment]:
        """Yield what is to be written."""
        for segment in super().render(renderable, options):
            yield segment if segment.control else Segment(self._safe(segment.text), segment.style)

    def _safe(self, text: str) -> str:
        return encodable(visible(text, lines=True), self.encoding)


console = SafeConsole()


def escape(text: str) -> str:
    """Return a text of any origin as it stands in a line of rich's markup: on that line, and none of it a tag.

    Rich's own leaves a tag with a line break in it, and doubles a backslash at the end.

    Examples
    --------
    >>> escape("[red]a[/red]"), escape("[/\\n]"), escape("[1]")
    ('\\\\[red]a\\\\[/red]', '\\\\[/\\\\n]', '[1]')
    """
    safe = _TAG.sub(lambda tag: f"{2 * tag[1]}\\{tag[2]}" if tag[2] else f"{tag[3]}\\", visible(text))
    trailing = safe[len(safe.rstrip("\\")) :]
    # A tag that follows would be taken for text; before an empty one the backslashes are halved again.
    return f"{safe}{trailing}[bold][/bold]" if trailing else safe


class ScreenProgress:
    """Bars that leave no trace, neither on the screen nor in a log, and sentences that stay."""

    def __init__(self) -> None:
        self._tasks: dict[str, TaskID] = {}
        self._bars: Progress | None = None

    def step(self, task: str, done: int, total: int | None, note: str = "") -> None:
        """Show how far the task is; its bar goes when it is finished, and the display with the last of them."""
        if not console.is_terminal:
            return
        if self._bars is None:
            from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

            columns = (TextColumn("{task.description}"), BarColumn(), TextColumn("{task.fields[note]}"))
            times = (TimeElapsedColumn(), TimeRemainingColumn())
            self._bars = Progress(*columns, *times, console=console, transient=True)
            self._bars.start()
        if task not in self._tasks:
            self._tasks[task] = self._bars.add_task(escape(task), total=total, note=note)
        self._bars.update(self._tasks[task], completed=done, total=total, note=escape(note))
        if total is not None and done >= total:
            self._bars.remove_task(self._tasks.pop(task))
        if not self._tasks:
            self.close()

    def say(self, sentence: str) -> None:
        """Print a sentence."""
        console.print(escape(sentence))

    def close(self) -> None:
        """Take every bar away, as after an error."""
        if self._bars is not None:
            self._bars.stop()
        self._bars, self._tasks = None, {}


@contextmanager
def show_progress() -> Iterator[ScreenProgress]:
    """Yield a progress whose bars are gone when the block ends, however it ends."""
    progress = ScreenProgress()
    try:
        yield progress
    finally:
        progress.close()


def build_table(title: str, *columns: str, left: tuple[int, ...] = (0,)) -> Table:
    """Return an empty table of these columns, of which those numbered in `left` are no numbers."""
    table = Table(title=title, title_justify="left")
    for number, name in enumerate(columns):
        table.add_column(name, justify="left" if number in left else "right")
    return table


def show_page(folder: Path) -> None:
    """Print where the page of a run is."""
    console.print(f"Page: {folder / 'report' / 'index.html'}", markup=False)
