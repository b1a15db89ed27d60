#!/usr/bin/env python3
"""Errors and log lines in Homeport's own words are provoked on real servers, those that no other test provokes: see tests/check/texts-are-provoked."""

import re
import resource
import signal
import sys
import threading
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from lib import tap, versions
from lib.resp import Client, ReplyError
from lib.sidecar import Sidecar
from lib.workspace import wait_until
from lib.world import World

RULES = (("doc:*", "record"), ("*", "lww"))
RESERVED = 15
FILES = 60


def error_of(client, *words):
    try:
        return f"no error: {client(*words)}"
    except ReplyError as error:
        return str(error)


def refused(facts, client, words, text):
    error = error_of(client, *words)
    facts.check(text in error, f"{' '.join(str(word) for word in words)[:60]}: {text}", error)


def logged(facts, dc, text):
    wait_until(lambda: text in dc.sidecar.log_text(), 20, f"{dc.name} logs {text}")
    facts.check(True, f"logged: {text}")


def conflict(world, a, b, *writes):
    """One write at each datacenter, or several at the second, concurrent; returns the id of the record."""
    world.cut("b")
    a(*writes[0])
    for write in writes[1:]:
        b(*write)
    world.heal("b")
    world.wait_zero_lag()
    key = writes[0][1]
    return wait_until(lambda: re.search(r'"id": *"([^"]+)"', world["a"].sidecar.http(f"/v1/conflicts?status=open&match={key}")[1]), 20, f"a conflict of {key}")[1]


def resolving(facts, world, a, b):
    text = conflict(world, a, b, ("SET", "doc:1", "one"), ("SET", "doc:1", "other"))
    a("SADD", "doc:2", "m")
    world.wait_zero_lag()
    member = conflict(world, a, b, ("SREM", "doc:2", "m"), ("SREM", "doc:2", "m"), ("SADD", "doc:2", "m"))
    score = conflict(world, a, b, ("ZADD", "doc:3", 1, "m"), ("ZADD", "doc:3", 2, "m"))
    refused(facts, a, ("HOMEPORT", "RESOLVE", "no/such/id", "WINNER"), "HOMEPORT no open conflict has this id here")
    refused(facts, a, ("HOMEPORT", "CONFLICT", "no/such/id"), "HOMEPORT no conflict has this id: its record may have been dropped")
    refused(facts, a, ("HOMEPORT", "RETRY", text), "HOMEPORT this conflict has no handler: its rule is not custom")
    refused(facts, a, ("HOMEPORT", "RESOLVE", text, "SIDE", "a/1/1"), "HOMEPORT no live version of this conflict has that dot")
    refused(facts, a, ("HOMEPORT", "RESOLVE", text, "RULE", "record"), "HOMEPORT only the rules lww and merge choose by themselves")
    refused(facts, a, ("HOMEPORT", "RESOLVE", member, "VALUE", "n"), "HOMEPORT a member is there or it is not: choose a side")
    refused(facts, a, ("HOMEPORT", "RESOLVE", score, "VALUE", "high"), "HOMEPORT a score is a number: choose one, a side")


def contexts(facts, world, a, b):
    refused(facts, a, ("HOMEPORT", "SET", "doc:4", "v", "garbage!"), "ERR Homeport: this is no context: pass on what HOMEPORT GET answered")
    refused(facts, a, ("HOMEPORT", "SET", "plain", "v", "-"), "HOMEPORT the rule of this key keeps no versions: give it the rule record or custom")
    world.cut("b")
    b("SET", "doc:5", "unseen")
    context = versions.get(b, "doc:5").context
    refused(facts, a, ("HOMEPORT", "SET", "doc:5", "v", context), "HOMEPORT this context has seen writes that are not here yet")
    world.heal("b")
    world.wait_zero_lag()


def unsupported(facts, a):
    a("SET", "k", "v")
    refused(facts, a, ("EVAL", "return redis.call('SWAPDB', '0', '1')", 0), "HOMEPORT unsupported command 'swapdb' in a script (docs/scripts.md)")
    refused(facts, a, ("MIGRATE", "h", "1", "k", "0", "1"), "HOMEPORT unsupported command 'migrate' (docs/commands.md)")


def wrong_records(facts, world, a):
    with world["a"].redis.client() as redis:
        redis("SELECT", RESERVED)
        redis("XADD", "homeport:conflicts", "*", "c", b"\x0a\x02\xff\xff")
        redis("XADD", "homeport:conflicts", "*", "c", b"\xff\xff\xff")
        a("HOMEPORT", "CONFLICTS", "COUNT", 1000)
        logged(facts, world["a"], "a conflict record cannot be read and is left out")
        logged(facts, world["a"], "conflict records cannot be read and are left out")
        redis("RENAME", "homeport:conflicts", "kept")
        redis("SET", "homeport:conflicts", "no stream")
        refused(facts, a, ("HOMEPORT", "CONFLICTS", "STATUS", "resolved"), "HOMEPORT the conflict records in Redis cannot be read")
        redis("RENAME", "kept", "homeport:conflicts")


def too_many_questions(facts, world):
    """None is answered while Redis stands still."""
    redis, clients = world["a"].redis, [world["a"].client() for _ in range(80)]
    redis.process.send_signal(signal.SIGSTOP)
    for client in clients:
        client.send(b"HOMEPORT CONFLICTS\r\n")
    time.sleep(0.5)
    redis.process.send_signal(signal.SIGCONT)
    answers = [client.read() for client in clients]
    busy = [answer for answer in answers if isinstance(answer, ReplyError)]
    facts.check(busy and all("HOMEPORT too many questions about conflicts are being answered" in str(answer) for answer in busy), "too many questions at once", answers[-1])


def a_start_beside_another(facts, world):
    """On the same port: the second ends, and says why."""
    second = Sidecar(world.workspace, "second", "dc: second\n", world["a"].sidecar.port)
    second.start(wait=False)
    facts.check(second.process.wait(20) not in (0, None) and "cannot start" in second.log_text() and str(second.port) in second.log_text(),
                "a port that is taken is named", second.log_text())


def the_store_goes_while_a_client_authenticates(facts, world):
    redis = world["a"].redis
    with world["a"].client(30) as client:
        redis.process.send_signal(signal.SIGSTOP)
        client.send(b"AUTH user password\r\n")
        time.sleep(0.5)
        redis.kill()
        answer = str(client.read())
        facts.check("LOADING Homeport has no working connection to its Redis to authenticate by" in answer, "a log-in that is cut off", answer)
    redis.start()
    world["a"].sidecar.wait_ready()


def the_store_is_away(facts, world, a):
    redis = world["a"].redis
    blocked = world["a"].client()
    blocked.send(b"WAIT 1 0\r\n")
    time.sleep(0.5)
    redis.kill()
    answer = str(blocked.read())
    facts.check("LOADING Homeport lost the connection that this command was waiting on" in answer, "a command that waits is told that its connection is lost", answer)
    # A client whose request went to Redis before that was known is closed, as it is owed an answer.
    wait_until(lambda: "no working connection" in error_of(world["a"].client(), "GET", "k"), 10, "it is away")
    refused(facts, a, ("GET", "k"), "LOADING Homeport has no working connection to its Redis right now (/readyz?verbose says why), try again")
    a("MULTI")
    error_of(a, "SET", "k", 1)
    refused(facts, a, ("EXEC",), "EXECABORT Transaction discarded because of: LOADING Homeport")
    logged(facts, world["a"], "store not open yet")
    redis.start()
    world["a"].sidecar.wait_ready()
    world.wait_zero_lag()


def users_with_few_rights(facts, world, a):
    with world["a"].redis.client() as redis:
        redis("ACL", "SETUSER", "few", "on", ">pw", "~*", "+get")
    with world["a"].client() as few:
        few("AUTH", "few", "pw")
        refused(facts, few, ("HOMEPORT", "CONFLICTS"), "NOPERM only users who may do everything may run this command of Homeport")


def a_wrong_file_at_reload(facts, world):
    sidecar = world["a"].sidecar
    text = sidecar.config_path.read_text()
    sidecar.config_path.write_text(text + "nonsense: 1\n")
    sidecar.reload()
    logged(facts, world["a"], "configuration not reloaded")
    status, findings = sidecar.http("/readyz?verbose")
    facts.check("warning configuration: the configuration file has a mistake and was not taken over" in findings and "nonsense" in findings,
                "a finding quotes the mistake until a good file is read", findings)
    facts.equal((status, sidecar.metrics().one("homeport_config_last_reload_successful")), (200, 0), "it is a warning, and a metric")
    sidecar.config_path.write_text(text)
    sidecar.reload()
    wait_until(lambda: sidecar.metrics().one("homeport_config_last_reload_successful") == 1, 20, "a good file ends it")
    facts.check("configuration" not in sidecar.http("/readyz?verbose")[1], "the finding is gone then")


def files_run_out(facts, world):
    sidecar = world["a"].sidecar
    open_now = len(list(Path(f"/proc/{sidecar.process.pid}/fd").iterdir()))
    before = resource.prlimit(sidecar.process.pid, resource.RLIMIT_NOFILE)
    resource.prlimit(sidecar.process.pid, resource.RLIMIT_NOFILE, (open_now + 5, before[1]))
    clients = []
    try:
        for _ in range(FILES):
            clients.append(Client(sidecar.address))
        logged(facts, world["a"], "out of file descriptors: a client was turned away; raise LimitNOFILE or lower limits.clients")
    finally:
        for client in clients:
            client.close()
        resource.prlimit(sidecar.process.pid, resource.RLIMIT_NOFILE, before)
    wait_until(lambda: sidecar.client()("PING") == "PONG", 10, "clients are let in again")


def a_store_that_refuses(facts, world):
    with world["a"].redis.client() as redis, world["b"].client() as b:
        redis("CONFIG", "SET", "maxmemory", 1)
        b("SET", "from-b", 1)
        logged(facts, world["a"], "Redis refuses the writes of other datacenters: they wait until it takes them")
        redis("CONFIG", "SET", "maxmemory", 0)
    world.wait_zero_lag()


def a_start_without_its_store(facts, world):
    """Nobody knows yet whether a login is wanted: a large request is told what is missing, as a small one is."""
    dc = world["a"]
    dc.sidecar.stop()
    dc.redis.kill()
    dc.sidecar.start(wait=False)
    wait_until(lambda: can_connect(dc), 20, "clients are accepted")
    with dc.client(30) as client:
        refused(facts, client, ("SET", "k", bytes(100_000)), "LOADING Homeport")
        refused(facts, client, ("GET", "k"), "LOADING Homeport")
    dc.redis.start()
    dc.sidecar.wait_ready()


def can_connect(dc):
    try:
        dc.client(5).close()
        return True
    except OSError:
        return False


def a_stop(facts, world):
    """A command that waits is answered, and does not hold the stop up."""
    blocked = world["a"].client(30)
    blocked.send(b"XREAD BLOCK 0 STREAMS some $\r\n")
    time.sleep(0.5)
    waiter = threading.Thread(target=world["a"].sidecar.stop)
    waiter.start()
    answer = str(blocked.read())
    facts.check("LOADING Homeport is stopping" in answer, "a command that waits is told that Homeport stops", answer)
    waiter.join()


def test(facts):
    with World(("a", "b"), rules=RULES, settings="conflicts: { users: ann }\n").start() as world, world["a"].client() as a:
        refused(facts, a, ("HOMEPORT", "RESOLVE", "x", "WINNER"), "NOPERM this user may not resolve conflicts: see the setting conflicts.users")
    with World(("a", "b"), rules=RULES).start() as world, world["a"].client() as a, world["b"].client() as b:
        cases = ((resolving, world, a, b), (contexts, world, a, b), (unsupported, a), (wrong_records, world, a), (too_many_questions, world),
                 (users_with_few_rights, world, a), (a_wrong_file_at_reload, world), (files_run_out, world), (a_store_that_refuses, world),
                 (a_start_beside_another, world), (the_store_goes_while_a_client_authenticates, world), (the_store_is_away, world, a),
                 (a_start_without_its_store, world), (a_stop, world))
        for case, *arguments in cases:
            facts.note(case.__name__.replace("_", " "))
            case(facts, *arguments)


tap.run(test)
