"""The `journey` command: which module brings which command.

Invariant: a command loads its own module only, so that a quick one stays quick; the menu loads all.
"""

import sys
from collections.abc import Iterable
from importlib import import_module

import typer

MODULES = {
    "up": "cli.stack",
    "down": "cli.stack",
    "reset": "cli.stack",
    "status": "cli.stack",
    "doctor": "cli.doctor",
    "psql": "cli.psql",
    "topics": "cli.topics",
    "token": "cli.token",
    "settle": "cli.settle",
    "allocate": "cli.allocate",
    "exam-plan": "cli.exam_plan",
    "demo": "cli.demo",
    "dead-letters": "cli.dead_letters",
    "backup": "cli.backup",
    "restore": "cli.backup",
    "replay": "cli.replay",
    "rebuild": "cli.rebuild",
}


def application(modules: Iterable[str] = tuple(MODULES.values())) -> typer.Typer:
    """The command with what these modules register."""
    app = typer.Typer(
        name="journey",
        no_args_is_help=True,
        add_completion=False,
        pretty_exceptions_show_locals=False,
    )
    app.callback()(_menu)
    for module in dict.fromkeys(modules):
        import_module(module).register(app)
    return app


def run() -> None:
    """The entry point of the `journey` script."""
    command = next((argument for argument in sys.argv[1:] if not argument.startswith("-")), "")
    module = MODULES.get(command)
    application([module] if module else MODULES.values())(prog_name="journey")


def _menu() -> None:
    """A hospital on this machine, from booking to follow-up."""


if __name__ == "__main__":
    run()
