#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""
outcomes.py FILE NAME...   run CPython's own tests

A NAME is a module of package "test", or the name of a single test. FILE gets a
line for each test: when it begins, and with what it ended.
"""
import faulthandler
import json
import sys
import time
import unittest

from test import support
from test.support import os_helper

# For a single test, in seconds; the process ends with it.
HANG = 240
# What the tests themselves allow for what should come at once, in seconds: they
# are made for faster machines.
PATIENCE = 60.0


class Outcomes(unittest.TestResult):
    """Writes down the outcome of each test as soon as it is there."""

    def __init__(self, file):
        super().__init__()
        self._file = file
        self._outcome = None
        self._note = ""
        self._begun = 0

    def _write(self, test, outcome, note="", seconds=0):
        record = {"test": test.id(), "outcome": outcome, "note": note,
                  "seconds": round(seconds, 2)}
        print(json.dumps(record), file=self._file, flush=True)

    def startTest(self, test):
        super().startTest(test)
        faulthandler.dump_traceback_later(HANG, exit=True)
        self._outcome, self._note = "ok", ""
        self._begun = time.monotonic()
        self._write(test, "hung")

    def stopTest(self, test):
        super().stopTest(test)
        faulthandler.cancel_dump_traceback_later()
        self._write(test, self._outcome, self._note,
                    time.monotonic() - self._begun)

    def _trouble(self, test, outcome, error):
        self._outcome = outcome
        self._note = self._exc_info_to_string(error, test)
        # What is no test: setUpClass() and setUpModule().
        if not isinstance(test, unittest.TestCase):
            self._write(test, outcome, self._note)

    def addError(self, test, err):
        self._trouble(test, "error", err)

    def addFailure(self, test, err):
        self._trouble(test, "failure", err)

    def addSubTest(self, test, subtest, err):
        if err:
            self._trouble(test, "failure", err)

    def addSkip(self, test, reason):
        self._outcome, self._note = "skipped", reason
        if not isinstance(test, unittest.TestCase):
            self._write(test, "skipped", reason)

    def addExpectedFailure(self, test, err):
        self._outcome = "expected failure"

    def addUnexpectedSuccess(self, test):
        self._outcome = "unexpected success"


def main():
    """Run the tests."""
    path, *names = sys.argv[1:]
    # No test that wants the Internet, a display, gigabytes or hours.
    support.use_resources = {}
    support.LOOPBACK_TIMEOUT = support.SHORT_TIMEOUT = PATIENCE
    names = [name if name.startswith("test.") else f"test.{name}"
             for name in names]
    with open(path, "w", encoding="utf-8") as file, os_helper.temp_cwd():
        unittest.TestLoader().loadTestsFromNames(names)(Outcomes(file))


if __name__ == "__main__":
    main()
