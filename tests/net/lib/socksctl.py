# SPDX-License-Identifier: GPL-2.0-only
"""Configuring the module, as people do."""

import json
import subprocess
from typing import Any

from .topology import Namespace
from .wait import DEADLINE


class Refused(AssertionError):
    """socksctl could not do it."""


class Socksctl:
    """socksctl, for one namespace."""

    def __init__(self, namespace: Namespace) -> None:
        self._name = namespace.name

    def run(self, *arguments: str, stdin: str = "") -> str:
        """Run socksctl and return what it prints."""
        done = subprocess.run(
            ["socksctl", "-n", self._name, *arguments],
            input=stdin,
            capture_output=True,
            text=True,
            check=False,
            timeout=4 * DEADLINE,
        )
        if done.returncode or done.stderr:
            raise Refused(
                f"socksctl {' '.join(arguments)}: {done.returncode}, "
                f"{done.stderr.strip()}"
            )
        return done.stdout

    def apply(self, configuration: str) -> None:
        """Replace the configuration."""
        self.run("apply", "-", stdin=configuration)

    def flush(self) -> None:
        """Remove all servers and rules."""
        self.run("flush")

    def show(self) -> dict[str, Any]:
        """Servers and rules, with their counters."""
        shown: dict[str, Any] = json.loads(self.run("-j", "show"))
        return shown

    def server(self, name: str) -> dict[str, int]:
        """The counters of a server."""
        for server in self.show()["servers"]:
            if server["name"] == name:
                stats: dict[str, int] = server["stats"]
                return stats
        raise AssertionError(f"there is no server {name}")

    def rules(self) -> list[dict[str, int]]:
        """The counters of each rule."""
        return [rule["stats"] for rule in self.show()["rules"]]
