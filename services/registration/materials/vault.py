"""Between quarantine and store: scan what has come, and keep what is clean.

No transaction waits for the scanner or the store longer than for a part. A scan that dies with its process is tried
again after its lease, and writing the same bytes under the same key twice does no harm.

Invariant: a material becomes available only after its scan said clean and the store has all of it.
"""

from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from uuid import UUID

from services.registration.materials import handlers, model
from services.registration.materials.model import Material, RejectReason, State
from services.registration.materials.ports import ObjectStore, Scanner, Unavailable, Verdict
from shared.clock import Clock
from shared.database import Database
from shared.log import logger
from shared.telemetry import Oldest, Telemetry

log = logger(__name__)


def quarantine_age(telemetry: Telemetry, clock: Clock) -> Oldest:
    """How long the oldest material waits in quarantine, as a metric."""
    about = "Age of the oldest material that is not scanned yet"
    return Oldest(telemetry, clock, "journey_quarantine_age_seconds", about, handlers.quarantined_since)


@dataclass(frozen=True, slots=True, kw_only=True)
class Vault:
    """The scanner and the store that the hospital has."""

    objects: ObjectStore | None
    scanner: Scanner | None

    @property
    def may_scan(self) -> bool:
        """Whether the hospital has named both; without one of them nothing leaves quarantine."""
        return self.objects is not None and self.scanner is not None

    async def read(self, material_id: UUID) -> AsyncIterator[bytes]:
        """The bytes of an available material. Raises `Unavailable`."""
        if self.objects is None:
            raise Unavailable("no store of materials is set any more")
        async for piece in self.objects.read(str(material_id)):
            yield piece

    async def scan_due(self, database: Database, _: int) -> int:
        """Scan the next that is due. Returns how many: one a round, so that no other timer waits for more than one."""
        async with database.work() as work:
            claimed = await handlers.claim_scan(work)
        if claimed is None:
            return 0
        outcome = await self._outcome(database, claimed)
        async with database.work() as work:
            present = await handlers.material_for_change(claimed.material_id, work)
            if present.state is State.QUARANTINED:
                await handlers.keep(outcome(present, work.now), work)
        return 1

    async def _outcome(self, database: Database, claimed: Material) -> Callable[..., Material]:
        """What becomes of it."""
        assert self.objects is not None and self.scanner is not None  # noqa: S101, PT018 - the timer runs only then
        try:
            if await self.scanner.scan(_parts(database, claimed.material_id)) is Verdict.INFECTED:
                return lambda present, now: model.reject(present, RejectReason.INFECTED, now)
            content = _parts(database, claimed.material_id)
            await self.objects.put(str(claimed.material_id), content, claimed.media_type or "")
        except Unavailable:
            log.warning("material-unscanned", attempt=claimed.scans)
            return model.unscanned
        return model.cleared


async def _parts(database: Database, material_id: UUID) -> AsyncIterator[bytes]:
    """The bytes, each part read in a transaction of its own."""
    offset = 0
    while True:
        async with database.work() as work:
            part = await handlers.part_at(material_id, offset, work)
        if part is None:
            return
        offset += len(part)
        yield part
