#!/usr/bin/env python3
"""Scenario 20, with the source really cut off: canaries measure what users would have lost and how long they could not write, the users are taken over, and what the source had written
unseen is counted once it is healed. However the drill ends, the source heals."""

import json
import signal
import subprocess
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from lib import scenario
from lib.resp import ReplyError
from lib.sidecar import build_directory
from lib.workspace import HOST, wait_until
from lib.world import World

USERS, LATE = 40, 12
HOMES = 'limits: { isolation: 1m }\nhomes:\n  - { match: "user:{id}:*", default: { list: [ { match: "*", dc: a } ] }, away: redirect }\n'
CANARIES = ("--canary", "user:canary-{n}:drill", "--canaries", "3")


def drill(world, *words):
    command = [build_directory() / "homeportctl", "--admin", f"{HOST}:{world['b'].sidecar.admin_port}", "drill", "--from", "a", "--to", "b", *words]
    return subprocess.Popen(list(map(str, command)), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def finish(running):
    text, error = running.communicate(timeout=200)
    return running.returncode, text, error


def is_cut(world):
    return world["a"].sidecar.metrics().one("homeport_isolated") == 1


def homes(world, name):
    query = "&".join(f"user=user:{user}" for user in range(USERS))
    return {home["home"] for home in json.loads(world[name].sidecar.http(f"/v1/homes?{query}")[1])["homes"]}


def planned(story, world):
    status, text, error = finish(drill(world, "--back", "--json", "--hold", "5s", *CANARIES))
    story.check(status == 0, "a planned drill there and back is whole", text[-800:] + error)
    told = json.loads(text)
    story.equal((told["writes_lost"], told["stale_reads"], told["rpo_ms"], told["isolation"]), (0, 0, 0, None), "its canaries lost nothing, read nothing stale, and missed nothing: RPO 0")
    story.check(len(told["canaries"]) == 3 and all(canary["writes"] > 0 and canary["reads"] > 0 for canary in told["canaries"]), "each of them wrote and read", told["canaries"])
    story.check(0 < told["rto_ms"] < 30000, f"the longest that one could not write was {told['rto_ms']} ms")
    metrics = world["b"].sidecar.metrics()
    story.equal((metrics.one("homeport_drill_writes_lost"), metrics.one("homeport_drill_rpo_seconds"), metrics.one("homeport_drill_isolated")), (0, 0, 0), "metrics tell it")
    status, text, error = finish(drill(world, "--dry-run", "--isolate"))
    story.check(status == 0 and not is_cut(world) and "user:0" in text, "a dry run cuts nothing", text + error)
    with world["a"].client(20) as client:
        story.equal(client("KEYS", "user:canary*"), [], "canaries leave no keys behind")


def write_late(world):
    """The source writes what the other one does not hear of any more."""
    world.cut_way("b", "a")
    with world["a"].client(20) as client:
        for user in range(LATE):
            client("SET", f"user:{user}:late", "a")


def isolated(story, world):
    report = Path(world.workspace.directory) / "report.html"
    running = drill(world, "--isolate", "--json", "--report", report, *CANARIES)
    wait_until(lambda: is_cut(world), 60, "the source is cut off")
    with world["a"].client() as client:
        try:
            answer = client("GET", "user:0:k")
        except ReplyError as error:
            answer = str(error)
    story.check("HOMEPORT ISOLATED" in str(answer), "it refuses clients meanwhile", answer)
    status, text, error = finish(running)
    story.check(status == 0, "the drill is whole", text[-1500:] + error)
    told = json.loads(text)
    story.check("a is taken to be dead" in error and "before it was cut off is not known at b to have arrived" in error, "it said what is not known to have arrived", error)
    story.equal((told["users"]["moved"] >= USERS, told["users"]["refused"]), (True, 0), "all users were taken over")
    isolation = told["isolation"]
    story.check(isolation["dead_after_ms"] > 1000 and told["held_ms"]["max"] >= isolation["dead_after_ms"], "users waited for that", (isolation, told["held_ms"]))
    story.check(told["rto_ms"] >= isolation["dead_after_ms"] - 1000, f"and so did canaries: RTO {told['rto_ms']} ms, RPO {told['rpo_ms']} ms", isolation)
    story.equal(told["writes_lost"], 0, "no write of theirs was lost in the end")
    story.check(isolation["arrived_ms"] >= 0 and isolation["stranded"] >= 0 and not isolation["healed_by_itself"], f"all arrived; stranded were {isolation['stranded']} changes", isolation)
    story.check(report.read_text().count("<svg") == 4, "the page has plots of canaries, too")
    wait_until(lambda: not is_cut(world) and world["a"].sidecar.is_ready(), 60, "a is healed")
    for name in "ab":
        wait_until(lambda: homes(world, name) == {"b"}, 60, f"all live in b, as {name} knows")
    story.equal(world["a"].sidecar.metrics().one("homeport_isolations_total", ended="healed"), 1, "a was healed as ordered")


def back_home(story, world):
    command = [build_directory() / "homeportctl", "--admin", f"{HOST}:{world['b'].sidecar.admin_port}", "drill", "--from", "b", "--to", "a", "--hold", "5s"]
    wait_until(lambda: subprocess.run(list(map(str, command)), capture_output=True, check=False).returncode == 0, 120, "all are moved back")
    wait_until(lambda: homes(world, "b") == {"a"}, 60, "all live in a")


def stranded(story, world):
    """What the source wrote while the way to its log was cut is stranded for certain: as many keys as were written."""
    write_late(world)
    running = drill(world, "--isolate", "--back", "--json")
    wait_until(lambda: is_cut(world), 60, "the source is cut off")
    wait_until(lambda: world["b"].sidecar.metrics().one("homeport_rehomings_total", result="forced") >= 2 * USERS, 60, "its users are taken over")
    world.heal_way("b", "a")
    status, text, error = finish(running)
    story.check(status == 0, "the drill is whole, there and back", text[-1500:] + error)
    told = json.loads(text)
    listed = json.loads(world["b"].sidecar.http("/v1/conflicts?kind=stranded&match=user:*:late&count=100")[1])["conflicts"]
    keys = {record["key"] for record in listed}
    story.equal(len(keys), LATE, "each key that the source had written unseen is listed as stranded")
    story.check(told["isolation"]["stranded"] >= LATE, "and counted in the report", told["isolation"])
    story.equal((told["writes_lost"], told["rpo_ms"]), (None, None), "without canaries nothing is said of what was not measured")
    with world["a"].redis.client(20) as client:
        story.check(client("GET", "user:0:late") == b"a", "nothing has vanished")


def killed(story, world):
    running = drill(world, "--isolate")
    wait_until(lambda: is_cut(world), 60, "the source is cut off")
    running.kill()
    running.communicate()
    wait_until(lambda: not is_cut(world) and world["a"].sidecar.metrics().one("homeport_isolations_total", ended="lapsed") == 1, 60, "it heals")
    story.check(True, "where homeportctl is killed, the source heals by itself")
    wait_until(world["a"].sidecar.is_ready, 60, "a is ready")
    running = drill(world, "--isolate")
    wait_until(lambda: is_cut(world), 60, "the source is cut off again")
    running.send_signal(signal.SIGINT)
    status, text, error = finish(running)
    story.check(status == 1 and "stopped by Ctrl-C" in text and not is_cut(world), "Ctrl-C heals it, too", text + error)
    for name in "ab":
        wait_until(lambda: homes(world, name) == {"a"}, 60, f"all live in a, as {name} knows")
    story.check(True, "and all live where they did")


def refused(story, world):
    for words, wanted in ((("--canary", "user:x:drill"), "has no {n}"), (("--canary", "nobody-{n}"), "no pattern under `homes` is about this key"),
                          (("--canary", "user:c{n}:d", "--canaries", "0"), "no number from 1 to 64"), (("--canary", "user:c{n}:d", "--canary-login", "/nowhere"), "--canary-login: ")):
        status, text, error = finish(drill(world, *words))
        story.check(status != 0 and wanted in error, f"{' '.join(words)} is refused", text + error)
    command = [build_directory() / "homeportctl", "--admin", f"{HOST}:{world['a'].sidecar.admin_port}", "drill", "--from", "a", "--to", "b", "--isolate"]
    done = subprocess.run(list(map(str, command)), capture_output=True, text=True, check=False)
    story.check(done.returncode == 2 and "only b itself knows what it lacks" in done.stderr, "an isolated drill is given at the datacenter that takes over", done.stderr)


def rehearsal(story, log):
    with World(("a", "b"), log, settings=HOMES).start() as world:
        with world["a"].client(20) as client:
            for user in range(USERS):
                client("SET", f"user:{user}:k", "before")
        world.wait_zero_lag()
        story.step(f"{USERS} users live in a; a planned drill, with canaries")
        planned(story, world)
        refused(story, world)
        story.step("a is cut off, and its users are taken over")
        isolated(story, world)
        back_home(story, world)
        story.step("a is cut off while it has written what b does not know")
        stranded(story, world)
        story.step("the drill is killed, or stopped")
        killed(story, world)
        world.check_same_everywhere(story)


scenario.run(rehearsal)
