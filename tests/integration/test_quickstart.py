#!/usr/bin/env python3
"""deploy/quickstart as a new user meets it: two datacenters that replicate, and nothing left behind after Ctrl-C."""

import os
import re
import signal
import subprocess
import tempfile
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from lib import tap
from lib.resp import Client
from lib.workspace import HOST, TOP, wait_until


def start(directory, *options):
    """In a directory for temporary files of its own, so that what is left can be seen."""
    output = open(directory / "output", "w+")
    process = subprocess.Popen([TOP / "deploy" / "quickstart", *options], stdout=output, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL,
                               env={**os.environ, "TMPDIR": str(directory)}, start_new_session=True,
                               preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL))  # ignored where we run in the background
    return process, Path(output.name)


def ports_told(output):
    found = re.findall(r"redis-cli -p (\d+)", output.read_text())
    return [int(port) for port in found[:2]] if len(found) >= 2 else None


def processes_in(directory):
    found = []
    for entry in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            if str(directory).encode() in entry.read_bytes():
                found.append(entry.read_bytes().replace(b"\0", b" ").decode())
        except OSError:
            pass  # it has just ended
    return found


def read_the_log_as_told(facts, output, name):
    told = re.search(r"^ +(kcat .*protoc .*?)  #", output.read_text(), re.MULTILINE)
    if told:
        run = subprocess.run(["bash", "-o", "pipefail", "-c", told[1]], cwd=TOP, capture_output=True, text=True, timeout=60)
        facts.check(run.returncode == 0 and 'dc: "eu"' in run.stdout, f"{name}: its log is read by kcat and protoc as told", run.stdout + run.stderr)
    facts.equal(bool(told), "--kafka" in name, f"{name}: tells how to read the log where kcat can")


def try_quickstart(facts, *options):
    name = " ".join(("deploy/quickstart", *options))
    with tempfile.TemporaryDirectory() as temporary:
        directory = Path(temporary)
        process, output = start(directory, *options)
        try:
            eu, us = wait_until(lambda: ports_told(output), 400, f"{name} tells what to type")
            with Client((HOST, eu)) as writer, Client((HOST, us)) as reader:
                facts.equal(writer("SET", "greeting", "hello"), "OK", f"{name}: a write in one datacenter")
                wait_until(lambda: reader("GET", "greeting") == b"hello", 20, "the other datacenter shows it")
                facts.check(True, f"{name}: is seen in the other")
            read_the_log_as_told(facts, output, name)
            wait_until(lambda: re.search(r"^us .* yes +0 +1 +0 ", output.read_text(), re.MULTILINE), 20, "the view counts it")
            facts.check(True, f"{name}: is counted in the live view")
        finally:
            os.kill(process.pid, signal.SIGINT)
            status = process.wait(60)
        facts.equal(status, 0, f"{name}: ends well on Ctrl-C")
        facts.equal([path.name for path in directory.iterdir()], ["output"], f"{name}: leaves no files")
        facts.equal(processes_in(directory), [], f"{name}: leaves no processes")


def quickstart(facts):
    try_quickstart(facts)
    try_quickstart(facts, "--kafka")


tap.run(quickstart)
