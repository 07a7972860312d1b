"""Ports for servers of other programs that cannot be told to take any free one."""

import itertools
import os
import socket

# Below what the system gives to those who ask for any port (32768 and up on Linux), so that nobody is given it between
# here and the server's start; and another stretch for each worker of the test run.
WORKER = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
NEXT = itertools.cycle(range(20_000 + 500 * (WORKER % 20), 20_000 + 500 * (WORKER % 20 + 1)))


def free_port() -> int:
    for port in itertools.islice(NEXT, 500):
        with socket.socket() as s:
            s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                s.bind(("127.0.0.1", port))
                return port
            except OSError:
                pass  # another program's
    raise AssertionError("no port is free")
