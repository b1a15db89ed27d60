#!/usr/bin/env python3
"""The redis-stream log connector on a real Redis: nothing acknowledged is lost, order is kept, no position is given twice."""

import signal
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from lib import tap
from lib.driver import Driver
from lib.link import NarrowLink
from lib.messages import acknowledged, first_seen, messages, wait_for_acknowledgement, wait_for_message
from lib.redis_server import RedisServer
from lib.workspace import Workspace, wait_until

RESERVED_DB = 15
REFUSALS = 10


def open_log(workspace, redis, role, *settings):
    log = Driver(workspace, "log_driver", "redis-stream", "eu", role, f"address={redis.address[0]}:{redis.port}", *settings)
    log.expect("state 1")
    return log


def waits_for_what_moves(facts, workspace, redis):
    """Over a narrow way a large message takes several times the timeout."""
    link = NarrowLink(workspace, redis.address)
    address, timeout = f"address={link.address[0]}:{link.port}", "timeout=1000"
    writer = Driver(workspace, "log_driver", "redis-stream", "eu", "own", address, timeout)
    writer.expect("state 1")
    writer.tell("append", 1, 1, 40_000_000)
    wait_for_acknowledgement(writer, 1)
    facts.check(not any(line.startswith("state 0") for line in writer.said), "an append whose bytes move is waited for", writer.said)
    reader = Driver(workspace, "log_driver", "redis-stream", "eu", "peer", address, timeout)
    reader.tell("follow", -1)
    wait_for_message(reader, 1)
    facts.check(not any(line.startswith("state 0") for line in reader.said), "so is a read", reader.said)
    writer.end()
    reader.end()
    with redis.client() as client:
        client("FLUSHALL")


def survives_kills_of_redis(facts, workspace, redis):
    count = 20_000
    writer, reader = open_log(workspace, redis, "own"), open_log(workspace, redis, "peer")
    reader.tell("follow", -1)
    for last in range(2000, count + 1, 2000):
        writer.tell("append", last - 1999, last, 200)
        if last % 6000 == 0:
            redis.kill()
            redis.start()
    wait_for_acknowledgement(writer, count)
    wait_for_message(reader, count)
    found = messages(reader)
    facts.equal(first_seen(reader), list(range(1, count + 1)), "messages come in order, without gaps, whatever is killed")
    facts.check(any(line.startswith("retry") for line in writer.said), "what was under way was asked for again")
    positions = [position for position, _ in found]
    facts.equal(positions, sorted(set(positions)), "positions grow")
    facts.equal(dict(acknowledged(writer)).get(count), positions[-1], "an append is told its position")
    reader.end()
    facts.equal(writer.end(), 0, "a log closes without a leak")


def never_gives_a_position_twice(facts, workspace, redis):
    writer, reader = open_log(workspace, redis, "own"), open_log(workspace, redis, "peer")
    reader.tell("follow", -1)
    writer.tell("append", 1, 100, 20)
    wait_for_message(reader, 100)
    with redis.client() as client:
        client("FLUSHALL")
    writer.end()
    writer = open_log(workspace, redis, "own")
    writer.tell("append", 1, 50, 20)
    wait_for_message(reader, 50)
    found = messages(reader)
    facts.equal([number for _, number in found], [*range(1, 101), *range(1, 51)], "a reader goes on where Redis forgot the log")
    facts.check(len({position for position, _ in found}) == 150, "and no position names two messages")
    writer.end()
    reader.end()


def sees_what_was_trimmed(facts, workspace, redis):
    writer = open_log(workspace, redis, "own", "retain=1000000")
    writer.tell("append", 1, 300, 700)
    wait_for_acknowledgement(writer, 300)
    positions = dict(acknowledged(writer))
    writer.tell("trim", positions[300])
    reader = open_log(workspace, redis, "peer")
    reader.tell("follow", positions[100])
    facts.equal(reader.expect("message")[1].split(":")[0], "101", "what may be dropped stays as history while there is room")
    for last in range(400, 1201, 100):
        writer.tell("append", last - 99, last, 700)
        wait_for_acknowledgement(writer, last)
        writer.tell("trim", acknowledged(writer)[-50][1])
    positions = dict(acknowledged(writer))
    reader.tell("follow", positions[1150])
    facts.check(reader.expect(f"message {positions[1151]}"), "what may not be dropped is there")
    reader.tell("follow", positions[100])
    facts.check("was trimmed" in " ".join(reader.expect("lost")), "a position before what was trimmed is lost")
    reader.tell("follow", -1)
    reader.expect("beginning")
    facts.check(int(reader.expect("message")[1].split(":")[0]) > 100, "from the beginning: from what is left, which is said")
    reader.end()
    writer.end()


def notices_a_redis_that_hangs(facts, workspace, redis):
    writer, reader = open_log(workspace, redis, "own", "timeout=1000"), open_log(workspace, redis, "peer", "timeout=1000")
    reader.tell("follow", -1)
    writer.tell("append", 1, 10, 100)
    wait_for_message(reader, 10)
    redis.process.send_signal(signal.SIGSTOP)
    begin, last = time.monotonic(), 10
    while not any("has not answered" in line for line in writer.said) and time.monotonic() < begin + 10:
        last += 1
        writer.tell("append", last, last, 100)
        time.sleep(0.1)
    facts.check(0.8 < time.monotonic() - begin < 3, "a Redis that hangs is noticed by who writes to it all the time", time.monotonic() - begin)
    facts.check("has not answered for 1 s: it hangs" in " ".join(reader.expect("state 0", 6)), "and by who reads")
    redis.process.send_signal(signal.SIGCONT)
    wait_for_acknowledgement(writer, last)
    wait_for_message(reader, last)
    facts.equal(first_seen(reader), list(range(1, last + 1)), "and nothing is lost when it goes on")
    writer.end()
    reader.end()


def cuts_off_what_follows_a_refusal(facts, workspace, redis):
    """Redis refuses some of the entries on their way, and takes those behind them. (After the first refusal the writer goes beyond maxmemory.)"""
    writer, reader = open_log(workspace, redis, "own"), open_log(workspace, redis, "peer")
    reader.tell("follow", -1)
    last = 0
    with redis.client() as client:
        for _ in range(REFUSALS):
            client("CONFIG", "SET", "maxmemory", 1)
            writer.tell("append", last + 1, last + 2000, 2000)
            last += 2000
            wait_until(lambda: any("OOM" in line for line in writer.said), 20, "Redis refuses an entry")
            client("CONFIG", "SET", "maxmemory", 0)
        client("SELECT", RESERVED_DB)
        wait_for_acknowledgement(writer, last)
        end = int(client("XREVRANGE", "homeport:log", "+", "-", "COUNT", 1)[0][0].split(b"-")[0])
        client("XADD", "homeport:log", f"{end + 2}-{end + 1}", "b", "behind a refused one")
        client("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes")
    writer.tell("append", last + 1, last + 10, 2000)
    wait_for_acknowledgement(writer, last + 10)
    wait_for_message(reader, last + 10)
    facts.check(not any(line.startswith("lost") for line in reader.said), "no reader takes that for a log that was trimmed", reader.said[-3:])
    facts.equal(first_seen(reader), list(range(1, last + 11)), "messages come in order, without gaps")
    writer.end()
    reader.end()


def stops_at_its_limit(facts, workspace, redis):
    writer = open_log(workspace, redis, "own", "retain=1000000")
    writer.tell("append", 1, 3000, 1000)
    facts.check("size limit" in " ".join(writer.expect("state 0")), "a full stream says so")
    held = max(number for number, _ in acknowledged(writer))
    facts.check(500 < held < 2000, "and takes no more than its limit, or a little", held)
    for _ in range(20):
        done = acknowledged(writer)[-1]
        if done[0] == 3000:
            break
        writer.tell("trim", done[1])
        writer.expect("appended", 5)
    wait_for_acknowledgement(writer, 3000)
    facts.check(True, "trimmed, it takes the rest")
    writer.end()


def passes_its_limit_for_recovery(facts, workspace, redis):
    with redis.client() as client:
        client("FLUSHALL")
    writer = open_log(workspace, redis, "own", "retain=1000000")
    writer.tell("append", 1, 3000, 1000)
    writer.expect("state 0")
    held = acknowledged(writer)[-1][0]
    writer.tell("pass", 3001)
    wait_for_acknowledgement(writer, 3001)
    facts.check(held < 3000, "a full log takes what passes its limit, with all that was given before it", held)
    writer.tell("append", 3002, 3010, 1000)
    writer.end()
    writer = Driver(workspace, "log_driver", "redis-stream", "eu", "own", f"address={redis.address[0]}:{redis.port}", "retain=1000000")
    writer.tell("append", 1, 10, 1000)
    facts.check("size limit" in " ".join(writer.expect("state 0", 10)), "a log that is full when it is opened takes nothing, and says so")
    facts.equal(acknowledged(writer), [], "not even before it knows how full it is")
    writer.tell("pass", 11)
    wait_for_acknowledgement(writer, 11)
    facts.check(True, "but what passes the limit")
    writer.end()
    with redis.client() as client:
        client("SELECT", RESERVED_DB)
        facts.equal(client("XLEN", "homeport:log"), 3012, "with all that was given before it, and nothing else")


def pauses(facts, workspace, redis):
    writer, reader = open_log(workspace, redis, "own"), open_log(workspace, redis, "peer")
    reader.tell("follow", -1)
    writer.tell("append", 1, 10, 10)
    wait_for_message(reader, 10)
    reader.tell("pause", 1)
    writer.tell("append", 11, 2000, 10)
    wait_for_acknowledgement(writer, 2000)
    count = len(messages(reader))
    facts.check(count < 1000, "a paused log is not read on", count)
    reader.tell("pause", 0)
    wait_for_message(reader, 2000)
    facts.equal([number for _, number in messages(reader)], list(range(1, 2001)), "and goes on where it was")
    writer.tell("append", 2001, 3000, 10)
    writer.tell("close", 5000)
    writer.expect("closed")
    facts.equal(acknowledged(writer)[-1][0], 3000, "closing waits for what is under way")
    reader.end()
    writer.end()


def refuses_bad_settings(facts, workspace):
    for settings, text in ((("adress=1:2",), 'did you mean "address"'), ((), "no address"), (("address=nowhere",), "HOST:PORT"),
                           (("address=a:1", "database=x"), "database must be")):
        log = Driver(workspace, "log_driver", "redis-stream", "eu", "own", *settings)
        facts.check(text in " ".join(log.expect("error")), f"settings {settings} are refused with a remedy")


def test(facts):
    with Workspace() as workspace:
        for case in (survives_kills_of_redis, never_gives_a_position_twice, sees_what_was_trimmed, notices_a_redis_that_hangs, waits_for_what_moves,
                     cuts_off_what_follows_a_refusal, stops_at_its_limit, passes_its_limit_for_recovery, pauses):
            redis = RedisServer(workspace, case.__name__).start()
            case(facts, workspace, redis)
            redis.kill()
        refuses_bad_settings(facts, workspace)


tap.run(test)
