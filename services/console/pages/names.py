"""What places, specialties, exams and the desk's services are called, where the hospital has told.

Events carry codes only.

The file is JSON: `{"hospital": {"zh": …, "en": …}, "campuses": {code: {"zh": …, "en": …}}, "wards": …, "clinics": …,
"specialties": …, "exams": …, "services": …}`, each part optional. Without a name the code itself is shown.
"""

import json
from collections.abc import Mapping
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from services.console.projection.looks import label

InLanguages = Mapping[str, str]
KINDS = ("campuses", "wards", "clinics", "specialties", "exams", "services")
SHAPE: TypeAdapter[dict[str, InLanguages]] = TypeAdapter(dict[str, InLanguages])
NAME: TypeAdapter[InLanguages] = TypeAdapter(InLanguages)


class Names:
    """The names of one hospital. Raises `ValueError` where the file has another shape."""

    def __init__(self, path: Path | None) -> None:
        try:
            told = json.loads(path.read_bytes()) if path else {}
            self._hospital = NAME.validate_python(told.get("hospital", {}))
            self._kinds = {kind: SHAPE.validate_python(told.get(kind, {})) for kind in KINDS}
        except (OSError, ValidationError, AttributeError, json.JSONDecodeError):
            raise ValueError("is no file of names") from None

    def hospital(self, tag: str) -> str | None:
        """What the hospital is called."""
        return self._hospital.get(tag.partition("-")[0])

    def of(self, kind: str, code: str, tag: str) -> str:
        """The name of a campus, ward, clinic, specialty, exam or service; its code where none is known."""
        known = self._kinds[kind]
        names = known.get(code) or known.get(label(code)) or {}
        return names.get(tag.partition("-")[0], code)
