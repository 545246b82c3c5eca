"""What services do to their clients, whatever the service."""

from typing import Literal, get_args

Fault = Literal[
    "reset",
    "no answer in time",
    "drips",
    "cut body",
    "cut JSON",
    "empty body",
    "HTML",
    "null",
    "another shape",
    "not UTF-8",
    "redirect",
    "401",
    "403",
    "404",
    "422",
    "429",
    "429 with Retry-After",
    "500",
    "503",
]
FAULTS: tuple[Fault, ...] = get_args(Fault)
# After the others the same question may be answered.
LASTING: tuple[Fault, ...] = ("not UTF-8", "401", "403", "404", "422")
PASSING: tuple[Fault, ...] = tuple(fault for fault in FAULTS if fault not in LASTING)
STATUSES: dict[str, int] = {
    "redirect": 302, "401": 401, "403": 403, "404": 404, "422": 422, "429": 429, "429 with Retry-After": 429,
    "500": 500, "503": 503,
}  # fmt: skip
BODIES: dict[str, bytes] = {
    "empty body": b"",
    "HTML": b"<!doctype html><title>Sorry</title><p>We are down for maintenance.</p>",
    "null": b"null",
    "another shape": b'{"status": "ERROR", "message": "try again"}',
}
RETRY_AFTER_S = 2
