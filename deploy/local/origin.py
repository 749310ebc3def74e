"""Which broker and which database server the data of a state directory belongs to.

Invariant: databases never meet a broker whose topics do not hold what they have already consumed: a stack on other
servers than its data's refuses to start, and data of an embedded broker, which forgets, never survives a start.
"""

import json
from dataclasses import asdict, dataclass
from pathlib import Path

from deploy.local.files import write_private

EMBEDDED = "embedded"


class OtherOrigin(RuntimeError):
    """The data belongs to other servers. The message says what to do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """`broker`: apache, embedded or an address. `postgres`: embedded or an address without password."""

    broker: str
    postgres: str

    @classmethod
    def read(cls, path: Path) -> "Origin | None":
        """Where the data comes from; None when there is none yet."""
        return cls(**json.loads(path.read_text(encoding="utf-8"))) if path.exists() else None

    def write(self, path: Path) -> None:
        """Remember it."""
        write_private(path, json.dumps(asdict(self)))

    def must_start_clean(self, before: "Origin | None") -> bool:
        """Whether the data made under `before` has to go before a start here; raises `OtherOrigin` to protect it."""
        if before is None:
            return False
        if before.broker == EMBEDDED and before.postgres == self.postgres == EMBEDDED:
            return True
        if before == self and self.broker != EMBEDDED:
            return False
        if before.broker == EMBEDDED and before.postgres == self.postgres:
            raise OtherOrigin(
                f"the embedded broker has forgotten the events whose effects lie on PostgreSQL {before.postgres}: "
                "delete them with `journey reset --postgres URL`"
            )
        raise OtherOrigin(
            f"the data here belongs to broker {before.broker} and PostgreSQL {before.postgres}, "
            f"asked for are {self.broker} and {self.postgres}: start it with those, or delete it with `journey reset`"
        )
