"""P3.offer: a place is given back in a session for which thousands wait, and is offered on when the answer comes."""

from collections.abc import Iterator
from contextlib import ExitStack
from time import perf_counter

import httpx

from shared.ids import new_id
from tests.bench import seeding
from tests.bench.figures import Row, percentile
from tests.bench.harness import Bench, rows_of
from tests.bench.rows.http import registration
from tests.bench.service import tokens

WAITING = 10_000
PLACES = 120
WARM = 20
FULL = """
INSERT INTO appointment (appointment_id, patient_id, session_id, clinic_id, slot_starts_at, slot_ends_at, ordinal,
    status, visit_type, channel, booked_at, version)
SELECT lpad(to_hex(number), 32, '0')::uuid, lpad(to_hex(number), 32, '0')::uuid, session_id, clinic_id, starts_at,
    ends_at, number, 'booked', 'outpatient', 'app', starts_at - interval '7 days', 1
FROM slot, generate_series(1, {places}) AS number;
UPDATE slot SET booked = {places}, last_ordinal = {places};
INSERT INTO waitlist_entry (entry_id, patient_id, clinic_id, session_id, earliest_on, latest_on, visit_type, channel,
    urgency, auto_accept, status, joined_at, lapses_at, version)
SELECT gen_random_uuid(), lpad(to_hex(1000 + number), 32, '0')::uuid, clinic_id, session_id, session_on, session_on,
    'outpatient', 'app', 1 + number * 7 % 4, false, 'waiting', starts_at - interval '8 days' + number * interval '1 s',
    starts_at, 1
FROM session, generate_series(1, {waiting}) AS number;
"""
OFFERED = "SELECT count(*) FROM waitlist_entry WHERE status = 'offered'"


def measure(bench: Bench) -> Iterator[Row]:
    """P3.offer."""
    took = offered(bench)
    yield Row(
        id="P3.offer", what=f"place given back → offered to the best of {WAITING:,}, p99", unit="ms", runs=len(took),
        value=percentile(took, 99), target="value <= 50",
    )  # fmt: skip


def offered(bench: Bench) -> list[float]:
    """Milliseconds of each cancellation by HTTP: when it is answered, the place is offered, durably."""
    template = seeding.registration(bench, "registration_waitlist", sessions=1, slots=1, places=PLACES)
    with ExitStack() as stack:
        url = stack.enter_context(bench.database(template))
        bench.execute(FULL.format(places=PLACES, waiting=WAITING), url)
        bench.execute("VACUUM ANALYZE", url)
        running = stack.enter_context(registration(bench, url))
        http = stack.enter_context(httpx.Client(base_url=f"http://127.0.0.1:{running.port}", trust_env=False))
        token = tokens(bench, "front-desk", 1)[0]
        took = [_give_back(http, token, number) for number in range(1, PLACES + 1)]
        if (made := rows_of(url, OFFERED)[0]["count"]) != PLACES:
            raise RuntimeError(f"{PLACES} places were given back, but {made} are offered")
    return took[WARM:]


def _give_back(http: httpx.Client, token: str, number: int) -> float:
    headers = {"Authorization": f"Bearer {token}", "Idempotency-Key": str(new_id())}
    path = f"/appointments/{seeding.numbered(number)}/cancellation"
    began = perf_counter()
    http.post(path, json={"reason": "patient"}, headers=headers).raise_for_status()
    return (perf_counter() - began) * 1000
