"""Oracle: which pairs of writes conflict, computed from the logs alone by rule 9 of docs/replication-model.md. It knows nothing of
what homeportd computed; it needs every batch of every log, and takes its time."""

from collections import Counter, defaultdict
from dataclasses import dataclass, field

KINDS = {  # what a change is about, by its kind on the wire
    "SET": "string", "INCREMENT": "string", "INCREMENT_FLOAT": "string", "APPEND": "string", "RANGE": "string", "BITS": "string",
    "FIELD_SET": "hash", "FIELD_REMOVE": "hash", "FIELD_INCREMENT": "hash", "FIELD_INCREMENT_FLOAT": "hash",
    "MEMBER_ADD": "set", "MEMBER_REMOVE": "set",
    "SCORE_SET": "zset", "SCORE_REMOVE": "zset", "SCORE_INCREMENT": "zset",
    "EXPIRE": "ttl", "CLEAR": "key",
}
PARTS = "APPEND", "RANGE", "BITS"      # of a string: they count like increments
EXPIRED = 1
KEEPS_DEADLINE = -1
IS_FIELD, IS_ALONE = 2, 4              # of siblings


@dataclass(frozen=True, order=True)
class Dot:
    dc: str
    incarnation: int
    seq: int

    def __str__(self):
        return f"{self.dc}/{self.incarnation}/{self.seq}"


@dataclass
class Write:
    dot: Dot
    hlc: int
    context: dict                      # (dc, incarnation) -> seq: what was applied where it was written
    changes: list
    is_explicit: bool
    siblings: list = field(default_factory=list)

    @property
    def origin(self):
        return self.dot.dc, self.dot.incarnation

    def covers(self, other):
        return self.context.get(other.origin, 0) >= other.dot.seq


@dataclass(frozen=True)
class Touch:
    """One change of a write, as rule 9 sees it."""
    write: Write = field(compare=False, hash=False)
    kind: str
    element: bytes
    is_delta: bool
    is_present: bool                   # it makes its element present
    has_deadline: bool                 # a SET that writes the deadline, too
    is_expiry: bool

    def is_about(self, other):
        """What both concern, as (kind, element); None: nothing."""
        if self.kind == "key" or other.kind == "key":
            if self.is_expiry and other.is_expiry:
                return None
            changed = other if self.kind == "key" else self
            return changed.kind, changed.element
        if self.kind == other.kind:
            return (self.kind, self.element) if self.element == other.element else None
        if "ttl" in (self.kind, other.kind):
            return ("ttl", b"") if self.has_deadline or other.has_deadline else None
        return ("key", b"") if self.is_present and other.is_present else None


@dataclass(frozen=True)
class Pair:
    db: int
    key: bytes
    kind: str
    element: bytes
    first: Dot
    second: Dot
    is_sum: bool = False               # of two increments: counted, but nothing is lost, so nothing is recorded
    again: Dot = None                  # the one that was left alive alone: here it is another than in the record of its own conflict

    @property
    def subject(self):
        return self.db, self.key, self.kind, self.element


def writes_of(batches):
    """All writes, each once."""
    found = {}
    for batch in batches:
        context = {(position["dc"], position["incarnation"]): position["seq"] for position in batch["context"]}
        for number, write in enumerate(batch["writes"]):
            dot = Dot(batch["dc"], batch["incarnation"], batch["first_seq"] + number)
            siblings = [change for change in write["changes"] if change["kind"] == "SIBLING"]
            changes = [change for change in write["changes"] if change["kind"] != "SIBLING"]
            found[dot] = Write(dot, batch["hlc"] + number, context, changes, write["explicit"], siblings)
    return found


def _touch(write, change):
    kind = change["kind"]
    assert kind in KINDS, f"the oracle does not know {kind}"
    is_delta = "INCREMENT" in kind or kind in PARTS
    return Touch(write, KINDS[kind], change["element"], is_delta, is_delta or kind.endswith("SET") or kind == "MEMBER_ADD",
                 kind == "SET" and change["expire_at_ms"] != KEEPS_DEADLINE, kind == "CLEAR" and change["number"] == EXPIRED)


def _are_concurrent(one, other):
    return one.origin != other.origin and not one.covers(other) and not other.covers(one)


def _touches_by_key(writes):
    by_key = defaultdict(list)
    for write in writes.values():
        for change in write.changes:
            by_key[change["db"], change["key"]].append(_touch(write, change))
    return by_key


def _named(change):
    """(subject, dot) of a sibling."""
    kind = "hash" if change["number"] & IS_FIELD else "string"
    return (change["db"], change["key"], kind, change["element"]), Dot(change["dc"], change["incarnation"], change["seq"])


def _pairs_of_siblings(writes):
    """A write with a context of its own lies beside the versions that it ships along."""
    finders = defaultdict(list)        # by version: those that found it alone
    for write in writes.values():
        for change in write.siblings:
            if change["number"] & IS_ALONE:
                finders[_named(change)].append(write)
    for write in writes.values():
        for change in write.siblings:
            subject, other = _named(change)
            is_again = any(finder is write or write.covers(finder) for finder in finders[subject, other])
            yield Pair(*subject, *sorted((write.dot, other)), again=other if is_again else None)


def pairs_of(writes):
    """Every conflict, as a set of pairs."""
    pairs = set(_pairs_of_siblings(writes))
    for (db, key), touches in _touches_by_key(writes).items():
        for at, one in enumerate(touches):
            for other in touches[at + 1:]:
                if not _are_concurrent(one.write, other.write):
                    continue
                subject = one.is_about(other)
                if subject:
                    pairs.add(Pair(db, key, *subject, *sorted((one.write.dot, other.write.dot)),
                                   is_sum=one.is_delta and other.is_delta and one.kind == other.kind))
    return pairs


def count_by_kind(pairs, rule_of):
    """{(rule, type): conflicts}. RULE_OF(key) names the rule."""
    return Counter((rule_of(pair.key), pair.kind) for pair in pairs)


@dataclass
class Episode:
    """What one conflict record tells: writes of which each is concurrent with another one of them, on one subject."""
    subject: tuple
    dots: frozenset
    pairs: int


def episodes_of(pairs):
    """Connected components, subject by subject."""
    by_subject = defaultdict(list)
    for pair in pairs:
        if not pair.is_sum:
            by_subject[pair.subject].append(pair)
    return [episode for subject, known in by_subject.items() for episode in _components(subject, known)]


def _components(subject, pairs):
    roots = {}                         # by (dot, is it there again)

    def root(node):
        while roots.setdefault(node, node) != node:
            roots[node] = node = roots[roots[node]]
        return node

    def node(pair, dot):
        return dot, dot == pair.again

    for pair in pairs:
        roots[root(node(pair, pair.first))] = root(node(pair, pair.second))
    members, counts = defaultdict(set), Counter()
    for known in list(roots):
        members[root(known)].add(known[0])
    for pair in pairs:
        counts[root(node(pair, pair.first))] += 1
    return [Episode(subject, frozenset(dots), counts[top]) for top, dots in members.items()]
