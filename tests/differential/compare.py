"""Compare: which replies have to be the same byte for byte, and what is asked of the others."""

import re

# What is random, or ordered by a hash whose seed each server makes up for itself: only as much is compared as is not.
SORTED = {"SMEMBERS", "SINTER", "SUNION", "SDIFF", "KEYS", "SPOP", "HKEYS", "HVALS", "SORT", "SORT_RO"}
SORTED_PAIRS = {"HGETALL"}
SCANS = {"SCAN", "SSCAN"}
PAIR_SCANS = {"HSCAN", "ZSCAN"}
SHAPES = {"SRANDMEMBER", "HRANDFIELD", "ZRANDMEMBER", "RANDOMKEY", "TIME", "DUMP"}
# Clocks go on while a command is on its way. Seconds, or milliseconds.
NEAR = {"TTL": 2, "PTTL": 2000, "EXPIRETIME": 2, "PEXPIRETIME": 2000}
LINE = re.compile(rb"([^\r]*)\r\n")


def read(data, at=0):
    """One reply off the wire: ((type, what it holds), where the next begins)."""
    match = LINE.match(data, at)
    kind, rest, at = data[at:at + 1], match.group(1)[1:], match.end()
    if kind in b"$=!" and rest != b"-1":
        end = at + int(rest)
        return (kind, data[at:end]), end + 2
    if kind in b"*~>%|" and rest != b"-1":
        items = []
        for _ in range(int(rest) * (2 if kind in b"%|" else 1)):
            item, at = read(data, at)
            items.append(item)
        return (kind, items), at
    return (kind, rest), at


def read_all(data):
    replies, at = [], 0
    while at < len(data):
        reply, at = read(data, at)
        replies.append(reply)
    return replies


def _shape(reply):
    kind, held = reply
    return (kind, len(held)) if isinstance(held, list) else (kind,)


def _pairs(items):
    if items and all(isinstance(item[1], list) for item in items):
        return sorted(items, key=repr)
    return sorted(zip(items[::2], items[1::2]), key=repr)


def plain(reply, command):
    """What has to be the same of it."""
    name = command[0].upper().decode("latin-1")
    kind, held = reply
    if kind == b"-":
        return reply
    if name == "OBJECT" and len(command) > 1 and command[1].upper() in (b"IDLETIME", b"FREQ", b"REFCOUNT"):   # a transaction holds its arguments, too
        return _shape(reply)
    is_part_of_a_tie = name in ("SORT", "SORT_RO") and any(word.upper() == b"LIMIT" for word in command)
    if name in SHAPES or is_part_of_a_tie:
        return _shape(reply)
    if not isinstance(held, list):
        return reply
    if name in SORTED:
        return kind, sorted(held, key=repr)
    if name in SORTED_PAIRS:
        return kind, _pairs(held)
    if name in SCANS:
        return kind, held[0], sorted(held[1][1], key=repr)
    if name in PAIR_SCANS:
        return kind, held[0], _pairs(held[1][1])
    return reply


def is_same(one, other, command, queued):
    """QUEUED: the commands to which an EXEC answers."""
    name = command[0].upper().decode("latin-1")
    if one == other:
        return True
    if name in NEAR and one[0] == other[0] == b":":
        ours, theirs = int(one[1]), int(other[1])
        return min(ours, theirs) > 0 and abs(ours - theirs) <= NEAR[name]
    if name == "EXEC" and one[0] == other[0] == b"*" and isinstance(one[1], list) and isinstance(other[1], list):
        return len(one[1]) == len(other[1]) == len(queued) and all(map(lambda a, b, said: is_same(a, b, said, ()), one[1], other[1], queued))
    return plain(one, command) == plain(other, command)


def first_difference(commands, ours, theirs):
    """None, or (which command, our reply, theirs). OURS and THEIRS are all bytes that came back."""
    if ours == theirs:
        return None
    our_replies, their_replies = read_all(ours), read_all(theirs)
    queued = []
    for number, command in enumerate(commands):
        if number >= len(our_replies) or number >= len(their_replies):
            return number, *(str(replies[number]) if number < len(replies) else "nothing" for replies in (our_replies, their_replies))
        our, their = our_replies[number], their_replies[number]
        if not is_same(our, their, command, queued):
            return number, str(our), str(their)
        name = command[0].upper()
        if their == (b"+", b"QUEUED"):
            queued.append(command)
        elif name in (b"EXEC", b"DISCARD"):
            queued = []
    return None


def are_same_data(ours, theirs):
    """{(database, key): (type, value, deadline)}; deadlines may be as far apart as the two servers were asked."""
    return ours.keys() == theirs.keys() and all(
        our[:2] == theirs[key][:2] and (our[2] == theirs[key][2] or min(our[2], theirs[key][2]) > 0 and abs(our[2] - theirs[key][2]) <= NEAR["PTTL"])
        for key, our in ours.items())
