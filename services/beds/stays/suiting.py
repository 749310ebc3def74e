"""What the hard rules say to a bed for a patient, and what an override of them is worth. Values in, values out."""

from dataclasses import replace

from services.beds.inventory.model import Bed, place_of
from services.beds.scoring.hard_rules import first_broken_rule, suits_sex
from services.beds.scoring.model import BedStatus, Place, Policy, Sex, Waiting
from services.beds.stays.model import Override, Reason, Suitability
from shared.decision import Refused


def suitability(waiting: Waiting, place: Place, policy: Policy, override: Override | None) -> Suitability | Refused:
    """Put a bed to the hard rules; what they forbid needs an override. That the bed is free is asked of the bed."""
    rule = first_broken_rule(waiting, place, policy)
    if rule is None:
        return Suitability()
    if override is None:
        return Refused(reason=Reason.HARD_RULE, remedy=f"it breaks the rule {rule}: choose another bed, or override it")
    return Suitability(overridden_rule=rule, sex_exception=not suits_sex(waiting.sex, place.sex_policy, place.room_sex))


def as_if_free(bed: Bed, room_sex: Sex | None) -> Place:
    """The bed as the hard rules see it, were it free."""
    return place_of(replace(bed, status=BedStatus.UNOCCUPIED, reserved=False, stay_id=None, patient_id=None), room_sex)
