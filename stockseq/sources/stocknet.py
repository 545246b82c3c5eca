"""The StockNet dataset: as its authors publish it, a file per ticker (and day), or tidied into two Parquet files."""

import json
from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from pathlib import Path

import pandas as pd

from stockseq.errors import SourceError
from stockseq.headline_text import clean_text
from stockseq.schemas import (
    HEADLINES,
    NUMBER,
    SESSION,
    Dropped,
    as_actions,
    as_bars,
    as_headlines,
    empty,
    headline_id,
    valid_ticker,
)
from stockseq.sources.files import FilesSource
from stockseq.sources.files.bar_dates import read_dates
from stockseq.sources.files.bars import BarsFile
from stockseq.sources.files.layouts import rename_columns
from stockseq.sources.files.source import read_bars_file
from stockseq.sources.files.tables import load_table
from stockseq.sources.settings import PRESETS, FilesSettings, StockNetSettings
from stockseq.sources.source import FetchedBars, FetchedHeadlines, Outcome, TickerBars

NAME = "stocknet"
TIDY = ("prices.parquet", "headlines.parquet")
# Twitter's own form, such as Wed Jan 01 03:59:03 +0000 2014.
_STAMP = "%a %b %d %H:%M:%S %z %Y"


def open_stocknet(settings: StockNetSettings) -> "StockNetSource | FilesSource":
    """Return the source of whichever layout lies in the folder.

    Parameters
    ----------
    settings : StockNetSettings
        `folder` holds price/raw and tweet/raw, or prices.parquet (with adj_close) and headlines.parquet, whose prices
        are adjusted for splits.

    Raises
    ------
    SourceError
        If the folder is missing or holds neither.
    """
    folder = Path(settings.folder)
    if not folder.is_dir():
        raise SourceError(
            f"There is no folder {folder}; name the one that holds the StockNet dataset, such as "
            "FILES=stocknet-dataset."
        )
    if (folder / "price").is_dir() or (folder / "tweet").is_dir():
        return StockNetSource(settings)
    missing = [name for name in TIDY if not (folder / name).is_file()]
    if missing:
        raise SourceError(
            f"{folder} must hold price/raw and tweet/raw, as StockNet's authors publish it, or {' and '.join(TIDY)}; "
            f"{' and '.join(missing)} {'is' if len(missing) == 1 else 'are'} missing, and so are price/raw and "
            "tweet/raw."
        )
    return FilesSource(FilesSettings(folder=str(folder), basis="split_adjusted", exchange=settings.exchange))


def read_adjusted_closes(settings: StockNetSettings) -> pd.DataFrame:
    """Return the adjusted closes of all tickers, as the files write them.

    Bars don't keep them: their dividends are what adjusted closes imply, up to rounding, and the literature's labels
    are of the adjusted closes themselves.

    Returns
    -------
    DataFrame with ticker, session, adjusted_close
        By file; a row whose date or price can't be read has NaT or NaN.

    Raises
    ------
    SourceError
        If a file has no adjusted closes.
    """
    source = open_stocknet(settings)
    tidy = isinstance(source, FilesSource)
    paths = [Path(settings.folder) / TIDY[0]] if tidy else source.price_files  # type: ignore[union-attr]
    return pd.concat([_adjusted_closes(path) for path in paths], ignore_index=True)


class StockNetSource:
    """Serves the folders `price/raw` and `tweet/raw`; each ticker is read when it is asked for.

    The prices are Yahoo's of the day they were downloaded: adjusted for splits, with adjusted closes. Neither splits
    nor dividends are published, so prices are taken as they are, and dividends are those that the adjusted closes
    imply. The folders' dates are ignored: a tweet belongs where its own stamp puts it.
    """

    name = NAME

    def __init__(self, settings: StockNetSettings | None = None) -> None:
        self.settings = settings or StockNetSettings()

    @cached_property
    def tickers(self) -> tuple[str, ...]:
        """All tickers that have a price file or tweets, sorted."""
        names = {path.stem for path in self._prices.glob("*.csv")} | {path.name for path in self._tweets.glob("*/")}
        return tuple(sorted(name for name in names if valid_ticker(name)))

    @property
    def price_files(self) -> list[Path]:
        """The price files of all tickers that have one."""
        return [path for ticker in self.tickers if (path := self._prices / f"{ticker}.csv").exists()]

    def fetch_bars(self, first_sessions: Mapping[str, pd.Timestamp], *, now: pd.Timestamp) -> FetchedBars:
        """Return the bars and the implied dividends; see `Source`."""
        outcomes: dict[str, Outcome] = {}
        parts: list[TickerBars] = []
        for ticker, first in first_sessions.items():
            path = self._prices / f"{ticker}.csv"
            if ticker not in self.tickers or not path.exists():
                outcomes[ticker] = self._unknown(ticker, "price file")
                continue
            try:
                read = self._read_prices(path, now)
            except SourceError as error:
                outcomes[ticker] = Outcome(ticker, "failed", reason=str(error))
                continue
            bars, actions = (rows[rows["session"] >= first] for rows in (read.bars, read.actions))
            parts.append(TickerBars(as_bars(bars), as_actions(actions), read.dropped))
            outcomes[ticker] = Outcome(ticker, "updated" if len(bars) else "nothing_new", len(bars))
        return FetchedBars.of_tickers(parts, outcomes)

    def fetch_headlines(
        self, tickers: Sequence[str], *, since: pd.Timestamp | None, now: pd.Timestamp
    ) -> FetchedHeadlines:
        """Return the tweets, the user's name as their publisher; see `Source`."""
        outcomes: dict[str, Outcome] = {}
        parts: list[pd.DataFrame] = []
        dropped: list[Dropped] = []
        for ticker in dict.fromkeys(tickers):
            if ticker not in self.tickers or not (self._tweets / ticker).is_dir():
                outcomes[ticker] = self._unknown(ticker, "folder of tweets")
                continue
            rows, faults = self._read_tweets(ticker, now)
            if since is not None:
                rows = rows[rows["published_at"] > since]
            parts.append(rows)
            dropped += faults
            outcomes[ticker] = Outcome(ticker, "updated" if len(rows) else "nothing_new", len(rows))
        headlines = as_headlines(pd.concat([empty(HEADLINES), *parts]))
        return FetchedHeadlines(headlines, outcomes, tuple(dropped))

    @cached_property
    def _prices(self) -> Path:
        return self._within("price")

    @cached_property
    def _tweets(self) -> Path:
        return self._within("tweet")

    def _within(self, kind: str) -> Path:
        folder = Path(self.settings.folder) / kind / "raw"
        if not folder.is_dir():
            raise SourceError(
                f"{self.settings.folder} must hold price/raw and tweet/raw, as the dataset's authors publish it; "
                f"{kind}/raw is missing. Set stocknet.folder."
            )
        return folder

    def _unknown(self, ticker: str, what: str) -> Outcome:
        return Outcome(ticker, "unknown", reason=f"StockNet has no {what} of it; it lists {len(self.tickers)} tickers.")

    def _read_prices(self, path: Path, now: pd.Timestamp) -> BarsFile:
        settings = FilesSettings(preset="yahoo", basis="split_adjusted", exchange=self.settings.exchange)
        return read_bars_file(path, settings, now=now, source=NAME)

    def _read_tweets(self, ticker: str, now: pd.Timestamp) -> tuple[pd.DataFrame, list[Dropped]]:
        read = list(self._lines(ticker))
        tweets = [tweet for tweet in read if tweet is not None]
        rows = pd.DataFrame(tweets, columns=["created_at", "text", "id", "user"], dtype="str")
        rows["published_at"] = pd.to_datetime(rows["created_at"], format=_STAMP, utc=True, errors="coerce")
        unreadable = rows["published_at"].isna() | (rows["text"] == "")
        late = ~unreadable & (rows["published_at"] > now)
        rows["text"] = rows["text"].map(clean_text).astype("str")
        ids = [headline_id(ticker, key, text) for key, text in zip(rows["id"], rows["text"], strict=True)]
        rows = rows.assign(headline_id=ids)[~unreadable & ~late]
        repeated = rows.duplicated("headline_id") | rows.duplicated(["text", "published_at"])
        counts = {
            "tweet without a readable time or text": len(read) - len(tweets) + int(unreadable.sum()),
            "published after now": int(late.sum()),
            "headline repeated": int(repeated.sum()),
        }
        rows = rows[~repeated].assign(
            ticker=ticker, first_seen_at=None, date_only=False, publisher=rows["user"], url="", source=NAME
        )
        tweets_read = as_headlines(rows.drop(columns="created_at"))
        return tweets_read, [Dropped("read tweets", ticker, reason, n) for reason, n in counts.items() if n]

    def _lines(self, ticker: str) -> Iterator[tuple[str, str, str, str] | None]:
        """Yield created_at, text, id and user of each line, or None where it isn't a tweet."""
        for path in sorted((self._tweets / ticker).iterdir()):
            for line in path.read_bytes().splitlines():
                if line.strip():
                    yield _tweet(line)


def _tweet(line: bytes) -> tuple[str, str, str, str] | None:
    try:
        tweet = json.loads(line)
        user = tweet.get("user") or {}
        values = (
            tweet["created_at"],
            tweet["text"],
            tweet["id_str"],
            user.get("screen_name") or user.get("id_str") or "",
        )
    except (ValueError, KeyError, AttributeError, RecursionError):
        return None
    if not all(isinstance(value, str) for value in values):
        return None
    # Half of a surrogate pair can be read from JSON, and written nowhere.
    stamp, text, key, name = (value.encode("utf-8", "replace").decode("utf-8").strip() for value in values)
    return stamp, text, key, name


def _adjusted_closes(path: Path) -> pd.DataFrame:
    table = rename_columns(load_table(path), ("ticker", "date"), ("adj_close",), mapping=PRESETS["yahoo"])
    frame = table.frame
    if "adj_close" not in frame:
        raise SourceError(
            f"{path} has no adjusted close, which StockNet's labels are made of; expected a column `adj_close` or "
            "`Adj Close`."
        )
    # The dataset is of the US market alone.
    dates = read_dates(frame["date"], timezone="America/New_York")[0].dt.normalize().astype(SESSION)
    prices = pd.to_numeric(frame["adj_close"], errors="coerce").astype(NUMBER)
    return pd.DataFrame({"ticker": frame["ticker"].astype("str"), "session": dates, "adjusted_close": prices})
