#!/usr/bin/env python3
"""The recipes of deploy/recipes, as they stand but for addresses: a real nginx and a real HAProxy send HTTP users to their homes, and follow them when they move."""

import http.client
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from lib import tap
from lib.workspace import HOST, free_port, wait_until
from lib.world import World

RECIPES = Path(__file__).resolve().parents[2] / "deploy" / "recipes"
HOMES = 'homes:\n  - { match: "user:{id}:*", default: { list: [ { match: "u*", dc: us }, { match: "*", dc: eu } ] }, away: forward }\n'


def application(region):
    """An application that says where it runs."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(200)
            self.end_headers()
            self.wfile.write(region.encode())

        def log_message(self, *_):
            pass

    server = ThreadingHTTPServer((HOST, 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server


def get(port, user):
    connection = http.client.HTTPConnection(HOST, port, timeout=10)
    try:
        connection.request("GET", "/", headers={"Cookie": f"user={user}"} if user is not None else {})
        answer = connection.getresponse()
        return answer.status, answer.read().decode()
    finally:
        connection.close()


def answers(port):
    try:
        return get(port, None)[0] == 200
    except (OSError, http.client.HTTPException):
        return False


class Proxy:
    def __init__(self, world, name, files, command, applications):
        """FILES: of the recipe. COMMAND: what runs it, in their folder."""
        self.world, self.port = world, free_port()
        folder = world.workspace.directory / name
        folder.mkdir()
        changes = {"127.0.0.1:8000": f"{HOST}:{self.port}", "127.0.0.1:7081": f"{HOST}:{world['eu'].sidecar.admin_port}",
                   "192.0.2.10:8080": f"{HOST}:{applications['eu'].server_port}", "192.0.2.20:8080": f"{HOST}:{applications['us'].server_port}"}
        for file in files:
            text = (RECIPES / file).read_text()
            for old, new in changes.items():
                text = text.replace(old, new)
            (folder / file).write_text(text)
        self.process = world.workspace.spawn(name, ["sh", "-c", f"cd {folder} && exec {command}"])
        wait_until(lambda: answers(self.port), 30, f"{name} answers")

    def stop(self):
        self.process.terminate()
        self.process.wait(30)
        self.world.workspace.unwatch(self.process.pid)


def route(facts, world, name, proxy):
    facts.equal(get(proxy.port, "1"), (200, "eu"), f"{name} sends a user home")
    facts.equal(get(proxy.port, "u1"), (200, "us"), f"{name} sends another one to another region")
    for user in (None, "", "a b", "x/../../../livez", "?", "é"):
        facts.equal(get(proxy.port, user), (200, "eu"), f"{name}: the user {user!r} stays in this region")
    status, text = world["eu"].sidecar.ctl("rehome", f"user:{name}", "--to", "us")[:2]
    facts.equal(status, 0, f"a user moves ({text.strip()})")
    facts.equal(get(proxy.port, name), (200, "us"), f"{name} follows at once")


def http_routing(facts):
    applications = {region: application(region) for region in ("eu", "us")}
    with World(("eu", "us"), settings=HOMES).start() as world:
        proxies = {"nginx": Proxy(world, "nginx", ["nginx.conf"], "nginx -p . -e error.log -c nginx.conf -g 'daemon off; pid nginx.pid;'", applications),
                   "haproxy": Proxy(world, "haproxy", ["haproxy.cfg", "homeport_home.lua"], "haproxy -db -f haproxy.cfg", applications)}
        for name, proxy in proxies.items():
            route(facts, world, name, proxy)
        world["eu"].sidecar.stop()
        for name, proxy in proxies.items():
            facts.equal(get(proxy.port, "u1"), (200, "eu"), f"{name}: while the sidecar is away all stay in this region")
            proxy.stop()
    for server in applications.values():
        server.shutdown()


tap.run(http_routing)
