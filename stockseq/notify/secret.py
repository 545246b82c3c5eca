"""Secrets of the environment, and why a message didn't arrive."""

import os

from stockseq.errors import StockseqError


class Undelivered(StockseqError):
    """A receiver didn't take a message; the reason names no secret and quotes no answer."""


def read_secret(variable: str) -> str:
    """Return what an environment variable holds; raise `Undelivered` where it isn't set or can't be a secret."""
    value = os.environ.get(variable, "").strip()
    if not value:
        raise Undelivered(f"{variable} isn't set in the environment")
    if not (value.isascii() and value.isprintable()):
        raise Undelivered(f"{variable} in the environment holds letters that can't be sent")
    return value
