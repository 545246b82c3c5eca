"""A message as JSON to an address that is itself a secret; what is in it is text, links nothing and calls nobody."""

import re
from typing import Any

import requests

from stockseq.notify.message import Message
from stockseq.notify.secret import Undelivered, read_secret
from stockseq.notify.settings import WebhookSettings, is_address

# Discord takes 2,000 characters and Telegram 4,096, each after its escapes are undone.
LONGEST = {"slack": 3500, "discord": 1900, "telegram": 4000}
# An @ without a name behind it pings nobody, in none of the three.
_AT = "@\u200b"
_DISCORD_SIGNS = re.compile(r"([\\*_~`|>#\[\]<])")
# Discord's flag for no previews of links.
_NO_PREVIEWS = 4


def send_webhook(settings: WebhookSettings, message: Message, *, timeout_s: float) -> None:
    """Post a message; raise `Undelivered` with the reason otherwise. No redirect is followed.

    Parameters
    ----------
    settings : WebhookSettings
    message : Message
    timeout_s : float
        Seconds for the connection, and for the answer to begin.
    """
    url = _address(settings)
    try:
        with requests.Session() as session:
            # Else the user's netrc would send a password along.
            session.auth = _as_it_is
            body = build_body(settings, message)
            with session.post(url, json=body, timeout=timeout_s, allow_redirects=False, stream=True) as answer:
                status = answer.status_code
    except (requests.RequestException, OSError, ValueError) as error:
        # Not the error itself, which names the address.
        raise Undelivered(_reason(error)) from None
    if 300 <= status < 400:
        raise Undelivered(f"it answered with a redirect (HTTP {status}), which isn't followed: renew the address")
    if not 200 <= status < 300:
        variable = settings.url_variable or settings.token_variable
        hint = f": check {variable}" if status in (401, 403, 404, 410) else ""
        raise Undelivered(f"it refused the message (HTTP {status}){hint}")


def build_body(settings: WebhookSettings, message: Message) -> dict[str, Any]:
    """Return what is posted.

    Examples
    --------
    >>> from stockseq.notify.message import build_message
    >>> settings = WebhookSettings(shape="slack", url_variable="SLACK_URL")
    >>> build_body(settings, build_message("a <b> @channel", ["c"]))["text"]
    'a &lt;b&gt; @\\u200bchannel\\n\\nc'
    """
    if settings.shape == "json":
        state = "failure" if message.is_failure else "done"
        return {"state": state, "subject": message.subject, "lines": list(message.lines)}
    text = message.text
    longest = LONGEST[settings.shape]
    text = (text if len(text) <= longest else f"{text[: longest - 1]}\u2026").replace("@", _AT)
    if settings.shape == "slack":
        for sign, entity in (("&", "&amp;"), ("<", "&lt;"), (">", "&gt;")):
            text = text.replace(sign, entity)
        return {"text": text, "mrkdwn": False, "link_names": False, "unfurl_links": False, "unfurl_media": False}
    if settings.shape == "discord":
        content = _cut(_DISCORD_SIGNS.sub(r"\\\1", text), 2000)
        return {"content": content, "allowed_mentions": {"parse": []}, "flags": _NO_PREVIEWS}
    # Without a parse_mode it is plain text.
    return {"chat_id": settings.chat, "text": text, "link_preview_options": {"is_disabled": True}}


def _cut(text: str, longest: int) -> str:
    # Of an escape that is cut in two the first half would be left.
    return text if len(text) <= longest else text[: longest - 2].rstrip("\\") + "\u2026"


def _address(settings: WebhookSettings) -> str:
    if settings.shape == "telegram":
        token = read_secret(settings.token_variable)
        if re.fullmatch(r"[A-Za-z0-9:_-]+", token) is None:
            raise Undelivered(f"{settings.token_variable} in the environment isn't a bot's token")
        return f"{settings.server}/bot{token}/sendMessage"
    url = read_secret(settings.url_variable)
    if not is_address(url):
        raise Undelivered(f"{settings.url_variable} in the environment isn't an address that begins with https://")
    return url


def _as_it_is(request: requests.PreparedRequest) -> requests.PreparedRequest:
    return request


def _reason(error: Exception) -> str:
    if isinstance(error, requests.Timeout):
        return "it didn't answer in time"
    if isinstance(error, requests.exceptions.SSLError):
        return "its certificate isn't valid"
    if isinstance(error, requests.ConnectionError):
        return "it can't be reached, or the connection broke"
    return f"the request failed ({type(error).__name__})"
