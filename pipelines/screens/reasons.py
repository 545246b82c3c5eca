"""Tickers that share a reason, in one line."""

from collections.abc import Iterator, Mapping

from stockseq.errors import listed

# Of tickers in a line.
NAMED = 5


def by_reason(reasons: Mapping[str, str]) -> Iterator[tuple[str, int, str]]:
    """Yield for each reason the tickers' names, how many they are, and the reason.

    Examples
    --------
    >>> list(by_reason({"KOLA": "no key", "FERN": "no key", "MOSS": "cut short"}))
    [('KOLA and FERN', 2, 'no key'), ('MOSS', 1, 'cut short')]
    """
    tickers: dict[str, list[str]] = {}
    for ticker, reason in reasons.items():
        tickers.setdefault(reason, []).append(ticker)
    for reason, names in tickers.items():
        more = [f"{len(names) - NAMED} more"] if len(names) > NAMED else []
        yield listed([*names[:NAMED], *more]), len(names), reason
