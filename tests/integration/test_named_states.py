#!/usr/bin/env python3
"""What waits says for what, and is not ready once it has waited for too long (docs/recovery.md, "What waits"). And whatever a datacenter's own log has
lost, the logs of the others are read."""

import os
import re
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from lib import tap
from lib.resp import ReplyError
from lib.workspace import wait_until
from lib.world import World

SHORT = "alarms: { waiting: 1s }\n"


def findings(dc):
    try:
        return dc.sidecar.http("/readyz?verbose")[1]
    except OSError:
        return "it does not answer"  # a sidecar that starts


def expect(facts, dc, finding, words):
    said = [""]

    def is_found():
        said[0] = findings(dc)
        return re.search(rf"^{finding}[: ].*{words}.*", said[0], re.MULTILINE)
    try:
        facts.check(wait_until(is_found, 30, finding), f"{finding}: it says \"{words}\"")
    except TimeoutError:
        facts.check(False, f"{finding}: it says \"{words}\"", said[0] + dc.sidecar.log_text()[-1500:])


def put(dc, key, size=10):
    with dc.client(20) as client:
        client("SET", key, os.urandom(size))


def is_here(dc, key):
    try:
        with dc.client(20) as client:
            return client("EXISTS", key) == 1
    except (OSError, ReplyError):
        return False  # a sidecar that starts


def a_peer_that_cannot_be_read_back(facts):
    with World(("a", "b"), settings=SHORT).start() as world:
        a = world["a"]
        world.slow("b", "a", 5)  # so b does not say soon that a's answer is stable
        put(world["b"], "k")
        wait_until(lambda: is_here(a, "k"), 20, "the write is here")
        world.cut("b")
        a.sidecar.kill()
        a.sidecar.start(wait=False)
        expect(facts, a, "(warning|broken) recalling", "until the log of b was read back")
        expect(facts, a, "broken recalling", "see what is found about that log")
        facts.equal(a.sidecar.http("/readyz")[0], 503, "it is not ready")
        world.heal("b")
        world.wait_zero_lag()
        facts.check(True, "it goes on by itself when the log can be read")


def writes_that_wait_for_a_third_datacenter(facts):
    with World(("a", "b", "c"), settings=SHORT + "limits: { inbox: 1MiB }\n").start() as world:
        world._links["c", "a"].cut()
        put(world["a"], "cause")
        wait_until(lambda: is_here(world["b"], "cause"), 20, "the cause is at b")
        for number in range(30):
            put(world["b"], f"effect:{number}", 100 << 10)
        expect(facts, world["c"], "(warning|broken) held b", "waits for writes of a that it depends on")
        expect(facts, world["c"], "broken held b", "see what is found about a")
        expect(facts, world["c"], "warning inbox b", "limits.inbox is reached")
        expect(facts, world["c"], "warning log a", "cannot be read")
        facts.equal(world["c"].sidecar.http("/readyz")[0], 503, "it is not ready")
        world._links["c", "a"].heal()
        world.wait_zero_lag()
        facts.check(is_here(world["c"], "effect:29"), "all is applied when the third one can be read")


def an_own_topic_that_was_made_anew(facts):
    with World(("a", "b"), "kafka", with_links=False).start() as world:
        a, b = world["a"], world["b"]
        for number in range(50):
            put(a, f"k:{number}")
            put(b, f"l:{number}")
        world.wait_zero_lag()
        world.broker.delete_topics("homeport.a")
        world.broker.create_topic("homeport.a")
        put(a, "while it ran")
        a.sidecar.stop()
        put(b, "meanwhile")
        a.sidecar.start(wait=False)
        wait_until(lambda: is_here(a, "meanwhile"), 40, "the log of b is read on")
        facts.check(True, "the peer's intact log is read, although the own one was deleted and made anew")
        facts.check("recalling" not in findings(a), "nothing is waited for that does not come", findings(a))
        expect(facts, a, "broken needs-resync a", "writes made here may be gone")
        facts.equal(a.sidecar.http("/readyz")[0], 503, "it is not ready")
        put(b, "later")
        wait_until(lambda: is_here(a, "later"), 20, "and goes on being read")


def test(facts):
    for case in (a_peer_that_cannot_be_read_back, writes_that_wait_for_a_third_datacenter, an_own_topic_that_was_made_anew):
        facts.note(case.__name__.replace("_", " "))
        try:
            case(facts)
        except TimeoutError as error:
            facts.check(False, case.__name__.replace("_", " "), error)


tap.run(test)
