"""Write a service's next migration from the difference between its tables and its history (development only).

`python -m cli.revision SERVICE "what changes"`: starts a throw-away PostgreSQL, applies the history, and compares.
Read what it wrote before committing it: a rename looks like a drop and an add.
"""

import sys
from importlib import import_module
from pathlib import Path

from alembic import command
from alembic.script import ScriptDirectory

from deploy.local.throwaway import throwaway_postgres
from shared.hosting import Service
from shared.migrating import alembic_config, migrate


def main(service_name: str, message: str) -> Path:
    """Write the next numbered revision and return its file."""
    service: Service = import_module(f"services.{service_name}.app").SERVICE
    with throwaway_postgres() as server:
        history = ScriptDirectory(str(service.migrations))
        number = f"{int(history.get_current_head() or 0) + 1:04d}"
        if number != "0001":
            migrate(service.migrations, server.admin_url)
        config = alembic_config(service.migrations, server.admin_url)
        script = command.revision(config, message, autogenerate=True, rev_id=number)
    path = Path(script.path)  # type: ignore[union-attr]
    path.rename(path.with_name(f"{number}.py"))
    return path.with_name(f"{number}.py")


if __name__ == "__main__":
    sys.stdout.write(f"{main(sys.argv[1], sys.argv[2])}\n")
