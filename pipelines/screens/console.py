"""Where the recipes speak: one console, the bars of long work on it, and the command that comes next."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeElapsedColumn, TimeRemainingColumn
from rich.table import Table

console = Console(highlight=False, soft_wrap=True)


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
    console.print(f"Page: {folder / 'report' / 'index.html'}")
