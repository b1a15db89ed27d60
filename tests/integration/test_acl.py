#!/usr/bin/env python3
"""Users of Redis's ACL: each is held to its rules through the sidecar as by a bare Redis, and denials stand in Redis's own ACL LOG.
The random part gives the same random users and commands to both. More of it: --rounds N; another course: --seed N."""

import argparse
import random
import sys
from collections import Counter
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from lib import tap
from lib.redis_server import RedisServer
from lib.resp import ReplyError, encode
from lib.workspace import wait_until
from lib.world import World


def text(reply):
    return str(reply)


def plain(reply):
    """Errors as something that can be compared."""
    if isinstance(reply, ReplyError):
        return f"-{reply}"
    return [plain(item) for item in reply] if isinstance(reply, list) else reply


def is_closed(client, command=("PING",)):
    try:
        client.pipeline([command])
        return False
    except (EOFError, OSError):
        return True


def log_of(client):
    """What ACL LOG tells, without what differs from run to run."""
    counts = Counter()
    for entry in client("ACL", "LOG", "1000"):
        facts = dict(zip(entry[::2], entry[1::2]))
        counts[facts[b"reason"], facts[b"object"], facts[b"username"]] += facts[b"count"]
    return counts


# ---- single facts ----

def restricted_users(facts, dc):
    with dc.client() as admin, dc.client() as client:
        admin("ACL", "SETUSER", "clerk", "on", ">secret", "+get", "+set", "+multi", "+exec", "~public:*", "%R~read:*", "(+hget ~h:*)")
        admin("ACL", "LOG", "RESET")
        facts.equal(client("AUTH", "clerk", "secret"), "OK", "a restricted user is let in")
        replies = client.pipeline([("SET", "public:a", "1"), ("GET", "public:a"), ("GET", "secret:a"), ("SET", "read:a", "1"), ("GET", "read:a"),
                                   ("HGET", "h:1", "f"), ("HGET", "public:a", "f"), ("DEL", "public:a"), ("CONFIG", "GET", "port"), ("FOO",)])
        facts.equal([plain(reply) for reply in replies],
                    ["OK", b"1", "-NOPERM this user has no permissions to access one of the keys used as arguments",
                     "-NOPERM this user has no permissions to access one of the keys used as arguments", None, None,
                     "-NOPERM this user has no permissions to access one of the keys used as arguments",
                     "-NOPERM this user has no permissions to run the 'del' command",
                     "-NOPERM this user has no permissions to run the 'config|get' command",
                     "-ERR unknown command 'FOO', with args beginning with: "], "and held to its rules, in Redis's words")
        replies = client.pipeline([("GET", "public:a" if number % 2 else "secret:b") for number in range(1000)])
        facts.equal([plain(reply)[:7] if isinstance(reply, ReplyError) else reply for reply in replies], ["-NOPERM", b"1"] * 500, "a thousand at once, in order")
        facts.equal(log_of(admin), Counter({(b"key", b"secret:b", b"clerk"): 500, (b"key", b"secret:a", b"clerk"): 1, (b"key", b"read:a", b"clerk"): 1, (b"key", b"public:a", b"clerk"): 1,
                                            (b"command", b"del", b"clerk"): 1, (b"command", b"config|get", b"clerk"): 1}), "ACL LOG tells of each denial")
        replies = client.pipeline([("MULTI",), ("SET", "public:b", "1"), ("EXEC",), ("MULTI",), ("SET", "x", "1"), ("SET", "public:b", "2"), ("EXEC",),
                                   ("GET", "public:b"), ("DISCARD",)])
        facts.equal([plain(reply) for reply in replies],
                    ["OK", "QUEUED", ["OK"], "OK", "-NOPERM this user has no permissions to access one of the keys used as arguments", "QUEUED",
                     "-EXECABORT Transaction discarded because of previous errors.", b"1",
                     "-NOPERM this user has no permissions to run the 'discard' command"], "inside MULTI when a command is queued")
        facts.equal(plain(client.pipeline([("HOMEPORT", "GET", "secret:a"), ("HOMEPORT", "CONFLICTS")])),
                    ["-NOPERM this user has no permissions to access one of the keys used as arguments",
                     "-NOPERM only users who may do everything may run this command of Homeport"], "and of Homeport's own commands it may read what GET may read")


def changes_count_at_once(facts, dc):
    with dc.client() as admin, dc.redis.client() as redis, dc.client() as client, dc.client() as boss:
        for changer, words in ((admin, "through the sidecar"), (redis, "past the sidecar")):
            changer("ACL", "SETUSER", "clerk", "reset", "on", ">secret", "+get", "+@connection", "~*")
            client("AUTH", "clerk", "secret")
            changer("ACL", "SETUSER", "clerk", "+set")
            facts.equal(client("SET", f"at-once:{words}", "1"), "OK", f"a right that is given {words} counts at once")
            changer("ACL", "SETUSER", "clerk", "-set")
            facts.check(text(client.pipeline([("SET", "x", "1")])[0]).startswith("NOPERM"), f"as does one that is taken {words}")
        admin("ACL", "SETUSER", "boss", "on", ">secret", "+@all", "~*", "&*")
        boss("AUTH", "boss", "secret")
        facts.equal(boss("SET", "b", "1"), "OK", "a user who may do everything")
        admin("ACL", "SETUSER", "boss", "-set")
        facts.check(text(boss.pipeline([("SET", "b", "2")])[0]).startswith("NOPERM"), "is held to a rule that is set meanwhile, at once")
        admin("ACL", "SETUSER", "boss", "+@all")
        facts.equal(boss("SET", "b", "2"), "OK", "and to none again")
        redis("ACL", "SETUSER", "boss", "-set")
        wait_until(lambda: text(boss.pipeline([("SET", "b", "3")])[0]).startswith("NOPERM"), 30, "a rule that was set past the sidecar counts")
        facts.check(True, "past the sidecar, within moments")


def users_who_go(facts, dc):
    with dc.client() as admin, dc.redis.client() as redis:
        for changer, words in ((admin, "through the sidecar"), (redis, "past the sidecar")):
            for rules in (("+get", "~*"), ("+@all", "~*", "&*")):
                changer("ACL", "SETUSER", "guest", "on", ">secret", *rules)
                with dc.client() as client, dc.client() as off:
                    client("AUTH", "guest", "secret")
                    off("AUTH", "guest", "secret")
                    changer("ACL", "SETUSER", "guest", "off")
                    facts.equal(off("GET", "x"), None, f"a user who is switched off {words} goes on where it is connected, as in Redis ({rules[0]})")
                    facts.check(text(off.pipeline([("AUTH", "guest", "secret")])[0]).startswith("WRONGPASS"), "but is let in no more")
                    changer("ACL", "DELUSER", "guest")
                    wait_until(lambda: is_closed(client, ("GET", "x")), 30, "its connection closes")
                    facts.check(True, f"connections of a user who is deleted {words} are closed ({rules[0]})")


def subscribers(facts, dc):
    with dc.client() as admin, dc.client() as client, dc.client() as newer:
        admin("ACL", "SETUSER", "ear", "on", ">secret", "+subscribe", "+unsubscribe", "+get", "~*", "resetchannels", "&news:*")
        client("AUTH", "ear", "secret")
        replies = client.pipeline([("SUBSCRIBE", "other"), ("GET", "nothing")])
        facts.equal(plain(replies), ["-NOPERM this user has no permissions to access one of the channels used as arguments", None],
                    "a channel is denied, and the client is no subscriber")
        client.send(encode("SUBSCRIBE", "news:1"))
        facts.equal(client.read(), [b"subscribe", b"news:1", 1], "another is allowed")
        admin("PUBLISH", "news:1", "hello")
        facts.equal(client.read(), [b"message", b"news:1", b"hello"], "and heard")
        client.send(encode("UNSUBSCRIBE"))
        facts.equal(client.read(), [b"unsubscribe", b"news:1", 0], "it can be left")
        facts.equal(client("GET", "nothing"), None, "and the client goes on")
        newer("HELLO", "3", "AUTH", "ear", "secret")
        newer.send(encode("SUBSCRIBE", "news:2"))
        newer.read()
        admin("ACL", "SETUSER", "ear", "resetchannels")
        wait_until(lambda: is_closed(newer, ("GET", "x")), 30, "the subscriber's connection closes")
        facts.check(True, "who loses the right to a channel it listens to is closed, as by Redis")
        facts.equal(client("GET", "nothing"), None, "but nobody else")


# ---- random rules and commands ----

CATEGORIES = ("read", "write", "string", "hash", "set", "sortedset", "keyspace", "connection", "transaction", "dangerous", "fast", "slow", "pubsub", "admin")
COMMANDS = ("get", "set", "mget", "mset", "del", "incr", "append", "hset", "hget", "hgetall", "sadd", "srem", "sunionstore", "zadd", "zrange", "zunionstore",
            "rename", "copy", "exists", "expire", "ttl", "type", "select", "multi", "exec", "discard", "watch", "publish", "config|get", "client|id",
            "client|getname", "acl|whoami", "object|encoding", "ping", "echo", "bitfield", "getex", "sort_ro", "dbsize")
PATTERNS = ("a:*", "b:*", "c:?", "a:1", "*", "d*")
KEYS = tuple(f"{name}:{number}" for name in "abcd" for number in range(3))


def random_rules(dice, with_selectors=True):
    rules = dice.choice(([], ["+@all"], ["allkeys"], ["+@all", "allkeys"]))[:]
    for _ in range(dice.randint(1, 8)):
        kind = dice.choice(("+@", "+@", "-@", "+", "+", "+", "-", "all", "key", "key", "R", "W", "RW", "channel", "first"))
        if kind in ("+@", "-@"):
            rules.append(kind + dice.choice(CATEGORIES))
        elif kind in ("+", "-"):
            rules.append(kind + dice.choice(COMMANDS))
        elif kind == "all":
            rules.append(dice.choice(("+@all", "-@all", "allkeys", "allchannels", "resetchannels")))
        elif kind == "key":
            rules.append("~" + dice.choice(PATTERNS))
        elif kind == "channel":
            rules.append("&" + dice.choice(("news:*", "other", "n*")))
        elif kind == "first":
            rules.append(dice.choice(("+select|0", "+config|get", "-client|id", "+ping|hello", "+object|encoding")))
        else:
            rules.append(f"%{kind}~{dice.choice(PATTERNS)}")
    if with_selectors and dice.random() < 0.4:
        rules.append("(" + " ".join(rule for rule in random_rules(dice, False)) + ")")
    return rules


def give(admin, user, rules):
    """Each rule by itself: some contradict each other, and those Redis refuses."""
    admin.pipeline([("ACL", "SETUSER", user, rule) for rule in rules])


def random_command(dice):
    def key():
        return dice.choice(KEYS)

    return dice.choice((
        lambda: ("GET", key()), lambda: ("SET", key(), dice.randint(0, 9)), lambda: ("MGET", key(), key()), lambda: ("MSET", key(), "1", key(), "2"),
        lambda: ("DEL", key(), key()), lambda: ("INCR", key()), lambda: ("APPEND", key(), "x"), lambda: ("SET", key(), "1", "GET"),
        lambda: ("HSET", key(), "f", "1"), lambda: ("HGET", key(), "f"), lambda: ("SADD", key(), "m"), lambda: ("SREM", key(), "m"),
        lambda: ("SUNIONSTORE", key(), key(), key()), lambda: ("ZADD", key(), "1", "m"), lambda: ("ZRANGE", key(), "0", "-1"),
        lambda: ("ZUNIONSTORE", key(), "2", key(), key()), lambda: ("RENAME", key(), key()), lambda: ("COPY", key(), key()), lambda: ("EXISTS", key()),
        lambda: ("EXPIRE", key(), "1000"), lambda: ("PERSIST", key()), lambda: ("TYPE", key()), lambda: ("SELECT", dice.choice("01")), lambda: ("PING",), lambda: ("PING", "hello"),
        lambda: ("ECHO", "x"), lambda: ("PUBLISH", dice.choice(("news:1", "other", "none")), "x"), lambda: ("CONFIG", "GET", "maxmemory-samples"),
        lambda: ("CLIENT", "GETNAME"), lambda: ("ACL", "WHOAMI"), lambda: ("OBJECT", "ENCODING", key()), lambda: ("BITFIELD", key(), "GET", "u8", "0"),
        lambda: ("BITFIELD", key(), "SET", "u8", "0", "1"), lambda: ("GETEX", key()), lambda: ("SORT_RO", key(), "BY", "nosort"), lambda: ("SORT", key(), "BY", "w_*"), lambda: ("SORT_RO", key(), "LIMIT", "0", "5", "GET", "b:*"),
        lambda: ("GEOADD", key(), "1", "1", "m"), lambda: ("FLUSHDB",), lambda: ("GET",), lambda: ("NONE", key()),
        lambda: ("DISCARD",), lambda: ("EXEC",)))()


def looks_into_other_keys(command):
    """With selectors the sidecar does not know whether they may, and lets nobody (docs/security.md). In MULTI it says so earlier than Redis."""
    return command[0].startswith("SORT") and ("GET" in command or "w_*" in command)


def random_batch(dice, with_selectors):
    batch = [random_command(dice) for _ in range(dice.randint(1, 6))]
    batch = [command for command in batch if not (with_selectors and looks_into_other_keys(command))]
    if dice.random() < 0.4:
        batch = [("MULTI",), *(command for command in batch if not looks_into_other_keys(command)), dice.choice((("EXEC",), ("EXEC",), ("DISCARD",)))]
    return batch


def at_random(facts, dc, bare, seed, rounds):
    """Each round: three users with new rules, on connections that they keep; batches of commands; the same replies; then the same ACL LOG."""
    dice = random.Random(seed)
    sides = (dc, bare)
    admins = [side.client() for side in sides]
    counts = Counter()
    for admin in admins:
        admin("FLUSHALL")
        admin("ACL", "LOG", "RESET")
    for number in range(rounds):
        users = [f"u{index}" for index in range(3)]
        clients = {user: [side.client() for side in sides] for user in users}
        for user in users:
            rules = random_rules(dice)
            for admin in admins:
                give(admin, user, ["reset", "on", ">pw", *rules])
            hello = [("AUTH", user, "pw")] if dice.random() < 0.5 else [("HELLO", dice.choice("23"), "AUTH", user, "pw")]
            for client in clients[user]:
                if isinstance(client.pipeline(hello)[0], ReplyError):
                    raise AssertionError(f"{user} cannot log in with {rules}")
        for step in range(12):
            user = dice.choice(users)
            if step == 6:
                rules = random_rules(dice)
                for admin in admins:
                    give(admin, user, rules)
            batch = random_batch(dice, b"(" in bare_rules(admins[1], user)[0])
            if not batch:
                continue
            try:
                ours, theirs = (plain(client.pipeline(batch)) for client in clients[user])
            except EOFError:
                return facts.check(False, "no connection breaks", f"seed {seed}, round {number}, {batch}")
            counts["denied"] += sum(text(reply).startswith("-NOPERM") for reply in theirs)
            counts["allowed"] += sum(not text(reply).startswith("-NOPERM") for reply in theirs)
            if ours != theirs:
                rules = bare_rules(admins[1], user)
                return facts.check(False, "the same replies", f"seed {seed}, round {number}: {user} {rules}\n{batch}\nours   {ours}\ntheirs {theirs}")
        for pair in clients.values():
            for client in pair:
                client.close()
        ours, theirs = (log_of(admin) for admin in admins)
        if ours != theirs:
            return facts.check(False, "the same ACL LOG", f"seed {seed}, round {number}: ours has {ours - theirs}, theirs {theirs - ours}")
        for admin in admins:
            admin("ACL", "LOG", "RESET")
    facts.check(counts["denied"] > rounds and counts["allowed"] > rounds,
                f"{rounds} rounds with random rules: the same replies and the same ACL LOG as a bare Redis (seed {seed})", counts)
    facts.note(f"{counts['allowed']} commands allowed, {counts['denied']} denied")
    return True


def bare_rules(admin, user):
    return [line for line in admin("ACL", "LIST") if line.split()[1] == user.encode()]


def acl(facts):
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=60)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    with World(("a", "b"), with_links=False).start() as world:
        dc = world["a"]
        bare = RedisServer(world.workspace, "redis-bare")
        bare.start()
        for part in (restricted_users, changes_count_at_once, users_who_go, subscribers):
            part(facts, dc)
        at_random(facts, dc, bare, options.seed, options.rounds)
        world.check_same_everywhere(facts)


tap.run(acl)
