"""World: datacenters, each a Redis and a sidecar, joined by a real log, with ways between them that can be cut and slowed down."""

import math
import time
from dataclasses import dataclass

from . import digest
from .certificates import Authority
from .kafka_broker import KafkaBroker
from .link import Link
from .redis_server import RedisServer
from .sidecar import Sidecar
from .workspace import HOST, Workspace, free_port

LOGS = ("redis-stream", "kafka")
WAITING_METRICS = ("homeport_owed_events", "homeport_outbox_events", "homeport_replication_lag_events", "homeport_held_events")
QUIET_SECONDS = 0.6  # longer than a heartbeat takes
LAST_LINES = 40


@dataclass
class Datacenter:
    name: str
    redis: RedisServer
    sidecar: Sidecar = None

    def client(self, timeout=10):
        """As an application: through the sidecar."""
        return self.sidecar.client(timeout)

    def data(self):
        """Past the sidecar: what Redis really holds."""
        with self.redis.client(60) as client:
            return digest.data(client)


class World:
    def __init__(self, names=("a", "b"), log="redis-stream", rules=(("*", "lww"),), aof=True, clock_offsets=None, settings="",
                 with_links=True, with_peer_links=False, ports=None, with_sockets=False, redis_options=()):
        """RULES: (match, rule), or (match, rule, what more it needs as YAML: "order: [a, b]"). SETTINGS: more lines of YAML for every
        sidecar. PORTS: {name: port} for clients, free ones otherwise.
        Without links every way is direct, which costs no time under load. With peer links the ways that commands are forwarded on can be cut as well. With sockets each sidecar finds its Redis at a Unix socket."""
        self.workspace = Workspace()
        self.log = log
        self.broker = None
        self.dcs = {name: Datacenter(name, RedisServer(self.workspace, f"redis-{name}", aof, redis_options)) for name in names}
        self._ports = {name: (ports or {}).get(name) or free_port() for name in names}
        self._links = {}
        self._with_links = with_links
        self._with_sockets = with_sockets
        self._settings = settings
        self._make_ways()
        self._peer_links = {(asker, peer): Link(self.workspace, (HOST, self._ports[peer]))
                            for asker in names for peer in names if with_peer_links and asker != peer}
        for dc in self.dcs.values():
            dc.sidecar = Sidecar(self.workspace, f"homeportd-{dc.name}", self._config(dc.name, rules),
                                 self._ports[dc.name], (clock_offsets or {}).get(dc.name))

    def _make_ways(self):
        ways = [(reader, origin) for reader in self.dcs for origin in self.dcs]
        if self.log == "kafka":
            self.broker = KafkaBroker(self.workspace, ways if self._with_links else ())
            self._links = self.broker.links
        elif self._with_links:
            self._links = {(reader, origin): Link(self.workspace, self.dcs[origin].redis.address)
                           for reader, origin in ways if reader != origin}

    def _way_address(self, reader, origin):
        link = self._links.get((reader, origin))
        if link:
            return f"{HOST}:{link.port}"
        return f"{HOST}:{self.broker.port if self.broker else self.dcs[origin].redis.port}"

    def _log_config(self, reader, origin):
        address = self._way_address(reader, origin)
        if self.log == "kafka":
            return f'{{ kafka: {{ bootstrap.servers: "{address}" }} }}'
        return "{ redis-stream: {} }" if reader == origin else f"{{ redis-stream: {{ address: {address} }} }}"

    def _config(self, name, rules):
        redis = self.dcs[name].redis
        lines = [f"dc: {name}", f"redis: {{ address: {redis.socket if self._with_sockets else f'{HOST}:{redis.port}'} }}",
                 f"log: {self._log_config(name, name)}", "peers:"]
        for peer in self.dcs:
            if peer != name:
                link = self._peer_links.get((name, peer))
                lines.append(f"  {peer}: {{ address: {HOST}:{link.port if link else self._ports[peer]}, log: {self._log_config(name, peer)} }}")
        lines.append("rules:")
        lines += [f'  - {{ match: "{match}", rule: {", ".join((rule, *more))} }}' for match, rule, *more in rules]
        return "\n".join(lines) + "\n" + self._settings

    def speak_tls(self):
        """Has clients taken by TLS as well: ({name: port}, the authority's certificate). Before start()."""
        authority = Authority(self.workspace.directory, "authority")
        ports = {name: free_port() for name in self.dcs}
        for name, dc in self.dcs.items():
            cert, key = authority.issue(name)
            path = dc.sidecar.config_path
            path.write_text(f'{path.read_text()}listen_tls: {HOST}:{ports[name]}\ntls: {{ cert: "{cert}", key: "{key}" }}\n')
        return ports, authority.cert

    def change_rules(self, rules, names=None):
        """Writes RULES into the configuration, of all or of those named, and has them taken over (SIGHUP)."""
        for name in names or self.dcs:
            self[name].sidecar.change_config(self._config(name, rules))

    def __getitem__(self, name):
        return self.dcs[name]

    def __iter__(self):
        return iter(self.dcs.values())

    def start(self):
        if self.broker:
            self.broker.start()
        for dc in self:
            dc.redis.start(wait=False)
        for dc in self:
            dc.redis.wait_ready()
        for dc in self:
            dc.sidecar.start(wait=False)
        for dc in self:
            dc.sidecar.wait_ready()
        self.wait_zero_lag()
        return self

    # ---- ways between datacenters ----

    def _ways_of(self, name):
        return [link for links in (self._links, self._peer_links) for way, link in links.items() if name in way]

    def cut(self, name):
        """NAME reaches nobody, and nobody reaches it."""
        for link in self._ways_of(name):
            link.cut()

    def heal(self, name):
        for link in self._ways_of(name):
            link.heal()

    def cut_way(self, reader, origin):
        """READER cannot read the log of ORIGIN; with a broker, READER = ORIGIN cannot write its own."""
        self._links[reader, origin].cut()

    def heal_way(self, reader, origin):
        self._links[reader, origin].heal()

    def slow(self, reader, origin, seconds):
        """What happens at ORIGIN reaches READER later."""
        self._links[reader, origin].slow(seconds)

    # ---- whether all have applied all ----

    def _distance(self):
        """How far all are from having applied all: events, and one for each thing that is not known yet. 0: quiet."""
        distance = 0
        for dc in self:
            metrics = dc.sidecar.metrics()
            distance += sum(metrics.total(name) for name in WAITING_METRICS)
            distance += sum(metrics.total("homeport_findings", check=check) for check in ("recalling", "log", "silent"))
            distance += metrics.values("homeport_replication_staleness_seconds").count(math.inf) + (not dc.sidecar.is_ready())
        return distance

    def wait_zero_lag(self, seconds=60):
        """Every datacenter says that it owes nothing, waits for nothing, and its peers are heard; and says so again a little later.
        SECONDS: how long no progress is borne."""
        nearest, quiet_looks, deadline = math.inf, 0, time.monotonic() + seconds
        while quiet_looks < 2:
            try:
                distance = self._distance()
            except OSError:
                distance = math.inf  # a sidecar that starts
            if distance < nearest:
                nearest, deadline = distance, time.monotonic() + seconds
            quiet_looks = quiet_looks + 1 if distance == 0 else 0
            if time.monotonic() > deadline:
                raise TimeoutError(f"no progress towards zero lag in {seconds} s, {distance} to go\n{self.describe()}")
            time.sleep(QUIET_SECONDS if distance == 0 else 0.1)

    def describe(self):
        return "\n".join(f"{dc.name}: {self._verbose(dc)}" for dc in self)

    @staticmethod
    def _verbose(dc):
        try:
            return dc.sidecar.http("/readyz?verbose")[1] + dc.sidecar.http("/v1/status")[1]
        except OSError as error:
            return f"does not answer ({error})"

    def check_same_everywhere(self, facts, fact="after zero lag every datacenter holds the same data"):
        self.wait_zero_lag()
        first, *others = list(self)
        expected = first.data()
        for other in others:
            found = other.data()
            facts.check(found == expected, f"{fact} ({first.name} = {other.name}, {len(expected)} keys, "
                                           f"digest {digest.digest(expected)})",
                        "; ".join(digest.differences(expected, found)))
        return expected

    def conflicts(self):
        """{datacenter: conflicts it has counted}."""
        return {dc.name: int(dc.sidecar.metrics().total("homeport_conflicts_total")) for dc in self}

    def close(self):
        self.workspace.close()

    def __enter__(self):
        return self

    def __exit__(self, error, *_):
        if error is not None:
            self._tell_last_words()
        self.close()

    def _tell_last_words(self):
        """What the logs end with, as the reason of a failure may stand there."""
        for dc in self:
            for line in dc.sidecar.log_text().splitlines()[-LAST_LINES:]:
                print(f"# {dc.sidecar.name}: {line}")
