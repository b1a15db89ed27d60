#!/usr/bin/env python3
"""The clients of deploy/recipes, with redis-py and go-redis from their registries: each follows its user from home to home, and counts without a gap."""

import subprocess
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from lib import tap
from lib.workspace import HOST
from lib.world import World

CLIENTS = Path(__file__).resolve().parents[1] / "chaos" / "clients"
RECIPES = Path(__file__).resolve().parents[2] / "deploy" / "recipes"
HOMES = 'homes:\n  - { match: "user:{id}:*", default: { list: [ { match: "*", dc: b } ] }, away: redirect }\n'
TIMES = 200


def follow(facts, world, name, command):
    """Its user moves while it counts."""
    address = f"{HOST}:{world['a'].sidecar.address[1]}"
    client = subprocess.Popen([*map(str, command), address, name, str(TIMES)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    counted = [client.stdout.readline().strip() for _ in range(5)]
    moves = [world["a"].sidecar.ctl("rehome", f"user:{name}", "--to", to, "--hold", "10s")[0] for to in ("a", "b", "a")]
    rest, error = client.communicate(timeout=120)
    counted += rest.split()
    facts.equal(moves, [0, 0, 0], f"{name}'s user moves three times")
    facts.equal(counted, [str(number) for number in range(1, TIMES + 1)], f"{name} counts without a gap wherever its user lives")
    facts.equal(error, "", f"{name} has nothing to complain of")


def home_clients(facts):
    cache = Path(subprocess.run([CLIENTS / "prepare"], capture_output=True, text=True, check=True).stdout.strip())
    with World(("a", "b"), settings=HOMES).start() as world:
        follow(facts, world, "redis-py", [cache / "python" / "bin" / "python", RECIPES / "follow_homes.py"])
        follow(facts, world, "go-redis", [cache / "follow-homes"])
        world.check_same_everywhere(facts)
        facts.equal(world.conflicts(), {"a": 0, "b": 0}, "no conflict is counted")


tap.run(home_clients)
