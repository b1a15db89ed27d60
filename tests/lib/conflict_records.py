"""Conflict records as they stand in Redis (docs/homeport.proto, homeport.Conflicts), written by the standard library alone."""

from .protobuf import decode

EPISODES, CONFLICTS, PUBLISHED = "homeport:episodes", "homeport:conflicts", "homeport:conflicts:published"
KINDS = ("", "write-write", "write-delete", "type-clash", "expiry-write", "double-pop", "handler-failed", "stranded")
STATUSES = ("", "auto", "open", "resolved", "superseded", "ignored")


def _varint(number):
    out = bytearray()
    while number > 127:
        out.append(number & 127 | 128)
        number >>= 7
    out.append(number)
    return bytes(out)


def _uint(field, number):
    return b"" if number == 0 else _varint(field << 3) + _varint(number)


def _bytes(field, data):
    data = data.encode() if isinstance(data, str) else data
    return b"" if not data else _varint(field << 3 | 2) + _varint(len(data)) + data


def _fixed64(field, number):
    return b"" if number == 0 else _varint(field << 3 | 1) + number.to_bytes(8, "little")


def _dot(field, dot):
    return b"" if dot is None else _bytes(field, _bytes(1, dot[0]) + _uint(2, dot[1]) + _uint(3, dot[2]))


def side(dc, seq, value=None, hlc=0, command="set", client="", live=True, context=()):
    """VALUE None: a removal."""
    data = b"" if value is None else value.encode() if isinstance(value, str) else value
    return (_dot(1, (dc, 1, seq)) + _uint(2, hlc) + b"".join(_dot(3, position) for position in context) + _bytes(4, command) + _bytes(5, client) +
            _bytes(6, data) + _uint(7, len(data)) + _fixed64(8, 0 if value is None else len(data) + 1) + _uint(9, int(value is None)) +
            _uint(10, int(live)))


def record(id, key, sides, status="open", kind="write-write", rule="record", element="", type="string", opened_ms=1000, ended_ms=0, winner=None,
           value="", pairs=1, last_error="", merged_into=""):
    return (_uint(1, 1) + _bytes(2, id) + _uint(3, KINDS.index(kind)) + _uint(4, STATUSES.index(status)) + _bytes(6, key) + _bytes(7, element) +
            _bytes(8, type) + _bytes(9, rule) + b"".join(_bytes(11, one) for one in sides) + _uint(12, pairs) + _dot(13, winner) +
            _bytes(14, value) + _uint(17, opened_ms << 16) + _uint(18, ended_ms << 16) + _bytes(20, last_error) + _bytes(23, merged_into))


def together(*records):
    """As they stand in Redis: several in one value."""
    return b"".join(_bytes(1, one) for one in records)


def apart(data):
    """What stands together, one by one, as bytes."""
    at, found = 0, []
    while at < len(data):
        assert data[at] == 10, data[at]
        length = shift = 0
        while True:
            at += 1
            length |= (data[at] & 127) << shift
            shift += 7
            if data[at] < 128:
                break
        found.append(data[at + 1:at + 1 + length])
        at += 1 + length
    return found


def id_of(data):
    return decode("Conflict", data)["id"]


def status_of(data):
    return STATUSES[decode("Conflict", data)["status"]]
