#!/usr/bin/env python3
"""Every plan against a real server: random writes on one server, what their plans make of the replies on another; both hold the same."""

import os
import subprocess
import sys
from pathlib import Path

TOP = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(TOP / "tests"))
from lib import tap
from lib.redis_server import RedisServer
from lib.workspace import Workspace

BUILD = Path(os.environ.get("HOMEPORT_BUILD", TOP / "build" / "optimized"))
WRITES = "8000"
SEEDS = (1, 2)


def replay(facts):
    with Workspace() as workspace:
        servers = [RedisServer(workspace, name, aof=False, options=("--enable-debug-command", "yes")) for name in ("origin", "peer")]
        for server in servers:
            server.start()
        for protocol in ("2", "3"):
            for seed in SEEDS:
                for server in servers:
                    with server.client() as client:
                        client("FLUSHALL")
                program = [BUILD / "tests" / "integration" / "plan_replay", *(str(server.port) for server in servers), protocol, str(seed), WRITES]
                run = subprocess.run(program, capture_output=True, timeout=250)
                text = (run.stdout + run.stderr).decode(errors="replace").strip()
                facts.check(run.returncode == 0, f"RESP{protocol}, seed {seed}: both servers hold the same after each write", text)
                facts.note(text)


tap.run(replay)
