"""redis-py as applications use it: Lock, register_script, scripts in pipelines. Arguments: the protocol, and host:port of two datacenters.
Prints a line for each fact, "ok" or "not ok"."""

import sys
import threading
import time

import redis
from redis.exceptions import LockError, NoScriptError, ResponseError

protocol, addresses = int(sys.argv[1]), [address.split(":") for address in sys.argv[2:4]]
first, second = (redis.Redis(host=host, port=int(port), protocol=protocol) for host, port in addresses)


def check(is_true, fact, detail=""):
    print(f"{'ok' if is_true else 'not ok'} - {fact} {'' if is_true else detail}".strip())


def locks():
    lock = first.lock("lock", timeout=30)
    check(lock.acquire(blocking=False), "a lock is acquired")
    other = first.lock("lock", timeout=30, blocking_timeout=0.2)
    check(not other.acquire(), "by one only")
    check(lock.extend(30) and lock.reacquire() and lock.owned(), "it is extended and reacquired")
    lock.release()
    try:
        lock.release()
        check(False, "a lock that is released cannot be released")
    except LockError:
        check(True, "a lock that is released cannot be released")
    counted = []

    def count():
        for _ in range(10):
            with first.lock("counting", timeout=30, sleep=0.001):
                value = int(first.get("counted") or 0)
                time.sleep(0.001)
                first.set("counted", value + 1)
                counted.append(value)

    workers = [threading.Thread(target=count) for _ in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    check(sorted(counted) == list(range(40)), "four contend for a lock, and count exactly", counted)


def registered():
    limiter = first.register_script(
        "local n = redis.call('INCR', KEYS[1]) if n == 1 then redis.call('PEXPIRE', KEYS[1], ARGV[1]) end return n")
    check([limiter(keys=["limit"], args=[60000]) for _ in range(5)] == [1, 2, 3, 4, 5], "a registered script counts")
    check(first.pttl("limit") > 0, "and sets a deadline")
    with first.pipeline() as pipeline:
        limiter(keys=["limit"], args=[60000], client=pipeline)
        pipeline.get("limit")
        check(pipeline.execute() == [6, b"6"], "in a transaction as well")
    for _ in range(200):
        try:
            check(second.evalsha(limiter.sha, 1, "limit:second", 60000) == 1, "the other datacenter knows it without being told")
            break
        except NoScriptError:
            time.sleep(0.1)
    else:
        check(False, "the other datacenter knows it without being told")
    broken = first.register_script("return redis.call('INCR', KEYS[1], 'nonsense')")
    try:
        broken(keys=["x"])
        check(False, "errors arrive")
    except ResponseError as error:
        check("Wrong number of args" in str(error), "errors arrive", str(error))
    nested = first.register_script("return {1, {'two', 3}, redis.call('HGETALL', KEYS[1])}")
    first.hset("hash", "field", "value")
    check(nested(keys=["hash"]) == [1, [b"two", 3], [b"field", b"value"]], "nested answers arrive", nested(keys=["hash"]))


locks()
registered()
