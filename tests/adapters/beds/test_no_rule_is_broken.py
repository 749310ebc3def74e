"""Whatever is commanded and whatever happens, in any order: no hard rule is broken but by an override that names it."""

from datetime import timedelta

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from services.beds.scoring import policy_file
from tests.adapters.beds.test_choices import choose
from tests.adapters.beds.wards import accept, admit, comes, died, import_beds, left, reserve, transfer

CHILD = policy_file.default().paediatric_below
HOSPITAL = [
    "east,C1,cardiology,surgery,01,1,U,single,,oxygen,adult,none,",
    "east,C1,cardiology,surgery,01,2,U,single,,oxygen,adult,none,",
    "east,C1,cardiology,surgery,02,1,U,mixed,,,adult,contact,",
    "west,K1,paediatrics,cardiology,01,1,U,single,,,paediatric,none,",
    "west,K1,paediatrics,cardiology,01,2,U,single,,,paediatric,none,",
    "west,D1,surgery,,01,1,U,single,,day-surgery,any,none,",
    "west,D1,surgery,,01,2,U,single,,day-surgery,any,none,",
]
EVERY_ROW = """
DO $$ BEGIN
    ALTER TABLE consent DISABLE TRIGGER USER;
    ALTER TABLE preparation_mark DISABLE TRIGGER USER;
    TRUNCATE bed_use, stay, proposal, unplaced, bed_decision, admission_request, bed, room, ward, round_wanted,
        bed_round, round_asked, outbox, inbox, command CASCADE;
    ALTER TABLE consent ENABLE TRIGGER USER;
    ALTER TABLE preparation_mark ENABLE TRIGGER USER;
END $$
"""
PAIRS = """
SELECT request.*, bed.specialty AS home, bed.overflow, room.room_id, room.sex_policy, room.age_group,
    room.isolation AS precautions, room.attributes, ward.campus_id AS campus, pair.overridden_rule
FROM ({pairs}) AS pair JOIN admission_request AS request USING (request_id)
JOIN bed USING (bed_id) JOIN room USING (room_id) JOIN ward USING (ward_id)
"""
USED = """
SELECT stay.stay_id AS request_id, bed.bed_id, stay.overridden_rule FROM bed_use
JOIN stay USING (stay_id) JOIN bed USING (bed_no) WHERE upper_inf(during)
"""
PROPOSED = "SELECT request_id, bed_id, NULL AS overridden_rule FROM proposal"

patient = st.fixed_dictionaries(
    {
        "specialty": st.sampled_from(("cardiology", "cardiology", "surgery", "paediatrics")),
        "reachable_campuses": st.sampled_from(((), ("west",))),
        "sex": st.sampled_from("FMFMU"),
        "age_years": st.sampled_from((50, 50, 5)),
        "admission_class": st.sampled_from(("A", "A", "day")),
        "immediate": st.booleans(),
        "needs": st.sampled_from(((), (), (), ("oxygen",))),
        "isolation": st.sampled_from(("none", "none", "none", "contact")),
        "expected_days": st.just(1),
    }
)
which = st.integers(0, 9)
comers = st.lists(st.tuples(st.just("comes"), patient, which), min_size=3, max_size=6)
step = st.one_of(
    st.tuples(st.just("comes"), patient, which),
    st.tuples(st.sampled_from(("round", "accept", "accept", "admit", "admit")), which, which),
    st.tuples(st.sampled_from(("round", "morning", "leave", "clean", "die", "wait")), which, which),
    st.tuples(st.sampled_from(("choose", "override", "reserve", "transfer", "close", "automatic")), which, which),
)


class Hospital:
    """The service with those who have come, and every step that somebody could take."""

    def __init__(self, service) -> None:
        self.service = service
        self.events = []
        self.beds = ["/".join((*line.split(",")[:2], *line.split(",")[4:6])) for line in HOSPITAL]

    async def take(self, name, first, second):
        """One step; a refusal is as good an answer as any."""
        if name == "comes":
            self.events.append(await comes(self.service, **first))
        elif name in ("round", "morning"):
            await self.service.fire("bed-round" if name == "round" else "morning-round")
        elif name == "accept":
            for proposal in (await self.service.get("/proposals", role="viewer")).json()[first % 3 :][:1]:
                await accept(self.service, proposal["request_id"])
        elif name == "wait":
            self.service.clock.advance(timedelta(hours=first * 3))
            await self.service.fire("reservation-expiry")
        else:
            await self.answer(name, self.events[first % len(self.events)] if self.events else None, second)

    async def answer(self, name, event, second):
        """Steps that are about a patient or a bed."""
        service, bed = self.service, self.beds[second % len(self.beds)]
        if name in ("clean", "close"):
            role, verb = ("ward-nurse", "cleaned") if name == "clean" else ("coordinator", "closing")
            await service.command("POST", f"/beds/{bed}/{verb}", role=role)
        elif name == "automatic":
            await service.command("PUT", "/wards/east/C1/mode", role="coordinator", body={"auto_accept": second > 4})
        elif event is not None:
            steps = {
                "admit": lambda: admit(service, event.request_id),
                "leave": lambda: service.deliver(left(event, service.clock.now())),
                "die": lambda: service.deliver(died(event, service.clock.now().date())),
                "choose": lambda: choose(service, (event.request_id, bed)),
                "override": lambda: choose(service, (event.request_id, bed), broken_rule="sex"),
                "reserve": lambda: reserve(service, event.request_id, bed),
                "transfer": lambda: transfer(service, event.request_id, bed),
            }
            await steps[name]()


def broken(pair):
    """The rules of bed-rules §2 that a patient in a bed breaks, put here in other words than the service's."""
    child, day = pair["age_years"] < CHILD, pair["admission_class"] == "day"
    rules = {
        "specialty": pair["specialty"] in (pair["home"], *pair["overflow"]),
        "campus": pair["campus"] in (pair["campus_id"], *pair["reachable_campuses"]),
        "day-surgery": day is ("day-surgery" in pair["attributes"]),
        "age": pair["age_group"] in ("any", "paediatric" if child else "adult"),
        "isolation": pair["isolation"] == pair["precautions"],
        "equipment": set(pair["needs"]) <= set(pair["attributes"]),
        "sex": pair["sex"] != "U" or pair["sex_policy"] == "mixed",
    }
    return {rule for rule, kept in rules.items() if not kept} - {pair["overridden_rule"]}


def mixed(pairs):
    """Single-sex rooms with two sexes in them, named exceptions left out."""
    sexes = {}
    for pair in pairs:
        if pair["sex_policy"] == "single" and pair["overridden_rule"] != "sex":
            sexes.setdefault(pair["room_id"], set()).add(pair["sex"])
    return {room for room, present in sexes.items() if len(present) > 1}


@settings(max_examples=18, deadline=None, suppress_health_check=list(HealthCheck), database=None, derandomize=True)
@given(first=comers, steps=st.lists(step, min_size=10, max_size=20))
async def test_no_hard_rule_is_ever_broken(empty, first, steps):
    await empty.sql(EVERY_ROW)
    await import_beds(empty, HOSPITAL)
    hospital = Hospital(empty)
    for name, one, other in (*first, ("round", 0, 0), *steps):
        await hospital.take(name, one, other)
        used = await empty.sql(PAIRS.format(pairs=USED))
        assert [pair for pair in used if broken(pair) and pair["overridden_rule"] is None] == []
        assert mixed(used) == set()
        assert len({pair["patient_id"] for pair in used}) == len(used)
        if name in ("round", "morning"):
            proposed = await empty.sql(PAIRS.format(pairs=PROPOSED))
            assert [pair for pair in proposed if broken(pair)] == []
            assert mixed(used + proposed) == set()
