"""Reminders by e-mail against a mail server that really listens."""

import asyncio
import email
import email.policy
import socket
from contextlib import contextmanager
from datetime import UTC, datetime
from uuid import UUID

import pytest
from aiosmtpd.controller import Controller

from services.registration.patients.model import ContactChannel
from services.registration.reminders.message import Message
from services.registration.reminders.model import Result
from services.registration.reminders.smtp import MailServer, SmtpSender

MESSAGE = Message(
    message_id=UUID("0192f0c1-7a10-7000-8000-000000000001"),
    channel=ContactChannel.EMAIL,
    address="invented@example.org",
    subject="就诊提醒",
    body="您已预约2026年03月20日 10:00在心内科就诊,请提前15分钟签到。",
    written_at=datetime(2026, 3, 17, 2, tzinfo=UTC),
)


class Mailbox:
    """What the server does with a letter: it keeps it, or answers as it is told."""

    def __init__(self, rcpt="250 OK", data="250 OK"):
        self.letters, self.rcpt, self.data = [], rcpt, data

    async def handle_RCPT(self, *given):  # noqa: N802 - the server's own name
        *_, envelope, address, _ = given
        envelope.rcpt_tos.append(address)
        return self.rcpt

    async def handle_DATA(self, server, _, envelope):  # noqa: N802 - the server's own name
        self.letters.append(email.message_from_bytes(envelope.content, policy=email.policy.default))
        if self.data is None:
            server.transport.abort()
        return self.data or "250 OK"


@contextmanager
def mail_server(mailbox):
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port = listener.getsockname()[1]
    controller = Controller(mailbox, hostname="127.0.0.1", port=port)
    controller.start()
    try:
        yield SmtpSender(
            MailServer(
                host="127.0.0.1", port=port, tls="none", user=None, password=None, sender="no-reply@hospital.example"
            )
        )
    finally:
        controller.stop()


async def test_a_letter_arrives_as_it_was_written_and_says_that_a_machine_wrote_it():
    mailbox = Mailbox()
    with mail_server(mailbox) as sender:
        assert await sender.send(MESSAGE) is Result.SENT
    (letter,) = mailbox.letters
    assert (letter["To"], letter["From"]) == ("invented@example.org", "no-reply@hospital.example")
    assert (letter["Subject"], letter["Auto-Submitted"]) == ("就诊提醒", "auto-generated")
    assert letter["Message-ID"] == f"<{MESSAGE.message_id}@hospital.example>"
    assert letter.get_content().strip() == MESSAGE.body


@pytest.mark.parametrize(
    ("mailbox", "result"),
    [
        (Mailbox(rcpt="550 no such mailbox"), Result.REFUSED),
        (Mailbox(rcpt="450 try later"), Result.DEFERRED),
        (Mailbox(data="554 refused"), Result.REFUSED),
        (Mailbox(data="451 try later"), Result.DEFERRED),
        (Mailbox(data=None), Result.UNKNOWN),
    ],
)
async def test_what_the_server_says_decides_whether_it_is_tried_again(mailbox, result):
    with mail_server(mailbox) as sender:
        assert await sender.send(MESSAGE) is result


async def test_a_server_that_is_away_or_speaks_no_tls_is_tried_again():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        away = MailServer(
            host="127.0.0.1",
            port=listener.getsockname()[1],
            tls="none",
            user=None,
            password=None,
            sender="no-reply@hospital.example",
        )
        assert await SmtpSender(away).send(MESSAGE) is Result.DEFERRED
    with mail_server(Mailbox()) as sender:
        strict = MailServer(
            host="127.0.0.1", port=sender.server.port, tls="starttls", user=None, password=None, sender=away.sender
        )
        assert await SmtpSender(strict).send(MESSAGE) is Result.DEFERRED


async def test_letters_go_out_side_by_side_without_stopping_the_loop():
    mailbox = Mailbox()
    with mail_server(mailbox) as sender:
        results = await asyncio.gather(*(sender.send(MESSAGE) for _ in range(4)))
    assert results == [Result.SENT] * 4
    assert len(mailbox.letters) == 4
