# SPDX-License-Identifier: GPL-2.0-only
"""socksctl monitor, at work."""

import json
import queue
import signal
import subprocess
import threading
from collections.abc import Iterator
from typing import Any

from .topology import Namespace
from .wait import DEADLINE, until

class Monitor:
    """
    Events of a namespace, from now on: as JSON, which becomes objects, or as
    lines of text.
    """

    def __init__(
        self, namespace: Namespace, words: str = "", as_json: bool = True
    ) -> None:
        options = ["-n", namespace.name] + ["-j"] * as_json
        self._take = json.loads if as_json else str
        self._process = subprocess.Popen(
            ["socksctl", *options, "monitor", *words.split()],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        self._events: "queue.Queue[Any]" = queue.Queue()
        self._thread = threading.Thread(target=self._read, daemon=True)
        self._thread.start()
        until(self._listens, "a monitor that listens")

    def _listens(self) -> bool:
        # It waits in poll() as soon as it does.
        with open(
            f"/proc/{self._process.pid}/syscall", encoding="ascii"
        ) as file:
            call = file.read().split()[0]
        return call == "7" or self._process.poll() is not None

    def _read(self) -> None:
        assert self._process.stdout
        for line in self._process.stdout:
            self._events.put(self._take(line))

    @property
    def pid(self) -> int:
        """Its process."""
        return self._process.pid

    def next(self) -> Any:
        """The next event."""
        return self._events.get(timeout=DEADLINE)

    def dropped(self) -> int:
        """How many events its receive buffer could not take."""
        path = f"/proc/{self.pid}/net/netlink"
        with open(path, encoding="ascii") as file:
            for line in file:
                columns = line.split()
                if columns[2] == str(self.pid):
                    return int(columns[8])
        raise AssertionError("the monitor has no netlink socket")

    def rest(self) -> Iterator[Any]:
        """What has come, but was not asked for; all of it after stop()."""
        while not self._events.empty():
            yield self._events.get()

    def stop(self, how: int = signal.SIGINT) -> tuple[int, str]:
        """Interrupt it: its status, and what it says on standard error."""
        self._process.send_signal(how)
        return self.wait()

    def wait(self) -> tuple[int, str]:
        """Wait for its end: the same."""
        status = self._process.wait(DEADLINE)
        self._thread.join(DEADLINE)
        assert self._process.stderr
        return status, self._process.stderr.read()

    def close(self) -> None:
        """Be done with it."""
        self._process.kill()
        self._process.wait()
        self._thread.join(DEADLINE)
        for file in (self._process.stdout, self._process.stderr):
            assert file
            file.close()
