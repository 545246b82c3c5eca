"""Read what the library noted of a run: its calls that change files, in their order, with what was written."""

from pathlib import Path
from typing import NamedTuple


class Call(NamedTuple):
    """One call that succeeded.

    Parameters
    ----------
    operation : str
        create, write, truncate, sync, mkdir, rmdir, rename, link, unlink or symlink.
    inode : int
        Of the file or folder; of a rename or link that of its target.
    offset : int
        Where a write begins; the length that a truncation leaves.
    content : bytes
        What was written.
    path : str
        Of a symbolic link, its text.
    target : str
        Of a rename, link or symbolic link.
    """

    operation: str
    inode: int
    offset: int
    content: bytes
    path: str
    target: str


def read_notes(path: Path) -> list[Call]:
    """Return the calls."""
    noted, place, calls = path.read_bytes(), 0, []
    while place < len(noted):
        end = noted.index(b"\n", place)
        operation, inode, offset, length, first, second = noted[place:end].decode().split("\t")
        place = end + 1 + int(length)
        calls.append(Call(operation, int(inode), int(offset), noted[end + 1 : place], first, second))
    return calls


def kill_points(calls: list[Call]) -> list[tuple[int, bool]]:
    """Return before and after which calls, counted from 1, a run is killed: all of them.

    Of more than three writes in a row to one file that is not in its place yet, the first, the middle and the last one
    stand for all: nobody reads the file between them.
    """
    points: list[tuple[int, bool]] = []
    first = 0
    while first < len(calls):
        last = first
        while last + 1 < len(calls) and _is_same_file(calls[first], calls[last + 1]):
            last += 1
        n_calls = last + 1 - first
        chosen = {first, (first + last) // 2, last} if n_calls > 3 else range(first, last + 1)
        points += [(number + 1, done) for number in sorted(chosen) for done in (False, True)]
        first = last + 1
    return points


def _is_same_file(call: Call, following: Call) -> bool:
    return call.operation == following.operation == "write" and call.inode == following.inode
