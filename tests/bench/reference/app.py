"""What a usual FastAPI service does: SQLModel rows, a session per request, `FOR UPDATE`, commit. The bar for P2 and P3.

Written as the documentation of FastAPI and SQLModel teaches, on asyncpg and the same tables with the same constraints:
an idempotency row and an outbox row in the booking's transaction. It checks no token, which is in its favour.
Run with uvicorn on uvloop and httptools, as our services are.
"""

import hashlib
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Annotated
from uuid import UUID, uuid4

import uvicorn
from fastapi import Depends, FastAPI, Header, HTTPException, Response
from pydantic import AwareDatetime, BaseModel
from sqlalchemy import BigInteger, Column, DateTime, Identity, make_url
from sqlalchemy.ext.asyncio import create_async_engine
from sqlmodel import Field, SQLModel, select
from sqlmodel.ext.asyncio.session import AsyncSession

POOL = 32


class Patient(SQLModel, table=True):
    """Who books."""

    patient_id: UUID = Field(primary_key=True)
    deceased_at: datetime | None = Field(sa_type=DateTime(timezone=True))


class Slot(SQLModel, table=True):
    """Where there are places."""

    session_id: UUID = Field(primary_key=True)
    starts_at: datetime = Field(primary_key=True, sa_type=DateTime(timezone=True))
    ends_at: datetime = Field(sa_type=DateTime(timezone=True))
    clinic_id: str
    capacity: int
    booked: int
    last_ordinal: int


class Appointment(SQLModel, table=True):
    """Who has a place where."""

    appointment_id: UUID = Field(default_factory=uuid4, primary_key=True)
    patient_id: UUID
    session_id: UUID
    clinic_id: str
    slot_starts_at: datetime = Field(sa_type=DateTime(timezone=True))
    slot_ends_at: datetime = Field(sa_type=DateTime(timezone=True))
    ordinal: int
    status: str = "booked"
    visit_type: str
    channel: str
    booked_at: datetime = Field(sa_type=DateTime(timezone=True))
    version: int = 1


class Command(SQLModel, table=True):
    """What a key was answered."""

    key: str = Field(primary_key=True)
    route: str
    body_hash: bytes
    status: int
    answer: bytes


class Outbox(SQLModel, table=True):
    """Events on their way."""

    id: int | None = Field(default=None, sa_column=Column(BigInteger, Identity(always=True), primary_key=True))
    shard: int
    topic: str
    key: str
    headers: bytes
    value: bytes


class Body(BaseModel):
    """A wish for a place."""

    patient_id: UUID
    session_id: UUID
    slot_starts_at: AwareDatetime
    visit_type: str
    channel: str


url = make_url(os.environ["REFERENCE_DATABASE_URL"]).set(drivername="postgresql+asyncpg")
engine = create_async_engine(url, pool_size=POOL, max_overflow=0, connect_args={"server_settings": {"timezone": "UTC"}})


@asynccontextmanager
async def lifespan(_: FastAPI) -> AsyncIterator[None]:
    """Give the connections back at the end."""
    yield
    await engine.dispose()


app = FastAPI(lifespan=lifespan)


async def get_session() -> AsyncIterator[AsyncSession]:
    """A session per request."""
    async with AsyncSession(engine, expire_on_commit=False) as session:
        yield session


SessionDep = Annotated[AsyncSession, Depends(get_session)]


@app.get("/health/ready")
async def ready() -> dict[str, str]:
    """The process answers."""
    return {"status": "ready"}


@app.post("/appointments", status_code=201)
async def book(body: Body, session: SessionDep, idempotency_key: Annotated[str, Header()]) -> Response:
    """Book a place."""
    body_hash = hashlib.sha256(body.model_dump_json().encode()).digest()
    known = await session.get(Command, idempotency_key)
    if known is not None:
        if known.body_hash != body_hash:
            raise HTTPException(422, "this key belongs to another command")
        return Response(known.answer, known.status, media_type="application/json")
    patient = await session.get(Patient, body.patient_id)
    if patient is None or patient.deceased_at is not None:
        raise HTTPException(404, "no such patient")
    wanted = (Slot.session_id == body.session_id) & (Slot.starts_at == body.slot_starts_at)
    slot = (await session.exec(select(Slot).where(wanted).with_for_update())).one_or_none()
    if slot is None:
        raise HTTPException(404, "no such slot")
    mine = (Appointment.session_id == body.session_id) & (Appointment.patient_id == body.patient_id)
    if (await session.exec(select(Appointment).where(mine))).first() is not None:
        raise HTTPException(409, "the patient has an appointment in this session")
    if slot.booked >= slot.capacity:
        raise HTTPException(409, "the slot is full")
    return await _take(body, slot, session, idempotency_key, body_hash)


async def _take(body: Body, slot: Slot, session: AsyncSession, key: str, body_hash: bytes) -> Response:
    slot.booked += 1
    slot.last_ordinal += 1
    appointment = Appointment(
        **body.model_dump(),
        clinic_id=slot.clinic_id,
        slot_ends_at=slot.ends_at,
        ordinal=slot.last_ordinal,
        booked_at=datetime.now(UTC),
    )
    answer = appointment.model_dump_json().encode()
    session.add(slot)
    session.add(appointment)
    session.add(Command(key=key, route="/appointments", body_hash=body_hash, status=201, answer=answer))
    session.add(
        Outbox(
            shard=body.patient_id.int % 32,
            topic="registration-events",
            key=str(body.patient_id),
            headers=b'[["ce_type", "registration.appointment-booked.v1"]]',
            value=answer,
        )
    )
    await session.commit()
    return Response(answer, 201, media_type="application/json")


if __name__ == "__main__":
    uvicorn.run(app, port=int(os.environ["REFERENCE_PORT"]), loop="uvloop", http="httptools", access_log=False)
