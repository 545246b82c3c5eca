"""A message by SMTP, over TLS wherever it leaves this machine."""

import contextlib
import smtplib
import ssl
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import formatdate, make_msgid

from stockseq.notify.message import Message
from stockseq.notify.secret import Undelivered, read_secret
from stockseq.notify.settings import EmailSettings

# Else the library asks the name service for this machine's name, which may take long.
_OWN_NAME = "[127.0.0.1]"


def send_mail(settings: EmailSettings, message: Message, *, timeout_s: float) -> None:
    """Send a message; raise `Undelivered` with the reason otherwise.

    Parameters
    ----------
    settings : EmailSettings
    message : Message
    timeout_s : float
        Seconds for each of the server's answers.
    """
    password = read_secret(settings.password_variable) if settings.password_variable else ""
    mail = build_mail(settings, message)
    try:
        server = _connect(settings, timeout_s)
        try:
            if password:
                server.login(settings.user, password)
            refused = server.send_message(mail, settings.sender, list(settings.to))
            # What has been taken stays taken, whatever the server says to the farewell.
            with contextlib.suppress(smtplib.SMTPException, OSError):
                server.quit()
        finally:
            server.close()
    except (smtplib.SMTPException, OSError, ValueError) as error:
        # Not the error itself, in whose text a server could repeat what it was sent.
        raise Undelivered(_reason(error, settings)) from None
    if refused:
        raise Undelivered(f"the server refused {len(refused)} of {len(settings.to)} addresses")


def build_mail(settings: EmailSettings, message: Message) -> EmailMessage:
    """Return the mail: plain text alone, and a mark by which no mailbox answers it."""
    mail = EmailMessage(policy=SMTP)
    mail["Subject"] = message.subject
    mail["From"] = settings.sender
    mail["To"] = ", ".join(settings.to)
    mail["Date"] = formatdate()
    mail["Message-ID"] = make_msgid(domain=settings.sender.rpartition("@")[2])
    mail["Auto-Submitted"] = "auto-generated"
    mail.set_content("\n".join(message.lines) + "\n")
    return mail


def _connect(settings: EmailSettings, timeout_s: float) -> smtplib.SMTP:
    context = ssl.create_default_context()
    host, port = settings.host, settings.port
    if settings.security == "tls":
        return smtplib.SMTP_SSL(host, port, _OWN_NAME, timeout=timeout_s, context=context)
    server = smtplib.SMTP(host, port, _OWN_NAME, timeout=timeout_s)
    try:
        if settings.security == "starttls":
            server.starttls(context=context)
    except BaseException:
        server.close()
        raise
    return server


def _reason(error: Exception, settings: EmailSettings) -> str:
    if isinstance(error.__context__, TimeoutError):
        # The library takes silence for a broken connection.
        error = error.__context__
    code = getattr(error, "smtp_code", None)
    number = f" (SMTP {code})" if isinstance(code, int) else ""
    # The first that fits; some are kinds of others.
    reasons: tuple[tuple[type[Exception] | tuple[type[Exception], ...], str], ...] = (
        (
            smtplib.SMTPAuthenticationError,
            f"the server refused the log-in{number}: check user and {settings.password_variable}",
        ),
        (smtplib.SMTPRecipientsRefused, "the server refused every address"),
        (smtplib.SMTPNotSupportedError, "the server offers no starttls or no log-in"),
        (smtplib.SMTPServerDisconnected, "the connection broke"),
        (smtplib.SMTPException, f"the server refused it{number}"),
        (ssl.SSLCertVerificationError, "the server's certificate isn't valid"),
        (ssl.SSLError, "no secure connection could be made; check port and security"),
        (TimeoutError, "the server didn't answer in time"),
        (OSError, "the server can't be reached, or the connection broke"),
    )
    return next((reason for kind, reason in reasons if isinstance(error, kind)), "the server's answer can't be read")
