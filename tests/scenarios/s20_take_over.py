#!/usr/bin/env python3
"""Scenario 20, without a rehearsal: the home is killed under load, another datacenter takes its users over, and the old home comes back. What is listed as stranded is exactly
what the test had been told is written, and what the new home had not."""

import calendar
import json
import re
import sys
import threading
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from lib import scenario
from lib.resp import ReplyError
from lib.workspace import wait_until
from lib.world import World

USERS, WRITERS = 8, 2
HOMES = 'homes:\n  - { match: "user:{id}:*", default: { list: [ { match: "*", dc: a } ] }, away: redirect }\n'


class Writer(threading.Thread):
    """Writes keys of its own, each once, and notes when it was told that one is written."""

    def __init__(self, world, index):
        super().__init__()
        self.world, self.index, self.told, self.unknown, self.is_done = world, index, {}, None, False

    def run(self):
        with self.world["a"].client(20) as client:
            for number in range(1000000):
                key = f"user:{number % USERS}:w{self.index}n{number}"
                if self.is_done:
                    return
                try:
                    client("SET", key, "a")
                except (OSError, EOFError, ReplyError):
                    self.unknown = key
                    return
                self.told[key] = time.time()
                time.sleep(0.005)


def keys_at(dc):
    with dc.redis.client(20) as client:
        return {key.decode() for key in client("KEYS", "user:*")}


def stranded_at(dc):
    """The keys that records of that kind are about, as a whole."""
    keys, cursor = set(), ""
    while True:
        answer = json.loads(dc.sidecar.http(f"/v1/conflicts?kind=stranded&count=100{cursor}")[1])
        keys |= {record["key"] for record in answer["conflicts"] if record["type"] == "key"}
        if not answer.get("cursor") or answer["cursor"] == "0":
            return keys
        cursor = f"&cursor={answer['cursor']}"


def under_load_until_it_dies(world):
    """Returns what was told to be written, when, and what may be written."""
    writers = [Writer(world, index) for index in range(WRITERS)]
    for writer in writers:
        writer.start()
    wait_until(lambda: all(len(writer.told) > 50 for writer in writers), 60, "all write")
    world.cut_way("b", "a")
    before = [len(writer.told) for writer in writers]
    wait_until(lambda: all(len(writer.told) > before[writer.index] + 50 for writer in writers), 60, "and go on while b hears nothing")
    world["a"].sidecar.kill()
    for writer in writers:
        writer.is_done = True
        writer.join()
    world["a"].redis.kill()
    told = {key: at for writer in writers for key, at in writer.told.items()}
    return told, {writer.unknown for writer in writers if writer.unknown is not None}


def take_over(story, log):
    with World(names=("a", "b"), log=log, settings=HOMES).start() as world:
        a, b = world["a"], world["b"]
        world.wait_zero_lag()
        story.step(f"{USERS} users live in a and write; b hears nothing of it any more, then a dies")
        told, unknown = under_load_until_it_dies(world)
        known = keys_at(b)
        unseen = set(told) - known
        story.check(unseen and known, "the home dies, and a part of what it wrote is known elsewhere", (len(unseen), len(known)))
        story.step("b takes them over by force")
        for user in range(USERS):
            code, text, error = b.sidecar.ctl("rehome", f"user:{user}", "--to", "b", "--force")
            if code != 0 or "was taken over from a" not in text:
                story.check(False, f"user:{user} is taken over", (code, text, error))
        story.check(True, "another datacenter takes its users over")
        until = re.search(r"All that a wrote until (\S+)Z is known here", error)
        missing = [key for key in unseen if until and told[key] < calendar.timegm(time.strptime(until[1], "%Y-%m-%dT%H:%M:%S"))]
        story.check(until and not missing, "it says up to when all that the dead one wrote is known: nothing older is missing", (error, missing[:3]))
        met = min(unseen)
        with b.client(60) as client:
            client("SET", met, "b")
        story.step("a is back")
        world.heal_way("b", "a")
        a.redis.start()
        a.sidecar.start()
        world.wait_zero_lag(120)
        for dc in (a, b):
            found = stranded_at(dc)
            story.check(unseen <= found <= unseen | unknown, f"what was stranded is listed at {dc.name}, and nothing else", (len(unseen), sorted(found ^ unseen)[:5]))
        listed = len(stranded_at(b))
        code, text, _ = b.sidecar.ctl("conflicts", "list", "--kind", "stranded", "--json", "--count", "1000")
        story.check(code == 0 and met in text, "homeportctl lists it, too", text[:300])
        story.check(b.sidecar.metrics().total("homeport_stranded_writes_total") == listed, "metrics count it")
        data = world.check_same_everywhere(story)
        story.check(set(told) <= keys_at(b), "nothing has vanished", sorted(set(told) - keys_at(b))[:5])
        with a.redis.client(20) as client:
            story.check(data is not None and client("GET", met) == b"b", "what the new home wrote later stands", met)
        with a.client(60) as client:
            try:
                answer = client("SET", "user:0:x", "1")
            except ReplyError as error:
                answer = str(error)
            story.check("HOMEPORT HOME b" in str(answer), "the old home sends its users to the new one", answer)


scenario.run(take_over)
