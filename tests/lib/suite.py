"""The second half of tests/run: runs the tests of the catalog, tells how each went, and counts. Tests on real parts wait more than they compute, so as many
of them run at once as there are processors, each with ports of its own; all others run one after the other.

A test is a program. Each line "ok - fact" it prints counts as passed and each "not ok - fact" as failed; a program that
states no facts counts as one by its exit status, and so does a failure that no fact tells. A test on real parts that fails
is run once more, by itself: one that fails twice has failed, and one that passes then is named at the end, as it has to be looked at."""

import argparse
import os
import re
import signal
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from lib.catalog import TOP, all_tests
from lib.workspace import PORTS_VARIABLE, claim_ports

LOGS = TOP / "build" / "test-logs"
SANITIZER_OPTIONS = {"ASAN_OPTIONS": "abort_on_error=1", "UBSAN_OPTIONS": "halt_on_error=1:print_stacktrace=1"}
TAIL_LINES = 25


def chosen_tests(arguments):
    tests = all_tests()
    if arguments.names:
        return [test for test in tests if any(name in test.name for name in arguments.names)]
    return [test for test in tests if arguments.all or not test.is_long]


class Running:
    """The programs that run now. Ctrl-C stops them all, and none is started afterwards."""

    def __init__(self):
        self._processes, self._is_over, self._lock = set(), False, threading.Lock()

    def start(self, command, **options):
        with self._lock:
            if self._is_over:
                raise OSError("interrupted")
            process = subprocess.Popen(command, **options)
            self._processes.add(process)
            return process

    def ended(self, process):
        with self._lock:
            self._processes.discard(process)

    def stop_all(self):
        with self._lock:
            self._is_over = True
            for process in self._processes:
                os.killpg(process.pid, signal.SIGTERM)


def stop(process):
    """Its own group gets the signal: servers that it started are stopped by itself, or by its guard."""
    os.killpg(process.pid, signal.SIGTERM)
    try:
        process.wait(30)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


running = Running()
lane = threading.local()


def lane_ports():
    """The block of ports of this thread: tests that run at once never meet at one."""
    if not hasattr(lane, "ports"):
        lane.ports = claim_ports()
    return lane.ports


def run_program(test, log_path):
    """Returns its exit status; None: it took too long."""
    environment = {**os.environ, **SANITIZER_OPTIONS, "HOMEPORT_BUILD": str(test.build), PORTS_VARIABLE: lane_ports()}
    with open(log_path, "wb") as log:
        process = running.start([str(word) for word in test.command], stdin=subprocess.DEVNULL, stdout=log,
                                stderr=subprocess.STDOUT, cwd=TOP, env=environment, start_new_session=True)
        try:
            return process.wait(test.seconds)
        except subprocess.TimeoutExpired:
            stop(process)
            return None
        except KeyboardInterrupt:
            stop(process)
            raise
        finally:
            running.ended(process)


def count_facts(text, status):
    passed = len(re.findall(r"^ok\b", text, re.MULTILINE))
    failed = len(re.findall(r"^not ok\b", text, re.MULTILINE))
    if status != 0 and failed == 0:
        failed = 1
    elif passed + failed == 0:
        passed = 1
    return passed, failed


def failure_lines(text, status, seconds, log_path):
    lines = text.splitlines()
    told = [line for line in lines if line.startswith("not ok")] or [line for line in lines if "failed" in line]
    return [f"took more than {seconds} s" if status is None else f"exit status {status}",
            *(line[:400] for line in told[:TAIL_LINES] or lines[-TAIL_LINES:]),
            f"all of it: {log_path.relative_to(TOP)}"]


def run_test(test, place, suffix=""):
    log_path = LOGS / (re.sub(r"[^\w.]+", "-", test.name) + suffix + ".log")
    started = time.monotonic()
    try:
        status = run_program(test, log_path)
        text = log_path.read_text(errors="replace")
    except OSError as error:
        status, text = 127, str(error)
    passed, failed = count_facts(text, status)
    told = [f"{place} {test.name} … {'FAILED' if failed else 'ok'} ({passed + failed} {'facts' if passed + failed > 1 else 'fact'}, {time.monotonic() - started:.1f} s)"]
    if failed:
        told += [f"    {line}" for line in failure_lines(text, status, test.seconds, log_path)]
    print("\n".join(told), flush=True)
    return passed, failed


class Outcome:
    def __init__(self):
        self.passed, self.failed, self.passed_later = 0, 0, []

    def add(self, counts):
        self.passed, self.failed = self.passed + counts[0], self.failed + counts[1]


def run_in_lanes(tests, places):
    with ThreadPoolExecutor(os.cpu_count()) as lanes:
        try:
            return list(lanes.map(lambda test: run_test(test, places[test.name]), tests))
        except KeyboardInterrupt:
            running.stop_all()
            raise


def run_all(tests, outcome):
    """First what computes, then side by side what waits, then the long ones; at the end each test on real parts that failed once more."""
    places = {test.name: f"[{number}/{len(tests)}]" for number, test in enumerate(tests, 1)}

    def run_alone(some):
        return [run_test(test, places[test.name]) for test in some]

    together = [test for test in tests if test.stands_company]
    computing = [test for test in tests if not test.is_on_real_parts and not test.is_long]
    long_ones = [test for test in tests if test.is_long]
    counts = run_alone(computing) + run_in_lanes(together, places) + run_alone(long_ones)
    for test, counted in zip(computing + together + long_ones, counts):
        if counted[1] and test.is_on_real_parts:
            counted = run_test(test, f"once more: {places[test.name]}", "-again")
            outcome.passed_later += [test.name] if not counted[1] else []
        outcome.add(counted)


def main():
    parser = argparse.ArgumentParser(prog="tests/run", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help="only tests whose name contains one of these")
    parser.add_argument("--all", action="store_true", help="the long ones, too")
    parser.add_argument("--list", action="store_true", help="only print the names")
    arguments = parser.parse_args()
    tests = chosen_tests(arguments)
    if arguments.list:
        print("\n".join(test.name for test in tests))
        return 0
    LOGS.mkdir(parents=True, exist_ok=True)
    started, outcome = time.monotonic(), Outcome()
    try:
        run_all(tests, outcome)
    except KeyboardInterrupt:
        running.stop_all()
        print("interrupted")
        outcome.failed += 1
    if outcome.passed_later:
        print(f"passed only when run once more: {', '.join(outcome.passed_later)} (see the logs of both runs)")
    print(f"{len(tests)} tests in {(time.monotonic() - started) / 60:.1f} minutes")
    print(f"{outcome.passed} passed, {outcome.failed} failed")
    return 1 if outcome.failed or not tests else 0


sys.exit(main())
