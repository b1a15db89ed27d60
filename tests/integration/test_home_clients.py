#!/usr/bin/env python3
"""The clients of deploy/recipes, with redis-py and go-redis from their registries: each follows its user from home to home, and counts without a gap."""

import subprocess
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from lib import tap
from lib.raw import Raw
from lib.resp import encode
from lib.workspace import HOST, wait_until
from lib.world import World

CLIENTS = Path(__file__).resolve().parents[1] / "chaos" / "clients"
RECIPES = Path(__file__).resolve().parents[2] / "deploy" / "recipes"
HOMES = 'homes:\n  - { match: "user:{id}:*", default: { list: [ { match: "*", dc: b } ] }, away: redirect }\n'
TIMES = 200


def follow(facts, world, name, command):
    """Its user moves while it counts."""
    address = f"{HOST}:{world['a'].sidecar.address[1]}"
    client = subprocess.Popen([*map(str, command), address, name, str(TIMES)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    counted = [client.stdout.readline().strip() for _ in range(5)]
    moves = [world["a"].sidecar.ctl("rehome", f"user:{name}", "--to", to, "--hold", "10s")[0] for to in ("a", "b", "a")]
    rest, error = client.communicate(timeout=120)
    counted += rest.split()
    facts.equal(moves, [0, 0, 0], f"{name}'s user moves three times")
    facts.equal(counted, [str(number) for number in range(1, TIMES + 1)], f"{name} counts without a gap wherever its user lives")
    facts.equal(error, "", f"{name} has nothing to complain of")


def keep(facts, world, python):
    """It asks once for each move, and not at all in between."""
    address = f"{HOST}:{world['b'].sidecar.address[1]}"
    client = subprocess.Popen([str(python), str(RECIPES / "cache_homes.py"), address, "user:kept", "4"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    seen = [client.stdout.readline().split()]
    for to in ("a", "b", "a"):
        facts.equal(world["a"].sidecar.ctl("rehome", "user:kept", "--to", to, "--hold", "10s")[0], 0, f"its user moves to {to}")
        seen.append(client.stdout.readline().split())
    _, error = client.communicate(timeout=120)
    facts.equal((seen, error), ([["b", "1"], ["a", "2"], ["b", "3"], ["a", "4"]], ""), "a client that keeps homes is told of each move, and asks no more than that")


def news(facts, world):
    """What is told, and in which words."""
    dc = world["b"]
    told, old = Raw((HOST, dc.sidecar.port)), Raw((HOST, dc.sidecar.port))
    facts.equal(old.ask(("HOMEPORT", "TRACKING", "ON")), b"-ERR Homeport: HOMEPORT TRACKING needs RESP3: say HELLO 3 before\r\n", "HOMEPORT TRACKING needs RESP3")
    facts.equal(old.ask(("HOMEPORT", "TRACKING", "x")), b"-ERR Homeport: say HOMEPORT TRACKING ON or OFF\r\n", "and ON or OFF")
    told.ask(("HELLO", "3"), ("HOMEPORT", "TRACKING", "ON"))
    world["a"].sidecar.ctl("rehome", "user:told", "--to", "a", "--hold", "10s")
    message = b">2\r\n$14\r\nhomeport-homes\r\n*2\r\n$9\r\nuser:told\r\n$1\r\na\r\n"
    facts.equal(told.until(message), message, "one message tells who lives where now")
    with dc.client(60) as client:
        for i in range(600):
            client.send(encode("HOMEPORT", "REHOME", f"user:many{i}", "TO", "a", "HOLD", "10000"))
        for i in range(600):
            client.read()
    seen = b""
    while seen.count(b"user:many") < 600 and b"homes\r\n_\r\n" not in seen:
        seen += told.until(b"\r\n")
    facts.check(True, "many are told of, or all are to be forgotten", len(seen))
    told.ask(("HOMEPORT", "TRACKING", "OFF"))
    world["a"].sidecar.ctl("rehome", "user:told", "--to", "b", "--hold", "10s")
    facts.equal(told.ask(("PING",)), b"+PONG\r\n", "and OFF ends it")
    told.ask(("HOMEPORT", "TRACKING", "ON"))
    dc.redis.kill()
    wait_until(lambda: dc.sidecar.metrics().one("homeport_store_open") == 0, 30, "the Redis is missed")
    dc.redis.start()
    everything = b">2\r\n$14\r\nhomeport-homes\r\n_\r\n"
    facts.equal(told.until(everything)[-len(everything):], everything, "when Redis was away, any home may have changed")
    dc.sidecar.wait_ready()


def home_clients(facts):
    cache = Path(subprocess.run([CLIENTS / "prepare"], capture_output=True, text=True, check=True).stdout.strip())
    with World(("a", "b"), settings=HOMES).start() as world:
        follow(facts, world, "redis-py", [cache / "python" / "bin" / "python", RECIPES / "follow_homes.py"])
        follow(facts, world, "go-redis", [cache / "follow-homes"])
        keep(facts, world, cache / "python" / "bin" / "python")
        news(facts, world)
        world.check_same_everywhere(facts)
        facts.equal(world.conflicts(), {"a": 0, "b": 0}, "no conflict is counted")


tap.run(home_clients)
