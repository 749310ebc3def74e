"""The lane's answers over HTTP: what the statement's outcomes mean, and what is said where there is no outcome."""

from fastapi import Response

from services.registration.booking.judging import Word
from services.registration.booking.refusals import Reason, endless
from services.registration.booking.taking import Outcome, Wording
from services.registration.patients.model import DECEASED
from shared.commands import key_reused, not_found, refused
from shared.problem import MEDIA_TYPE, problem
from shared.work import Missing

BAD_REQUEST = 400
AGAIN = {"Retry-After": "1"}

REFUSALS = DECEASED, *map(endless, Reason)
WORDING = Wording(
    words=[str(refusal.reason) for refusal in REFUSALS],
    texts=[bytes(refused(refusal).body).decode() for refusal in REFUSALS],
)
"""What the statement remembers, and we say, where a place is refused."""


def answer_of(outcome: Outcome) -> Response:
    """What is remembered under the key, or why nothing is."""
    match outcome.word:
        case Word.KEY_REUSED:
            return key_reused()
        case Word.PATIENT_MISSING:
            return not_found(Missing("patient"))
        case Word.SLOT_MISSING:
            return not_found(Missing("slot"))
        case _:
            assert outcome.status and outcome.answer  # noqa: S101, PT018 - the statement's promise
            kind = "application/json" if outcome.status < BAD_REQUEST else MEDIA_TYPE
            return Response(outcome.answer, outcome.status, media_type=kind)


def unknown() -> Response:
    """It may have taken effect or not: the database does not answer. The same key will tell."""
    remedy = "send it again with the same key: the answer says whether it took effect"
    return problem(503, "outcome-unknown", "The database did not answer", remedy=remedy, headers=AGAIN)


def busy() -> Response:
    """The queue is full; nothing was done."""
    remedy = "wait as long as Retry-After says and send it again with the same key"
    return problem(503, "busy", "Too many requests are waiting", remedy=remedy, headers=AGAIN)


def fault() -> Response:
    """The request cannot be carried out, whatever is done; nothing was done."""
    remedy = "check the values; if they are right, give the operator the X-Correlation-Id of the answer"
    return problem(500, "fault", "This request cannot be carried out", remedy=remedy)
