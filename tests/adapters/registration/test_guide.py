"""The guide over HTTP: clinics that exist, and nothing kept of who asked."""

from urllib.parse import urlsplit

CASE = {"symptoms": ["chest-pain"], "age_months": 600, "sex": "M", "hours": 12}


async def ask(registration, **changes):
    headers = registration.service.headers("patient-app")
    return await registration.service.client.post("/guide/advice", json=CASE | changes, headers=headers)


async def test_a_suggestion_names_clinics_that_exist_and_where_their_free_slots_are(registration):
    slot = await registration.slot(days=1)
    advice = (await ask(registration)).json()
    assert (advice["level"], advice["rules"], advice["version"]) == ("hospital", ["chest-pain"], "2026-11")
    (cardiology,) = advice["suggestions"]
    (clinic,) = cardiology["clinics"]
    link = urlsplit(clinic["slots"])
    found = await registration.service.client.get(
        f"{link.path}?{link.query}", headers=registration.service.headers("patient-app")
    )
    assert str(slot.session_id) in {one["session_id"] for one in found.json()["slots"]}


async def test_a_specialty_without_a_clinic_is_named_all_the_same(registration):
    advice = (await ask(registration, symptoms=["toothache"])).json()
    assert [(way["specialty"], way["clinics"]) for way in advice["suggestions"]] == [("oral-surgery", [])]


async def test_a_red_flag_leaves_nothing_but_the_emergency_department(registration):
    await registration.slot()
    advice = (await ask(registration, symptoms=["chest-pain", "cold-sweat", "cough"])).json()
    assert (advice["level"], advice["suggestions"]) == ("emergency", [])
    assert [flag["rule"] for flag in advice["red_flags"]] == ["chest-pain-acute"]
    assert "120" in advice["advice_zh"]


async def test_a_code_that_the_guide_does_not_know_is_refused_and_not_passed_over(registration):
    answer = await ask(registration, symptoms=["chest-pain", "aura-colour"])
    assert answer.status_code == 422
    assert answer.json()["fields"][0]["field"] == "symptoms"
    assert "aura" not in answer.text


async def test_every_symptom_has_both_names(registration):
    told = (await registration.service.get("/guide/symptoms", role="patient-app")).json()
    assert all(one["name_zh"] and one["name_en"] for one in told["symptoms"])
    assert (await ask(registration, symptoms=[one["code"] for one in told["symptoms"]][:30])).status_code == 200


async def test_nothing_of_the_question_is_kept(registration):
    before = await registration.service.sql("SELECT count(*) AS rows FROM command")
    await ask(registration)
    assert await registration.service.sql("SELECT count(*) AS rows FROM command") == before
    assert await registration.service.said() == []
