"""What a file system may hold after the power failed at a call of a run: built from the run's noted calls.

A name is safe once its folder was synced, content once its file was; a rename is one step, and within a folder no later
change of names is kept without the earlier ones. Beyond that nothing is promised, and the policies choose the worst.
"""

import hashlib
import random
import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from tests.campaign.file_faults.notes import Call

PAGE = 4096
POLICIES = ("all lost", "names lost", "empty", "zeros", "holes", "some", "some more")
# What a next run clears away before it does anything: its content doesn't matter.
DRAFTS = re.compile(r"/(runs/\.draft-|runs/\.latest-|models/\.bundle-)")


class Entry(NamedTuple):
    """A change of names: in each folder, a name that gets a node or loses it (None)."""

    call: int
    changes: tuple[tuple[int, str, int | None], ...]


class Content(NamedTuple):
    """The bytes of a file, and their hash."""

    content: bytes
    digest: str


@dataclass
class Node:
    """A file with its changes of content (call, offset, content; content None cuts off), a folder or a link."""

    kind: str
    text: str = ""
    content: list[tuple[int, int, bytes | None]] = field(default_factory=list)
    synced: list[int] = field(default_factory=list)
    made: dict[tuple[object, ...], Content] = field(default_factory=dict)


class State(NamedTuple):
    """What is on the disk: path to content, None for a folder, the text of a link."""

    call: int
    policy: str
    files: dict[str, Content | str | None]
    digest: str


class PowerLoss:
    """The calls of one run, on a folder that held a tree before.

    Parameters
    ----------
    root : Path
        The watched folder.
    before : Path or None
        What lay in it at `data`, all of it safe.
    calls : sequence of Call
    """

    def __init__(self, root: Path, before: Path | None, calls: Sequence[Call]) -> None:
        self.root = str(root)
        self.nodes = [Node("folder")]
        self.children: dict[int, dict[str, int]] = {0: {}}
        self.entries: list[Entry] = []
        if before is not None:
            self._lay(before, 0, "data")
        self.start = {folder: dict(names) for folder, names in self.children.items()}
        self.n_calls = len(calls)
        for number, call in enumerate(calls, start=1):
            self._take(number, call)

    def states(self) -> Iterator[State]:
        """Yield the distinct states after each call under each policy."""
        seen = set()
        for call in range(self.n_calls + 1):
            for policy in POLICIES:
                state = self.state(call, policy)
                if state.digest not in seen:
                    seen.add(state.digest)
                    yield state

    def state(self, call: int, policy: str) -> State:
        """Return what is on the disk where the power fails after a call."""
        chance = random.Random(f"{call} {policy}")
        names = self._names(call, policy, chance)
        files: dict[str, Content | str | None] = {}
        stack = [("", 0)]
        while stack:
            path, folder = stack.pop()
            for name, number in names.get(folder, {}).items():
                node, where = self.nodes[number], f"{path}/{name}"
                if node.kind == "folder":
                    files[where] = None
                    stack.append((where, number))
                else:
                    files[where] = node.text if node.kind == "link" else self._content(node, call, policy, chance)
        return State(call, policy, files, _digest(files))

    def _lay(self, path: Path, parent: int, name: str) -> None:
        if path.is_symlink():
            node = Node("link", text=str(path.readlink()))
        elif path.is_dir():
            node = Node("folder")
        else:
            node = Node("file", content=[(0, 0, path.read_bytes())], synced=[0])
        number = self._add(node, parent, name)
        if node.kind == "folder":
            for child in sorted(path.iterdir()):
                self._lay(child, number, child.name)

    def _add(self, node: Node, parent: int, name: str) -> int:
        self.nodes.append(node)
        number = len(self.nodes) - 1
        if node.kind == "folder":
            self.children[number] = {}
        self.children[parent][name] = number
        return number

    def _find(self, path: str) -> tuple[int, str, int | None]:
        """Return the folder of a path, its name, and its node at this point of the run."""
        parts = path.removeprefix(self.root).strip("/").split("/")
        folder = 0
        for part in parts[:-1]:
            folder = self.children[folder][part]
        return folder, parts[-1], self.children[folder].get(parts[-1]) if parts[-1] else 0

    def _take(self, number: int, call: Call) -> None:
        if call.path.endswith(" (deleted)"):
            return
        path = call.target if call.operation == "symlink" else call.path
        folder, name, node = self._find(path)
        if call.operation in ("create", "mkdir", "symlink"):
            kind = {"create": "file", "mkdir": "folder", "symlink": "link"}[call.operation]
            fresh = self._add(Node(kind, text=call.path), folder, name)
            self.entries.append(Entry(number, ((folder, name, fresh),)))
        elif call.operation in ("unlink", "rmdir"):
            self.children[folder].pop(name)
            self.entries.append(Entry(number, ((folder, name, None),)))
        elif call.operation in ("rename", "link"):
            there, fresh_name, _ = self._find(call.target)
            assert node is not None
            self.children[there][fresh_name] = node
            changes = [(there, fresh_name, node)]
            if call.operation == "rename":
                self.children[folder].pop(name)
                changes.append((folder, name, None))
            self.entries.append(Entry(number, tuple(changes)))
        elif node is not None and call.operation == "sync":
            self.nodes[node].synced.append(number)
        elif node is not None:
            content = call.content if call.operation == "write" else None
            self.nodes[node].content.append((number, call.offset, content))

    def _names(self, call: int, policy: str, chance: random.Random) -> dict[int, dict[str, int]]:
        """Return the names in each folder, after as many of its changes as are kept."""
        entries = [entry for entry in self.entries if entry.call <= call]
        floors: dict[int, int] = defaultdict(int)
        for entry in reversed(entries):
            # What one of its folders keeps, all of them do.
            if any(entry.call <= max(floors[folder], self._synced(folder, call)) for folder, *_ in entry.changes):
                for folder, *_ in entry.changes:
                    floors[folder] = max(floors[folder], entry.call)
        cuts: dict[int, int] = {}
        for folder in sorted({folder for entry in entries for folder, *_ in entry.changes}):
            lost = policy in ("all lost", "names lost")
            cuts[folder] = floors[folder] if lost else call
            if policy.startswith("some"):
                open_calls = [
                    e.call for e in entries if e.call > floors[folder] and folder in {f for f, *_ in e.changes}
                ]
                cuts[folder] = chance.choice([floors[folder], *open_calls])
        while split := [e for e in entries if len({e.call <= cuts[folder] for folder, *_ in e.changes}) == 2]:
            for folder, *_ in split[0].changes:
                cuts[folder] = min(cuts[folder], split[0].call - 1)
        names = {folder: dict(children) for folder, children in self.start.items()}
        for entry in entries:
            for folder, name, node in entry.changes:
                if entry.call <= cuts[folder]:
                    children = names.setdefault(folder, {})
                    children.pop(name, None)
                    if node is not None:
                        children[name] = node
        return names

    def _synced(self, folder: int, call: int) -> int:
        return max((number for number in self.nodes[folder].synced if number <= call), default=0)

    def _content(self, node: Node, call: int, policy: str, chance: random.Random) -> Content:
        safe = max((number for number in node.synced if number <= call), default=-1)
        n_changes = sum(number <= call for number, *_ in node.content)
        if policy.startswith("some"):
            policy = chance.choice(("names lost", "all lost", "zeros", "holes", "half"))
        key = (safe, n_changes, policy)
        if key not in node.made:
            content = _worst(_replay(node, safe), _replay(node, call), policy)
            node.made[key] = Content(content, hashlib.sha256(content).hexdigest())
        return node.made[key]


def _worst(kept: bytes, written: bytes, policy: str) -> bytes:
    """Return what a file may hold of which `kept` is safe and `written` isn't."""
    if kept == written or policy == "names lost":
        return written
    if policy == "zeros":
        return kept + bytes(max(len(written) - len(kept), 0))
    if policy == "half":
        return written[: len(written) // 2]
    if policy == "holes":
        last = (len(written) - 1) // PAGE * PAGE
        return written[:PAGE] + bytes(max(last - PAGE, 0)) + written[max(last, PAGE) :]
    return kept


def lay_out(state: State, folder: Path) -> None:
    """Write a state into an empty folder."""
    for path, content in sorted(state.files.items()):
        place = Path(f"{folder}{path}")
        if content is None:
            place.mkdir()
        elif isinstance(content, str):
            place.symlink_to(content)
        else:
            place.write_bytes(content.content)


def _replay(node: Node, call: int) -> bytes:
    content = bytearray()
    for number, offset, part in node.content:
        if number <= call:
            content += bytes(max(offset - len(content), 0))
            if part is None:
                del content[offset:]
            else:
                content[offset : offset + len(part)] = part
    return bytes(content)


def _digest(files: dict[str, Content | str | None]) -> str:
    digest = hashlib.sha256()
    for path, content in sorted(files.items()):
        if not DRAFTS.search(f"{path}/"):
            digest.update(f"{path} {content.digest if isinstance(content, Content) else content}\n".encode())
    digest.update(b"drafts" if any(DRAFTS.search(f"{path}/") for path in files) else b"")
    return digest.hexdigest()
