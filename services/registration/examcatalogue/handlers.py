"""What can be asked of the exam catalogue: one function a use case. Load, decide, save; the edge commits."""

from collections.abc import Collection, Mapping, Sequence

from services.registration.examcatalogue import files, store
from services.registration.examcatalogue.model import (
    UNKNOWN_ITEM,
    Catalogue,
    ExamDevice,
    ExamItem,
    ExamRule,
    ImportReport,
    Network,
    Preparation,
    Reason,
    Rejected,
    instructions,
)
from shared.decision import Refused
from shared.work import Missing, Work
from shared.zones import is_zone

Line = ExamItem | ExamRule | Preparation | ExamDevice


async def import_items(lines: Mapping[int, ExamItem], rejected: Sequence[Rejected], work: Work) -> ImportReport:
    """Take the items whose preparations are known; every other line is reported, beside those `rejected` before."""
    known = {one.preparation_code for one in await store.preparations(work)}
    return await _take(lines, [*rejected, *files.unknown(lines, "preparations", known)], work)


async def import_rules(lines: Mapping[int, ExamRule], rejected: Sequence[Rejected], work: Work) -> ImportReport:
    """Take the rules; whatever carries their tags follows them from the next plan on."""
    return await _take(lines, rejected, work)


async def import_preparations(
    lines: Mapping[int, Preparation], rejected: Sequence[Rejected], work: Work
) -> ImportReport:
    """Take the preparations."""
    return await _take(lines, rejected, work)


async def import_devices(lines: Mapping[int, ExamDevice], rejected: Sequence[Rejected], work: Work) -> ImportReport:
    """Take the devices whose items are known. What is booked on them stays as it is."""
    known = {one.item_code for one in await store.items(work)}
    return await _take(lines, [*rejected, *files.unknown(lines, "items", known)], work)


async def put_network(network: Network, work: Work) -> Network | Refused:
    """The hospital's zone and the ways between its campuses are as they are written here from now on."""
    if not is_zone(network.zone):
        return Refused(reason=Reason.ZONE_UNKNOWN, remedy="give an IANA time zone, such as Asia/Shanghai")
    await store.put_network(work, network)
    return network


async def items(work: Work) -> list[ExamItem]:
    """All items, by code."""
    return await store.items(work)


async def items_by_code(codes: Collection[str], work: Work) -> dict[str, ExamItem]:
    """Those of these items that there are."""
    return {one.item_code: one for one in await store.items(work, codes)}


async def devices(work: Work) -> list[ExamDevice]:
    """All devices, by id."""
    return await store.devices(work)


async def rules(work: Work) -> list[ExamRule]:
    """All rules, by id."""
    return await store.rules(work)


async def preparations(work: Work) -> list[Preparation]:
    """All preparations, by code."""
    return await store.preparations(work)


async def network(work: Work) -> Network:
    """The hospital's zone and ways; `Missing` before they were written."""
    found = await store.network(work)
    if found is None:
        raise Missing("exam-network", "the one")
    return found


async def zone(work: Work) -> str:
    """The hospital's zone; UTC before it was written."""
    network = await store.network(work)
    return network.zone if network else "UTC"


async def told(item_codes: Collection[str], conditions: Collection[str], work: Work) -> list[Preparation]:
    """What a patient with these conditions is told before these exams."""
    found = await items_by_code(item_codes, work)
    ordered = [found[code] for code in item_codes if code in found]
    known = await store.preparations(work, {code for item in ordered for code in item.preparations})
    return instructions(ordered, conditions, {one.preparation_code: one for one in known})


async def catalogue(codes: Collection[str], work: Work) -> Catalogue | Refused:
    """Everything that planning these items asks for."""
    found = await items_by_code(codes, work)
    if set(found) != set(codes):
        return UNKNOWN_ITEM
    network = await store.network(work)
    if network is None:
        return Refused(reason=Reason.NETWORK_MISSING, remedy="write zone and ways with PUT /exam-network first")
    modalities = {item.modality.value for item in found.values()}
    return Catalogue(
        items=found,
        rules=tuple(await store.rules(work)),
        devices=tuple(await store.devices(work, modalities)),
        network=network,
    )


async def devices_by_id(device_ids: Collection[str], work: Work) -> dict[str, ExamDevice]:
    """Those of these devices that there are."""
    return {one.device_id: one for one in await store.devices_by_id(work, device_ids)}


async def _take(lines: Mapping[int, Line], rejected: Sequence[Rejected], work: Work) -> ImportReport:
    bad = {one.line for one in rejected}
    good = [one for line, one in lines.items() if line not in bad]
    await store.write(work, good)
    ordered = sorted(rejected, key=lambda one: one.line)
    return ImportReport(imported=len(good), rejected_rows=tuple(ordered))
