"""Tables of weights and procedures, what they change in a score, and each department's CMI from settled stays."""

from datetime import UTC, date, datetime, timedelta

import pytest

from services.beds.app import SERVICE
from services.beds.casemix import table_content
from services.beds.casemix.model import Kind
from services.beds.scoring.table_file import NoTable
from shared.ids import new_id
from shared.messages.discharge.settlement import Settled
from tests.adapters.beds.test_rounds import rounds
from tests.adapters.beds.wards import SMALL, comes, explanation, import_beds, requested

WEIGHTS = "drg,relative_weight,title\nFM13,2.25,one\nFM15,,no weight yet\n"


async def load(service, content, kind="drg-weights", version="chs-drg-1.1", name="Chengdu 2026", valid_from=None):
    """Load a table."""
    heading = {"kind": kind, "name": name, "version": version, "valid_from": str(valid_from or date(2026, 1, 1))}
    headers = {**service.headers("back-office"), "Idempotency-Key": str(new_id()), "Content-Type": "text/csv"}
    return await service.client.post("/reference-tables", params=heading, content=content.encode(), headers=headers)


async def ranked(service):
    """Request → its terms and where its RW comes from."""
    found = (await service.get("/requests", role="coordinator")).json()
    terms = {one["request"]["request_id"]: {term["name"]: term for term in one["terms"]} for one in found}
    return terms, {one["request"]["request_id"]: one["rw_source"] for one in found}


def settled(event, at) -> Settled:
    """The insurance centre has settled a stay."""
    figures = dict.fromkeys(
        ("lines_total_fen", "in_scope_fen", "fund_pay_fen", "patient_pay_fen", "account_pay_fen", "cash_fen"), 0
    )
    return Settled(
        stay_id=event.request_id,
        patient_id=event.patient_id,
        settlement_id=new_id(),
        pack="sample",
        pack_version="1",
        settled_at=at,
        aggregate_version=9,
        **figures,
    )


async def test_a_loaded_weight_counts_before_the_requests_own_and_none_is_the_median(beds):
    loaded = await load(beds, WEIGHTS)
    assert (loaded.status_code, loaded.json()["codes"]) == (201, 2)
    listed = await comes(beds, drg="FM13", drg_version="chs-drg-1.1", rw=0.7)
    other_version = await comes(beds, drg="FM13", drg_version="chs-drg-1.0r", rw=0.7)
    open_group = await comes(beds, drg="FM15", drg_version="chs-drg-1.1", rw=None)
    terms, sources = await ranked(beds)
    assert [sources[str(one.request_id)] for one in (listed, other_version, open_group)] == [
        "table", "request", "median",
    ]  # fmt: skip
    values = [terms[str(one.request_id)]["rw"]["value"] for one in (listed, other_version, open_group)]
    assert values == [(2.25 - 0.5) / 3.5, (0.7 - 0.5) / 3.5, ((2.25 + 0.7) / 2 - 0.5) / 3.5]
    assert [terms[str(one.request_id)]["rw"]["assumed"] for one in (listed, open_group)] == [False, True]


async def test_the_table_in_force_is_the_latest_whose_day_has_come(beds):
    event = await comes(beds, drg="FM13", drg_version="chs-drg-1.1", rw=None)
    await load(beds, "drg,relative_weight\nFM13,1.5\n", name="2025", valid_from=date(2025, 1, 1))
    await load(beds, "drg,relative_weight\nFM13,2.0\n", name="2026")
    await load(beds, "drg,relative_weight\nFM13,3.0\n", name="2027", valid_from=date(2027, 1, 1))
    terms, _ = await ranked(beds)
    assert terms[str(event.request_id)]["rw"]["value"] == (2.0 - 0.5) / 3.5
    again = await load(beds, WEIGHTS, name="2026")
    assert again.json()["code"] == "table-exists"
    assert len((await beds.get("/reference-tables", role="viewer")).json()) == 3


async def test_the_catalogue_decides_what_is_of_level_4(beds):
    plain = await comes(beds, procedure_code="37.51", level4=False)
    claimed = await comes(beds, procedure_code="47.01", level4=True)
    assert {one["l4"]["value"] for one in (await ranked(beds))[0].values()} == {0.0, 1.0}
    await load(beds, "procedure,title\n37.51,heart\n", kind="level-4", version="sample")
    terms, _ = await ranked(beds)
    assert [terms[str(one.request_id)]["l4"]["value"] for one in (plain, claimed)] == [1.0, 0.0]


async def test_a_table_with_a_bad_line_is_refused_whole_line_by_line(beds):
    refused = await load(beds, "drg,relative_weight\nFM13,2\nFM13,3\nFM 1,0\n")
    assert refused.status_code == 422
    assert [one["field"] for one in refused.json()["fields"]] == [
        "line 3: drg", "line 4: drg", "line 4: relative_weight",
    ]  # fmt: skip
    assert (await beds.get("/reference-tables", role="viewer")).json() == []
    with pytest.raises(NoTable, match="missing column"):
        table_content.read(Kind.LEVEL_4, b"code\n1\n")


async def test_a_departments_cmi_comes_from_its_settled_stays_each_counted_once(run_service, tmp_path):
    policy = tmp_path / "policy.json"
    policy.write_text('{"version": "ours", "case_mix_stays": 2}')
    async with run_service(SERVICE, bed_policy=policy) as service:
        await import_beds(service, SMALL)
        noon = service.clock.now()
        heavy = [await comes(service, rw=rw, department_cmi=0.6) for rw in (3.0, 1.0)]
        light = [await comes(service, specialty="surgery", rw=rw) for rw in (0.5, 0.5, None)]
        events = [settled(one, noon) for one in (*heavy, *light)]
        await service.deliver(*events, times=2)
        assert (await service.get("/case-mix", role="viewer")).json()["departments"] == []
        service.clock.advance(timedelta(hours=5))
        assert await service.fire("case-mix") == 2
        mix = (await service.get("/case-mix", role="viewer")).json()
        assert mix["hospital_cmi"] == 5.0 / 4
        assert [(one["specialty"], one["stays"], one["weighted"], one["cmi"]) for one in mix["departments"]] == [
            ("cardiology", 2, 2, 2.0),
            ("surgery", 3, 2, 0.5),
        ]
        late = settled(await comes(service), datetime(2026, 3, 2, 17, tzinfo=UTC))
        await service.deliver(late)
        await rounds(service)
        cmi = (await ranked(service))[0][str(heavy[0].request_id)]["cmi"]
        assert (cmi["value"], cmi["assumed"]) == (1.0, False)
        proposal = (await explanation(service, heavy[0].request_id))["proposal"]
        assert {term["name"]: term["value"] for term in proposal["terms"]}["cmi"] == 1.0


async def test_the_policy_that_is_valid_now_scores(run_service, tmp_path):
    for version, valid_from in (("old", "2026-01-01"), ("new", "2026-03-03"), ("later", "2027-01-01")):
        text = f'{{"version": "{version}", "valid_from": "{valid_from}"}}'
        (tmp_path / f"{version}.json").write_text(text)
    async with run_service(SERVICE, bed_policy=tmp_path) as service:
        await comes(service)
        versions = [(await service.get("/requests", role="viewer")).json()[0]["policy_version"]]
        service.clock.advance(timedelta(hours=4))
        versions.append((await service.get("/requests", role="viewer")).json()[0]["policy_version"])
        assert versions == ["old", "new"]
        listed = (await service.get("/bed-policies", role="viewer")).json()
        assert {one["version"]: one["in_force"] for one in listed} == {"old": False, "new": True, "later": False}


async def test_a_stay_that_is_settled_before_its_request_is_heard_of_counts_all_the_same(beds):
    event = requested(beds.clock.now(), rw=2.0)
    await beds.deliver(settled(event, beds.clock.now()))
    await beds.deliver(event)
    (case,) = await beds.sql("SELECT specialty, rw, rw_source FROM settled_case")
    assert case == {"specialty": "cardiology", "rw": 2.0, "rw_source": "request"}
