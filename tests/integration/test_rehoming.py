#!/usr/bin/env python3
"""Users are moved between datacenters while they write, by redirect and by forwarding, and while sidecars die: no acknowledged write is lost, none conflicts,
and there is one home at the end."""

import random
import signal
import sys
import threading
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from lib import tap
from lib.homes import SETTINGS, Writer, ask, home_of
from lib.resp import encode
from lib.workspace import wait_until
from lib.world import LOGS, World

MOVES = 60
KEYS = [f"{kind}:{user}{suffix}" for user in ("a1", "b1", "c1") for kind, suffix in (("user", ":n"), ("cart", ""), ("seq", ""))]


def count(world, key):
    with world["a"].redis.client() as redis:
        return int(redis("GET", key) or 0)


def start_writers(world):
    world.wait_zero_lag()
    writers = [Writer(key, dc.sidecar.port, count(world, key)) for key in KEYS for dc in world]
    for writer in writers:
        writer.start()
    return writers


def check_counts(facts, world, writers, what):
    """Every acknowledged increment counts, and of those of unknown outcome none counts twice."""
    world.wait_zero_lag()
    for key in KEYS:
        mine = [writer for writer in writers if writer.key == key]
        least = mine[0].begun_at + sum(writer.acknowledged for writer in mine)
        most = least + sum(writer.unknown for writer in mine)
        found = count(world, key)
        facts.check(least <= found <= most, f"{what}: {key} counts what was acknowledged ({found})", f"{least} to {most}")


def one_home(world, user):
    """The home that all name, or None."""
    homes = [home_of(dc, user) for dc in world]
    return homes[0] if all(home["home"] == homes[0]["home"] and home["epoch"] == homes[0]["epoch"] for home in homes) else None


def under_live_writers(facts, world):
    writers, draw, epochs = start_writers(world), random.Random(12), {}
    for _ in range(MOVES):
        user, at, to = f"user:{draw.choice('abc')}1", draw.choice("abc"), draw.choice("abc")
        with world[at].client(60) as client:
            answer = ask(client, "HOMEPORT", "REHOME", user, "TO", to)
        if isinstance(answer, list):
            epochs[user] = int(answer[2])
        else:
            facts.note(f"{user} from {at} to {to}: {answer}")
    for writer in writers:
        writer.stop()
    refusals = [refusal for writer in writers for refusal in writer.refusals]
    facts.check(sum(epochs.values()) > MOVES // 3, f"users moved while they wrote ({sum(epochs.values())} moves)", epochs)
    facts.equal(refusals, [], "no write was refused")
    facts.equal([loss for writer in writers for loss in writer.losses][:5], [], "nor was the outcome of one unknown")
    facts.check(all(writer.acknowledged > 0 for writer in writers), f"all wrote ({sum(writer.acknowledged for writer in writers)} writes)")
    facts.note(f"slowest write: {max(writer.slowest for writer in writers) * 1000:.0f} ms")
    check_counts(facts, world, writers, "after the moves")
    world.check_same_everywhere(facts)
    facts.equal(sum(world.conflicts().values()), 0, "not one write conflicts")
    for user, epoch in epochs.items():
        home = one_home(world, user)
        facts.check(home is not None and home["epoch"] == epoch, f"{user} has one home everywhere, of epoch {epoch}", home)


def to_a_dead_datacenter(facts, world):
    a, b = world["a"], world["b"]
    with a.client(60) as client:
        home = home_of(a, "user:a2")
        facts.equal(home["home"], "a", "a user lives in a")
        b.sidecar.process.send_signal(signal.SIGSTOP)
        try:
            writer = Writer("user:a2:n", a.sidecar.port)
            writer.start()
            error = ask(client, "HOMEPORT", "REHOME", "user:a2", "TO", "b", "HOLD", "300")
            facts.check("user:a2 stays here" in error, "it cannot be moved to a datacenter that does not answer: the order says why", error)
            before = writer.acknowledged
            wait_until(lambda: writer.acknowledged > before, 20, "its writes go on")
            writer.stop()
            facts.equal((writer.refusals, writer.unknown), ([], 0), "none of its writes was refused meanwhile")
            facts.equal(home_of(a, "user:a2")["home"], "a", "it still lives where it lived")
            facts.equal(a.sidecar.metrics().one("homeport_rehomings_total", result="late"), 1, "a metric counts that")
        finally:
            b.sidecar.process.send_signal(signal.SIGCONT)
        world.wait_zero_lag()
        facts.equal(ask(client, "HOMEPORT", "REHOME", "user:a2", "TO", "b")[3], b"confirmed", "once that answers, the user moves")


def order_in_background(world, user):
    orders = []

    def order():
        with world["a"].client(60) as client:
            orders.append(ask(client, "HOMEPORT", "REHOME", user, "TO", "b", "HOLD", "30000"))
    thread = threading.Thread(target=order)
    thread.start()
    return thread, orders


def others_go_on(facts, world):
    """Users are given to b, which hears of that some seconds later. So long their writes wait: at a those that would be sent back, at b those that c forwards."""
    a, b, c = (world[name] for name in "abc")
    world.slow("b", "a", 7)
    moves = [order_in_background(world, user) for user in ("user:a4", "user:a3")]
    for user in ("user:a4", "user:a3"):
        wait_until(lambda user=user: home_of(c, user)["home"] == "b", 40, "they are given away")
    with c.client(60) as held, c.client(60) as other:
        held.send(encode("INCR", "cart:a4"))
        wait_until(lambda: b.sidecar.metrics().one("homeport_held_writes") > 0, 20, "a command for one is held where it was forwarded to")
        facts.equal(home_of(a, "user:a4")["home"], "a", "the old home does not name the new one yet: who went there to read might miss a write")
        facts.equal(ask(other, "INCR", "cart:b5"), 1, "a held command holds up no other that is forwarded on the same connection")
        limit(facts, a)
        facts.equal(held.read(), 1, "and has its own answer when the hold is over, though that took longer than limits.forward_wait")
    world.slow("b", "a", 0)
    for thread, orders in moves:
        thread.join()
        facts.check(orders[0][3] == b"confirmed" and int(orders[0][4]) > 1000, "an order's answer tells how long writes may have waited", orders)
    world.wait_zero_lag()


def limit(facts, a):
    """More is held than limits.held allows."""
    clients = [a.client(60) for _ in range(8)]
    for number, client in enumerate(clients):
        client.send(b"*3\r\n$3\r\nSET\r\n$10\r\nuser:a3:%02d\r\n$20000\r\n%s\r\n" % (number, b"x" * 20000))
    answers = [str(ask(lambda client=client: client.read())) for client in clients]
    facts.check(any("too many writes wait for users that are being moved" in answer for answer in answers), "limits.held: one more is refused", answers)
    facts.check(sum(answer.startswith("HOMEPORT HOME b ") for answer in answers) >= 2, "those that were held are redirected in the end", answers)
    for client in clients:
        client.close()


def with_kills(facts, world, what, kill):
    """The old home is killed in the middle of moves, again and again."""
    writers, draw, users = start_writers(world), random.Random(7), ["user:a1", "user:b1", "user:c1"]
    for _ in range(6):
        user = draw.choice(users)
        home = wait_until(lambda: one_home(world, user), 60, f"all know where {user} lives")["home"]
        to = draw.choice([name for name in "abc" if name != home])
        with world[home].client(60) as client:
            client.send(b"*5\r\n$8\r\nHOMEPORT\r\n$6\r\nREHOME\r\n$%d\r\n%s\r\n$2\r\nTO\r\n$1\r\n%s\r\n" % (len(user), user.encode(), to.encode()))
            time.sleep(draw.random() * 0.02)
            kill(world[home])
        time.sleep(draw.random())
    for writer in writers:
        writer.stop()
    for user in users:
        home = wait_until(lambda user=user: one_home(world, user), 60, f"all know where {user} lives")
        with world[home["home"]].client(60) as client:
            facts.equal(ask(client, "SET", f"{user}:last", "1"), "OK", f"{what}: {user} has one home ({home['home']}, epoch {home['epoch']}), which takes its writes")
    check_counts(facts, world, writers, what)
    world.check_same_everywhere(facts)


def kill_sidecar(dc):
    dc.sidecar.kill()
    dc.sidecar.start()


def kill_redis(dc):
    dc.redis.kill()
    dc.redis.start()
    dc.sidecar.wait_ready()


def take_over(facts, world):
    """The home is dead. Another datacenter takes the user over, and the old home hears of it when it is back."""
    a, b = world["a"], world["b"]
    with a.client(60) as client:
        facts.check("there is no datacenter of that name" in ask(client, "HOMEPORT", "REHOME", "user:b5", "TO", "mars", "FORCE"), "a user is taken over by a datacenter that there is")
    code, _, error = a.sidecar.ctl("rehome", "user:b5", "--to", "a", "--force")
    facts.check(code == 2 and "b is the home of user:b5, and alive" in error, "a home that is alive is not taken from without --now", error)
    code, _, error = world["c"].sidecar.ctl("rehome", "user:b5", "--to", "a", "--force")
    facts.check(code == 2 and "only a itself knows what it lacks" in error, "the order is given at the new home", error)
    with world["c"].client(60) as client:
        facts.check("b may be alive" in ask(client, "HOMEPORT", "REHOME", "user:b6", "TO", "a", "FORCE"), "nor by RESP")
    b.sidecar.kill()
    b.redis.kill()
    code, text, error = a.sidecar.ctl("rehome", "user:b5", "--to", "a", "--force")
    facts.equal((code, text), (0, "user:b5 was taken over from b, and lives in a now\n"), "a home that has just died is taken from once it was silent for long enough")
    facts.check("it is taken to be dead if it is silent for" in error and "All that b wrote until 20" in error and "is not known here" in error,
                "meanwhile it is said what is waited for, and first up to when all is known", error)
    with a.client(60) as client:
        facts.equal(ask(client, "SET", "user:b5:x", "1"), "OK", "the new home takes writes")
        facts.equal(ask(client, "HOMEPORT", "REHOME", "user:c9", "TO", "a", "FORCE", "NOW")[3], b"forced", "NOW does not wait")
    with world["c"].client(60) as client:
        answer = ask(client, "HOMEPORT", "REHOME", "user:b6", "TO", "a", "FORCE")
        facts.check(answer[:4] == [b"user:b6", b"a", b"1", b"forced"] and answer[4] == b"b" and int(answer[5]) > 3000, "a take-over that is ordered elsewhere is passed on to the new home", answer)
    b.redis.start()
    b.sidecar.start()
    world.wait_zero_lag()
    facts.equal([home_of(dc, "user:b5")["home"] for dc in world], ["a"] * 3, "the old home hears of it when it is back")
    facts.equal(a.sidecar.metrics().one("homeport_rehomings_total", result="forced"), 3, "metrics count take-overs")


def restart(facts, world):
    users = ("user:a1", "user:b1", "user:c1", "user:a2")
    before = {user: home_of(world["a"], user) for user in users}
    for dc in world:
        dc.sidecar.stop()
        dc.sidecar.start()
    world.wait_zero_lag()
    facts.equal([{user: home_of(dc, user) for user in users} for dc in world], [before] * 3, "homes outlast a restart of all sidecars")
    with world["a"].client() as client:
        client("FLUSHALL")
    world.wait_zero_lag()
    facts.equal([{user: home_of(dc, user) for user in users} for dc in world], [before] * 3, "and FLUSHALL")


def rehoming(facts):
    for log in LOGS:
        facts.note(f"over {log}")
        with World(names=("a", "b", "c"), log=log, settings=SETTINGS + "limits: { held: 64KiB }\n", with_links=False).start() as world:
            under_live_writers(facts, world)
            with_kills(facts, world, f"its sidecar is killed, {log}", kill_sidecar)
            if log == LOGS[0]:
                to_a_dead_datacenter(facts, world)
                with_kills(facts, world, f"its Redis is killed, {log}", kill_redis)
                take_over(facts, world)
                restart(facts, world)
    with World(names=("a", "b", "c"), settings=SETTINGS + "limits: { held: 64KiB, hold: 20s, forward_wait: 2s }\n").start() as world:
        others_go_on(facts, world)


tap.run(rehoming)
