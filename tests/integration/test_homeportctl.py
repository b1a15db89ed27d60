#!/usr/bin/env python3
"""homeportctl as people use it: sentences, near misses, help, HOMEPORT_ADMIN, humane tables, completion; and homeportd --check beside it."""

import json
import os
import re
import select
import subprocess
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from lib import tap
from lib.redis_server import RedisServer
from lib.resp import ReplyError
from lib.sidecar import Sidecar, build_directory
from lib.workspace import HOST, TOP, Workspace, free_port, wait_until
from lib.world import World

JOIN = 'function resolve(key, versions) return versions[1].value .. "+" .. versions[2].value end\n'


def ctl(*words, admin=None):
    environment = {**os.environ, **({"HOMEPORT_ADMIN": admin} if admin else {})}
    done = subprocess.run([build_directory() / "homeportctl", *map(str, words)], capture_output=True, text=True, timeout=30, check=False,
                          env=environment)
    return done.returncode, done.stdout, done.stderr


# What is typed, how it exits, and what is said (on stderr unless it is 0).
TYPED = (
    (("statsu",), 2, "there is no order 'statsu', did you mean 'status'?"),
    (("conflict", "list"), 2, "there is no order 'conflict', did you mean 'conflicts'?"),
    (("conflicts", "lst"), 2, "did you mean 'list'?"),
    (("conflicts",), 2, "conflicts what? write conflicts list, show, resolve, ignore, retry or report"),
    (("status", "--jsno"), 2, "there is no option --jsno, did you mean --json?"),
    (("status", "--match", "x"), 2, "status takes no --match"),
    (("status", "now"), 2, "nothing follows status"),
    (("--admin",), 2, "--admin needs a value"),
    (("--admin", "here", "status"), 2, "'here' is no address, write HOST:PORT"),
    (("conflicts", "resolve", "an-id", "winnr"), 2, "'winnr' is no choice, did you mean 'winner'?"),
    (("conflicts", "resolve", "an-id", "side"), 2, "side needs DOT after it"),
    (("--help",), 0, "homeportctl ORDER --help"),
    (("conflicts", "resolve", "--help"), 0, "winner        what is visible today"),
    (("peers", "--help"), 0, "--watch"),
)


def mistyped(facts):
    for words, expected, told in TYPED:
        status, text, error = ctl(*words)
        facts.check(status == expected and told in (error if status else text), f"homeportctl {' '.join(words)}", text + error)
    status, _, error = ctl("status", admin="nonsense")
    facts.check(status == 2 and "HOMEPORT_ADMIN: 'nonsense' is no address" in error, "an address of the environment that is none is named", error)
    status, _, error = ctl("status", admin=f"{HOST}:{free_port()}")
    facts.check(status == 2 and "no sidecar answers at" in error and "{" not in error, "nobody there is a sentence", error)


def completed(facts):
    for words, expected in ((["homeportctl", "st"], "status"), (["homeportctl", "conflicts", "re"], "resolve retry report"),
                            (["homeportctl", "--admin", "x:1", "conflicts", "list", "--st"], "--status"),
                            (["homeportctl", "conflicts", "list", "--status", "op"], "open"), (["homeportctl", "peers", "--wa"], "--watch")):
        script = (f'source <({build_directory() / "homeportctl"} completion bash); COMP_WORDS=({" ".join(words)}); '
                  f'COMP_CWORD={len(words) - 1}; _homeportctl; echo "${{COMPREPLY[@]}}"')
        done = subprocess.run(["bash", "-c", script], capture_output=True, text=True, check=False)
        facts.equal(done.stdout.strip(), expected, f"the shell completes {' '.join(words)}")


def read_until(terminal, pattern, seconds=20):
    """What a program writes to its terminal, up to PATTERN; or what came until the time was over."""
    text, end = "", time.monotonic() + seconds
    while not re.search(pattern, text) and time.monotonic() < end:
        if select.select([terminal], [], [], 0.2)[0]:
            text += os.read(terminal, 1 << 16).decode(errors="replace")
    return text


def completed_by_zsh(facts, workspace):
    """As a person types it: the file that is installed, in an interactive zsh."""
    (workspace.directory / ".zshrc").write_text(f"PS1='now> '; fpath=({TOP / 'deploy' / 'completion'} $fpath); autoload -Uz compinit; compinit -u -D\n")
    environment = {**os.environ, "PATH": f"{build_directory().resolve()}:{os.environ['PATH']}", "ZDOTDIR": str(workspace.directory), "TERM": "dumb"}
    for typed, expected in (("homeportctl st", "homeportctl status"), ("homeportctl conflicts re", "report +resolve +retry"),
                            ("homeportctl conflicts list --status op", "--status open"), ("homeportctl peers --wa", "--watch")):
        terminal, end = os.openpty()
        shell = subprocess.Popen(["zsh", "-i"], stdin=end, stdout=end, stderr=end, env=environment, start_new_session=True)
        os.close(end)
        read_until(terminal, "now> ")
        os.write(terminal, typed.encode() + b"\t")
        text = read_until(terminal, expected)
        facts.check(re.search(expected, text), f"zsh completes {typed}", text)
        shell.kill()
        shell.wait()
        os.close(terminal)


def disagree(world):
    world.cut("b")
    for name in ("a", "b"):
        with world[name].client() as client:
            for key in ("r:1", "c:1", "l:1"):
                client("SET", key, f"{name}-{key}")
    world.heal("b")
    world.wait_zero_lag()
    with world["a"].client() as client:
        client("SADD", "m:1", "x")
        client("HSET", "h:1", "f", "1")
        wait_until(lambda: client("GET", "c:1") in (b"a-c:1+b-c:1", b"b-c:1+a-c:1"), 20, "the handler merges")
    world.wait_zero_lag()


def asked(facts, world):
    admin = f"{HOST}:{world['a'].sidecar.admin_port}"
    status, text, _ = ctl("peers", admin=admin)
    facts.check(status == 0 and re.search(r"^b +following +\d+ ms +0 +0 +0 +\d+ ms$", text, re.M), "HOMEPORT_ADMIN says whom to ask; times are humane", text)
    facts.check(max(map(len, text.splitlines())) <= 80, "the table of peers fits 80 columns", text)
    text = ctl("status", admin=f"http://{admin}/")[1]
    facts.check("events, 0 B" in text and re.search(r"up [\d.]+ s", text), "sizes, too; an address with http:// is one", text)
    facts.equal(json.loads(ctl("status", "--json", admin=admin)[1])["core"]["outbox_bytes"], 0, "in JSON they are as they are")
    text = ctl("conflicts", "list", admin=admin)[1]
    facts.check(len(text.splitlines()) == 4 and max(map(len, text.splitlines())) <= 80, "the list of conflicts fits 80 columns", text)
    facts.check(len(ctl("conflicts", "list", "--older", "1h", admin=admin)[1].splitlines()) == 1, "--older takes units", text)
    for order in ("status", "ready", "peers", "metrics", "conflicts list", "conflicts report", "explain l:1"):
        facts.check(json.loads(ctl("--json", *order.split(), admin=admin)[1]) is not None, f"{order} answers in JSON")


def explained(facts, world):
    admin = f"{HOST}:{world['a'].sidecar.admin_port}"
    for words, told in ((("nowhere",), "there is no such key"), (("m:1",), "the key is no string"), (("h:1",), "of a hash ask for a FIELD"),
                        (("h:1", "--field", "g"), "there is no such field"), (("m:1", "--field", "g"), "the key is no hash"),
                        (("r:1",), "until somebody resolves the conflict")):
        status, text, error = ctl("explain", *words, admin=admin)
        facts.check(status == 0 and text.startswith("rule: ") and told in text, f"explain {' '.join(words)} says so", text + error)
    versions = json.loads(ctl("--json", "explain", "r:1", admin=admin)[1])["versions"]
    facts.equal(sorted(version["value"] for version in versions), ["a-r:1", "b-r:1"], "in JSON each version has fields")


def refused(facts, world):
    """Mistakes of people are no refused writes, which are paged for."""
    sidecar = world["a"].sidecar
    admin = f"{HOST}:{sidecar.admin_port}"
    status, _, error = ctl("conflicts", "resolve", "no-such-id", "winner", admin=admin)
    facts.check(status == 1 and error.startswith("homeportctl: no open conflict has this id here") and "{" not in error, "a refusal is a sentence", error)
    with sidecar.client() as client:
        for words in (("SET", "a"), ("SET", "a", "b", "c"), ("INCRBY", "l:1", "1"), ("HOMEPORT", "SET", "x", "v", "no-token"),
                      ("HOMEPORT", "RESOLVE", "no-such-id", "WINNER")):
            try:
                client(*words)
                facts.check(False, f"{words} is refused")
            except ReplyError:
                pass
    facts.equal(sidecar.metrics().one("homeport_refused_writes_total"), 0, "no mistake of a client counts as a refused write")


def tried(facts, world):
    path = world.workspace.directory / "join.lua"
    status, text, error = ctl("handler", "test", "--handler", path, "--match", "c:*", admin=f"{HOST}:{world['a'].sidecar.admin_port}")
    facts.check(status == 0 and re.search(r'merges +"c:1" +custom: resolved by handler "(.-c:1\+.-c:1)" -> handler: "\1"', text),
                "handler test runs on a record that the handler resolved", text + error)


def watched(facts, world):
    command = [build_directory() / "homeportctl", "--admin", f"{HOST}:{world['a'].sidecar.admin_port}", "peers", "--watch"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        time.sleep(2.5)
        process.terminate()
        text = process.communicate()[0]
    facts.check(text.count("PEER ") >= 2 and text.count("following") >= 2, "peers --watch shows them again", text)


def heard(facts, world):
    world["b"].sidecar.kill()
    world["b"].redis.kill()
    sidecar = world["a"].sidecar
    sidecar.stop()
    sidecar.start()
    text = ctl("peers", admin=f"{HOST}:{sidecar.admin_port}")[1]
    facts.check("never" not in text and re.search(r"b: nothing was heard of it since this sidecar started [\d.]+ m?s ago", text),
                "after a restart a silent peer is one of which nothing was heard since", text)


def check(workspace, text):
    path = workspace.directory / "checked.yml"
    path.write_text(text)
    done = subprocess.run([build_directory() / "homeportd", "--check", "--config", path], capture_output=True, text=True, timeout=30, check=False)
    return done.returncode, done.stdout, done.stderr.replace(f"{path}:", "")


KAFKA = 'dc: eu\nlog: {{ kafka: {{ bootstrap.servers: "{0}:9", {1} }} }}\n'
# Settings of a Kafka log, and the complaint.
REFUSED = (
    ("linger.mss: 3", ": log.kafka.linger.mss: librdkafka has no property \"linger.mss\": did you mean \"linger.ms\"?\n"),
    ("socket.timeout.ms: abc", "log.kafka.socket.timeout.ms: 'abc' is refused"),
    ("queue.buffering.max.ms: -4", "value -4 is outside allowed range 0..900000"),
    ("acks: 1", "log.kafka: `acks` must be set to `all`"),
    ("security.protocol: ssl, ssl.ca.location: /none.pem", "log.kafka: ssl.ca.location failed"),
    ("create.retention.ms: 7days", "log.kafka.create.retention.ms: '7days' is no number, write a whole number of milliseconds"),
    ("create.retentin.ms: 7", "did you mean create.retention.ms?"),
    ("create.replication.factor: 0", "'0' is no number of replicas"),
    ("create.cleanup.policy: compact", "choose from delete"),
)


def checked(facts, workspace):
    status, text, error = check(workspace, "dc: eu\n")
    facts.check(status == 0 and text.count("\n") == 1 and "is good" in text and error == "", "--check of a good file says so in one line", text + error)
    status, text, error = check(workspace, KAFKA.format(HOST, "create.retention.ms: 600000, compression.type: zstd"))
    facts.check(status == 0, "good settings of librdkafka and of the topic are let through", error)
    for settings, told in REFUSED:
        status, text, error = check(workspace, KAFKA.format(HOST, settings))
        facts.check(status == 1 and told in error and error.count("\n") == 1 and text == "", f"--check finds {settings}", text + error)
    (workspace.directory / "wrong.lua").write_text("function resolve(")
    status, _, error = check(workspace, 'dc: eu\nrules: [{ match: "*", rule: custom, handler: wrong.lua }]\n')
    facts.check(status == 1 and "wrong.lua:1:" in error, "and a handler that does not load", error)


def databases(facts, workspace):
    redis = RedisServer(workspace, "redis-few", options=("--databases", "4"))
    redis.start()
    sidecar = Sidecar(workspace, "homeportd-few", f"dc: a\nredis: {{ address: {HOST}:{redis.port} }}\n", free_port())
    sidecar.start(wait=False)
    wait_until(lambda: "redis.database must be below this server's `databases`" in sidecar.log_text(), 10, "the log names redis.database and databases")
    facts.check(True, "a database beyond the server's is named with both settings")
    sidecar.stop()


def test(facts):
    mistyped(facts)
    completed(facts)
    workspace = Workspace()
    try:
        completed_by_zsh(facts, workspace)
        checked(facts, workspace)
        databases(facts, workspace)
    finally:
        workspace.close()
    world = World(("a", "b"), rules=(("r:*", "record"), ("c:*", "custom", "handler: join.lua"), ("m:*", "merge"), ("*", "lww")))
    with world:
        (world.workspace.directory / "join.lua").write_text(JOIN)
        world.start()
        disagree(world)
        for part in (asked, explained, refused, tried, watched, heard):
            part(facts, world)


tap.run(test)
