#!/usr/bin/env python3
"""Homes: writes of a user are taken at one datacenter. Elsewhere they are redirected, forwarded, refused or accepted, as the pattern says; who lives where
is told by RESP, HTTP and homeportctl."""

import json
import signal
import socket
import sys
import threading
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from lib import tap
from lib.homes import SETTINGS, ask, home_of
from lib.resp import encode
from lib.workspace import HOST, free_port, wait_until
from lib.world import LOGS, World

KIB = 1 << 10


def address_of(dc):
    return f"{HOST}:{dc.sidecar.port}"


# ---- what becomes of a write ----

def policies(facts, world):
    a, b = world["a"], world["b"]
    with a.client() as here, b.client() as there:
        facts.equal(ask(here, "SET", "user:a1:name", "x"), "OK", "at home a write is taken")
        facts.equal(ask(here, "SET", "other", "x"), "OK", "a key that no pattern matches has no home")
        facts.equal(ask(here, "SET", "user:b1:name", "x"), f"-HOMEPORT HOME b {address_of(b)}", "redirect: the error names the home and its address")
        facts.equal(ask(here, "SET", "user:{b1}:name", "x"), f"-HOMEPORT HOME b {address_of(b)}", "an id in braces (a hash tag) is the same user")
        facts.check("lives in b" in ask(here, "SET", "lock:b1", "x") and "and is written there only" in ask(here, "SET", "lock:b1", "x"),
                    "refuse: the error says where the user lives")
        facts.equal(ask(here, "SET", "count:b1", "x"), "OK", "accept: it is taken all the same")
        facts.equal(ask(here, "SET", "cart:b1", "x"), "OK", "forward: the home's answer")
        facts.equal(ask(there, "GET", "cart:b1"), b"x", "and it was executed there")
        facts.equal(ask(here, "HSET", "cart:b1", "f", "v"), "-WRONGTYPE Operation against a key holding the wrong kind of value", "an error of the home's Redis comes as it is")
        facts.equal(ask(here, "SET", "cart:b9", "x", "NX"), "OK", "SET NX is decided at the home")
        facts.equal(ask(here, "SET", "cart:b9", "y", "NX"), None, "exactly, whoever asks")
        facts.equal(ask(here, "INCR", "seq:b1"), 1, "read: home: a sequence")
        facts.equal([ask(here, "GET", "seq:b1"), ask(there, "INCR", "seq:b1"), ask(here, "GET", "seq:b1")], [b"1", 2, b"2"], "is read where it is written")
        facts.check("lives in b" in ask(here, "GET", "lock:b1"), "read: home with away: refuse: a read is refused, too")
        here.send(b"".join(encode("INCR", key) for key in ["cart:b2", "count:a1"] * 50))
        facts.equal([here.read() for _ in range(100)], [number for pair in zip(range(1, 51), range(1, 51)) for number in pair],
                    "forwarded and local commands in one pipeline: answers come in order")
        facts.equal(here("HELLO", "3")[b"proto"], 3, "over RESP3")
        facts.equal(ask(here, "HSET", "cart:b4", "f", "v"), 1, "a command is forwarded")
        facts.equal(ask(here, "ZADD", "cart:b5", "1.5", "m"), 1, "as is another")
        facts.equal(ask(here, "ZINCRBY", "cart:b5", "1", "m"), 2.5, "and its answer is that of RESP3")
        here.send(encode("CLIENT", "REPLY", "OFF"))
        here.send(encode("INCR", "cart:b2") + encode("CLIENT", "REPLY", "ON"))
        facts.equal(here.read(), "OK", "CLIENT REPLY OFF: a forwarded command is silent")
        wait_until(lambda: there("GET", "cart:b2") == b"51", 10, "and is executed")


def transactions(facts, world):
    with world["a"].client() as here, world["b"].client() as there:
        here.pipeline([("MULTI",), ("SET", "cart:b3", "1"), ("INCR", "cart:b3"), ("GET", "cart:b3")])
        facts.equal(ask(here, "EXEC"), ["OK", 2, b"2"], "MULTI is forwarded whole")
        here.pipeline([("MULTI",), ("SET", "user:b3:x", "1"), ("SET", "user:b3:y", "1")])
        facts.check(ask(here, "EXEC").startswith("-HOMEPORT HOME b "), "or redirected whole: EXEC has the error")
        here.pipeline([("MULTI",), ("SET", "cart:b3", "2"), ("SET", "cart:a3", "2")])
        error = ask(here, "EXEC")
        facts.check(error.startswith("-HOMEPORT MIXED ") and "cart:b3" in error and "cart:a3" in error, "users of two homes in one MULTI are refused, with the keys", error)
        error = ask(here, "MSET", "user:a1:x", "1", "user:b1:x", "2")
        facts.check(error.startswith("-HOMEPORT MIXED nothing was written, as this names users with different homes"), "or in one command", error)
        facts.equal(ask(here, "MSET", "count:a1", "1", "count:b1", "2"), "OK", "mixed: accept takes them")
        facts.equal(ask(there, "GET", "cart:b3"), b"2", "what was refused changed nothing")
        here("WATCH", "cart:a3")
        here.pipeline([("MULTI",), ("SET", "cart:b3", "9")])
        error = ask(here, "EXEC")
        facts.check("what was watched here cannot be guarded there" in error, "what was watched here cannot be guarded elsewhere", error)
        facts.equal(ask(there, "GET", "cart:b3"), b"2", "and nothing is executed")


def scripts_go_along(facts):
    """What a datacenter said is loaded it can run, also at homes that have not heard of it yet."""
    texts = [f"return redis.call('incrby', KEYS[1], ARGV[1] + {number})" for number in range(4)]
    with World(names=("a", "b", "c"), settings=SETTINGS).start() as world:
        with world["a"].client() as here, world["b"].client() as there:
            for way in (("a", "b"), ("b", "a")):
                world.cut_way(*way)
            shas = [here("SCRIPT", "LOAD", text) for text in texts]
            facts.equal(there("SCRIPT", "EXISTS", *shas), [0] * 4, "a script was loaded, of which its user's home has not heard")
            facts.equal([ask(here, "EVALSHA", sha, 1, "cart:b6", 10) for sha in shas], [10, 21, 33, 46], "EVALSHA is forwarded with its text")
            there("SCRIPT", "FLUSH")
            facts.equal([ask(here, "EVALSHA", sha, 1, "cart:b6", 1) for sha in shas], [47, 49, 52, 56], "a home that has forgotten it gets it again")
            there("SCRIPT", "FLUSH")
            here.pipeline([("MULTI",), ("EVALSHA", shas[1], 1, "cart:b6", 1), ("INCR", "cart:b6"), ("EVALSHA", shas[2], 1, "cart:b6", 0)])
            facts.equal(ask(here, "EXEC"), [58, 59, 61], "a transaction brings its scripts")
            read = here("SCRIPT", "LOAD", "return redis.call('get', KEYS[1])")
            there("SET", "seq:b6", "7")
            facts.equal(ask(here, "EVALSHA_RO", read, 1, "seq:b6"), b"7", "one that only reads goes with its text where reads go home")
            facts.check(str(ask(here, "EVALSHA", "f" * 40, 1, "cart:b6", 1)).startswith("-NOSCRIPT "), "a script that nobody has loaded is unknown")
            for way in (("a", "b"), ("b", "a")):
                world.heal_way(*way)
            world.check_same_everywhere(facts)


def what_peers_send(facts, world):
    """HOMEPORT PEER and FORWARD, as another sidecar sends them, and as nobody should."""
    with world["a"].client() as client:
        facts.equal(ask(client, "HOMEPORT", "PEER", "a"), "OK", "a peer is told that it is right here")
        facts.equal(ask(client, "HOMEPORT", "PEER", "b"), "-HOMEPORT this is datacenter a, correct the address of b", "or that it is not")
        forward = ("HOMEPORT", "FORWARD", 7, 0, 0, "ONE", "me")
        facts.equal(ask(client, *forward, 2, "INCR", "cart:a5"), [7, 1], "an answer to a forwarded command bears its tag")
        answer = ask(client, *forward, 2, "INCR", "cart:b5")
        facts.check(answer[0] == 7 and str(answer[1]) == "HOMEPORT MOVED b 0", "it is never sent on: who is not home says who is", answer)
        facts.check("holds no whole command" in str(ask(client, *forward, 9, "INCR", "cart:a5")[1]), "nonsense is refused")
        facts.check("this datacenter does not take it from another one" in str(ask(client, *forward, 2, "SELECT", "1")[1]), "and so is what cannot be forwarded")
        facts.check("is no forwarded request" in str(ask(client, "HOMEPORT", "FORWARD", 7, "x", 0, "ONE", "me", 2, "INCR", "cart:a5")[1]), "or has no head")
        facts.check("DB index is out of range" in str(ask(client, "HOMEPORT", "FORWARD", 7, 15, 0, "ONE", "me", 2, "INCR", "cart:a5")[1]),
                    "the reserved database is out of reach")
        facts.check("is no forwarded order" in str(ask(client, "HOMEPORT", "FORWARD", 7, 0, 0, "REHOME", "me", "user:a1", "b", "1")[1]), "an order has four words")
        facts.check("HOLD is a number of milliseconds" in str(ask(client, "HOMEPORT", "FORWARD", 7, 0, 0, "REHOME", "me", "user:a1", "b", "x", "")[1]), "and a time")


# ---- who lives where ----

def telling(facts, world):
    a, b = world["a"], world["b"]
    facts.equal(home_of(a, "user:b7"), {"user": "user:b7", "home": "b", "address": address_of(b), "epoch": 0, "explicit": 0, "moving": 0}, "HOMEPORT HOME")
    with a.client() as client:
        facts.check(ask(client, "HOMEPORT", "HOME", "nobody:1").startswith("-HOMEPORT there is no such user: write NAME:ID"), "of an unknown name: what a user is")
        facts.check("write LIST [cursor] [MATCH glob] [COUNT n], or COUNT" in ask(client, "HOMEPORT", "HOMES", "ALL"), "HOMES says what it takes")
        facts.check("a cursor is a number" in ask(client, "HOMEPORT", "HOMES", "LIST", "x"), "its cursor is a number")
        facts.check("COUNT is a number from 1 to 10000" in ask(client, "HOMEPORT", "HOMES", "LIST", "COUNT", "0"), "its count has a limit")
        facts.check("unknown word, there are CURSOR, MATCH and COUNT" in ask(client, "HOMEPORT", "HOMES", "LIST", "FROM", "1"), "and it takes nothing else")
        facts.check("REHOME user TO datacenter [HOLD milliseconds] [FORCE [NOW]]" in ask(client, "HOMEPORT", "REHOME", "user:a1", "IN", "b"), "REHOME says what it takes")
        facts.check("HOLD is a number of milliseconds" in ask(client, "HOMEPORT", "REHOME", "user:a1", "TO", "b", "HOLD", "1h"), "in milliseconds")
        facts.equal(ask(client, "HOMEPORT", "REHOME", "user:a7", "TO", "b")[:4], [b"user:a7", b"b", b"1", b"confirmed"], "a user is moved")
        facts.check("there is no datacenter" in ask(client, "HOMEPORT", "REHOME", "user:a1", "TO", "mars"), "to one that there is")
        facts.equal(ask(client, "HOMEPORT", "REHOME", "user:a7", "TO", "c")[:4], [b"user:a7", b"c", b"2", b"confirmed"], "an order given elsewhere is passed on to the home")
        wait_until(lambda: home_of(a, "user:a7")["home"] == "c", 20, "a has heard of it")
        listed = ask(client, "HOMEPORT", "HOMES", "LIST", "MATCH", "user:a*", "COUNT", "100")
        facts.check(listed[1] == b"0" and listed[3][0][:4] == [b"user", b"user:a7", b"home", b"c"], "HOMES LIST has who was moved", listed)

    def all_count_one():
        counts = []
        for dc in world:
            with dc.client() as client:
                words = ask(client, "HOMEPORT", "HOMES", "COUNT")
            counts.append(dict(zip(words[::2], words[1::2])))
        return counts == [{b"a": 0, b"b": 0, b"c": 1}] * 3
    wait_until(all_count_one, 20, "every datacenter counts one user in c")
    facts.equal([dc.sidecar.metrics().one("homeport_homes", dc="c") for dc in world], [1, 1, 1], "and so do metrics")


def over_http(facts, world):
    a, b = world["a"].sidecar, world["b"].sidecar
    status, text = a.http("/v1/homes/user:b7")
    facts.equal((status, json.loads(text)["home"], json.loads(text)["address"]), (200, "b", f"{HOST}:{b.port}"), "GET /v1/homes/USER")
    facts.equal(a.http("/v1/homes/nobody:1")[0], 404, "of an unknown name")
    status, text = a.http("/v1/homes?user=user:a1&user=user:b2&user=user:c3")
    facts.equal([home["home"] for home in json.loads(text)["homes"]], ["a", "b", "c"], "many at once")
    facts.equal(a.http("/v1/homes?user=user:a1&user=x")[0], 400, "all of them have to be users")
    facts.equal([home["user"] for home in json.loads(a.http("/v1/homes?match=user:a7&count=100")[1])["homes"]], ["user:a7"], "those who were moved")
    facts.equal(a.http("/v1/homes?color=1")[0], 400, "nothing else can be asked")
    facts.equal(a.http("/v1/homes/user:a8", "POST", '{"to": "b"}')[0], 400, "an order is of Content-Type application/json")
    is_json = {"Content-Type": "application/json"}
    facts.equal(a.http("/v1/homes/user:a8", "POST", '{"to": 1}', is_json)[0], 400, "and says where to")
    status, text = a.http("/v1/homes/user:a8", "POST", '{"to": "b", "hold_ms": 900}', is_json)
    answer = json.loads(text)
    facts.check(isinstance(answer.pop("held_ms"), int), "an answer says how long writes may have waited", text)
    facts.equal((status, answer), (200, {"user": "user:a8", "home": "b", "epoch": 1, "result": "confirmed"}), "POST /v1/homes/USER moves one")
    facts.equal(a.http("/v1/homes/user:a8", "POST", '{"to": "mars"}', is_json)[0], 409, "if that is possible")
    facts.equal(a.http("/v1/homes", "PUT", "{}", is_json)[0], 405, "nothing else is done")
    facts.equal(a.ctl("rehome", "user:a8", "--to", "a"), (0, "user:a8 lives in a now\n", ""), "homeportctl rehome")
    code, text, _ = a.ctl("home", "user:a8", "user:b1")
    facts.check(code == 0 and len(text.splitlines()) == 3 and "by default" in text, "homeportctl home", text)
    code, text, _ = a.ctl("homes", "--match", "user:a8")
    facts.check(code == 0 and text.split()[4:7] == ["user:a8", "a", "2"], "homeportctl homes", text)


def waiting_for_changes(facts, world):
    import http.client
    a = world["a"].sidecar

    def changes(tag, wait="0s"):
        connection = http.client.HTTPConnection(HOST, a.admin_port, timeout=40)
        connection.request("GET", f"/v1/homes/changes?wait={wait}", None, {"If-None-Match": tag} if tag else {})
        answer = connection.getresponse()
        body = answer.read()
        connection.close()
        return answer.status, answer.getheader("ETag"), json.loads(body) if body else None

    status, tag, body = changes(None)
    facts.equal((status, body["reset"], body["changes"]), (200, True, []), "a reader of changes begins with a version")
    facts.equal(changes(tag)[0], 304, "there are none since")
    found = []
    reader = threading.Thread(target=lambda: found.append(changes(tag, "30s")))
    reader.start()
    facts.equal(a.ctl("rehome", "user:a9", "--to", "b")[0], 0, "a user is moved while it waits")
    reader.join()
    status, newer, body = found[0]
    facts.check(status == 200 and not body["reset"] and body["changes"][0]["user"] == "user:a9" and body["changes"][0]["home"] == "b", "and is told at once", body)
    facts.equal(changes(newer, "100ms")[0], 304, "a wait ends without a change, too")
    facts.equal(changes('"1-1"')[2]["reset"], True, "a version of another run: begin anew")
    facts.equal(a.http("/v1/homes/changes?wait=1h")[0], 400, "a wait has a limit")


# ---- a home that cannot be reached ----

def unreachable(facts, world):
    a, b = world["a"], world["b"]
    with a.client(60) as here:
        b.sidecar.kill()
        wait_until(lambda: str(ask(here, "INCR", "cart:b6")).startswith(f"-HOMEPORT UNREACHABLE b {address_of(b)}: "), 20, "the connection has broken")
        error = ask(here, "INCR", "cart:b6")
        facts.check(error.endswith("; the command was not executed"), "a home that is down: nothing was executed", error)
        facts.check(ask(here, "HOMEPORT", "REHOME", "user:b6", "TO", "a").startswith("-HOMEPORT UNREACHABLE b "), "nor can a user be moved away from it")
        b.sidecar.start()
        wait_until(lambda: ask(here, "INCR", "cart:b6") == 1, 20, "its sidecar is found again")
        facts.check(True, "once it is back, commands are forwarded again")
        b.sidecar.process.send_signal(signal.SIGSTOP)
        try:
            error = ask(here, "INCR", "cart:b6")
            facts.check("it has not answered for 1.5 s; whether the command was executed is unknown" in error, "a home that hangs: the outcome is unknown", error)
        finally:
            b.sidecar.process.send_signal(signal.SIGCONT)
        wait_until(lambda: ask(here, "SET", "cart:b6", "0") == "OK", 20, "it is reached again")
        b.sidecar.process.send_signal(signal.SIGSTOP)
        try:
            here.send(b"".join(encode("SET", f"cart:b{number}", "x" * 1024) for number in range(100)))
            answers = [here.read() for _ in range(100)]
        finally:
            b.sidecar.process.send_signal(signal.SIGCONT)
        facts.check(any("as many bytes as limits.forward allows are under way" in str(answer) for answer in answers), "limits.forward bounds what is under way", answers[-1])


def change_peer(dc, before, after):
    """Of its configuration; it is restarted."""
    text = dc.sidecar.config_path.read_text()
    assert before in text
    dc.sidecar.stop()
    dc.sidecar.config_path.write_text(text.replace(before, after, 1))
    dc.sidecar.start()


def logging_in(facts, world):
    a, b = world["a"], world["b"]
    with b.redis.client() as redis:
        redis("CONFIG", "SET", "requirepass", "secret")
    change_peer(b, "redis: { ", "redis: { password: secret, ")
    with a.client() as here:
        wait_until(lambda: "NOAUTH" in str(ask(here, "INCR", "cart:b8")), 20, "b asks for a password")
        error = ask(here, "INCR", "cart:b8")
        facts.check("give peers.b.password_file" in error and error.endswith("; the command was not executed"), "a home that wants a login: what to configure", error)
    # The log in b's Redis needs that password, too.
    change_peer(a, "  b: { ", "  b: { password: secret, ")
    text = a.sidecar.config_path.read_text()
    a.sidecar.stop()
    a.sidecar.config_path.write_text(text.replace(f"address: {HOST}:{b.redis.port}", f"password: secret, address: {HOST}:{b.redis.port}"))
    a.sidecar.start()
    with a.client() as here:
        wait_until(lambda: ask(here, "INCR", "cart:b8") == 1, 20, "a logs in")
    facts.check(True, "with peers.b.password commands are forwarded")


def wrong_address(facts, world):
    a, b, c = world["a"], world["b"], world["c"]
    right = a.sidecar.config_path.read_text()
    change_peer(a, f"address: {address_of(b)}", f"address: {HOST}:{free_port()}")
    change_peer(a, f"c: {{ address: {address_of(c)}", f"c: {{ address: {address_of(b)}")
    with a.client() as here:
        wait_until(lambda: "UNREACHABLE" in str(ask(here, "INCR", "cart:c8")), 20, "c is not at that address")
        error = ask(here, "INCR", "cart:c8")
        facts.check("it answers: HOMEPORT this is datacenter b" in error, "a wrong address is named, and nothing is executed there", error)
    a.sidecar.stop()
    a.sidecar.config_path.write_text(right)
    a.sidecar.start()


class Elsewhere:
    """Takes the place of a peer's sidecar: whoever it is asked about lives in DC."""

    def __init__(self, port, dc):
        self._listener = socket.create_server((HOST, port))
        self.dc, self.asked = dc, 0
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        while True:
            connection, _ = self._listener.accept()
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection):
        with connection, connection.makefile("rb") as lines:
            while line := lines.readline():
                words = []
                for _ in range(int(line[1:])):
                    length = int(lines.readline()[1:])
                    words.append(lines.read(length + 2)[:-2])
                if words[:2] == [b"HOMEPORT", b"FORWARD"]:
                    self.asked += 1
                    connection.sendall(b"*2\r\n:%s\r\n-HOMEPORT MOVED %s 7\r\n" % (words[2], self.dc))
                else:
                    connection.sendall(b"+OK\r\n")


def following_a_user(facts, world):
    """b sends us to c, and c to b: the command goes no further than that makes sense."""
    a, b, c = world["a"], world["b"], world["c"]
    b.sidecar.stop()
    c.sidecar.stop()
    places = [Elsewhere(b.sidecar.port, b"c"), Elsewhere(c.sidecar.port, b"b")]
    with a.client() as here:
        wait_until(lambda: "UNREACHABLE" not in str(ask(here, "INCR", "cart:b7")), 20, "a reaches them")
        for place in places:
            place.asked = 0
        error = ask(here, "INCR", "cart:b7")
        facts.equal(error, f"-HOMEPORT HOME c {address_of(c)}", "a user who moves on and on: the client is told where he is said to live")
        facts.equal([place.asked for place in places], [2, 1], "after three datacenters were asked")
        places[0].dc = b"mars"
        facts.equal(ask(here, "INCR", "cart:b7"), "-HOMEPORT AWAY the home is a datacenter that is not configured here, add it to peers", "or that nobody here knows that place")
        facts.check(a.sidecar.metrics().one("homeport_forwards_total", result="moved") >= 3, "metrics count that")


def other_homes(facts):
    """A datacenter that is taken out of the configuration, and homes that differ."""
    everybody = 'homes: [{ match: "user:{id}:*", default: { hash: { a: 1 } } }]\n'
    with World(names=("a", "b", "c"), settings=everybody, with_links=False).start() as world:
        a, b = world["a"], world["b"]
        with a.client() as client:
            ask(client, "HOMEPORT", "REHOME", "user:1", "TO", "c")
        world.wait_zero_lag()
        text = a.sidecar.config_path.read_text()
        a.sidecar.stop()
        a.sidecar.config_path.write_text("".join(line for line in text.splitlines(True) if not line.startswith("  c: {")))
        a.sidecar.start()
        with a.client() as client:
            facts.equal(ask(client, "SET", "user:1:x", "1"), "-HOMEPORT AWAY user:1 lives in a datacenter that is not configured here, add it to peers",
                        "a home that is not configured any more: the error says so")
        a.sidecar.stop()
        a.sidecar.config_path.write_text(text.replace("{ a: 1 }", "{ a: 1, b: 1 }"))
        a.sidecar.start(wait=False)
        wait_until(lambda: "warning homes-differ" in a.sidecar.http("/readyz?verbose")[1] or "broken homes-differ" in a.sidecar.http("/readyz?verbose")[1], 20, "homes differ")
        wait_until(lambda: "broken homes-differ: this datacenter came up with other `homes` than before, and not every peer has the same (b has others, c has others)" in a.sidecar.http("/readyz?verbose")[1], 30, "that lasts")
        with a.client() as client:
            error = ask(client, "SET", "user:2:x", "1")
            facts.check(error.startswith("-HOMEPORT HELD ") or error.startswith("-HOMEPORT HOME b"), "a datacenter with other homes than its peers takes no writes by default", error)
        for name in "bc":
            dc = world[name]
            dc.sidecar.stop()
            dc.sidecar.config_path.write_text(dc.sidecar.config_path.read_text().replace("{ a: 1 }", "{ a: 1, b: 1 }"))
            dc.sidecar.start(wait=False)
        wait_until(lambda: all("homes-differ" not in dc.sidecar.http("/readyz?verbose")[1] for dc in world), 30, "all have the same homes")
        facts.check(True, "once all have the same homes, the finding ends")
        facts.equal(sorted(ask(dc.client(), "SET", "user:2:x", "1") == "OK" for dc in (a, b)), [False, True], "and one of them is the home")


def homes(facts):
    for log in LOGS:
        facts.note(f"over {log}")
        with World(names=("a", "b", "c"), log=log, settings=SETTINGS + "limits: { forward: 64KiB, forward_wait: 1500ms }\n", with_links=False).start() as world:
            policies(facts, world)
            transactions(facts, world)
            telling(facts, world)
            over_http(facts, world)
            waiting_for_changes(facts, world)
            if log == LOGS[0]:
                what_peers_send(facts, world)
                unreachable(facts, world)
                world.check_same_everywhere(facts)
                following_a_user(facts, world)
                for dc in world:
                    dc.sidecar.kill()
    with World(names=("a", "b", "c"), settings=SETTINGS, with_links=False).start() as world:
        wrong_address(facts, world)
        logging_in(facts, world)
    other_homes(facts)
    scripts_go_along(facts)


tap.run(homes)
