"""What killed runs left half-written beside the tables, and its removal."""

import shutil
from pathlib import Path

# Names that a run gives to what it has not finished: drafts of runs and of the link to the newest, drafts of bundles.
UNFINISHED = ("runs/.draft-*", "runs/.latest-*", "models/.bundle-*")


def clear_drafts(root: Path) -> None:
    """Remove them all; only a run that holds the store may, or it would take another's away."""
    for pattern in UNFINISHED:
        for path in root.glob(pattern):
            if path.is_dir() and not path.is_symlink():
                shutil.rmtree(path, ignore_errors=True)
            else:
                path.unlink(missing_ok=True)
