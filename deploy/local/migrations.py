"""Every service's migrations in one program: `python -m deploy.local.migrations FILE`, FILE being service → address.

Invariant: each database is at its service's newest version when this ends with 0. One program, because importing the
libraries costs a hundred times what a migration does; a service without a history is passed over.
"""

import json
import sys
from importlib.util import find_spec
from pathlib import Path

from shared.migrating import migrate


def main(addresses: Path) -> int:
    """Migrate one after the other; what fails is named on standard error with its cause."""
    databases: dict[str, str] = json.loads(addresses.read_text(encoding="utf-8"))
    for service, address in databases.items():
        history = _history(service)
        if history is None:
            continue
        sys.stderr.write(f"migrating {service}\n")
        migrate(history, address)
    return 0


def _history(service: str) -> Path | None:
    package = find_spec(f"services.{service}")
    if package is None or not package.submodule_search_locations:
        raise ModuleNotFoundError(f"there is no service {service!r} in services/")
    history = Path(package.submodule_search_locations[0]) / "migrations"
    return history if (history / "env.py").is_file() else None


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
