"""What is said of a cluster that can't do the work."""

from concurrent.futures import CancelledError

from distributed.scheduler import KilledWorker

from stockseq.errors import PluginError, SettingsError, StockseqError, counted

# How the library names the reason for jobs that are cancelled when the scheduler is gone.
LOST = "scheduler-connection-lost"
GO_ON = "Run the same again then: what was finished is kept, and an exam or an ablation goes on where it was."


def refusal(worker: str, problem: str) -> StockseqError:
    """Return the error of a worker with this problem, as `WorkerCode.prepare` words it."""
    if "the package" in problem:
        return PluginError(
            f"The worker {worker} {problem}. Install it there as it is on this machine, and start the worker again."
        )
    return SettingsError(differs(worker, problem))


def differs(worker: str, problem: str) -> str:
    """Return the sentence on a worker whose code differs from that of this machine."""
    return (
        f"The worker {worker} {problem}: its results would be others. Install the same there, and start the worker "
        "again."
    )


def killed(name: str, error: KilledWorker) -> StockseqError:
    """Return the error of a job of this name that killed one worker after the other."""
    last = getattr(error, "last_worker", None)
    return StockseqError(
        f"One job (`{name}`) was on {counted(int(error.allowed_failures) + 1, 'worker')} that were killed, the "
        f"last {getattr(last, 'address', 'unknown')}, probably for want of memory. Start fewer workers on a machine. "
        f"{GO_ON}"
    )


def first_line(error: BaseException) -> str:
    """Return what an error of the library says, in one line."""
    if isinstance(error, CancelledError):
        return "the connection broke" if getattr(error, "reason", "") == LOST else "it forgot the run's jobs"
    return (str(error).strip().partition("\n")[0] or type(error).__name__)[:200].rstrip(".")
