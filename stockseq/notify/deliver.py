"""A message to every receiver at once, none of which can hold up or fail a run."""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from stockseq.notify.command import run_command
from stockseq.notify.message import Message
from stockseq.notify.secret import Undelivered
from stockseq.notify.settings import NotifySettings

# For a program that is ended after its time, and a report of it.
GRACE_S = 1.0


@dataclass(frozen=True)
class Delivery:
    """What became of a message: `problem` says why it didn't arrive, None where it did."""

    receiver: str
    problem: str | None


def deliver(settings: NotifySettings, message: Message) -> tuple[Delivery, ...]:
    """Send a message to every receiver that wants it, and return what became of each, in the order of the settings.

    It takes no longer than `timeout_s` and a second, whatever the receivers do; nothing is raised.

    Examples
    --------
    >>> from stockseq.notify.message import build_message
    >>> settings = NotifySettings(command={"file": {"run": ["cat"]}, "none": {"run": ["no-such-program"]}})
    >>> for delivery in deliver(settings, build_message("It works", [])):
    ...     print(delivery)
    Delivery(receiver='command.file', problem=None)
    Delivery(receiver='command.none', problem="'no-such-program' can't be started (No such file or directory)")
    """
    senders = _senders(settings, message)
    problems: dict[str, str | None] = {}
    # A thread that hangs must not keep the process from ending.
    threads = [
        threading.Thread(target=_try, args=(name, send, problems), name=name, daemon=True)
        for name, send in senders.items()
    ]
    for thread in threads:
        thread.start()
    end = time.monotonic() + settings.timeout_s + GRACE_S
    for thread in threads:
        thread.join(max(end - time.monotonic(), 0))
    late = f"it wasn't done after {settings.timeout_s:g} s"
    # A copy: a thread that was given up may still write.
    ended = dict(problems)
    return tuple(Delivery(name, ended.get(name, late)) for name in senders)


def _senders(settings: NotifySettings, message: Message) -> dict[str, Callable[[], None]]:
    patience = settings.timeout_s
    senders: dict[str, Callable[[], None]] = {}
    # Each brings a network client, which a run that tells nobody doesn't load.
    if settings.email:
        from stockseq.notify.mail import send_mail

        for name, mail in settings.email.items():
            senders[f"email.{name}"] = partial(send_mail, mail, message, timeout_s=patience)
    if settings.webhook:
        from stockseq.notify.webhook import send_webhook

        for name, webhook in settings.webhook.items():
            senders[f"webhook.{name}"] = partial(send_webhook, webhook, message, timeout_s=patience)
    for name, command in settings.command.items():
        senders[f"command.{name}"] = partial(run_command, command, message, timeout_s=patience)
    wanted = {name for name, each in settings.receivers.items() if message.is_failure or each.when == "always"}
    return {name: send for name, send in senders.items() if name in wanted}


def _try(name: str, send: Callable[[], None], problems: dict[str, str | None]) -> None:
    try:
        send()
        problems[name] = None
    except Undelivered as error:
        problems[name] = str(error)
    except Exception as error:
        # Its text may hold what was sent.
        problems[name] = f"it failed ({type(error).__name__})"
