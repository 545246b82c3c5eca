"""Run one case in an empty folder and judge it."""

import importlib
import shutil
import tempfile
import time
import traceback
from pathlib import Path

from tests.campaign.case import Verdict
from tests.campaign.families import load


def judge(family: str, name: str, seed: int) -> Verdict:
    """Return what came of a case in the campaign of a seed; whatever it raises makes it wrong."""
    case = load(family)[name]
    folder = Path(tempfile.mkdtemp(prefix=f"campaign-{family}-"))
    began = time.monotonic()
    try:
        right, said = True, case.run(folder, case.seed(seed))
    except Exception:
        right, said = False, traceback.format_exc()[-2000:]
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    return Verdict(family, name, right, case.n_inputs, said, round(time.monotonic() - began, 3))


def start_worker() -> None:
    """Prepare a process as tests/conftest.py does for the tests."""
    importlib.import_module("tests.conftest")
