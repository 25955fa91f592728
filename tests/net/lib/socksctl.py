# SPDX-License-Identifier: GPL-2.0-only
"""Configuring the module, as people do."""

import json
import os
import subprocess
import tempfile
from typing import Any

from .topology import Namespace

Configuration = dict[str, Any]


class Refused(AssertionError):
    """socksctl could not do it."""


class Socksctl:
    """
    socksctl, for one namespace. One process carries out all commands, since
    to start a program takes long in the virtual machine.
    """

    def __init__(self, namespace: Namespace) -> None:
        self._name = namespace.name
        self._process: subprocess.Popen[str] | None = None
        descriptor, self._file = tempfile.mkstemp(prefix="socks-net.")
        os.close(descriptor)

    def _ask(self, *commands: str) -> Any:
        """Carry out commands, of which only the last one answers."""
        if not self._process:
            self._process = subprocess.Popen(
                ["socksctl", "-n", self._name, "-j", "-batch", "-"],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                text=True,
            )
        assert self._process.stdin and self._process.stdout
        for command in commands:
            self._process.stdin.write(f"{command}\n")
        self._process.stdin.flush()
        answer = self._process.stdout.readline()
        if not answer:
            raise Refused(self.close())
        return json.loads(answer)

    def _commands(self, *commands: str) -> Configuration:
        """Carry out commands, and return what there is afterwards."""
        shown: Configuration = self._ask(*commands, "show")
        return shown

    def close(self) -> str:
        """End the process, and return what it had to complain about."""
        if not self._process:
            return ""
        _, complaint = self._process.communicate()
        self._process = None
        return complaint

    def apply(self, configuration: str) -> Configuration:
        """Replace the configuration."""
        with open(self._file, "w", encoding="ascii") as file:
            file.write(configuration)
        return self._commands(f"apply {self._file}")

    def apply_files(self, *names: str) -> Configuration:
        """Replace the configuration by that of each file, in turn."""
        return self._commands(*(f"apply {name}" for name in names))

    def flush(self) -> None:
        """Remove all servers and rules."""
        self._commands("flush")

    def show(self) -> Configuration:
        """Servers and rules, with their counters."""
        return self._commands()

    def connections(self, words: str = "") -> list[dict[str, Any]]:
        """The connections, or those that a filter means."""
        rows: list[dict[str, Any]] = self._ask(f"show connections {words}")
        return rows

    def abort(self, words: str = "all") -> list[dict[str, Any]]:
        """Abort connections, and return which."""
        rows: list[dict[str, Any]] = self._ask(f"abort {words}")
        return rows

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
