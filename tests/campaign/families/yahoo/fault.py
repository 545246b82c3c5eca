"""One fault of Yahoo, and what must come of it for the ticker that has it."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from tests.yahoo_server.faults import Reply
from tests.yahoo_server.server import YahooServer

BAD = "BANE"


@dataclass(frozen=True)
class Planted:
    """One thing that goes wrong, at one endpoint; `ticker` None is every ticker, `times` None is all morning."""

    what: str | Reply
    endpoint: str = "chart"
    ticker: str | None = BAD
    times: int | None = None


@dataclass(frozen=True, eq=False)
class YahooFault:
    """What goes wrong on one morning, and what the right outcome is.

    Parameters
    ----------
    name : str
    planted : tuple of Planted
    bars : str, default="whole"
        How the bad ticker's bars end: "whole", "failed", "unknown" or "fewer" (rows are left out).
    news : str, default="whole"
        How its headlines end: "whole", "failed", "fewer" (items are left out) or "more" (a further headline).
    words : tuple of str
        Each stands in the reason of a failure or of what was left out.
    settings : mapping, optional
        Of the source, in place of the usual ones.
    alone : bool, default=False
        Whether it concerns other tickers, too, or needs settings of its own.
    short : bool, default=False
        Whether the case is quick and of a kind of its own.
    """

    name: str
    planted: tuple[Planted, ...]
    bars: str = "whole"
    news: str = "whole"
    words: tuple[str, ...] = ()
    settings: Mapping[str, object] = field(default_factory=dict)
    alone: bool = False
    short: bool = False

    def plant(self, server: YahooServer, ticker: str) -> None:
        """Let the loopback Yahoo have this fault for a ticker."""
        for planted in self.planted:
            what = planted.what
            if isinstance(what, Reply):
                body = what.body.replace(BAD, ticker) if isinstance(what.body, str) else what.body
                headers = {name: value.replace(BAD, ticker) for name, value in what.headers.items()}
                what = replace(what, body=body, headers=headers)
            concerned = ticker if planted.ticker == BAD else planted.ticker
            server.faults.add(what, endpoint=planted.endpoint, ticker=concerned, times=planted.times)

    def with_other(self, other: "YahooFault") -> "YahooFault":
        """Return both at once, where one concerns the bars only and the other the news or cookies only."""
        bars = self.bars if self.bars != "whole" else other.bars
        news = self.news if self.news != "whole" else other.news
        return YahooFault(
            f"{self.name} and {other.name}",
            (*self.planted, *other.planted),
            bars,
            news,
            (*self.words, *other.words),
            {**self.settings, **other.settings},
            self.alone or other.alone,
        )
