# SPDX-License-Identifier: GPL-2.0-only
"""
The recipes of Documentation/admin-guide.rst.

A comment above a block of code says which recipe it is a part of, and what it
is:

    .. recipe: NAME: on HOST            commands of root, for a shell
    .. recipe: NAME: file PATH on HOST  a file
    .. recipe: NAME: output             what the commands before it print

Each block of code has such a comment; what is drawn stands behind a plain "::".
"""
import dataclasses
import pathlib
import re
import textwrap

GUIDE = (pathlib.Path(__file__).resolve().parents[2]
         / "Documentation" / "admin-guide.rst")

MARK = re.compile(r"\.\. recipe: (?P<recipe>[\w-]+): "
                  r"(?:(?P<output>output)|(?:file (?P<path>/\S+) )?on (?P<host>[\w-]+))")
CODE = re.compile(r"\s*\.\. (code-block|code|sourcecode|parsed-literal)::.*")


class Malformed(Exception):
    """The guide is not written as described above."""


@dataclasses.dataclass(frozen=True)
class Block:
    """A block of code."""
    line: int               # where it begins
    recipe: str
    host: str               # where it is for, or ""
    path: str               # of a file, or ""
    output: bool
    text: str


def indented(lines):
    """The text of an indented block whose first line is lines[0] or below."""
    block = []
    for line in lines:
        if line.strip() and not line.startswith(" "):
            break
        block.append(line)
    return textwrap.dedent("\n".join(block)).strip("\n") + "\n"


def blocks(text):
    """All blocks of code, in their order."""
    lines = text.splitlines()
    found = []
    for number, line in enumerate(lines, 1):
        mark = MARK.fullmatch(line)
        if not mark and line.lstrip().startswith(".. recipe"):
            raise Malformed(f"line {number}: no such mark: {line}")
        if mark and not CODE.fullmatch("\n".join(lines[number:number + 1])):
            raise Malformed(f"line {number}: no block of code follows")
        if not CODE.fullmatch(line):
            continue
        mark = MARK.fullmatch(lines[number - 2])
        if not mark:
            raise Malformed(f"line {number}: a block of code without '.. recipe:'")
        found.append(Block(number, mark["recipe"], mark["host"] or "",
                           mark["path"] or "", bool(mark["output"]),
                           indented(lines[number:])))
    return found


def recipes(text=None):
    """All recipes: names, and the blocks of each."""
    found = {}
    if text is None:
        text = GUIDE.read_text("utf-8")
    for block in blocks(text):
        found.setdefault(block.recipe, []).append(block)
    return found


def write(block):
    """Write the file which a block is."""
    path = pathlib.Path(block.path)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(block.text, "utf-8")
