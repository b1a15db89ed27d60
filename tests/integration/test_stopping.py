#!/usr/bin/env python3
"""How a sidecar ends: in good order when asked to, and at once when another one takes its Redis over."""

import sys
import threading
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from lib import tap
from lib.resp import ReplyError
from lib.sidecar import Sidecar
from lib.workspace import free_port, wait_until
from lib.world import World


def write_until_closed(dc, acknowledged):
    with dc.client() as client:
        try:
            while True:
                if isinstance(client("INCR", "n"), int):
                    acknowledged.append(1)
        except (OSError, EOFError, ReplyError):
            pass


def stop_under_load(facts):
    with World(("a", "b"), with_links=False).start() as world:
        acknowledged = []
        writers = [threading.Thread(target=write_until_closed, args=(world["a"], acknowledged)) for _ in range(4)]
        for writer in writers:
            writer.start()
        wait_until(lambda: len(acknowledged) > 500, 20, "writers are at work")
        facts.equal(world["a"].sidecar.stop(), 0, "SIGTERM under load ends it with status 0")
        for writer in writers:
            writer.join(10)
        world["a"].sidecar.start()
        data = world.check_same_everywhere(facts)
        value = int(data[0, b"n"][1])
        facts.check(len(acknowledged) <= value <= len(acknowledged) + len(writers), "every acknowledged write is there",
                    f"{len(acknowledged)} acknowledged, {value} counted")


def stop_while_the_log_is_away(facts):
    with World(("a", "b"), "kafka", with_links=False, settings="drain: 1s\n").start() as world:
        world.broker.kill()
        with world["a"].client() as client:
            replies = client.pipeline([("INCR", "n")] * 1000)
        started = time.monotonic()
        facts.equal(world["a"].sidecar.stop(), 0, "SIGTERM while the broker is away ends it with status 0")
        facts.check(time.monotonic() - started >= 1 and "drained=\"no:" in world["a"].sidecar.log_text(), "after `drain`, and the log says what is left",
                    world["a"].sidecar.log_text()[-300:])
        world.broker.start()
        world["a"].sidecar.start()
        data = world.check_same_everywhere(facts)
        facts.equal(data[0, b"n"][1], str(len(replies)).encode(), "what the broker lacked is shipped after the next start, once")


def a_second_sidecar_takes_over(facts):
    with World(("a", "b"), with_links=False).start() as world:
        older = world["a"].sidecar
        config = "".join(line for line in older.config_path.read_text().splitlines(True) if not line.startswith(("listen:", "admin:")))
        newer = Sidecar(world.workspace, "homeportd-a2", config, free_port()).start()
        wait_until(lambda: not older.is_running() or not older.is_ready(), 20, "the older one notices")
        facts.check(True, "the older sidecar of a Redis stops serving when a newer one takes over")
        with newer.client() as client:
            facts.equal(client("SET", "k", "v"), "OK", "the newer one serves")
        world["a"].sidecar = newer
        older.kill()
        data = world.check_same_everywhere(facts)
        facts.equal(data[0, b"k"][1], b"v", "and ships what it is given")


def stopping(facts):
    stop_under_load(facts)
    stop_while_the_log_is_away(facts)
    a_second_sidecar_takes_over(facts)


tap.run(stopping)
