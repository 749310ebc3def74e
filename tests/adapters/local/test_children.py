"""Processes of our own."""

import signal
import sys

import psutil
import pytest

from deploy.local.children import Child, ChildDied, Order, birth, start, stop_all, until

STUBBORN = "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('deaf', flush=True); signal.pause()"
PATIENT = "import signal; print('here', flush=True); signal.pause()"
FAMILY = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {PATIENT!r}])"


@pytest.fixture
def run(tmp_path):
    children = []

    def run(program, name="child"):
        child = start(
            Order(name=name, command=[sys.executable, "-c", program], log=tmp_path / "log", tied=signal.SIGKILL)
        )
        children.append(child)
        return child

    yield run
    for child in children:
        child.stop(0)


def said(child, word):
    until(lambda: word in child.last_words(), child, 20, "saying a word")


def test_asked_to_stop_it_stops(run):
    child = run(PATIENT)
    said(child, "here")
    assert child.stop(10)
    assert not child.alive()


def test_one_that_will_not_hear_is_killed_after_the_deadline(run):
    stubborn, willing = run(STUBBORN, "stubborn"), run(PATIENT, "willing")
    said(stubborn, "deaf")
    said(stubborn, "here")
    assert stop_all([stubborn, willing], 0.2) == ["stubborn"]
    assert not stubborn.alive()


def test_its_own_children_go_with_it(run):
    child = run(FAMILY)
    said(child, "here")
    (grandchild,) = psutil.Process(child.pid).children()
    born = birth(grandchild.pid)
    child.kill()
    assert birth(grandchild.pid) != born


def test_one_that_ends_early_leaves_its_last_words(run):
    child = run("import sys; sys.exit('no such bed')")
    with pytest.raises(ChildDied, match="no such bed"):
        until(lambda: False, child, 20, "waiting in vain")
    assert child.exit_code == 1


def test_a_pid_with_another_birth_is_not_ours(run):
    child = run(PATIENT)
    stranger = Child(name="stranger", pid=child.pid, born=child.born - 1)
    assert not stranger.alive()
    stranger.kill()
    assert child.alive()
