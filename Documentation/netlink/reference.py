#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""
reference.py GENERATOR SPECIFICATION   print the netlink reference

GENERATOR is tools/net/ynl/ynl-gen-rst.py of the kernel's source. It leaves out
what a set of attributes is for, the checks of an attribute, and all numbers; so
these are put where it finds them.
"""
import importlib.util
import sys

import yaml


def load(path):
    """The generator, as a module."""
    spec = importlib.util.spec_from_file_location("generator", path)
    module = importlib.util.module_from_spec(spec)
    sys.dont_write_bytecode = True
    spec.loader.exec_module(module)
    return module


def number_entries(definition):
    """Enumerations begin with 0."""
    entries = definition["entries"]
    for number, entry in enumerate(entries):
        if not isinstance(entry, dict):
            entry = {"name": entry}
        entries[number] = entry | {"type": str(number)}


def prepare(family):
    """Add what the generator would leave out."""
    for definition in family["definitions"]:
        if definition["type"] == "enum":
            number_entries(definition)
    for attributes in family["attribute-sets"]:
        for number, attribute in enumerate(attributes["attributes"], 1):
            attribute["number"] = number
            for check, value in attribute.get("checks", {}).items():
                attribute[check] = value


def main(generator, specification):
    """Print it."""
    tool = load(generator)
    sections = tool.rst_section

    with open(specification, encoding="utf-8") as file:
        family = yaml.safe_load(file)
    docs = {attributes["name"]: attributes.get("doc", "")
            for attributes in family["attribute-sets"]}

    def section(namespace, prefix, title):
        text = sections(namespace, prefix, title)
        if prefix == "attribute-set" and docs[title]:
            text += f"\n{docs[title]}"
        return text

    tool.rst_section = section
    prepare(family)
    lines = tool.parse_yaml(family).splitlines()
    lines[0] = ".. SPDX-License-Identifier: GPL-2.0-only"
    lines[1] = ".. Made by Documentation/netlink/regen from specs/socks.yaml: change that."
    blank = False
    for line in lines:
        if line.strip() or not blank:
            print(line.rstrip())
        blank = not line.strip()


if __name__ == "__main__":
    main(*sys.argv[1:])
