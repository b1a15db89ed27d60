#!/usr/bin/env python3
"""Scenario 21: users move between datacenters, and never miss what they wrote or saw. They carry a session token and wait for it where they come to."""

import json
import random
import sys
import threading
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from lib import scenario
from lib.resp import ReplyError
from lib.session_history import History, effect_before_cause
from lib.workspace import wait_until
from lib.world import World

NAMES = ("a", "b", "c")
DELAY_SECONDS = 0.2
USERS, MOVES = 6, 12


def number(value):
    return int(value or 0)


class User:
    """Writes its own key, and a comment: what of the others it had seen when it wrote that."""

    def __init__(self, world, index, has_token):
        self.place = "with" if has_token else "without"
        self.world, self.index, self.has_token = world, index, has_token
        self.history, self.token, self.version, self.early = History(), None, 0, []
        self.dice = random.Random(index)

    def move(self):
        where = self.dice.choice(NAMES)
        with self.world[where].client(60) as client:
            if self.has_token and self.token:
                client("HOMEPORT", "WAITFOR", self.token, 30000)
            self.look(where, client)
            self.write(client)
            if self.has_token:
                self.token = client("HOMEPORT", "TOKEN")

    def look(self, where, client):
        users = range(USERS)
        found = client.pipeline([("GET", f"{self.place}:comment:{user}") for user in users] + [("GET", f"{self.place}:user:{user}") for user in users])
        comments, versions = found[:USERS], {f"{self.place}:user:{user}": number(found[USERS + user]) for user in users}
        for key, version in versions.items():
            self.history.reads(where, key, version)
        for comment in comments:
            self.early += effect_before_cause(where, json.loads(comment or "{}"), versions)

    def write(self, client):
        self.version += 1
        key = f"{self.place}:user:{self.index}"
        client("SET", key, self.version)
        self.history.writes(key, self.version)
        client("SET", f"{self.place}:comment:{self.index}", json.dumps(self.history.read))

    def run(self):
        for _ in range(MOVES):
            self.move()


def run_users(world, has_token):
    users = [User(world, index, has_token) for index in range(USERS)]
    threads = [threading.Thread(target=user.run) for user in users]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return users


def refusal(client, *arguments):
    try:
        return client(*arguments)
    except ReplyError as error:
        return str(error)


def post(dc, path, body):
    return dc.sidecar.http(path, "POST", json.dumps(body), {"Content-Type": "application/json"})


def check_gateway(story, world, token):
    """As an HTTP gateway asks."""
    status, body = post(world["b"], "/v1/wait", {"token": token, "timeout_ms": 60000})
    story.check(status == 200 and json.loads(body)["here"], "POST /v1/wait answers when all is here", body)
    status, body = post(world["a"], "/v1/token", {})
    fresh = json.loads(body)["token"]
    story.check(status == 200 and fresh.startswith("hs1."), "POST /v1/token gives one out", body)
    for body in ({}, {"token": 5}, {"token": token, "timeout_ms": -1}, {"token": token[:-3]}):
        story.equal(post(world["b"], "/v1/wait", body)[0], 400, f"{list(body)} is refused as a bad request")


def sessions(story, log):
    with World(NAMES, log).start() as world:
        for reader in NAMES:
            for origin in NAMES:
                if reader != origin:
                    world.slow(reader, origin, DELAY_SECONDS)
        story.step(f"every write reaches the others {DELAY_SECONDS} s late; {USERS} users move between datacenters {MOVES} times each")
        without = run_users(world, False)
        story.check(any(user.history.broken for user in without), "without a token they go back in time")
        story.step("now each carries a session token, and waits for it where it comes to")
        users = run_users(world, True)
        broken = [text for user in users for text in user.history.broken]
        story.check(not broken, "with a token they read what they wrote, and never go back in time", broken[:5])
        early = [text for user in users for text in user.early]
        story.check(not early, "with a token no write is seen before what its writer had seen, wherever that was", early[:5])

        story.step("b is cut off, and asked for what it cannot know")
        world.cut("b")
        with world["a"].client() as a, world["b"].client(60) as b:
            a("SET", "user:0", "1000")
            token = a("HOMEPORT", "TOKEN")
            story.check(b"BEHIND b" in refusal(b, "HOMEPORT", "WAITFOR", token, 50).encode(), "b, cut off, says what it lacks",
                        refusal(b, "HOMEPORT", "WAITFOR", token, 0))
            story.equal(post(world["b"], "/v1/wait", {"token": token.decode(), "timeout_ms": 20})[0], 504, "over HTTP, too")
            waiting = threading.Thread(target=lambda: found.append(b.pipeline([("HOMEPORT", "WAITFOR", token, 60000), ("GET", "user:0")])))
            found = []
            waiting.start()
            wait_until(lambda: world["b"].sidecar.metrics().one("homeport_session_waits") == 1, 30, "a client waits at b")
            world.heal("b")
            waiting.join()
            story.equal(found, [["OK", b"1000"]], "healed, b lets it go on, and it reads the write")
            for wrong in (b"-", token[:-2], token + b"A", b"hs1.", b""):
                story.check("no session token" in refusal(b, "HOMEPORT", "WAITFOR", wrong, 10), f"{wrong[:12]!r}… is refused")
            for wrong in ("-1", "60001", "soon"):
                story.check("ERR Homeport: no time to wait: '" in refusal(b, "HOMEPORT", "WAITFOR", token, wrong), f"{wrong} ms is refused")
        check_gateway(story, world, token.decode())
        for reader in NAMES:
            for origin in NAMES:
                if reader != origin:
                    world.slow(reader, origin, 0)
        world.check_same_everywhere(story)


scenario.run(sessions)
