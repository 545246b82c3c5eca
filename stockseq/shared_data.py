"""Data that many jobs read: handed to each process once, so that a job carries a handle and no table."""

import math
import mmap
import pickle
import shutil
from collections.abc import Iterator
from concurrent.futures import Executor, ProcessPoolExecutor
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from tempfile import mkdtemp
from typing import Any, Generic, Protocol, TypeVar, cast, runtime_checkable

import numpy as np
import numpy.typing as npt

from stockseq.errors import StockseqError, os_problem

Data = TypeVar("Data")
Data_co = TypeVar("Data_co", covariant=True)
# Arrays begin on whole cache lines.
ALIGNMENT = 64


class Shared(Protocol[Data_co]):
    """A handle of data, small enough for a job, that any process of the executor can open."""

    def get(self) -> Data_co:
        """Return the data, which must not be changed: others read the same memory."""
        ...


@runtime_checkable
class Sharing(Protocol):
    """An executor that has a way of its own to hand data to its processes."""

    def share(self, data: Data) -> AbstractContextManager[Shared[Data]]:
        """Hand the data to the processes for as long as the block lasts."""
        ...


def aligned_empty(shape: tuple[int, ...]) -> npt.NDArray[np.float32]:
    """Return an array, not filled, that begins on a whole cache line: TensorFlow reads such a one where it lies.

    Examples
    --------
    >>> aligned_empty((3, 2)).ctypes.data % ALIGNMENT
    0
    """
    size = math.prod(shape) * 4
    memory = np.empty(size + ALIGNMENT, dtype=np.uint8)
    first = -memory.ctypes.data % ALIGNMENT
    return memory[first : first + size].view(np.float32).reshape(shape)


@contextmanager
def share(data: Data, executor: Executor | None) -> Iterator[Shared[Data]]:
    """Hand data to an executor's processes for as long as the block lasts.

    In this process the handle is the data itself. A pool of processes reads them from a temporary file, whose arrays
    all processes map into memory once, together. On a cluster each worker is sent them once.

    Parameters
    ----------
    data : object
        What can be pickled. Arrays in it come back read-only.
    executor : Executor, optional

    Yields
    ------
    Shared
        For the arguments of jobs, however deep within them; valid until the block ends.

    Raises
    ------
    StockseqError
        If the temporary file can't be written.

    Examples
    --------
    >>> with share([1, 2], None) as shared:
    ...     sum(shared.get())
    3
    """
    if isinstance(executor, Sharing):
        with executor.share(data) as shared:
            yield shared
    elif isinstance(executor, ProcessPoolExecutor):
        folder = _make_folder()
        try:
            _write_or_say(data, folder)
            yield InFile(str(folder))
        finally:
            # Whoever has mapped the file keeps it until it lets go of the arrays.
            shutil.rmtree(folder, ignore_errors=True)
    else:
        yield InMemory(data)


@dataclass(frozen=True)
class InMemory(Generic[Data]):
    """A handle that holds the data."""

    data: Data

    def get(self) -> Data:
        """Return the data."""
        return self.data


@dataclass(frozen=True)
class InFile(Generic[Data]):
    """A handle that names the folder of a file."""

    folder: str

    def get(self) -> Data:
        """Return the data; the arrays lie in pages that all processes of this machine share."""
        return cast(Data, _open(self.folder))


def _make_folder() -> Path:
    try:
        return Path(mkdtemp(prefix="stockseq-shared-"))
    except OSError as error:
        raise _refusal("a temporary folder", error) from error


def _write_or_say(data: object, folder: Path) -> None:
    try:
        _write(data, folder)
    except OSError as error:
        raise _refusal(str(folder), error) from error


def _refusal(target: str, error: OSError) -> StockseqError:
    return StockseqError(
        f"What the worker processes share can't be written to {target}: {os_problem(error)}. Name a folder with more "
        "space in TMPDIR, or set `workers = 1`."
    )


def _write(data: object, folder: Path) -> None:
    """Write the pickle without its arrays, and the arrays one behind the other."""
    buffers: list[pickle.PickleBuffer] = []
    (folder / "pickle").write_bytes(pickle.dumps(data, protocol=5, buffer_callback=buffers.append))
    spans = []
    with (folder / "arrays").open("wb") as file:
        for buffer in buffers:
            with buffer.raw() as raw:
                file.write(b"\0" * (-file.tell() % ALIGNMENT))
                spans.append((file.tell(), raw.nbytes))
                file.write(raw)
    (folder / "spans").write_bytes(pickle.dumps(spans))


# Of one dataset: a process works on one, and a second would be memory that nobody reads.
@lru_cache(maxsize=1)
def _open(folder: str) -> Any:
    spans = pickle.loads((Path(folder) / "spans").read_bytes())  # noqa: S301  this run's own file
    path = Path(folder) / "arrays"
    if path.stat().st_size:
        with path.open("rb") as file:
            pages = memoryview(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ))
    else:
        pages = memoryview(b"")
    arrays = [pages[begin : begin + size] for begin, size in spans]
    return pickle.loads((Path(folder) / "pickle").read_bytes(), buffers=arrays)  # noqa: S301
