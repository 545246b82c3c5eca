"""Webhooks to a real server on loopback: their shapes, their faults, and text that stays text."""

import time

import pytest

from stockseq.errors import SettingsError
from stockseq.notify import build_message, deliver
from stockseq.notify.settings import NotifySettings, WebhookSettings
from tests.notify.webhook_server import LoopbackWebhook

SECRET = "T0K3N-abc"
FOE = "<!channel> @everyone <@U123> *b* [a](https://x.y) <script>alert(1)</script> & `c` @here"


def post(url: str, monkeypatch: pytest.MonkeyPatch, shape: str = "json", text: str = "fine") -> str | None:
    """Post a message to a secret address; return why it didn't arrive."""
    monkeypatch.setenv("HOOK_URL", f"{url}/hook/{SECRET}")
    monkeypatch.setenv("BOT_TOKEN", f"1:{SECRET}")
    where = (
        {"token_variable": "BOT_TOKEN", "chat": -100, "server": url}
        if shape == "telegram"
        else {"url_variable": "HOOK_URL"}
    )
    settings = NotifySettings(timeout_s=0.5, webhook={"team": WebhookSettings(shape=shape, **where)})
    (delivery,) = deliver(settings, build_message("3 forecasts", [text]))
    assert SECRET not in str(delivery)
    return delivery.problem


@pytest.mark.parametrize(
    ("shape", "path", "expected"),
    [
        (
            "slack",
            f"/hook/{SECRET}",
            {
                "text": "3 forecasts\n\n&lt;!channel&gt; @\u200beveryone &lt;@\u200bU123&gt; *b* [a](https://x.y) "
                "&lt;script&gt;alert(1)&lt;/script&gt; &amp; `c` @\u200bhere",
                "mrkdwn": False,
                "link_names": False,
                "unfurl_links": False,
                "unfurl_media": False,
            },
        ),
        (
            "discord",
            f"/hook/{SECRET}",
            {
                "content": "3 forecasts\n\n\\<!channel\\> @\u200beveryone \\<@\u200bU123\\> \\*b\\* "
                "\\[a\\](https://x.y) \\<script\\>alert(1)\\</script\\> & \\`c\\` @\u200bhere",
                "allowed_mentions": {"parse": []},
                "flags": 4,
            },
        ),
        (
            "telegram",
            f"/bot1:{SECRET}/sendMessage",
            {
                "chat_id": "-100",
                "text": f"3 forecasts\n\n{FOE}".replace("@", "@\u200b"),
                "link_preview_options": {"is_disabled": True},
            },
        ),
        ("json", f"/hook/{SECRET}", {"state": "done", "subject": "3 forecasts", "lines": [FOE]}),
    ],
)
def test_each_shape_carries_hostile_text_as_text(shape, path, expected, monkeypatch):
    """No mention, no mark-up, no preview of a link: the documented fields that turn each of them off."""
    with LoopbackWebhook() as server:
        assert post(server.url, monkeypatch, shape, FOE) is None
    assert server.posted == [(path, expected)]


@pytest.mark.parametrize("shape", ["slack", "discord", "telegram"])
def test_a_long_text_stays_below_each_services_limit(shape, monkeypatch):
    """Discord takes 2,000 characters, Telegram 4,096; an escape is not cut in two."""
    with LoopbackWebhook() as server:
        for sign in ("*", "a*", "\\", "x"):
            settings = WebhookSettings(
                shape=shape,
                **(
                    {"token_variable": "BOT_TOKEN", "chat": "1", "server": server.url}
                    if shape == "telegram"
                    else {"url_variable": "HOOK_URL"}
                ),
            )
            monkeypatch.setenv("HOOK_URL", server.url)
            monkeypatch.setenv("BOT_TOKEN", "1:a")
            message = build_message("s", [sign * 300] * 40)
            assert deliver(NotifySettings(webhook={"a": settings}), message)[0].problem is None
            text = server.posted[-1][1].get("text") or server.posted[-1][1]["content"]
            assert len(text) <= {"slack": 3500, "discord": 2000, "telegram": 4096}[shape]
            ending = text.removesuffix("\u2026")
            assert (len(ending) - len(ending.rstrip("\\"))) % 2 == 0 or shape != "discord"


@pytest.mark.parametrize(
    ("fault", "problem"),
    [
        ("500", "it refused the message (HTTP 500)"),
        ("404", "it refused the message (HTTP 404): check HOOK_URL"),
        ("302", "it answered with a redirect (HTTP 302), which isn't followed: renew the address"),
        ("307", "it answered with a redirect (HTTP 307), which isn't followed: renew the address"),
        ("hang", "it didn't answer in time"),
        ("drips", "it wasn't done after 0.5 s"),
        ("reset", "it can't be reached, or the connection broke"),
    ],
)
def test_a_faulty_receiver_is_named_in_seconds_and_asked_once(fault, problem, monkeypatch):
    """A redirect would show the message, and where it came from, to whoever it names."""
    began = time.monotonic()
    with LoopbackWebhook(fault) as server:
        assert post(server.url, monkeypatch) == problem
    assert time.monotonic() - began < 4
    assert [path for path, _ in server.posted] == [f"/hook/{SECRET}"]


def test_nobody_listens_and_no_address_is_set(monkeypatch):
    """And an address that isn't one is not repeated."""
    assert post("http://127.0.0.1:9", monkeypatch) == "it can't be reached, or the connection broke"
    assert (
        post("http://example.com", monkeypatch)
        == "HOOK_URL in the environment isn't an address that begins with https://"
    )
    monkeypatch.delenv("HOOK_URL")
    settings = NotifySettings(webhook={"team": WebhookSettings(shape="json", url_variable="HOOK_URL")})
    assert deliver(settings, build_message("a", []))[0].problem == "HOOK_URL isn't set in the environment"


def test_a_netrc_sends_no_password_along(tmp_path, monkeypatch):
    """The client would look one up for the receiver's host."""
    (tmp_path / "netrc").write_text("machine 127.0.0.1 login me password pass\n")
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    with LoopbackWebhook() as server:
        assert post(server.url, monkeypatch) is None
    assert "Authorization" not in server.headers[0]


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ({"shape": "slack", "url_variable": f"https://hooks.example.com/{SECRET}"}, "never the secret itself"),
        ({"shape": "telegram", "url_variable": "HOOK_URL"}, "telegram needs chat and token_variable"),
        ({"shape": "slack", "url_variable": "A", "chat": "1"}, "slack needs url_variable and nothing else"),
        ({"shape": "telegram", "token_variable": "A", "chat": "a b"}, "a chat is a number or @name"),
        ({"shape": "telegram", "token_variable": "A", "chat": "1", "server": "http://x.y"}, "https://example.com"),
        ({"shape": "slack", "url": f"https://hooks.example.com/{SECRET}"}, "has no setting `url`"),
    ],
)
def test_settings_that_can_not_work_are_refused_without_the_secret(values, expected):
    """The address of a webhook is its password."""
    with pytest.raises(SettingsError, match=expected) as caught:
        WebhookSettings(**values)
    assert SECRET not in str(caught.value)
