#!/usr/bin/env python3
"""redis-py from its registry, with scripts as applications use them, over both protocols: locks, registered scripts, pipelines."""

import subprocess
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from lib import tap
from lib.workspace import HOST
from lib.world import World

HERE = Path(__file__).resolve().parent
PREPARE = HERE.parent / "chaos" / "clients" / "prepare"


def script_clients(facts):
    cache = Path(subprocess.run([PREPARE], capture_output=True, text=True, check=True).stdout.strip())
    for protocol in (2, 3):
        with World(("a", "b")).start() as world:
            addresses = [f"{HOST}:{dc.sidecar.address[1]}" for dc in world]
            done = subprocess.run([cache / "python" / "bin" / "python", HERE / "clients" / "scripts_redis_py.py", str(protocol), *addresses],
                                  capture_output=True, text=True, timeout=120)
            lines = done.stdout.splitlines()
            facts.check(done.returncode == 0 and len(lines) == 11, f"redis-py ran to its end (RESP{protocol})", done.stderr + done.stdout)
            for line in lines:
                is_good, fact = line.startswith("ok"), line.split(" - ", 1)[-1]
                facts.check(is_good, f"{fact} (RESP{protocol})")
            world.check_same_everywhere(facts)


tap.run(script_clients)
