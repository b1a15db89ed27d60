#!/usr/bin/env python3
"""homeportd as a process: its command line, what it tells the service manager, SIGHUP, and why it does not start."""

import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from lib import tap
from lib.sidecar import build_directory
from lib.workspace import free_port, wait_until
from lib.world import World


def homeportd(*arguments, environment=None):
    return subprocess.run([build_directory() / "homeportd", *arguments], capture_output=True, text=True, timeout=30,
                          env={**os.environ, **(environment or {})})


def command_line(facts):
    facts.check(homeportd("--version").stdout.startswith("homeportd "), "--version names it")
    for what, heading in (("commands", "# "), ("settings", "# "), ("metrics", "# ")):
        told = homeportd(f"--describe-{what}")
        facts.check(told.returncode == 0 and told.stdout.lstrip("<").strip() and heading in told.stdout, f"--describe-{what} writes a page")
    for arguments in ((), ("--nosuch",), ("--config",), ("--config", "a", "b")):
        told = homeportd(*arguments)
        facts.check(told.returncode == 1 and "usage:" in told.stderr, f"{' '.join(arguments) or 'no argument'} gets the usage and status 1")
    told = homeportd("--config", "/nonexistent.yml", "--check")
    facts.check(told.returncode == 1 and "/nonexistent.yml" in told.stderr, "a missing file is named")


def checking(facts, world):
    path = world["a"].sidecar.config_path
    told = homeportd("--check", "--config", path)
    facts.equal((told.returncode, told.stderr), (0, ""), "--check says nothing about a good file")
    bad = path.with_name("bad.yml")
    bad.write_text(path.read_text() + "nosuch: 1\n")
    told = homeportd("--check", "--config", bad)
    facts.check(told.returncode == 1 and f"{bad}:" in told.stderr, "--check says where a bad one is wrong", told.stderr)


def port_in_use(facts, world):
    sidecar = world["a"].sidecar
    told = homeportd("--config", sidecar.config_path)
    facts.check(told.returncode == 1 and f"cannot listen at 127.0.0.1:{sidecar.port}" in told.stderr,
                "a port in use ends it with status 1 and is named", told.stderr)
    with sidecar.client() as client:
        facts.equal(client("PING"), "PONG", "who has the port goes on")


def reloading(facts, world):
    sidecar = world["a"].sidecar
    text = sidecar.config_path.read_text()
    sidecar.config_path.write_text(text + "limits: { clients: 2 }\n")
    sidecar.process.send_signal(signal.SIGHUP)
    clients = [sidecar.client()]

    def is_limited():
        with socket.create_connection(sidecar.address, 5) as first, socket.create_connection(sidecar.address, 5) as second:
            for each in (first, second):
                each.sendall(b"PING\r\n")
            return any(each.recv(100).startswith(b"-ERR max number of clients") for each in (first, second))
    wait_until(is_limited, 10, "the new limit holds")
    facts.check(True, "SIGHUP takes a changed limit over")
    sidecar.config_path.write_text(text + "nosuch: 1\n")
    sidecar.process.send_signal(signal.SIGHUP)
    wait_until(lambda: "not reloaded" in sidecar.log_text(), 10, "the log says so")
    facts.equal(clients[0]("PING"), "PONG", "a file that is wrong changes nothing, and the log says why")
    sidecar.config_path.write_text(text)


def service_manager(facts, world):
    directory = world.workspace.directory
    path = str(directory / "notify")
    config = directory / "alone.yml"
    config.write_text(f"dc: alone\nlisten: 127.0.0.1:{free_port()}\nadmin: 127.0.0.1:{free_port()}\n"
                      f"redis: {{ address: 127.0.0.1:{free_port()} }}\nlog: {{ redis-stream: {{}} }}\n")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(path)
        manager.settimeout(20)
        process = subprocess.Popen([build_directory() / "homeportd", "--config", config], stderr=subprocess.DEVNULL,
                                   env={**os.environ, "NOTIFY_SOCKET": path})
        try:
            facts.equal(manager.recv(100), b"READY=1", "the service manager is told when clients can connect, even before Redis is there")
            process.send_signal(signal.SIGTERM)
            facts.equal(manager.recv(100), b"STOPPING=1", "and when it stops")
            facts.equal(process.wait(20), 0, "which ends with status 0 though Redis was never there")
        finally:
            process.kill()
            os.unlink(path)


def process(facts):
    command_line(facts)
    with World(("a", "b"), with_links=False, with_sockets=True).start() as world:
        with world["a"].client() as client:
            facts.equal(client("SET", "greeting", "hello"), "OK", "a sidecar may find its Redis at a Unix socket")
        for part in (checking, port_in_use, reloading, service_manager):
            part(facts, world)


tap.run(process)
