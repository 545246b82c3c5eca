"""Who is told of the morning, and how; pydantic alone, so that reading settings loads no network client."""

import re
from typing import Any, Literal

from pydantic import Field, field_validator, model_validator

from stockseq.arguments import SettingsModel
from stockseq.printable import shown

When = Literal["always", "failure"]
# In plain letters, without what would part a header or a list of addresses.
_ADDRESS = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~.-]{1,64}@[A-Za-z0-9.-]{1,255}", re.ASCII)
_HOST = re.compile(r"[A-Za-z0-9.:-]{1,255}", re.ASCII)
LOOPBACK = ("localhost", "127.0.0.1", "::1")


class ReceiverSettings(SettingsModel, frozen=True):
    """What every receiver can be set to."""

    when: When = Field("always", description="always, or failure: only of a morning that failed")

    @field_validator("url_variable", "token_variable", "password_variable", mode="before", check_fields=False)
    @classmethod
    def _is_variable(cls, name: Any) -> Any:
        # Whoever writes the secret itself must not see it on the screen and in a log.
        if not isinstance(name, str) or re.fullmatch(r"([A-Za-z_][A-Za-z0-9_]{0,99})?", name, re.ASCII) is None:
            raise ValueError(
                "the name of an environment variable is expected, such as SLACK_URL, and never the secret itself; what "
                "was received isn't shown"
            )
        return name


class EmailSettings(ReceiverSettings, frozen=True):
    """One mailbox or more by one SMTP server."""

    host: str = Field(description="The SMTP server")
    port: int = Field(587, ge=1, le=65_535, description="587 for starttls, 465 for tls")
    security: Literal["starttls", "tls", "none"] = Field(
        "starttls", description="none only for a server on this machine, without a password"
    )
    sender: str = Field(description="Address that it comes from")
    to: tuple[str, ...] = Field(min_length=1, max_length=50, description="Addresses that it goes to")
    user: str = Field("", description="Name of the log-in, where the server wants one")
    password_variable: str = Field("", description="Environment variable that holds its password")

    @field_validator("host")
    @classmethod
    def _is_host(cls, host: str) -> str:
        if _HOST.fullmatch(host) is None:
            raise ValueError(f"a server such as smtp.example.com is expected, received {shown(host)}")
        return host

    @field_validator("to", mode="before")
    @classmethod
    def _split(cls, to: object) -> object:
        return tuple(to.replace(",", " ").split()) if isinstance(to, str) else to

    @field_validator("sender", "to")
    @classmethod
    def _are_addresses(cls, value: Any) -> Any:
        for address in (value,) if isinstance(value, str) else value:
            if _ADDRESS.fullmatch(address) is None:
                raise ValueError(f"an address such as jane@example.com is expected, received {shown(address)}")
        return value

    @field_validator("user")
    @classmethod
    def _is_plain(cls, user: str) -> str:
        if not (user.isascii() and user.isprintable()):
            raise ValueError(f"a name in plain letters is expected, received {shown(user)}")
        return user

    @model_validator(mode="after")
    def _fits(self) -> "EmailSettings":
        if bool(self.user) != bool(self.password_variable):
            raise ValueError("user and password_variable belong together; one alone was received")
        if self.security == "none" and (self.password_variable or self.host not in LOOPBACK):
            raise ValueError(
                "security = none sends everything in the open: only for a server on this machine (localhost), without "
                f"a password; received {shown(self.host)}"
            )
        return self


class WebhookSettings(ReceiverSettings, frozen=True):
    """One address that takes a message as JSON."""

    shape: Literal["slack", "discord", "telegram", "json"] = Field(description="Of what is sent")
    url_variable: str = Field("", description="Environment variable that holds the address; not for telegram")
    token_variable: str = Field("", description="Environment variable that holds the bot's token; telegram alone")
    chat: str = Field("", description="Number or @name of the chat; telegram alone")
    server: str = Field("https://api.telegram.org", description="A Bot API server; telegram alone")

    @field_validator("chat", mode="before")
    @classmethod
    def _is_chat(cls, chat: object) -> object:
        text = str(chat)
        if re.fullmatch(r"(-?\d{1,20}|@[A-Za-z0-9_]{1,64})?", text, re.ASCII) is None:
            raise ValueError(f"a chat is a number or @name, received {shown(text)}")
        return text

    @field_validator("server")
    @classmethod
    def _is_server(cls, server: str) -> str:
        if not is_address(server):
            raise ValueError(f"an address such as https://example.com is expected, received {shown(server)}")
        return server.rstrip("/")

    @model_validator(mode="after")
    def _fits(self) -> "WebhookSettings":
        given = {name for name in ("url_variable", "token_variable", "chat") if getattr(self, name)}
        needed = {"token_variable", "chat"} if self.shape == "telegram" else {"url_variable"}
        if given != needed:
            raise ValueError(
                f"{self.shape} needs {' and '.join(sorted(needed))} and nothing else, received "
                f"{' and '.join(sorted(given)) or 'none of them'}"
            )
        return self


class CommandSettings(ReceiverSettings, frozen=True):
    """A program that reads the message on its standard input."""

    run: tuple[str, ...] = Field(min_length=1, max_length=100, description="The program and its arguments; no shell")

    @field_validator("run")
    @classmethod
    def _is_command(cls, words: tuple[str, ...]) -> tuple[str, ...]:
        if not words[0] or any("\0" in word for word in words):
            raise ValueError("a program and its arguments are expected, received an empty name or a zero byte")
        return words


class NotifySettings(SettingsModel, frozen=True):
    """Who is told how the morning went; secrets stand in the environment, never here."""

    timeout_s: float = Field(10.0, ge=0.5, le=60, description="Seconds until a receiver that doesn't answer is left")
    email: dict[str, EmailSettings] = Field(
        default_factory=dict,
        description="Tables [notify.email.NAME] with host, sender, to; see docs/operations.md",
    )
    webhook: dict[str, WebhookSettings] = Field(
        default_factory=dict,
        description="Tables [notify.webhook.NAME] with shape and url_variable, or token_variable and chat",
    )
    command: dict[str, CommandSettings] = Field(
        default_factory=dict, description="Tables [notify.command.NAME] with run"
    )

    @property
    def receivers(self) -> dict[str, ReceiverSettings]:
        """Every receiver by its name in the settings file, such as email.me."""
        tables: dict[str, dict[str, Any]] = {"email": self.email, "webhook": self.webhook, "command": self.command}
        return {f"{kind}.{name}": receiver for kind, table in tables.items() for name, receiver in table.items()}


def is_address(url: str) -> bool:
    """Return whether a secret may be sent there: over https, or to this machine.

    Examples
    --------
    >>> is_address("https://hooks.example.com/a"), is_address("http://hooks.example.com/a"), is_address("http://[::1]:8/")
    (True, False, True)
    """
    if re.fullmatch(r"https://[A-Za-z0-9.-]+(:\d{1,5})?(/[\x21-\x7e]*)?", url, re.ASCII):
        return True
    return (
        re.fullmatch(r"http://(127\.0\.0\.1|localhost|\[::1\])(:\d{1,5})?(/[\x21-\x7e]*)?", url, re.ASCII) is not None
    )
