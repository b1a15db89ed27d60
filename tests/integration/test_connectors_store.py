#!/usr/bin/env python3
"""The store connector on a real Redis: order, aborted groups, opening, identity, fencing, silence, notices of expired keys."""

import signal
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from lib import tap
from lib.driver import Driver
from lib.link import NarrowLink
from lib.redis_server import RedisServer
from lib.workspace import Workspace, wait_until

RESERVED_DB = 15
CUT_OPENINGS = 20


def start_store(workspace, redis, password="-", dc="eu", timeout_ms=10000):
    return Driver(workspace, "store_driver", *redis.address, password, dc, timeout_ms)


def open_store(workspace, redis, **options):
    store = start_store(workspace, redis, **options)
    facts, (run_id, databases, positions, outbox, nonce, episodes) = store.expect("facts"), store.expect("opened")
    return store, {"facts": facts, "run_id": run_id, "databases": databases, "positions": int(positions), "outbox": int(outbox),
                   "nonce": int(nonce), "episodes": int(episodes)}


def keeps_order(facts, workspace, redis):
    store, opened = open_store(workspace, redis)
    facts.equal(opened["facts"][1:3], ["1", "1"], "an open store knows the eviction policy and has turned notices on")
    facts.equal(opened["databases"], "16", "an open store knows the number of databases")
    count = 3000
    for number in range(count):
        protocol = 3 if number * 7 % 5 < 2 else 2
        store.tell("group", protocol, number, "RPUSH", "list", number)
        store.tell("read", protocol, number % 3, number, "STRLEN", "nothing")
        store.tell("read", protocol, 0, count + number, "LLEN", "list")
        if number % 10 == 0:
            store.tell("flush")
    store.tell("flush")
    store.expect(f"reply {2 * count - 1}")
    answered = [int(line.split()[1]) for line in store.said if line.startswith("answered")]
    facts.equal(answered, list(range(count)), "groups on two connections are answered in the order of sending")
    with redis.client() as client:
        facts.equal([int(item) for item in client("LRANGE", "list", 0, -1)], list(range(count)), "and run in that order")
    lengths = {int(tag) - count: int(reply[1:].split("\\")[0]) for _, tag, reply in
               (line.split() for line in store.said if line.startswith("reply")) if int(tag) >= count}
    facts.check(all(lengths[number] > number for number in range(count)), "a read sees the groups sent before it on its connection")
    facts.equal(store.end(), 0, "a store closes without a leak")


def tells_why_a_group_was_aborted(facts, workspace, redis):
    store, _ = open_store(workspace, redis)
    store.tell("group", 2, 1, "GET", "a", ";", "NOSUCH", "b", ";", "ALSO", "c")
    store.tell("flush")
    facts.check("unknown\\x20command\\x20'NOSUCH'" in store.expect("answered 1 0")[0], "an aborted group tells its first error")
    with redis.client() as client:
        client("CONFIG", "SET", "maxmemory", "1")
        store.tell("group", 3, 2, "SET", "a", "b")
        store.tell("flush")
        facts.equal(store.expect("answered 2 0"), ["OOM\\x20command\\x20not\\x20allowed\\x20when\\x20used\\x20memory\\x20>\\x20'maxmemory'."],
                    "a full Redis's own words reach the client")
        client("CONFIG", "SET", "maxmemory", "0")
    store.tell("group", 3, 3, "RPUSH", "list", "1", ";", "HSET", "list", "f", "v", ";", "SET", "a", "b")
    store.tell("flush")
    store.expect("answered 3 5")
    elements = [store.expect("element")[0] for _ in range(5)]
    facts.check(elements[2].startswith("-WRONGTYPE") and elements[3].startswith("+OK"), "an error within a group is the reply to its command")
    store.end()


def selects_what_an_aborted_group_did_not(facts, workspace, redis):
    store, _ = open_store(workspace, redis)
    with redis.client() as client:
        client("SET", "where", "data")
        client("SELECT", RESERVED_DB)
        client("SET", "where", "reserved")
    for protocol in (2, 3):
        store.tell("group", protocol, protocol, "NOSUCH", "b")
        store.tell("read", protocol, RESERVED_DB, 10 + protocol, "GET", "where")
        store.tell("read", protocol, 0, 20 + protocol, "GET", "where")
        store.tell("flush")
        store.expect(f"answered {protocol} 0")
        facts.equal(store.expect(f"reply {10 + protocol}"), ["$8\\x0d\\x0areserved\\x0d\\x0a"], "a read behind an aborted group runs in the database it names")
        facts.equal(store.expect(f"reply {20 + protocol}"), ["$4\\x0d\\x0adata\\x0d\\x0a"], "and so does the next one")
    store.end()


def bounds_replies(facts, workspace, redis):
    store, _ = open_store(workspace, redis)
    with redis.client() as client:
        client("SET", "large", "x" * 700_000)
        client("SET", "too-large", "x" * 4_000_000)
    store.tell("read", 2, 0, 1, "GET", "large")
    store.tell("flush")
    facts.check(store.expect("reply 1")[0].startswith("$700000"), "a long reply comes whole")
    store.tell("read", 3, 0, 2, "GET", "too-large")
    store.tell("flush")
    facts.equal(" ".join(store.expect("lost")), "a reply is larger than the limit", "a reply past the limit is refused")
    store.expect("opened")
    store.end()


def opens_with_what_redis_remembers(facts, workspace, redis):
    with redis.client() as client:
        client("SELECT", RESERVED_DB)
        client("HSET", "homeport:positions", "us", "1", "ap", "2")
        client("HSET", "homeport:episodes", "id", "record")
        client.pipeline([("XADD", "homeport:outbox", "*", "i", number) for number in range(2500)])
    store, opened = open_store(workspace, redis)
    facts.equal((opened["positions"], opened["outbox"], opened["episodes"]), (2, 2500, 1),
                "an opening reads all positions, the whole outbox and the conflict records")
    redis.kill()
    facts.check(store.expect("lost"), "a killed Redis is noticed")
    facts.check(store.expect("waiting"), "and waited for")
    redis.start()
    run_id, _, positions, outbox, nonce, _ = store.expect("opened")
    facts.check(run_id != opened["run_id"], "a restarted Redis is another run")
    facts.equal((positions, outbox), ("2", "2500"), "what it remembers is read again")
    facts.check(int(nonce) > opened["nonce"], "each opening has a larger nonce")
    store.end()


def fences_older_sidecars(facts, workspace, redis):
    old, _ = open_store(workspace, redis)
    new, _ = open_store(workspace, redis)
    facts.check(old.expect("lost"), "an older sidecar's connections are closed")
    facts.check("another sidecar took this Redis over" in " ".join(old.expect("fenced")), "and it learns why")
    new.tell("group", 2, 1, "INCR", "n")
    new.tell("flush")
    facts.check(new.expect("answered 1 3") is not None, "the newer one works on")
    new.end()
    old.end()


def is_not_fenced_by_itself(facts, workspace, redis):
    """What an opening had sent takes place, though its connections are cut before it ends."""
    store, _ = open_store(workspace, redis)
    with redis.client() as client:
        client("SELECT", RESERVED_DB)
        for _ in range(CUT_OPENINGS):
            epoch = client("GET", "homeport:epoch")
            client("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes")
            while client("GET", "homeport:epoch") == epoch and not is_said(store, "fenced"):
                pass
            opened = is_said(store, "opened")
            client("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes")    # right after it has counted
            wait_until(lambda opened=opened: is_said(store, "opened") > opened or is_said(store, "fenced"), 20, "it is opened, or fenced")
    facts.check(not is_said(store, "fenced"), "a store that is cut off while it opens is not fenced by itself", store.said[-3:])
    store.end()


def is_said(store, word):
    return sum(1 for line in store.said if line.split()[0] == word)


def opens_a_full_redis(facts, workspace, redis):
    with redis.client() as client:
        client("SET", "key", "value")
        client("CONFIG", "SET", "maxmemory", "1")
    store, opened = open_store(workspace, redis)
    facts.check(len(opened["facts"][3]) == 32, "a full Redis is opened, and gets its identity")
    store.tell("read", 2, 0, 1, "GET", "key")
    store.tell("flush")
    facts.equal(store.expect("reply 1"), ["$5\\x0d\\x0avalue\\x0d\\x0a"], "and serves reads")
    again, opened_again = open_store(workspace, redis)
    facts.check("took this Redis over" in " ".join(store.expect("fenced")), "and an older sidecar is fenced there, too")
    facts.equal(opened_again["facts"][3], opened["facts"][3], "the identity stays")
    with redis.client() as client:
        client("SELECT", RESERVED_DB)
        facts.equal(client("GET", "homeport:epoch"), b"2", "each opening has counted")
    store.end()
    again.end()


def knows_whose_redis_it_is(facts, workspace, redis):
    store, opened = open_store(workspace, redis, dc="eu")
    identity = opened["facts"][3]
    with redis.client() as client:
        client("SELECT", RESERVED_DB)
        facts.equal(client("GET", "homeport:identity"), f"eu {identity}".encode(), "a Redis without an identity gets one: its datacenter and a random number")
    stranger = start_store(workspace, redis, dc="us")
    why = " ".join(stranger.expect("waiting"))
    facts.check('belongs to datacenter "eu"' in why and '"us"' in why and "FLUSHALL" in why, "a sidecar of another datacenter is refused, with a remedy", why)
    store.tell("group", 2, 1, "INCR", "n")
    store.tell("flush")
    facts.check(store.expect("answered 1 3") is not None, "the one that it belongs to is not fenced")
    store.end()
    with redis.client() as client:
        client("FLUSHALL")
    facts.check(stranger.expect("facts")[3] != identity, "once emptied it belongs to the other, with another identity")
    stranger.end()


def freeze(redis):
    redis.process.send_signal(signal.SIGSTOP)


def thaw(redis):
    redis.process.send_signal(signal.SIGCONT)


def silence_of(store):
    store.tell("silence")
    return int(store.expect("silence")[0])


def notices_a_freeze(facts, workspace, redis):
    store, _ = open_store(workspace, redis, timeout_ms=1000)
    time.sleep(3)
    facts.check(not any(line.startswith("lost") for line in store.said), "an idle Redis that answers is kept")
    freeze(redis)
    begin = time.monotonic()
    time.sleep(0.7)
    facts.check(silence_of(store) > 100, "silence is told before it is too long")
    why = " ".join(store.expect("lost"))
    facts.check("has not answered for 1 s" in why and "hangs" in why, "a frozen Redis is given up, though nothing was asked", why)
    facts.check(0.9 < time.monotonic() - begin < 2.5, "in time", time.monotonic() - begin)
    facts.check("has not answered" in " ".join(store.expect("waiting")), "and so is each attempt to connect again")
    facts.check(silence_of(store) > 1500, "silence is counted over these attempts")
    thaw(redis)
    facts.check(store.expect("opened"), "it is opened by itself when it goes on")
    facts.equal(silence_of(store), 0, "and silence has ended")
    store.tell("group", 2, 1, "INCR", "n")
    store.tell("flush")
    store.expect("answered 1 3")
    freeze(redis)
    store.tell("group", 2, 2, "INCR", "n")
    store.tell("flush")
    facts.check("has not answered" in " ".join(store.expect("lost")), "a group without an answer is given up, too")
    thaw(redis)
    store.expect("opened")
    store.end()


def waits_for_what_moves(facts, workspace, redis):
    """Over a narrow way a large value takes several times the timeout."""
    link = NarrowLink(workspace, redis.address)
    store = Driver(workspace, "store_driver", *link.address, "-", "eu", 1000)
    store.expect("opened")
    store.tell("group", 2, 1, "SET", "large", "@40000000")
    store.tell("flush")
    store.expect("answered 1 3", 60)
    facts.check(not any(line.startswith("lost") for line in store.said), "a group whose bytes move is waited for", store.said)
    store.end()


def lets_a_long_script_run(facts, workspace, redis):
    store, _ = open_store(workspace, redis, timeout_ms=1000)
    with redis.client() as client:
        client("CONFIG", "SET", "busy-reply-threshold", "200")
    script = "ARGV[1]=redis.call('TIME')[1]+4;while(tonumber(redis.call('TIME')[1])<ARGV[1])do\tend;return'done'"
    store.tell("read", 2, 0, 1, "EVAL", script, 0, 0)
    store.tell("flush")
    facts.check("done" in store.expect("reply 1")[0], "a script that runs for longer than the timeout is waited for")
    facts.check(not any(line.startswith("lost") for line in store.said), "as Redis says that it is busy")
    store.end()


def hears_of_expired_keys(facts, workspace, redis):
    store, _ = open_store(workspace, redis)
    with redis.client() as client:
        client("SELECT", RESERVED_DB)
        client("SET", "ours", "v", "PX", "50")
        client("SELECT", "4")
        client("SET", "a b", "v", "PX", "100")
    facts.equal(store.expect("expired"), ["4", "a\\x20b"], "an expired key is told, one of the reserved database is not")
    store.end()


def logs_in(facts, workspace):
    redis = RedisServer(workspace, "locked", options=("--requirepass", "secret"))
    redis.start(wait=False)
    store = start_store(workspace, redis, password="wrong")
    facts.check("while logging in: WRONGPASS" in " ".join(wait_for_text(store, "waiting", "WRONGPASS")), "a wrong password is told")
    store.end()
    store, _ = open_store(workspace, redis, password="secret")
    facts.check(True, "a right password opens")
    store.end()


def wait_for_text(store, start, text):
    while True:
        words = store.expect(start)
        if text in " ".join(words):
            return words


def test(facts):
    with Workspace() as workspace:
        for case in (keeps_order, tells_why_a_group_was_aborted, selects_what_an_aborted_group_did_not, bounds_replies, opens_with_what_redis_remembers, opens_a_full_redis, knows_whose_redis_it_is, fences_older_sidecars,
                     is_not_fenced_by_itself,
                     notices_a_freeze, waits_for_what_moves, lets_a_long_script_run,
                     hears_of_expired_keys):
            redis = RedisServer(workspace, case.__name__).start()
            case(facts, workspace, redis)
            redis.kill()
        logs_in(facts, workspace)


tap.run(test)
