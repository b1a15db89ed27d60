"""What is in the datacenters' logs, read past the sidecars as any consumer may: batches and conflict records."""

import subprocess

from .digest import RESERVED_DATABASE
from .protobuf import decode
from .workspace import HOST

LOG_STREAM, LOG_FIELD = "homeport:log", b"b"
CONFLICTS_STREAM, CONFLICTS_FIELD = "homeport:conflicts", b"c"
CHUNK = 2000


def stream_values(redis, stream, field):
    """The values of FIELD of all entries of a stream in the reserved database, in order."""
    values, start = [], "-"
    with redis.client(60) as client:
        client("SELECT", RESERVED_DATABASE)
        while True:
            entries = client("XRANGE", stream, start, "+", "COUNT", CHUNK)
            for entry, pairs in entries:
                values += [pairs[at + 1] for at in range(0, len(pairs), 2) if pairs[at] == field]
                start = b"(" + entry
            if len(entries) < CHUNK:
                return values


def topic_values(broker, topic):
    """The values of all records of a topic, in order: kcat gives each behind its length."""
    done = subprocess.run(["kcat", "-C", "-q", "-e", "-b", f"{HOST}:{broker.port}", "-t", topic, "-o", "beginning", "-f", "%R%s"],
                          capture_output=True, check=True, timeout=120)
    data, at, values = done.stdout, 0, []
    while at < len(data):
        length = max(int.from_bytes(data[at:at + 4], "big", signed=True), 0)
        values.append(data[at + 4:at + 4 + length])
        at += 4 + length
    return values


def topic_times(broker, topic):
    """When the records of a topic were written, in seconds since 1970, as the broker judges their age by."""
    done = subprocess.run(["kcat", "-C", "-q", "-e", "-b", f"{HOST}:{broker.port}", "-t", topic, "-o", "beginning", "-f", "%T\n"],
                          capture_output=True, check=True, timeout=120)
    return [int(line) / 1000 for line in done.stdout.split()]


def batches(world, dc):
    """The batches of a datacenter's log, parts joined. One may be there twice."""
    if world.log == "kafka":
        raw = topic_values(world.broker, f"homeport.{dc.name}")
    else:
        raw = stream_values(dc.redis, LOG_STREAM, LOG_FIELD)
    found, parts = [], {}
    for batch in (decode("Batch", data) for data in raw):
        if batch["part_count"] <= 1:
            found.append(batch)
            continue
        known = parts.setdefault((batch["incarnation"], batch["first_seq"]), {})
        known[batch["part"]] = batch["part_bytes"]
        if len(known) == batch["part_count"]:
            found.append(decode("Batch", b"".join(known[part] for part in sorted(known))))
            known.clear()
    return found


def records_of(values):
    """The conflict records in VALUES, each of which holds several."""
    return [record for data in values for record in decode("Conflicts", data)["conflicts"]]


def conflict_events(world, dc):
    """Every conflict record that a datacenter wrote down, in order: what opened, and later what ended."""
    return records_of(stream_values(dc.redis, CONFLICTS_STREAM, CONFLICTS_FIELD))


def open_episodes(dc):
    """The records of conflicts that are open, or have writes that are not stable."""
    with dc.redis.client(60) as client:
        client("SELECT", RESERVED_DATABASE)
        return records_of(client("HVALS", "homeport:episodes"))


def published_conflicts(world, dc):
    """The conflicts topic, where the log is Kafka."""
    return [decode("Conflict", data) for data in topic_values(world.broker, f"homeport.{dc.name}.conflicts")]
