"""The rules of a journey: causes before effects, chains in order, nothing lost and nothing twice."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from services.console.journey.drawing import draw
from services.console.journey.model import Cause, Chain, Run, causes_elsewhere, journey
from services.console.projection.model import Happening

START = datetime(2026, 3, 2, 8, tzinfo=UTC)
CHARGE = "discharge.charge-posted.v1"


def happening(number: int, type_: str, cause: str | int, *, minutes: int | None = None, **fields) -> Happening:
    event_id = UUID(int=number)
    return Happening(
        event_id=event_id,
        position=number,
        type=type_,
        occurred_at=START + timedelta(minutes=number if minutes is None else minutes),
        patient_id=UUID(int=999),
        subject="x/1",
        correlation_id="c",
        causation_id=str(UUID(int=cause)) if isinstance(cause, int) else cause,
        fields=fields,
    )


def types(chain: Chain) -> list[str]:
    return [step.happening.type for step in chain.walk()]


STORY = [
    happening(1, "discharge.patient-left.v1", "command:leave"),
    happening(2, "beds.bed-released.v1", 1),
    happening(3, "followup.plan-opened.v1", 1),
    happening(4, "followup.task-due.v1", 4),
    happening(5, "registration.appointment-booked.v1", 3),
]


def test_effects_stand_under_their_cause_and_what_time_brings_stands_alone():
    left, due = journey(STORY, {}, None)

    assert types(left) == [
        "discharge.patient-left.v1",
        "beds.bed-released.v1",
        "followup.plan-opened.v1",
        "registration.appointment-booked.v1",
    ]
    assert (left.cause, due.cause) == (Cause.COMMAND, Cause.TIME)


@given(st.permutations(STORY))
def test_the_order_of_reading_changes_nothing(shuffled):
    assert journey(shuffled, {}, None) == journey(STORY, {}, None)


def test_a_cause_comes_first_even_where_its_clock_is_behind():
    cause = happening(9, "beds.patient-admitted.v1", "command:admit", minutes=5)
    effect = happening(2, "discharge.account-opened.v1", 9, minutes=4)

    (chain,) = journey([effect, cause], {}, None)

    assert types(chain) == ["beds.patient-admitted.v1", "discharge.account-opened.v1"]


def test_events_of_one_command_are_one_chain():
    (chain,) = journey([happening(1, "a.x.v1", "command:k"), happening(2, "a.y.v1", "command:k")], {}, None)

    assert len(chain.steps) == 2


def test_a_filter_keeps_an_effect_under_the_nearest_cause_that_is_shown():
    story = [
        happening(1, "beds.a.v1", "command:k"),
        happening(2, "discharge.b.v1", 1),
        happening(3, "beds.c.v1", 2),
        happening(4, "beds.d.v1", 3),
    ]

    (chain,) = journey(story, {}, "beds")

    first, second, third = chain.walk()
    assert (first.after_hidden, second.after_hidden, third.after_hidden) == (False, True, False)
    assert first.effects == [second]


def test_a_filtered_chain_without_a_shown_cause_keeps_what_began_it():
    story = [happening(1, "beds.a.v1", "command:k"), happening(2, "discharge.b.v1", 1)]

    (chain,) = journey(story, {}, "discharge")

    assert (chain.cause, chain.steps[0].after_hidden) == (Cause.COMMAND, True)


def test_a_cause_in_another_patients_events_is_named():
    story = [happening(2, "beds.bed-proposed.v1", 77)]

    assert causes_elsewhere(story) == [UUID(int=77)]
    (chain,) = journey(story, {UUID(int=77): "beds.bed-status-changed.v1"}, None)
    assert (chain.cause, chain.cause_type) == (Cause.EVENT, "beds.bed-status-changed.v1")


def test_many_like_events_in_a_row_are_one_line_with_their_sum():
    story = [happening(number, CHARGE, f"command:{number}", amount_fen=100) for number in range(1, 6)]

    (run,) = journey(story, {}, None)

    assert isinstance(run, Run)
    assert (run.type, len(run.chains), run.amount_fen) == (CHARGE, 5, 500)


def test_three_like_events_are_shown_one_by_one():
    story = [happening(number, CHARGE, f"command:{number}", amount_fen=100) for number in range(1, 4)]

    assert [type(one) for one in journey(story, {}, None)] == [Chain, Chain, Chain]


def test_causes_that_run_in_a_circle_do_not_hang():
    story = [happening(1, "beds.a.v1", 2), happening(2, "beds.b.v1", 1)]

    assert sorted(name for chain in journey(story, {}, None) for name in types(chain)) == ["beds.a.v1", "beds.b.v1"]


def test_the_drawing_has_a_dot_an_event_and_a_curve_an_effect():
    drawing = draw(journey(STORY, {}, None))

    assert (len(drawing.dots), len(drawing.links)) == (5, 3)
    assert {dot.service: dot.y for dot in drawing.dots} == dict(drawing.lanes)
