"""Items of news services: what they hold, and the rows of `Headlines` of items that name several tickers."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, NamedTuple

import pandas as pd

from stockseq.headline_text import clean_address, clean_text
from stockseq.schemas import HEADLINES, Dropped, as_headlines, headline_id
from stockseq.sources.archive import Chunk, ended
from stockseq.sources.json_text import has_stray_bytes
from stockseq.sources.service import read_instant
from stockseq.sources.source import FetchedHeadlines, Outcome

STAGE: Final = "fetch headlines"
LONGEST_TEXT, LONGEST_SUMMARY, LONGEST_IDENTITY, LONGEST_ADDRESS = 1000, 4000, 100, 5000
OUTSIDE: Final = "news item outside of the days asked for"
FOREIGN: Final = "news item of other tickers"
FUTURE: Final = "news item dated in the future"
# Of items that name no ticker that was asked for.
NO_TICKER: Final = "?"
# Which of an item's two stamps a service chooses by isn't known: they may lie so far apart, and both find it.
SPARE: Final = pd.Timedelta(days=3)


class Malformed(Exception):
    """Why an item can't be a headline."""


class Story(NamedTuple):
    """What an item says, whichever tickers it names.

    `identity` is the service's own. `published_at` is the stamp that counts, `other_at` its second one, such as that of
    its creation or of the crawler; what it says can't have been known before both.
    """

    identity: str
    text: str
    summary: str
    publisher: str
    url: str
    published_at: pd.Timestamp
    other_at: pd.Timestamp
    known_by: str
    created_at: pd.Timestamp | None = None
    first_seen_at: pd.Timestamp | None = None


@dataclass
class StoryRows:
    """The headlines that have come for a chunk, and why others are none.

    Parameters
    ----------
    source : str
    chunk : Chunk
    now : Timestamp, tz-aware
        Of the fetch.
    period : {"M", "Q"}, default="M"
        Of the source's chunks. What counts from the later of an item's stamps is asked for from `SPARE` before the
        chunk on, what counts from the earlier until `SPARE` after it.

    Examples
    --------
    >>> at = pd.Timestamp("2024-11-29T14:30Z")
    >>> day = pd.Timestamp("2024-11-29")
    >>> rows = StoryRows("alpaca", Chunk(("KOLA", "FERN"), day, day), at)
    >>> story = Story("7", "Kola rises", "", "wire", "", at, at, "updated")
    >>> rows.take(story, ["KOLA"]), rows.take(story, ["KOLA"])
    (None, None)
    >>> [(outcome.status, outcome.n_rows) for outcome in rows.fetched({}).outcomes.values()]
    [('updated', 1), ('nothing_new', 0)]
    """

    source: str
    chunk: Chunk
    now: pd.Timestamp
    period: str = "M"
    faults: Counter[tuple[str, str]] = field(default_factory=Counter)
    _stories: dict[str, tuple[str, Story]] = field(default_factory=dict)

    def drop(self, reason: str, tickers: Iterable[str] = ()) -> None:
        """Count what can't be a headline of these tickers."""
        self.faults.update((ticker, reason) for ticker in list(tickers) or [NO_TICKER])

    def take(self, story: Story, tickers: Iterable[str]) -> None:
        """Add a story to each of the tickers; what lies outside of the chunk is left to another."""
        tickers, chunk = list(tickers), self.chunk
        if max(story.published_at, story.other_at) > self.now:
            self.drop(FUTURE, tickers)
        elif chunk.begins_at <= story.published_at < chunk.ends_at:
            for ticker in tickers:
                self._add(story, ticker)
        elif self._is_lost(story) or not any(
            chunk.begins_at - SPARE <= stamp <= chunk.ends_at + SPARE for stamp in (story.published_at, story.other_at)
        ):
            self.drop(OUTSIDE, tickers)

    def _is_lost(self, story: Story) -> bool:
        """Return whether a story that came by its other stamp won't come with the chunk for which it counts."""
        begin, end = self.chunk.begins_at, self.chunk.ends_at
        if not begin <= story.other_at < end:
            return False
        period = story.published_at.tz_convert("UTC").tz_localize(None).to_period(self.period)
        if story.published_at >= end:
            return story.other_at < max(end, period.start_time.tz_localize("UTC")) - SPARE
        return story.other_at >= min(begin, (period + 1).start_time.tz_localize("UTC")) + SPARE

    def _add(self, story: Story, ticker: str) -> None:
        identity = headline_id(ticker, f"{self.source} {story.identity}", story.text)
        _, before = self._stories.get(identity, (ticker, story))
        # The same words under two stamps were revised elsewhere: they were there at the earlier.
        self._stories[identity] = ticker, min(before, story, key=lambda each: each.published_at)

    def fetched(self, ends: Mapping[str, Outcome], *, nothing: str = "no news") -> FetchedHeadlines:
        """Return it as what was fetched; tickers of `ends` have no rows, whatever came before they ended."""
        given = {name: pair for name, pair in self._stories.items() if pair[0] not in ends}
        counts = Counter(ticker for ticker, _ in given.values())
        outcomes = {
            ticker: ends[ticker] if ticker in ends else ended(ticker, counts[ticker], nothing=nothing)
            for ticker in self.chunk.tickers
        }
        dropped = tuple(Dropped(STAGE, ticker, reason, n) for (ticker, reason), n in self.faults.items())
        rows = [
            {
                **{name: value for name, value in story._asdict().items() if name in HEADLINES},
                "headline_id": identity,
                "ticker": ticker,
                "date_only": False,
                "source": self.source,
            }
            for identity, (ticker, story) in given.items()
        ]
        return FetchedHeadlines(as_headlines(pd.DataFrame(rows, columns=list(HEADLINES))), outcomes, dropped)


def require_belonging(
    items: Sequence[object], *, names: tuple[str, frozenset[str]], stamps: Sequence[str], chunk: Chunk
) -> None:
    """Raise `ValueError` where most of an answer's items are none of those that were asked for.

    Parameters
    ----------
    items : sequence
    names : tuple of str and frozenset of str
        The field that names an item's tickers, and those that were asked for.
    stamps : sequence of str
        Fields, one of which must lie within the days that were asked for.
    chunk : Chunk
    """
    belongs = [_belongs(item, names, stamps, chunk) for item in items]
    # One strange item must not cost a whole chunk each time it is asked for; a service that has changed would.
    if len(items) > 1 and not any(verdict is not None for verdict in belongs):
        raise ValueError(f"none of its {len(items)} items can be read")
    n_others = belongs.count(False)
    if n_others > 1 and 2 * n_others > len(items):
        raise ValueError(
            f"{n_others} of {len(items)} items are of other tickers or days than those asked for "
            f"({chunk.first.date()} to {chunk.last.date()}), so it ignores the question"
        )


def _belongs(item: object, names: tuple[str, frozenset[str]], stamps: Sequence[str], chunk: Chunk) -> bool | None:
    """Return whether an item names a ticker and has a stamp that was asked for; None where it can't be read."""
    try:
        fields = require_item(item)
        given = read_names(fields, names[0])
        instants = [read_stamp(fields, stamp) for stamp in stamps if fields.get(stamp) not in (None, "")]
    except Malformed:
        return None
    # Up to the very end, which may lie beyond what was asked for: the service's clock may be ahead of ours.
    begin, end = chunk.begins_at - SPARE, chunk.ends_at + SPARE
    return not names[1].isdisjoint(given) and any(begin <= instant <= end for instant in instants)


def require_item(item: object) -> Mapping[str, object]:
    """Return an item's fields."""
    if not isinstance(item, Mapping):
        raise Malformed("news item without content")
    return item


def read_identity(item: Mapping[str, object]) -> str:
    """Return the service's own id of an item."""
    value = item.get("id")
    if isinstance(value, bool) or not isinstance(value, int | str) or not str(value).strip():
        raise Malformed("news item without an id")
    identity = str(value)
    if len(identity) > LONGEST_IDENTITY or identity != clean_text(identity):
        raise Malformed("news item with an id that can't be read")
    return identity


def read_title(item: Mapping[str, object], name: str) -> str:
    """Return an item's headline."""
    value = item.get(name)
    if isinstance(value, str) and has_stray_bytes(value[: 10 * LONGEST_TEXT]):
        raise Malformed("news item with a title that isn't UTF-8")
    text = read_text(item, name, longest=LONGEST_TEXT)
    if not text:
        raise Malformed("news item without a title")
    return text


def read_text(item: Mapping[str, object], name: str, *, longest: int) -> str:
    """Return a field's text; "" where it has none that can be read.

    Examples
    --------
    >>> read_text({"summary": " AT&amp;T\\n won&#39;t "}, "summary", longest=100), read_text({}, "summary", longest=100)
    ("AT&T won't", '')
    """
    value = item.get(name)
    # Cut before it is cleaned, which takes seconds for megabytes; what is cut off is longer than any code.
    cut = value[: 10 * longest] if isinstance(value, str) else ""
    return "" if has_stray_bytes(cut) else clean_text(cut)[:longest].rstrip()


def read_address(item: Mapping[str, object], name: str) -> str:
    """Return a field's address of the web; "" where it has none."""
    value = item.get(name)
    if not isinstance(value, str) or has_stray_bytes(value) or not value.lower().startswith(("http://", "https://")):
        return ""
    return clean_address(value[:LONGEST_ADDRESS])


def read_stamp(item: Mapping[str, object], name: str) -> pd.Timestamp:
    """Return the instant that a field names with its zone."""
    value = item.get(name)
    if value is None or value == "":
        raise Malformed(f"news item without {name}")
    try:
        return read_instant(value)
    except ValueError as error:
        raise Malformed(f"news item whose {name} can't be read") from error


def read_names(item: Mapping[str, object], name: str) -> frozenset[str]:
    """Return the tickers that an item names, in capitals.

    Examples
    --------
    >>> sorted(read_names({"symbols": ["kola", "BRK.B", 5]}, "symbols"))
    ['BRK.B', 'KOLA']
    """
    values = item.get(name)
    if not isinstance(values, list):
        raise Malformed(f"news item without a list of {name}")
    return frozenset(value.strip().upper() for value in values if isinstance(value, str))
