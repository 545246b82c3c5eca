"""How far long work has come, reported to whoever asked for it."""

import sys
from typing import Protocol


class Progress(Protocol):
    """What long work reports to: a screen, a log, or nothing at all (`SILENT`).

    Work that Python starts reports to `LINE` by default.

    Examples
    --------
    >>> class Printed:
    ...     def step(self, task, done, total, note=""):
    ...         print(f"{task}: {done} of {total}")
    ...     def say(self, sentence):
    ...         print(sentence)
    >>> def fit_folds(n_folds: int, *, progress: Progress = SILENT) -> None:
    ...     for number in range(1, n_folds + 1):
    ...         progress.step("Fitting", number, n_folds)
    >>> fit_folds(2, progress=Printed())
    Fitting: 1 of 2
    Fitting: 2 of 2
    """

    def step(self, task: str, done: int, total: int | None, note: str = "") -> None:
        """Report that `done` of `total` steps of `task` are finished; `total` is None where nobody can say."""

    def say(self, sentence: str) -> None:
        """Report a sentence that stays to be read."""


class _Line:
    """One line that changes on a terminal or in a notebook; nothing where output goes to a file."""

    def step(self, task: str, done: int, total: int | None, note: str = "") -> None:
        """Write how far the task is over what the line said before; empty it when the task is finished."""
        is_over = total is not None and done >= total
        self._write("" if is_over else f"{task}: {done}{'' if total is None else f' of {total}'} {note}".rstrip())

    def say(self, sentence: str) -> None:
        """Write a sentence over what the line said before."""
        self._write(sentence)

    @staticmethod
    def _write(text: str) -> None:
        if sys.stderr.isatty() or "ipykernel" in sys.modules:
            # Erase the line first; a longer text than the terminal is wide would not be erased whole.
            sys.stderr.write(f"\r\x1b[2K{text[:LONGEST_LINE]}")
            sys.stderr.flush()


LONGEST_LINE = 79


class _Silent:
    def step(self, task: str, done: int, total: int | None, note: str = "") -> None:
        """Report nothing."""

    def say(self, sentence: str) -> None:
        """Say nothing."""


LINE: Progress = _Line()
SILENT: Progress = _Silent()
