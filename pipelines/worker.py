"""How a worker process begins: it ends in silence at Ctrl-C, and never outlives the run that started it."""

import os
import signal
from multiprocessing import parent_process
from threading import Thread


def begin() -> None:
    """Prepare this worker process; for `ProcessPoolExecutor(initializer=begin)`."""
    # A terminal sends Ctrl-C to all processes, and what is to be said of it the run says.
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    Thread(target=_end_with_the_run, daemon=True).start()


def _end_with_the_run() -> None:
    run = parent_process()
    if run is not None:
        # A run that is killed can tell its workers nothing, and they would finish their task for nobody.
        run.join()
        os._exit(1)
