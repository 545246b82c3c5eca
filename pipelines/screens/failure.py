"""What went wrong, in one sentence, and the status that a process ends with."""

from stockseq.errors import TRY_AGAIN, SourceUnreachable, StockseqError, StoreBusy, os_problem

# Statuses of a process: a mistyped command line is 2 (Typer's), a stop by hand 130.
FAILED, STOPPED = 1, 130


def failure_sentence(error: Exception) -> str:
    """Return what an error says; one that isn't foreseen is named, and its traceback is on the screen.

    Examples
    --------
    >>> failure_sentence(OSError(28, "No space left on device", "/data/bars"))
    'No space left on device (/data/bars). The store is complete as it was.'
    >>> failure_sentence(KeyError("close"))
    "A fault of stockseq's own stopped the run: KeyError: 'close'."
    """
    if isinstance(error, StockseqError):
        return str(error)
    if isinstance(error, OSError):
        return f"{os_problem(error)}. The store is complete as it was."
    return f"A fault of stockseq's own stopped the run: {type(error).__name__}: {str(error)[:300]}."


def exit_status(error: Exception) -> int:
    """Return the status that tells a scheduler whether the same run may succeed later as it is.

    Examples
    --------
    >>> exit_status(StoreBusy("")), exit_status(SourceUnreachable("")), exit_status(StockseqError(""))
    (75, 75, 1)
    """
    return TRY_AGAIN if isinstance(error, StoreBusy | SourceUnreachable) else FAILED
