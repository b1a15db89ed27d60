#!/usr/bin/env python3
"""TLS on every side: clients, Redis, the log of a peer, forwarded writes; certificates that are chosen, required, replaced, refused."""

import socket
import ssl
import subprocess
import sys
import urllib.request
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from lib import tap
from lib.certificates import Authority
from lib.redis_server import RedisServer
from lib.resp import Client
from lib.sidecar import Sidecar, build_directory
from lib.workspace import HOST, Workspace, free_port, wait_until

CLIENTS = Path(__file__).resolve().parents[1] / "chaos" / "clients"
LARGE = b"".join(b"%d," % number for number in range(400_000))


class TlsClient(Client):
    """Like Client, by TLS."""

    def __init__(self, port, authority, identity=None, name=HOST, timeout=20):  # pylint: disable=super-init-not-called
        context = ssl.create_default_context(cafile=authority.cert)
        if identity is not None:
            context.load_cert_chain(*identity)
        self._socket = context.wrap_socket(socket.create_connection((HOST, port), timeout), server_hostname=name)
        self._input = self._socket.makefile("rb")


class TlsDatacenter:
    def __init__(self, workspace, authority, name):
        self.name = name
        self.redis_port, self.tls_port, self.https_port, self.port = free_port(), free_port(), free_port(), free_port()
        self.cert, self.key = authority.issue(name, f"IP:127.0.0.1,DNS:{name}.example")
        self.redis = RedisServer(workspace, f"redis-{name}", options=[
            "--tls-port", str(self.redis_port), "--tls-cert-file", str(self.cert), "--tls-key-file", str(self.key),
            "--tls-ca-cert-file", str(authority.cert), "--requirepass", "open: sesame@"])
        self.sidecar = None

    def listens(self):
        return f"listen_tls: {HOST}:{self.tls_port}\nadmin_tls: {HOST}:{self.https_port}\n"


def config_of(dc, peer, authority, more=""):
    return (f'dc: {dc.name}\n{dc.listens()}tls: {{ cert: "{dc.cert}", key: "{dc.key}", ca: "{authority.cert}", handshake: 2s{more} }}\n'
            f'redis: {{ address: "rediss://:open: sesame%40@{HOST}:{dc.redis_port}" }}\n'
            f'peers:\n  {peer.name}: {{ address: "rediss://:open%3A%20sesame%40@{HOST}:{peer.tls_port}",'
            f' log: {{ redis-stream: {{ address: "rediss://:open%3A%20sesame%40@{HOST}:{peer.redis_port}" }} }} }}\n'
            'homes:\n  - { match: "user:{id}:*", default: { list: [ { match: "*", dc: b } ] }, away: forward }\n')


def logged_in(port, authority, **options):
    client = TlsClient(port, authority, **options)
    client("AUTH", "open: sesame@")
    return client


def shake(port, *options):
    """What openssl s_client says of a connection."""
    return subprocess.run(["openssl", "s_client", "-connect", f"{HOST}:{port}", *map(str, options)], input=b"", capture_output=True, timeout=30,
                          check=False).stdout.decode(errors="replace")


def data_goes_by_tls(facts, authority, a, b):
    with logged_in(a.tls_port, authority) as client:
        replies = client.pipeline([("SET", f"key:{number}", number) for number in range(5000)])
        facts.equal(set(replies), {"OK"}, "five thousand writes in one go are all taken")
        replies = client.pipeline([("GET", f"key:{number}") for number in range(5000)])
        facts.equal(replies, [b"%d" % number for number in range(5000)], "and are all there")
        client("SET", "large", LARGE)
        facts.check(client("GET", "large") == LARGE, "a value of many records comes back as it was")
        facts.equal(client("SET", "user:1:cart", "book"), "OK", "a write is forwarded to its home by TLS")
    with logged_in(b.tls_port, authority) as client:
        wait_until(lambda: client("GET", "large") == LARGE, 60, "the large value is at the other datacenter")
        facts.check(True, "the other datacenter reads the log by TLS")
        facts.equal(client("GET", "user:1:cart"), b"book", "the home has what was forwarded")
        subscriber = logged_in(b.tls_port, authority)
        subscriber("SUBSCRIBE", "news")
        client("PUBLISH", "news", "hello")
        facts.equal(subscriber.read(), [b"message", b"news", b"hello"], "a subscription of a client has a connection to Redis by TLS")


def handshakes(facts, authority, a):
    other = a.sidecar.workspace.directory / "other"
    other.mkdir()
    stranger = Authority(other, "stranger")
    said = shake(a.tls_port, "-servername", "second.example", "-CAfile", authority.cert)
    facts.check("CN = second" in said and "Verify return code: 0" in said, "the name that a client asks for chooses the certificate", said[-900:])
    said = shake(a.tls_port, "-servername", "nobody.example", "-alpn", "h2")
    facts.check("CN = a\n" in said.replace("CN = a ", "CN = a\n") and "No ALPN negotiated" in said, "another gets the first; no ALPN is spoken", said[-900:])
    facts.check("Protocol  : TLSv1.2" in shake(a.tls_port, "-tls1_2"), "TLS 1.2 is spoken")
    try:
        TlsClient(a.tls_port, stranger)
        facts.check(False, "a client that trusts another authority turns away")
    except ssl.SSLError:
        facts.check(True, "a client that trusts another authority turns away")
    with socket.create_connection((HOST, a.tls_port), 30) as silent:
        facts.equal(silent.recv(1), b"", "who does not shake hands is closed")
    with socket.create_connection((HOST, a.tls_port), 30) as plain:
        plain.sendall(b"*1\r\n$4\r\nPING\r\n")
        try:
            while plain.recv(1000):
                pass
        except ConnectionResetError:
            pass
    metrics = wait_until(lambda: a.sidecar.metrics() if a.sidecar.metrics().total("homeport_tls_handshakes_total", side="client", result="failed") >= 3 else None, 30,
                         "failed handshakes are counted")
    facts.check(metrics.total("homeport_tls_handshakes_total", side="client", result="ok") >= 3, "handshakes are counted")
    facts.check(len(metrics.values("homeport_certificate_expiry_timestamp_seconds")) == 2, "the end of each certificate is a metric")
    facts.check("TLS handshake failed" in a.sidecar.log_text(), "a failed handshake is logged")


def reloads(facts, authority, a, b):
    standing = logged_in(a.tls_port, authority)
    old_serial = ssl.get_server_certificate((HOST, a.tls_port))
    authority.issue("a", "IP:127.0.0.1,DNS:a.example", days=3)
    a.sidecar.change_config(config_of(a, b, authority, more=", clients: required, min_version: 1.3"))
    wait_until(lambda: "configuration reloaded" in a.sidecar.log_text(), 30, "the reload")
    facts.equal(standing("PING"), "PONG", "a connection that was there goes on")
    identity = authority.issue("app")
    with logged_in(a.tls_port, authority, identity=identity) as client:
        facts.equal(client("GET", "key:1"), b"1", "a client with a certificate is let in")
        new_serial = ssl.DER_cert_to_PEM_cert(client._socket.getpeercert(True))
    facts.check(old_serial != new_serial, "the new certificate is shown")
    try:
        logged_in(a.tls_port, authority)
        facts.check(False, "a client without one is turned away")
    except (OSError, EOFError):
        facts.check(True, "a client without one is turned away")
    facts.check("Cipher is (NONE)" in shake(a.tls_port, "-tls1_2"), "TLS 1.2 is not spoken any more")
    status, text = a.sidecar.http("/readyz?verbose")
    facts.check(f"warning certificate: the certificate in {a.cert} is valid for" in text, "a certificate that ends soon is a finding", text)
    (a.sidecar.workspace.directory / "a.key").write_text("no key")
    a.sidecar.reload()
    wait_until(lambda: "configuration not reloaded" in a.sidecar.log_text(), 30, "the refused reload")
    facts.check(f"tls.key: the file '{a.key}' holds no key" in a.sidecar.log_text(), "a key that is none is told where it stands")
    with logged_in(a.tls_port, authority, identity=identity) as client:
        facts.equal(client("PING"), "PONG", "and what was there goes on")
    return identity


def real_clients(facts, authority, a, identity):
    cli = subprocess.run(["redis-cli", "--tls", "--cacert", authority.cert, "--cert", identity[0], "--key", identity[1], "-h", HOST, "-p", str(a.tls_port),
                          "-a", "open: sesame@", "--no-auth-warning", "GET", "key:7"], capture_output=True, text=True, timeout=30, check=False)
    facts.equal(cli.stdout.strip(), "7", "redis-cli comes by TLS")
    cache = Path(subprocess.run([CLIENTS / "prepare"], capture_output=True, text=True, check=True).stdout.strip())
    script = ("import redis, sys\n"
              "client = redis.Redis(host='127.0.0.1', port=int(sys.argv[1]), password='open: sesame@', ssl=True, ssl_ca_certs=sys.argv[2],"
              " ssl_certfile=sys.argv[3], ssl_keyfile=sys.argv[4], protocol=3)\n"
              "with client.pipeline() as pipe:\n"
              "    for number in range(1000): pipe.incr('counted')\n"
              "    print(pipe.execute()[-1])\n")
    found = subprocess.run([cache / "python" / "bin" / "python", "-c", script, str(a.tls_port), authority.cert, *identity], capture_output=True, text=True,
                           timeout=60, check=False)
    facts.equal(found.stdout.strip(), "1000", f"redis-py comes by TLS {found.stderr[-300:]}")


def by_https(facts, authority, a, identity):
    command = [build_directory() / "homeportctl", "--admin", f"https://{HOST}:{a.https_port}", "--json", "status"]
    done = subprocess.run([*command, "--cacert", authority.cert, "--cert", identity[0], "--key", identity[1]], capture_output=True, text=True, timeout=60, check=False)
    facts.check(done.returncode in (0, 1) and '"dc"' in done.stdout, "homeportctl asks by HTTPS", done.stdout[-300:] + done.stderr)
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    facts.check("is not believed" in done.stderr, "and does not believe a stranger", done.stderr)
    context = ssl.create_default_context(cafile=authority.cert)
    context.load_cert_chain(*identity)
    with urllib.request.urlopen(f"https://{HOST}:{a.https_port}/metrics", timeout=60, context=context) as answer:
        facts.check(b"homeport_tls_handshakes_total" in answer.read(), "metrics are read by HTTPS")


def mistrust(facts, workspace, authority, a, b):
    """Redis's certificate is for somebody else."""
    config = config_of(b, a, authority).replace("redis: { address", "redis: { tls_name: redis.example, address")
    b.sidecar.kill()
    b.sidecar._write_config(config)
    b.sidecar.start(wait=False)
    text = wait_until(lambda: "ostname mismatch" in b.sidecar.http("/readyz?verbose")[1] and b.sidecar.http("/readyz?verbose")[1], 60, "the mismatch is told")
    facts.check("hostname mismatch" in text.lower(), "a Redis whose certificate is for another name is not used", text)
    path = workspace.directory / "bad.yml"
    path.write_text(f"dc: x\nlisten_tls: 127.0.0.1:7999\ntls:\n  cert: missing.crt\n  key: missing.key\n")
    done = subprocess.run([build_directory() / "homeportd", "--check", "--config", path], capture_output=True, text=True, check=False)
    facts.check(done.returncode == 1 and f"{path}:4:9: tls.cert: cannot read the file" in done.stderr, "--check finds a file that is missing", done.stderr)


def tls(facts):
    with Workspace() as workspace:
        authority = Authority(workspace.directory, "authority")
        a, b = TlsDatacenter(workspace, authority, "a"), TlsDatacenter(workspace, authority, "b")
        second = authority.issue("second", "DNS:second.example")
        for dc, peer in ((a, b), (b, a)):
            dc.redis.start(wait=False)
            config = config_of(dc, peer, authority)
            if dc is a:
                config = config.replace(f'cert: "{a.cert}", key: "{a.key}"', f'cert: [ "{a.cert}", "{second[0]}" ], key: [ "{a.key}", "{second[1]}" ]')
            wait_until(lambda dc=dc: Client(dc.redis.address), 60, "Redis listens")
            dc.sidecar = Sidecar(workspace, f"homeportd-{dc.name}", config, dc.port, 0 if dc is a else None)
            dc.sidecar.start()
        for dc in (a, b):
            dc.sidecar.wait_ready()
        data_goes_by_tls(facts, authority, a, b)
        handshakes(facts, authority, a)
        identity = reloads(facts, authority, a, b)
        real_clients(facts, authority, a, identity)
        by_https(facts, authority, a, identity)
        mistrust(facts, workspace, authority, a, b)
        a.sidecar.set_clock(4 * 86400)
        text = wait_until(lambda: "broken certificate" in a.sidecar.http("/readyz?verbose")[1] and a.sidecar.http("/readyz?verbose")[1], 30, "the end of a certificate")
        facts.check(f"broken certificate: the certificate in {a.cert} is no longer valid" in text, "a certificate that has ended is a finding", text)
        for dc in (a, b):
            facts.check("sesame" not in dc.sidecar.log_text() and "sesame" not in dc.sidecar.http("/v1/status")[1], f"no secret of {dc.name} is told")


tap.run(tls)
