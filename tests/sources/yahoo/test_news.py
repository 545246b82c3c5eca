"""Headlines out of Yahoo's news, through the real yfinance, and what is no headline."""

from typing import Any

import pandas as pd
import pytest

from stockseq.errors import SourceUnreachable
from stockseq.sources.source import FetchedHeadlines
from stockseq.sources.yahoo import YahooSource
from stockseq.sources.yahoo.news import LONGEST_TEXT, read_news
from tests.sources.yahoo.scenario import NOW, states
from tests.yahoo_server.answers import story
from tests.yahoo_server.faults import Reply
from tests.yahoo_server.market import ListedMarket
from tests.yahoo_server.server import YahooServer

AT = "2024-11-27T15:00:00Z"


def fetch_news(source: YahooSource, *tickers: str, now: pd.Timestamp = NOW) -> FetchedHeadlines:
    return source.fetch_headlines(tickers, since=None, now=now)


def read(*items: Any) -> tuple[list[str], dict[str, int]]:
    news = read_news(items, ticker="KOLA", since=None, now=NOW)
    return news.headlines["text"].tolist(), {dropped.reason: dropped.n_rows for dropped in news.dropped}


def test_headlines_carry_both_times(source: YahooSource) -> None:
    """An item counts from the later of the two, so the source's clock is never trusted alone."""
    result = fetch_news(source, "KOLA")
    assert states(result) == {"KOLA": ("updated", 2)}
    assert result.headlines["text"].tolist() == ["Kola opens a second plant", "Kola raises its outlook"]
    assert result.headlines["published_at"].tolist() == [
        pd.Timestamp("2024-11-26T15:00:00Z"),
        pd.Timestamp("2024-11-27T14:30:00Z"),
    ]
    assert (result.headlines["first_seen_at"] == NOW).all()
    assert result.headlines["publisher"].tolist() == ["Loopback Wire"] * 2
    assert not result.dropped


def test_no_news_is_nothing_new(source: YahooSource) -> None:
    """And no failure."""
    result = fetch_news(source, "MOSS")
    assert (result.outcomes["MOSS"].status, result.outcomes["MOSS"].reason) == ("nothing_new", "no news")


def test_only_what_was_published_since_comes_back(source: YahooSource) -> None:
    """The boundary itself was had before."""
    result = source.fetch_headlines(["KOLA"], since=pd.Timestamp("2024-11-26T15:00:00Z"), now=NOW)
    assert result.headlines["text"].tolist() == ["Kola raises its outlook"]


def test_an_edited_headline_is_a_new_version(source: YahooSource, yahoo: YahooServer, market: ListedMarket) -> None:
    """The old text was known when it was decided upon; the new one is known from its own first sight."""
    before = fetch_news(source, "KOLA").headlines
    news = market.listings["KOLA"].news
    news[1] = (news[1][0], story("k2", "Kola cuts its outlook", "2024-11-27T14:30:00Z"))
    yahoo.now = NOW + pd.Timedelta(days=2)
    after = fetch_news(source, "KOLA", now=yahoo.now).headlines
    assert after["headline_id"].tolist()[0] == before["headline_id"].tolist()[0]
    assert after["headline_id"].tolist()[1] not in set(before["headline_id"])
    assert after["first_seen_at"].tolist() == [yahoo.now] * 2


@pytest.mark.parametrize("endpoint", ["news"])
@pytest.mark.parametrize("kind", ["429", "401", "500", "503_html", "html", "right_back", "truncated", "reset", "null"])
def test_a_passing_fault_costs_no_headline(source: YahooSource, yahoo: YahooServer, endpoint: str, kind: str) -> None:
    """yfinance gives an empty list for most of these, as if there were no news."""
    yahoo.faults.add(kind, endpoint=endpoint, ticker="KOLA", times=2)
    assert states(fetch_news(source, "KOLA", "MOSS")) == {"KOLA": ("updated", 2), "MOSS": ("nothing_new", 0)}


@pytest.mark.parametrize(
    ("kind", "words"),
    [
        ("401", "HTTP 401"),
        ("500", "HTTP 500"),
        ("503_html", "HTTP 503"),
        ("html", "isn't JSON"),
        ("right_back", "it will be right back"),
        ("truncated", "isn't JSON"),
        ("reset", "no answer"),
        ("null", "can't be understood"),
        ("null_data", "can't be understood"),
        ("null_stream", "can't be understood"),
    ],
)
def test_a_lasting_fault_fails_its_ticker_alone(source: YahooSource, yahoo: YahooServer, kind: str, words: str) -> None:
    """Taken for "no news", it would be believed by the features."""
    yahoo.faults.add(kind, endpoint="news", ticker="MOSS")
    result = fetch_news(source, "MOSS", "KOLA")
    assert states(result) == {"MOSS": ("failed", 0), "KOLA": ("updated", 2)}
    assert words in result.outcomes["MOSS"].reason
    assert result.outcomes["MOSS"].retry_at > NOW


@pytest.mark.parametrize("body", ['{"status":"ERROR"}', "{}", "null", '{"data":{"tickerStream":{}}}', '{"data":[]}'])
def test_an_answer_without_a_stream_is_a_failure(source: YahooSource, yahoo: YahooServer, body: str) -> None:
    """yfinance makes "no news" of it."""
    yahoo.faults.add(Reply(body=body), endpoint="news", ticker="KOLA")
    result = fetch_news(source, "KOLA", "MOSS")
    assert states(result) == {"KOLA": ("failed", 0), "MOSS": ("nothing_new", 0)}
    assert "holds no stream of news" in result.outcomes["KOLA"].reason


@pytest.mark.parametrize(
    "item",
    [
        None,
        "text",
        {"id": float("inf"), "content": {"title": float("inf")}},
        story("\ud800", "Kola rises", AT),
        story("k", "Kola rises", AT, pubDate=float("inf")),
        story("k", "Kola rises", AT, pubDate=10**400),
    ],
)
def test_an_item_that_cant_be_read_costs_itself_alone(source: YahooSource, yahoo: YahooServer, item: object) -> None:
    """Not the 49 others."""

    def add(envelope: dict[str, Any]) -> None:
        envelope["data"]["tickerStream"]["stream"].insert(1, item)

    yahoo.faults.add(Reply(alter=add), endpoint="news", ticker="KOLA")
    result = fetch_news(source, "KOLA")
    assert states(result) == {"KOLA": ("updated", 2)}
    assert [dropped.n_rows for dropped in result.dropped] == [1]


def test_a_byte_that_isnt_utf8_costs_its_item_alone(source: YahooSource, yahoo: YahooServer) -> None:
    """The letter is lost, and a title is stored as it was or not at all."""
    yahoo.faults.add(Reply(rewrite=lambda text: text.replace(b"Kola opens", b"K\xf6la opens")), endpoint="news")
    result = fetch_news(source, "KOLA")
    assert result.headlines["text"].tolist() == ["Kola raises its outlook"]
    assert [dropped.reason for dropped in result.dropped] == ["news item with a title that isn't UTF-8"]


def test_no_answer_at_all_is_said_in_one_sentence(source: YahooSource, yahoo: YahooServer) -> None:
    """News and bars are two fetches; the network may go between them."""
    yahoo.faults.add("reset", endpoint="any")
    with pytest.raises(SourceUnreachable, match="can't be reached"):
        fetch_news(source, "KOLA", "MOSS")


def test_what_cant_be_a_ticker_is_refused_unasked(source: YahooSource, yahoo: YahooServer) -> None:
    """As for bars."""
    assert states(fetch_news(source, "<script>", "KOLA")) == {"<script>": ("unknown", 0), "KOLA": ("updated", 2)}
    assert yahoo.n_requests("news") == 1


def test_a_malformed_item_costs_only_itself(source: YahooSource, market: ListedMarket) -> None:
    """Through the real yfinance, which passes items on as they are."""
    market.listings["KOLA"].news.append((NOW, {"id": "bad", "content": None}))
    result = fetch_news(source, "KOLA")
    assert states(result) == {"KOLA": ("updated", 2)}
    assert [(dropped.reason, dropped.n_rows) for dropped in result.dropped] == [("news item without content", 1)]


@pytest.mark.parametrize(
    ("item", "reason"),
    [
        (None, "news item without content"),
        ("text", "news item without content"),
        ({"id": "k"}, "news item without content"),
        ({"id": "k", "content": []}, "news item without content"),
        (story("k", "", AT), "news item without a title"),
        (story("k", " \t\x00 ", AT), "news item without a title"),
        (story("k", None, AT), "news item without a title"),
        (story("k", 17, AT), "news item without a title"),
        (story("k", "Kola", AT, pubDate=None), "news item without a publication time"),
        (story("k", "Kola", ""), "news item without a publication time"),
        (story("k", "Kola", "yesterday"), "news item with a publication time that can't be read"),
        (story("k", "Kola", AT, pubDate=1732719600), "news item with a publication time that can't be read"),
        # Without a zone it could be hours off, and a date alone a whole day.
        (story("k", "Kola", "2024-11-27T15:00:00"), "news item with a publication time that can't be read"),
        (story("k", "Kola", "2024-11-27"), "news item with a publication time that can't be read"),
        (story("k", "Kola", "2024-11-31T15:00:00Z"), "news item with a publication time that can't be read"),
        # Digits that aren't ASCII.
        (story("k", "Kola", "\u0662024-11-27T15:00:00Z"), "news item with a publication time that can't be read"),
        (story("k", "Kola", "1970-01-01T00:00:00Z"), "news item dated before 1990"),
        (story("k", "Kola", "2024-11-27T23:00:01Z"), "news item dated in the future"),
        (story("k", "Kola", "2031-01-01T00:00:00Z"), "news item dated in the future"),
    ],
)
def test_a_malformed_item_is_counted_by_reason(item: Any, reason: str) -> None:
    """What is left out is shown; nothing is guessed."""
    assert read(item, story("good", "Kola rises", AT)) == (["Kola rises"], {reason: 1})


def test_an_item_of_this_very_second_counts() -> None:
    """What is published at the instant of the fetch is known at it."""
    assert read(story("k", "Kola rises", "2024-11-27T23:00:00Z")) == (["Kola rises"], {})


def test_a_repeated_item_is_counted_once() -> None:
    """Yahoo mixes the same item into one stream twice."""
    item = story("k", "Kola rises", AT)
    assert read(item, item, item) == (["Kola rises"], {"news item repeated": 2})


def test_one_story_under_two_ids_is_one_headline_and_two_of_one_landing_page_are_two() -> None:
    """The words and the stamp tell, the address doesn't."""
    first, second = story("k", "Kola rises", AT), story("m", "Kola rises", AT)
    assert read(first, second) == (["Kola rises"], {"news item repeated": 1})
    page = {"canonicalUrl": {"url": "https://n.example/"}}
    items = [{"content": {"title": title, "pubDate": AT, **page}} for title in ("Kola rises", "Kola falls")]
    texts, dropped = read(*items, {"content": {**items[0]["content"], "pubDate": "2024-11-27T16:00:00Z"}})
    assert (sorted(texts), dropped) == (["Kola falls", "Kola rises", "Kola rises"], {})


def test_missing_decoration_is_no_fault() -> None:
    """Publisher, addresses and pictures are often null."""
    bare = {"id": "k", "content": {"title": "Kola rises", "pubDate": AT, "provider": None, "canonicalUrl": None}}
    assert read(bare) == (["Kola rises"], {})


def test_one_story_of_two_tickers_is_two_headlines() -> None:
    """Each ticker's features count it for themselves."""
    item = story("k", "Kola and Fern merge", AT)
    first, second = (read_news([item], ticker=ticker, since=None, now=NOW).headlines for ticker in ("KOLA", "FERN"))
    assert first["headline_id"][0] != second["headline_id"][0]


@pytest.mark.parametrize(
    ("title", "text"),
    [
        ("Kola\r\n rises\t3 %", "Kola rises 3 %"),
        ("Kola \x1b[31mrises\x1b[0m", "Kola rises"),
        ("Kola &amp; Limo won&rsquo;t \x1b]0;t\x07sell", "Kola & Limo won’t sell"),
        ("Kola \ud83d rises", "Kola rises"),
        ("Kola 🚀 rises – كولا", "Kola 🚀 rises – كولا"),
        ("<script>alert(1)</script>", "<script>alert(1)</script>"),
        ("x" * 10_000, "x" * LONGEST_TEXT),
    ],
)
def test_text_is_one_line_without_control_characters(title: str, text: str) -> None:
    """It goes to a terminal, to tables and to a page; what is markup is escaped where a page is made."""
    assert read(story("k", title, AT)) == ([text], {})
