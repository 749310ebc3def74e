"""What a score was made of, as it is kept beside it: whoever doubts a figure computes it again from this alone.

Invariant: what is read back is equal to what was written, to the last bit; a policy is known by its content.
"""

import json
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

from pydantic import TypeAdapter

from services.beds.scoring import points
from services.beds.scoring.model import Place, Policy, Waiting
from services.beds.scoring.points import Context, Score


@dataclass(frozen=True, kw_only=True)
class Inputs:
    """A patient, a bed and what the round knew of all the others, so far as the pair's score looks at it."""

    waiting: Waiting
    place: Place
    context: Context


INPUTS = TypeAdapter(Inputs)
POLICY = TypeAdapter(Policy)


def inputs_of(waiting: Waiting, place: Place, context: Context) -> Inputs:
    """What the score of a pair was made of."""
    mine = {waiting.specialty}
    own = Context(
        hospital_cmi=context.hospital_cmi,
        rw_by_specialty={name: rw for name, rw in context.rw_by_specialty.items() if name in mine},
        rw_overall=context.rw_overall,
        cmi={name: cmi for name, cmi in context.cmi.items() if name in mine},
    )
    return Inputs(waiting=waiting, place=place, context=own)


def recomputed(inputs: Inputs, policy: Policy) -> Score:
    """The score once more."""
    return points.score(inputs.waiting, inputs.place, policy, inputs.context)


def dumped(inputs: Inputs) -> dict[str, Any]:
    """As JSON."""
    kept: dict[str, Any] = INPUTS.dump_python(inputs, mode="json")
    return kept


def loaded(kept: dict[str, Any]) -> Inputs:
    """From JSON."""
    return INPUTS.validate_python(kept)


def dumped_policy(policy: Policy) -> dict[str, Any]:
    """A policy as JSON, sets in order."""
    kept: dict[str, Any] = POLICY.dump_python(policy, mode="json")
    return kept | {"scarce": sorted(kept["scarce"])}


def loaded_policy(kept: dict[str, Any]) -> Policy:
    """A policy from JSON."""
    return POLICY.validate_python(kept)


def digest(policy: Policy) -> str:
    """What tells a policy from every other, whatever versions are called."""
    return sha256(json.dumps(dumped_policy(policy), sort_keys=True).encode()).hexdigest()[:16]
