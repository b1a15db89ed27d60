#!/usr/bin/env python3
"""Scenario 22: staleness is right in every state. The metric is never younger than the oldest write that is missing, by more than a heartbeat."""

import os
import signal
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from lib import scenario
from lib.staleness import CANARY_SECONDS, Probe
from lib.workspace import HOST, wait_until
from lib.world import World

HEARTBEAT_SECONDS = 0.5
STAY_SECONDS = 4            # in each state, once it is reached: well above a heartbeat
SETTINGS = "alarms: { heartbeat_age: 2s }\nlimits: { log_retain: 4MiB }\n"
MUCH = 40_000               # writes of 1 KB
TIMEOUT = "redis: { timeout: 2s, address:"


def stay():
    time.sleep(STAY_SECONDS)


def has(dc, finding):
    return lambda: finding in dc.sidecar.http("/readyz?verbose")[1]


def reach(dc, finding):
    wait_until(has(dc, finding), 30, f"{dc.name} says {finding}")


def recover(probe):
    probe.enter("just healed")
    probe.wait_fresh()


def idle(world, probe):
    probe.set_pace(3 * HEARTBEAT_SECONDS)
    probe.enter("idle")
    stay()
    probe.set_pace(CANARY_SECONDS)


def loaded(world, probe):
    words = ["redis-benchmark", "-h", HOST, "-p", world["a"].sidecar.port, "-c", "30", "-P", "8", "-d", "300", "-r", "1000", "-n", "100000000", "-q", "SET",
             "load:__rand_int__", "__data__"]
    process = world.workspace.spawn("redis-benchmark", words)
    probe.enter("loaded")
    stay()
    process.kill()
    process.wait()
    world.workspace.unwatch(process.pid)
    recover(probe)


def store_refusing(world, probe):
    with world["b"].redis.client() as redis:
        probe.enter("store refusing (maxmemory)")
        redis("CONFIG", "SET", "maxmemory", 1)
        reach(world["b"], "store-refusing")
        stay()
        redis("CONFIG", "SET", "maxmemory", 0)
    recover(probe)


def store_stopped(world, probe):
    redis = world["b"].redis
    probe.enter("store stopped (SIGSTOP)")
    redis.process.send_signal(signal.SIGSTOP)
    probe.freeze("b")
    reach(world["b"], "outage store")
    stay()
    probe.enter("just healed")
    redis.process.send_signal(signal.SIGCONT)
    probe.thaw("b")
    recover(probe)


def cut(world, probe):
    probe.enter("cut")
    world.cut("b")
    reach(world["b"], "silent a")
    stay()
    world.heal("b")
    recover(probe)


def slow(world, probe):
    """What b writes depends on nothing that a lacks: only its way to a is slow."""
    probe.enter("slow link (1.5 s)")
    world.slow("a", "b", 1.5)
    stay()
    world.slow("a", "b", 0)
    recover(probe)


def held(world, probe):
    """b reads a, whose writes depend on those of c, which b cannot read."""
    probe.enter("held")
    world.cut_way("b", "c")
    reach(world["b"], "warning held a")
    stay()
    world.heal_way("b", "c")
    recover(probe)


def recalling(world, probe):
    """b's Redis is started anew, and b cannot read back the log of c."""
    redis = world["b"].redis
    probe.enter("warning recalling")
    world.cut_way("b", "c" if world.log == "redis-stream" else "b")
    redis.kill()
    probe.freeze("b")
    redis.start()
    probe.thaw("b")
    reach(world["b"], "warning recalling")
    stay()
    world.heal_way("b", "c" if world.log == "redis-stream" else "b")
    recover(probe)


def log_full(world, probe):
    """Nobody trims a's log while c does not read it."""
    probe.enter("log full")
    world.cut_way("c", "a")
    with world["a"].client(30) as client:
        for number in range(40):
            client("SET", f"large:{number}", os.urandom(1 << 18))
    reach(world["b"], "silent a")
    stay()
    world.heal_way("c", "a")
    recover(probe)


def broker_down(world, probe):
    probe.enter("broker down")
    world.broker.kill()
    stay()
    world.broker.start()
    recover(probe)


def write_much(world, count):
    with world["a"].client(30) as client:
        for number in range(count // 200):
            client.pipeline([("SET", f"much:{number % 20}:{one}", bytes(1000)) for one in range(200)])


def replaying(world, probe):
    """b's sidecar stands still, and then is away, while much is written."""
    sidecar = world["b"].sidecar
    sidecar.process.send_signal(signal.SIGSTOP)
    write_much(world, MUCH)
    probe.enter("sidecar had been stopped (SIGSTOP)")
    sidecar.process.send_signal(signal.SIGCONT)
    probe.wait_fresh()
    sidecar.kill()
    write_much(world, MUCH)
    probe.enter("replaying")
    sidecar.start(wait=False)
    probe.wait_fresh()


def peer_restarted(world, probe):
    probe.enter("peer restarted")
    for server in (world["a"].sidecar, world["a"].redis):
        server.kill()
        if server is world["a"].redis:
            probe.freeze("a")
        time.sleep(STAY_SECONDS / 2)
        server.start(wait=False)
        server.wait_ready()
        probe.thaw("a")
    stay()
    recover(probe)


def staleness(story, log):
    states = [idle, loaded, store_refusing, store_stopped, cut, slow, held, recalling, *([log_full] if log == "redis-stream" else [broker_down]),
              replaying, peer_restarted]
    world = World(("a", "b", "c"), log, settings=SETTINGS)
    for dc in world:
        dc.sidecar.config_path.write_text(dc.sidecar.config_path.read_text().replace("redis: { address:", TIMEOUT))
    with world.start(), Probe(world) as probe:
        probe.wait_fresh()
        for state in states:
            story.step(state.__name__.replace("_", " "))
            state(world, probe)
    probe.check(story, lambda state: HEARTBEAT_SECONDS)


scenario.run(staleness)
