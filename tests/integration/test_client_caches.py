#!/usr/bin/env python3
"""The client-side cache of redis-py, as it is: it reads what it wrote itself, what others wrote, and what another datacenter wrote, and asks no more than it has to."""

import subprocess
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from lib import tap
from lib.world import World

CLIENTS = Path(__file__).resolve().parents[1] / "chaos" / "clients"
PROGRAM = """
import sys, time, redis, redis.connection
from redis.cache import CacheConfig
redis.connection.CacheProxyConnection.MIN_ALLOWED_VERSION = "7.0.0"      # it wants 7.4, and needs nothing of that
here, there = (int(port) for port in sys.argv[1:3])
cached = redis.Redis(port=here, protocol=3, cache_config=CacheConfig(max_size=1000), decode_responses=True)
local, remote = (redis.Redis(port=port, decode_responses=True) for port in (here, there))
end = time.time() + 60

def comes(key, value):
    while cached.get(key) != value:
        assert time.time() < end, (key, value, cached.get(key))

cached.set("k", "1")
assert cached.get("k") == "1" and cached.get_cache().size == 1
calls = local.info("commandstats")["cmdstat_get"]["calls"]
assert all(cached.get("k") == "1" for _ in range(100)) and local.info("commandstats")["cmdstat_get"]["calls"] == calls
for who, value in ((cached, "2"), (local, "3"), (remote, "4")):
    who.set("k", value)
    comes("k", value)
for i in range(1000):
    cached.set("n", i)
    assert cached.get("n") == str(i), (i, cached.get("n"))
cached.hset("h", mapping={"a": 1})
assert cached.hgetall("h") == {"a": "1"}
cached.hset("h", "a", 2)
assert cached.hget("h", "a") == "2"
local.set("short", "1", px=50)
cached.get("short")
comes("short", None)
local.flushall()
comes("k", None)
"""


def client_caches(facts):
    cache = Path(subprocess.run([CLIENTS / "prepare"], capture_output=True, text=True, check=True).stdout.strip())
    with World(("a", "b"), with_links=False).start() as world:
        done = subprocess.run([str(cache / "python" / "bin" / "python"), "-c", PROGRAM, *(str(dc.sidecar.port) for dc in world)], capture_output=True, text=True, timeout=200, check=False)
        facts.check(done.returncode == 0, "redis-py's client-side cache is never old, and asks once", done.stderr[-1500:])


tap.run(client_caches)
