"""Reach a scheduler, or say in one sentence why not."""

import asyncio
import logging
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress

from distributed import Client
from distributed.comm.core import connect
from distributed.security import Security

from stockseq.cluster.executor import ClusterExecutor
from stockseq.cluster.faults import first_line
from stockseq.errors import SettingsError

# Seconds that a scheduler has to answer at first.
CONNECT_S = 15.0


@contextmanager
def open_cluster(address: str) -> Iterator[ClusterExecutor]:
    """Yield the executor of the scheduler at this address.

    Raises
    ------
    SettingsError
        If it can't be reached, has no workers, or one that has other code or several threads.
    StockseqError
        If it is lost on the way.
    """
    with _quiet():
        try:
            with ThreadPoolExecutor(1) as thread:
                # A caller, such as a notebook, may have an event loop of its own.
                thread.submit(asyncio.run, _reach(address)).result()
            client = Client(address, set_as_default=False, timeout=CONNECT_S)
        except (OSError, ValueError) as error:
            raise SettingsError(
                f"The scheduler {address} can't be reached: {first_line(error)}. Start one with `dask scheduler`, or "
                "leave it out of the settings."
            ) from error
        executor = None
        try:
            executor = ClusterExecutor(client, address)
            yield executor
        finally:
            if executor is not None:
                executor.shutdown()
            with suppress(Exception):
                client.close(timeout=5)


async def _reach(address: str) -> None:
    """Raise `OSError` unless a scheduler answers: the client would wait for ever where only the port is open."""
    try:
        security = Security().get_connection_args("client")
        comm = await asyncio.wait_for(connect(address, timeout=CONNECT_S, **security), CONNECT_S + 1)
    except TimeoutError as error:
        raise OSError(f"what listens there does not answer as a scheduler within {CONNECT_S:.0f} s") from error
    await comm.close()


@contextmanager
def _quiet() -> Iterator[None]:
    """Let the library be silent: what goes wrong is said in one sentence, and it would say it in pages."""
    logger = logging.getLogger("distributed")
    children = [logging.getLogger(name) for name in logging.root.manager.loggerDict if name.startswith("distributed.")]
    levels = {each: each.level for each in (logger, *children)}
    for each in levels:
        each.setLevel(logging.CRITICAL + 1)
    try:
        yield
    finally:
        for each, level in levels.items():
            each.setLevel(level)
