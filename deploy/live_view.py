"""The second half of deploy/quickstart: starts two datacenters and shows what passes between them, live."""

import argparse
import os
import shutil
import socket
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))
from lib.sidecar import build_directory
from lib.workspace import HOST, TOP
from lib.world import World

NAMES = ("eu", "us")
WISHED_PORTS = (7001, 7002)
# At most 80 columns, which is what a terminal has.
HEADER = f"{'':4}{'clients at':16}{'ready':6}{'written':>11}{'applied':>11}{'behind':>10}{'staleness':>11}{'conflicts':>10}"


def parse_arguments():
    parser = argparse.ArgumentParser(prog="quickstart", description=__doc__)
    parser.add_argument("--kafka", action="store_true", help="ship through a real Kafka broker")
    parser.add_argument("--seconds", type=float, help="stop by itself after so long")
    return parser.parse_args()


def free_wished_ports():
    ports = {}
    for name, port in zip(NAMES, WISHED_PORTS):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            if probe.connect_ex((HOST, port)) != 0:
                ports[name] = port
    return ports


def number(metrics, name, origin):
    """A metric that is absent while it is not known."""
    values = metrics.values(name, origin=origin)
    return f"{values[0]:.0f}" if values else "unknown"


def row(dc):
    place = f"{dc.name:4}{HOST}:{dc.sidecar.port:<6}"
    try:
        metrics, is_ready = dc.sidecar.metrics(), dc.sidecar.is_ready()
    except OSError:
        return f"{place} does not answer"
    peer = next(name for name in NAMES if name != dc.name)
    return (f"{place}{'yes' if is_ready else 'no':6}{metrics.total('homeport_local_writes_total'):11.0f}"
            f"{metrics.total('homeport_applied_events_total', origin=peer):11.0f}"
            f"{number(metrics, 'homeport_replication_lag_events', peer):>10}"
            f"{metrics.total('homeport_replication_staleness_seconds', origin=peer):9.1f} s"
            f"{metrics.total('homeport_conflicts_total'):10.0f}")


def what_to_type_about_the_log(world):
    if not world.broker:
        return ""
    return (f"  kcat -C -q -b {HOST}:{world.broker.port} -t homeport.eu -p 0 -o -1 -c 1 -f %s |"
            f" protoc --decode=homeport.Batch {os.path.relpath(TOP / 'docs' / 'homeport.proto')}   # the newest batch of eu\n")


def print_what_to_type(world):
    eu, us = (world[name].sidecar for name in NAMES)
    ctl = os.path.relpath(build_directory() / "homeportctl")
    print(f"""
Two Redis servers are one store now. In another terminal, for example:

  redis-cli -p {eu.port} SET greeting hello           # write in eu …
  redis-cli -p {us.port} GET greeting                 # … read in us
  redis-cli -p {us.port} INCR visits                  # both may count at once
  redis-benchmark -p {eu.port} -t set,incr -n 100000 -P 16 -q
  {ctl} --admin {HOST}:{eu.admin_port} status
{what_to_type_about_the_log(world)}
Ctrl-C ends it and removes everything.
""", flush=True)


def show(world, seconds):
    """In a terminal the rows stay in place; elsewhere they are printed now and then."""
    is_terminal = sys.stdout.isatty()
    deadline = time.monotonic() + seconds if seconds else None
    is_first = True
    while deadline is None or time.monotonic() < deadline:
        width = shutil.get_terminal_size().columns
        rows = [line[:width - 1] if is_terminal else line for line in (HEADER, *(row(dc) for dc in world))]
        if is_terminal and not is_first:
            print(f"\x1b[{len(rows)}A", end="")
        print("\n".join(("\x1b[2K" if is_terminal else "") + line for line in rows), flush=True)
        is_first = False
        pause = 0.5 if is_terminal else 2
        time.sleep(min(pause, max(0.0, deadline - time.monotonic())) if deadline else pause)


def main():
    arguments = parse_arguments()
    log = "kafka" if arguments.kafka else "redis-stream"
    print(f"starting two datacenters, {' and '.join(NAMES)}, joined by {log}", flush=True)
    world = World(NAMES, log, with_links=False, ports=free_wished_ports())
    try:
        world.start()
        print_what_to_type(world)
        show(world, arguments.seconds)
    except KeyboardInterrupt:
        pass
    finally:
        world.close()
    print("\nstopped; nothing is left behind")


main()
