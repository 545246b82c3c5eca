"""A figure of a page."""

from dataclasses import dataclass

from stockseq.plots import Plot


@dataclass(frozen=True)
class Figure:
    """A plot with the words around it.

    `reading` says how to read it, empty where the page says it once for many; `summary` says in one sentence what it
    shows, also for who can't see it.
    """

    name: str
    title: str
    plot: Plot
    reading: str
    summary: str
