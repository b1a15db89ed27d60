"""Catalog: every test there is, in the order in which they run: quick and telling ones first. Programs in the folders that hold one test a
file are found by name, so a new file is a new test."""

import os
from dataclasses import dataclass
from pathlib import Path

TOP = Path(__file__).resolve().parents[2]
SANITIZED = TOP / "build" / "sanitize"
OPTIMIZED = TOP / "build" / "optimized"

LONG_SCENARIOS = (("scenarios/s22_wrong_clocks", "kafka"), ("scenarios/s09_counters", "kafka"),
                  ("scenarios/s10_offline_client", "kafka"), ("scenarios/s13_editing", "kafka"), ("scenarios/s19_tombstones", "kafka"), ("scenarios/s20_isolated_drill", "kafka"))  # these are the same over both logs


@dataclass
class Test:
    name: str
    command: list
    build: Path = SANITIZED        # which homeportd it runs: HOMEPORT_BUILD
    seconds: int = 300             # then it is stopped, and has failed
    is_long: bool = False          # only with --all, or when asked for by name

    @property
    def is_on_real_parts(self):
        """Does it depend on servers, sockets and the pace of the machine?"""
        return not self.name.startswith(("unit/", "check/", "model/", "sim/"))

    @property
    def stands_company(self):
        """May another test run at the same time? The simulator uses every processor by itself, and long tests measure or load the machine."""
        return self.is_on_real_parts and not self.is_long


def programs(folder, pattern):
    """Executables of a folder, as (name, path)."""
    paths = sorted((TOP / "tests" / folder).glob(pattern))
    return [(f"{folder}/{path.stem}", path) for path in paths if path.is_file() and os.access(path, os.X_OK)]


def each(folder, pattern, **facts):
    return [Test(name, [path], **facts) for name, path in programs(folder, pattern)]


def simulation():
    jobs, kept_seeds = str(os.cpu_count()), TOP / "tests" / "sim" / "seeds.txt"
    known_seeds = TOP / "tests" / "sim" / "known.txt"
    return [
        Test("sim/outcome table", [OPTIMIZED / "homeport-scope", "--every", "7", "--jobs", jobs], seconds=900),
        Test("sim/stories", [SANITIZED / "homeport-sim", "--stories"]),
        *([Test("sim/once failing seeds", [OPTIMIZED / "homeport-sim", "--seed-file", kept_seeds])] if kept_seeds.exists() else []),
        Test("sim/300 seeds, sanitized", [SANITIZED / "homeport-sim", "--seeds", "1-300", "--jobs", jobs], seconds=600),
        Test("sim/5000 seeds", [OPTIMIZED / "homeport-sim", "--known", known_seeds, "--seeds", "1-5000", "--jobs", jobs], seconds=900),
        Test("sim/2500 seeds, all rules", [OPTIMIZED / "homeport-sim", "--known", known_seeds, "--seeds", "10001-12500", "--jobs", jobs], seconds=900),
        Test("sim/300 seeds, clocks that are set", [OPTIMIZED / "homeport-sim", "--known", known_seeds, "--seeds", "700001-700300", "--jobs", jobs], seconds=900),
        Test("sim/300 seeds, clients that move", [OPTIMIZED / "homeport-sim", "--known", known_seeds, "--seeds", "1100001-1100300", "--jobs", jobs], seconds=900),
        Test("sim/300 seeds, stores that lose their end with the log in it", [OPTIMIZED / "homeport-sim", "--known", known_seeds, "--seeds", "800001-800300", "--jobs", jobs], seconds=900),
        Test("sim/1000 seeds, limits that are reached", [OPTIMIZED / "homeport-sim", "--known", known_seeds, "--seeds", "400001-401000", "--jobs", jobs],
             seconds=900),
        Test("sim/200 seeds, two kinds of worlds at once", [OPTIMIZED / "homeport-sim", "--known", known_seeds, "--seeds", "3000001-3000200", "--jobs", jobs], seconds=900),
        Test("sim/300 seeds, streams", [OPTIMIZED / "homeport-sim", "--known", known_seeds, "--seeds", "1500001-1500300", "--jobs", jobs], seconds=900),
        Test("sim/200 seeds, consumer groups", [OPTIMIZED / "homeport-sim", "--known", known_seeds, "--seeds", "2000001-2000200", "--jobs", jobs], seconds=900),
        Test("sim/300 seeds, lists", [OPTIMIZED / "homeport-sim", "--known", known_seeds, "--seeds", "1400001-1400300", "--jobs", jobs], seconds=900),
        Test("sim/300 seeds, HyperLogLogs", [OPTIMIZED / "homeport-sim", "--known", known_seeds, "--seeds", "1900001-1900300", "--jobs", jobs], seconds=900),
        Test("sim/2000 seeds, users who move", [OPTIMIZED / "homeport-sim", "--known", known_seeds, "--seeds", "1000001-1002000", "--jobs", jobs], seconds=900),
        Test("sim/200 seeds, users who are taken over", [OPTIMIZED / "homeport-sim", "--known", known_seeds, "--seeds", "1200001-1200200", "--jobs", jobs], seconds=900),
        Test("sim/200 seeds, users who live where somebody writes first", [OPTIMIZED / "homeport-sim", "--known", known_seeds, "--seeds", "1300001-1300200", "--jobs", jobs], seconds=900),
        Test("sim/400 seeds, stores that get full", [OPTIMIZED / "homeport-sim", "--known", known_seeds, "--seeds", "600001-600400", "--jobs", jobs], seconds=900),
    ]


def scenarios():
    return [Test(f"{name} {log}", [path, "--log", log], seconds=600, is_long=(name, log) in LONG_SCENARIOS)
            for name, path in programs("scenarios", "s*.py") for log in ("redis-stream", "kafka")]


def long_ones():
    jobs, known_seeds = str(os.cpu_count()), TOP / "tests" / "sim" / "known.txt"
    main_job, long_run = TOP / "tests" / "chaos" / "main_job", TOP / "tests" / "chaos" / "long_run"
    return [
        Test("chaos/main_job, 1000000 commands", [main_job, "--commands", "1000000", "--kills", "5"], OPTIMIZED, 3600, True),
        Test("chaos/long_run, an hour over kafka", [long_run, "--minutes", "60", "--log", "kafka"], OPTIMIZED, 6000, True),
        Test("chaos/long_run, half an hour over redis-stream", [long_run, "--minutes", "30", "--log", "redis-stream"], OPTIMIZED, 4000, True),
        Test("sim/outcome table, all of it", [OPTIMIZED / "homeport-scope", "--all", "--jobs", jobs], OPTIMIZED, 1800, True),
        Test("integration/test_restarts, 1000", [TOP / "tests" / "integration" / "test_restarts.py", "--restarts", "1000"], OPTIMIZED, 1800, True),
        Test("model/a home's move, larger worlds", [TOP / "tests" / "model" / "run", "--all"], OPTIMIZED, 3600, True),
        Test("sim/5000 seeds more", [OPTIMIZED / "homeport-sim", "--known", known_seeds, "--seeds", "5001-10000", "--jobs", jobs], OPTIMIZED, 1800, True),
        Test("sim/2500 seeds more, all rules", [OPTIMIZED / "homeport-sim", "--known", known_seeds, "--seeds", "12501-15000", "--jobs", jobs], OPTIMIZED, 1800, True),
        Test("integration/kafka_security", [TOP / "tests" / "integration" / "kafka_security.py"], OPTIMIZED, 600, True),
        *(Test(f"queues/{queue}", [TOP / "tests" / "queues" / "run", queue], OPTIMIZED, 1800, True) for queue in ("bullmq", "celery", "kombu", "rq", "sidekiq", "ioredis", "go-redis")),
        Test("libraries/what applications do", [TOP / "tests" / "libraries" / "run"], OPTIMIZED, 1800, True),
        Test("suite/Redis's own tests", [TOP / "tests" / "suite" / "run", "--all"], OPTIMIZED, 5400, True),
        Test("suite/Redis's own tests in one database", [TOP / "tests" / "suite" / "run", "--all", "--singledb"], OPTIMIZED, 5400, True),
        Test("differential/1000000 commands", [TOP / "tests" / "differential" / "run", "--commands", "1000000", "--seed", "100001"], OPTIMIZED, 3600, True),
        Test("sim/mutants", [TOP / "tests" / "sim" / "mutants"], OPTIMIZED, 3600, True),
        *each("fuzz", "run*", seconds=1800, is_long=True),
        Test("make distcheck", ["make", "-C", OPTIMIZED, "distcheck"], OPTIMIZED, 3600, True),
        Test("bench/conflicts", [TOP / "tests" / "bench" / "conflicts"], OPTIMIZED, 1200, True),
        Test("chaos/drill, twenty with a kill", [TOP / "tests" / "chaos" / "drill", "--rounds", "20"], OPTIMIZED, 3600, True),
        Test("bench/homes, a drill there and back", [TOP / "tests" / "bench" / "homes"], OPTIMIZED, 1200, True),
        Test("bench/run", [TOP / "tests" / "bench" / "run"], OPTIMIZED, 3600, True),
    ]


def all_tests():
    return [
        Test("unit/core", [SANITIZED / "tests" / "unit" / "core_unit"]),
        Test("unit/all but the core", [SANITIZED / "tests" / "unit" / "unit"]),
        *each("check", "*"),
        Test("model/a home's move", [TOP / "tests" / "model" / "run"]),
        *simulation(),
        *each("integration", "test_*", seconds=600),
        Test("suite/a third of Redis's own tests", [TOP / "tests" / "suite" / "run"], OPTIMIZED, 600),
        Test("differential/20000 commands, as Redis answers them", [TOP / "tests" / "differential" / "run", "--commands", "20000"]),
        *scenarios(),
        Test("queues/celery, briefly", [TOP / "tests" / "queues" / "run", "celery", "--brief"], OPTIMIZED, 600),
        Test("chaos/main_job", [TOP / "tests" / "chaos" / "main_job"], OPTIMIZED, 600),
        Test("chaos/drill, two with a kill", [TOP / "tests" / "chaos" / "drill", "--rounds", "2", "--users", "60"], OPTIMIZED, 600),
        *long_ones(),
    ]
