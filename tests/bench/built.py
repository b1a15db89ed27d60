"""A benchmark on a fresh checkout builds what it measures, unless HOMEPORT_BUILD says what that is."""

import os
import subprocess
import sys

from lib.workspace import TOP


def build():
    if "HOMEPORT_BUILD" in os.environ:
        return
    for command in (["deploy/install-packages", "run", "kafka", "bench"], ["deploy/build", "build/optimized"]):
        print(f"# {' '.join(command)}", flush=True)
        if subprocess.run([TOP / command[0], *command[1:]], cwd=TOP, check=False).returncode != 0:
            sys.exit(1)  # it has said why
