"""The code of one version runs on the schema of the next, and a migration that would break it is found beforehand."""

import shutil
from importlib import import_module
from pathlib import Path

import pytest

from cli.migration_rules import faults
from shared.codec import decode
from shared.ids import new_id

EXAMPLES = Path(__file__).resolve().parents[3] / "shared/messages/examples"
SERVICES = ("registration", "beds", "discharge", "followup", "console")
ALEMBIC = "import sqlalchemy as sa\nfrom alembic import op\n\nrevision = {!r}\ndown_revision = {!r}\n"
COLUMN = "op.add_column('{}', sa.Column('{}', sa.Text(), nullable={}, server_default={}))"
EXPANDING = [
    "op.create_table('later', sa.Column('id', sa.Uuid(), primary_key=True))",
    "op.create_unique_constraint('later_once', 'later', ['id'])",
    """with op.get_context().autocommit_block():
        op.create_index('command_by_route', 'command', ['route'], postgresql_concurrently=True)""",
]
CONTRACTING = {
    "op.drop_column('patient', 'insutype')": "dropping a column (patient) breaks the version that still runs",
    "op.drop_table('patient')": "dropping a table (patient) breaks",
    "op.rename_table('patient', 'person')": "renaming (patient) breaks",
    "op.alter_column('patient', 'sex', new_column_name='gender')": "renaming (patient) breaks",
    "op.alter_column('patient', 'version', type_=sa.BigInteger())": "changing a column's type (patient) breaks",
    "op.alter_column('outbox', 'value', nullable=False)": "demanding a value (outbox) refuses",
    "op.add_column('patient', sa.Column('x', sa.Text(), nullable=False))": "a column without a default (patient)",
    "op.create_check_constraint('grown', 'patient', 'version > 1')": "a constraint (patient) refuses",
    "op.create_index('one_name', 'patient', ['name'], unique=True)": "a unique index (patient) refuses",
    "op.execute('create trigger t before update on patient execute function f()')": "a trigger (patient) refuses",
    "op.create_index('by_name', 'patient', ['name'])": "an index on patient keeps writers waiting",
}


def service(name):
    """A service as its app describes it."""
    return import_module(f"services.{name}.app").SERVICE


def planted(directory, name, *operations, contract=""):
    """A copy of a service's history with one more revision."""
    history = directory / "migrations"
    shutil.copytree(service(name).migrations, history, ignore=shutil.ignore_patterns("__pycache__"))
    body = "\n    ".join(operations)
    mark = f"contract = {contract!r}\n" if contract else ""
    last = newest(history)
    head = ALEMBIC.format(following(last), last) + mark
    (history / f"versions/{following(last)}.py").write_text(f'"""Planted."""\n\n{head}\n\ndef upgrade():\n    {body}\n')
    return history


def newest(history):
    """The last revision of a history."""
    return max(path.stem for path in (history / "versions").glob("*.py"))


def following(revision):
    """The number after this one."""
    return f"{int(revision) + 1:04}"


def expanded(directory, name):
    """The next version's schema: every table has two columns more, and there is a table and an index more."""
    tables = service(name).metadata.tables
    columns = [COLUMN.format(table, "maybe", True, None) for table in tables]
    columns += [COLUMN.format(table, "said", False, "'by default'") for table in tables]
    return planted(directory, name, *columns, *EXPANDING)


async def outcome(running, name):
    """What a service says and parks when it hears one of each event it reacts to, in order of their names."""
    for event_type in sorted(service(name).reactions.types):
        example = max((EXAMPLES / event_type).glob("*.json"))
        await running.deliver(decode(event_type, example.read_bytes()))
    parked = await running.sql("SELECT type, reason FROM parked ORDER BY id")
    taken = await running.sql("SELECT count(*) FROM inbox")
    return [type(event).type for event in await running.said()], parked, taken


@pytest.mark.parametrize("name", SERVICES)
async def test_the_code_of_this_version_does_on_the_next_schema_what_it_does_on_its_own(name, run_service, tmp_path):
    history = expanded(tmp_path, name)
    assert list(faults(history)) == []
    extras = {"centre_url": "http://127.0.0.1:1"} if name == "discharge" else {}
    async with (
        run_service(service(name), **extras) as own,
        run_service(service(name), history=history, **extras) as newer,
    ):
        assert await newer.sql("SELECT version_num FROM alembic_version") == [{"version_num": newest(history)}]
        here, there = await outcome(own, name), await outcome(newer, name)
        assert here == there
        assert here[0] or here[2] != [{"count": 0}]


async def register(running):
    """Register an invented patient."""
    body = {
        "patient_id": str(new_id()),
        "name": "Invented Person",
        "sex": "F",
        "born_on": "1980-01-01",
        "insutype": "310",
    }
    return (await running.command("POST", "/patients", role="front-desk", body=body)).status_code


async def test_commands_are_taken_on_the_next_schema_and_fail_on_one_that_was_contracted_too_early(
    run_service, tmp_path
):
    (tmp_path / "next").mkdir()
    (tmp_path / "early").mkdir()
    async with run_service(service("registration"), history=expanded(tmp_path / "next", "registration")) as newer:
        assert await register(newer) == 201
    early = planted(tmp_path / "early", "registration", "op.drop_column('patient', 'insutype')")
    async with run_service(service("registration"), history=early) as broken:
        assert await register(broken) == 500


@pytest.mark.parametrize(("operation", "sentence"), CONTRACTING.items())
def test_a_migration_that_breaks_the_version_before_it_is_named_with_what_to_do_instead(operation, sentence, tmp_path):
    history = planted(tmp_path, "registration", operation)
    (fault, *_) = faults(history)
    assert f"versions/{newest(history)}.py: " in fault
    assert sentence in fault
    assert "contract = " in fault or "autocommit_block" in fault


def test_a_revision_that_says_since_when_nobody_uses_it_may_contract(tmp_path):
    operations = [operation for operation, sentence in CONTRACTING.items() if "waiting" not in sentence]
    told = planted(tmp_path, "registration", operations[0], contract="unused since 0.3.0")
    assert list(faults(told)) == []


@pytest.mark.parametrize("name", [*SERVICES, "simulator"])
def test_every_history_keeps_the_rules(name):
    assert list(faults(service(name).migrations)) == []
