"""Guard: a small process that outlives its parent for one purpose: when the parent is gone, whatever way it went, it
kills the servers the parent had started and removes its directory. It is told what there is by lines on its input."""

import os
import shutil
import signal
import sys


def main():
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    directory, pids = sys.argv[1], set()
    for line in sys.stdin:
        word, pid = line.split()
        if word == "started":
            pids.add(int(pid))
        else:
            pids.discard(int(pid))
    for pid in pids:
        try:
            os.kill(pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
    shutil.rmtree(directory, ignore_errors=True)


main()
