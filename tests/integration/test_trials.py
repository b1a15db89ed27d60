#!/usr/bin/env python3
"""Trials: homeportctl rules test and handler test on conflict records from a file: no sidecar is asked, and what would be visible is told."""

import json
import subprocess
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from lib import tap
from lib.sidecar import build_directory

RULES = """
rules:
  - { match: "price:*", rule: priority, order: [eu, us] }
  - { match: "contract:*", rule: record }
  - { match: "basket:*", rule: custom, handler: join.lua }
  - { match: "broken:*", rule: custom, handler: broken.lua }
  - { match: "*", rule: lww }
"""
JOIN = """function resolve(key, versions)
  local all = {}
  for i, version in ipairs(versions) do all[i] = version.value or "nothing" end
  return table.concat(all, " + ")
end
"""


def side(dc, ms, value):
    """VALUE None: a removal."""
    return {"dc": dc, "dot": f"{dc}/1/{ms}", "hlc": f"{ms << 16:016x}", "context": [], "is_live": False, "is_removal": value is None,
            "value": value, "value_len": len(value or "")}


def record(key, winner, *sides, kind="write-write", type="string", rule="lww"):
    return {"id": f"id-{key}", "kind": kind, "status": "auto", "type": type, "rule": rule, "key": key, "element": "f" if type == "hash" else "",
            "winner": winner, "sides": list(sides)}


RECORDS = [
    record("price:1", "us/1/2000", side("eu", 1000, "10"), side("us", 2000, "12")),
    record("price:2", "eu/1/2000", side("eu", 2000, "10"), side("us", 1000, "12")),
    record("contract:1", "us/1/2000", side("eu", 1000, "draft"), side("us", 2000, None)),
    record("basket:1", "us/1/2000", side("eu", 1000, "milk"), side("us", 2000, "ham")),
    record("basket:2", "us/1/2000", side("eu", 1000, "milk"), side("us", 2000, None), type="hash"),
    record("basket:3", "us/1/2000", side("eu", 1000, ""), side("us", 2000, ""), type="set"),
    record("broken:1", "us/1/2000", side("eu", 1000, "milk"), side("us", 2000, "ham")),
    record("count:1", None, side("eu", 1000, "1"), side("us", 2000, "1")),
]


def ctl(directory, *words):
    done = subprocess.run([build_directory() / "homeportctl", *words], capture_output=True, text=True, timeout=30, check=False, cwd=directory)
    return done.returncode, done.stdout, done.stderr


def rules_are_tried(facts, directory):
    status, text, complaint = ctl(directory, "--json", "rules", "test", "--rules", "new.yml", "--file", "records.json")
    facts.check(status == 1, "a handler that fails is told by the exit status", complaint)
    told = {found["id"][3:]: found for found in json.loads(text)["conflicts"]}
    verdicts = {key: found["verdict"] for key, found in told.items()}
    facts.equal(verdicts, {"price:1": "changes", "price:2": "same", "contract:1": "waits", "basket:1": "merges", "basket:2": "merges",
                           "basket:3": "waits", "broken:1": "fails", "count:1": "same"}, "each conflict is decided by its new rule")
    facts.equal((told["price:1"]["today"]["side"]["dc"], told["price:1"]["then"]["side"]["dc"], told["price:1"]["then"]["match"]),
                ("us", "eu", "price:*"), "the side that is visible and the one that would be are told, and the rule that says so")
    facts.equal(told["basket:1"]["then"]["merged"], "ham + milk", "what a handler would make of it is told")
    facts.check("no idea" in told["broken:1"]["then"]["error"], "and why one could not", text)
    facts.equal(json.loads(text)["summary"], {"same": 2, "changes": 1, "waits": 2, "merges": 2, "fails": 1, "left-out": 0}, "they are summed up")
    status, text, complaint = ctl(directory, "rules", "test", "--rules", "new.yml", "--file", "records.json")
    facts.check('changes  "price:1"  lww: us "12" -> priority: eu "10"  (id-price:1)\n' in text, "for people, one line each", text)
    facts.check(text.endswith("8 conflicts; 2 show the same side; 1 would show another side; 2 would wait for somebody to decide; "
                              "2 would be merged by a handler; 1 would be left open by a handler that fails; nothing was changed\n"),
                "with the sum in the last line", text)


def handlers_are_tried(facts, directory):
    status, text, complaint = ctl(directory, "handler", "test", "--handler", "join.lua", "--file", "records.json")
    facts.check(status == 0, "a handler that merges all is good", complaint)
    facts.check('merges   "basket:2" "f"  lww: us removed -> handler: "nothing + milk"  (id-basket:2)\n' in text, "what it makes of each is told", text)
    facts.check('left-out "basket:3"' in text, "what handlers are not asked about is left out", text)
    status, text, complaint = ctl(directory, "handler", "test", "--handler", "broken.lua", "--file", "records.json")
    facts.check(status == 1 and "fails" in text and "broken.lua:1: no idea" in text, "one that throws is told, and by the exit status", text)
    status, text, complaint = ctl(directory, "handler", "test", "--handler", "syntax.lua", "--file", "records.json")
    facts.check(status == 2 and "syntax.lua:1:" in complaint, "one that does not compile is named with its line", complaint)


def mistakes_are_told(facts, directory):
    for words, told in ((("rules", "test"), "--rules FILE"),
                        (("handler", "test"), "--handler FILE"),
                        (("rules", "test", "--rules", "wrong.yml", "--file", "records.json"), "wrong.yml:1:29: unknown rule 'newest'"),
                        (("rules", "test", "--rules", "new.yml", "--file", "join.lua"), "not JSON"),
                        (("rules", "test", "--rules", "new.yml", "--file", "nowhere.json"), "nowhere.json"),
                        (("rules", "test", "--rules", "new.yml", "--file", "object.json"), "no conflicts"),
                        (("rules", "test", "--rules", "new.yml", "--file", "records.json", "--match", "a*"), "filters")):
        status, text, complaint = ctl(directory, *words)
        facts.check(status == 2 and told in complaint and text == "", f"a mistake is told: {' '.join(words)}", text + complaint)


def trials(facts):
    with tempfile.TemporaryDirectory() as name:
        directory = Path(name)
        files = {"new.yml": RULES, "join.lua": JOIN, "broken.lua": 'function resolve() error("no idea") end\n', "syntax.lua": "function resolve(",
                 "wrong.yml": 'rules: [{ match: "*", rule: newest }]\n', "records.json": json.dumps({"conflicts": RECORDS, "cursor": None}),
                 "object.json": "{}"}
        for path, text in files.items():
            (directory / path).write_text(text)
        for part in (rules_are_tried, handlers_are_tried, mistakes_are_told):
            part(facts, directory)


tap.run(trials)
