"""What runs now, as `stack.json` says it, so that another command can find it, show it and stop it.

Invariant: the record is written before anything can be forgotten: after each process that starts.
"""

import json
import signal
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

from deploy.local.children import Child
from deploy.local.files import write_private

FORMAT = 1


@dataclass(slots=True)
class Record:
    """A running stack. Addresses hold no passwords."""

    kafka: str = ""
    kafka_kind: str = ""
    kafka_version: str = ""
    kafka_note: str = ""
    postgres: str = ""
    postgres_version: str = ""
    clock: str = "system"
    urls: dict[str, str] = field(default_factory=dict)
    children: list[Child] = field(default_factory=list)

    def write(self, path: Path) -> None:
        """Write it for the other commands."""
        plain = {each.name: getattr(self, each.name) for each in fields(self)}
        body = {"format": FORMAT, **plain, "children": [_written(child) for child in self.children]}
        write_private(path, json.dumps(body, indent=1))

    @classmethod
    def read(cls, path: Path) -> "Record | None":
        """What was written, or None. Raises ValueError, naming the file, when it is not one of ours."""
        if not path.exists():
            return None
        try:
            body: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
            known = body.pop("format") == FORMAT
            children = [_child_of(each) for each in body.pop("children")]
            record = cls(**body, children=children)
        except (KeyError, TypeError, ValueError, AttributeError):
            known = False
        if not known:
            raise ValueError(f"{path} is not readable: stop what runs by hand, then remove the file")
        return record

    def running(self) -> list[Child]:
        """The processes of ours that live."""
        return [child for child in self.children if child.alive()]


def _written(child: Child) -> dict[str, Any]:
    return {
        "name": child.name,
        "pid": child.pid,
        "born": child.born,
        "stop_signal": int(child.stop_signal),
        "log": str(child.log) if child.log else None,
    }


def _child_of(body: dict[str, Any]) -> Child:
    log = body["log"]
    return Child(
        name=str(body["name"]),
        pid=int(body["pid"]),
        born=int(body["born"]),
        stop_signal=signal.Signals(body["stop_signal"]),
        log=Path(log) if log else None,
    )
