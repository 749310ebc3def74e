"""Who may read a material, and what is written down of everybody who asks.

Records are read by the staff who treat the patient (医疗机构病历管理规定 of 2013, article 15); who they are is ours to
say. The treating side of a material is
- the clinics in whose sessions its patient has an appointment, and the clinicians who sit in these sessions: booked,
  displaced, arrived or completed, ahead or of the last 90 days;
- the clinic that its application is addressed to, unless that is declined or withdrawn;
- the clinician who decided this application.
Any other clinician may break the glass (紧急访问) with a reason. Whoever asks is in the trail before they are answered.
"""

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum

from shared.decision import Denied

TREATED_FOR = timedelta(days=90)
"""How long after an appointment its clinic may still read what the patient brought along. [P]"""


class Purpose(StrEnum):
    """Why somebody reads. HL7 v3 PurposeOfUse TREAT and BTG; FHIR AuditEvent.purposeOfEvent."""

    TREATMENT = "treatment"
    BREAK_GLASS = "break-glass"


class Outcome(StrEnum):
    """What came of asking: a link, the bytes, or a no."""

    LINKED = "linked"
    READ = "read"
    REFUSED = "refused"


class Reason(StrEnum):
    """Why a caller was denied it."""

    CLINICS_CLAIM_MISSING = "clinics-claim-missing"
    NOT_TREATING = "not-treating"
    OTHER_CLINIC = "other-clinic"
    LINK_INVALID = "link-invalid"


CLAIM = "let the token issuer say in the claim `clinics` which clinics you work for, and sign in again"
REMEDIES = {
    Reason.NOT_TREATING: "leave it to those who treat the patient; in an emergency"
    " POST /materials/{material_id}/break-glass with your reason",
    Reason.OTHER_CLINIC: "leave it to the clinic that it is addressed to, or ask them to redirect it",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Clinician:
    """Who asks: the token's subject, their id in the schedules, and the clinics they work for (None: not said)."""

    subject: str
    practitioner: str | None
    clinics: frozenset[str] | None

    def denied(self, reason: Reason) -> Denied:
        """The denial with its remedy; a token that does not say the clinics is told so first."""
        remedy = REMEDIES[reason]
        if self.clinics is None:
            return Denied(reason=Reason.CLINICS_CLAIM_MISSING, remedy=f"{CLAIM}; else {remedy}")
        return Denied(reason=reason, remedy=remedy)

    def denied_in(self, clinic_id: str) -> Denied | None:
        """Why they do not decide for the clinic, or None where they work for it."""
        works_there = self.clinics is not None and clinic_id in self.clinics
        return None if works_there else self.denied(Reason.OTHER_CLINIC)


INVALID_LINK = Denied(
    reason=Reason.LINK_INVALID,
    remedy="it has ended or is somebody else's; ask for one: POST /materials/{material_id}/links",
)
