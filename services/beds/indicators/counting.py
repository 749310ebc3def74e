"""The statements that count a day and add days up.

Invariant: the running day and a closed one are counted by the same statement, `$1` to `$2`, on day `$3`. A period that
reaches over midnight belongs to each day with the part that lies in it; a bed is counted once at each midnight.
"""

NOW = "CASE WHEN reserved THEN 'R' ELSE status END"
URGENCY = "CASE WHEN r.triage IS NULL THEN r.admission_class ELSE 'L' || r.triage END"

PIECES = f"""
SELECT bed_no, status, least(ended_at, $2) - greatest(began_at, $1) AS lasted, ended_at >= $2 AS at_end
FROM bed_period WHERE ended_at > $1 AND began_at < $2
UNION ALL
SELECT bed_no, {NOW}, $2 - greatest(changed_at, $1), true FROM bed WHERE changed_at < $2
"""  # noqa: S608 - our own text
ARRIVALS = """
SELECT p.bed_no, p.ended_at, r.*
FROM bed_period p JOIN stay s USING (stay_id) JOIN admission_request r ON r.request_id = p.stay_id
WHERE p.status = 'R' AND p.followed_by = 'O' AND p.ended_at >= $1 AND p.ended_at < $2 AND s.admitted_at IS NOT NULL
"""

COUNT_WARDS = f"""
WITH place AS (
    SELECT bed_no, specialty, ward_id, campus_id FROM bed JOIN room USING (room_id) JOIN ward USING (ward_id)
), stood AS (
    SELECT ward_id, campus_id,
        sum(extract(epoch FROM lasted)) FILTER (WHERE status = 'O') AS occupied,
        sum(extract(epoch FROM lasted)) FILTER (WHERE status <> 'C') AS open,
        count(*) FILTER (WHERE at_end AND status = 'O') AS midnight_census,
        count(*) FILTER (WHERE at_end AND status <> 'C') AS open_at_midnight
    FROM ({PIECES}) piece JOIN place USING (bed_no) GROUP BY ward_id, campus_id
), came AS (
    SELECT ward_id, count(*) AS admissions,
        count(*) FILTER (WHERE a.specialty <> place.specialty) AS cross_ward,
        count(*) FILTER (WHERE a.campus_id <> place.campus_id) AS cross_campus,
        count(rw) AS rw_known, count(*) FILTER (WHERE rw > 2) AS rw_above_2
    FROM ({ARRIVALS}) a JOIN place USING (bed_no) GROUP BY ward_id
)
SELECT $3::date AS on_day, ward_id, campus_id, coalesce(admissions, 0)::integer AS admissions,
    coalesce(cross_ward, 0)::integer AS cross_ward, coalesce(cross_campus, 0)::integer AS cross_campus,
    coalesce(rw_known, 0)::integer AS rw_known, coalesce(rw_above_2, 0)::integer AS rw_above_2,
    (coalesce(occupied, 0) * 1000000)::bigint AS occupied, (coalesce(open, 0) * 1000000)::bigint AS open,
    midnight_census::integer, open_at_midnight::integer
FROM stood LEFT JOIN came USING (ward_id)
"""  # noqa: S608
COUNT_TIMES = f"""
WITH place AS (
    SELECT bed_no, ward_id, campus_id FROM bed JOIN room USING (room_id) JOIN ward USING (ward_id)
), arrival AS (
    SELECT bed_no, source, {URGENCY} AS urgency, extract(epoch FROM ended_at - requested_at) AS waited
    FROM ({ARRIVALS}) r
), taken (bed_no, kind, seconds) AS (
    SELECT bed_no, urgency, greatest(waited, 0) FROM arrival
    UNION ALL
    SELECT bed_no, 'boarding', greatest(waited, 0) FROM arrival WHERE source = 'emergency'
    UNION ALL
    SELECT p.bed_no, 'cleaning', extract(epoch FROM p.ended_at - least(p.began_at, CASE WHEN s.bed_id = bed.bed_id
        THEN s.left_at END))
    FROM bed_period p JOIN bed USING (bed_no)
    LEFT JOIN bed_period before ON before.bed_no = p.bed_no AND before.version = p.version - 1
    LEFT JOIN stay s ON s.stay_id = before.stay_id AND s.phase = 'left'
    WHERE p.status IN ('H', 'K') AND p.followed_by = 'U' AND p.ended_at >= $1 AND p.ended_at < $2
)
SELECT $3::date AS on_day, ward_id, kind, campus_id,
    array_agg(least(seconds, 2000000000)::integer ORDER BY seconds) AS seconds
FROM taken JOIN place USING (bed_no) GROUP BY ward_id, kind, campus_id
"""  # noqa: S608
COUNT_DISEASES = """
SELECT $3::date AS on_day, r.campus_id, split_part(r.diagnosis_code, '.', 1) AS disease, count(*)::integer AS requests,
    count(*) FILTER (WHERE s.phase <> 'expired' AND s.reserved_at < $2)::integer AS placed
FROM admission_request r LEFT JOIN stay s ON s.stay_id = r.request_id
WHERE r.requested_at >= $1 AND r.requested_at < $2 AND r.phase <> 'withdrawn' AND r.diagnosis_code IS NOT NULL
GROUP BY r.campus_id, disease
"""

CLOSE = """
INSERT INTO indicator_closed (on_day, closed_at) VALUES ($1, $2) ON CONFLICT DO NOTHING RETURNING on_day
"""
CLOSE_WARDS = f"""
INSERT INTO indicator_day (on_day, ward_id, campus_id, admissions, cross_ward, cross_campus, rw_known, rw_above_2,
    occupied, open, midnight_census, open_at_midnight)
{COUNT_WARDS}
"""
CLOSE_TIMES = f"INSERT INTO indicator_times (on_day, ward_id, kind, campus_id, seconds) {COUNT_TIMES}"
CLOSE_DISEASES = f"INSERT INTO disease_day (on_day, campus_id, disease, requests, placed) {COUNT_DISEASES}"

GROUP = "CASE $6::text WHEN 'ward' THEN ward_id WHEN 'campus' THEN campus_id ELSE 'total' END AS group_id"
GROUP_OF_DISEASES = "CASE $6::text WHEN 'campus' THEN campus_id ELSE 'total' END AS group_id"
DAY = "CASE WHEN $7::boolean THEN on_day END AS day"
WITHIN = "on_day BETWEEN $4 AND $5"

A_DAY = "86400000000::bigint"
IDLE = """
SELECT closed.on_day AS as_on, day::date AS on_day
FROM (
    SELECT on_day, lead(on_day) OVER (ORDER BY on_day) AS next_on FROM indicator_closed WHERE on_day <= $5
) closed, generate_series(
    greatest(closed.on_day + 1, $4)::timestamp, least(closed.next_on - 1, $5, $3::date - 1)::timestamp, '1 day'
) day
"""
READ_WARDS = f"""
WITH counted AS (
    SELECT on_day, ward_id, campus_id, admissions, cross_ward, cross_campus, rw_known, rw_above_2, occupied, open,
        midnight_census, open_at_midnight
    FROM indicator_day WHERE {WITHIN}
    UNION ALL
    SELECT idle.on_day, ward_id, campus_id, 0, 0, 0, 0, 0, midnight_census * {A_DAY}, open_at_midnight * {A_DAY},
        midnight_census, open_at_midnight
    FROM ({IDLE}) idle JOIN indicator_day ON indicator_day.on_day = idle.as_on
    UNION ALL
    SELECT * FROM ({COUNT_WARDS}) running
)
SELECT {GROUP}, {DAY}, count(DISTINCT on_day) AS days, sum(admissions) AS admissions, sum(cross_ward) AS cross_ward,
    sum(cross_campus) AS cross_campus, sum(rw_known) AS rw_known, sum(rw_above_2) AS rw_above_2,
    sum(occupied) AS occupied, sum(open) AS open, sum(midnight_census) AS midnight_census,
    sum(open_at_midnight) AS open_at_midnight
FROM counted GROUP BY 1, 2 ORDER BY 1, 2
"""  # noqa: S608
SPREAD = """
count(*) AS count, percentile_cont(0.5) WITHIN GROUP (ORDER BY seconds) AS median,
percentile_cont(0.9) WITHIN GROUP (ORDER BY seconds) AS p90, max(seconds) AS most
"""
READ_TIMES = f"""
WITH counted AS (
    SELECT on_day, ward_id, kind, campus_id, seconds FROM indicator_times WHERE {WITHIN}
    UNION ALL
    SELECT * FROM ({COUNT_TIMES}) running
), single AS (
    SELECT {GROUP}, {DAY}, kind, unnest(seconds) AS seconds FROM counted
)
SELECT group_id, day, kind, {SPREAD} FROM single GROUP BY 1, 2, 3
"""  # noqa: S608
READ_DISEASES = f"""
WITH counted AS (
    SELECT on_day, campus_id, disease, requests, placed FROM disease_day WHERE {WITHIN}
    UNION ALL
    SELECT * FROM ({COUNT_DISEASES}) running
), disease AS (
    SELECT {GROUP_OF_DISEASES}, on_day, disease, sum(placed) = sum(requests) AS cleared FROM counted GROUP BY 1, 2, 3
)
SELECT group_id, {DAY}, count(*)::integer AS disease_days, (count(*) FILTER (WHERE cleared))::integer AS cleared
FROM disease GROUP BY 1, 2
"""  # noqa: S608
STILL_WAITING = f"""
WITH waiting AS (
    SELECT {URGENCY} AS kind, greatest(extract(epoch FROM $1 - r.requested_at), 0) AS seconds
    FROM admission_request r WHERE r.phase = 'waiting'
)
SELECT kind, {SPREAD} FROM waiting GROUP BY kind
"""  # noqa: S608
WARDS_NOW = """
SELECT ward_id, campus_id, count(DISTINCT bed_no)::integer AS open_beds, array_agg(DISTINCT bed.specialty) AS homes,
    array_agg(DISTINCT takes) AS accepted,
    array_agg(DISTINCT bed.specialty) FILTER (WHERE cardinality(overflow) > 0) AS sharing_homes
FROM bed JOIN room USING (room_id) JOIN ward USING (ward_id), unnest(bed.specialty || overflow) AS takes
WHERE status <> 'C' GROUP BY ward_id, campus_id ORDER BY ward_id
"""
FIRST_CHANGE = "SELECT min(ended_at) FROM bed_period WHERE $1::timestamptz IS NULL OR ended_at >= $1"
OCCUPIED_AT = """
SELECT ward_id, count(*)::integer AS beds
FROM (
    SELECT bed_no FROM bed_period WHERE status = 'O' AND began_at <= $1 AND ended_at > $1
    UNION ALL
    SELECT bed_no FROM bed WHERE status = 'O' AND changed_at <= $1
) lying JOIN bed USING (bed_no) JOIN room USING (room_id)
GROUP BY ward_id
"""
