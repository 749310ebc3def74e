"""One replay's memory: what was asked, by how much it shifts, how it masks, and how far it has come.

Invariant: the file says N only after the broker has acknowledged the first N records; it is replaced whole. So a replay
that was killed goes on with no record lost, and says again only what it may have said before, to the byte.
"""

import os
from pathlib import Path

from pydantic import BaseModel, ValidationError

from shared.replay.recording import RecordingFailed


class Run(BaseModel):
    """A replay under way. `asked` is everything that decides what is sent where."""

    name: str
    asked: dict[str, str]
    shift_seconds: float | None = None
    secret: str
    sent: int = 0


class RunFile:
    """Where a run is remembered until it has come to its end."""

    def __init__(self, folder: Path, name: str) -> None:
        self._path = folder / f"{name}.json"

    def read(self, asked: dict[str, str]) -> Run | None:
        """The run as it was left, None for a new one. Raises `RecordingFailed` when it was another replay's."""
        if not self._path.exists():
            return None
        try:
            run = Run.model_validate_json(self._path.read_text(encoding="utf-8"))
        except ValidationError:
            raise RecordingFailed(f"{self._path} is spoilt: delete it and give another --run") from None
        different = [name for name in asked if run.asked.get(name) != asked[name]]
        if different:
            raise RecordingFailed(
                f"run {run.name} was begun with another {', '.join(different)}: ask for the same, or give another --run"
            )
        return run

    def write(self, run: Run) -> None:
        """Remember; only the owner can read the file, for it holds the secret of the masked ids."""
        self._path.parent.mkdir(parents=True, exist_ok=True)
        draft = self._path.with_suffix(".draft")
        with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as file:
            file.write(run.model_dump_json())
        draft.replace(self._path)

    def forget(self) -> None:
        """The run has come to its end."""
        self._path.unlink(missing_ok=True)
