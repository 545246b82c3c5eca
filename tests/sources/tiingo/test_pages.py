"""Tiingo's pages by offset: each item once, whatever comes and goes between two of them."""

from typing import Any

import numpy as np
import pytest

from tests.service_server import Request
from tests.sources.tiingo.scenario import busy, fetch, states
from tests.tiingo_server import TiingoServer


def test_all_pages_are_read_once(server: TiingoServer) -> None:
    """Each begins with the last item of the one before, and the last holds nothing else."""
    server.articles = busy(25)
    assert states(fetch(server)) == {"KOLA": ("updated", 25)}
    assert [request.query["offset"] for request in server.log] == ["0", "9", "18", "24"]


@pytest.mark.parametrize("most", [3, 5, 9])
def test_a_service_that_gives_shorter_pages_is_read_to_the_end(server: TiingoServer, most: int) -> None:
    """A page that isn't full is no proof that it was the last."""
    server.articles = busy(25)
    server.edit = lambda request, answer: answer[:most]
    assert states(fetch(server)) == {"KOLA": ("updated", 25)}


@pytest.mark.parametrize("n_new", [1, 4, 9, 10, 30])
def test_items_that_arrive_meanwhile_push_none_out(server: TiingoServer, n_new: int) -> None:
    """They come before all others: what was to come moves down the list, and is met there."""
    server.articles = busy(25)

    def arrive(request: Request) -> None:
        if request.number == 2:
            server.articles += busy(n_new, first=26)

    server.before = arrive
    texts = set(fetch(server).headlines["text"])
    assert {entry.title for entry in busy(25)} <= texts


@pytest.mark.parametrize("n_gone", [1, 4, 9, 12])
def test_items_that_are_taken_away_meanwhile_pull_none_past(server: TiingoServer, n_gone: int) -> None:
    """The next page doesn't begin with what was had, so what lies before it is asked for again."""
    server.articles = busy(40)

    def leave(request: Request) -> None:
        if request.number == 2:
            server.articles = server.articles[: 40 - n_gone]

    server.before = leave
    fetched = fetch(server)
    assert {entry.title for entry in busy(40 - n_gone)} <= set(fetched.headlines["text"])
    # The first page had ten of the newest before they were taken away.
    assert states(fetched) == {"KOLA": ("updated", 40 - max(0, n_gone - 10))}


@pytest.mark.parametrize("seed", range(12))
def test_whatever_comes_and_goes_between_pages_what_stays_is_there(server: TiingoServer, seed: int) -> None:
    """Or the ticker fails with a reason: never is it short of an item without a word."""
    random = np.random.default_rng(seed)
    server.articles = busy(int(random.integers(15, 60)))
    first = set(server.articles)

    def change(request: Request) -> None:
        n_gone = int(random.integers(0, 8)) if random.random() < 0.5 else 0
        gone = set(random.choice(len(server.articles), size=min(n_gone, len(server.articles)), replace=False))
        server.articles = [each for number, each in enumerate(server.articles) if number not in gone]
        if random.random() < 0.3:
            server.articles += busy(int(random.integers(1, 15)), first=100 * request.number)

    server.before = change
    fetched = fetch(server)
    stayed = {each.title for each in first & set(server.articles)}
    if states(fetched)["KOLA"][0] == "failed":
        assert "don't join" in fetched.outcomes["KOLA"].reason
    else:
        assert stayed <= set(fetched.headlines["text"])


@pytest.mark.parametrize("number", [2, 3])
@pytest.mark.parametrize("stale", ["empty", "repeated"])
def test_a_page_that_is_empty_or_repeated_once_costs_nothing(server: TiingoServer, stale: str, number: int) -> None:
    """It is no end: the end is a page that holds the last item and nothing else."""
    server.articles = busy(35)
    first: list[Any] = []

    def edit(request: Request, answer: list[Any]) -> list[Any]:
        first.extend(answer if request.number == 1 else [])
        return answer if request.number != number else [] if stale == "empty" else first

    server.edit = edit
    assert states(fetch(server)) == {"KOLA": ("updated", 35)}


@pytest.mark.parametrize("stale", ["empty", "repeated"])
def test_pages_that_stay_empty_or_repeated_fail_the_ticker(server: TiingoServer, stale: str) -> None:
    """Ten items of more would be taken for all of them."""
    server.articles = busy(35)
    first: list[Any] = []

    def edit(request: Request, answer: list[Any]) -> list[Any]:
        first.extend(answer if request.number == 1 else [])
        return first if request.number == 1 or stale == "repeated" else []

    server.edit = edit
    fetched = fetch(server)
    assert states(fetched) == {"KOLA": ("failed", 0)}
    assert "pages of KOLA's news don't join" in fetched.outcomes["KOLA"].reason
    assert len(server.log) <= 8
