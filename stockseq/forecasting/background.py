"""Work in a thread of its own, beside what is done meanwhile."""

from collections.abc import Iterator
from concurrent.futures import Executor, ThreadPoolExecutor
from contextlib import contextmanager
from threading import Event


@contextmanager
def background_thread(name: str) -> Iterator[tuple[Executor, Event]]:
    """Yield an executor of one thread, and what is set once the block is left and nobody waits for its jobs.

    After an error that is said at once: jobs that are queued are not begun, and the one under way may look at the
    event and end.
    """
    pool, abandoned = ThreadPoolExecutor(1, thread_name_prefix=name), Event()
    try:
        yield pool, abandoned
    finally:
        abandoned.set()
        pool.shutdown(wait=False, cancel_futures=True)
