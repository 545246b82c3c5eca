"""Stories: the same headline from several sources is read once, from when the first of them had it."""

import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import pandas as pd

from stockseq.features.news import date_of
from stockseq.headline_text import plain_text

# A wire's headline is on other pages within minutes, overnight within hours. Texts of every day ("Why Acme shares are
# trading higher today") must not join those of the day before, so half a day is the most.
WINDOW = pd.Timedelta(hours=12)
REACH = WINDOW // pd.Timedelta(microseconds=1)
REPEATED = "the same story from another source"

# The sign or bracket that makes a number negative; numbers with their decimals; words, whose letters beyond Latin bear
# marks that are none; a question and a percent sign.
_TOKEN = re.compile(
    r"(?<![^\W_])[-+(](?=[$€£¥]?\.?\d)"
    r"|\d{1,3}(?:,\d{3})+(?!\d)(?:\.\d+)?|\d+(?:\.\d+)?|(?<!\w)\.\d+"
    r"|(?:[^\W\d_]|[^\x00-\u02ff\u2000-\u206f\u3000-\u303f\s\w])+"
    r"|[?%]"
)
_MINUS = str.maketrans("\u2212\u2012\u2013\u2014\ufe63\uff0d", "------")
_BEFORE_PUBLISHER = re.compile(r"(.*\S)\s+[-|]\s+(.*)", re.DOTALL)


def story_key(text: str, publisher: str = "") -> str:
    """Return what two sources' versions of one headline share; "" for a text without a word, which joins nothing.

    Case, spacing and punctuation are passed over, and the row's own publisher at the end. Numbers keep decimals and
    signs, and a question stays one: a headline that says something else must not be taken for the same.

    Parameters
    ----------
    text : str
        As stored: untrusted.
    publisher : str
        Of the same row; any other name at the end is part of the story.

    Examples
    --------
    >>> story_key("Kola\\u2019s profit rises 1.5% - Benzinga", "benzinga") == story_key("KOLA'S PROFIT RISES 1.5%")
    True
    >>> story_key("Kola EPS $(0.10)") == story_key("Kola EPS $0.10")
    False
    """
    plain = _plain(text)
    parts = _BEFORE_PUBLISHER.fullmatch(plain) if publisher and ("-" in plain or "|" in plain) else None
    if parts is not None and _words(parts[2]) == _publisher_words(publisher):
        plain = parts[1]
    words = _words(plain)
    return words if any(letter.isalnum() for letter in words) else ""


def find_repeats(decided: pd.DataFrame, *, timezone: str) -> pd.Series:
    """Return which headlines tell what another source's headline of the ticker told before.

    Headlines are gone through as they became available, so what came later never changes what counted before. The
    first of a story counts. A later one of another source repeats it if a stamp of the one lies within 12 hours of a
    stamp of the other, whenever each was seen: of publication, or of the first one where the text was revised. A bare
    date stands for headlines of that date, at the exchange or in UTC. What one source tells twice isn't judged.

    Parameters
    ----------
    decided : DataFrame of n_headlines rows
        Headlines with `available_at`, as `news.decide` gives it.
    timezone : str
        The exchange's zone.

    Returns
    -------
    Series of shape (n_headlines,)
        Bool.

    Examples
    --------
    >>> rows = pd.DataFrame({"headline_id": ["1", "2"], "ticker": "KOLA", "source": ["yahoo", "alpaca"],
    ...     "text": ["Kola rises!", "Kola Rises"], "publisher": "", "date_only": False,
    ...     "published_at": pd.to_datetime(["2024-11-29T12:00Z", "2024-11-29T11:00Z"])})
    >>> find_repeats(rows.assign(available_at=rows["published_at"]), timezone="America/New_York").tolist()
    [True, False]
    """
    repeats = pd.Series(False, index=decided.index)
    several = decided.groupby("ticker")["source"].transform("nunique") > 1
    if not several.any():
        return repeats
    rows = decided[several]
    keys = [
        story_key(text, publisher)
        for text, publisher in zip(rows["text"].tolist(), rows["publisher"].tolist(), strict=True)
    ]
    rows = rows.assign(key=keys, position=np.flatnonzero(several))
    rows = rows[rows["key"] != ""]
    rows = rows[rows.groupby(["ticker", "key"])["source"].transform("nunique") > 1]
    ordered = rows.sort_values(["ticker", "key", "available_at", "published_at", "source", "headline_id"])
    stories = zip(ordered["ticker"].tolist(), ordered["key"].tolist(), strict=True)
    positions = ordered["position"].tolist()
    first: list[_Telling] = []
    found = np.zeros(len(decided), dtype=bool)
    story: tuple[str, str] | None = None
    for current, position, telling in zip(stories, positions, _tellings(ordered, timezone), strict=True):
        if current != story:
            story, first = current, []
        if any(telling.repeats(earlier) for earlier in first):
            found[position] = True
        else:
            first.append(telling)
    return pd.Series(found, index=decided.index)


@dataclass(frozen=True, slots=True)
class _Telling:
    """One source's headline of a story: its stamps in microseconds (none of a bare date), and its dates in days."""

    source: str
    stamps: tuple[int, ...]
    dates: frozenset[int]

    def repeats(self, earlier: "_Telling") -> bool:
        if self.source == earlier.source:
            return False
        if self.stamps and earlier.stamps:
            return any(abs(mine - other) <= REACH for mine in self.stamps for other in earlier.stamps)
        return not self.dates.isdisjoint(earlier.dates)


def _tellings(rows: pd.DataFrame, timezone: str) -> Iterator[_Telling]:
    published = rows["published_at"]
    created = rows["created_at"].fillna(published) if "created_at" in rows else published
    bare = date_of(published, timezone=timezone)
    stamps = [_microseconds(instants.dt.tz_localize(None)) for instants in (published, created)]
    dates = [_days(bare)]
    for instants in (published, created):
        dates += [_days(instants.dt.tz_convert(zone).dt.tz_localize(None)) for zone in ("UTC", timezone)]
    sources, date_only = rows["source"].tolist(), rows["date_only"].tolist()
    for n, source in enumerate(sources):
        if date_only[n]:
            yield _Telling(source, (), frozenset({dates[0][n]}))
        else:
            yield _Telling(source, tuple({each[n] for each in stamps}), frozenset(each[n] for each in dates[1:]))


def _microseconds(naive: pd.Series) -> Sequence[int]:
    values: list[int] = naive.to_numpy(dtype="datetime64[us]").astype(np.int64).tolist()
    return values


def _days(naive: pd.Series) -> Sequence[int]:
    values: list[int] = naive.to_numpy(dtype="datetime64[D]").astype(np.int64).tolist()
    return values


def _plain(text: str) -> str:
    return text if text.isascii() and "&" not in text else plain_text(text).translate(_MINUS)


@lru_cache(maxsize=10_000)
def _publisher_words(publisher: str) -> str:
    return _words(_plain(publisher))


def _words(plain: str) -> str:
    folded = plain.casefold()
    if not folded.isascii():
        # A capital with a dot above becomes two letters: composed again, so that both spellings agree.
        folded = unicodedata.normalize("NFKC", folded)
    # A comma is found in a number of thousands alone.
    return " ".join(_TOKEN.findall(folded)).replace(",", "")
