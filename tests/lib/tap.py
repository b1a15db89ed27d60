"""Facts a test states, one line each: "ok - fact" or "not ok - fact". The exit status says whether all held."""

import sys
import time
import traceback
from pathlib import Path


class Facts:
    def __init__(self):
        self.failed = 0
        self._started = time.monotonic()

    def check(self, is_true, fact, detail=""):
        if is_true:
            print(f"ok - {fact}", flush=True)
        else:
            self.failed += 1
            print(f"not ok - {fact}" + (f": {detail}" if detail != "" else ""), flush=True)
        return is_true

    def equal(self, found, expected, fact):
        return self.check(found == expected, fact, f"expected {expected!r}, found {found!r}")

    def note(self, text):
        print(f"# {time.monotonic() - self._started:5.1f} s  {text}", flush=True)


def run(test, facts=None):
    """Runs TEST(facts) and exits; whatever it raises is a fact that does not hold."""
    facts = facts or Facts()
    try:
        test(facts)
    except Exception as error:  # noqa: BLE001 any error is a failed test
        traceback.print_exc()
        facts.check(False, f"{Path(sys.argv[0]).name} ran to its end", f"{type(error).__name__}: {error}")
    sys.exit(1 if facts.failed else 0)
