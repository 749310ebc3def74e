"""Everything that a program writes: event schemas and documents, OpenAPI documents, file formats, dashboard, log keys.

`python -m cli.generated` writes them, `--check` fails when one is not what its source says (drift). Neither lets pass
what would break a published event.
"""

import json
import sys
from importlib import import_module
from pathlib import Path
from typing import Any

from cli.contracts import asyncapi, compatibility
from cli.contracts.page import page
from deploy.grafana import dashboard
from services.beds.allocation import files as allocation_files
from services.discharge.settlement import case_file
from services.registration.exams import plan_file
from services.simulator.report.shapes import generated as report_schema
from shared import log_keys
from shared.codec import schema
from shared.hosting import Service, application
from shared.messages import EVENTS

ROOT = Path(__file__).resolve().parent.parent
SERVICES = ("registration", "beds", "discharge", "followup", "console")


def schemas() -> dict[str, dict[str, Any]]:
    """The closed schema of every event by its type."""
    return {name: schema(message) for name, message in EVENTS.items()}


def events_document() -> dict[str, Any]:
    """The AsyncAPI document of the suite."""
    return asyncapi.document({name: _service(name).reactions for name in SERVICES})


def generated() -> dict[str, str]:
    """Path from the repository's root → what stands in it."""
    events = events_document()
    documents: dict[str, Any] = {
        str(compatibility.SCHEMAS / f"{name}{compatibility.SUFFIX}"): closed for name, closed in schemas().items()
    }
    documents["docs/asyncapi.json"] = events
    documents["docs/schemas/demo-report.schema.json"] = report_schema()
    documents |= allocation_files.generated()
    documents |= {f"docs/openapi/{name}.json": application(_service(name)).openapi() for name in SERVICES}
    texts = {path: json.dumps(document, indent=1, ensure_ascii=False) + "\n" for path, document in documents.items()}
    texts["docs/events.md"] = page(events)
    return texts | case_file.generated() | plan_file.generated() | dashboard.generated() | log_keys.generated()


def _service(name: str) -> Service:
    service: Service = import_module(f"services.{name}.app").SERVICE
    return service


def main(*, check: bool) -> int:
    """Write the files, or with `check` name those that differ; returns the exit status."""
    breaks = compatibility.broken(ROOT, schemas())
    for sentence in breaks:
        sys.stderr.write(f"{sentence}\n")
    if breaks:
        return 1
    texts = generated()
    stale = [path for path, text in texts.items() if not (ROOT / path).is_file() or (ROOT / path).read_text() != text]
    if check:
        for path in stale:
            sys.stderr.write(f"{path} is not up to date: run `make generated` and commit it\n")
        return 1 if stale else 0
    for path in stale:
        (ROOT / path).parent.mkdir(parents=True, exist_ok=True)
        (ROOT / path).write_text(texts[path])
    return 0


if __name__ == "__main__":
    raise SystemExit(main(check="--check" in sys.argv[1:]))
