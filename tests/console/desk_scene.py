"""Six patients at the coordinator's desk, in events: each with something else still to be done."""

from datetime import timedelta
from uuid import UUID

from shared.ids import new_id
from shared.inbox import Record
from shared.messages import Event
from shared.messages.beds.allocation import BedProposed
from shared.messages.beds.coordination import ReservationAnswered
from shared.messages.beds.emergency import EmergencyLimitNear, EmergencyLimitPassed
from shared.messages.beds.inventory import BedState
from shared.messages.beds.preparation import PreparationChanged
from shared.messages.beds.requests import AdmissionQueued, AdmissionWithdrawn
from shared.messages.beds.stays import BedReserved
from shared.messages.followup.callbacks import CallBackDue, CallBackRecorded
from shared.messages.registration.exams import AdmissionExamsBooked, AdmissionExamsUnplanned
from tests.console.scene import AFTERNOON, Scene

BED, WARD = "main/M-CA/07/1", "M-CA"


class AtTheDesk:
    """One patient and what is said of them; every saying is the next version of its own aggregate."""

    def __init__(self, scene: Scene, specialty: str = "cardiology", tier: int = 1, hours: float = 30) -> None:
        self.scene = scene
        self.ids: dict[str, UUID] = {"request_id": new_id(), "patient_id": new_id()}
        self._versions: dict[str, int] = {}
        queued_at = scene.at - timedelta(hours=hours)
        self._say(AdmissionQueued, specialty=specialty, campus_id="main", tier=tier, queued_at=queued_at)

    def proposed(self) -> None:
        """A round has a bed."""
        self._say(BedProposed, bed_id=BED, ward_id=WARD, score=61.4, policy_version="2026-1", proposed_at=self.scene.at)

    def reserved(self) -> None:
        """A bed is kept, and stands so."""
        held = self.scene.at + timedelta(hours=4)
        stay = {"stay_id": self.ids["request_id"], "patient_id": self.ids["patient_id"]}
        place = {"bed_id": BED, "ward_id": WARD, "campus_id": "main"}
        self.scene.say(BedReserved(**stay, **place, held_until=held, aggregate_version=1))
        state = BedState(
            **stay, **place, room_id="main/M-CA/07", status="U", reserved=True, changed_at=self.scene.at,
            aggregate_version=2,
        )  # fmt: skip
        self.scene.say(state)

    def answered(self, answer: str) -> None:
        """What the patient says to the bed."""
        self._say(ReservationAnswered, bed_id=BED, answer=answer, self_service=True, answered_at=self.scene.at)

    def prepared(self, still_open: int, *missing: str) -> None:
        """How far the admission is prepared."""
        self._say(PreparationChanged, items=12, open=still_open, missing=missing)

    def call_due(self, hours: float) -> None:
        """A call has come up; it is late in so many hours."""
        late_at = self.scene.at + timedelta(hours=hours)
        due = {"due_at": self.scene.at - timedelta(hours=20), "late_at": late_at, "next_due_at": None}
        self._say(CallBackDue, call_back_id=new_id(), occurrence=1, **due)

    def called(self, outcome: str, status: str = "completed") -> None:
        """Somebody has tried."""
        tried = {"outcome": outcome, "status": status, "recorded_at": self.scene.at, "next_due_at": None}
        self._say(CallBackRecorded, call_back_id=new_id(), **tried)

    def exams(self, *, booked: bool) -> None:
        """The exams have places, or have none."""
        if booked:
            self._say(AdmissionExamsBooked, exams=2, last_ends_at=self.scene.at)
        else:
            self._say(AdmissionExamsUnplanned, exams=2, reason="no-plan")

    def limit(self, kind: type[EmergencyLimitNear | EmergencyLimitPassed]) -> None:
        """The time in the emergency room is nearly over, or over."""
        clock = {"since": self.scene.at - timedelta(minutes=60), "limit_at": self.scene.at + timedelta(minutes=12)}
        self._say(kind, room="resuscitation", triage=1, **clock)

    def withdrawn(self) -> None:
        """The patient waits no more."""
        self._say(AdmissionWithdrawn, reason="patient-wish", withdrawn_at=self.scene.at)

    def _say(self, kind: type[Event], **fields: object) -> None:
        aggregate = kind.subject[0]
        version = self._versions[aggregate] = self._versions.get(aggregate, 0) + 1
        self.scene.say(kind(**self.ids, **fields, aggregate_version=version))


def desk() -> list[Record]:
    """Everything that the page can show, on six lines; the seventh patient is gone."""
    scene = Scene(at=AFTERNOON)
    boarding = AtTheDesk(scene, "emergency-medicine", tier=0, hours=1)
    boarding.limit(EmergencyLimitNear)
    urgent = AtTheDesk(scene, "neurology", tier=0, hours=3)
    urgent.proposed()
    late = AtTheDesk(scene, "general-surgery", hours=28)
    late.call_due(-4)
    worse = AtTheDesk(scene, "cardiology", hours=200)
    worse.call_due(2)
    worse.called("condition_worse")
    worse.prepared(8, "id-check", "wristband", "admission-consent", "risk-assessment")
    unplanned = AtTheDesk(scene, "orthopaedics", hours=300)
    unplanned.exams(booked=False)
    unplanned.call_due(2)
    unplanned.called("unreachable", "failed")
    expected = AtTheDesk(scene, "cardiology", hours=400)
    expected.reserved()
    expected.answered("confirmed")
    expected.exams(booked=True)
    expected.call_due(3)
    expected.called("reached")
    expected.prepared(4, "id-check", "wristband")
    AtTheDesk(scene).withdrawn()
    return scene.records
