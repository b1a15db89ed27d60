"""What a session promises, checked on histories (Terry et al., "Session Guarantees for Weakly Consistent Replicated Data", 1994). Each key has one writer, who
counts its versions up; so a version is a number, and an older one is a smaller one."""

from dataclasses import dataclass, field


@dataclass
class History:
    """Of one user: what was read and written, in order. VERSIONS: {key: number}."""
    wrote: dict = field(default_factory=dict)
    read: dict = field(default_factory=dict)
    broken: list = field(default_factory=list)

    def writes(self, key, version):
        self.wrote[key] = version

    def reads(self, where, key, version):
        if version < self.wrote.get(key, 0):
            self.broken.append(f"read-your-writes: {key} at {where} is {version}, its writer wrote {self.wrote[key]}")
        if version < self.read.get(key, 0):
            self.broken.append(f"monotonic reads: {key} at {where} is {version}, and was {self.read[key]}")
        self.read[key] = max(version, self.read.get(key, 0))


def effect_before_cause(where, effect, seen):
    """A write that names the versions its writer had seen: whoever reads it, and then those keys, finds no older ones. EFFECT, SEEN: {key: version}."""
    return [f"writes follow reads: at {where} a write that had seen {key} {version} is there, and {key} is {seen.get(key, 0)}"
            for key, version in effect.items() if seen.get(key, 0) < version]
