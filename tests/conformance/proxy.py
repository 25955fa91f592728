# SPDX-License-Identifier: GPL-2.0-only
"""
nginx as a proxy on the client: each page that it is asked for it fetches from a
web server outside, over a connection of its own, through a SOCKS server. wrk asks
for many at once. All have to be there, whole, and come from the firewall.
"""
import json
import re

from lab import DANTED_PORT, FIREWALL_IN, FIREWALL_OUT, OUTSIDE_NET, Error, wait

CONNECTIONS = 16
SECONDS = 5
PAGE = "Hello from the outside."
PORT = 8000
DIRECT = "198.51.100.2"

# What is in double braces stays; see Lab.file().
NGINX = """\
daemon off;
user root;
worker_processes 2;
pid proxy.pid;
error_log stderr;
events {{
	worker_connections 1024;
}}
http {{
	access_log off;
	client_body_temp_path proxy.tmp;
	proxy_temp_path proxy.tmp;
	fastcgi_temp_path proxy.tmp;
	uwsgi_temp_path proxy.tmp;
	scgi_temp_path proxy.tmp;
	server {{
		listen 127.0.0.1:8000 backlog=1024;
		location / {{
			proxy_pass http://{OUTSIDE};
			proxy_ignore_client_abort on;
			proxy_next_upstream off;
		}}
	}}
}}
"""

# Each thread of wrk has variables of its own.
WRK = f"""\
local threads = {{}}

function setup(thread)
	table.insert(threads, thread)
end

function init()
	seen, wrong = 0, 0
end

function response(status, headers, body)
	seen = seen + 1
	if status ~= 200 or body ~= "{PAGE}\\n" then
		wrong = wrong + 1
	end
end

function done(summary)
	local errors = summary.errors
	local seen, wrong = 0, 0
	for _, thread in ipairs(threads) do
		seen = seen + thread:get("seen")
		wrong = wrong + thread:get("wrong")
	end
	print(string.format("wrk: seen %d, wrong %d, errors %d", seen, wrong,
		errors.connect + errors.read + errors.write + errors.timeout))
end
"""


def ask(lab, namespace):
    """
    Let wrk ask for the page, with the namespace's name behind it; return what it
    saw: pages, wrong ones, errors.
    """
    name = f"proxy-{namespace}"
    folder = lab.dir / name
    folder.mkdir()
    configuration = lab.file(f"{name}.conf", NGINX)
    script = lab.dir / "wrk.lua"
    script.write_text(WRK, "ascii")
    lab.serve(namespace, name, ["nginx", "-e", "stderr", "-p", str(folder),
                                "-c", configuration], "127.0.0.1", PORT)
    out = lab.check(namespace, [
        "wrk", "-t", "2", "-c", str(CONNECTIONS), "-d", f"{SECONDS}s",
        "--timeout", "60s", "-s", str(script), f"http://127.0.0.1:{PORT}/?{namespace}"])
    found = re.search(r"wrk: seen (\d+), wrong (\d+), errors (\d+)", out)
    if not found:
        raise Error(f"wrk printed: {out}")
    return tuple(map(int, found.groups()))


def callers(lab, namespace):
    """
    Who has asked the web server for a namespace's page. What wrk left behind may
    come when another one has its turn; and all is logged a little later.
    """
    log = lab.dir / "access.log"
    return wait("the web server to log it", lambda: {
        line.split()[0] for line in log.read_text("ascii").splitlines()
        if f" /?{namespace} " in line})


def check(lab, tally):
    """Both ways: the page, and nothing else, each time that it is asked for."""
    (lab.dir / "www" / "index.html").write_text(f"{PAGE}\n", "ascii")
    lab.nginx()
    lab.danted()
    lab.namespaces("direct")
    lab.cable(("direct", f"{DIRECT}/24"), ("outside", "198.51.100.1/24"))
    lab.ip(f"route add {OUTSIDE_NET} via 198.51.100.1", namespace="direct")
    lab.ip(f"route add {OUTSIDE_NET} via {FIREWALL_IN}", namespace="client")
    lab.socksctl("server", "add", "firewall", f"{FIREWALL_IN}:{DANTED_PORT}")
    lab.socksctl("rule", "add", "to", OUTSIDE_NET, "via", "firewall")
    for namespace, caller in (("direct", DIRECT), ("client", FIREWALL_OUT)):
        pages, wrong, errors = ask(lab, namespace)
        seen = callers(lab, namespace)
        if pages and not wrong and not errors and seen == {caller}:
            tally.passed += 1
        else:
            tally.failure(f"nginx, {namespace}: {pages} pages, {wrong} wrong ones, "
                          f"{errors} errors; asked by {seen}")
    shown = json.loads(lab.socksctl("-json", "server", "show", "firewall"))
    granted = shown[0]["stats"]["granted"]
    lab.socksctl("rule", "del", "1")
    if granted < pages:
        tally.failure(f"nginx: {pages} pages, and {granted} connections")
    tally.say(f"nginx: {pages} pages, {granted} connections through the server")
