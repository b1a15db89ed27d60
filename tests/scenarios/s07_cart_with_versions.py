#!/usr/bin/env python3
"""Scenario 7: the shopping cart of the textbooks. Two clients write a cart as one value, each with the context of what it read last. What a
context has seen is replaced, what it has not seen stays beside it: in the end exactly two carts."""

import json
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from lib import scenario, versions
from lib.world import World

CART = "cart:1"
RULES = (("cart:*", "record"), ("*", "lww"))


def carts(found):
    return [json.loads(value) for value in found.values]


class Shopper:
    """A client that remembers the context of its last answer, and of earlier ones."""

    def __init__(self, name, dc):
        self._name, self._client, self._context = name, dc.client(), versions.NOTHING_SEEN

    def write(self, story, world, expected, *goods):
        found = versions.put(self._client, CART, json.dumps(goods), self._context)
        self._context = found.context
        story.step(f"{self._name} writes {list(goods)}")
        story.equal(carts(found), expected, f"it is answered with {' and '.join(map(str, expected))}")
        world.wait_zero_lag()


def walk(story, world, first, second):
    """The five steps (Kleppmann, Designing Data-Intensive Applications, figure 5-13)."""
    one, two = Shopper("client 1", first), Shopper("client 2", second)
    one.write(story, world, [["milk"]], "milk")
    two.write(story, world, [["eggs"], ["milk"]], "eggs")
    one.write(story, world, [["eggs"], ["milk", "flour"]], "milk", "flour")
    two.write(story, world, [["eggs", "milk", "ham"], ["milk", "flour"]], "eggs", "milk", "ham")
    one.write(story, world, [["eggs", "milk", "ham"], ["milk", "flour", "eggs", "bacon"]], "milk", "flour", "eggs", "bacon")
    world.check_same_everywhere(story)
    dots = set()
    for dc in world:
        with dc.client() as client:
            found = versions.get(client, CART)
            dots.add(tuple(found.dots))
            story.equal(carts(found), [["eggs", "milk", "ham"], ["milk", "flour", "eggs", "bacon"]],
                        f"the siblings at {dc.name} are exactly [milk flour eggs bacon] and [eggs milk ham]")
            story.equal(json.loads(client("GET", CART)), ["milk", "flour", "eggs", "bacon"], f"an ordinary client at {dc.name} sees the newest")
    story.equal(len(dots), 1, "every datacenter names the same versions")


def merge(story, world):
    """Who has read both may replace both, in one call."""
    whole = ["milk", "flour", "eggs", "bacon", "ham"]
    with list(world)[-1].client() as client:
        found = versions.put(client, CART, json.dumps(whole), versions.get(client, CART).context)
        story.equal(carts(found), [whole], "a client that read both replaces both in one call")
    world.wait_zero_lag()
    for dc in world:
        with dc.client() as client:
            story.equal(carts(versions.get(client, CART)), [whole], f"one cart is left at {dc.name}")


def cart_with_versions(story, log):
    for names in (("a",), ("a", "b")):
        with World(names, log, rules=RULES).start() as world:
            story.step("both clients at one datacenter" if len(names) == 1 else "client 1 at A, client 2 at B")
            walk(story, world, world[names[0]], world[names[-1]])
            merge(story, world)


scenario.run(cart_with_versions)
