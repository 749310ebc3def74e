"""Whom a freed place suits is found on the indexes of those who wait, however many there are."""

import re

from services.registration.waitlist.store import BEST, UNASKED
from tests.adapters.registration.waiting import FullSession
from tests.support.service import NOON

CROWD = """
INSERT INTO waitlist_entry (entry_id, patient_id, clinic_id, session_id, earliest_on, latest_on, visit_type, channel,
    urgency, auto_accept, status, joined_at, lapses_at, version)
SELECT gen_random_uuid(), gen_random_uuid(), clinic_id, CASE WHEN number % 3 > 0 THEN session_id END, session_on,
    session_on, 'outpatient', 'app', 1 + number % 4, false, 'waiting', $1::timestamptz + number * interval '1 s',
    starts_at, 1
FROM session, generate_series(1, 10000) AS number
"""


async def test_a_place_for_ten_thousand_finds_its_entry_without_looking_at_them(registration):
    session = await FullSession.of(registration)
    await registration.service.sql(CROWD, NOON)
    connection = await registration.service.database.driver()
    await connection.execute("VACUUM ANALYZE")
    day = (await connection.fetchrow("SELECT session_on FROM session"))["session_on"]
    await connection.execute(
        f"SET plan_cache_mode = force_generic_plan; SET enable_seqscan = off; PREPARE best AS {BEST}"
    )
    await connection.execute(f"PREPARE unasked AS {UNASKED}")
    unasked = await connection.fetch(f"EXPLAIN EXECUTE unasked ('{NOON.isoformat()}', 100)")
    assert "Index Scan using ix_waitlist_entry_unasked" in unasked[0][0] + unasked[1][0]
    arguments = f"'{session.slot.session_id}', '{session.clinic_id}', '{day}', '{{}}'"
    rows = await connection.fetch(f"EXPLAIN (ANALYZE, TIMING OFF) EXECUTE best ({arguments})")
    await connection.close()
    plan = "\n".join(row[0] for row in rows)
    for index in ("ix_waitlist_entry_session_rank", "ix_waitlist_entry_clinic_rank"):
        assert f"Index Scan using {index}" in plan
    assert re.findall(r"Seq Scan on", plan) == []
    assert max(int(float(found)) for found in re.findall(r"actual rows=([\d.]+)", plan)) <= 2
