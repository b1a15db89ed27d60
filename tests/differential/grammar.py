"""Grammar: how the commands of the differential test look, right and wrong.

A form is a line of words. [a|b] may be there, (a|b) is one of them, {a} comes one to four times. Words of capital letters stand for themselves, the
others are those of Speaker._word. Deadlines are either far apart or compared leniently: GT and LT look at absolute ones only. A stream takes a command at random, then a form of it, and breaks one in eight."""

import re

KEYS = {"s": "string", "h": "hash", "m": "set", "z": "sorted set", "l": "list", "n": "number", "g": "places", "p": "hyperloglog"}
KEYS_EACH = 3
DATABASES = 3

FORMS = {
    "append": ["s v"], "bitcount": ["s", "s i i", "s i i (BYTE|BIT)"], "bitfield": ["s {(GET type at|SET type at i|INCRBY type at i)}",
               "s OVERFLOW (WRAP|SAT|FAIL) {(SET type at i|INCRBY type at i)}", "s"],
    "bitfield_ro": ["s {GET type at}", "s"], "bitop": ["(AND|OR|XOR) s {s}", "NOT s s"], "bitpos": ["s bit", "s bit i", "s bit i i", "s bit i i (BYTE|BIT)"],
    "copy": ["any any [REPLACE]", "any any DB db [REPLACE]"], "dbsize": [""], "decr": ["n"], "decrby": ["n i"], "del": ["{any}"], "dump": ["any"], "echo": ["v"],
    "exists": ["{any}"], "expire": ["any seconds [NX|XX]"], "expireat": ["any time [NX|XX|GT|LT]"], "expiretime": ["any"],
    "flushall": ["[ASYNC|SYNC]"], "flushdb": ["[ASYNC|SYNC]"],
    "geoadd": ["g [NX|XX] [CH] {lon lat e}"], "geodist": ["g e e [unit]"], "geohash": ["g {e}"], "geopos": ["g {e}"],
    "georadius": ["g lon lat f unit [WITHCOORD] [WITHDIST] [WITHHASH] [COUNT count] [ASC|DESC] [STORE z|STOREDIST z]"],
    "georadius_ro": ["g lon lat f unit [WITHCOORD] [WITHDIST] [COUNT count] [ASC|DESC]"],
    "georadiusbymember": ["g e f unit [WITHDIST] [COUNT count] [ASC|DESC] [STORE z|STOREDIST z]"],
    "georadiusbymember_ro": ["g e f unit [WITHDIST] [COUNT count] [ASC|DESC]"],
    "geosearch": ["g (FROMMEMBER e|FROMLONLAT lon lat) (BYRADIUS f unit|BYBOX f f unit) [ASC|DESC] [COUNT count] [WITHCOORD] [WITHDIST] [WITHHASH]"],
    "geosearchstore": ["z g (FROMMEMBER e|FROMLONLAT lon lat) (BYRADIUS f unit|BYBOX f f unit) [ASC|DESC] [COUNT count] [STOREDIST]"],
    "get": ["s"], "getbit": ["s at"], "getdel": ["s"], "getex": ["s [EX seconds|PX ms|EXAT time|PXAT mstime|PERSIST]"], "getrange": ["s i i"],
    "getset": ["s v"], "hdel": ["h {e}"], "hexists": ["h e"], "hget": ["h e"], "hgetall": ["h"], "hincrby": ["h e i"], "hincrbyfloat": ["h e f"],
    "hkeys": ["h"], "hlen": ["h"], "hmget": ["h {e}"], "hmset": ["h {e v}"], "hrandfield": ["h", "h count [WITHVALUES]"],
    "hscan": ["h 0 COUNT 1000 [MATCH glob]"], "hset": ["h {e v}", "h {e i}"], "hsetnx": ["h e v"], "hstrlen": ["h e"], "hvals": ["h"],
    "incr": ["n"], "incrby": ["n i"], "incrbyfloat": ["n f"], "keys": ["glob"], "lcs": ["s s [LEN|IDX [MINMATCHLEN count] [WITHMATCHLEN]]"],
    "mget": ["{any}"], "move": ["any db"], "mset": ["{s v}"], "msetnx": ["{s v}"], "object|encoding": ["any"], "object|freq": ["any"],
    "object|help": [""], "object|idletime": ["any"], "object|refcount": ["any"], "persist": ["any"], "pexpire": ["any ms [NX|XX]"],
    "pexpireat": ["any mstime [NX|XX|GT|LT]"], "pexpiretime": ["any"], "pfadd": ["p {v}", "p"], "pfcount": ["{p}"], "pfmerge": ["p {p}"],
    "pfdebug": ["(ENCODING|TODENSE|DECODE) p"], "ping": ["", "v"], "psetex": ["s ms v"], "pttl": ["any"], "randomkey": [""], "rename": ["any any"],
    "renamenx": ["any any"], "restore": ["any 0 dump [REPLACE]", "any ms dump [REPLACE]", "any mstime dump [REPLACE] ABSTTL [IDLETIME i|FREQ i]"],
    "sadd": ["m {e}", "m {i}"], "scan": ["0 COUNT 1000 [MATCH glob] [TYPE kind]"], "scard": ["m"], "sdiff": ["{m}"], "sdiffstore": ["m {m}"],
    "set": ["s v", "s v [NX|XX] [GET]", "s v [NX|XX] [GET] (EX seconds|PX ms|EXAT time|PXAT mstime|KEEPTTL)", "n i"], "setbit": ["s at bit"],
    "setex": ["s seconds v"], "setnx": ["s v"], "setrange": ["s at v"], "sinter": ["{m}"], "sintercard": ["2 m m [LIMIT count]"], "sinterstore": ["m {m}"],
    "sismember": ["m e"], "smembers": ["m"], "smismember": ["m {e}"], "smove": ["m m e"],
    "sort": ["m ALPHA [ASC|DESC] [LIMIT i i]", "(z|m|l) [BY pattern] [LIMIT i i] [GET pattern] ALPHA", "n"],
    "sort_ro": ["m ALPHA [ASC|DESC] [LIMIT i i]", "(z|m|l) [BY pattern] [GET pattern] [GET #] ALPHA"], "spop": ["m 1000"], "srandmember": ["m", "m count"],
    "srem": ["m {e}"], "sscan": ["m 0 COUNT 1000 [MATCH glob]"], "strlen": ["s"], "substr": ["s i i"], "sunion": ["{m}"], "sunionstore": ["m {m}"],
    "time": [""], "touch": ["{any}"], "ttl": ["any"], "type": ["any"], "unlink": ["{any}"],
    "zadd": ["z [NX|XX] [GT|LT] [CH] {f e}", "z [XX] [INCR] f e"], "zcard": ["z"], "zcount": ["z score score"], "zdiff": ["2 z z [WITHSCORES]"],
    "zdiffstore": ["z 2 z z"], "zincrby": ["z f e"], "zinter": ["2 z (z|m) [WEIGHTS f f] [AGGREGATE (SUM|MIN|MAX)] [WITHSCORES]"],
    "zintercard": ["2 z z [LIMIT count]"], "zinterstore": ["z 2 z (z|m) [WEIGHTS f f] [AGGREGATE (SUM|MIN|MAX)]"], "zlexcount": ["z lex lex"],
    "zmpop": ["2 z z (MIN|MAX) [COUNT count]"], "zmscore": ["z {e}"], "zpopmax": ["z [count]"], "zpopmin": ["z [count]"],
    "zrandmember": ["z", "z count [WITHSCORES]"], "zrange": ["z i i [REV] [WITHSCORES]", "z score score BYSCORE [REV] [LIMIT i i] [WITHSCORES]",
               "z lex lex BYLEX [REV] [LIMIT i i]"], "zrangebylex": ["z lex lex [LIMIT i i]"], "zrangebyscore": ["z score score [WITHSCORES] [LIMIT i i]"],
    "zrangestore": ["z z i i [REV]", "z z score score BYSCORE [LIMIT i i]", "z z lex lex BYLEX"], "zrank": ["z e"], "zrem": ["z {e}"],
    "zremrangebylex": ["z lex lex"], "zremrangebyrank": ["z i i"], "zremrangebyscore": ["z score score"], "zrevrange": ["z i i [WITHSCORES]"],
    "zrevrangebylex": ["z lex lex [LIMIT i i]"], "zrevrangebyscore": ["z score score [WITHSCORES] [LIMIT i i]"], "zrevrank": ["z e"],
    "zscan": ["z 0 COUNT 1000 [MATCH glob]"], "zscore": ["z e"], "zunion": ["2 z (z|m) [WEIGHTS f f] [AGGREGATE (SUM|MIN|MAX)] [WITHSCORES]"],
    "zunionstore": ["z 2 z (z|m) [WEIGHTS f f] [AGGREGATE (SUM|MIN|MAX)]"],
    "lindex": ["l i"], "linsert": ["l (BEFORE|AFTER) e v"], "llen": ["l"], "lmove": ["l l (LEFT|RIGHT) (LEFT|RIGHT)"], "lmpop": ["2 l l (LEFT|RIGHT) [COUNT count]"],
    "lpop": ["l [count]"], "lpos": ["l e [RANK i] [COUNT count] [MAXLEN count]"], "lpush": ["l {e}"], "lpushx": ["l {e}"], "lrange": ["l i i"], "lrem": ["l i e"],
    "lset": ["l i v"], "ltrim": ["l i i"], "rpop": ["l [count]"], "rpoplpush": ["l l"], "rpush": ["l {e}"], "rpushx": ["l {e}"],
    "multi": [""], "exec": [""], "discard": [""], "watch": ["{any}"], "unwatch": [""], "select": ["db"],
}

# Said more often than others: what puts something there, and transactions.
OFTEN = {"set": 6, "hset": 6, "sadd": 6, "zadd": 6, "geoadd": 3, "pfadd": 3, "incr": 3, "incrby": 3, "multi": 8, "exec": 10, "watch": 3, "select": 3, "append": 3, "setrange": 2,
         "rpush": 4, "lpush": 4}
SELDOM = {"flushall", "flushdb", "keys", "scan", "object|help", "time", "dbsize"}

# SPOP takes all there are, as others would be chosen at random. ZRANK takes one argument more on newer servers: it is theirs to refuse it, inside MULTI at EXEC.
UNBROKEN = {"spop", "zrank", "zrevrank"}

# Supported, and not in this test: a name, or what names begin with, and why.
APART = {
    "eval": "scripts have tests of their own", "script": "scripts have tests of their own", "function": "functions have tests of their own", "fcall": "scripts have tests of their own", "x": "streams", "v": "vector sets: not in the servers that are tested",
    "bl": "blocks", "br": "blocks", "bz": "blocks", "h": "deadlines of fields: not in the servers that are tested", "digest": "not in the servers that are tested",
}

WORD = re.compile(r"[\[\](){}|]|[^\s\[\](){}|]+")


def parse(form):
    """A form as nested lists: ("all", …), ("one of", …), ("maybe", x), ("some", x), or a word."""
    words = WORD.findall(form)

    def choice(closing):
        branches, branch = [], ["all"]
        while words:
            word = words.pop(0)
            if word == closing:
                break
            if word == "|":
                branches.append(branch)
                branch = ["all"]
            else:
                branch.append(part(word))
        return ["one of", *branches, branch]

    def part(word):
        if word == "[":
            return ["maybe", choice("]")]
        if word == "(":
            return choice(")")
        if word == "{":
            return ["some", choice("}")]
        return word

    return choice(None)


PARSED = {name: [parse(form) for form in forms] for name, forms in FORMS.items()}


class Speaker:
    """Says commands at random, from a seed."""

    def __init__(self, random, commands, dumps):
        self.random, self.dumps = random, dumps
        self._names = [name for name in commands for _ in range(OFTEN.get(name, 1) * 10 if name not in SELDOM else 1)]

    def key(self, kind):
        if kind == "any" or self.random.random() < 0.06:
            kind = self.random.choice(list(KEYS))
        return f"{kind}{self.random.randrange(KEYS_EACH)}".encode()

    def _integer(self):
        return self.random.choice((b"0", b"1", b"-1", b"2", b"3", b"10", b"-5", b"100", b"9223372036854775807", b"-9223372036854775808"))

    def _value(self):
        kind = self.random.randrange(12)
        if kind == 0:
            return b""
        if kind == 1:
            return bytes(self.random.randrange(256) for _ in range(self.random.randrange(1, 20)))
        if kind == 2:
            return b"x" * self.random.randrange(60, 5000)
        if kind < 5:
            return b"%d" % self.random.randrange(-50, 50)
        return b"v%d" % self.random.randrange(20)

    def _word(self, word):  # noqa: C901 one line a word
        pick, number = self.random.choice, self.random.randrange
        if word in KEYS or word == "any":
            return self.key(word)
        if word == "v":
            return self._value()
        if word == "e":
            return b"%s%d" % (pick((b"a", b"b", b"")), number(6))
        if word == "i":
            return self._integer()
        if word == "f":
            return pick((b"0", b"1", b"1.5", b"-2.25", b"3e2", b"100", b"200000", b"inf", b"-inf", b"0.1"))
        if word == "count":
            return pick((b"0", b"1", b"2", b"3", b"-2", b"100"))
        if word == "bit":
            return pick((b"0", b"1"))
        if word == "at":
            return b"%d" % number(120)
        if word == "type":
            return pick((b"u8", b"i8", b"u1", b"i16", b"u63", b"i64", b"i5"))
        if word == "seconds":
            return pick((b"100", b"1000", b"500000", b"0", b"-1"))
        if word == "ms":
            return pick((b"100000", b"5000000", b"0", b"-1"))
        if word == "time":
            return pick((b"4000000000", b"5000000000", b"1"))
        if word == "mstime":
            return pick((b"4000000000000", b"5000000000000", b"1"))
        if word == "score":
            return pick((b"-inf", b"+inf", b"(1", b"1", b"2.5", b"(100", b"-3"))
        if word == "lex":
            return pick((b"-", b"+", b"[a", b"(b", b"[b3"))
        if word == "lon":
            return b"%.4f" % self.random.uniform(-10, 10)
        if word == "lat":
            return b"%.4f" % self.random.uniform(-10, 10)
        if word == "unit":
            return pick((b"m", b"km", b"ft", b"mi"))
        if word == "db":
            return pick((b"0", b"1", b"2", b"0", b"99", b"-1"))
        if word == "glob":
            return pick((b"*", b"s*", b"?1", b"[hz]*", b"a*"))
        if word == "kind":
            return pick((b"string", b"hash", b"set", b"zset", b"list", b"none"))
        if word == "pattern":
            return pick((b"nosort", b"s*", b"h0->*", b"#", b"x*"))
        if word == "dump":
            return pick(self.dumps)
        return word.encode() if self.random.random() < 0.9 else word.lower().encode()

    def _say(self, part, said):
        if isinstance(part, str):
            said.append(self._word(part))
        elif part[0] == "all":
            for inner in part[1:]:
                self._say(inner, said)
        elif part[0] == "one of":
            self._say(self.random.choice(part[1:]), said)
        elif part[0] == "maybe":
            if self.random.random() < 0.35:
                self._say(part[1], said)
        else:
            for _ in range(self.random.choice((1, 1, 2, 4))):
                self._say(part[1], said)

    def _break(self, said):
        """One argument fewer, more, or other; the name stays."""
        at = self.random.randrange(1, len(said) + 1)
        how = self.random.randrange(4)
        junk = self.random.choice((b"", b"junk", b"-1", b"99999999999999999999", b"1.5", b"nan", b"\x00", b"a\r\nb", b"NX", b"COUNT", b"*", b"("))
        if how == 0 and len(said) > 1:
            del said[min(at, len(said) - 1)]
        elif how == 1:
            said.insert(at, junk)
        elif how == 2 and at < len(said):
            said[at] = junk
        else:
            said.append(said[-1])

    def command(self):
        name = self.random.choice(self._names)
        said = [word.encode() for word in (name.upper() if self.random.random() < 0.8 else name).split("|")]
        self._say(self.random.choice(PARSED[name]), said)
        if name not in UNBROKEN and self.random.random() < 0.12:
            self._break(said)
        return said

    def stream(self, count):
        """Steps: (which connection, commands that are sent in one piece)."""
        steps = []
        while count > 0:
            size = min(count, self.random.choice((1, 1, 2, 5, 20, 50)))
            steps.append((self.random.randrange(2), [self.command() for _ in range(size)]))
            count -= size
        return steps
