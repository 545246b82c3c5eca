"""Look at what the next morning stands on, and say what to do; nothing is changed."""

import sys
from pathlib import Path

import pandas as pd

from pipelines.screens.doctor import show_diagnosis
from pipelines.screens.failure import FAILED
from stockseq.config import Settings
from stockseq.doctor import diagnose
from stockseq.errors import SettingsError
from stockseq.printable import shown


def run_doctor(
    settings: Settings, now: pd.Timestamp, *, config: str | None, data: str | None, online: str | None
) -> None:
    """Print the diagnosis, and end the process with status 1 if the next morning would fail."""
    if online not in (None, "1"):
        raise SettingsError(f"ONLINE is 1 or left out, received {shown(online)}.")
    server_time = None
    if online:
        from stockseq.sources.server_clock import fetch_server_time

        server_time = fetch_server_time
    diagnosis = diagnose(settings, now, folder=Path.cwd(), config=config, data=data, server_time=server_time)
    show_diagnosis(diagnosis)
    if diagnosis.has_failed:
        sys.exit(FAILED)
