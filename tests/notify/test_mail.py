"""Mails to a real server on loopback, with a real certificate and every fault; nothing in a text becomes a header."""

import email
import ssl
import time
from email.policy import default
from pathlib import Path

import pytest
import trustme

from stockseq.errors import SettingsError
from stockseq.notify import build_message, deliver
from stockseq.notify.settings import EmailSettings, NotifySettings
from tests.notify.smtp_server import LoopbackSmtp

PASSWORD = "s3cret-pass"
MESSAGE = build_message("10 forecasts", ["Chances to rise: ÄÖ 55.0%.", ".", "Page: a"])


@pytest.fixture(scope="session")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture
def context(authority: trustme.CA, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ssl.SSLContext:
    """A server's certificate for this machine, whose authority OpenSSL trusts; and the password in the environment."""
    authority.cert_pem.write_to_path(tmp_path / "authority.pem")
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "authority.pem"))
    monkeypatch.setenv("MAIL_PASSWORD", PASSWORD)
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert("localhost").configure_cert(context)
    return context


def send(port: int, **changed: object) -> str | None:
    """Send the message; return why it didn't arrive."""
    values = {
        "host": "localhost", "port": port, "sender": "me@example.com", "to": ["you@example.com", "bad@example.com"],
        "user": "me", "password_variable": "MAIL_PASSWORD",
    }  # fmt: skip
    settings = NotifySettings(timeout_s=0.5, email={"me": EmailSettings(**{**values, **changed})})
    (delivery,) = deliver(settings, MESSAGE)
    assert PASSWORD not in str(delivery)
    return delivery.problem


@pytest.mark.parametrize(("security", "at_once"), [("starttls", False), ("tls", True)])
def test_a_mail_arrives_over_tls_after_a_login(context: ssl.SSLContext, security: str, at_once: bool) -> None:
    """Plain text, readable letters, one line with a dot in it, and a mark that keeps mailboxes from answering."""
    with LoopbackSmtp(context, tls_at_once=at_once) as server:
        assert send(server.port, security=security) is None
    (mail,) = (email.message_from_bytes(text.encode(), policy=default) for text in server.mails)
    assert server.logins == [f"\0me\0{PASSWORD}"]
    assert (mail["Subject"], mail["From"], mail["Auto-Submitted"]) == (
        "10 forecasts",
        "me@example.com",
        "auto-generated",
    )
    assert mail["To"] == "you@example.com, bad@example.com"
    assert mail.get_content_type() == "text/plain"
    body = mail.get_payload(decode=True).decode("utf-8").replace("\r\n", "\n")
    assert body.replace("..\n", ".\n") == "Chances to rise: ÄÖ 55.0%.\n.\nPage: a\n"


@pytest.mark.parametrize(
    ("fault", "problem"),
    [
        ("refuses the login", "the server refused the log-in (SMTP 535): check user and MAIL_PASSWORD"),
        ("refuses the addresses", "the server refused every address"),
        ("refuses one address", "the server refused 1 of 2 addresses"),
        ("refuses the text", "the server refused it (SMTP 554)"),
        ("hangs", "the server didn't answer in time"),
        ("hangs in DATA", "the server didn't answer in time"),
        ("drips", "it wasn't done after 0.5 s"),
        ("drops in DATA", "the connection broke"),
        ("drops after DATA", None),
        ("no starttls", "the server offers no starttls or no log-in"),
        ("nonsense", "the server refused it"),
    ],
)
def test_a_faulty_server_is_named_in_a_few_seconds(context: ssl.SSLContext, fault: str, problem: str | None) -> None:
    """And its own words, in which it may repeat the password, are not."""
    began = time.monotonic()
    with LoopbackSmtp(context, fault=fault) as server:  # type: ignore[arg-type]
        said = send(server.port)
    assert said == problem or (problem and said is not None and said.startswith(problem))
    assert time.monotonic() - began < 4


def test_a_foreign_certificate_gets_neither_password_nor_text(context: ssl.SSLContext) -> None:
    """Of another authority, and of another name."""
    foreign = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    trustme.CA().issue_cert("localhost").configure_cert(foreign)
    for security, at_once in (("starttls", False), ("tls", True)):
        with LoopbackSmtp(foreign, tls_at_once=at_once) as server:
            assert send(server.port, security=security) == "the server's certificate isn't valid"
        assert (server.logins, server.mails) == ([], [])
    with LoopbackSmtp(context) as server:
        assert send(server.port, host="127.0.0.1") == "the server's certificate isn't valid"


def test_a_server_that_is_not_there_and_a_password_that_is_not_set(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each is a sentence with what to look at."""
    monkeypatch.setenv("MAIL_PASSWORD", PASSWORD)
    assert send(9) == "the server can't be reached, or the connection broke"
    monkeypatch.delenv("MAIL_PASSWORD")
    assert send(9) == "MAIL_PASSWORD isn't set in the environment"


def test_a_local_server_is_spoken_to_in_the_open(context: ssl.SSLContext) -> None:
    """A relay on this machine wants no log-in."""
    with LoopbackSmtp() as server:
        assert send(server.port, security="none", user="", password_variable="") is None
    assert len(server.mails) == 1


def test_a_text_becomes_no_header_and_no_second_mail(context: ssl.SSLContext) -> None:
    """A ticker or an error may hold line breaks, and a line that ends the mail."""
    message = build_message("a\r\nBcc: x@example.com\n\nb", ["\r\n.\r\nMAIL FROM:<x>", "b\x00\u2028c"])
    with LoopbackSmtp() as server:
        settings = EmailSettings(host="localhost", port=server.port, security="none", sender="a@b.c", to=("d@e.f",))
        assert deliver(NotifySettings(email={"me": settings}), message)[0].problem is None
    (mail,) = (email.message_from_bytes(text.encode(), policy=default) for text in server.mails)
    assert mail["Subject"] == "a Bcc: x@example.com b"
    assert mail["Bcc"] is None
    assert server.recipients == ["TO:<d@e.f>"]


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        ({"sender": "a@b.c\r\nBcc: x@y.z"}, "an address such as jane@example.com"),
        ({"to": ["Jane <a@b.c>"]}, "an address such as jane@example.com"),
        ({"host": "mail.example.com/x"}, "a server such as smtp.example.com"),
        ({"security": "none"}, "sends everything in the open"),
        ({"user": ""}, "belong together"),
    ],
)
def test_settings_that_could_send_elsewhere_are_refused(changed: dict[str, object], expected: str) -> None:
    """Before any server is asked."""
    with pytest.raises(SettingsError, match=expected):
        send(25, **changed)


def test_a_password_in_the_place_of_its_variables_name_is_not_repeated() -> None:
    """The settings file is where people write it first."""
    with pytest.raises(SettingsError, match="never the secret itself") as caught:
        send(25, password_variable=f"{PASSWORD}!")
    assert PASSWORD not in str(caught.value)
