"""The second half of tests/run: runs the tests of the catalog one after the other, tells how each went, and counts.

A test is a program. Each line "ok - fact" it prints counts as passed and each "not ok - fact" as failed; a program that
states no facts counts as one by its exit status, and so does a failure that no fact tells. A test on real parts that fails
is run once more: one that fails twice has failed, and one that passes then is named at the end, as it has to be looked at."""

import argparse
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from lib.catalog import TOP, all_tests

LOGS = TOP / "build" / "test-logs"
SANITIZER_OPTIONS = {"ASAN_OPTIONS": "abort_on_error=1", "UBSAN_OPTIONS": "halt_on_error=1:print_stacktrace=1"}
TAIL_LINES = 25


def chosen_tests(arguments):
    tests = all_tests()
    if arguments.names:
        return [test for test in tests if any(name in test.name for name in arguments.names)]
    return [test for test in tests if arguments.all or not test.is_long]


def stop(process):
    """Its own group gets the signal: servers that it started are stopped by itself, or by its guard."""
    os.killpg(process.pid, signal.SIGTERM)
    try:
        process.wait(30)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def run_program(test, log_path):
    """Returns its exit status; None: it took too long."""
    environment = {**os.environ, **SANITIZER_OPTIONS, "HOMEPORT_BUILD": str(test.build)}
    with open(log_path, "wb") as log:
        process = subprocess.Popen([str(word) for word in test.command], stdin=subprocess.DEVNULL, stdout=log,
                                   stderr=subprocess.STDOUT, cwd=TOP, env=environment, start_new_session=True)
        try:
            return process.wait(test.seconds)
        except subprocess.TimeoutExpired:
            stop(process)
            return None
        except KeyboardInterrupt:
            stop(process)
            raise


def count_facts(text, status):
    passed = len(re.findall(r"^ok\b", text, re.MULTILINE))
    failed = len(re.findall(r"^not ok\b", text, re.MULTILINE))
    if status != 0 and failed == 0:
        failed = 1
    elif passed + failed == 0:
        passed = 1
    return passed, failed


def print_failure(text, status, seconds, log_path):
    print(f"    took more than {seconds} s" if status is None else f"    exit status {status}")
    lines = text.splitlines()
    told = [line for line in lines if line.startswith("not ok")] or [line for line in lines if "failed" in line]
    for line in told[:TAIL_LINES] or lines[-TAIL_LINES:]:
        print(f"    {line[:400]}")
    print(f"    all of it: {log_path.relative_to(TOP)}")


def run_test(test, place, suffix=""):
    print(f"{place} {test.name} … ", end="", flush=True)
    log_path = LOGS / (re.sub(r"[^\w.]+", "-", test.name) + suffix + ".log")
    started = time.monotonic()
    try:
        status = run_program(test, log_path)
        text = log_path.read_text(errors="replace")
    except OSError as error:
        status, text = 127, str(error)
    passed, failed = count_facts(text, status)
    print(f"{'FAILED' if failed else 'ok'} ({passed + failed} {'facts' if passed + failed > 1 else 'fact'}, {time.monotonic() - started:.1f} s)", flush=True)
    if failed:
        print_failure(text, status, test.seconds, log_path)
    return passed, failed


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
    started, passed, failed, passed_later = time.monotonic(), 0, 0, []
    try:
        for number, test in enumerate(tests, 1):
            more_passed, more_failed = run_test(test, f"[{number}/{len(tests)}]")
            if more_failed and test.is_on_real_parts:
                more_passed, more_failed = run_test(test, "    once more:", "-again")
                passed_later += [test.name] if not more_failed else []
            passed, failed = passed + more_passed, failed + more_failed
    except KeyboardInterrupt:
        print("interrupted")
        failed += 1
    if passed_later:
        print(f"passed only when run once more: {', '.join(passed_later)} (see the logs of both runs)")
    print(f"{len(tests)} tests in {(time.monotonic() - started) / 60:.1f} minutes")
    print(f"{passed} passed, {failed} failed")
    return 1 if failed or not tests else 0


sys.exit(main())
