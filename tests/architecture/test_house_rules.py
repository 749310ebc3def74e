"""The house rules that a reader would otherwise have to remember."""

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
CODE = [path for folder in ("services", "shared", "cli", "deploy") for path in sorted((ROOT / folder).rglob("*.py"))]
TESTS = sorted((ROOT / "tests").rglob("*.py"))
SERVICES = ("registration", "beds", "discharge", "followup", "console")
SERVICE_FILES = {"README.md", "__init__.py", "__main__.py", "app.py", "consumers.py", "tables.py"}
CAPABILITY_FILES = {"__init__.py", "model.py", "handlers.py", "store.py", "api.py"}
LONGEST_FILE, LONGEST_TEST, LONGEST_FUNCTION = 300, 400, 40
VAGUE = re.compile(r"(^|_)(managers?|helpers?|utils?|commons?|base|data|info|process)(_|$)")


def named(paths):
    """Ids for pytest: paths from the repository's root."""
    return [str(path.relative_to(ROOT)) for path in paths]


def is_migration(path):
    """Migrations are written by Alembic and grow with the tables."""
    return "migrations" in path.parts


@pytest.mark.parametrize("path", CODE, ids=named(CODE))
def test_a_file_is_short_and_says_what_it_holds(path):
    text = path.read_text()
    assert is_migration(path) or text.count("\n") <= LONGEST_FILE
    assert ast.get_docstring(ast.parse(text)), "a module says what it holds"


@pytest.mark.parametrize("path", TESTS, ids=named(TESTS))
def test_a_test_file_is_short(path):
    assert path.read_text().count("\n") <= LONGEST_TEST


@pytest.mark.parametrize("path", CODE, ids=named(CODE))
def test_a_function_fits_on_a_screen(path):
    functions = [
        node
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    ]
    too_long = [node.name for node in functions if node.end_lineno - node.lineno + 1 > LONGEST_FUNCTION]
    assert is_migration(path) or not too_long


@pytest.mark.parametrize("path", CODE, ids=named(CODE))
def test_a_name_says_something(path):
    defined = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef
    names = [path.stem, *(node.name for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, defined))]
    assert not [name for name in names if VAGUE.search(re.sub(r"(?<=[a-z])(?=[A-Z])", "_", name).lower())]


def test_only_the_clock_asks_the_machine_for_the_time():
    asks = re.compile(r"\b(datetime\.now|datetime\.utcnow|date\.today|time\.time)\(")
    assert [str(path) for path in CODE if asks.search(path.read_text()) and path != ROOT / "shared/clock.py"] == []


def test_sql_never_asks_for_a_business_time():
    asks = re.compile(r"\b(now\(\)|current_timestamp|current_date)", re.IGNORECASE)
    stores = [path for path in CODE if "services" in path.parts and path.name == "store.py"]
    found = [str(path) for path in stores for line in path.read_text().splitlines() if asks.search(line.split("#")[0])]
    assert [path for path in found if "clock.now()" not in path] == []


def test_every_exception_is_caught_only_where_many_wait_for_one_attempt():
    catches = re.compile(r"except Exception\b")
    places = [str(path.relative_to(ROOT)) for path in CODE for _ in catches.finditer(path.read_text())]
    assert places == ["services/registration/booking/lane.py", "shared/effects.py"]


@pytest.mark.parametrize("service", SERVICES)
def test_every_service_has_the_same_files(service):
    folder = ROOT / "services" / service
    assert {path.name for path in folder.iterdir()} >= SERVICE_FILES
    assert (folder / "migrations" / "env.py").is_file()


@pytest.mark.parametrize("service", SERVICES[:4])
def test_every_capability_says_what_it_is(service):
    for capability in (path.parent for path in (ROOT / "services" / service).glob("*/__init__.py")):
        tree = ast.parse((capability / "__init__.py").read_text())
        assert len(tree.body) == 1, f"{capability.name}/__init__.py holds a docstring only"
        assert ast.get_docstring(tree)


@pytest.mark.parametrize("service", SERVICES)
def test_a_service_imports_alone_and_leaves_the_others_alone(service):
    program = (
        f"import sys, services.{service}.app\n"
        "print(sorted({name.split('.')[1] for name in sys.modules if name.startswith('services.')}))"
    )
    answer = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True)
    assert answer.stdout.strip() == str([service])


def test_nothing_is_left_unfinished():
    marks = re.compile(r"\b(TODO|FIXME|XXX|NotImplementedError)\b")
    assert [str(path) for path in CODE if marks.search(path.read_text())] == []
