"""A message on the standard input of a program."""

import os
import signal
import subprocess

from stockseq.notify.message import Message
from stockseq.notify.secret import Undelivered
from stockseq.notify.settings import CommandSettings
from stockseq.printable import shown


def run_command(settings: CommandSettings, message: Message, *, timeout_s: float) -> None:
    """Hand a message to a program; raise `Undelivered` with the reason where it doesn't end well and in time.

    What it writes is dropped. One that takes too long is ended, with all that it started.
    """
    try:
        process = subprocess.Popen(
            settings.run,
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
    except (OSError, ValueError) as error:
        why = getattr(error, "strerror", None) or type(error).__name__
        raise Undelivered(f"{shown(settings.run[0])} can't be started ({why})") from None
    try:
        process.communicate(f"{message.text}\n".encode(errors="replace"), timeout=timeout_s)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.communicate()
        raise Undelivered(f"it took longer than {timeout_s:g} s, so it was ended") from None
    if process.returncode:
        raise Undelivered(f"it ended with status {process.returncode}")
