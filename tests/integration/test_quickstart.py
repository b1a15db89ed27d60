#!/usr/bin/env python3
"""deploy/quickstart as a new user meets it: two datacenters that replicate, and nothing left behind after Ctrl-C; built whether or not the
source tree was built in place before."""

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


def libraries_outside(directory):
    """Libraries that processes of ours have unpacked for themselves elsewhere: left lying when such a process is killed."""
    temporary, found = tempfile.gettempdir(), set()
    for entry in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            if str(directory).encode() in entry.read_bytes():
                found |= set(re.findall(rf" ({re.escape(temporary)}/.*\.so\S*)$", entry.with_name("maps").read_text(), re.MULTILINE))
        except OSError:
            pass  # it has just ended, or is another user's
    return [path for path in found if not path.startswith(str(directory))]


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
            facts.equal(libraries_outside(directory), [], f"{name}: unpacks nothing outside its folder")
        finally:
            os.kill(process.pid, signal.SIGINT)
            status = process.wait(60)
        facts.equal(status, 0, f"{name}: ends well on Ctrl-C")
        facts.equal([path.name for path in directory.iterdir()], ["output"], f"{name}: leaves no files")
        facts.equal(processes_in(directory), [], f"{name}: leaves no processes")


def build_one_library(top, directory):
    """deploy/build in earnest, but for the time it takes."""
    built = subprocess.run([top / "deploy" / "build", directory], env={**os.environ, "MAKE_TARGETS": "libbase.a"}, capture_output=True, text=True)
    return built.returncode == 0 and (Path(directory) / "base" / "bytes.o").exists(), built.stdout + built.stderr


def builds_in_either_order(facts):
    """The README's ./configure && make in the source tree, and the build of deploy/quickstart elsewhere."""
    with tempfile.TemporaryDirectory() as temporary:
        top = Path(temporary) / "homeport"
        top.mkdir()
        subprocess.run(f"tar -C {TOP} -cf - --exclude=./build --exclude=./.git --exclude=./config.status --exclude=./Makefile --exclude='*.o' --exclude='*.a'"
                       f" --exclude=.deps . | tar -C {top} -xf -", shell=True, check=True)
        is_built, text = build_one_library(top, top / "build" / "before")
        facts.check(is_built, "deploy/build builds elsewhere", text)
        in_place = subprocess.run("autoreconf -fi && ./configure && make libbase.a", shell=True, cwd=top, capture_output=True, text=True)
        facts.equal(in_place.returncode, 0, "the tree is then built in place")
        for name in ("before", "after"):
            is_built, text = build_one_library(top, top / "build" / name)
            facts.check(is_built, f"after that deploy/build builds elsewhere, where it was built {name}", text)
        again = subprocess.run(["make", "libbase.a"], cwd=top, capture_output=True, text=True)
        facts.equal(again.returncode, 0, "and the build in place goes on")


def quickstart(facts):
    builds_in_either_order(facts)
    try_quickstart(facts)
    try_quickstart(facts, "--kafka")


tap.run(quickstart)
