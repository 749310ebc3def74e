"""What a process must be told before it starts: environment variables with the prefix `JOURNEY_`, read once.

An empty variable tells nothing: compose cannot leave one out.

Invariants: settings are complete, checked and frozen before anything connects; a process that was told wrong dies with
one list of all that is wrong; no value of a variable is ever printed, so no password is.
"""

import json
import re
import sys
from pathlib import Path
from typing import Annotated, Literal, TypeVar, get_origin

from pydantic import AfterValidator, Field, FilePath, SecretStr, ValidationError, ValidationInfo, field_validator
from pydantic_core import ErrorDetails
from pydantic_settings import BaseSettings, SettingsConfigDict

from shared.lanes import PATTERN, REMEDY

PREFIX = "JOURNEY_"
WRONG_USE = 2
STRUCTURES = (dict, list, set, frozenset, tuple)
BOOTSTRAP = re.compile(r"[A-Za-z0-9.\-\[\]:]+:\d{1,5}")


def _database_url(url: SecretStr) -> SecretStr:
    if not re.match(r"postgresql://[^/]*/.", url.get_secret_value()):
        raise ValueError("is no PostgreSQL address with a database name")
    return url


def _bootstrap(servers: str) -> str:
    if not all(BOOTSTRAP.fullmatch(server) for server in servers.split(",")):
        raise ValueError("is no list of broker addresses")
    return servers


def _clock(spec: str) -> str:
    if spec != "system" and not Path(spec).is_file():
        raise ValueError("names a file that does not exist")
    return spec


class Settings(BaseSettings):
    """What every service needs. A service that needs more adds fields of its own; `description` is the remedy."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX,
        env_ignore_empty=True,
        frozen=True,
        extra="ignore",
        hide_input_in_errors=True,
        enable_decoding=False,
    )

    service: str
    database_url: Annotated[SecretStr, AfterValidator(_database_url)] = Field(
        description="give this service's own database, such as postgresql://beds:password@127.0.0.1:5432/beds"
    )
    kafka: Annotated[str, AfterValidator(_bootstrap)] = Field(
        description="give the bootstrap addresses, such as 127.0.0.1:9092 or kafka-0:9092,kafka-1:9092"
    )
    lane: str | None = Field(default=None, pattern=PATTERN, description=REMEDY)
    http_host: str = Field(default="127.0.0.1", min_length=1, description="give the address to listen on")
    http_port: int = Field(ge=0, le=65535, description="give the port to listen on, or 0 for any free one")
    clock: Annotated[str, AfterValidator(_clock)] = Field(
        default="system", description="give system, or the path of a driven clock whose driver has started"
    )
    jwks: FilePath = Field(description="give the path of the JWKS file with the token issuer's public keys")
    instance: str = Field(
        default="1",
        pattern=r"^[a-z0-9]([a-z0-9-]{0,30}[a-z0-9])?$",
        description="give this replica's fixed name: letters, digits and -, unique within the service",
    )
    log_level: Literal["debug", "info", "warning", "error"] = Field(
        default="info", description="give debug, info, warning or error"
    )
    pool_size: int = Field(default=12, ge=1, le=12, description="give the number of database connections, 1 to 12")
    otlp_endpoint: str | None = Field(
        default=None,
        pattern=r"^https?://[^\s/?#]+[^\s?#]*$",
        description="give the address of an OTLP/HTTP collector, such as http://127.0.0.1:4318, or leave it out",
    )
    parent_pid: int | None = Field(
        default=None, ge=1, description="give the id of the process to die with, or leave it out"
    )

    @field_validator("*", mode="before")
    @classmethod
    def _structured(cls, value: object, info: ValidationInfo) -> object:
        """A field that holds a table or a list is written as JSON in its variable."""
        field = cls.model_fields[str(info.field_name)]
        if not isinstance(value, str) or get_origin(field.annotation) not in STRUCTURES:
            return value
        try:
            return json.loads(value)
        except json.JSONDecodeError:
            raise ValueError("is no valid JSON") from None


Kind = TypeVar("Kind", bound=Settings)


def load(settings_class: type[Kind], service: str) -> Kind:
    """Read the environment for `service`. What is wrong goes to standard error, all of it; then `SystemExit(2)`."""
    try:
        return settings_class(service=service)
    except ValidationError as wrong:
        errors = wrong.errors(include_url=False, include_input=False)
    lines = sorted(_line(settings_class, error) for error in errors)
    count = f"{len(lines)} setting{'s' if len(lines) > 1 else ''}"
    sys.stderr.write("\n  ".join([f"{service} cannot start, {count} wrong or missing:", *lines]) + "\n")
    raise SystemExit(WRONG_USE)


def _line(settings_class: type[Settings], error: ErrorDetails) -> str:
    """One thing that is wrong: variable, what is wrong, remedy."""
    name, *inner = error["loc"]
    place = f" at {'.'.join(map(str, inner))}" if inner else ""
    field = settings_class.model_fields.get(str(name))
    remedy = field.description if field and field.description else "give a value of the documented form"
    return f"{PREFIX}{str(name).upper()}{place}: {_wrong(error)}; {remedy}"


def _wrong(error: ErrorDetails) -> str:
    """What is wrong, in words that hold no value."""
    if error["type"] == "missing":
        return "is missing"
    own = error.get("ctx", {}).get("error")
    return str(own) if isinstance(own, ValueError) else error["msg"][:1].lower() + error["msg"][1:]
