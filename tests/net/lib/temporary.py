# SPDX-License-Identifier: GPL-2.0-only
"""A namespace that comes and goes, with a way to the firewall of its own."""

import socket
import subprocess

from .socksctl import Socksctl
from .topology import THROUGH_PREFIX, Namespace, Topology, text
from .wait import DEADLINE, until

NAME = "temporary"
HOST = "10.7.0.2"
SERVER = ("10.7.0.1", 1080)


def _ip(*arguments: str, batch: str) -> None:
    subprocess.run(
        ("ip", *arguments, "-batch", "-"), input=batch, text=True, check=True
    )


class Temporary:
    """The namespace; its server's address is on the firewall."""

    def __init__(self, net: Topology, timeout: int = 60) -> None:
        self._net = net
        _ip(
            batch=f"netns add {NAME}\nlink add short netns {NAME} type veth "
            "peer name short netns firewall\n"
        )
        for name, host in ((NAME, HOST), ("firewall", SERVER[0])):
            _ip(
                "-n",
                name,
                batch=f"address add {host}/24 dev short\nlink set short up\n",
            )
        self.namespace = Namespace(NAME)
        ctl = Socksctl(self.namespace)
        ctl.apply(
            f"server add t {text(SERVER)} timeout {timeout}\n"
            f"rule add to {THROUGH_PREFIX} via t\n"
        )
        ctl.close()

    def delete(self) -> None:
        """Delete the namespace. Its sockets keep it, unseen, for a while."""
        self.namespace.close()
        subprocess.run(("ip", "netns", "delete", NAME), check=True)

    def gone(self, deadline: float = DEADLINE) -> None:
        """Wait until it is gone, of which its veth pair tells."""

        def veth_gone() -> bool:
            with self._net.firewall.entered():
                return "short" not in {name for _, name in socket.if_nameindex()}

        until(veth_gone, "end of the namespace", deadline)
