"""What the tests ran against, gathered from every pytest process and said once in the terminal's summary.

Invariant: a summary never leaves open which broker and which database server a green run was green on.
"""

import pytest

FACTS = pytest.StashKey[dict[str, str]]()
WORKER_KEY = "carejourney_facts"


def note(config: pytest.Config, what: str, value: str) -> None:
    """Remember one fact for the summary."""
    config.stash.setdefault(FACTS, {})[what] = value


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node, error) -> None:  # noqa: ARG001 - the hook's own parameters
    """A worker of pytest-xdist has ended: take over what it noted."""
    for what, value in getattr(node, "workeroutput", {}).get(WORKER_KEY, {}).items():
        note(node.config, what, value)


def pytest_sessionfinish(session: pytest.Session) -> None:
    """As a worker, hand the facts to the one that prints."""
    output = getattr(session.config, "workeroutput", None)
    if output is not None:
        output[WORKER_KEY] = session.config.stash.get(FACTS, {})


def pytest_terminal_summary(terminalreporter, config: pytest.Config) -> None:
    """One line that names the servers."""
    facts = config.stash.get(FACTS, {})
    if facts:
        said = " · ".join(f"{what}: {value}" for what, value in sorted(facts.items()))
        terminalreporter.write_line(f"ran against {said}")
