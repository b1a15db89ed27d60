#!/usr/bin/env python3
"""What an operator relies on: --check, reload, health and readiness in trouble, homeportctl, log lines."""

import json
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from lib import tap
from lib.sidecar import build_directory
from lib.workspace import wait_until
from lib.world import World

LOGFMT = re.compile(r'ts=\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z level=(debug|info|warn|error) msg=("(?:[^"\\]|\\.)*"|[^\s"=]+)'
                    r'( [a-z_]+=("(?:[^"\\]|\\.)*"|[^\s"=]+))*')


def check_configuration(sidecar):
    ended = subprocess.run([build_directory() / "homeportd", "--check", "--config", sidecar.config_path], capture_output=True, text=True)
    return ended.returncode, ended.stderr


def ctl(sidecar, *words):
    ended = subprocess.run([build_directory() / "homeportctl", "--admin", f"127.0.0.1:{sidecar.admin_port}", *words],
                           capture_output=True, text=True)
    return ended.returncode, ended.stdout, ended.stderr


def replace(sidecar, old, new):
    text = sidecar.config_path.read_text()
    assert old in text
    sidecar.config_path.write_text(text.replace(old, new))


def reloads(sidecar, words):
    """SIGHUP, until the log says WORDS."""
    sidecar.process.send_signal(signal.SIGHUP)
    wait_until(lambda: words in sidecar.log_text(), 10, f"the log says {words}")


def checking_and_reloading(facts, sidecar):
    facts.equal(check_configuration(sidecar), (0, ""), "--check of a good file is quiet and exits with 0")
    replace(sidecar, "dc: a\n", "dc: a\nlog_level: debug\nheartbeat: 400ms\n")
    reloads(sidecar, "log_level changed")
    facts.check("heartbeat changed: restart" in sidecar.log_text(), "reloading tells what needs a restart")
    replace(sidecar, "log_level: debug\n", "log_levle: debug\n")
    status, text = check_configuration(sidecar)
    facts.check(status == 1 and re.search(r"\.yml:\d+:1: unknown setting 'log_levle', did you mean 'log_level'\?\n", text),
                "--check of a wrong file says where and what, and exits with 1", text)
    reloads(sidecar, "did you mean 'log_level'")
    facts.check(sidecar.is_running() and sidecar.is_ready(), "a wrong file at a reload changes nothing")


def asking(facts, sidecar):
    status, text, _ = ctl(sidecar, "ready")
    facts.check(status == 0 and text.startswith("ready\n"), "homeportctl ready exits with 0 when it is", text)
    facts.check(re.search(r"^b +following +\d+( ms|\.\d s) +0 +0 +0 +\d+", ctl(sidecar, "peers")[1], re.M), "homeportctl peers shows state, staleness and lag",
                ctl(sidecar, "peers")[1])
    facts.equal([json.loads(ctl(sidecar, order, "--json")[1]) is not None for order in ("status", "ready", "peers", "metrics")], [True] * 4,
                "every order has its answer in JSON")
    facts.equal(ctl(sidecar, "nonsense")[0], 2, "an unknown order exits with 2")


def a_peer_in_trouble(facts, world):
    sidecar, other = world["a"].sidecar, world["b"]
    other.sidecar.kill()
    other.redis.kill()
    time.sleep(1.5)
    facts.equal([sidecar.http(path)[0] for path in ("/livez", "/healthz", "/readyz")], [200] * 3, "a dead peer leaves this datacenter ready")
    facts.check("warning log b" in sidecar.http("/readyz?verbose")[1], "and is told as a warning", sidecar.http("/readyz?verbose")[1])
    facts.check(sidecar.metrics().one("homeport_replication_staleness_seconds", origin="b") > 1, "staleness of a dead peer rises")
    other.redis.start()
    other.sidecar.start()
    world.wait_zero_lag()
    facts.check(sidecar.metrics().one("homeport_replication_staleness_seconds", origin="b") < 1.5, "and falls when it is back")


def the_own_redis_in_trouble(facts, world):
    sidecar, redis = world["a"].sidecar, world["a"].redis
    redis.kill()
    wait_until(lambda: sidecar.http("/readyz")[0] == 503, 10, "readyz tells")
    facts.equal([sidecar.http(path)[0] for path in ("/livez", "/healthz")], [200, 503], "without its Redis it lives, but is not healthy")
    status, text, _ = ctl(sidecar, "ready")
    facts.check(status == 1 and "outage store" in text, "homeportctl ready exits with 1 and says why", text)
    redis.start()
    world.wait_zero_lag()
    facts.check(sidecar.is_ready(), "it is ready again by itself when Redis is back")


def rules_that_differ(facts, world):
    sidecar, other = world["a"].sidecar, world["b"].sidecar
    replace(other, "rule: lww", "rule: merge")
    other.stop()
    other.start()
    wait_until(lambda: sidecar.metrics().one("homeport_rules_differ", peer="b") == 1, 10, "the rules are found to differ")
    facts.check("warning rules b" in sidecar.http("/readyz?verbose")[1], "rules that differ are told by a metric and by readyz")
    replace(other, "rule: merge", "rule: lww")
    other.stop()
    other.start()
    wait_until(lambda: sidecar.metrics().one("homeport_rules_differ", peer="b") == 0, 10, "the rules are found to be equal")
    world.wait_zero_lag()


def operation(facts):
    with World(("a", "b"), with_links=False).start() as world:
        sidecar = world["a"].sidecar
        asking(facts, sidecar)
        a_peer_in_trouble(facts, world)
        the_own_redis_in_trouble(facts, world)
        rules_that_differ(facts, world)
        checking_and_reloading(facts, sidecar)
        lines = [line for line in sidecar.log_text().splitlines() if not LOGFMT.fullmatch(line)]
        facts.equal(lines, [], "every line of the log is logfmt")
        facts.equal(sidecar.stop(), 0, "SIGTERM ends it with status 0")
        facts.equal(ctl(sidecar, "status")[0], 2, "homeportctl exits with 2 when nobody answers")


tap.run(operation)
