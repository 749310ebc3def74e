"""`journey token`: a bearer token for development, signed by the local issuer."""

from datetime import timedelta
from typing import Annotated

import typer

from cli.output import DEFAULT_STATE, WRONG_USE, Json, StateDirectory, fail, show_json
from deploy.local.issuer import Issuer, NoIssuer
from shared.auth import Role
from shared.clock import wall_now

LONGEST_HOURS = 24 * 30


def register(app: typer.Typer) -> None:
    """Put the command on the menu."""
    app.command("token")(token)


def token(
    *,
    role: Annotated[list[str], typer.Option(metavar="ROLE", help=f"One of {', '.join(Role)}; may be repeated.")],
    subject: Annotated[
        str, typer.Option(metavar="ID", help="Who it is for; a clinician's id as in the schedules.")
    ] = "developer",
    hours: Annotated[float, typer.Option(min=0.01, max=LONGEST_HOURS, help="How long it is valid.")] = 12,
    ward: Annotated[list[str] | None, typer.Option(metavar="WARD", help="Limit it to wards; may be repeated.")] = None,
    clinic: Annotated[
        list[str] | None, typer.Option(metavar="CLINIC", help="A clinic that they work for; may be repeated.")
    ] = None,
    state: StateDirectory = DEFAULT_STATE,
    as_json: Json = False,
) -> None:
    """Make a bearer token for the API.

    Use it so: curl -H "Authorization: Bearer $(journey token --role coordinator)" ADDRESS
    """
    unknown = [name for name in role if name not in set(Role)]
    if unknown:
        fail(f"--role {unknown[0]}: use one of {', '.join(Role)}", WRONG_USE)
    lifetime = timedelta(hours=hours)
    try:
        made = Issuer(state).token([Role(name) for name in role], subject, lifetime, ward, clinic)
    except NoIssuer as failure:
        fail(failure)
    if as_json:
        show_json({"token": made, "roles": role, "subject": subject, "expires_at": (wall_now() + lifetime).isoformat()})
    else:
        typer.echo(made)
