"""Reads the policy packs, which are dated data files beside this module.

A pack file says exactly what the pack holds: a key that the calculator does not read, or a ratio written as a
number, is refused when the files are read, so a typing error never settles a bill.
"""

import json
from collections import defaultdict
from datetime import date
from functools import cache
from importlib.resources import files
from operator import attrgetter

from pydantic import TypeAdapter, ValidationError

from services.discharge.settlement.model import Fault, Unacceptable
from services.discharge.settlement.policy import Pack

_PACK = TypeAdapter(Pack)


class BadPack(ValueError):
    """A pack file is wrong; the message names the file, the entry and what is wrong."""


def load(name: str, on: date) -> Pack:
    """The pack that is in force on a day: the latest whose `valid_from` is not after it.

    Raises `Unacceptable`, naming `pack` or `on`, when there is none.
    """
    dated = _shelf().get(name)
    if dated is None:
        problem = f"there is no pack {json.dumps(name[:40])}"
        raise Unacceptable([Fault(field="pack", problem=problem, remedy=f"write {' or '.join(names())}")])
    in_force = [pack for pack in dated if pack.valid_from <= on]
    if not in_force:
        raise Unacceptable([dated[0].day_fault(on)])
    return in_force[-1]


def names() -> tuple[str, ...]:
    """The packs there are, in alphabetical order."""
    return tuple(sorted(_shelf()))


def read(text: str, origin: str) -> Pack:
    """A pack from the text of its file. Raises `BadPack`, which names `origin` and the entry."""
    try:
        pack = _PACK.validate_json(text, strict=True)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        entry = ".".join(map(str, first["loc"])) or "the file"
        raise BadPack(f"{origin}: {entry}: {first['msg']}") from None
    written, held = json.loads(text), _PACK.dump_python(pack, mode="json")
    if strange := sorted(key for key in written if written[key] != held.get(key)):
        raise BadPack(f"{origin}: {', '.join(strange)}: not read as written; remove unknown keys, quote ratios")
    return pack


@cache
def _shelf() -> dict[str, list[Pack]]:
    shelf: dict[str, list[Pack]] = defaultdict(list)
    for file in (files(__package__) / "packs").iterdir():
        if file.name.endswith(".json"):
            pack = read(file.read_text(encoding="utf-8"), file.name)
            shelf[pack.name].append(pack)
    return {name: sorted(packs, key=attrgetter("valid_from")) for name, packs in shelf.items()}
