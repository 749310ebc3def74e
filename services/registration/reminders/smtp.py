"""Reminders by e-mail, through the house's mail server (SMTP, RFC 5321).

Invariant: once the text has begun to go over the line, whatever breaks leaves the outcome unknown; before that it can
be tried again. A refusal for good (5xx) of the address or the text is one.
"""

import asyncio
import smtplib
import ssl
from contextlib import suppress
from dataclasses import dataclass
from email.message import EmailMessage
from email.utils import format_datetime
from typing import Literal

from services.registration.reminders.message import Message
from services.registration.reminders.model import Result

SOCKET_SECONDS = 15.0
FOR_GOOD = 500
FINE = 300

Tls = Literal["starttls", "tls", "none"]


@dataclass(frozen=True, slots=True, kw_only=True)
class MailServer:
    """Where mail is handed over, and as whom."""

    host: str
    port: int
    tls: Tls
    user: str | None
    password: str | None
    sender: str


@dataclass(frozen=True, slots=True)
class SmtpSender:
    """A connection a message: reminders are few, and a broken connection is one message's trouble."""

    server: MailServer

    async def send(self, message: Message) -> Result:
        """Hand it over in a thread of its own: `smtplib` blocks."""
        return await asyncio.to_thread(self._hand_over, message)

    def _hand_over(self, message: Message) -> Result:
        try:
            connection = self._connect()
        except (OSError, smtplib.SMTPException):
            return Result.DEFERRED
        try:
            self._sign_in(connection)
            refusal = self._envelope(connection, message.address)
            return refusal or _letter(connection, self._mail(message))
        except (OSError, smtplib.SMTPException):
            return Result.DEFERRED
        finally:
            with suppress(OSError, smtplib.SMTPException):
                connection.quit()

    def _connect(self) -> smtplib.SMTP:
        host, port = self.server.host, self.server.port
        if self.server.tls == "tls":
            return smtplib.SMTP_SSL(host, port, timeout=SOCKET_SECONDS, context=ssl.create_default_context())
        return smtplib.SMTP(host, port, timeout=SOCKET_SECONDS)

    def _sign_in(self, connection: smtplib.SMTP) -> None:
        if self.server.tls == "starttls":
            connection.starttls(context=ssl.create_default_context())
        if self.server.user is not None:
            connection.login(self.server.user, self.server.password or "")
        connection.ehlo_or_helo_if_needed()

    def _envelope(self, connection: smtplib.SMTP, address: str) -> Result | None:
        """Sender and recipient; what the server says to them when it does not take them."""
        code, _ = connection.mail(self.server.sender)
        if code >= FINE:
            return Result.DEFERRED
        code, _ = connection.rcpt(address)
        if code >= FINE:
            return Result.REFUSED if code >= FOR_GOOD else Result.DEFERRED
        return None

    def _mail(self, message: Message) -> bytes:
        mail = EmailMessage()
        mail["From"] = self.server.sender
        mail["To"] = message.address
        mail["Subject"] = message.subject
        mail["Date"] = format_datetime(message.written_at)
        mail["Message-ID"] = f"<{message.message_id}@{self.server.sender.rpartition('@')[2]}>"
        mail["Auto-Submitted"] = "auto-generated"
        mail.set_content(message.body)
        return mail.as_bytes()


def _letter(connection: smtplib.SMTP, mail: bytes) -> Result:
    """From here on a break leaves the outcome unknown."""
    try:
        code, _ = connection.data(mail)
    except smtplib.SMTPDataError as refusal:
        code = refusal.smtp_code
    except (OSError, smtplib.SMTPException):
        return Result.UNKNOWN
    if code >= FOR_GOOD:
        return Result.REFUSED
    return Result.SENT if code < FINE else Result.DEFERRED
