#!/usr/bin/env python3
"""What becomes of a sidecar whose Redis hangs, is full, belongs to another datacenter, or is taken over by a second sidecar."""

import re
import signal
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from lib import tap
from lib.resp import ReplyError, encode
from lib.sidecar import Sidecar
from lib.workspace import TOP, free_port, wait_until
from lib.world import World

EXIT_FENCED = 10
UNIT = TOP / "deploy" / "systemd" / "homeportd.service.in"


def error_of(call, *words):
    try:
        return f"no error: {call(*words)}"
    except ReplyError as error:
        return str(error)


def findings(sidecar):
    return sidecar.http("/readyz?verbose")[1]


def a_frozen_redis(facts, world):
    sidecar, redis = world["a"].sidecar, world["a"].redis
    time.sleep(3)
    facts.check("store lost" not in sidecar.log_text(), "an idle Redis is kept for longer than redis.timeout")
    redis.process.send_signal(signal.SIGSTOP)
    begin = time.monotonic()
    wait_until(lambda: sidecar.http("/readyz")[0] == 503, 10, "a frozen Redis is an outage, though nobody asks for anything")
    facts.check(time.monotonic() - begin < 4, "soon after redis.timeout", time.monotonic() - begin)
    facts.check(re.search(r"outage store: .*has not answered for 1 s: it hangs", findings(sidecar)), "the finding says that it hangs", findings(sidecar))
    facts.equal(sidecar.http("/livez")[0], 200, "the sidecar itself lives")
    with sidecar.client() as client:
        facts.check(error_of(client, "GET", "key").startswith("LOADING "), "clients get the error that they retry on")
    silences = [sidecar.metrics().one("homeport_store_silence_seconds") for _ in range(50) if not time.sleep(0.05)]
    facts.check(min(silences) > 0.5 and silences == sorted(silences), "the metric counts the silence, over attempts to connect again", silences)
    redis.process.send_signal(signal.SIGCONT)
    sidecar.wait_ready()
    facts.equal(sidecar.metrics().one("homeport_store_silence_seconds"), 0, "it is opened by itself when it goes on")
    world.wait_zero_lag()


def ending_of(client):
    """How what CLIENT waits for ends: an error, or a connection that is closed."""
    try:
        reply = client.read()
        return str(reply).split()[0] if isinstance(reply, ReplyError) else f"a reply: {reply}"
    except (EOFError, ConnectionError):
        return "closed"
    except OSError as error:
        return f"still waiting: {error}"


def waiting_clients_of_a_frozen_redis(facts, world):
    """Those that have a connection to Redis of their own: it stays open, and nothing ever comes."""
    sidecar, redis = world["a"].sidecar, world["a"].redis
    ends = {("AUTH", "secret"): "LOADING", ("SUBSCRIBE", "new"): "closed", ("XREAD", "BLOCK", "0", "STREAMS", "stream", "$"): "LOADING"}
    with sidecar.client(30) as subscriber, sidecar.client(30) as reader:
        subscriber("SUBSCRIBE", "channel")
        reader.send(encode("XREAD", "BLOCK", "0", "STREAMS", "stream", "$"))
        wait_until(lambda: sidecar.metrics().one("homeport_blocked_clients") == 1, 30, "the reader waits")
        redis.process.send_signal(signal.SIGSTOP)
        for words, ending in ends.items():
            with sidecar.client(30) as client:
                client.send(encode(*words))
                facts.check(ending_of(client) in (ending, "closed"), f"{words[0]} at a frozen Redis ends")
        facts.equal(ending_of(subscriber), "closed", "one that had subscribed before is closed")
        facts.check(ending_of(reader) in ("LOADING", "closed"), "one that was waiting for entries ends, too")
        facts.equal(sidecar.http("/readyz")[0], 503, "Redis is down by then")
        for words in ends:
            with sidecar.client(30) as client:
                client.send(encode(*words))
                facts.check(ending_of(client) in ("LOADING", "closed"), f"{words[0]} ends while Redis is known to be down, too")
    redis.process.send_signal(signal.SIGCONT)
    sidecar.wait_ready()
    with sidecar.client() as client:
        facts.equal(client("SUBSCRIBE", "channel"), [b"subscribe", b"channel", 1], "afterwards clients subscribe again")
        time.sleep(3)
        client.send(encode("PING"))
        facts.equal(client.read(), [b"pong", b""], "and a subscription may be quiet for longer than redis.timeout")


def a_frozen_redis_of_a_peer(facts, world):
    sidecar, redis = world["a"].sidecar, world["b"].redis
    redis.process.send_signal(signal.SIGSTOP)
    wait_until(lambda: "warning log b" in findings(sidecar), 10, "a peer's frozen Redis is a finding")
    facts.check("has not answered for" in findings(sidecar), "which says so", findings(sidecar))
    redis.process.send_signal(signal.SIGCONT)
    world.wait_zero_lag()


def a_full_redis(facts, world):
    sidecar, redis = world["a"].sidecar, world["a"].redis
    with sidecar.client() as client:
        client("SET", "key", "value")
    with redis.client() as direct:
        direct("CONFIG", "SET", "maxmemory", "1")
        sidecar.stop()
        sidecar.start(wait=False)
        def value():
            try:
                with sidecar.client() as client:
                    return client("GET", "key")
            except (OSError, ReplyError):       # it does not listen yet, or has not opened its Redis yet
                return None
        facts.equal(wait_until(value, 20, "a sidecar that starts beside a full Redis opens it"), b"value", "and serves reads")
        wait_until(lambda: "broken memory: Redis is full" in findings(sidecar), 10, "the finding names the memory")
        with sidecar.client() as client:
            facts.check(error_of(client, "SET", "key", "other").startswith("OOM "), "a write gets Redis's own error")
            with world["b"].client() as other:
                other("SET", "from-b", "1")
            time.sleep(3)
            facts.equal([client("GET", "key") for _ in range(20)], [b"value"] * 20, "reads are served while a peer's write does not fit")
        direct("CONFIG", "SET", "maxmemory", "0")
    sidecar.wait_ready()
    world.wait_zero_lag()
    with sidecar.client() as client:
        facts.equal(client("GET", "from-b"), b"1", "with memory all goes on by itself")


def beside(world, name, dc, redis):
    """A sidecar of its own beside REDIS, as a wrong configuration would make it."""
    sidecar = Sidecar(world.workspace, name, f"dc: {dc}\nredis: {{ address: 127.0.0.1:{redis.port} }}\n", free_port())
    sidecar.start(wait=False)
    return sidecar


def a_redis_of_another_datacenter(facts, world):
    stranger = beside(world, "stranger", "c", world["a"].redis)
    wait_until(lambda: 'belongs to datacenter "a"' in findings(stranger), 10, "a Redis of another datacenter is an outage")
    facts.check('this is "c"' in findings(stranger) and "redis.address or dc" in findings(stranger), "that names both, and the remedy", findings(stranger))
    facts.equal(stranger.http("/readyz")[0], 503, "it is not ready")
    with stranger.client() as client:
        facts.check(error_of(client, "SET", "key", "wrong").startswith("LOADING "), "and its clients' writes get an error, at once")
    facts.check(world["a"].sidecar.is_ready() and "store lost" not in world["a"].sidecar.log_text().rsplit("store opened", 1)[1],
                "the sidecar that it belongs to is left alone")
    facts.equal(stranger.stop(), 0, "it stops in good order")


def two_sidecars_on_one_redis(facts, world):
    old = world["a"].sidecar
    new = beside(world, "second", "a", world["a"].redis)
    facts.equal(old.process.wait(20), EXIT_FENCED, "the older of two sidecars on one Redis ends with an exit status of its own")
    facts.check("another sidecar took this Redis over" in old.log_text(), "and says why")
    unit = dict(line.split("=", 1) for line in UNIT.read_text().splitlines() if "=" in line and not line.startswith("#"))
    facts.equal((unit["Restart"], unit["RestartPreventExitStatus"]), ("always", str(EXIT_FENCED)), "with which systemd leaves it down")
    time.sleep(2)
    with new.client() as client:
        client("SET", "key", "of the newer")
        facts.equal(client("GET", "key"), b"of the newer", "the newer one serves")
    facts.check(new.is_running() and new.log_text().count("store opened") == 1, "without being fenced in turn")
    new.stop()


def test(facts):
    world = World(("a", "b"), with_links=False)
    for dc in world:
        path = dc.sidecar.config_path
        path.write_text(path.read_text().replace("redis: { address:", "redis: { timeout: 1s, address:"))
    with world.start():
        for case in (a_frozen_redis, waiting_clients_of_a_frozen_redis, a_frozen_redis_of_a_peer, a_full_redis, a_redis_of_another_datacenter, two_sidecars_on_one_redis):
            facts.note(case.__name__.replace("_", " "))
            case(facts, world)


tap.run(test)
