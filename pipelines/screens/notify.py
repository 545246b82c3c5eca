"""Whoever the settings name is told of the morning, and the screen says who was and who couldn't be."""

from collections.abc import Iterator
from contextlib import contextmanager

import pandas as pd

from pipelines.screens.console import console, escape
from pipelines.screens.failure import failure_sentence
from stockseq.config import Settings
from stockseq.notify import Message, deliver
from stockseq.report.text.notice import failure_message


@contextmanager
def tell_of_failure(settings: Settings, now: pd.Timestamp) -> Iterator[None]:
    """Tell of an error before it goes on; a run that is stopped by hand is none."""
    try:
        yield
    except Exception as error:
        tell(settings, failure_message(failure_sentence(error), now=now, data=settings.data))
        raise


def tell(settings: Settings, message: Message) -> None:
    """Send a message once the run is over, and print what became of it."""
    deliveries = deliver(settings.notify, message)
    if told := [delivery.receiver for delivery in deliveries if delivery.problem is None]:
        console.print(f"Notified: {escape(', '.join(told))}.")
    for delivery in deliveries:
        if delivery.problem is not None:
            console.print(f"[yellow]Not notified:[/yellow] {escape(delivery.receiver)}: {escape(delivery.problem)}.")
