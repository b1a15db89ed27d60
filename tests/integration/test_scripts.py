#!/usr/bin/env python3
"""Scripts: answered as Redis answers them, byte for byte; what they write is the same in every datacenter, also if they fail half-way and if the
sidecar is killed; those that were loaded anywhere are known everywhere, and after restarts."""

import json
import random
import re
import sys
import threading
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from lib import digest, tap
from lib.redis_server import RedisServer
from lib.resp import ReplyError, encode
from lib.workspace import Workspace, wait_until
from lib.world import World

ONE = "e0e1f9fabfc9d4800c877a703b823ac0578ff8db"  # return 1
END = b"$8\r\nthe-end!\r\n"

TRANSACTION = [("MULTI",), ("EVAL", "return redis.call('incr','tx')", 0), ("EVALSHA", ONE, 0), ("SCRIPT", "EXISTS", ONE), ("EVAL", "ret urn", 0), ("EXEC",)]
# Each is sent to a bare Redis and to a datacenter.
COMMANDS = [
    ("EVAL", "return 1", 0),
    ("EVALSHA", ONE, 0),
    ("EVALSHA", ONE.upper(), 0),
    ("EVALSHA", "abc", 0),
    ("EVALSHA", "f" * 40, 0),
    ("SCRIPT", "LOAD", "return 7"),
    ("SCRIPT", "LOAD", "ret urn"),
    ("SCRIPT", "EXISTS", ONE, "ff", ONE),
    ("EVAL", "return redis.call('set',KEYS[1],ARGV[1])", 1, "k", "v"),
    ("EVAL", "return {KEYS[1],ARGV[1],#ARGV,#KEYS}", 1, "k", "x"),
    ("EVAL", "return nil", 0),
    ("EVAL", "return false", 0),
    ("EVAL", "return {1,nil,3}", 0),
    ("EVAL", "return {1.7,'x',{3,{4}},true}", 0),
    ("EVAL", "return redis.call('incr','k')", 0),
    ("EVAL", "\n\nlocal x=1\nredis.call('incr','k')", 0),
    ("EVAL", "local x=1\nif x==1 then\nreturn redis.call('incr','k')\nend\nreturn redis.call('get','k')", 0),
    ("EVAL", "error('boom')", 0),
    ("EVAL", "error({err='MY own'})", 0),
    ("EVAL", "local ok,e=pcall(redis.call,'incr','k') return e.err", 0),
    ("EVAL", "local ok,e=pcall(redis.call,'incr','k')\n\nerror(e)", 0),
    ("EVAL", "return {err='My Err'}", 0),
    ("EVAL", "return redis.error_reply('x')", 0),
    ("EVAL", "return redis.status_reply('FINE')", 0),
    ("EVAL", "if true then return 1", 0),
    ("EVAL", "return return", 0),
    ("EVAL", "end) redis.call('set','escaped','1') local x=(function()", 0),
    ("EVAL", "return redis.pcall('incr','k')", 0),
    ("EVAL", "local t={} t.x.y=1", 0),
    ("EVAL", "return nope", 0),
    ("EVAL", "nope=1", 0),
    ("EVAL", "redis.foo=1", 0),
    ("EVAL", "return redis.call()", 0),
    ("EVAL", "return redis.call({})", 0),
    ("EVAL", "return redis.call('get')", 0),
    ("EVAL", "redis.call('set','p1','x') redis.call('nosuch')", 0),
    ("EVAL", "redis.call('set','p2','x') error('later')", 0),
    ("EVAL", "x", 2, "a"),
    ("EVAL", "return 1", "x"),
    ("EVAL", "return 1", -1),
    ("EVAL", "redis.call('set','a',1) redis.call('incr','a') redis.call('incrbyfloat','a','1.5') return redis.call('get','a')", 0),
    ("EVAL", "redis.call('incr','n') redis.call('incrby','n',5) redis.call('incrbyfloat','m','1.5') return redis.call('incrbyfloat','m','2.25')", 0),
    ("EVAL", "redis.call('hset','h','f',1,'g',2) redis.call('hincrby','h','f',3) redis.call('hincrby','h','new',3) return redis.call('hdel','h','g')", 0),
    ("EVAL", "redis.call('sadd','s','a','b','c') redis.call('srem','s','a') redis.call('sadd','s','a') return redis.call('srem','s','b','no')", 0),
    ("EVAL", "redis.call('sadd','pop','x') return redis.call('spop','pop')", 0),
    ("EVAL", "redis.call('zadd','z',1,'a',2,'b') redis.call('zadd','z','GT',5,'a') redis.call('zadd','z','GT',1,'a') return redis.call('zincrby','z',2,'b')", 0),
    ("EVAL", "redis.call('zadd','z4',1.5,'a',2,'b',3,'c') redis.call('zremrangebyrank','z4',0,0) return redis.call('zpopmin','z4')", 0),
    ("EVAL", "redis.call('set','e','1','PX',100000) redis.call('persist','e') return redis.call('ttl','e')", 0),
    ("EVAL", "redis.call('setrange','str',3,'abc') redis.call('append','str','x') redis.call('setbit','str',1,1) return redis.call('pfadd','pf','a','b')", 0),
    ("EVAL", "redis.call('rename','str','str2') redis.call('sunionstore','s2','s') redis.call('zunionstore','z2',1,'z') redis.call('copy','z2','z3') "
             "return redis.call('del','z2')", 0),
    ("EVAL", "redis.call('sadd','em','a') redis.call('expire','em',1000) redis.call('srem','em','a') redis.call('sadd','em','b') "
             "return redis.call('ttl','em')", 0),
    ("EVAL", "redis.call('sadd','type','a') redis.call('del','type') redis.call('hset','type','f','v') redis.call('set','type','string') "
             "return redis.call('type','type')", 0),
    ("EVAL", "redis.setresp(3) redis.call('hset','hh','a','1') return redis.call('hgetall','hh')", 0),
    ("EVAL", "redis.setresp(3) redis.call('zadd','z5',1.5,'a','2','b') local x=redis.call('zscore','z5','a') redis.call('zpopmin','z5') return x", 0),
    ("EVAL", "redis.setresp(3) redis.call('sadd','s5','a') redis.call('spop','s5',1) return redis.call('get','none')", 0),
    ("EVAL", "redis.setresp(3) return nil", 0),
    ("EVAL", "redis.setresp(3) return false", 0),
    ("EVAL", "redis.setresp(3) return {double=1.5}", 0),
    ("EVAL", "#!lua flags=no-writes\nreturn redis.call('set','x',1)", 0),
    ("EVAL", "#!lua\n\nreturn redis.call('incr','h')", 0),
    ("EVAL", "#!lua flags=allow-oom,allow-stale,allow-cross-slot-keys\nreturn redis.call('set','flags','1')", 0),
    ("EVAL", "#!nope\nreturn 1", 0),
    ("EVAL", "#!lua flags=x\nreturn 1", 0),
    ("EVAL_RO", "return redis.call('get',KEYS[1])", 1, "k"),
    ("EVAL_RO", "return redis.call('set',KEYS[1],1)", 1, "k"),
    ("EVALSHA_RO", ONE, 0),
    ("EVAL", "return _G.redis.call('set','g','1')", 0),
    ("EVAL", "return loadstring('return redis.call([[set]],[[g2]],2)')()", 0),
    ("EVAL", "return redis.sha1hex('')", 0),
    ("EVAL", "redis.call('select','1') redis.call('set','indb1','x') redis.call('select',0) redis.call('set','indb0','x') return 1", 0),
    ("EVAL", "redis.replicate_commands() redis.set_repl(redis.REPL_ALL) redis.log(redis.LOG_WARNING,'x') redis.breakpoint() return redis.REDIS_VERSION", 0),
    ("EVAL", "redis.call('set','n\\0ul','a\\0b') return redis.call('get','n\\0ul')", 0),
    ("EVAL", b"redis.call('set','raw\x00\xff',ARGV[1]) return ARGV[1]", 0, b"\x00\r\n\xfe"),
    ("EVAL", "return cjson.encode({1,2})..cmsgpack.unpack(cmsgpack.pack('x'))..bit.tohex(5)..struct.pack('b',65)", 0),
    ("EVAL", "for i=1,300 do redis.call('hset','big','f'..i,i) end redis.call('hdel','big','f1','f2') return redis.call('hlen','big')", 0),
    ("EVAL", "local t={} for i=1,5000 do t[i]={i,{'x'}} end return t", 0),
    ("EVAL", "for i,x in ipairs({0.1,1e17,-1e18,2^63,-0.0,0/0,123456789012345678}) do redis.call('set','num:'..i,x) redis.call('hset','nums',x,x) "
             "redis.call('rpush','numlist',x) end redis.call('set',1e17,1e17,'PX',1e8) redis.call('persist',1e17) return redis.call('get','num:2')", 0),
    ("EVAL", "redis.call('set','id','9007199254740992') redis.call('incr','id') redis.call('hset','ids','f','-9007199254740992') redis.call('HINCRBY','ids','f',-1) "
             "redis.call('set','most','1') return redis.call('incrby','most','9223372036854775806')", 0),
    ("EVAL", "redis.call('set',1,2.5) redis.call('set','inf',1/0) return redis.call('get','1')", 0),
    ("EVAL", "local f=redis['c'..'all'] local s='s'..'et' f(s,'alias','1') f(s:upper(),'alias2','1') return redis['pc'..'all']('INCR','k')", 0),
    ("EVAL", "local c=coroutine.wrap(function() redis.call('set','co','1') coroutine.yield(1) redis.call('set','co','2') end) c() c() return 1", 0),
    ("EVAL", "return " + "'" + "x" * 1000000 + "'", 0),
    ("EVAL", "redis.call('copy','k','k2','DB',1) redis.call('copy','k','k3','db','0','replace') redis.call('set','away','1','PX',1e9) "
             "redis.call('move','away',2) return redis.call('COPY','nums','nums','DB','3')", 0),
    ("EVAL", "return redis.call('copy','k','k2','DB',99)", 0),
    ("EVAL", "return redis.call('copy','k','k2','DB','x')", 0),
    ("EVAL", "return redis.call('move','k',0)", 0),
    ("EVAL", "local d=redis.call('dump','nums') redis.call('restore','nums2',1e9,d) redis.call('restore','nums2',0,d,'REPLACE') return redis.call('restore','nums2',0,d)", 0),
    ("EVAL", "return redis.call('restore','bad',0,'\\0nonsense')", 0),
    ("EVAL", "redis.call('xadd','st','5-1','f','v') redis.call('xsetid','st','7-1') return redis.call('restore','st2',1e9,redis.call('dump','st'))", 0),
    ("EVAL", "return redis.call('restore','bad',0,'\\21nonsense')", 0),
    ("EVAL", "return redis.call('restore','bad',0,'')", 0),
    TRANSACTION,
    ("SCRIPT", "FLUSH", "NOW"),
    ("SCRIPT", "FLUSH"),
    ("EVALSHA", ONE, 0),
    ("SCRIPT", "EXISTS", ONE),
]
SLEEP_BYTES = 65536
LIST_KEYS = ("l1", "l2", "l3", "s1")


def raw(client, requests):
    """The bytes of all the answers."""
    commands = [command for request in requests for command in (request if isinstance(request, list) else [request])]
    client.send(b"".join(encode(*command) for command in commands) + encode("ECHO", "the-end!"))
    answer = b""
    while not answer.endswith(END):
        answer += client._input.read1(SLEEP_BYTES)
    return answer[: -len(END)]


def answers_are_those_of_redis(facts, world, bare):
    for protocol in (2, 3):
        ours, theirs = world["a"].client(60), bare.client(60)
        for client in (ours, theirs):
            client("HELLO", protocol)
            client("FLUSHALL")
        different = [(command, found, wanted) for command in COMMANDS
                     if (found := raw(ours, [command])) != (wanted := raw(theirs, [command]))]
        facts.check(not different, f"{len(COMMANDS)} requests about scripts are answered as Redis does, byte for byte (RESP{protocol})",
                    "\n".join(f"{str(c)[:200]}: {str(f)[:300]} instead of {str(w)[:300]}" for c, f, w in different))
        data = world.check_same_everywhere(facts, f"what scripts wrote is the same everywhere (RESP{protocol})")
        expected = {key: value[:2] for key, value in digest.data(bare.client(60)).items()}
        found = {key: value[:2] for key, value in data.items()}
        facts.equal(sorted(set(map(str, found.items())) ^ set(map(str, expected.items()))), [],
                    f"and it is what Redis alone would hold (RESP{protocol})")
        found, wanted = raw(ours, COMMANDS), raw(theirs, COMMANDS)
        at = next((i for i, (one, other) in enumerate(zip(found, wanted)) if one != other), min(len(found), len(wanted)))
        facts.check(found == wanted, f"pipelined as well (RESP{protocol})", f"{found[at - 100:at + 200]} instead of {wanted[at - 100:at + 200]}")


RUN_ALL = "local t={} for i,c in ipairs(cjson.decode(ARGV[1])) do t[i]=redis.pcall(unpack(c)) end return t"


def random_call(dice):
    """One that writes, most often a list."""
    key, other, value, index = (dice.choice(choices) for choices in (LIST_KEYS, LIST_KEYS, "abc", (-3, -2, -1, 0, 1, 2, 5)))
    ends = dice.choice((("LEFT", "RIGHT"), ("RIGHT", "LEFT"), ("left", "left"), ("RIGHT", "right")))
    count = dice.choice((1, 2, 3, "1"))
    return dice.choice([
        ["RPUSH", key, value, value, "x"], ["lpush", key, value, "y"], ["rpush", key, value], ["LPUSHX", key, value], ["LINSERT", key, "before", value, "i"],
        ["linsert", key, "AFTER", value, "j"], ["linsert", key, "nowhere", value, "j"], ["LSET", key, index, "s"], ["LREM", key, index, value],
        ["LTRIM", key, index, dice.choice((-1, 2, 4))], ["ltrim", key, dice.choice((0, 1)), -2], ["LPOP", key], ["RPOP", key, count],
        ["LMOVE", key, other, *ends], ["RPOPLPUSH", key, other], ["LMPOP", 2, key, other, ends[0], "COUNT", count], ["lmpop", "1", key, ends[0]],
        ["BLPOP", key, other, 1], ["BRPOP", key, 0], ["BLMOVE", key, other, *ends, 1], ["BRPOPLPUSH", key, other, 1], ["BLMPOP", 1, 2, key, other, ends[1]],
        ["SORT", key, "ALPHA", "STORE", other], ["SORT", key, "by", "nosort", "limit", 0, 2, "store", other], ["sort", key, "alpha"], ["LLEN", key],
        ["ZADD", "z", index, value], ["BZPOPMIN", "z", key, 1], ["BZPOPMAX", "z", 1], ["ZMPOP", 1, "z", "MIN"], ["BZMPOP", 1, 1, "z", "MAX", "COUNT", count],
        ["EXPIRE", key, 10000], ["DEL", key], ["RENAME", key, other], ["SET", key, value], ["SELECT", dice.choice("001")], ["MOVE", key, dice.choice("01")],
        ["COPY", key, other, "DB", dice.choice("01"), "REPLACE"], ["COPY", key, other], ["LRANGE", key, 0, -1], ["LREM", key], ["LMPOP", 1, key],
        ["XADD", "x", f"{dice.randrange(60)}-{dice.randrange(3)}", "f", value], ["XADD", "x", "MAXLEN", dice.randrange(4), str(dice.randrange(60, 90)), "f", value, "g", index],
        ["xadd", "x", "minid", "=", "40", f"{dice.randrange(30, 90)}-1", "f", value], ["XADD", "x", "nomkstream", f"{dice.randrange(90)}-9", "f", value],
        ["XDEL", "x", *{f"{dice.randrange(90)}-{dice.randrange(2)}" for _ in range(9)}], ["XTRIM", "x", "MAXLEN", dice.randrange(3)], ["XADD", "x", "*", "f"], ["DEL", "x"],
        ["XTRIM", "x", "MINID", "50"], ["XADD", key, "1-1", "f", value], ["RENAME", "x", other], ["XSETID", "x", f"{dice.randrange(95, 99)}-{dice.randrange(9)}"], ["xsetid", key, "9-9"],
        ["PFADD", "hll", value, index], ["PFDEBUG", "TODENSE", "hll"], ["pfdebug", "getreg", "hll"], ["DEL", "hll"],
    ])


def whatever_lists_are_written_by_scripts(facts, world, bare, seed):
    dice = random.Random(seed)
    with world["a"].client(60) as ours, bare.client(60) as theirs:
        for client in (ours, theirs):
            client("EVAL", "redis.call('set','w','1') redis.call('select',3) redis.call('set','w','1') redis.call('flushall') return redis.call('set','after','1')", 0)
        runs = [("EVAL", RUN_ALL, 0, json.dumps([random_call(dice) for _ in range(dice.randrange(1, 12))])) for _ in range(600)]
        found, wanted = raw(ours, runs), raw(theirs, runs)
        at = next((i for i, (one, other) in enumerate(zip(found, wanted)) if one != other), min(len(found), len(wanted)))
        facts.check(found == wanted, f"{len(runs)} scripts that write lists are answered as Redis does (seed {seed})", f"{found[at - 200:at + 100]} instead of {wanted[at - 200:at + 100]}")
        data = world.check_same_everywhere(facts, f"what they wrote is the same everywhere (seed {seed})")
        different = {key for key, value in digest.data(theirs).items() if data.get(key, (None,))[:2] != value[:2]}
        facts.equal(different, set(), f"and it is what Redis alone would hold (seed {seed})")
        facts.check(len(data) > 4, "of several keys", str(len(data)))


ADD = "return redis.call('xadd', KEYS[1], 'MAXLEN', '~', '100000', '*', 'dc', ARGV[1], 'n', ARGV[2])"


def entries_get_ids_of_their_own(facts, world):
    """Two datacenters add to one stream, by scripts, by plain XADD and by a function, while neither hears of the other."""
    library = "#!lua name=adds\nredis.register_function('add', function(keys, args) return redis.call('XADD', keys[1], '*', 'dc', args[1], 'n', args[2]) end)"
    world["a"].client()("FUNCTION", "LOAD", library)
    world["a"].client()("XADD", "tasks", "7-*", "of", "old")
    world.wait_zero_lag()
    added = []
    world.cut("a")
    for dc in world:
        batch = []
        for number in range(60):
            words = {0: ("EVAL", ADD, 1, "tasks", dc.name, number), 1: ("XADD", "tasks", "*", "dc", dc.name, "n", number), 2: ("FCALL", "add", 1, "tasks", dc.name, number)}[number % 3]
            batch.append(words)
        batch.append(("EVAL", "return redis.call('xadd', KEYS[1], ARGV[1] .. '-*', 'f', 'v')", 1, "future", 1 << 45))
        ids = dc.client(60).pipeline(batch)
        scripted = [i for number, i in enumerate(ids[:-1]) if number % 3 != 1]
        facts.equal(scripted, sorted(scripted, key=lambda i: tuple(map(int, i.split(b"-")))), f"{dc.name}: ids that scripts give rise")
        added += ids[:-1]
        facts.check(ids[-1].startswith(b"35184372088832-"), "an id of which the client says the time is of that time", str(ids[-1]))
    world.heal("a")
    world.check_same_everywhere(facts, "entries that scripts add in two datacenters are in both")
    with world["a"].client(60) as client:
        batch = [("EVAL", ADD, 1, "mixed", "a", number) if number % 3 == 0 else ("XADD", "mixed", "*", "n", number) for number in range(90)]
        for _ in range(3):
            client.pipeline(batch)
        numbers = [fields[-1] for _, fields in client("XRANGE", "mixed", "-", "+")]
        facts.equal(numbers, [str(number).encode() for number in range(90)] * 3, "a plain XADD * that is pipelined behind a script's comes behind it")
    with world["b"].client() as client:
        facts.equal([len(set(added)), client("XLEN", "tasks"), client("XLEN", "future")], [120, 121, 2], "no id was given twice")
        facts.equal(client("EVAL", "local id=redis.call('xadd',KEYS[1],'*','f','v') redis.call('xdel',KEYS[1],id) redis.call('xadd',KEYS[1],'*','f','w') "
                           "return redis.call('xtrim',KEYS[1],'MAXLEN',0)", 1, "short"), 1, "what a script added it may remove")
    world.check_same_everywhere(facts, "and then nobody has it")
    world["a"].client()("FUNCTION", "FLUSH")
    world.wait_zero_lag()


def loaded_anywhere_known_everywhere(facts, world):
    a, b = world["a"].client(), world["b"].client()
    sha = a("SCRIPT", "LOAD", "return redis.call('incrby', KEYS[1], ARGV[1])")
    world.wait_zero_lag()
    facts.equal(b("SCRIPT", "EXISTS", sha), [1], "a script that was loaded in one datacenter is there in the other")
    facts.equal(b("EVALSHA", sha, 1, "counter", 5), 5, "which runs it")
    facts.equal(b("EVALSHA_RO", ONE, 0) if b("SCRIPT", "EXISTS", ONE) == [1] else 1, 1, "also where it may only read")
    for dc in world:
        dc.sidecar.kill()
        dc.redis.stop()
        dc.redis.start()
        dc.sidecar.start()
    world.wait_zero_lag()
    a, b = world["a"].client(), world["b"].client()
    facts.equal([a("EVALSHA", sha, 1, "counter", 1), a("SCRIPT", "EXISTS", sha)], [6, [1]], "after a restart of everything it is still there")
    a("SCRIPT", "FLUSH")
    world.wait_zero_lag()
    facts.equal([a("SCRIPT", "EXISTS", sha), b("SCRIPT", "EXISTS", sha)], [[0], [0]], "SCRIPT FLUSH counts everywhere")
    try:
        b("EVALSHA", sha, 1, "counter", 1)
        facts.check(False, "and then it is gone")
    except ReplyError as error:
        facts.equal(str(error), "NOSCRIPT No matching script. Please use EVAL.", "and then it is gone")


def refused_before_anything_is_written(facts, world):
    client = world["a"].client()
    with world["a"].redis.client() as past:
        past("XGROUP", "CREATE", "grouped", "g", "0", "MKSTREAM")
        dump = past("DUMP", "grouped")
        past("DEL", "grouped")
    facts.check("stream with consumer groups" in str(client("EVAL", "return redis.pcall('restore','after',0,ARGV[1]).err", 0, dump)), "a stream with groups is not restored")
    for call in ("redis.call('xgroup','create','stream','g','$','mkstream')", "redis.call('XGROUP','CREATE','stream','g','0','MKSTREAM')", "redis.call('migrate','h',1,'before',0,1)"):
        try:
            client("EVAL", f"redis.call('set','before','1') {call} redis.call('set','after','1')", 0)
            facts.check(False, f"{call} is refused")
        except ReplyError as error:
            facts.check("HOMEPORT unsupported" in str(error), f"{call} is refused with a reason", str(error))
    facts.equal(client("EXISTS", "list", "stream", "after"), 0, "and has written nothing")
    facts.equal(client("GET", "before"), b"1", "what the script wrote before stays, as in Redis")
    for script in ("return redis.call('select', 15)", "return redis.call('select', '15')", "return redis.call('move', 'before', 15)",
                   "return redis.call('copy', 'before', 'x', 'DB', '15')", "redis.call('select', 2) redis.call('set', 'x', 1) return redis.call('move', 'x', '15')"):
        try:
            client("EVAL", script, 0)
            facts.check(False, "the reserved database is out of reach")
        except ReplyError as error:
            facts.check("out of range" in str(error), "the reserved database is out of reach", str(error))
    world.check_same_everywhere(facts, "after refusals all hold the same")


def many_writes_into_one_string(facts, world):
    """A Bloom filter, as scripts have it."""
    dc, bits = world["a"], "redis.call('setbit', KEYS[1], 8 * ARGV[1], 0) for i = 1, 2000 do redis.call('setbit', KEYS[1], i * 7, 1) end "
    with dc.client(60) as client, dc.redis.client() as redis:
        redis("CONFIG", "RESETSTAT")
        facts.equal(client("EVAL", bits + "return redis.call('incr', KEYS[2])", 2, "bloom", "blooms", 1 << 20), 1, "a script may set 2000 bits of 1 MiB")
        client("EVAL", "redis.call('append', KEYS[1], 'x') redis.call('rename', KEYS[1], KEYS[2]) redis.call('setrange', KEYS[1], 1, 'y') "
                       "redis.call('select', 1) redis.call('append', KEYS[1], 'z') return redis.call('get', KEYS[1])", 2, "bloom", "bloomed")
        peak = re.search(r"used_memory_peak:(\d+)", redis("INFO", "memory").decode())
        facts.check(int(peak[1]) < 200 << 20, "and what it wrote is logged once, not 2000 times", peak[1])
    world.check_same_everywhere(facts, "what it came to is the same everywhere")


LIBRARY = """#!lua name=mylib
local function incr(keys, args)
  redis.call('incr', keys[1])
  return redis.call('incrby', keys[1], args[1])
end
redis.register_function('incr2', incr)
redis.register_function{function_name='ro', callback=function(keys, args) return redis.call('get', keys[1]) end, flags={'no-writes'}}
redis.register_function('bad', function(keys, args)
  redis.call('set', 'b', 'x')

  redis.call('incr', 'b')
end)
redis.register_function('boom', function() error('boom') end)
redis.register_function('args', function(keys, args) return {#keys, #args, keys, args} end)
redis.register_function('three', function() redis.setresp(3) redis.call('hset', 'h', 'a', 1) return redis.call('hgetall', 'h') end)
redis.register_function('undeclared', function(keys, args) redis.call('SADD', 'u', args[1], 'x') return redis.call('spop', 'u') end)
"""
ONE_FUNCTION = "#!lua name=small\nredis.register_function('small', function() return 1 end)"
FUNCTIONS = [
    ("FUNCTION", "FLUSH"),
    ("FUNCTION", "LOAD", LIBRARY),
    ("FUNCTION", "LOAD", LIBRARY),
    ("FUNCTION", "LOAD", "REPLACE", LIBRARY),
    ("FCALL", "incr2", 1, "k", 5),
    ("FCALL_RO", "ro", 1, "k"),
    ("FCALL_RO", "incr2", 1, "k", 1),
    ("FCALL", "ro", 1, "k"),
    ("FCALL", "bad", 0),
    ("FCALL", "boom", 0),
    ("FCALL", "args", 2, "x", "y", "z"),
    ("FCALL", "three", 0),
    ("FCALL", "nosuch", 0),
    ("FCALL", "incr2", "x"),
    ("FCALL", "incr2", 5, "k"),
    ("FCALL", "incr2", -1, "k"),
    [("MULTI",), ("FCALL", "incr2", 1, "k", 5), ("FUNCTION", "STATS"), ("FCALL_RO", "ro", 1, "k"), ("EXEC",)],
    ("FUNCTION", "STATS"),
    ("FUNCTION", "LOAD", "nope"),
    ("FUNCTION", "LOAD", "#!lua name=x"),
    ("FUNCTION", "LOAD", "#!lua name=x\nret urn"),
    ("FUNCTION", "LOAD", "#!lua name=x\nreturn 1"),
    ("FUNCTION", "LOAD", "#!lua name=x\nredis.call('set','x',1)"),
    ("FUNCTION", "LOAD", "#!lua name=x\nif true then"),
    ("FUNCTION", "LOAD", "FOO", LIBRARY),
    ("FUNCTION", "DELETE", "nolib"),
    ("FUNCTION", "LOAD", ONE_FUNCTION),
    ("FUNCTION", "LIST", "LIBRARYNAME", "small", "WITHCODE"),
    ("FUNCTION", "LIST", "FOO"),
    ("FUNCTION", "DELETE", "small"),
    ("FUNCTION", "LIST", "LIBRARYNAME", "small"),
    ("FCALL", "small", 0),
]


def functions(facts, world, bare):
    for protocol in (2, 3):
        ours, theirs = world["a"].client(60), bare.client(60)
        for client in (ours, theirs):
            client("HELLO", protocol)
            client("DEL", "k", "b", "h", "u")
        different = [(request, found, wanted) for request in FUNCTIONS
                     if (found := raw(ours, [request])) != (wanted := raw(theirs, [request]))]
        facts.check(not different, f"{len(FUNCTIONS)} requests about functions are answered as Redis does, byte for byte (RESP{protocol})",
                    "\n".join(f"{str(c)[:200]}: {str(f)[:300]} instead of {str(w)[:300]}" for c, f, w in different))
        world.check_same_everywhere(facts, f"what functions wrote is the same everywhere (RESP{protocol})")
    client, other = world["a"].client(), world["b"].client()
    facts.equal(other("FCALL", "incr2", 1, "k", 1), 14, "a library that was loaded in one datacenter is there in the other")
    facts.check(other("FCALL", "undeclared", 0, "m") in (b"m", b"x"), "a function writes what it likes")
    facts.equal(other("FUNCTION", "LIST", "WITHCODE")[0][-1], LIBRARY.encode(), "and has its own text")
    world.check_same_everywhere(facts, "what it wrote is everywhere")
    for dc in world:
        dc.sidecar.kill()
        dc.redis.client()("FUNCTION", "FLUSH")
        dc.sidecar.start()
    world.wait_zero_lag()
    client, other = world["a"].client(), world["b"].client()
    facts.equal([client("FCALL", "incr2", 1, "k", 1), len(other("FUNCTION", "LIST"))], [16, 1], "a Redis that lost its libraries gets them again")
    other("FUNCTION", "DELETE", "mylib")
    world.wait_zero_lag()
    facts.equal(answer_of(lambda: client("FCALL", "incr2", 1, "k", 1)), "ERR Function not found", "a library that is deleted is gone everywhere")
    client("FUNCTION", "LOAD", ONE_FUNCTION)
    world.wait_zero_lag()
    facts.equal(other("FCALL", "small", 0), 1, "another one comes")
    other("FUNCTION", "FLUSH")
    world.wait_zero_lag()
    facts.equal([client("FUNCTION", "LIST"), other("FUNCTION", "LIST")], [[], []], "FUNCTION FLUSH counts everywhere")


def dumps_of_functions(facts, world, bare):
    """A dump holds the libraries' own texts, so it goes to any Redis; and a Redis's comes here."""
    ours, theirs, other = world["a"].client(60), bare.client(60), world["b"].client(60)
    for client in (ours, theirs):
        client("FUNCTION", "FLUSH")
    facts.equal([len(ours("FUNCTION", "DUMP")), ours("FUNCTION", "RESTORE", ours("FUNCTION", "DUMP"))], [10, "OK"], "there may be none in it")
    for client in (ours, theirs):
        client("FUNCTION", "LOAD", LIBRARY)
        client("FUNCTION", "LOAD", ONE_FUNCTION)
    listing = theirs("FUNCTION", "LIST", "WITHCODE")
    dump = theirs("FUNCTION", "DUMP")
    theirs("FUNCTION", "FLUSH")
    facts.equal(theirs("FUNCTION", "RESTORE", ours("FUNCTION", "DUMP")), "OK", "a bare Redis takes a dump of ours")
    facts.equal(sorted(map(str, theirs("FUNCTION", "LIST", "WITHCODE"))), sorted(map(str, listing)), "with the libraries as their authors wrote them")
    small = ONE_FUNCTION.replace("return 1", "return 2")
    for step in (("FUNCTION", "RESTORE", dump), ("FUNCTION", "RESTORE", dump, "APPEND"), ("FUNCTION", "RESTORE", dump, "NONSENSE"), ("FUNCTION", "RESTORE", dump[:-1] + b"x"),
                 ("FUNCTION", "RESTORE", b""), ("FUNCTION", "RESTORE", dump, "REPLACE", "x"), ("FUNCTION", "LOAD", "REPLACE", small), ("FCALL", "small", 0),
                 ("FUNCTION", "RESTORE", dump, "replace"), ("FCALL", "small", 0), ("FUNCTION", "DELETE", "small"), ("FUNCTION", "RESTORE", dump), ("FUNCTION", "DELETE", "mylib"),
                 ("FUNCTION", "LOAD", small.replace("small", "third")), ("FUNCTION", "RESTORE", dump, "FLUSH"), ("FCALL", "third", 0), ("FCALL", "incr2", 1, "dumped", 1)):
        # Of two libraries that are there already, Redis names whichever its table has first.
        found, wanted = (re.sub(rb"Library \w+ already", b"Library ? already", raw(client, [step])) for client in (ours, theirs))
        facts.equal(found, wanted, f"{str(step[:2])} {step[3:]}: as Redis answers")
    world.wait_zero_lag()
    facts.equal([other("FCALL", "small", 0), other("FCALL", "incr2", 1, "dumped", 1), len(other("FUNCTION", "LIST"))], [1, 4, 2], "what was restored is everywhere, and nothing else")
    world.check_same_everywhere(facts)
    ours("FUNCTION", "FLUSH")
    world.wait_zero_lag()


def one_function_of_two_libraries(facts, world):
    """Both are known everywhere, and the one whose name comes first has the function, everywhere: the other one is told of until somebody ends it."""
    def library(name, number):
        return f"#!lua name={name}\nredis.register_function('same', function() return redis.call('incrby', 'sum', {number}) end)\n" \
               f"redis.register_function('only_{name}', function() return {number} end)"

    def refused():
        return [dc.sidecar.metrics().total("homeport_libraries_refused") for dc in world]

    a, b = world["a"].client(60), world["b"].client(60)
    world.cut("a")
    facts.equal([a("FUNCTION", "LOAD", library("beta", 10)), b("FUNCTION", "LOAD", library("alpha", 1)), a("FUNCTION", "LOAD", library("gamma", 5).replace("'same'", "'other'"))],
                [b"beta", b"alpha", b"gamma"], "two libraries that register one function, while neither datacenter hears of the other")
    facts.equal([a("FCALL", "same", 0), b("FCALL", "same", 0)], [10, 1], "each has its own")
    world.heal("a")
    wait_until(lambda: refused() == [1, 1], 60, "each datacenter refuses one of them")
    facts.equal([[client("FCALL", "only_alpha", 0), client("FCALL", "only_gamma", 0), answer_of(lambda: client("FCALL", "only_beta", 0))] for client in (a, b)],
                [[1, 5, "ERR Function not found"]] * 2, "the one whose name comes first has it, in both datacenters, and no other library is touched")
    world.wait_zero_lag()
    facts.equal([a("FCALL", "same", 0), a("FCALL", "same", 0)], [12, 13], "what it writes is replicated")
    world.check_same_everywhere(facts)
    facts.check(all("warning functions" in dc.sidecar.http("/readyz?verbose")[1] and "the first is beta" in dc.sidecar.http("/readyz?verbose")[1] for dc in world), "the finding names the other one", world["a"].sidecar.http("/readyz?verbose")[1])
    facts.equal(a("FUNCTION", "DELETE", "alpha"), "OK", "the first is deleted")
    wait_until(lambda: refused() == [0, 0], 60, "then the other one is loaded")
    facts.equal([client("FCALL", "only_beta", 0) for client in (a, b)], [10, 10], "everywhere")
    world.cut("a")
    a("FUNCTION", "LOAD", library("omega", 7).replace("'same'", "'more'"))
    b("FUNCTION", "LOAD", library("psi", 8).replace("'same'", "'more'"))
    world.heal("a")
    wait_until(lambda: refused() == [1, 1], 60, "two others do the same")
    facts.equal([a("FUNCTION", "DELETE", "psi"), answer_of(lambda: a("FUNCTION", "DELETE", "psi"))], ["OK", "ERR Library not found"], "the one that was refused can be deleted, too")
    wait_until(lambda: refused() == [0, 0], 60, "that ends it as well")
    facts.equal([client("FCALL", "only_omega", 0) for client in (a, b)], [7, 7], "and the first has been there all the time")
    a("FUNCTION", "FLUSH")
    world.wait_zero_lag()


def users_with_few_rights_run_none(facts, world):
    with world["a"].client() as boss:
        boss("ACL", "SETUSER", "limited", "on", ">secret", "+@all", "~mine:*")
    with world["a"].client() as client:
        client("AUTH", "limited", "secret")
        for words in (("EVAL", "return redis.call('set','other','1')", 0), ("EVAL_RO", "return redis.call('get','other')", 0)):
            replies = client.pipeline([words, ("MULTI",), words, ("DISCARD",)])
            refusal = "NOPERM only users who may do everything may run scripts through Homeport"
            facts.equal([str(replies[0]), str(replies[2])], [refusal] * 2, f"a user with few rights runs no {words[0]}")
        facts.equal(client("SET", "mine:x", "1"), "OK", "but commands")


def answer_of(call):
    try:
        return call()
    except ReplyError as error:
        return str(error)


def busy_and_killed(facts, world):
    dc = world["a"]
    dc.redis.client()("CONFIG", "SET", "busy-reply-threshold", "100")
    losses = dc.sidecar.metrics().total("homeport_store_losses_total")
    answers = []
    runner = threading.Thread(target=lambda: answers.append(answer_of(lambda: dc.client(100)("EVAL", "redis.call('exists','x') while true do end", 0))))
    runner.start()
    with dc.client(100) as client:          # none of these waits for the end of the script
        wait_until(lambda: str(client.pipeline([("EXISTS", "x")])[0]).startswith("BUSY"), 60, "a client is told that Redis is busy")
    with dc.client(100) as client:
        facts.equal(answer_of(lambda: client("SET", "busy", "1")),
                    "BUSY Redis is busy running a script. You can only call SCRIPT KILL or SHUTDOWN NOSAVE.", "while a script runs for long, others are told so")
        facts.equal([str(reply) for reply in client.pipeline([("MULTI",), ("SET", "busy", "1"), ("EXEC",)])],
                    ["OK", "BUSY Redis is busy running a script. You can only call SCRIPT KILL or SHUTDOWN NOSAVE.",
                     "EXECABORT Transaction discarded because of: BUSY Redis is busy running a script. You can only call SCRIPT KILL or SHUTDOWN NOSAVE."],
                    "in a transaction, too")
        facts.equal(answer_of(lambda: client("SCRIPT", "KILL")), "OK", "and may kill it")
        runner.join()
        facts.check("Script killed by user with SCRIPT KILL" in answers[0], "who ran it is told", answers[0])
        wait_until(lambda: answer_of(lambda: client("SET", "busy", "2")) == "OK", 60, "then all goes on")
        facts.equal(answer_of(lambda: client("SCRIPT", "KILL")), "NOTBUSY No scripts in execution right now.", "and there is nothing to kill")
    facts.equal(dc.sidecar.metrics().total("homeport_store_losses_total"), losses, "Redis was not taken for lost")
    dc.redis.client()("CONFIG", "SET", "busy-reply-threshold", "5000")
    world.check_same_everywhere(facts)


SCRIPTS = [
    "redis.call('incr','c:'..ARGV[1]) redis.call('hincrby','h:'..ARGV[1],'f',2) return redis.call('sadd','s:'..ARGV[1],ARGV[2])",
    "local m=redis.call('spop','s:'..ARGV[1]) if m then redis.call('zadd','z:'..ARGV[1],ARGV[2],m) end return m",
    "redis.call('incr','c:'..ARGV[1]) if tonumber(ARGV[2])%3==0 then redis.call('nosuch') end return 1",
    "redis.call('set','v:'..ARGV[1],ARGV[2],'EX',10000) redis.call('append','v:'..ARGV[1],'x') return redis.call('expire','h:'..ARGV[1],5000)",
    "redis.call('del','v:'..ARGV[1]) redis.call('incrby','v:'..ARGV[1],ARGV[2]) return redis.call('zremrangebyscore','z:'..ARGV[1],0,50)",
    "redis.call('rename','v:'..ARGV[1],'w:'..ARGV[1]) return redis.call('hset','h:'..ARGV[1],ARGV[2],1)",
    "redis.call('rpush','q:'..ARGV[1],ARGV[2],'x') redis.call('lrem','q:'..ARGV[1],2,'x') return redis.call('rpoplpush','q:'..ARGV[1],'done:'..ARGV[1])",
    "redis.call('linsert','done:'..ARGV[1],'before',ARGV[2]-1,ARGV[2]) redis.call('ltrim','done:'..ARGV[1],0,20) return redis.call('blpop','q:'..ARGV[1],1)",
]


def killed_in_between(facts, world, seed):
    """Every script adds 1 to a counter of its own database key; what was acknowledged is counted once, and what was not at most once."""
    dice = random.Random(seed)
    acknowledged = {dc.name: 0 for dc in world}
    sent = {dc.name: 0 for dc in world}
    is_over = threading.Event()

    def work(dc):
        number = 0
        while not is_over.is_set():
            try:
                client = dc.client()
                while not is_over.is_set():
                    batch = [("EVAL", "return redis.call('incr', 'total:' .. ARGV[1])", 0, dc.name)]
                    batch += [("EVAL", dice.choice(SCRIPTS), 0, dice.randrange(4), number + i) for i in range(8)]
                    number += 8
                    sent[dc.name] += 1
                    acknowledged[dc.name] += not isinstance(client.pipeline(batch)[0], ReplyError)
            except (OSError, EOFError):
                time.sleep(0.05)

    workers = [threading.Thread(target=work, args=(dc,)) for dc in world]
    for worker in workers:
        worker.start()
    for round_number in range(4):
        time.sleep(0.7)
        dc = world[dice.choice("ab")]
        dc.sidecar.kill()
        dc.sidecar.start()
    time.sleep(0.3)
    is_over.set()
    for worker in workers:
        worker.join()
    data = world.check_same_everywhere(facts, "scripts run while sidecars are killed: the same data everywhere")
    for name in acknowledged:
        total = int(data[(0, f"total:{name}".encode())][1])
        facts.check(acknowledged[name] <= total <= sent[name], f"{name}: what was acknowledged counts, once",
                    f"{acknowledged[name]} acknowledged, {total} counted, {sent[name]} sent")


HOMES = 'homes:\n  - { match: "user:{id}:*", default: { list: [ { match: "*", dc: b } ] }, away: forward }\n'
TAKE = "if redis.call('set', KEYS[1], ARGV[1], 'NX', 'PX', 60000) then return 1 end return 0"
GIVE = "if redis.call('get', KEYS[1]) == ARGV[1] then return redis.call('del', KEYS[1]) end return 0"


def homed_keys_are_exact(facts):
    """A lock and a counter under it, contended for in two datacenters; the home is one of them."""
    with World(("a", "b"), settings=HOMES).start() as world:
        counts = []
        with world["a"].client() as client:
            take, give = client("SCRIPT", "LOAD", TAKE), client("SCRIPT", "LOAD", GIVE)
        world.wait_zero_lag()

        def work(dc, name):
            client = dc.client(60)
            for _ in range(15):
                while client("EVALSHA", take, 1, "user:1:lock", name) != 1:
                    time.sleep(0.002)
                value = int(client("EVAL", "return redis.call('get', KEYS[1]) or '0'", 1, "user:1:count"))
                client("EVAL", "return redis.call('set', KEYS[1], ARGV[1])", 1, "user:1:count", value + 1)
                counts.append(value)
                client("EVALSHA", give, 1, "user:1:lock", name)

        workers = [threading.Thread(target=work, args=(dc, f"{dc.name}{i}")) for dc in world for i in range(2)]
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join()
        facts.equal(sorted(counts), list(range(60)), "on homed keys a lock is exact with two datacenters contending, as scripts are forwarded whole")
        world.check_same_everywhere(facts)
        facts.equal(world.conflicts(), {"a": 0, "b": 0}, "without a conflict")


def scripts_are_forgotten_at_the_limit(facts):
    with World(("a", "b"), settings="limits: { scripts: 64KiB }\n").start() as world:
        client = world["a"].client()
        for number in range(200):
            client("EVAL", f"return {number} --{'x' * 1000}", 0)
        world.wait_zero_lag()
        for dc in world:
            metrics = dc.sidecar.metrics()
            facts.check(0 < metrics.total("homeport_scripts_bytes") <= 65536, f"{dc.name}: no more than limits.scripts is remembered",
                        str(metrics.total("homeport_scripts_bytes")))
        facts.check(world["a"].sidecar.metrics().total("homeport_scripts_dropped_total") > 100, "the others are counted as dropped")
        facts.equal(answer_of(lambda: client("FUNCTION", "LOAD", "#!lua name=huge\n--" + "x" * 70000)),
                    "OOM Homeport: no room for another library of functions (limits.scripts): FUNCTION DELETE what is not needed",
                    "a library for which there is no room is refused")
        facts.equal(client("EVAL", f"return 1 --{'x' * 1000}", 0), 1, "a script that was forgotten runs when it is sent again")
        with world["a"].redis.client() as redis:
            redis("SELECT", 15)
            facts.check(redis("HLEN", "homeport:homes") < 70, "and Redis keeps no more of them either")


def scripts(facts):
    workspace = Workspace()
    bare = RedisServer(workspace, "bare", False)
    bare.start()
    with World(("a", "b")).start() as world:
        answers_are_those_of_redis(facts, world, bare)
        for seed in (1, 2):
            whatever_lists_are_written_by_scripts(facts, world, bare, seed)
        entries_get_ids_of_their_own(facts, world)
        loaded_anywhere_known_everywhere(facts, world)
        many_writes_into_one_string(facts, world)
        refused_before_anything_is_written(facts, world)
        users_with_few_rights_run_none(facts, world)
        functions(facts, world, bare)
        dumps_of_functions(facts, world, bare)
        one_function_of_two_libraries(facts, world)
        busy_and_killed(facts, world)
        killed_in_between(facts, world, 1)
    with World(("a", "b"), "kafka").start() as world:
        killed_in_between(facts, world, 2)
    homed_keys_are_exact(facts)
    scripts_are_forgotten_at_the_limit(facts)
    workspace.close()


tap.run(scripts)
