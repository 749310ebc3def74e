"""The statements behind forecasts and what-ifs: what they are made from, and how they are scored."""

WARDS = """
SELECT ward_id, campus_id, (count(bed_id) FILTER (WHERE status <> 'C'))::integer AS open_beds
FROM ward LEFT JOIN room USING (ward_id) LEFT JOIN bed USING (room_id) GROUP BY ward_id, campus_id ORDER BY ward_id
"""
NIGHTS = "(({until} AT TIME ZONE $2)::date - ({since} AT TIME ZONE $2)::date)"
LYING = f"""
SELECT s.ward_id, s.specialty, r.drg, {NIGHTS.format(until="$1::timestamptz", since="s.admitted_at")} AS nights,
    r.expected_days
FROM stay s JOIN admission_request r ON r.request_id = s.stay_id
WHERE s.phase = 'admitted' ORDER BY s.stay_id
"""  # noqa: S608 - our own text
ENDED = f"""
SELECT r.drg, s.specialty, s.ward_id, {NIGHTS.format(until="s.left_at", since="s.admitted_at")} AS nights,
    extract(hour FROM s.left_at AT TIME ZONE $2)::integer AS hour, count(*)::integer AS stays
FROM stay s JOIN admission_request r ON r.request_id = s.stay_id
WHERE s.phase = 'left' AND s.left_at >= $1 GROUP BY 1, 2, 3, 4, 5
"""  # noqa: S608
SINCE = "$1::timestamptz - $2::integer * interval '1 week'"
CAME = f"""
WITH came AS (SELECT ward_id, admitted_at AT TIME ZONE $3 AS at FROM stay WHERE admitted_at >= {SINCE})
SELECT ward_id, ((extract(isodow FROM at) - 1) * 24 + extract(hour FROM at))::integer AS hour_of_week,
    ($1::timestamptz AT TIME ZONE $3)::date - at::date AS days_ago, count(*)::integer AS patients
FROM came GROUP BY 1, 2, 3
"""  # noqa: S608
FIRST_CAME = f"SELECT min(admitted_at) FROM stay WHERE admitted_at >= {SINCE}"  # noqa: S608

PATIENT = """
r.request_id, r.specialty, r.campus_id, r.reachable_campuses, r.sex, r.age_years, r.triage, r.admission_class,
r.requested_at, r.rw, r.level4, r.department_cmi, r.social_points, r.needs, r.isolation, r.expected_days, r.immediate,
r.drg
"""
OCCUPANTS = f"""
SELECT {PATIENT}, s.bed_id,
    {NIGHTS.format(until="$1::timestamptz", since="coalesce(s.admitted_at, $1::timestamptz)")} AS nights
FROM stay s JOIN admission_request r ON r.request_id = s.stay_id
WHERE s.phase IN ('reserved', 'admitted') ORDER BY r.request_id
"""  # noqa: S608
WAITING = f"""
SELECT {PATIENT} FROM admission_request r
WHERE phase = 'waiting'
    AND NOT EXISTS (SELECT FROM bed_use u WHERE u.patient_id = r.patient_id AND upper_inf(u.during))
ORDER BY r.request_id
"""  # noqa: S608
RECENT = f"""
SELECT {PATIENT} FROM admission_request r
WHERE requested_at >= {SINCE} AND phase <> 'withdrawn' ORDER BY requested_at DESC, request_id LIMIT $3
"""  # noqa: S608

KEEP = "INSERT INTO forecast (made_at) VALUES ($1) RETURNING forecast_id"
KEEP_LINES = """
INSERT INTO forecast_line (forecast_id, scope, group_id, hours_ahead, target_at, open_beds, occupied_mean, occupied_low,
    occupied_high, leavers_mean, leavers_low, leavers_high)
SELECT $1, scope, group_id, hours_ahead, $2::timestamptz + hours_ahead * interval '1 hour', open_beds, occupied_mean,
    occupied_low, occupied_high, leavers_mean, leavers_low, leavers_high
FROM json_to_recordset($3::json) AS line (scope text, group_id text, hours_ahead integer, open_beds integer,
    occupied_mean float8, occupied_low integer, occupied_high integer, leavers_mean float8, leavers_low integer,
    leavers_high integer)
"""
LINES = """
SELECT scope, group_id, hours_ahead, open_beds, occupied_mean, occupied_low, occupied_high, leavers_mean, leavers_low,
    leavers_high
FROM forecast_line WHERE forecast_id = $1 AND ($2::text IS NULL OR scope = $2) AND ($3::text IS NULL OR group_id = $3)
ORDER BY scope, group_id, hours_ahead
"""
FIRST_UNSCORED = "SELECT min(target_at) FROM forecast_line WHERE occupied_then IS NULL"
SCORE = """
WITH outcome AS (
    SELECT 'ward' AS scope, ward_id AS group_id, beds FROM unnest($2::text[], $3::integer[]) AS given (ward_id, beds)
    UNION ALL
    SELECT 'campus', campus_id, sum(beds) FROM unnest($2::text[], $3::integer[]) AS given (ward_id, beds)
        JOIN ward USING (ward_id) GROUP BY campus_id
    UNION ALL
    SELECT 'hospital', 'hospital', sum(beds) FROM unnest($2::text[], $3::integer[]) AS given (ward_id, beds)
), scored AS (
    UPDATE forecast_line line SET occupied_then = coalesce(
        (SELECT beds FROM outcome WHERE outcome.scope = line.scope AND outcome.group_id = line.group_id), 0)
    WHERE target_at = $1 AND occupied_then IS NULL RETURNING 1
)
SELECT count(*)::integer FROM scored
"""
CALIBRATION = """
SELECT scope, hours_ahead, count(*)::integer AS scored,
    avg((occupied_then BETWEEN occupied_low AND occupied_high)::integer)::float8 AS inside,
    avg(occupied_mean - occupied_then)::float8 AS bias,
    avg(abs(occupied_mean - occupied_then))::float8 AS mean_absolute_error
FROM forecast_line WHERE occupied_then IS NOT NULL GROUP BY scope, hours_ahead ORDER BY scope, hours_ahead
"""
