"""The edge where a partner file (CSV) comes in: partners that can be taken, and every fault of the other lines.

Invariant: a partner's id is unique in the file; the first line of an id counts.
"""

import re

from services.beds.referrals.model import Kind, Partner, PartnerLine
from services.beds.scoring.table_file import Faulty, Parsers, RejectedLine, choice, code, codes, rows

NAME = re.compile(r"[^\x00-\x1f\x7f]{1,120}")


def read(content: bytes) -> tuple[list[PartnerLine], list[RejectedLine]]:
    """The good lines and the faults of the others. Raises `NoTable` when not even the header can be read."""
    lines: list[PartnerLine] = []
    rejected: list[RejectedLine] = []
    first: dict[str, int] = {}
    for row in rows(content, PARSERS):
        values, faults = row.parsed(PARSERS)
        if not faults and first.setdefault(values["partner"], row.line) != row.line:
            reason = f"is the partner of line {first[values['partner']]} again"
            faults = [row.fault("partner", reason, "keep one of the lines")]
        if faults:
            rejected.extend(faults)
            continue
        partner = Partner(
            partner_id=values["partner"],
            name=values["name"],
            kind=values["kind"],
            specialties=values["specialties"],
            active=values["active"],
        )
        lines.append(PartnerLine(line=row.line, partner=partner))
    return lines, rejected


def _name(text: str) -> str:
    if not NAME.fullmatch(text):
        raise Faulty("is no name", "give 1 to 120 characters")
    return text


def _active(text: str) -> bool:
    if text not in ("yes", "no"):
        raise Faulty("is neither yes nor no", "give yes or no")
    return text == "yes"


PARSERS: Parsers = {
    "partner": code,
    "name": _name,
    "kind": choice(Kind),
    "specialties": codes,
    "active": _active,
}
