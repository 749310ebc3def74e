"""Whatever is done to a ward in whatever order: the database, a model in plain Python and the events tell the same."""

import asyncio
from collections import defaultdict
from datetime import timedelta
from itertools import count

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from services.beds.app import SERVICE
from tests.adapters.beds import wards
from tests.adapters.beds.bed_life import LIES, PEOPLE, ROOMS, Ward, folded

STEP = timedelta(minutes=1)
BOUNDS = settings(
    max_examples=14,
    stateful_step_count=30,
    derandomize=True,
    database=None,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)
WARDS = count(1)
SENSIBLE = 40
PICK = st.integers(0, 47)
USES = """
SELECT bed_id, bed_use.stay_id, lower(during) AS since, upper(during) AS until FROM bed_use JOIN bed USING (bed_no)
JOIN room USING (room_id) WHERE ward_id = $1 AND NOT isempty(during)
"""
WRONG = """
SELECT 1 FROM stay LEFT JOIN bed USING (stay_id)
WHERE (phase IN ('admitted', 'reserved')) <> (bed.bed_id IS NOT NULL) OR bed.bed_id <> stay.bed_id
"""


def test_database_model_and_events_tell_the_same_whatever_is_done(run_service):
    with asyncio.Runner() as runner:
        running = run_service(SERVICE)
        service = runner.run(running.__aenter__())
        try:
            run_state_machine_as_test(lambda: BedLife(runner, service), settings=BOUNDS)
        finally:
            runner.run(running.__aexit__(None, None, None))


class BedLife(RuleBasedStateMachine):
    """A ward of its own a run, in one database."""

    def __init__(self, runner, service):
        super().__init__()
        self.runner, self.service = runner, service
        self.ward_id = f"east/W{next(WARDS)}"
        runner.run(self._begin())
        self.ward = Ward(service.clock.now())

    async def _begin(self):
        name = self.ward_id.partition("/")[2]
        lines = [
            f"east,{name},cardiology,,{room},{number + 1},U,{policy},,,adult,none,"
            for room, (policy, size) in ROOMS.items()
            for number in range(size)
        ]
        assert (await wards.import_beds(self.service, lines)).json()["added"] == len(lines)
        self.ids = [(await wards.comes(self.service, sex=sex)).request_id for sex in PEOPLE]

    def _do(self, granted, coroutine):
        """One command a minute; the service grants it exactly if the model does."""
        answer = self.runner.run(coroutine)
        assert (answer.status_code in (200, 201)) is granted, answer.text
        assert granted or answer.status_code in (404, 409)

    def _tick(self, step=STEP):
        self.service.clock.advance(step)
        self.ward.now = self.service.clock.now()

    def _bed(self, bed):
        return f"{self.ward_id}/{bed}"

    def _stay(self, pick, phase):
        """Mostly somebody for whom it makes sense, now and then anybody."""
        fitting = [number for number, stay in enumerate(self.ward.stays) if stay.phase == phase]
        return fitting[pick % len(fitting)] if fitting and pick < SENSIBLE else pick % len(PEOPLE)

    def _place(self, pick, statuses):
        """Mostly a bed with which it makes sense, now and then any."""
        names = sorted(self.ward.beds)
        fitting = [name for name in names if self.ward.beds[name].status in statuses]
        return fitting[pick % len(fitting)] if fitting and pick < SENSIBLE else names[pick % len(names)]

    @initialize()
    def a_woman_and_two_men_lie_there(self):
        for stay, bed in ((0, "01/1"), (1, "02/1"), (3, "03/1")):
            self._tick()
            self._do(self.ward.reserve(stay, bed), wards.reserve(self.service, self.ids[stay], self._bed(bed)))
            self._do(self.ward.admit(stay), wards.admit(self.service, self.ids[stay]))

    @rule(pick=PICK, place=PICK)
    def reserve(self, pick, place):
        self._tick()
        stay, bed = self._stay(pick, "waiting"), self._place(place, "U")
        self._do(self.ward.reserve(stay, bed), wards.reserve(self.service, self.ids[stay], self._bed(bed)))

    @rule(pick=PICK)
    def admit(self, pick):
        self._tick()
        stay = self._stay(pick, "reserved")
        self._do(self.ward.admit(stay), wards.admit(self.service, self.ids[stay]))

    @rule(pick=PICK, place=PICK)
    def transfer(self, pick, place):
        self._tick()
        stay, bed = self._stay(pick, "admitted"), self._place(place, "U")
        self._do(self.ward.transfer(stay, bed), wards.transfer(self.service, self.ids[stay], self._bed(bed)))

    @rule(pick=PICK, second=PICK)
    def swap(self, pick, second):
        self._tick()
        one, other = self._stay(pick, "admitted"), self._stay(second, "admitted")
        self._do(self.ward.swap(one, other), wards.swap(self.service, self.ids[one], self.ids[other]))

    @rule(pick=PICK)
    def leave(self, pick):
        self._tick()
        stay = self._stay(pick, "admitted")
        self._do(self.ward.leave(stay), wards.leave(self.service, self.ids[stay]))

    @rule(pick=PICK, what=st.sampled_from(["reservation", "admission", "transfer", "transfer", "leave", "leave"]))
    def take_back(self, pick, what):
        self._tick()
        phase = {"reservation": "reserved", "leave": "left"}.get(what, "admitted")
        moved = [number for number, stay in enumerate(self.ward.stays) if stay.previous is not None]
        stay = moved[0] if what == "transfer" and moved else self._stay(pick, phase)
        decide = getattr(self.ward, "undo_leave" if what == "leave" else f"cancel_{what}")
        self._do(decide(stay), wards.take_back(self.service, self.ids[stay], what))

    @rule(place=PICK, what=st.sampled_from(["cleaned", "cleaned", "contamination", "closing", "opening"]))
    def bed_command(self, place, what):
        self._tick()
        decide, of = {
            "cleaned": (self.ward.clean, "HK"),
            "contamination": (self.ward.contaminate, "UH"),
            "closing": (self.ward.close, "UHK"),
            "opening": (self.ward.open, "C"),
        }[what]
        bed = self._place(place, of)
        role = "coordinator" if what in ("closing", "opening") else "ward-nurse"
        self._do(decide(bed), self.service.command("POST", f"/beds/{self._bed(bed)}/{what}", role=role))

    @rule(hours=st.sampled_from([5, 25]))
    def time_passes(self, hours):
        self._tick(timedelta(hours=hours))
        self.runner.run(self.service.fire("reservation-expiry"))
        self.ward.expire()

    @invariant()
    def the_database_is_as_the_model_says(self):
        numbers = {str(stay_id): number for number, stay_id in enumerate(self.ids)}
        shown = self.runner.run(self.service.get("/beds", role="viewer", ward_id=self.ward_id)).json()
        assert {
            bed["bed_id"].removeprefix(f"{self.ward_id}/"): (
                bed["status"],
                bed["reserved"],
                numbers.get(bed["stay_id"]),
            )
            for bed in shown
        } == {name: bed.shown for name, bed in self.ward.beds.items()}
        uses = self.runner.run(self.service.sql(USES, self.ward_id))
        assert {(use["bed_id"], use["stay_id"], use["since"], use["until"]) for use in uses} == {
            (self._bed(use.bed), self.ids[use.stay], use.since, use.until) for use in self.ward.uses
        }
        assert self.runner.run(self.service.sql(WRONG)) == []

    def teardown(self):
        """The events alone give the same picture; each bed's versions rise by one. Then the outbox is emptied."""
        everything = self.runner.run(self.service.said())
        said = [event for event in everything if getattr(event, "bed_id", "").startswith(f"{self.ward_id}/")]
        expected = {
            stay_id: (stay.phase, self._bed(stay.bed) if stay.phase in LIES else None)
            for stay_id, stay in zip(self.ids, self.ward.stays, strict=True)
        }
        picture = folded(said)
        assert {stay_id: picture.get(stay_id, ("waiting", None)) for stay_id in self.ids} == expected
        versions, last = defaultdict(list), {}
        for event in said:
            if event.type == "beds.bed-state.v1":
                versions[event.bed_id].append(event.aggregate_version)
                last[event.bed_id] = (event.status, event.reserved, event.stay_id)
        assert all(seen == list(range(1, len(seen) + 1)) for seen in versions.values())
        assert last == {
            self._bed(name): (bed.shown[0], bed.shown[1], None if bed.stay is None else self.ids[bed.stay])
            for name, bed in self.ward.beds.items()
        }
        self.runner.run(self.service.sql("DELETE FROM outbox"))
