"""What HOMEPORT GET, SET and DEL answer: the siblings of a key or field, and the context that stands for having seen them."""

from dataclasses import dataclass

NOTHING_SEEN = ""


@dataclass(frozen=True)
class Sibling:
    value: bytes                       # None: a removal
    dc: str                            # "": no version is known, only a value
    dot: str
    unix_ms: int


@dataclass(frozen=True)
class Versions:
    context: bytes
    siblings: tuple                    # newest first

    @property
    def values(self):
        """In an order of its own, so that two sets of siblings can be compared; removals are None."""
        return sorted((sibling.value for sibling in self.siblings), key=lambda value: (value is not None, value))

    @property
    def dots(self):
        return sorted(sibling.dot for sibling in self.siblings)


def _versions(reply):
    context, siblings = reply
    return Versions(context, tuple(Sibling(value, dc.decode(), dot.decode(), int(ms)) for value, dc, dot, ms in siblings))


def _of_field(field):
    return () if field is None else ("FIELD", field)


def get(client, key, field=None):
    return _versions(client("HOMEPORT", "GET", key, *_of_field(field)))


def put(client, key, value, context=NOTHING_SEEN, field=None):
    """Returns the versions afterwards, as get()."""
    return _versions(client("HOMEPORT", "SET", key, value, context, *_of_field(field)))


def remove(client, key, context, field=None):
    return _versions(client("HOMEPORT", "DEL", key, context, *_of_field(field)))
