#!/usr/bin/env python3
"""Scenario 8: a shopping cart as a set. What one side removed stays removed, what the other added is there, and an add wins over a
remove that did not see it."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from lib import scenario
from lib.world import World


def cart(world):
    return sorted(world["a"].data()[0, b"cart"][1])


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


scenario.run(cart_as_set)
