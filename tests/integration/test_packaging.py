#!/usr/bin/env python3
"""What 'make dist' packs builds beside an unwritable source, and what 'make install' brings works where it was put: the unit, the sample
configuration, the manual, docs, alerts and dashboard. 'make uninstall' takes all of it away again. The quick half of 'make distcheck'."""

import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from lib import tap
from lib.sidecar import build_directory

EXPECTED = """
    bin/homeportctl bin/homeportd etc/homeport/homeport.yml lib/systemd/system/homeportd.service
    share/bash-completion/completions/homeportctl share/doc/homeport/README.md share/doc/homeport/docs/operating.md share/doc/homeport/docs/homeport.proto
    share/doc/homeport/examples/basket.lua share/doc/homeport/examples/homeport.yml
    share/homeport/alerts/homeport.rules.yml share/homeport/grafana/homeport.json
    share/zsh/site-functions/_homeportctl share/doc/homeport/docs/limits.md
    share/man/man1/homeportctl.1 share/man/man5/homeport.yml.5 share/man/man8/homeportd.8
""".split()
QUICK = ("CFLAGS=-O0",)  # it is the packing that is tested


def run(facts, fact, command, cwd=None, is_quiet=False):
    """Runs COMMAND; whether it ended well is a fact. Returns what it printed."""
    ended = subprocess.run([str(word) for word in command], cwd=cwd, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
    facts.check(ended.returncode == 0 and not (is_quiet and ended.stdout + ended.stderr), fact, (ended.stdout + ended.stderr)[-3000:])
    return ended.stdout + ended.stderr


def files_below(folder):
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if not path.is_dir())


def unpack(facts, folder):
    """The tree that a tarball would hold, unwritable."""
    build = build_directory()
    name = f"packaging-{os.getpid()}"
    run(facts, "make distdir", ["make", "-s", "-C", build, "distdir", f"distdir={name}"])
    shutil.move(build / name, folder / "source")
    subprocess.run(["chmod", "-R", "a-w", folder / "source"], check=True)


def the_unit(facts, prefix):
    unit = prefix / "lib/systemd/system/homeportd.service"
    started = re.search(r"^ExecStart=(\S+) --config (\S+)$", unit.read_text(), re.MULTILINE)
    facts.equal(started and started.groups(), (f"{prefix}/bin/homeportd", f"{prefix}/etc/homeport/homeport.yml"), "the unit starts what is installed")
    run(facts, "systemd-analyze verify has nothing to say about the unit", ["systemd-analyze", "verify", "--man=no", unit], is_quiet=True)
    exposure = run(facts, "systemd-analyze security calls the unit hardened", ["systemd-analyze", "security", "--offline=yes", "--no-pager", "--threshold=20", unit])
    facts.note(exposure.strip().splitlines()[-1])


def help_of(prefix, program, *words):
    return subprocess.run([prefix / "bin" / program, *words, "--help"], capture_output=True, text=True, check=True).stdout


def the_completion(facts, prefix):
    completed = subprocess.run(["bash", "-c", f"source {prefix}/share/bash-completion/completions/homeportctl && complete -p homeportctl"],
                               env={**os.environ, "PATH": f"{prefix}/bin:{os.environ['PATH']}"}, capture_output=True, text=True, check=False)
    facts.check(completed.returncode == 0, "bash completes homeportctl", completed.stderr)


def the_manual(facts, prefix):
    for page in sorted((prefix / "share/man").rglob("homeport*")):
        run(facts, f"{page.name} is a manual page without a warning", ["groff", "-K", "utf8", "-man", "-Tutf8", "-ww", "-z", page], is_quiet=True)
    plain = {page.name: page.read_text().replace("\\-", "-").replace("\\fB", "").replace("\\fR", "").replace("\\fI", "")
             for page in (prefix / "share/man").rglob("homeport*")}
    help_text = help_of(prefix, "homeportctl")
    orders = [" ".join(re.match(r"[a-z-]+( [a-z-]+)?", line).group().split()) for line in re.findall(r"^  ([a-z].*)$", help_text, re.MULTILINE)]
    facts.check(len(orders) > 5, "homeportctl --help names its orders", help_text)
    help_text += "".join(help_of(prefix, "homeportctl", *order.split()) for order in orders)
    for name, words in (("homeportctl.1", orders + re.findall(r"--[a-z-]+", help_text)),
                        ("homeportd.8", re.findall(r"--[a-z-]+", help_of(prefix, "homeportd"))),
                        ("homeport.yml.5", re.findall(r'^SETTING\("([^"]+)"', (prefix.parent / "source/config/settings.def").read_text(), re.MULTILINE))):
        facts.equal([word for word in dict.fromkeys(words) if word not in plain[name] and word != "--describe-"], [], f"{name} tells of all there is")


def the_alerts(facts, prefix):
    rules = prefix / "share/homeport/alerts/homeport.rules.yml"
    run(facts, "promtool takes the installed alerts", ["promtool", "check", "rules", rules])
    runbooks = re.findall(r"runbook_url: (\S+)", rules.read_text())
    facts.check(runbooks, "alerts have runbooks")
    facts.equal([url for url in runbooks if not Path(url.removeprefix("file://").split("#")[0]).is_file()], [], "each is an installed page")


def what_is_installed(facts, prefix):
    found = files_below(prefix)
    facts.equal([path for path in EXPECTED if path not in found], [], "all of it is installed")
    run(facts, "the sample configuration is accepted where it is", [prefix / "bin/homeportd", "--check", "--config", prefix / "etc/homeport/homeport.yml"])
    the_unit(facts, prefix)
    the_manual(facts, prefix)
    the_completion(facts, prefix)
    the_alerts(facts, prefix)
    return found


def a_changed_configuration(facts, build, prefix):
    path = prefix / "etc/homeport/homeport.yml"
    path.write_text(path.read_text() + "log_level: debug\n")
    run(facts, "it is installed again", ["make", "-s", "install"], build)
    facts.check("log_level: debug" in path.read_text(), "a configuration that is there is not touched")
    run(facts, "make uninstall", ["make", "-s", "uninstall"], build)
    facts.equal(files_below(prefix), ["etc/homeport/homeport.yml"], "and is all that is left after make uninstall")


def packaging(facts):
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        prefix, build, stage = folder / "installed", folder / "build", folder / "stage"
        unpack(facts, folder)
        build.mkdir()
        run(facts, "configure of what was packed", ["../source/configure", f"--prefix={prefix}", *QUICK], build)
        run(facts, "make", ["make", "-s", f"-j{os.cpu_count()}"], build)
        run(facts, "make install into a folder of a packager (DESTDIR)", ["make", "-s", "install", f"DESTDIR={stage}"], build)
        run(facts, "make install", ["make", "-s", "install"], build)
        found = what_is_installed(facts, prefix)
        facts.equal(files_below(stage / prefix.relative_to("/")), found, "in the packager's folder is the same")
        run(facts, "make uninstall from there", ["make", "-s", "uninstall", f"DESTDIR={stage}"], build)
        facts.equal(files_below(stage), [], "leaves nothing there")
        a_changed_configuration(facts, build, prefix)
        run(facts, "make distclean", ["make", "-s", "distclean"], build)
        facts.equal(files_below(build), [], "leaves nothing of the build")
        subprocess.run(["chmod", "-R", "u+w", folder / "source"], check=True)


tap.run(packaging)
