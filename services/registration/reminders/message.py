"""What a reminder or notice says: when and where, what to prepare. It names neither the patient nor why they come."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID
from zoneinfo import ZoneInfo

from services.registration.patients.model import Contact, ContactChannel
from services.registration.reminders.model import Notice, Reminder, Visit

DAY = {"zh": "%Y年%m月%d日", "en": "%d/%m/%Y"}
INSTANT = {"zh": "%Y年%m月%d日 %H:%M", "en": "%d/%m/%Y at %H:%M"}
AND = {"zh": "、", "en": " and "}


@dataclass(frozen=True, slots=True, kw_only=True)
class Text:
    """Subject and body with places to fill in."""

    subject: str
    body: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Preparation:
    """What to do before a visit of that type, or in a clinic of that specialty."""

    visit_type: str | None
    specialty: str | None
    words: dict[str, str]

    def is_for(self, visit_type: str, specialty: str) -> bool:
        """Whether it is meant for this visit."""
        return self.visit_type in {None, visit_type} and self.specialty in {None, specialty}


@dataclass(frozen=True, slots=True, kw_only=True)
class Texts:
    """A text a language, for appointments and for exams, before them and of notices; and preparations for clinics."""

    texts: dict[str, Text]
    exams: dict[str, Text]
    notices: dict[Notice, dict[str, Text]]
    exam_notices: dict[Notice, dict[str, Text]]
    preparations: tuple[Preparation, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """What goes out, once. `message_id` is the reminder's: what comes twice can be told from what is new."""

    message_id: UUID
    channel: ContactChannel
    address: str
    subject: str
    body: str
    written_at: datetime


def message(reminder: Reminder, visit: Visit, contact: Contact, texts: Texts, now: datetime) -> Message:
    """The reminder in the patient's language, on the clock of the place. The contact has a channel."""
    if contact.channel is None or contact.address is None:
        raise ValueError("nobody is written to who does not want it")
    text = _text(reminder, visit, texts)[contact.language]
    zone = ZoneInfo(visit.zone)
    at = visit.starts_at.astimezone(zone)
    body = text.body.format(
        day=at.strftime(DAY[contact.language]),
        time=at.strftime("%H:%M"),
        place=visit.place.get(contact.language, ""),
        preparation=visit.preparation.get(contact.language, ""),
        was=_instants(reminder.instead_of, zone, contact.language),
    )
    return Message(
        message_id=reminder.reminder_id,
        channel=contact.channel,
        address=contact.address,
        subject=text.subject,
        body=" ".join(body.split()),
        written_at=now,
    )


def _text(reminder: Reminder, visit: Visit, texts: Texts) -> dict[str, Text]:
    usual, notices = (texts.texts, texts.notices) if visit.order_id is None else (texts.exams, texts.exam_notices)
    return notices[Notice(reminder.rung)] if reminder.rung in set(Notice) else usual


def _instants(instants: Sequence[datetime], zone: ZoneInfo, language: str) -> str:
    return AND[language].join(one.astimezone(zone).strftime(INSTANT[language]) for one in instants)
