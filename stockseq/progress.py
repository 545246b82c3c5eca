"""How far long work has come, reported to whoever asked for it."""

from typing import Protocol


class Progress(Protocol):
    """What long work reports to: a screen, a log, or nothing at all (`SILENT`).

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


class _Silent:
    def step(self, task: str, done: int, total: int | None, note: str = "") -> None:
        """Report nothing."""

    def say(self, sentence: str) -> None:
        """Say nothing."""


SILENT: Progress = _Silent()
