# SPDX-License-Identifier: GPL-2.0-only
"""A terminal for programs that draw on it: tmux, with nobody before it."""

import os
import shutil
import subprocess
import tempfile
import time

# Far more than anything takes.
DEADLINE = 60


class Terminal:
    """
    Runs a command on a screen. When it has ended, its status is on the screen,
    and a shell's prompt does not come.
    """

    def __init__(self, argv, environment, columns=120, rows=24):
        self.folder = tempfile.mkdtemp(prefix="socksctl-terminal.")
        self.status = os.path.join(self.folder, "status")
        self.script = os.path.join(self.folder, "script")
        with open(self.script, "w") as script:
            script.write("#!/bin/sh\nbefore=$(stty -g)\necho before\n\"$@\"\nstatus=$?\n"
                         "[ \"$(stty -g)\" = \"$before\" ] && echo restored || echo not restored\n"
                         f"echo $status >{self.status}.new\nmv {self.status}.new {self.status}\nexec sleep 1000\n")
        variables = [f"{name}={value}" for name, value in environment.items()]
        self.tmux("-f", os.devnull, "new-session", "-d", "-x", str(columns), "-y", str(rows), "-s", "test",
                  "env", "-i", "PATH=" + os.environ["PATH"], "TERM=screen", *variables, "sh", self.script, *argv)

    def tmux(self, *words):
        environment = os.environ | {"LC_ALL": "C.UTF-8"}
        environment.pop("TMUX", None)
        return subprocess.run(["tmux", "-u", "-S", os.path.join(self.folder, "socket"), *words], check=True,
                              capture_output=True, text=True, env=environment, timeout=DEADLINE).stdout

    def screen(self):
        """What is seen, as lines."""
        return self.tmux("capture-pane", "-p", "-t", "test").splitlines()

    def keys(self, *keys):
        self.tmux("send-keys", "-t", "test", *keys)

    def resize(self, columns, rows):
        self.tmux("resize-window", "-t", "test", "-x", str(columns), "-y", str(rows))

    def until(self, condition):
        """Wait until it is true of the screen; return that."""
        end = time.monotonic() + DEADLINE
        while True:
            lines = self.screen()
            answer = condition(lines)
            if answer:
                return answer
            assert time.monotonic() < end, "\n".join(lines)
            time.sleep(0.05)

    def child(self):
        """The number of the process which draws."""
        shell = self.tmux("display-message", "-p", "-t", "test", "#{pane_pid}").strip()
        return int(subprocess.run(["pgrep", "-P", shell], check=True, capture_output=True, text=True).stdout)

    def ended(self):
        """Wait until it has ended: its status, and what is then on the screen."""
        # What the script says last may come to the screen after the file is there.
        lines = self.until(lambda lines: os.path.exists(self.status) and
                           any(line.endswith("restored") for line in lines) and lines)
        with open(self.status) as file:
            return int(file.read()), [line for line in lines if line]

    def close(self):
        self.tmux("kill-server")
        shutil.rmtree(self.folder)
