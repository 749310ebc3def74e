"""What a campaign came to, as `.local/chaos.json` says it. `python -m tests.chaos.report` writes the published schema.

Invariant: the file always fits `docs/schemas/chaos-report.schema.json`, and a test holds the schema to this module.
"""

import json
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field

ROOT = Path(__file__).resolve().parents[2]
SCHEMA = ROOT / "docs" / "schemas" / "chaos-report.schema.json"


class Closed(BaseModel):
    """Nothing is said that the schema does not know."""

    model_config = ConfigDict(extra="forbid")


class Violated(Closed):
    """One violation, with the command that runs its seed again."""

    seed: int
    invariant: int = Field(ge=1, le=12, description="as docs/chaos.md numbers them")
    what: str
    repeat: str = Field(examples=["make chaos SEED=7"])


class Tally(Closed):
    """In how many runs an invariant was judged, and in how many it was violated."""

    checked: int = Field(ge=0)
    violated: int = Field(ge=0)


class Recovery(Closed):
    """Seconds until the suite is back, the slowest of all: 0 where it was never measured.

    service: from a killed service's start until it is ready · postgres: from when the server takes clients again until
    every service is ready · kafka: from when the broker takes clients again until every event that had waited is sent.
    """

    service: float = Field(ge=0)
    postgres: float = Field(ge=0)
    kafka: float = Field(ge=0)


class Report(Closed):
    """A campaign of seeded fault runs."""

    runs: int = Field(ge=0)
    seeds: list[int]
    acknowledged: int = Field(ge=0, description="commands that a client was told had taken effect")
    unknown_resolved: int = Field(ge=0, description="commands without an answer, settled by repeating their key")
    violations: list[Violated]
    by_fault: dict[str, int] = Field(description="how often each fault was injected")
    by_invariant: dict[str, Tally]
    planted_bugs: dict[str, bool] = Field(description="whether the checker caught each of the bugs put in for it")
    recovery_seconds: Recovery


def schema() -> str:
    """The published JSON Schema."""
    document = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": SCHEMA.name,
        **Report.model_json_schema(),
        "title": "carejourney chaos report",
    }
    return json.dumps(document, indent=1, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    SCHEMA.write_text(schema(), encoding="utf-8")
