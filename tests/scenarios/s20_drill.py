#!/usr/bin/env python3
"""Scenario 20: a fail-over is rehearsed by moving the home of every user while all of them write. Each user counts: a lost write, a stale read or two homes at a
time would show as a number that does not follow the one before."""

import json
import random
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from lib import scenario
from lib.resp import ReplyError
from lib.sidecar import build_directory
from lib.workspace import HOST, wait_until
from lib.world import World

NAMES = ("a", "b", "c")
USERS, WRITERS = 300, 6
HOMES = 'homes:\n  - { match: "user:{id}:*", default: { list: [ { match: "*", dc: a } ] }, away: redirect }\n'
ROUND_SECONDS = 120  # how long a user may be without a home before that is a failure


class Writer(threading.Thread):
    """Counts up for some users, at each one's home. Follows redirects, and tries again where a datacenter cannot be reached."""

    def __init__(self, world, index):
        super().__init__()
        self.world, self.users = world, [user for user in range(USERS) if user % WRITERS == index]
        self.counts, self.places = {user: 0 for user in self.users}, {user: "a" for user in self.users}
        self.clients, self.wrong, self.redirects, self.unknown, self.is_done = {}, [], 0, set(), False
        self.dice = random.Random(index)

    def client(self, dc):
        if dc not in self.clients:
            self.clients[dc] = self.world[dc].client(20)
        return self.clients[dc]

    def try_once(self, user):
        place = self.places[user]
        try:
            return self.client(place)("INCR", f"user:{user}:count")
        except ReplyError as error:
            words = str(error).split()
            if words[:2] == ["HOMEPORT", "HOME"]:
                self.places[user] = words[2]
                self.redirects += 1
            return None
        except (OSError, EOFError):
            self.clients.pop(place, None)
            self.unknown.add(user)   # nobody knows whether it was executed
            return None

    def write(self, user):
        deadline = time.monotonic() + ROUND_SECONDS
        while time.monotonic() < deadline:
            found = self.try_once(user)
            if found is not None:
                self.judge(user, found)
                return
            time.sleep(0.01)
        self.wrong.append(f"user:{user} had no home for {ROUND_SECONDS} s")

    def judge(self, user, found):
        expected = self.counts[user] + 1
        if found != expected and not (user in self.unknown and found > expected):
            self.wrong.append(f"user:{user} counts {found} at {self.places[user]}, not {expected}")
        self.unknown.discard(user)
        self.counts[user] = found

    def run(self):
        while not self.is_done:
            self.write(self.dice.choice(self.users))


class Load:
    def __init__(self, world):
        self.writers = [Writer(world, index) for index in range(WRITERS)]

    def __enter__(self):
        for writer in self.writers:
            for user in writer.users:
                writer.write(user)
            writer.start()
        return self

    def __exit__(self, *_):
        for writer in self.writers:
            writer.is_done = True
        for writer in self.writers:
            writer.join()

    def check(self, story, fact):
        wrong = [text for writer in self.writers for text in writer.wrong]
        story.check(not wrong, fact, wrong[:5])

    def written(self):
        return sum(sum(writer.counts.values()) for writer in self.writers)


def drill(world, *words):
    command = [build_directory() / "homeportctl", "--admin", f"{HOST}:{world['a'].sidecar.admin_port}", "drill", *words]
    return subprocess.Popen(list(map(str, command)), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def finish(running):
    text, error = running.communicate(timeout=300)
    return running.returncode, text, error


def homes(world, name):
    """Who lives where, as the datacenter NAME knows it."""
    counts = {}
    for first in range(0, USERS, 100):
        query = "&".join(f"user=user:{user}" for user in range(first, min(USERS, first + 100)))
        for home in json.loads(world[name].sidecar.http(f"/v1/homes?{query}")[1])["homes"]:
            counts[home["home"]] = counts.get(home["home"], 0) + 1
    return counts


def check_homes(story, world, expected, fact):
    for name in NAMES:
        wait_until(lambda: homes(world, name) == expected, 60, f"{fact}, as {name} knows")
    story.check(True, f"{fact}, as every datacenter knows")


def plan(story, world):
    status, text, error = finish(drill(world, "--from", "a", "--to", "b", "--dry-run"))
    story.check(status == 0 and f"{USERS} users live in a and would be moved to b" in text, "a dry run says who would be moved", text + error)
    status, text, error = finish(drill(world, "--from", "a", "--to", "b", "--match", "user:1?", "--dry-run", "--json"))
    story.check(status == 0 and json.loads(text)["users"] == 10, "--match chooses users", text + error)
    check_homes(story, world, {"a": USERS}, "and it has moved nobody")
    for users in ([f"user:{user}" for user in range(1001)], "user:1", [1], None):
        status, text = world["a"].sidecar.http("/v1/homes", "POST", json.dumps({"to": "b", "users": users}), {"Content-Type": "application/json"})
        story.check(status == 400 and "users is a list of at most 1000 texts" in text, f"users that are no such list are refused ({str(users)[:20]})", text)


def last_drill(world):
    """What metrics of a say of it: whole, moved, moved back, and how long it held writes at most."""
    metrics = world["a"].sidecar.metrics()
    return (metrics.one("homeport_drill_whole"), metrics.one("homeport_drill_users", result="moved"), metrics.one("homeport_drill_users", result="moved_back"),
            metrics.one("homeport_drill_held_seconds", quantile="1"))


def reports_of_others(story, world):
    for body in ("", "{}", "[]", '{"whole": true, "users": {"moved": -1}}', '{"whole": true}'):
        status, text = world["a"].sidecar.http("/v1/homes/drill", "POST", body, {"Content-Type": "application/json"})
        story.check(status == 400 and "the body is a drill's report" in text, f"what is no report is refused ({body})", text)
    status, text = world["a"].sidecar.http("/v1/homes/drill", "POST", "{}")
    story.check(status == 400 and "application/json" in text, "nor can a page of another site report one", text)


def there_and_back(story, world, load):
    report = Path(world.workspace.directory) / "report.html"
    status, text, error = finish(drill(world, "--from", "a", "--to", "b", "--rate", "300", "--hold", "5s", "--json", "--report", report))
    story.check(status == 0, "all users are moved", text[-600:] + error)
    told = json.loads(text)
    story.equal((told["users"]["moved"], told["users"]["refused"], told["result"]), (USERS, 0, "complete"), "the report counts them")
    story.equal(told["conflicts"], 0, "and no conflict")
    story.equal((told["whole"], last_drill(world)), (True, (1, USERS, 0, told["held_ms"]["max"] / 1000)), "metrics tell what the report says")
    story.note(f"no write waited longer than {told['held_ms']}, {load.written()} writes so far")
    page = Path(report).read_text()
    story.check(page.startswith("<!doctype html>") and page.count("<svg") == 2, "and is a page with plots, too")
    check_homes(story, world, {"b": USERS}, "all live in b")
    status, text, error = finish(drill(world, "--from", "b", "--to", "c", "--rate", "300", "--hold", "5s", "--back"))
    story.check(status == 0 and f"{USERS} of {USERS} users moved, {USERS} of them moved back" in text, "--back moves them back", text + error)
    story.equal(last_drill(world)[:3], (1, 0, USERS), "and metrics tell that")
    check_homes(story, world, {"b": USERS}, "all live in b again")


def stopped(story, world):
    running = drill(world, "--from", "b", "--to", "a", "--rate", "30", "--hold", "5s")
    wait_until(lambda: homes(world, "b").get("a", 0) > 20, 60, "some have moved")
    running.send_signal(signal.SIGINT)
    status, text, error = finish(running)
    story.check(status == 1 and "stopped by Ctrl-C" in text, "Ctrl-C stops a drill", text + error)
    check_homes(story, world, {"b": USERS}, "and all live where they did")
    status, text, error = finish(drill(world, "--from", "b", "--to", "a", "--hold", "5s", "--abort-if", "held_max>10s,held_p50>0ms"))
    story.check(status == 1 and "stopped by held_p50>0ms" in text, "so does a crossed limit", text + error)
    story.equal(last_drill(world)[0], 0, "metrics tell that it was not whole")
    metrics = world["a"].sidecar.metrics()
    story.equal([metrics.one("homeport_drills_total", result=result) for result in ("whole", "incomplete")], [2, 2], "and count drills")
    check_homes(story, world, {"b": USERS}, "and all live where they did")


def killed(story, world):
    running = drill(world, "--from", "b", "--to", "a", "--rate", "100", "--hold", "1s")
    wait_until(lambda: homes(world, "b").get("a", 0) > 20, 60, "some have moved")
    world["b"].sidecar.kill()
    status, text, error = finish(running)
    story.check(status != 0, "a drill whose source is killed does not say that all is well", text + error)
    world["b"].sidecar.start()
    counts = homes(world, "a")
    story.check(sum(counts.values()) == USERS, "after its restart each user has one home", counts)
    for name in NAMES:
        wait_until(lambda: homes(world, name) == counts, 60, f"{name} knows the same homes")
    wait_until(lambda: finish(drill(world, "--from", "b", "--to", "a", "--rate", "300", "--hold", "5s"))[0] == 0, 120, "the drill is done again")
    check_homes(story, world, {"a": USERS}, "all live in a")


def rehearsal(story, log):
    with World(NAMES, log, settings=HOMES).start() as world:
        with Load(world) as load:
            story.step(f"{USERS} users live in a; {WRITERS} writers count up for them, wherever they live")
            plan(story, world)
            reports_of_others(story, world)
            story.step("all move to b, from there to c and back, while they write")
            there_and_back(story, world, load)
            story.step("drills are stopped: by Ctrl-C, and by a limit")
            stopped(story, world)
            load.check(story, "no write was lost, none was stale, and nobody had two homes")
            story.step("the sidecar of b is killed in the middle of a drill")
            killed(story, world)
        load.check(story, "that holds while a sidecar is killed")
        story.check(sum(writer.redirects for writer in load.writers) > USERS, "clients followed their users")
        data = world.check_same_everywhere(story)
        story.equal(world.conflicts(), {"a": 0, "b": 0, "c": 0}, "no conflict was counted")
        story.check(len(data) >= USERS, "all is there", len(data))


scenario.run(rehearsal)
