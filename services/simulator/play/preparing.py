"""Preparing an admission: the patient answers by app, the ward does what lacks on arrival."""

from services.simulator.play.suite import Suite

PATIENT_APP = "patient-app"
WARD_NURSE = "ward-nurse"


async def prepare(suite: Suite, stay: str) -> None:
    """The patient confirms the reserved bed and does what they can; the ward nurse does the rest of what keeps out."""
    confirmed = {"answer": "confirmed"}
    await suite.command(
        "beds", f"/desk/requests/{stay}/answer", confirmed, role=PATIENT_APP, wish=f"confirm bed {stay}"
    )
    lacking = (await suite.get("beds", f"/preparation/{stay}", role=WARD_NURSE))["keeps_out"]
    listed = (await suite.get("beds", "/preparation/items", role=WARD_NURSE))["items"]
    items = [item for item in listed if item["code"] in lacking]
    by_app = [item["code"] for item in items if item["self_service"]]
    by_ward = [item["code"] for item in items if not item["self_service"] and item["consent"] is None]
    for codes, role in ((by_app, PATIENT_APP), (by_ward, WARD_NURSE)):
        if codes:
            marks = {"marks": [{"item": code, "state": "done"} for code in codes]}
            await suite.command("beds", f"/preparation/{stay}/marks", marks, role=role, wish=f"prepare {role} {stay}")
    for consent in [item["consent"] for item in items if item["consent"]]:
        given = {"consent": consent, "decision": "given"}
        wish = f"consent {consent} {stay}"
        await suite.command("beds", f"/preparation/{stay}/consents", given, role=WARD_NURSE, wish=wish)
