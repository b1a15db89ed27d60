#!/usr/bin/env python3
"""What an operator relies on: --check, reload, health and readiness in trouble, homeportctl, log lines."""

import json
import os
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


def verbose(sidecar):
    return sidecar.http("/readyz?verbose")[1]


def lag_as_told(sidecar):
    """The lag of a behind b, wherever it is told: metric, JSON, homeportctl, INFO."""
    with sidecar.client() as client:
        info = re.search(r"name=b,.*lag_events=(-?\d+)", client("INFO", "homeport").decode())[1]
    row = re.search(r"^b +\S+ +(?:unknown|[\d.]+ \S+) +(\S+)", ctl(sidecar, "peers")[1], re.MULTILINE)
    return (sidecar.metrics().values("homeport_replication_lag_events", origin="b"), json.loads(sidecar.http("/v1/status")[1])["peers"]["b"]["lag_events"],
            row and row[1], info)


KNOWN, UNKNOWN = ([0.0], 0, "0", "0"), ([], None, "unknown", "-1")


def a_silent_peer(facts, world):
    """Its sidecar is gone; its Redis, and so its log, is there."""
    sidecar, other = world["a"].sidecar, world["b"].sidecar
    facts.check("silent" not in verbose(sidecar) and "stale" not in verbose(sidecar), "a peer that is heard is no finding", verbose(sidecar))
    facts.equal(lag_as_told(sidecar), KNOWN, "the lag behind it is known")
    other.kill()
    wait_until(lambda: "warning silent b: nothing was heard from it for 1 s," in verbose(sidecar), 5, "a silent peer is a finding after alarms.heartbeat_age")
    facts.check(sidecar.metrics().values("homeport_findings", check="silent", dc="b", weight="warning") == [1], "a silent peer is a finding and a metric")
    facts.equal(lag_as_told(sidecar), UNKNOWN, "the lag behind it is unknown")
    facts.check("stale" not in verbose(sidecar), "its writes are not yet called stale", verbose(sidecar))
    wait_until(lambda: re.search(r"warning stale b: its writes of the last [34] s", verbose(sidecar)), 5, "data is stale after alarms.staleness")
    facts.check(sidecar.is_ready(), "for all that this datacenter is ready")
    sidecar.stop()
    sidecar.start()
    facts.equal(lag_as_told(sidecar), UNKNOWN, "after a restart the lag behind a peer that was not heard since is unknown")
    wait_until(lambda: re.search(r"since this sidecar started, \d+ s ago", verbose(sidecar)), 5, "a peer not heard since the start is a finding")
    facts.check(True, "a peer not heard since the start is a finding")
    other.start()
    world.wait_zero_lag()
    facts.check("silent" not in verbose(sidecar) and "stale" not in verbose(sidecar), "when it is back both findings are gone", verbose(sidecar))
    facts.equal(lag_as_told(sidecar), KNOWN, "and the lag is known")


def what_is_shipped(facts, world):
    sidecar, other = world["a"].sidecar, world["b"].sidecar
    shipped, received = (s.metrics().total(f"homeport_{name}_bytes_total") for s, name in ((sidecar, "shipped"), (other, "received")))
    with sidecar.client() as client:
        client("SET", "large", os.urandom(100_000))
    world.wait_zero_lag()
    facts.check(100_000 <= sidecar.metrics().total("homeport_shipped_bytes_total") - shipped < 110_000, "bytes shipped are counted")
    facts.check(100_000 <= other.metrics().one("homeport_received_bytes_total", origin="a") - received < 110_000, "and bytes received, by origin")


def what_the_system_says(facts, sidecar):
    metrics, proc = sidecar.metrics(), Path(f"/proc/{sidecar.process.pid}")
    resident = int(proc.joinpath("statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    facts.check(0.9 < metrics.one("process_resident_memory_bytes") / resident < 1.1, "process_resident_memory_bytes is what /proc says")
    facts.check(abs(metrics.one("process_open_fds") - len(list(proc.joinpath("fd").iterdir()))) <= 1, "process_open_fds, too")
    limit = int(re.search(r"^Max open files +(\d+)", proc.joinpath("limits").read_text(), re.MULTILINE)[1])
    facts.equal(metrics.one("process_max_fds"), limit, "and process_max_fds")
    ticks = sum(map(int, proc.joinpath("stat").read_text().rsplit(")", 1)[1].split()[11:13])) / os.sysconf("SC_CLK_TCK")
    facts.check(abs(metrics.one("process_cpu_seconds_total") - ticks) < 0.1, "and process_cpu_seconds_total")
    facts.check(0 < time.time() - metrics.one("process_start_time_seconds") < 300, "process_start_time_seconds is when it started")


def the_own_redis_in_trouble(facts, world):
    sidecar, redis = world["a"].sidecar, world["a"].redis
    redis.kill()
    wait_until(lambda: sidecar.http("/readyz")[0] == 503, 10, "readyz tells")
    facts.equal([sidecar.http(path)[0] for path in ("/livez", "/healthz")], [200, 503], "without its Redis it lives, but is not healthy")
    status, text, _ = ctl(sidecar, "ready")
    facts.check(status == 1 and "outage store" in text, "homeportctl ready exits with 1 and says why", text)
    wait_until(lambda: sidecar.metrics().one("homeport_replication_staleness_seconds", origin="b") > 4, 30, "staleness grows past its alarm")
    facts.check(not re.search("(silent|stale|unheard) b", verbose(sidecar)), "no peer is accused of what is missed here", verbose(sidecar))
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
    wait_until(lambda: "the conflict rules of a datacenter are not the ones here" in sidecar.log_text(), 30, "the log tells it, too")
    facts.check(True, "and by the log")
    replace(other, "rule: merge", "rule: lww")
    other.stop()
    other.start()
    wait_until(lambda: sidecar.metrics().one("homeport_rules_differ", peer="b") == 0, 10, "the rules are found to be equal")
    world.wait_zero_lag()


def operation(facts):
    with World(("a", "b"), with_links=False, settings="alarms: { heartbeat_age: 1s, staleness: 3s }\n").start() as world:
        sidecar = world["a"].sidecar
        asking(facts, sidecar)
        what_is_shipped(facts, world)
        what_the_system_says(facts, sidecar)
        a_silent_peer(facts, world)
        a_peer_in_trouble(facts, world)
        the_own_redis_in_trouble(facts, world)
        rules_that_differ(facts, world)
        checking_and_reloading(facts, sidecar)
        lines = [line for line in sidecar.log_text().splitlines() if not LOGFMT.fullmatch(line)]
        facts.equal(lines, [], "every line of the log is logfmt")
        facts.equal(sidecar.stop(), 0, "SIGTERM ends it with status 0")
        facts.equal(ctl(sidecar, "status")[0], 2, "homeportctl exits with 2 when nobody answers")


tap.run(operation)
