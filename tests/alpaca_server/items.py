"""The items that Alpaca's news hold, each in several versions, and how a market's headlines become some."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

import pandas as pd


class Version(NamedTuple):
    """What an item says from an instant on."""

    updated_at: pd.Timestamp
    headline: str


@dataclass(frozen=True)
class Item:
    """One item; `versions` in the order of their instants, the first at its creation."""

    id: int
    created_at: pd.Timestamp
    versions: tuple[Version, ...]
    symbols: tuple[str, ...]
    summary: str = ""
    url: str = ""
    author: str = "Loopback Newsdesk"
    source: str = "benzinga"

    def as_of(self, now: pd.Timestamp | None) -> Version | None:
        """Return the version of an instant, or None before its creation; without an instant, the last."""
        if now is None:
            return self.versions[-1]
        return next((version for version in reversed(self.versions) if version.updated_at <= now), None)

    def answer(self, version: Version) -> dict[str, Any]:
        """Return it as Alpaca writes it."""
        return {
            "author": self.author,
            "content": "",
            "created_at": stamp(self.created_at),
            "headline": version.headline,
            "id": self.id,
            "images": [],
            "source": self.source,
            "summary": self.summary,
            "symbols": list(self.symbols),
            "updated_at": stamp(version.updated_at),
            "url": self.url,
        }


def item(
    number: int, created: str, headline: str, *symbols: str, revised: Mapping[str, str] | None = None, **fields: str
) -> Item:
    """Return an item by hand; `revised` are later texts by their instants."""
    created_at = pd.Timestamp(created)
    later = [Version(pd.Timestamp(at), text) for at, text in (revised or {}).items()]
    return Item(number, created_at, (Version(created_at, headline), *later), symbols, **fields)


def items_of(
    headlines: pd.DataFrame,
    *,
    shared: float = 0.1,
    revised: float = 0.2,
    stamped_by: str = "first_seen_at",
) -> list[Item]:
    """Return a market's headlines as items, the same ones for the same frame.

    Parameters
    ----------
    headlines : DataFrame
        A frame of `Headlines`, such as a simulated market's.
    shared : float
        Share of items that name a second ticker of the frame.
    revised : float
        Share that is revised after minutes to two days, half of them with another text.
    stamped_by : str
        The column of their creation, whole seconds; what lacks it is created when it was published.
    """
    tickers = sorted(set(headlines["ticker"]))
    items = []
    for row in headlines.to_dict("records"):
        number = int(row["headline_id"][:12], 16)
        draw = [int(row["headline_id"][start : start + 4], 16) / 0x10000 for start in (12, 16, 20, 24)]
        created_at = (row["published_at"] if pd.isna(row[stamped_by]) else row[stamped_by]).ceil("s")
        names = [row["ticker"]]
        if draw[0] < shared and len(tickers) > 1:
            others = [ticker for ticker in tickers if ticker != row["ticker"]]
            names.append(others[int(draw[1] * len(others))])
        versions = [Version(created_at, row["text"])]
        if draw[2] < revised:
            text = f"{row['text']} (update)" if number % 2 else row["text"]
            versions.append(Version(created_at + pd.Timedelta(seconds=60 + int(draw[3] * 172_000)), text))
        symbols = tuple(name.replace("-", ".") for name in names)
        items.append(Item(number, created_at, tuple(versions), symbols, url=row["url"], source=row["publisher"]))
    return items


def stamp(instant: pd.Timestamp) -> str:
    """Return an instant as Alpaca writes it: of whole seconds, in UTC."""
    return instant.tz_convert("UTC").strftime("%Y-%m-%dT%H:%M:%SZ")
