"""How long the contract tests look: with `--contract-examples N` longer, and not at the same each time."""

import pytest

MOST = 3
BUDGET = 100
"""Requests of each kind that a service gets in every run of the suite, the same ones, shared among its operations;
none gets more than `MOST`."""


def pytest_addoption(parser: pytest.Parser) -> None:
    """The option of a longer look."""
    remedy = "requests for each operation of each service, well formed and malformed; new ones each time"
    parser.addoption("--contract-examples", type=int, default=None, help=remedy)


@pytest.fixture(scope="session")
def contract_examples(request: pytest.FixtureRequest) -> int | None:
    """How many requests were asked for; None in the suite."""
    return request.config.getoption("--contract-examples")
