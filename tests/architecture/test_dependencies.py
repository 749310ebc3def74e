"""Who may import whom, beyond what the import contracts can say, and that the contracts bite."""

import shutil
import subprocess
import sys
from pathlib import Path

import grimp
import pytest

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ("services", "shared", "cli", "deploy")
LINTER = Path(sys.executable).with_name("lint-imports")

PLANTED = {
    "services": ("services/beds/planted.py", "import services.discharge.app"),
    "outside-world": ("services/simulator/planted.py", "import services.beds.app"),
    "levels": ("shared/planted.py", "import services.beds.tables"),
    "tests": ("shared/planted.py", "import tests.conftest"),
    "pure": ("services/registration/patients/model.py", "import sqlalchemy"),
    "handlers": ("services/registration/patients/handlers.py", "import fastapi"),
    "edges": ("services/registration/patients/api.py", "import services.registration.patients.store"),
    "stores": ("services/registration/patients/store.py", "import services.registration.patients.handlers"),
}


@pytest.fixture(scope="module")
def graph():
    """All imports of the repository."""
    return grimp.build_graph(*PACKAGES, cache_dir=None)


@pytest.fixture
def copy(tmp_path):
    """The repository's code, to be spoilt."""
    for package in PACKAGES:
        ignored = shutil.ignore_patterns("__pycache__", "synthea", "*.csv")
        shutil.copytree(ROOT / package, tmp_path / package, ignore=ignored)
    shutil.copytree(ROOT / "tests/support", tmp_path / "tests/support")
    shutil.copy(ROOT / "tests/conftest.py", tmp_path / "tests/conftest.py")
    shutil.copy(ROOT / ".importlinter", tmp_path / ".importlinter")
    return tmp_path


def lint(folder, contract):
    """Whether one contract is kept in a folder."""
    command = [LINTER, "--no-cache", "--contract", contract]
    return subprocess.run(command, check=False, cwd=folder, capture_output=True, text=True).returncode == 0


@pytest.mark.parametrize("contract", PLANTED)
def test_an_import_contract_bites(contract, copy):
    path, line = PLANTED[contract]
    place = copy / path
    place.write_text((place.read_text() if place.exists() else '"""Planted."""\n') + f"\n{line}\n")
    assert not lint(copy, contract)


def test_every_contract_holds_and_has_a_planted_violation():
    names = {
        line.split(":")[-1].rstrip("]")
        for line in (ROOT / ".importlinter").read_text().splitlines()
        if "contract:" in line
    }
    assert names == set(PLANTED)
    answer = subprocess.run([LINTER, "--no-cache"], check=False, cwd=ROOT, capture_output=True, text=True)
    assert answer.returncode == 0, answer.stdout


def test_a_store_is_used_by_its_own_capability_only(graph):
    found = []
    for store in (module for module in graph.modules if module.startswith("services.") and module.endswith(".store")):
        capability = store.rpartition(".")[0]
        found += [
            f"{user} imports {store}"
            for user in graph.find_modules_that_directly_import(store)
            if not user.startswith(capability) and "migrations" not in user and not user.endswith(".tables")
        ]
    assert found == []


def test_capabilities_of_a_service_depend_on_each_other_without_a_cycle(graph):
    for service in sorted(graph.find_children("services")):
        capabilities = [child for child in graph.find_children(service) if graph.find_children(child)]
        for one in capabilities:
            for other in capabilities:
                both = one < other and reaches(graph, one, other) and reaches(graph, other, one)
                assert not both, f"{one} and {other} depend on each other"


def reaches(graph, one, other):
    """Whether a module of `one` imports a module of `other` directly."""
    inside = {other, *graph.find_descendants(other)}
    users = {one, *graph.find_descendants(one)}
    return any(graph.find_modules_directly_imported_by(user) & inside for user in users)
