#!/usr/bin/env python3
"""Who is who: a second sidecar that writes the log of a datacenter, a Redis that was exchanged for another one's, a peer that is another datacenter, a peer
that never was there. Each is found by the sidecars that it concerns, and named with its remedy; what is right is left alone."""

import re
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from lib import tap
from lib.redis_server import RedisServer
from lib.resp import ReplyError
from lib.sidecar import Sidecar
from lib.workspace import HOST, free_port, wait_until
from lib.world import World

FAST = "heartbeat: 100ms\nalarms: { heartbeat_age: 2s }\n"
CALLED = "HOMEPORT another sidecar goes by the name of this datacenter"


def findings(sidecar):
    return sidecar.http("/readyz?verbose")[1]


def finds(sidecar, pattern, seconds=30):
    try:
        return wait_until(lambda: re.search(pattern, findings(sidecar)), seconds, f"{sidecar.name} finds {pattern}")
    except TimeoutError as error:
        raise TimeoutError(f"{error}\n{sidecar._last_words()}") from None


def identity(sidecar):
    """(own id, {peer: id}), as /v1/status tells them."""
    import json
    status = json.loads(sidecar.http("/v1/status")[1])
    return status["id"], {name: peer["id"] for name, peer in status["peers"].items()}


def wait_known(world):
    """Every datacenter has an id, and its peers know it."""
    def known():
        told = {dc.name: identity(dc.sidecar) for dc in world}
        return all(own and all(ids.get(name) == own for other, (_, ids) in told.items() if other != name) for name, (own, _) in told.items()) and told
    return wait_until(known, 60, "every datacenter is known to all by its id")


def error_of(client, *words):
    try:
        return f"no error: {client(*words)}"
    except ReplyError as error:
        return str(error)


def place(redis, port):
    """It answers at that port from its next start on."""
    redis.port, redis.address = port, (HOST, port)


def start_redis(world, name):
    redis = RedisServer(world.workspace, name)
    redis.start(wait=False)
    redis.wait_ready()
    return redis


def beside(world, name, redis, config):
    sidecar = Sidecar(world.workspace, name, f"redis: {{ address: {HOST}:{redis.port} }}\n{config}{FAST}", free_port())
    sidecar.start(wait=False)
    wait_until(lambda: sidecar.http("/livez")[0] == 200, 20, f"{name} lives")
    return sidecar


def without_lines(text, *names):
    return "".join(line for line in text.splitlines(True) if not line.startswith(names))


def second_writer(facts):
    with World(("a", "b"), "kafka", settings=FAST, with_links=False).start() as world:
        wait_known(world)
        with world["a"].client() as client:
            client("SET", "before", "1")
        world.wait_zero_lag()
        redis = start_redis(world, "redis-second")
        config = without_lines(world["a"].sidecar.config_path.read_text(), "listen", "admin", "redis", "heartbeat", "alarms")
        second = beside(world, "second", redis, config)
        for sidecar in (world["a"].sidecar, second):
            finds(sidecar, "outage identity: another sidecar goes by the name of this datacenter")
            facts.equal(sidecar.http("/readyz")[0], 503, f"{sidecar.name}: a second writer of one topic is found: not ready")
            facts.check("alarm" in sidecar.log_text() and "another sidecar goes by the name" in sidecar.log_text(), f"{sidecar.name}: a log line says so")
            facts.check(sidecar.metrics().total("homeport_findings", check="identity", weight="outage") == 1, f"{sidecar.name}: a metric says so")
            with sidecar.client() as client:
                facts.check(error_of(client, "SET", "during", "1").startswith(CALLED), f"{sidecar.name}: writes are refused with the cause")
                facts.equal(client("GET", "before"), b"1", f"{sidecar.name}: reads are served")
        facts.check(world["b"].sidecar.is_ready(), "the peer is not concerned", findings(world["b"].sidecar))
        second.stop()
        world["a"].sidecar.wait_ready()
        facts.check(True, "once one is gone, the other goes on by itself")
        with world["a"].client() as client:
            client("SET", "after", "1")
        world.check_same_everywhere(facts, "and nothing differs")
        world["a"].sidecar.stop()
        world["a"].sidecar.start()
        world.check_same_everywhere(facts, "nor after a restart")
        facts.check("outage identity" not in findings(world["a"].sidecar), "which finds no second writer")


def a_second_one_with_a_log_of_its_own(facts):
    """Over redis-stream it writes another log, which nobody reads. But it reads the logs of the peers, and tells them in the first one's name how far."""
    with World(("a", "b"), settings=FAST, with_links=False).start() as world:
        wait_known(world)
        with world["a"].client() as client:
            client("SET", "before", "1")
        world.wait_zero_lag()
        a = world["a"].sidecar
        config = without_lines(a.config_path.read_text(), "listen", "admin", "redis", "heartbeat", "alarms", "log")
        second = beside(world, "second", start_redis(world, "redis-second"), "log: { redis-stream: {} }\n" + config)
        for sidecar in (a, second):
            finds(sidecar, "outage identity: another sidecar goes by the name of this datacenter")
            facts.equal(sidecar.http("/readyz")[0], 503, f"{sidecar.name}: a second sidecar with another log is found: not ready")
            facts.check("another sidecar reads this log in the name of this datacenter" in sidecar.log_text(), f"{sidecar.name}: a log line says by what")
            with sidecar.client() as client:
                facts.check(error_of(client, "SET", "during", "1").startswith(CALLED), f"{sidecar.name}: writes are refused with the cause")
        with a.client() as client:
            facts.equal(client("GET", "before"), b"1", "reads are served")
        facts.check(world["b"].sidecar.is_ready(), "the peer is not concerned", findings(world["b"].sidecar))
        second.stop()
        a.wait_ready()
        with a.client() as client:
            client("SET", "after", "1")
        world.check_same_everywhere(facts, "once it is gone, the first one goes on by itself")
        a.kill()
        a.start()
        world.wait_zero_lag()
        with a.client() as client:
            client("SET", "later", "1")
        world.check_same_everywhere(facts, "a restart goes unnoticed")
        facts.check(a.log_text().count("another sidecar reads") == 1, "no process takes itself for another one", a.log_text()[-2000:])


def two_that_start_at_once(facts):
    """Neither knows the other, each has an id of its own."""
    with World(("a", "b"), "kafka", settings=FAST, with_links=False) as world:
        world.broker.start()
        for dc in world:
            dc.redis.start(wait=False)
        redis = start_redis(world, "redis-second")
        config = without_lines(world["a"].sidecar.config_path.read_text(), "listen", "admin", "redis", "heartbeat", "alarms")
        second = Sidecar(world.workspace, "second", f"redis: {{ address: {HOST}:{redis.port} }}\n{config}{FAST}", free_port())
        for sidecar in (world["a"].sidecar, second, world["b"].sidecar):
            sidecar.start(wait=False)
        for sidecar in (world["a"].sidecar, second):
            finds(sidecar, "outage identity: another sidecar goes by the name of this datacenter")
        facts.check(True, "two that start at once on one topic find each other")
        second.kill()
        world["a"].sidecar.wait_ready()
        world["b"].sidecar.wait_ready()
        with world["a"].client() as client:
            client("SET", "after", "1")
        world.check_same_everywhere(facts, "after one of them is gone nothing differs")


def came_back_empty(facts, log):
    with World(("a", "b"), log, settings=FAST, with_links=False).start() as world:
        own, _ = wait_known(world)["a"]
        with world["a"].client() as client:
            client("SET", "key", "1")
        world.wait_zero_lag()
        world["a"].sidecar.stop()
        world["a"].redis.stop()
        redis = RedisServer(world.workspace, "redis-new")
        place(redis, world["a"].redis.port)
        world["a"].redis = redis
        redis.start(wait=False)
        redis.wait_ready()
        world["a"].sidecar.start(wait=False)
        wait_until(lambda: identity(world["a"].sidecar)[0] == own, 30, "its identity is back")
        facts.check(True, f"a datacenter whose Redis came back empty is the same as before ({log})")
        facts.check("identity" not in findings(world["a"].sidecar) + findings(world["b"].sidecar), f"and nobody takes it for another one ({log})",
                    findings(world["b"].sidecar))
        with redis.client() as client:
            client("SELECT", 15)
            facts.equal(wait_until(lambda: client("HGET", "homeport:positions", "id:a"), 10, "stored"), own.encode(), f"its new Redis knows ({log})")
        if log == "kafka":
            world.check_same_everywhere(facts, "its data came from the logs")


def an_exchanged_redis(facts):
    with World(("a", "b"), settings=FAST, with_links=False).start() as world:
        wait_known(world)
        other = start_redis(world, "redis-other")
        stranger = beside(world, "stranger", other, "dc: a\nlog: { redis-stream: {} }\n")
        with other.client() as client:
            client("SELECT", 15)
            wait_until(lambda: client("HGET", "homeport:positions", "id:a"), 20, "the other one has an id")
        with stranger.client() as client:
            client("SET", "of-the-other", "1")
        stranger.stop()
        sidecar, redis = world["a"].sidecar, world["a"].redis
        redis.stop()
        other.stop()
        place(other, redis.port)
        other.start(wait=False)
        other.wait_ready()
        finds(sidecar, "outage identity: this Redis holds the data of another datacenter that has the same name")
        with sidecar.client() as client:
            facts.check(error_of(client, "SET", "key", "1").startswith("HOMEPORT this Redis holds the data of another datacenter"),
                        "a Redis that was exchanged for that of another datacenter of the same name gets no writes")
        facts.check(not sidecar.is_ready(), "it is not ready")
        with world["b"].client() as client:
            facts.equal(client("GET", "of-the-other"), None, "and nothing of it reaches the peers")
        other.stop()
        redis.start(wait=False)
        redis.wait_ready()
        world.wait_zero_lag()
        facts.check(True, "with its own Redis all goes on by itself")


def a_peers_redis_of_another_datacenter(facts):
    """The peer's log is read from a Redis that now belongs to another datacenter of that name."""
    with World(("a", "b"), settings=FAST, with_links=False).start() as world:
        own, _ = wait_known(world)["a"]
        other = start_redis(world, "redis-other")
        stranger = beside(world, "stranger", other, "dc: a\nlog: { redis-stream: {} }\n")
        wait_until(lambda: identity(stranger)[0], 20, "the other one has an id")
        b = world["b"].sidecar
        config = without_lines(b.config_path.read_text(), "listen", "admin")
        b.stop()
        b._write_config(config.replace(f"redis-stream: {{ address: {HOST}:{world['a'].redis.port}", f"redis-stream: {{ address: {HOST}:{other.port}"))
        b.start(wait=False)
        finds(b, f"broken identity a: its log is written by another datacenter of the same name \\(id .*, not {own}\\)")
        with stranger.client() as client:
            client("SET", "of-the-other", "1")
        facts.equal(b.http("/readyz")[0], 503, "a peer whose log is another one's of the same name is found: not ready")
        with world["b"].client() as client:
            facts.equal(client("GET", "of-the-other"), None, "nothing of it is applied")
        finds(b, "warning silent a")
        facts.check(True, "and it counts as not heard")
        b.stop()
        b._write_config(config)
        b.start()
        world.wait_zero_lag()
        with world["a"].client() as client:
            client("SET", "key", "1")
        world.check_same_everywhere(facts, "with the right log all goes on")


def a_peer_that_misnames_this_one(facts):
    """It reads the log of a as that of x: it says so, and a says why what it knows of the peer's freshness goes old."""
    with World(("a", "b"), settings=FAST, with_links=False).start() as world:
        wait_known(world)
        b = world["b"].sidecar
        config = without_lines(b.config_path.read_text(), "listen", "admin")
        b.stop()
        b._write_config(config.replace("  a: {", "  x: {"))
        b.start(wait=False)
        finds(b, 'broken identity x: what is read as its log is the log of another datacenter, "a"')
        finds(world["a"].sidecar, 'warning unheard b: it is heard, but has heard nothing from here for .* see there that `peers` names this datacenter "a"')
        facts.check(True, "a peer that misnames this datacenter is found at both")
        b.stop()
        b._write_config(config)
        b.start()
        wait_until(lambda: "unheard" not in findings(world["a"].sidecar), 30, "b hears a")
        facts.check(True, "with the right name all goes on")


def mixed_up_peers(facts, world):
    """A new datacenter reads a as c, c as a, and itself as b."""
    redis = start_redis(world, "redis-mixed-up")
    ports = {"a": world["c"].redis.port, "c": world["a"].redis.port, "b": redis.port}
    peers = "".join(f"  {name}: {{ address: {HOST}:{free_port()}, log: {{ redis-stream: {{ address: localhost:{port} }} }} }}\n" for name, port in ports.items())
    sidecar = beside(world, "mixed-up", redis, f"dc: d\nlog: {{ redis-stream: {{}} }}\npeers:\n{peers}")
    finds(sidecar, 'broken identity a: what is read as its log is the log of another datacenter, "c", nothing of it is applied: correct peers.a.log')
    finds(sidecar, 'broken identity c: what is read as its log is the log of another datacenter, "a"')
    finds(sidecar, 'broken identity b: what is read as its log is the log of this datacenter itself, "d"')
    facts.equal(sidecar.metrics().total("homeport_peer_state", state="foreign"), 3, "peers whose logs were mixed up are found")
    facts.check("upgrade" not in findings(sidecar), "with the true cause", findings(sidecar))
    sidecar.stop()


def wrong_peers(facts, log):
    """Which log of a peer leads where: (what is configured, what is found)."""
    with World(("a", "b", "c"), log, settings=FAST, with_links=False).start() as world:
        told = wait_known(world)
        b = world["b"].sidecar
        config = without_lines(b.config_path.read_text(), "listen", "admin")
        if log == "redis-stream":
            mixed_up_peers(facts, world)
        b.stop()
        empty = start_redis(world, "redis-empty")
        new_peer = f"  d: {{ address: {HOST}:{free_port()}, log: "
        new_peer += f"{{ redis-stream: {{ address: {HOST}:{empty.port} }} }} }}\n" if log == "redis-stream" else \
            f"{{ kafka: {{ bootstrap.servers: \"{HOST}:{world.broker.port}\" }} }} }}\n"
        b._write_config(config.replace("rules:\n", new_peer + "rules:\n", 1))
        b.start(wait=False)
        missing = "there is no topic homeport.d at 127.0.0.1:" if log == "kafka" else "that Redis holds no stream homeport:log"
        finds(b, f"warning log d: .*{missing}")
        finds(b, "warning silent d: it was never heard, and this sidecar started .* see that peers.d.log leads to its log")
        facts.check(True, f"a peer whose log is not there is named, and one that was never heard ({log})")
        metrics = b.metrics()
        facts.equal(metrics.values("homeport_replication_lag_events", origin="d"), [], f"the lag behind it is unknown ({log})")
        facts.check(re.search(r"^d +\S+ +unknown +unknown", b.ctl("peers")[1], re.MULTILINE), f"homeportctl says so ({log})", b.ctl("peers")[1])
        log_of_d = "redis-stream: {}" if log == "redis-stream" else f'kafka: {{ bootstrap.servers: "{HOST}:{world.broker.port}" }}'
        newcomer = beside(world, "newcomer", empty, f"dc: d\nlog: {{ {log_of_d} }}\n")
        wait_until(lambda: not re.search("(log|silent) d: ", findings(b)), 60, "d is heard")
        facts.check(True, f"once it has started it is followed ({log})")
        newcomer.stop()
        b.stop()
        b._write_config(config)
        if log == "redis-stream":
            world["a"].redis.stop()
            b.start(wait=False)
            finds(b, "warning silent a: nothing was heard from it since this sidecar started, .* s ago")
            facts.check("since this sidecar started" in b.ctl("peers")[1], "after a restart a peer that was heard before is not one that was never heard")
            world["a"].redis.start(wait=False)
        else:
            b.start()
        world.wait_zero_lag()
        facts.equal(wait_known(world), told, f"all are who they were ({log})")


def test(facts):
    cases = [(second_writer,), (a_second_one_with_a_log_of_its_own,), (two_that_start_at_once,), (came_back_empty, "kafka"), (came_back_empty, "redis-stream"), (an_exchanged_redis,),
             (a_peers_redis_of_another_datacenter,), (a_peer_that_misnames_this_one,),
             (wrong_peers, "kafka"), (wrong_peers, "redis-stream")]
    for case, *logs in cases:
        if len(sys.argv) > 1 and case.__name__ not in sys.argv[1:]:
            continue
        facts.note(" ".join([case.__name__.replace("_", " "), *logs]))
        case(facts, *logs)


tap.run(test)
