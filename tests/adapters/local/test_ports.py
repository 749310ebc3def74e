"""Two starts on one machine never take each other's ports."""

import socket
import subprocess
import sys

from deploy.local.ports import LOOPBACK, Ports

CHOOSE = "from deploy.local.ports import Ports; import sys; print(Ports().choose(int(sys.argv[1])))"


def chosen_by_another_process(preferred):
    ran = subprocess.run(
        [sys.executable, "-c", CHOOSE, str(preferred)], capture_output=True, text=True, check=True, timeout=30
    )
    return int(ran.stdout)


def test_a_port_that_another_start_has_chosen_is_not_chosen_again_though_nobody_listens_yet():
    ports = Ports()
    port = ports.choose()
    assert chosen_by_another_process(port) != port
    assert ports.choose(port) != port
    ports.release()
    assert chosen_by_another_process(port) == port


def test_a_port_that_somebody_listens_on_is_left_alone_and_not_kept_reserved():
    with socket.create_server((LOOPBACK, 0)) as listener:
        port = listener.getsockname()[1]
        assert Ports().choose(port) != port
    assert chosen_by_another_process(port) == port
