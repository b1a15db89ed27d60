"""The data of a Redis server, in one order whatever order it arrived in, so that two datacenters can be compared."""

import hashlib

RESERVED_DATABASE = 15
READERS = {
    "string": ("GET",),
    "hash": ("HGETALL",),
    "set": ("SMEMBERS",),
    "zset": ("ZRANGE", 0, -1, "WITHSCORES"),
    "list": ("LRANGE", 0, -1),
    "stream": ("XRANGE", "-", "+"),
}


def _pairs(flat):
    return sorted((bytes(flat[i]), bytes(flat[i + 1])) for i in range(0, len(flat), 2))


def _in_order(kind, value):
    if kind in ("hash", "zset"):
        return _pairs(value)
    return sorted(value) if kind == "set" else value


def _chunks(items, size=500):
    return (items[start:start + size] for start in range(0, len(items), size))


def _database_keys(client):
    cursor, keys = "0", set()
    while True:
        cursor, found = client("SCAN", cursor, "COUNT", 1000)
        keys.update(found)
        if cursor == b"0":
            return sorted(keys)


def data(client):
    """{(database, key): (type, value, deadline)} of all databases that clients can select."""
    found = {}
    for section in client("INFO", "keyspace").decode().split():
        if not section.startswith("db"):
            continue
        database = int(section[2:section.index(":")])
        if database == RESERVED_DATABASE:
            continue
        client("SELECT", database)
        for keys in _chunks(_database_keys(client)):
            kinds = client.pipeline([("TYPE", key) for key in keys])
            present = [(key, kind) for key, kind in zip(keys, kinds) if kind != "none"]
            commands = [(READERS[kind][0], key, *READERS[kind][1:]) for key, kind in present]
            values = client.pipeline(commands + [("PEXPIRETIME", key) for key, _ in present])
            for number, (key, kind) in enumerate(present):
                found[database, key] = (kind, _in_order(kind, values[number]), values[len(present) + number])
    return found


def digest(found):
    return hashlib.sha256(repr(sorted(found.items())).encode()).hexdigest()[:16]


def differences(one, other, limit=10):
    """Readable: what is where, for a report."""
    keys = [key for key in sorted(one.keys() | other.keys()) if one.get(key) != other.get(key)]
    lines = [f"{key}: {str(one.get(key))[:200]} | {str(other.get(key))[:200]}" for key in keys[:limit]]
    return [f"{len(keys)} keys differ", *lines] if keys else []
