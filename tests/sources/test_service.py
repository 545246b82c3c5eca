"""The client of news services, against a loopback service with each fault that such services are known for."""

import time
from collections.abc import Iterator

import pytest

from stockseq.errors import SettingsError, SourceError, SourceUnreachable
from stockseq.sources.service import Key, KeyRefused, Service, ServiceRefused, read_instant
from stockseq.sources.settings import ServiceSettings
from tests.service_server import FAULTS, Fault, LoopbackService, json_reply
from tests.service_server.faults import PASSING

SECRET = "s3cret-k3y"
KEY = Key("LOOPBACK_KEY", "X-Loopback-Key", "get one at https://loopback.example.")


@pytest.fixture(autouse=True)
def key(monkeypatch: pytest.MonkeyPatch) -> None:
    """A key in the environment, and in it alone."""
    monkeypatch.setenv(KEY.variable, SECRET)


@pytest.fixture
def server() -> Iterator[LoopbackService]:
    with LoopbackService(lambda request: json_reply({"items": [{"text": "Kola up"}] * 50})) as running:
        running.hang_s = 0.4
        yield running


def service(server: LoopbackService, **changes: object) -> Service:
    """Return a client whose waits take no time."""
    settings = {"url": server.url, "requests_per_second": 1000.0, "timeout_s": 0.15, "retry_wait_s": 0.0}
    return Service("Loopback", ServiceSettings.model_validate({**settings, **changes}), (KEY,), sleep=lambda s: None)


def check(value: object) -> None:
    """Refuse what has no items."""
    if not (isinstance(value, dict) and isinstance(value.get("items"), list)):
        raise ValueError("it holds no items")


@pytest.mark.parametrize("fault", PASSING)
def test_a_fault_that_passes_costs_one_more_request(server: LoopbackService, fault: Fault) -> None:
    """The answer comes whole, once, with the second attempt."""
    server.faults[1] = fault
    answer = service(server).get_json("/news", check=check)
    assert isinstance(answer, dict)
    assert len(answer["items"]) == 50
    assert len(server.log) == 2
    assert all(request.headers["x-loopback-key"] == SECRET for request in server.log)


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_that_lasts_ends_within_the_budget_and_tells_no_key(server: LoopbackService, fault: Fault) -> None:
    """By attempts, or at once where the same again would be refused again."""
    server.rule = lambda request: fault
    began = time.monotonic()
    if fault == "not UTF-8":
        assert service(server).get_json("/news", check=check)
        return
    with pytest.raises(SourceError) as raised:
        service(server, attempts=3, patience_s=60.0).get_json("/news", check=check)
    said = str(raised.value)
    assert SECRET not in said
    assert said.count("\n") == 0
    assert time.monotonic() - began < 20
    assert len(server.log) <= 6
    if fault in ("401", "403"):
        assert KEY.variable in said
        assert KEY.where in said
        assert len(server.log) == 1
    assert isinstance(raised.value, ServiceRefused) == (fault in ("401", "403", "404", "422"))
    assert isinstance(raised.value, SourceUnreachable) == (fault in ("reset", "no answer in time"))
    assert isinstance(raised.value, KeyRefused) == (fault in ("401", "403"))


def test_a_service_that_repeats_the_key_is_quoted_without_it(server: LoopbackService) -> None:
    """In an error, in what it refuses, and in JSON that is no answer."""
    server.answer = lambda request: json_reply({"message": f"no such key {SECRET}"}, status=422)
    with pytest.raises(ServiceRefused) as raised:
        service(server).get_json("/news")
    assert "no such key ..." in str(raised.value)


def test_a_key_that_is_not_there_is_told_before_any_request(
    server: LoopbackService, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With the variable, and where to get one."""
    monkeypatch.delenv(KEY.variable)
    with pytest.raises(SourceError, match=r"LOOPBACK_KEY isn't set in the environment; get one at"):
        service(server)
    monkeypatch.setenv(KEY.variable, "two\nlines")
    with pytest.raises(SourceError, match="isn't a key") as raised:
        service(server)
    assert "two" not in str(raised.value)
    assert server.log == []


def test_an_answer_that_is_cut_short_is_one(server: LoopbackService) -> None:
    """Whoever begins to answer can be reached, so other questions may go on."""
    server.rule = lambda request: "cut body"
    with pytest.raises(SourceError, match="cut short") as raised:
        service(server, attempts=2).get_json("/news")
    assert not isinstance(raised.value, SourceUnreachable)


def test_a_text_that_is_no_answer_is_asked_for_again(server: LoopbackService) -> None:
    """As JSON is: a page of status 200 may tell of maintenance."""

    def refuse_html(text: str) -> None:
        if "<" in text:
            raise ValueError("it is a page")

    server.faults[1] = "HTML"
    assert service(server).get_text("/news", check=refuse_html).startswith('{"items"')
    assert len(server.log) == 2


def test_nothing_that_answers_is_unreachable(server: LoopbackService) -> None:
    """Another error than an answer that is wrong, so that a run can tell the network from the service."""
    with pytest.raises(SourceUnreachable, match="the connection failed"):
        service(server, url="http://127.0.0.1:9").get_json("/news")


@pytest.mark.parametrize(
    "url", ["http://example.com", "ftp://127.0.0.1", "example.com", "https://a b", "http://127.0.0.1.evil.com"]
)
def test_no_key_goes_over_an_open_line(url: str) -> None:
    """An address of settings is https, or this very machine."""
    with pytest.raises(SettingsError, match=r"an address such as|over https alone"):
        ServiceSettings(url=url)


def test_requests_keep_the_pace(server: LoopbackService) -> None:
    """As many a second as are allowed, whoever asks."""
    client = Service("Loopback", ServiceSettings(url=server.url, requests_per_second=20.0), (KEY,))
    for _ in range(15):
        client.get_json("/news")
    assert server.most_per(0.5) <= 11


@pytest.mark.parametrize(
    "text",
    [
        "11/12/2024T10:00Z",
        "2024-11T10:00Z",
        "26.11.2024T10:00Z",
        "2024-11-26T10:00:00",
        "2024-11-26",
        "now",
        "",
        5,
        None,
        "1970-01-01T00:00:00Z",
        "2024-02-30T10:00:00Z",
        "2024-11-26T10:00:00+99:00",
        "\u0662024-11-26T10:00:00Z",
    ],
)
def test_no_stamp_is_guessed_at(text: object) -> None:
    """11/12 is a day of November or of December: the wrong one may look weeks ahead."""
    with pytest.raises(ValueError, match=r"it is no instant|out of reach"):
        read_instant(text)
