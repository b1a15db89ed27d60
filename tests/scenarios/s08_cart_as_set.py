#!/usr/bin/env python3
"""Scenario 8: a shopping cart as a set. What one side removed stays removed, what the other added is there, and an add wins over a
remove that did not see it."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from lib import records, scenario
from lib.world import World


def cart(world):
    return sorted(world["a"].data()[0, b"cart"][1])


def kept_through_a_removal(story, world, a, b):
    world.cut("b")
    a("DEL", "cart")
    b("SADD", "cart", "flour")
    story.step("cut once more: A threw the whole cart away while B put flour in; heal")
    world.heal("b")
    world.check_same_everywhere(story)
    story.equal(cart(world), [b"flour"], "what the removal had not seen is in the cart, and nothing else")
    story.equal(world.conflicts(), {"a": 2, "b": 2}, "that is one more conflict")


def written_down(story, world):
    """The rule decided, so there is nothing to do; but one can look it up."""
    found = {record["element"]: record for record in records.wait_same(world, 2, "MATCH", "cart")}
    story.equal(sorted(found), ["flour", "milk"], "both conflicts are written down, the same at both")
    for record in found.values():
        add = next(side for side in record["sides"] if not side["is_removal"])
        story.equal((record["kind"], record["status"], record["type"], record["rule"], record["winner"]), ("write-delete", "auto", "set", "merge", add["dot"]),
                    f"{record['element']}: an add met a removal, and the rule merge let the add win")


def cart_as_set(story, log):
    with World(("a", "b"), log, rules=[("cart*", "merge")]).start() as world, world["a"].client() as a, world["b"].client() as b:
        a("SADD", "cart", "milk", "eggs")
        world.wait_zero_lag()
        story.step("both hold {milk eggs}; now they are cut off from each other")
        world.cut("b")
        a("SREM", "cart", "milk")
        b("SADD", "cart", "ham")
        story.step("A removed milk, B added ham; heal")
        world.heal("b")
        world.check_same_everywhere(story)
        story.equal(cart(world), [b"eggs", b"ham"], "the cart is {eggs ham}: nothing removed returns, nothing added is lost")

        a("SADD", "cart", "milk")
        world.wait_zero_lag()
        world.cut("b")
        a("SREM", "cart", "milk")
        b("SADD", "cart", "milk")
        story.step("cut again: A removed milk while B put it in; heal")
        world.heal("b")
        world.check_same_everywhere(story)
        story.equal(cart(world), [b"eggs", b"ham", b"milk"], "milk stays: an add wins over a remove that did not see it")
        story.equal(world.conflicts(), {"a": 1, "b": 1}, "exactly that one conflict is counted, at both")
        kept_through_a_removal(story, world, a, b)
        written_down(story, world)


scenario.run(cart_as_set)
