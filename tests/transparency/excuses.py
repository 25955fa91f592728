# SPDX-License-Identifier: GPL-2.0-only
"""
What may differ between the two logs of a program, and why: excuses.toml.

An excuse is for a part of a line: what its patterns match there is taken out of
both lines, and the rest has to be equal.
"""

import dataclasses
import fnmatch
import os
import pathlib
import re
import tomllib

HERE = pathlib.Path(__file__).resolve().parent
NOTICEABLE = HERE.parent.parent / "Documentation" / "noticeable.rst"
FIELDS = {"program", "direct", "redirected", "section", "why", "kernel"}


@dataclasses.dataclass
class Excuse:
    """An entry of the list."""

    program: str
    direct: re.Pattern[str]
    redirected: re.Pattern[str]
    section: str
    kernels: list[str]
    used: bool = False

    def applies(self, program: str, direct: str, redirected: str) -> bool:
        """Does it excuse the difference between these two lines?"""
        if not fnmatch.fnmatchcase(program, self.program):
            return False
        if not self.direct.search(direct):
            return False
        if not self.redirected.search(redirected):
            return False
        ours = self.direct.sub("", direct)
        return ours == self.redirected.sub("", redirected)


def sections() -> set[str]:
    """The terms which noticeable.rst explains."""
    lines = NOTICEABLE.read_text(encoding="utf-8").splitlines()
    return {
        line
        for line, following in zip(lines, lines[1:])
        if line and not line.startswith((" ", ".", "="))
        and following.startswith("  ")
    }


class Excuses:
    """The list, as far as it is for this kernel."""

    def __init__(self) -> None:
        self.mistakes: list[str] = []
        self._excuses: list[Excuse] = []
        text = (HERE / "excuses.toml").read_text(encoding="utf-8")
        known = sections()
        kernel = os.environ.get("SOCKS_KERNEL", "")
        for number, entry in enumerate(tomllib.loads(text)["excuse"], 1):
            if (FIELDS - {"kernel"}) - set(entry) or set(entry) - FIELDS:
                self.mistakes.append(f"excuse {number}: wrong fields")
                continue
            if entry["section"] not in known:
                self.mistakes.append(
                    f"excuse {number}: noticeable.rst has no section "
                    f"\"{entry['section']}\""
                )
            kernels = entry.get("kernel", [])
            if kernels and kernel not in kernels:
                continue
            self._excuses.append(
                Excuse(
                    entry["program"],
                    re.compile(entry["direct"]),
                    re.compile(entry["redirected"]),
                    entry["section"],
                    kernels,
                )
            )

    def excused(self, program: str, direct: str, redirected: str) -> bool:
        """May these two lines differ?"""
        found = [
            excuse
            for excuse in self._excuses
            if excuse.applies(program, direct, redirected)
        ]
        for excuse in found:
            excuse.used = True
        return bool(found)

    def unused(self) -> list[str]:
        """Excuses which have never applied."""
        return [
            f"{excuse.program}: \"{excuse.direct.pattern}\" against "
            f"\"{excuse.redirected.pattern}\" has never applied"
            for excuse in self._excuses
            if not excuse.used
        ]
