"""What each source can be set to; pydantic alone, so that reading settings loads no network client."""

import re
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Literal
from zoneinfo import available_timezones

from pydantic import Field, field_validator

from stockseq.arguments import SettingsModel, read_date
from stockseq.printable import shown
from stockseq.schemas import TICKER_FORM, valid_ticker

Basis = Literal["as_traded", "split_adjusted", "adjusted"]
Kind = Literal[
    "signal",
    "relative",
    "null",
    "null_drift",
    "leak_recap",
    "leak_overnight",
    "leak_backdated",
    "regime",
    "decaying",
    "gated",
]

# Our column name to the file's, for layouts that many people have on disk.
PRESETS: Mapping[str, Mapping[str, str]] = {
    "yahoo": {"ticker": "Ticker", "date": "Date", "adj_close": "Adj Close", "splits": "Stock Splits"},
    "fnspid": {"ticker": "Stock_symbol", "published_at": "Date", "headline": "Article_title"},
    # raw_analyst_ratings.csv has `headline`, which is found by our own name, where the processed file has `title`.
    "kaggle_ratings": {"ticker": "stock", "published_at": "date", "headline": "title"},
}


@lru_cache(maxsize=1)
def _zones() -> frozenset[str]:
    # A search through hundreds of files.
    return frozenset(available_timezones())


class YahooSettings(SettingsModel, frozen=True):
    """How Yahoo is asked; the defaults keep well below the rates that users report as blocked."""

    tickers: tuple[str, ...] = Field(
        ("AAPL", "AMZN", "GOOGL", "JPM", "META", "MSFT", "NVDA", "TSLA", "UNH", "XOM"),
        description="Taken where neither the settings nor the store name any",
    )
    exchange: str = Field("XNYS", description="The exchange calendar of the tickers, a code of exchange_calendars")
    requests_per_second: float = Field(1.5, ge=1e-3, description="Over all requests, those for cookies included")
    timeout_s: float = Field(10.0, gt=0, le=3600, description="Seconds until one request is given up")
    attempts: int = Field(
        3, ge=1, le=100, description="Attempts per ticker when answers are broken, missing or refused"
    )
    lost_requests: int = Field(
        10,
        ge=1,
        le=1000,
        description="Requests per ticker and morning lost to refused, broken or missing answers and redirects",
    )
    retry_wait_s: float = Field(2.0, ge=0, le=86_400, description="Seconds before the second attempt; doubles after it")
    back_off_s: float = Field(
        60.0, gt=0, le=86_400, description="Seconds of silence after a 429; doubles with each further one"
    )
    longest_back_off_s: float = Field(900.0, gt=0, le=86_400, description="Where the doubling ends")
    patience_s: float = Field(
        900.0, ge=0, le=7 * 86_400, description="Seconds one fetch may lose to back-off and failed attempts"
    )
    n_headlines: int = Field(50, ge=1, le=250, description="Newest headlines asked per ticker and tab")
    news_tabs: tuple[Literal["news", "all", "press releases"], ...] = Field(
        ("all",), description="Tabs of Yahoo's news; one request each"
    )
    cache_folder: Path | None = Field(None, description="For cookies and time zones; none is the user's own")
    latency_s: float | None = Field(
        None, ge=0, le=366 * 86_400, description="In place of headline_latency_s, for headlines of this source"
    )

    @field_validator("tickers")
    @classmethod
    def _listed(cls, tickers: tuple[str, ...]) -> tuple[str, ...]:
        for ticker in tickers:
            if not valid_ticker(ticker):
                raise ValueError(f"a ticker is {TICKER_FORM} as Yahoo writes it, received {shown(ticker)}")
        return tuple(dict.fromkeys(ticker.upper() for ticker in tickers))


class FilesSettings(SettingsModel, frozen=True):
    """Where the files lie and what is in them."""

    folder: str = Field("files", description="Holds bars.csv, .jsonl or .parquet (or prices.*), and headlines.*")
    preset: Literal["none", "yahoo", "fnspid", "kaggle_ratings"] = Field(
        "none", description="Column names of a known layout"
    )
    columns: dict[str, str] = Field(default_factory=dict, description="Our column name to the file's, over the preset")
    basis: Basis | None = Field(
        None, description="as_traded, split_adjusted or adjusted; none judges by the prices at the file's splits"
    )
    timezone: str | None = Field(None, description="Of headline stamps that name none; without it they are refused")
    encoding: str | None = Field(None, description="Of text files; none tries UTF-8, then Windows-1252")
    decimal: Literal[".", ","] | None = Field(
        None, description="Decimal sign of the numbers; none judges each column as a whole"
    )
    date_order: Literal["DMY", "MDY"] | None = Field(
        None, description="Order of day and month in dates such as 03/06/2024; none judges the column as a whole"
    )
    exchange: str = Field("XNYS", description="The exchange calendar of the bars and of bare dates")
    latency_s: float | None = Field(
        None, ge=0, le=366 * 86_400, description="In place of headline_latency_s, for headlines of this source"
    )
    stream_above_mb: float = Field(
        64.0, ge=0, description="A larger text file of headlines is read in batches, in bounded memory"
    )

    @field_validator("timezone")
    @classmethod
    def _is_zone(cls, name: str | None) -> str | None:
        if name is None:
            return None
        if name.upper() == "UTC":
            return "UTC"
        if name not in _zones():
            raise ValueError(f"a time zone such as America/New_York or UTC is expected, received {shown(name)}")
        return name

    @field_validator("encoding")
    @classmethod
    def _is_encoding(cls, name: str | None) -> str | None:
        if name is None:
            return None
        try:
            # Python also knows "encodings" of bytes into bytes, and one that runs out of memory.
            "a".encode(name).decode(name)
        except (LookupError, ValueError, TypeError) as error:
            raise ValueError(f"a text encoding such as utf-8 or cp1252 is expected, received {shown(name)}") from error
        return name

    @property
    def mapping(self) -> dict[str, str]:
        """Our column name to the file's."""
        return {**PRESETS.get(self.preset, {}), **self.columns}


class SimulatedSettings(SettingsModel, frozen=True):
    """Which market is drawn; the same settings always give the same one."""

    kind: Kind = Field(
        "signal",
        description="signal, relative, null, null_drift, leak_recap, leak_overnight, leak_backdated, regime, decaying "
        "or gated",
    )
    n_sessions: int = Field(1500, ge=2, le=20_000, description="Sessions traded")
    n_tickers: int = Field(30, ge=1, le=800, description="Invented companies")
    seed: int = Field(100, ge=0, description="Another seed is another market under the same law")
    strength: float = Field(
        1.0, ge=0, description="1 leaves .579 of directions attainable, 0.5 .543, 0.25 (realistic) .522"
    )
    readable_share: float = Field(0.45, ge=0, le=0.9, description="Share of meaningful headlines in VADER's own words")
    first_session: str = Field("2018-01-02", description="The market opens on this date or the first session after it")
    flip_session: int | None = Field(
        None, ge=0, description="Kind regime: number of the first flipped session; 60 % if none"
    )
    exchange: str = Field("XNYS", description="The exchange calendar")

    @field_validator("first_session")
    @classmethod
    def _dated(cls, text: str) -> str:
        return read_date(text, first=1980, last=2100).isoformat()


class StockNetSettings(SettingsModel, frozen=True):
    """Where the dataset lies."""

    folder: str = Field("stocknet-dataset", description="Holds price/raw and tweet/raw")
    exchange: str = Field("XNYS", description="The exchange calendar of the bars")


class ServiceSettings(SettingsModel, frozen=True):
    """How a web service is asked; its key stands in the environment, never here."""

    url: str = Field("", description="Its address")
    requests_per_second: float = Field(1.0, ge=1e-3, le=1000, description="Over all requests")
    timeout_s: float = Field(30.0, gt=0, le=3600, description="Seconds until one request is given up")
    attempts: int = Field(4, ge=1, le=100, description="Attempts per request when answers are broken or missing")
    retry_wait_s: float = Field(1.0, ge=0, le=86_400, description="Seconds before the second attempt; doubles after it")
    back_off_s: float = Field(
        15.0, gt=0, le=86_400, description="Seconds of silence after a 429, if it names none; doubles with each"
    )
    longest_back_off_s: float = Field(900.0, gt=0, le=86_400, description="Where the doubling ends")
    patience_s: float = Field(
        900.0, ge=0, le=7 * 86_400, description="Seconds one chunk may lose to back-off and failed attempts"
    )
    latency_s: float | None = Field(
        None, ge=0, le=366 * 86_400, description="In place of headline_latency_s, for headlines of this source"
    )

    @field_validator("url")
    @classmethod
    def _is_address(cls, url: str) -> str:
        if re.fullmatch(r"https?://[A-Za-z0-9.\[\]:-]+(/[\x21-\x7e]*)?", url) is None:
            raise ValueError(f"an address such as https://example.com is expected, received {shown(url)}")
        if url.startswith("http://") and re.match(r"http://(127\.0\.0\.1|localhost|\[::1\])(:|/|$)", url) is None:
            raise ValueError(f"keys go over https alone, except to this machine; received {shown(url)}")
        return url.rstrip("/")


class AlpacaSettings(ServiceSettings, frozen=True):
    """Benzinga's headlines since 2015, by Alpaca; APCA_API_KEY_ID and APCA_API_SECRET_KEY stand in the environment."""

    url: str = Field("https://data.alpaca.markets", description="Its address")
    requests_per_second: float = Field(3.0, ge=1e-3, le=1000, description="Over all requests; 200 a minute are allowed")
    counts_from: Literal["updated_at", "created_at"] = Field(
        "updated_at",
        description="The text may be that of the last revision, so it counts from then; created_at trusts the first",
    )


class EdgarSettings(ServiceSettings, frozen=True):
    """Filings of form 8-K from the SEC, since 2001; no key."""

    url: str = Field("https://www.sec.gov", description="Address of the list of tickers and of the filings' headers")
    data_url: str = Field("https://data.sec.gov", description="Address of the lists of filings")
    contact: str = Field("", description="Your name and e-mail address, which the SEC wants to be told")
    # As requests come unevenly, 8 in a second now and then, and never more.
    requests_per_second: float = Field(7.0, ge=1e-3, le=10, description="Over all requests; the SEC allows 10")
    cache_folder: Path | None = Field(None, description="For what can't change; none is the user's own")

    @field_validator("data_url")
    @classmethod
    def _is_data_address(cls, url: str) -> str:
        return cls._is_address(url)

    @field_validator("contact")
    @classmethod
    def _is_contact(cls, contact: str) -> str:
        # It goes into the header of each request as it is.
        if contact.strip() and re.fullmatch(r"[\x20-\x7e]{1,120}@[\x21-\x7e]{1,120}", contact.strip()) is None:
            raise ValueError(
                "a name and an e-mail address in plain letters are expected, such as Jane Doe jane@example.com; "
                f"received {shown(contact)}"
            )
        return contact.strip()


class FinnhubSettings(ServiceSettings, frozen=True):
    """The last year's company news by Finnhub; FINNHUB_API_KEY stands in the environment."""

    url: str = Field("https://finnhub.io", description="Its address")
    requests_per_second: float = Field(0.9, ge=1e-3, le=1000, description="Over all requests; 60 a minute are allowed")
    full_answer: int = Field(
        250, ge=1, le=100_000, description="A week that has so many items may have more, so its days are asked for"
    )
    reach_days: int = Field(365, ge=1, le=36_500, description="Days back that the plan gives; the free one a year")


class TiingoSettings(ServiceSettings, frozen=True):
    """Tiingo's news with the instant of its crawler; TIINGO_API_KEY stands in the environment."""

    url: str = Field("https://api.tiingo.com", description="Its address")
    requests_per_second: float = Field(
        1.0, ge=1e-3, le=1000, description="Over all requests; how many an hour are allowed depends on the plan"
    )
    page: int = Field(100, ge=10, le=1000, description="Items per request")
