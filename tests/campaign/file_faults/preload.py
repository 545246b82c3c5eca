"""Compile the library once per state of its source."""

import hashlib
import os
import shutil
import subprocess
import tempfile
from functools import cache
from pathlib import Path

SOURCE = Path(__file__).with_name("file_faults.c")
COMPILERS = ("cc", "gcc", "clang")


@cache
def compiled_library() -> Path | None:
    """Return the library, or None where there is no C compiler."""
    compiler = next(filter(None, map(shutil.which, COMPILERS)), None)
    if compiler is None:
        return None
    digest = hashlib.sha256(SOURCE.read_bytes()).hexdigest()[:12]
    folder = Path(tempfile.gettempdir()) / f"campaign-file-faults-{os.getuid()}"
    folder.mkdir(exist_ok=True, mode=0o700)
    library = folder / f"{digest}.so"
    if not library.exists():
        draft = library.with_suffix(f".{os.getpid()}")
        subprocess.run([compiler, "-O1", "-shared", "-fPIC", "-o", draft, SOURCE, "-ldl", "-lpthread"], check=True)
        draft.replace(library)
    return library


def require_library() -> Path:
    """Return the library; without a C compiler a case of it is not run, and so not right."""
    library = compiled_library()
    assert library is not None, "not run: needs a C compiler (cc, gcc or clang)"
    return library
