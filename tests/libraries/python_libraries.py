"""What applications in Python do with Redis, by the libraries that they use. python_libraries.py NAME HOST PORT PORT-OF-THE-OTHER: fails with a traceback."""

import asyncio
import sys
import threading
import time

HOST, PORT = sys.argv[2], int(sys.argv[3])
URL = f"redis://{HOST}:{PORT}/0"


def of_redis_py(protocol):
    import redis
    client = redis.Redis(host=HOST, port=PORT, protocol=protocol, decode_responses=True, health_check_interval=1)
    name = f"py{protocol}"
    assert client.ping()
    assert client.set(f"{name}:a", "1", ex=100) and client.get(f"{name}:a") == "1" and 0 < client.ttl(f"{name}:a") <= 100
    assert client.set(f"{name}:a", "2", nx=True) is None
    assert client.hset(f"{name}:h", mapping={"f": "1", "g": "x"}) == 2 and client.hgetall(f"{name}:h") == {"f": "1", "g": "x"}
    assert client.sadd(f"{name}:s", "a", "b") == 2 and client.smembers(f"{name}:s") == {"a", "b"}
    assert client.zadd(f"{name}:z", {"a": 1, "b": 2.5}) == 2
    assert [tuple(pair) for pair in client.zrange(f"{name}:z", 0, -1, withscores=True)] == [("a", 1.0), ("b", 2.5)]
    assert client.geoadd(f"{name}:g", (13.361389, 38.115556, "palermo")) == 1
    assert client.geosearch(f"{name}:g", longitude=13, latitude=38, radius=100, unit="km") == ["palermo"]
    assert client.pfadd(f"{name}:p", "a", "b") == 1 and client.pfcount(f"{name}:p") == 2
    assert client.pfadd(f"{name}:p", "c") == 1     # PFCOUNT writes down its result in the value, where it is asked; PFADD makes that one again
    assert sorted(client.scan_iter(f"{name}:*", count=2)) == sorted(f"{name}:{key}" for key in "ahszgp")
    assert sorted(client.sort(f"{name}:s", alpha=True)) == ["a", "b"]

    def double(pipe):
        value = int(pipe.get(f"{name}:a"))
        pipe.multi()
        pipe.set(f"{name}:a", value * 2)
    assert client.transaction(double, f"{name}:a") == [True] and client.get(f"{name}:a") == "2"
    with client.pipeline(transaction=False) as pipe:
        for number in range(500):
            pipe.incr(f"{name}:n")
            pipe.hset(f"{name}:big", number, number)
        assert pipe.execute()[-2] == 500
    heard = client.pubsub()
    heard.subscribe(f"{name}:news")
    assert heard.get_message(timeout=5)["type"] == "subscribe"
    assert client.publish(f"{name}:news", "hello") == 1
    assert heard.get_message(timeout=5)["data"] == "hello"
    heard.close()
    try:
        client.incr(f"{name}:h")
        raise AssertionError("no error")
    except redis.ResponseError as error:
        assert "WRONGTYPE" in str(error)
    assert client.delete(f"{name}:p") == 1     # what PFCOUNT wrote down is not the same everywhere
    assert client.copy(f"{name}:h", f"{name}:copy", destination_db=1) and client.move(f"{name}:h", 1)


def redis_py_2():
    of_redis_py(2)


def redis_py_3():
    of_redis_py(3)


def redis_asyncio():
    import redis.asyncio as redis

    async def main():
        async with redis.Redis(host=HOST, port=PORT, protocol=3) as client:
            await asyncio.gather(*(client.incr("aio:n") for _ in range(200)))
            assert await client.get("aio:n") == b"200"
            async with client.pipeline(transaction=True) as pipe:
                assert await pipe.set("aio:k", "v").expire("aio:k", 100).ttl("aio:k").execute() == [True, True, 100]
    asyncio.run(main())


def aiocache():
    from aiocache import RedisCache

    async def main():
        cache = RedisCache(endpoint=HOST, port=PORT, namespace="aiocache")
        await cache.set("a", {"x": 1}, ttl=100)
        assert await cache.get("a") in ({"x": 1}, "{'x': 1}")
        await cache.multi_set([("b", "1"), ("c", "2")])
        assert await cache.multi_get(["b", "c"]) == ["1", "2"]
        assert await cache.add("d", "1") and await cache.exists("d") and await cache.increment("e", 3) == 3
        try:
            await cache.add("d", "2")
            raise AssertionError("added twice")
        except ValueError:
            pass
        assert await cache.delete("d") == 1
        await cache.close()
    asyncio.run(main())


def aiocache_redlock():
    from aiocache import RedisCache
    from aiocache.lock import RedLock
    computed, begun = [], asyncio.Event()

    async def compute(cache):
        async with RedLock(cache, "expensive", lease=30):
            if await cache.get("expensive") is None:
                computed.append(1)
                begun.set()
                await asyncio.sleep(0.05)
                await cache.set("expensive", "found")
        return await cache.get("expensive")

    async def later(cache):
        """Once somebody has the lock: aiocache does not wait if it hears that another one has it before that one does."""
        await begun.wait()
        return await compute(cache)

    async def main():
        cache = RedisCache(endpoint=HOST, port=PORT, namespace="redlock")
        assert await asyncio.gather(compute(cache), *(later(cache) for _ in range(9))) == ["found"] * 10
        assert len(computed) == 1, f"computed {len(computed)} times"
        await cache.close()
    asyncio.run(main())


def limits():
    """Each strategy; then on keys that have a home, with both datacenters contending: what was allowed is exactly the limit."""
    from limits import parse, storage, strategies
    stores = [storage.RedisStorage(f"redis://{HOST}:{port}") for port in (PORT, int(sys.argv[4]))]
    for strategy in (strategies.FixedWindowRateLimiter, strategies.MovingWindowRateLimiter, strategies.SlidingWindowCounterRateLimiter):
        limiter, three, forty = strategy(stores[0]), parse("3/hour"), parse("40/hour")
        assert [limiter.hit(three, strategy.__name__) for _ in range(5)] == [True] * 3 + [False] * 2, strategy
        assert not limiter.test(three, strategy.__name__) and limiter.get_window_stats(three, strategy.__name__).remaining == 0
        limiter.clear(three, strategy.__name__)
        assert limiter.test(three, strategy.__name__)
        allowed, begin = [], threading.Barrier(4)

        def contend(store, strategy=strategy, allowed=allowed, begin=begin, forty=forty):
            mine = strategy(store)
            begin.wait()
            for _ in range(30):
                if mine.hit(forty, f"both-{strategy.__name__}"):
                    allowed.append(store)
        threads = [threading.Thread(target=contend, args=(store,)) for store in stores * 2]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len(allowed) == 40, f"{strategy.__name__}: {len(allowed)} allowed, {[allowed.count(store) for store in stores]} at the datacenters"


def set_up_django():
    import django
    from django.conf import settings
    settings.configure(CACHES={"default": {"BACKEND": "django.core.cache.backends.redis.RedisCache", "LOCATION": URL, "KEY_PREFIX": "django"}},
                       SESSION_ENGINE="django.contrib.sessions.backends.cache", INSTALLED_APPS=["django.contrib.sessions"], SECRET_KEY="not one", USE_TZ=True)
    django.setup()


def django_cache():
    set_up_django()
    from django.core.cache import cache
    cache.set("a", [1, 2], timeout=100)
    assert cache.get("a") == [1, 2] and not cache.add("a", 3) and cache.add("b", 1)
    assert cache.incr("b", 4) == 5 and cache.touch("b", 50)
    cache.set_many({"c": 1, "d": "x"})
    assert cache.get_many(["c", "d", "e"]) == {"c": 1, "d": "x"}
    assert cache.get_or_set("f", lambda: 7) == 7 and cache.has_key("f") and cache.delete("f")
    cache.delete_many(["c", "d"])
    assert cache.get("c") is None


def django_sessions():
    set_up_django()
    from django.contrib.sessions.backends.cache import SessionStore
    session = SessionStore()
    session["cart"] = ["book"]
    session.save()
    again = SessionStore(session_key=session.session_key)
    assert again["cart"] == ["book"]
    again.cycle_key()
    assert not SessionStore().exists(session.session_key) and SessionStore(session_key=again.session_key)["cart"] == ["book"]
    again.flush()


def flask_session():
    import flask
    import redis
    from flask_session import Session
    application = flask.Flask("shop")
    application.config.update(SESSION_TYPE="redis", SESSION_REDIS=redis.Redis(host=HOST, port=PORT))
    Session(application)

    @application.route("/add")
    def add():
        flask.session["count"] = flask.session.get("count", 0) + 1
        return str(flask.session["count"])
    client = application.test_client()
    assert [client.get("/add").text for _ in range(3)] == ["1", "2", "3"] and application.test_client().get("/add").text == "1"


def redis_om():
    import redis
    from redis_om import HashModel

    class Customer(HashModel):
        name: str
        age: int

        class Meta:
            database = redis.Redis(host=HOST, port=PORT, decode_responses=True)
            global_key_prefix = "om"
    customer = Customer(name="Ada", age=36)
    customer.save()
    customer.expire(1000)
    found = Customer.get(customer.pk)
    assert found.name == "Ada" and found.age == 36
    found.update(age=37)
    assert Customer.get(customer.pk).age == 37 and Customer.delete(customer.pk) == 1


def of_lock(protocol):
    import redis
    client = redis.Redis(host=HOST, port=PORT, protocol=protocol)
    one, other = client.lock("oflock", timeout=20), client.lock("oflock", timeout=20, blocking_timeout=0.1)
    assert one.acquire() and not other.acquire()
    assert one.extend(10) and one.reacquire() and one.owned() and not other.owned()
    one.release()
    assert other.acquire()
    other.release()
    add = client.register_script(f"return redis.call('INCRBY', KEYS[1], ARGV[1]) -- {protocol}")
    assert add(keys=[f"script:{protocol}"], args=[5]) == 5 and add(keys=[f"script:{protocol}"], args=[6]) == 11
    with client.pipeline() as pipe:
        add(keys=[f"script:{protocol}"], args=[1], client=pipe)
        pipe.get(f"script:{protocol}")
        assert pipe.execute() == [12, b"12"]
    client.script_flush()
    assert add(keys=[f"script:{protocol}"], args=[1]) == 13


def redis_py_lock():
    of_lock(2)
    of_lock(3)


def redis_py_lock_at_home():
    """A lock on a key that has a home, with both datacenters contending: no two hold it at once, and a script that both run there counts exactly."""
    import redis
    clients = [redis.Redis(host=HOST, port=port, protocol=protocol) for port, protocol in ((PORT, 2), (int(sys.argv[4]), 3))]
    holders, most, turns, failures = [], [], 25, []

    def contend(client):
        try:
            count = client.register_script("return redis.call('INCR', KEYS[1])")
            for _ in range(turns):
                with client.lock("lock:py", timeout=60, sleep=0.003) as lock:
                    holders.append(client)
                    most.append(len(holders))
                    lock.extend(1)
                    holders.pop()
                count(keys=["lock:counted"])
        except Exception as error:  # pylint: disable=broad-except
            failures.append(repr(error))
    threads = [threading.Thread(target=contend, args=(client,)) for client in clients * 2]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failures, failures
    assert most == [1] * (4 * turns), f"{max(most)} held it at once"
    assert [client.get("lock:counted") for client in clients] == [b"%d" % (4 * turns)] * 2


def redis_py_urls():
    """redis:// and rediss://, with a database."""
    import os
    import redis
    ca, tls_port = os.environ["CA"], os.environ["TLS_PORT"]
    plain = redis.Redis.from_url(f"redis://{HOST}:{PORT}/3", decode_responses=True)
    secure = redis.Redis.from_url(f"rediss://{HOST}:{tls_port}/3?ssl_cert_reqs=required&ssl_ca_certs={ca}&protocol=3", decode_responses=True)
    assert plain.set("urls", "1") and secure.get("urls") == "1" and secure.incr("urls") == 2 and plain.get("urls") == "2"
    assert redis.Redis(host=HOST, port=PORT).get("urls") is None
    try:
        redis.Redis.from_url(f"rediss://{HOST}:{tls_port}/3").ping()
        raise AssertionError("a certificate of an unknown authority was taken")
    except redis.exceptions.ConnectionError:
        pass


if __name__ == "__main__":
    started = time.monotonic()
    globals()[sys.argv[1]]()
