"""The edge where a policy comes in: the default in `policies/`, or a file that changes some of its numbers.

Invariant: a policy that leaves here covers every urgency, divides by nothing that is zero, and gives every allowed
pair with a free bed a score above zero, so that nobody is left without one for nothing. All faults are said at once.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from hashlib import sha256
from importlib.resources import files
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from services.beds.scoring.model import LARGEST, Policies, Policy, Urgency, Weights

Amount = Annotated[float, Field(ge=0, le=LARGEST, allow_inf_nan=False)]
Positive = Annotated[float, Field(gt=0, le=LARGEST, allow_inf_nan=False)]
Share = Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)]
PositiveShare = Annotated[float, Field(gt=0, le=1, allow_inf_nan=False)]
Untimed = Literal["L1", "L2", "L3", "L4", "transfer", "A", "B", "C"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """One thing wrong with a policy file: the field as `weights.u`, why, and what to do."""

    field: str
    reason: str
    remedy: str


class PolicyRejected(ValueError):
    """The file is no policy. `faults` holds everything that is wrong with it."""

    def __init__(self, faults: tuple[Fault, ...]) -> None:
        super().__init__("; ".join(f"{fault.field}: {fault.reason}; {fault.remedy}" for fault in faults))
        self.faults = faults


class Strict(BaseModel):
    """No unknown key, no text for a number."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class WeightsInFile(Strict):
    """What each term counts for."""

    u: Amount
    a: Amount
    rw: Amount
    l4: Amount
    cmi: Amount
    s: Amount
    fit: Positive
    spec: Positive
    campus: Amount
    equip: Amount
    los: Amount
    flex: Amount
    wish: Amount
    delay: Amount


class PolicyInFile(Strict):
    """The keys of a policy file. `Tmax` = longest wait in hours; for day surgery it is `day_slot_hours`."""

    version: Annotated[str, Field(min_length=1)]
    valid_from: date
    weights: WeightsInFile
    urgency: dict[Urgency, Share]
    longest_wait_hours: Annotated[dict[Untimed, Positive], Field(alias="Tmax")]
    day_slot_hours: Positive
    kappa: Amount
    rw_floor: Amount
    rw_span: Positive
    cmi_offset: Amount
    hospital_cmi: Positive | None
    home: PositiveShare
    overflow: Annotated[tuple[PositiveShare, ...], Field(min_length=1)]
    scarce: frozenset[str]
    paediatric_below: Amount
    keep_bonus: Amount
    horizon_hours: Positive
    turnover_hours: Amount
    morning_hour: Annotated[int, Field(ge=0, le=23)]
    case_mix_days: Annotated[int, Field(ge=1, le=3650)]
    case_mix_stays: Annotated[int, Field(ge=1, le=LARGEST)]


def default() -> Policy:
    """The policy that is in force where a hospital has none of its own."""
    return to_policy(PolicyInFile.model_validate_json(default_text()))


def parse(text: str) -> Policy:
    """The default with the numbers that `text` (a JSON object) changes. Raises `PolicyRejected`.

    A file without a `version` gets one from its content, so that a score always tells which numbers made it.
    """
    try:
        changes = json.loads(text)
    except json.JSONDecodeError as fault:
        reason = f"not JSON: {fault.msg} (line {fault.lineno}, column {fault.colno})"
        raise PolicyRejected((Fault(field="policy", reason=reason, remedy="write one JSON object"),)) from None
    if not isinstance(changes, dict):
        raise PolicyRejected((Fault(field="policy", reason="not an object", remedy="write one JSON object"),))
    original = json.loads(default_text())
    unnamed = {"version": f"{original['version']}+{sha256(text.encode()).hexdigest()[:8]}"}
    try:
        in_file = PolicyInFile.model_validate_json(json.dumps(merged(original, unnamed | changes)))
    except ValidationError as rejected:
        raise PolicyRejected(faults_of(rejected)) from None
    return to_policy(in_file)


def versions(texts: Iterable[str]) -> Policies:
    """A hospital's own versions side by side, or the default where it has none.

    Raises `PolicyRejected`, also for a version that is there twice.
    """
    own = [parse(text) for text in texts]
    named = [policy.version for policy in own]
    if twice := sorted({version for version in named if named.count(version) > 1}):
        remedy = "give each file a version of its own"
        raise PolicyRejected((Fault(field="version", reason=f"{twice[0]} is there twice", remedy=remedy),))
    return Policies(tuple(own) or (default(),))


def default_text() -> str:
    """The default policy as it lies beside this module."""
    return files("services.beds.scoring").joinpath("policies/default.json").read_text(encoding="utf-8")


def merged(original: Mapping[str, Any], changes: Mapping[str, Any]) -> dict[str, Any]:
    """The original with the changed keys; tables are merged key by key, lists are replaced whole."""
    return {
        **original,
        **{
            key: merged(original[key], value)
            if isinstance(value, dict) and isinstance(original.get(key), dict)
            else value
            for key, value in changes.items()
        },
    }


def faults_of(rejected: ValidationError) -> tuple[Fault, ...]:
    """What pydantic found, with the field as the file names it."""
    return tuple(
        Fault(
            field=".".join(str(part) for part in error["loc"] if part != "[key]"),
            reason=error["msg"],
            remedy=remedy_for(error["type"], error["loc"]),
        )
        for error in rejected.errors(include_url=False, include_input=False, include_context=False)
    )


def remedy_for(kind: str, where: tuple[int | str, ...]) -> str:
    """What to do about one fault."""
    if kind == "extra_forbidden":
        known = WeightsInFile if where[0] == "weights" else PolicyInFile
        names = sorted(field.alias or name for name, field in known.model_fields.items())
        return f"remove it; the keys are {', '.join(names)}"
    if where[-1] == "[key]":
        return f"remove it; the keys are {', '.join(Urgency)}, and in Tmax all of them but day (day_slot_hours)"
    return "correct it, or leave it out to keep the default"


def to_policy(in_file: PolicyInFile) -> Policy:
    """The file as the rules see it."""
    waits = {Urgency(name): hours for name, hours in in_file.longest_wait_hours.items()}
    return Policy(
        version=in_file.version,
        valid_from=in_file.valid_from,
        weights=Weights(**in_file.weights.model_dump()),
        urgency=in_file.urgency,
        longest_wait_hours=waits | {Urgency.DAY: in_file.day_slot_hours},
        overdue_factor=in_file.kappa,
        rw_floor=in_file.rw_floor,
        rw_span=in_file.rw_span,
        cmi_offset=in_file.cmi_offset,
        hospital_cmi=in_file.hospital_cmi,
        home=in_file.home,
        overflow=in_file.overflow,
        scarce=in_file.scarce,
        paediatric_below=in_file.paediatric_below,
        keep_bonus=in_file.keep_bonus,
        horizon_hours=in_file.horizon_hours,
        turnover_hours=in_file.turnover_hours,
        morning_hour=in_file.morning_hour,
        case_mix_days=in_file.case_mix_days,
        case_mix_stays=in_file.case_mix_stays,
    )
