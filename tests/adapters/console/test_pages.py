"""Who gets to see the pages, with what headers, and what bad input gets."""

from uuid import UUID

import httpx
import pytest

from services.console.app import SERVICE
from services.registration.app import SERVICE as REGISTRATION
from shared.auth import COOKIE, routes_without_rule
from shared.hosting import application
from tests.adapters.console.test_projection import take
from tests.console.scene import AFTERNOON, PATIENT, whole_journey
from tests.support.service import ServiceFactory, ServiceUnderTest

NAME = "Invented Person"
UNKNOWN = "00000000-0000-7000-8000-000000000000"


@pytest.fixture
async def console(run_service: ServiceFactory):
    async with run_service(SERVICE, at=AFTERNOON) as service:
        await take(service, whole_journey())
        yield service


def test_every_route_says_who_may():
    assert routes_without_rule(application(SERVICE)) == []


@pytest.mark.parametrize("path", ["/", "/patients", f"/patients/{PATIENT}", "/live?after=0&lang=en"])
async def test_who_is_not_signed_in_is_sent_to_sign_in(console: ServiceUnderTest, path):
    answer = await console.client.get(path)

    assert answer.status_code == 303
    assert answer.headers["location"].startswith("/login")


async def test_a_viewers_token_of_the_stack_opens_the_pages(console: ServiceUnderTest):
    console.host.app.state.viewer_token = console.token("viewer")

    answer = await console.client.get("/", headers={"Accept-Language": "en"})

    assert answer.status_code == 200
    assert "Hospital now" in answer.text


async def test_an_app_of_one_patient_may_not_see_the_hospital(console: ServiceUnderTest):
    answer = await console.get("/", role="patient-app")

    assert answer.status_code == 403
    assert answer.headers["content-type"].startswith("text/html")


async def test_signing_in_puts_the_token_where_scripts_cannot_read_it(console: ServiceUnderTest):
    token = console.token("viewer")

    answer = await console.client.post("/login", data={"token": token, "next": "/patients"})

    assert (answer.status_code, answer.headers["location"]) == (303, "/patients")
    cookie = answer.headers["set-cookie"]
    assert cookie.startswith(f"{COOKIE}={token}")
    assert {"HttpOnly", "SameSite=lax"} <= {part.strip() for part in cookie.split(";")}
    assert (await console.client.get("/patients")).status_code == 200


@pytest.mark.parametrize("token", ["nonsense", "a.b.c", "é" * 40])
async def test_a_bad_token_is_refused_in_words(console: ServiceUnderTest, token):
    answer = await console.client.post("/login", data={"token": token}, headers={"Accept-Language": "en"})

    assert answer.status_code == 401
    assert "This is no token." in answer.text
    assert token not in answer.text


async def test_a_token_without_a_role_for_these_pages_is_refused_at_the_door(console: ServiceUnderTest):
    answer = await console.client.post("/login", data={"token": console.token("patient-app")})

    assert answer.status_code == 403
    assert "set-cookie" not in answer.headers


async def test_a_form_from_another_site_is_refused(console: ServiceUnderTest):
    headers = {"Sec-Fetch-Site": "cross-site"}

    answer = await console.client.post("/login", data={"token": console.token("viewer")}, headers=headers)

    assert answer.status_code == 403


@pytest.mark.parametrize("target", ["https://elsewhere.example", "//elsewhere.example", "/\\elsewhere.example", "x"])
async def test_no_form_leads_away_from_this_site(console: ServiceUnderTest, target):
    answer = await console.client.post("/language", data={"lang": "en", "next": target})

    assert (answer.status_code, answer.headers["location"]) == (303, "/")


async def test_the_chosen_language_is_remembered(console: ServiceUnderTest):
    await console.client.post("/language", data={"lang": "en", "next": "/"})

    answer = await console.get("/", role="viewer")

    assert '<html lang="en">' in answer.text


async def test_signing_out_forgets_the_token(console: ServiceUnderTest):
    await console.client.post("/login", data={"token": console.token("viewer")})
    await console.client.post("/logout")

    assert (await console.client.get("/")).status_code == 303


async def test_every_page_is_locked_to_this_site_and_kept_by_nobody(console: ServiceUnderTest):
    for path in ("/", "/patients", f"/patients/{PATIENT}", "/login"):
        answer = await console.get(path, role="viewer")
        policy = answer.headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "unsafe" not in policy
        assert answer.headers["cache-control"] == "no-store"
        assert "http://" not in answer.text.replace("http://www.w3.org/2000/svg", "")
        assert "https://" not in answer.text


@pytest.mark.parametrize(
    ("path", "asked"),
    [(f"/patients/{UNKNOWN}", {}), ("/patients/nobody", {}), (f"/patients/{PATIENT}", {"service": "canteen"})],
)
async def test_what_is_not_there_is_said_on_a_page(console: ServiceUnderTest, path, asked):
    answer = await console.get(path, role="viewer", **asked)

    assert answer.status_code == 404
    assert answer.headers["content-type"].startswith("text/html")


async def test_an_id_leads_to_its_journey_and_nonsense_is_named(console: ServiceUnderTest):
    found = await console.get("/patients", role="viewer", find=f" {PATIENT} ")
    wrong = await console.get("/patients", role="viewer", find="<script>")

    assert (found.status_code, found.headers["location"]) == (303, f"/patients/{PATIENT}")
    assert wrong.status_code == 422
    assert "<script>" not in wrong.text


async def test_a_file_is_kept_for_ever_under_an_address_of_its_own(console: ServiceUnderTest):
    address = console.host.app.state.files.address("console.css")

    answer = await console.client.get(address)

    assert answer.headers["content-type"] == "text/css; charset=utf-8"
    assert "immutable" in answer.headers["cache-control"]
    assert (await console.client.get("/static/app.py")).status_code == 404


@pytest.mark.parametrize(("role", "shown"), [("front-desk", True), ("viewer", False), ("operator", False)])
async def test_a_name_is_shown_to_those_whom_registration_tells_it(
    console: ServiceUnderTest, run_service: ServiceFactory, role, shown
):
    async with run_service(REGISTRATION) as registration:
        await register(registration)
        transport = httpx.ASGITransport(registration.host.app)
        async with httpx.AsyncClient(transport=transport, base_url="http://registration") as client:
            console.host.app.state.registration = client
            answer = await console.get(f"/patients/{PATIENT}/name", role=role)

    assert (NAME in answer.text) is shown


async def test_without_registration_the_page_is_there_and_the_name_is_not(console: ServiceUnderTest):
    async with httpx.AsyncClient(base_url="http://127.0.0.1:1", trust_env=False) as nobody:
        console.host.app.state.registration = nobody
        answer = await console.get(f"/patients/{PATIENT}/name", role="front-desk")

    assert (answer.status_code, answer.text.strip()) == (200, "")


async def register(registration: ServiceUnderTest) -> UUID:
    body = {"patient_id": str(PATIENT), "name": NAME, "sex": "F", "born_on": "1961-05-09", "insutype": "310"}
    answer = await registration.command("POST", "/patients", role="front-desk", body=body)
    assert answer.status_code == 201
    return PATIENT
