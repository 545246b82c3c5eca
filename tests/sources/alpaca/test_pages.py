"""Alpaca's pages: each item once, whatever is revised meanwhile, and no page taken for the last that isn't."""

import base64
from typing import Any

import pandas as pd
import pytest

from tests.alpaca_server import AlpacaServer, item
from tests.service_server import Request
from tests.sources.alpaca.scenario import busy, fetch, states


@pytest.mark.parametrize("revised_text", ["KOLA story 3", "KOLA story 3, revised"])
def test_an_item_that_is_revised_between_two_pages_is_not_lost(server: AlpacaServer, revised_text: str) -> None:
    """It moves to the end: the same words count from when they were first seen, other words are a second headline."""
    items = busy(120)
    items[2] = item(3, "2024-11-02T03:00Z", "KOLA story 3", "KOLA", revised={"2024-11-28T00:00Z": revised_text})
    server.items = items
    server.now = pd.Timestamp("2024-11-27T00:00Z")

    def revise(request: Request, answer: Any) -> Any:
        server.now = pd.Timestamp("2024-11-29T00:00Z")
        return answer

    server.edit = revise
    rows = fetch(server, "KOLA").headlines
    third = rows[rows["text"].str.startswith("KOLA story 3") & ~rows["text"].str.match(r"KOLA story 3\d")]
    expected = {"KOLA story 3": "2024-11-02T03:00Z"} | (
        {revised_text: "2024-11-28T00:00Z"} if revised_text != "KOLA story 3" else {}
    )
    assert dict(zip(third["text"], third["published_at"], strict=True)) == {
        text: pd.Timestamp(at) for text, at in expected.items()
    }
    assert len(rows) == 119 + len(expected)


def test_all_pages_are_read_once(server: AlpacaServer) -> None:
    """120 items are three pages of 50."""
    server.items = busy(120)
    assert states(fetch(server, "KOLA")) == {"KOLA": ("updated", 120)}
    assert len(server.log) == 3


def test_stamps_at_one_instant_split_over_two_pages_lose_nothing(server: AlpacaServer) -> None:
    """The page's token holds the id besides the instant."""
    server.items = [item(n, "2024-11-05T15:00Z", f"Kola story {n}", "KOLA") for n in range(1, 76)]
    assert states(fetch(server, "KOLA")) == {"KOLA": ("updated", 75)}


def only_once(change: Any) -> Any:
    """Return an edit of the second answer alone."""
    return lambda request, answer: change(answer) if request.number == 2 else answer


@pytest.mark.parametrize(
    ("edit", "n_requests"),
    [
        (only_once(lambda answer: {**answer, "next_page_token": answer["next_page_token"] + "="}), None),
        (only_once(lambda answer: {**answer, "next_page_token": ""}), 4),
        (only_once(lambda answer: {**answer, "next_page_token": 17}), 4),
        (only_once(lambda answer: {**answer, "next_page_token": ["a"]}), 4),
        (only_once(lambda answer: {**answer, "next_page_token": "a b\n"}), 4),
        (only_once(lambda answer: {"news": answer["news"]}), 4),
        (only_once(lambda answer: {**answer, "news": None}), 4),
        (only_once(lambda answer: {**answer, "news": {"1": "a"}}), 4),
        (only_once(lambda answer: [answer]), 4),
        (only_once(lambda answer: {**answer, "news": [None] * 50}), 4),
        (lambda request, answer: {**answer, "news": answer["news"][:5] + answer["news"]}, 3),
    ],
    ids=["foreign", "empty", "number", "list", "blank", "missing", "null news", "no list", "a list", "nulls", "twice"],
)
def test_a_page_that_is_broken_once_costs_nothing(server: AlpacaServer, edit: Any, n_requests: int | None) -> None:
    """It is asked for again; a token that Alpaca itself doesn't take is a refusal that is told."""
    server.items = busy(120)
    server.edit = edit
    fetched = fetch(server, "KOLA")
    if n_requests is None:
        assert states(fetched) == {"KOLA": ("failed", 0)}
        assert "invalid page_token" in fetched.outcomes["KOLA"].reason
    else:
        assert states(fetched) == {"KOLA": ("updated", 120)}
        assert len(server.log) == n_requests


# Positions that Alpaca takes: after the first item, and before all.
AFTER_FIRST, BEFORE_ALL = "MTczMDUwOTIwMDAwMDAwMDAwMHwx", "MHww"


YEARS_AGO = {"created_at": "2015-01-02T10:00:00Z", "updated_at": "2015-01-02T10:00:00Z"}


def each(**change: Any) -> Any:
    """Return an edit of every item."""
    return lambda request, answer: {**answer, "news": [{**entry, **change} for entry in answer["news"]]}


def answer_of(**change: Any) -> Any:
    """Return an edit of every answer."""
    return lambda request, answer: {**answer, **change}


@pytest.mark.parametrize(
    ("edit", "words"),
    [
        pytest.param(answer_of(next_page_token=AFTER_FIRST), "one that was had before", id="loop"),
        pytest.param(
            lambda request, answer: {**answer, "next_page_token": answer["next_page_token"] or AFTER_FIRST},
            "one that was had before",
            id="loop at the end",
        ),
        pytest.param(answer_of(next_page_token=5), "is a number that can't be one", id="number"),
        pytest.param(answer_of(next_page_token=""), "is a text that can't be one", id="no text"),
        pytest.param(
            lambda request, answer: {"news": answer["news"]},
            "doesn't say whether there is a next page",
            id="without a token",
        ),
        pytest.param(lambda request, answer: {"news": []}, "doesn't say whether", id="empty, without a token"),
        pytest.param(lambda request, answer: {"next_page_token": None}, "it holds no list of news", id="no news"),
        pytest.param(answer_of(news="none"), "it holds no list of news", id="text for news"),
        pytest.param(answer_of(news=["a", 5, None]), "none of its 3 items can be read", id="unreadable"),
        pytest.param(each(symbols=["AAPL"]), "ignores the question", id="other tickers"),
        pytest.param(each(**YEARS_AGO), "ignores the question", id="other days"),
    ],
)
def test_pages_that_stay_broken_fail_the_tickers_with_a_sentence(server: AlpacaServer, edit: Any, words: str) -> None:
    """Half of a month's news would be taken for all of it; the run goes on to other chunks."""
    server.items = [*busy(60), *busy(60, ticker="FERN")]
    server.edit = edit
    fetched = fetch(server)
    assert states(fetched) == {"KOLA": ("failed", 0), "FERN": ("failed", 0)}
    reason = fetched.outcomes["KOLA"].reason
    assert words in reason
    assert "\n" not in reason
    assert len(server.log) <= 12


def test_an_empty_page_with_a_token_is_passed_over(server: AlpacaServer) -> None:
    """What its token leads to is the page that was wanted."""
    server.items = busy(120)

    def edit(request: Request, answer: Any) -> Any:
        return {"news": [], "next_page_token": BEFORE_ALL} if request.number == 1 else answer

    server.edit = edit
    assert states(fetch(server, "KOLA")) == {"KOLA": ("updated", 120)}
    assert len(server.log) == 4


@pytest.mark.parametrize("news", ["empty", "repeated"])
def test_pages_that_never_end_are_given_up(server: AlpacaServer, news: str) -> None:
    """Each names another: after five that held nothing new the tickers fail, and nothing is taken for all."""
    server.items = busy(60)
    first: list[Any] = []

    def edit(request: Request, answer: Any) -> Any:
        first.append(answer["news"])
        # A position one nanosecond on: Alpaca takes each.
        token = base64.b64encode(f"{request.number}|0".encode()).decode()
        return {"news": [] if news == "empty" else first[0], "next_page_token": token}

    server.edit = edit
    fetched = fetch(server, "KOLA")
    assert states(fetched) == {"KOLA": ("failed", 0)}
    assert "5 of them in a row held nothing new" in fetched.outcomes["KOLA"].reason
    assert len(server.log) <= 6
