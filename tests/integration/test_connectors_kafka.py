#!/usr/bin/env python3
"""The kafka log connector on a real broker: nothing acknowledged is lost, order is kept, topics are created right or refused."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from lib import tap
from lib.driver import Driver
from lib.kafka_broker import KafkaBroker
from lib.messages import acknowledged, first_seen, messages, wait_for_acknowledgement, wait_for_message
from lib.workspace import Workspace


def start_log(workspace, broker, dc, role, *settings):
    return Driver(workspace, "log_driver", "kafka", dc, role, f"bootstrap.servers={broker.address[0]}:{broker.port}", *settings)


def open_log(workspace, broker, dc, role, *settings):
    log = start_log(workspace, broker, dc, role, *settings)
    log.expect("state 1")
    return log


def survives_kills_of_the_broker(facts, workspace, broker):
    count = 50_000
    writer, reader = open_log(workspace, broker, "eu", "own"), open_log(workspace, broker, "eu", "peer")
    reader.tell("follow", -1)
    for last in range(5000, count + 1, 5000):
        writer.tell("append", last - 4999, last, 500)
        if last in (15_000, 35_000):
            broker.kill()
            killed = time.monotonic()
            broker.start()
            facts.note(f"broker away for {time.monotonic() - killed:.1f} s")
    wait_for_acknowledgement(writer, count)
    wait_for_message(reader, count)
    facts.equal(first_seen(reader), list(range(1, count + 1)), "messages come in order, without gaps, whatever is killed")
    facts.equal(len(messages(reader)), count, "an idempotent producer stores each once")
    facts.equal(acknowledged(writer)[-1], (count, messages(reader)[-1][0]), "an append is told its offset")
    facts.check(any(line.startswith("state 0") for line in reader.said), "a broker that is away is told")
    facts.check(reader.said[-1].startswith("message") and [line for line in reader.said if line.startswith("state")][-1].startswith("state 1"),
                "and told when it is back")
    reader.end()
    writer.tell("append", count + 1, count + 1000, 100)
    writer.tell("close", 10_000)
    writer.expect("closed")
    facts.equal(acknowledged(writer)[-1][0], count + 1000, "closing waits for what is under way")
    facts.equal(writer.end(), 0, "a log closes without a leak")


def notices_a_broker_that_hangs(facts, workspace, broker):
    settings = ("socket.timeout.ms=2000",)
    writer, reader = open_log(workspace, broker, "frozen", "own", *settings), open_log(workspace, broker, "frozen", "peer", *settings)
    reader.tell("follow", -1)
    writer.tell("append", 1, 10, 100)
    wait_for_message(reader, 10)
    os.kill(broker.process_id, signal.SIGSTOP)
    for last in range(11, 15):
        writer.tell("append", last, last, 100)
        time.sleep(0.5)
    why = " ".join(writer.expect("state 0"))
    facts.check(f":{broker.port} has acknowledged anything for 2 s: it hangs" in why, "a broker that hangs is told where it is written to", why)
    facts.check(f":{broker.port} answers" in " ".join(reader.expect("state 0")), "and where it is read from")
    os.kill(broker.process_id, signal.SIGCONT)
    wait_for_acknowledgement(writer, 14)
    writer.expect("state 1")
    wait_for_message(reader, 14)
    facts.equal(first_seen(reader), list(range(1, 15)), "and nothing is lost when it goes on")
    writer.end()
    reader.end()


def names_the_broker_that_is_away(facts, workspace, broker):
    broker.kill()
    log = start_log(workspace, broker, "away", "own")
    why = " ".join(log.expect("state 0"))
    facts.check(f"no broker of 127.0.0.1:{broker.port} answers" in why and "brokers are down" not in why, "a broker that is away is named", why)
    log.end()
    broker.start()


def follows_from_a_position(facts, workspace, broker):
    reader = open_log(workspace, broker, "eu", "peer")
    reader.tell("follow", 99)
    wait_for_message(reader, 101)
    facts.equal(messages(reader)[0], (100, 101), "following starts behind the position")
    reader.tell("follow", 10_000_000)
    facts.check("out of range" in " ".join(reader.expect("lost")), "a position that the log does not have is lost")
    reader.tell("follow", 40_000)
    facts.equal(reader.expect("message")[0], "40001", "and another can be followed")
    reader.tell("unfollow")
    reader.end()


def pauses(facts, workspace, broker):
    writer, reader = open_log(workspace, broker, "ap", "own"), open_log(workspace, broker, "ap", "peer")
    reader.tell("follow", -1)
    writer.tell("append", 1, 10, 10)
    wait_for_message(reader, 10)
    reader.tell("pause", 1)
    writer.tell("append", 11, 2000, 10)
    wait_for_acknowledgement(writer, 2000)
    time.sleep(0.3)
    facts.check(len(messages(reader)) == 10, "a paused log delivers nothing")
    reader.tell("pause", 0)
    wait_for_message(reader, 2000)
    facts.equal([number for _, number in messages(reader)], list(range(1, 2001)), "and goes on where it was")
    reader.end()
    writer.end()


def waits_for_a_topic(facts, workspace, broker):
    reader = start_log(workspace, broker, "late", "peer")
    reader.tell("follow", -1)
    time.sleep(1)
    writer = open_log(workspace, broker, "late", "own")
    writer.tell("append", 1, 1, 10)
    wait_for_message(reader, 1)
    facts.check(True, "a peer's topic may come later than its reader")
    writer.end()
    reader.end()


def checks_topics(facts, workspace, broker):
    open_log(workspace, broker, "compact", "own", "create.cleanup.policy=compact").end()
    log = start_log(workspace, broker, "compact", "own")
    facts.check("cleanup.policy=compact" in " ".join(log.expect("state 0")), "a compacted topic is refused")
    log.tell("append", 1, 1, 10)
    time.sleep(1)
    facts.equal(acknowledged(log), [], "and not written to")
    log.end()
    subprocess.run(["kcat", "-b", f"{broker.address[0]}:{broker.port}", "-L", "-t", "homeport.wide"], check=True, capture_output=True)
    log = start_log(workspace, broker, "wide", "own")
    facts.check("has 2 partitions" in " ".join(log.expect("state 0")), "a topic with several partitions is refused")
    log.end()


def refuses_bad_settings(facts, workspace, broker):
    for setting, text in (("bootstrap.server=x", 'did you mean "bootstrap.servers"'), ("compression.type=none", "no bootstrap.servers"),
                          ("compression.type=best", "compression.type"), ("create.replication.factor=many", "create.replication.factor")):
        log = Driver(workspace, "log_driver", "kafka", "eu", "own", setting)
        facts.check(text in " ".join(log.expect("error")), f"setting {setting} is refused with a remedy")
    log = start_log(workspace, broker, "bad", "own", "create.no.such=1")
    facts.check("no.such" in " ".join(log.expect("state 0")), "a topic setting that the broker refuses is told")
    log.end()


def test(facts):
    with Workspace() as workspace:
        broker = KafkaBroker(workspace, settings=["auto.create.topics.enable=true", "num.partitions=2"]).start()
        for case in (survives_kills_of_the_broker, notices_a_broker_that_hangs, names_the_broker_that_is_away, follows_from_a_position, pauses, waits_for_a_topic, checks_topics, refuses_bad_settings):
            facts.note(case.__name__.replace("_", " "))
            case(facts, workspace, broker)


tap.run(test)
