#!/usr/bin/env python3
"""The command table against a live server's COMMAND: every command of the server has a row, and arity and keys agree."""

import re
import sys
from pathlib import Path

TOP = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(TOP / "tests"))
from lib import tap
from lib.redis_server import RedisServer
from lib.workspace import Workspace

ROW = re.compile(r'^(CONTAINER|COMMAND|WRITE|FREE|BLOCKING|BLOCKING_FREE|BLOCKING_READ)\("([^"]+)", (-?\d+)(?:, (\w+), (-?\d+), (-?\d+), (-?\d+), (\d+))?, "', re.MULTILINE)

# A full server would take them, too, but scripts, by which it is given such writes, cannot call them.
NOT_FREE = {"blpop", "brpop", "bzpopmax", "bzpopmin"}
WRITES = ("WRITE", "FREE", "BLOCKING", "BLOCKING_FREE")


def read_table():
    """Name to (macro, arity, class or plan, (first, last, step), numkeys at)."""
    text = (TOP / "proxy" / "core" / "commands" / "command.def").read_text()
    table = {}
    for macro, name, arity, kind, first, last, step, numkeys_at in ROW.findall(text):
        table[name] = (macro, int(arity), kind, tuple(int(n or 0) for n in (first, last, step)), int(numkeys_at or 0))
    return table


# Newer servers take an argument more or fewer: the row lets all of them through, and the server words the error.
LOOSE = {"zrank", "zrevrank", "command|getkeys", "command|getkeysandflags", "cluster|replicate", "script|debug"}


def arity_agrees(name, ours, theirs):
    return ours == theirs or (name in LOOSE and ours < 0 and -ours <= abs(theirs))


def text_of(value):
    return value.decode() if isinstance(value, bytes) else value


def flatten(commands):
    """Name to COMMAND's row, subcommands included."""
    rows = {}
    for row in commands:
        rows[text_of(row[0])] = row
        rows.update(flatten(row[9] if len(row) > 9 else []))
    return rows


def keynum_positions(row):
    """Arguments that count keys, by the key specifications."""
    for spec in row[8]:
        spec = {text_of(spec[i]): spec[i + 1] for i in range(0, len(spec), 2)} if isinstance(spec, list) else spec
        begin, find = (dict_of(spec[part]) for part in ("begin_search", "find_keys"))
        if text_of(find["type"]) == "keynum":
            yield int(dict_of(begin["spec"])["index"]) + int(dict_of(find["spec"])["keynumidx"])


def dict_of(pairs):
    if isinstance(pairs, dict):
        return {text_of(key): value for key, value in pairs.items()}
    return {text_of(pairs[i]): pairs[i + 1] for i in range(0, len(pairs), 2)}


def compare(facts):
    table = read_table()
    with Workspace() as workspace:
        server = RedisServer(workspace, "redis", aof=False)
        server.start()
        with server.client() as client:
            live = flatten(client("COMMAND"))
    facts.check(len(table) > 400 and len(live) > 300, f"{len(table)} rows, {len(live)} commands of the server were read")
    known = {name: row for name, row in live.items() if name in table}
    facts.equal(sorted(set(live) - set(known)), [], "every command of the server has a row")
    facts.equal([name for name, row in known.items() if not arity_agrees(name, table[name][1], row[1])], [], "every arity agrees")
    facts.equal([name for name, row in known.items() if table[name][3] != tuple(row[3:6])], [], "every key position agrees")
    facts.equal([name for name, row in known.items()
                 if table[name][2] != "UNSUPPORTED" and list(keynum_positions(row)) != [table[name][4]] * bool(table[name][4])], [],
                "every count of keys agrees")
    facts.equal([name for name, row in known.items() if bool(len(row) > 9 and row[9]) != (table[name][0] == "CONTAINER")], [],
                "containers are containers")
    facts.equal([name for name, row in known.items()
                 if "write" in map(text_of, row[2]) and table[name][0] not in WRITES and table[name][2] != "UNSUPPORTED"], [],
                "every write of the server is replicated or refused")
    # Scripts are refused as a whole when the server is full: docs/scripts.md.
    flags = {name: set(map(text_of, row[2])) for name, row in known.items() if not name.startswith(("eval", "fcall", "script|", "function|"))}
    facts.equal([name for name in flags if table[name][0] in WRITES and name not in NOT_FREE and (table[name][0] in ("WRITE", "BLOCKING")) != ("denyoom" in flags[name])], [],
                "those writes are free that the server takes when it is full")
    facts.equal([name for name in flags if "noscript" in flags[name] and
                 (table[name][0] in ("FREE", "BLOCKING_FREE") or table[name][2] == "READ" and table[name][4] != 2)], [],
                "what is run when the server is full can be run by a script")


tap.run(compare)
