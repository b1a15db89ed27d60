"""Jobs of a queue under test. An application's producers and workers run at every datacenter, each with a queue's own library; sidecars are killed meanwhile;
then each job is looked for in what the application noted.

The application is one program: PROGRAM work HOST PORT DC NOTES, and PROGRAM produce HOST PORT DC NOTES COUNT, which makes jobs DC-0 … and ends. It adds lines to NOTES:
"produced JOB", "unanswered JOB" (its connection broke before the answer, so that it sends the job again), and, in a job, "done JOB DC"."""

import os
import signal
import threading
import time
from collections import Counter

from .workspace import HOST

REST_SECONDS = 0.5       # before a program that ended is started anew, as any supervisor does
BROKEN_ENDS = 20         # of a program, before any job is done: it does not work at all
STOP_SECONDS = 20
PRODUCE_SECONDS = 120


class Program(threading.Thread):
    """Runs COMMAND; with `is_kept`, anew whenever it ends."""

    def __init__(self, workspace, name, command, environment, is_kept=False):
        super().__init__(daemon=True)
        self.workspace, self.name, self.command, self.environment, self.is_kept = workspace, name, command, environment, is_kept
        self.ends, self.status, self.process, self._is_over = 0, None, None, False

    def run(self):
        while not self._is_over:
            self.process = self.workspace.spawn(self.name, self.command, self.environment)
            self.status = self.process.wait()
            self.workspace.unwatch(self.process.pid)
            self.ends += 1
            if not self.is_kept:
                return
            time.sleep(REST_SECONDS)

    def _signal(self, number):
        try:
            os.killpg(self.process.pid, number)
        except (ProcessLookupError, AttributeError):
            pass

    def tell_to_stop(self):
        self._is_over = True
        if self.process is not None:
            self.process.terminate()

    def stop(self):
        """In good order, and whatever it has started with it."""
        self.tell_to_stop()
        self.join(STOP_SECONDS)
        self._signal(signal.SIGKILL)
        self.join()

    def log_text(self):
        return self.workspace.log_path(self.name).read_text(errors="replace")


class Jobs:
    def __init__(self, world, command, count, workers=2, environment=None, quiet_seconds=60, ports=None):
        """COUNT jobs at each datacenter, WORKERS programs at each. PORTS: {datacenter: port}, else those that speak plainly. QUIET_SECONDS: when no job ran for that long, those that are missing are lost."""
        self.world, self.command, self.count, self.workers = world, command, count, workers
        self._environment, self._quiet_seconds = environment, quiet_seconds
        self.notes_path = world.workspace.directory / "notes"
        self.notes_path.touch()
        self.kills = 0
        self._ports = ports or {dc.name: dc.sidecar.port for dc in world}
        self.wanted = {f"{dc.name}-{number}" for dc in world for number in range(count)}
        self._programs = {}
        world.workspace.on_close(self.stop)

    def _start(self, role, dc, name, *more, is_kept=False):
        command = [*self.command, role, HOST, self._ports[dc.name], dc.name, self.notes_path, *more]
        self._programs[name] = Program(self.world.workspace, name, command, self._environment, is_kept)
        self._programs[name].start()

    def start_workers(self):
        for dc in self.world:
            for number in range(self.workers):
                self._start("work", dc, f"worker-{dc.name}{number}", is_kept=True)

    def start_producers(self):
        for dc in self.world:
            self._start("produce", dc, f"producer-{dc.name}", self.count)

    def notes(self, kind):
        """The words behind KIND, of each line."""
        lines = [line.split() for line in self.notes_path.read_text().splitlines()]
        return [words[1:] for words in lines if words[:1] == [kind]]

    def runs(self):
        """{job: datacenters in which it ran}, one for each time."""
        runs = {}
        for job, dc in self.notes("done"):
            if job in self.wanted:
                runs.setdefault(job, []).append(dc)
        return runs

    def wait_done(self, share=1.0):
        """Until that share of the jobs ran, or none has for long."""
        done, deadline = -1, time.monotonic() + self._quiet_seconds
        while time.monotonic() < deadline:
            now = len(self.runs())
            if now >= share * len(self.wanted):
                return
            if now > done:
                done, deadline = now, time.monotonic() + self._quiet_seconds
            if now == 0 and any(program.ends > BROKEN_ENDS for program in self._programs.values()):
                raise RuntimeError("programs end again and again:\n" + next(iter(self._programs.values())).log_text()[-3000:])
            time.sleep(0.1)

    def kill(self, name):
        """SIGKILL to a sidecar, and anew."""
        self.kills += 1
        self.world[name].sidecar.kill()
        self.world[name].sidecar.start()

    def wait_for(self, is_enough):
        """Until IS_ENOUGH(self), or the notes have not grown for long. The line "enough" tells the application that nothing more is waited for."""
        size, deadline = -1, time.monotonic() + self._quiet_seconds
        while not is_enough(self) and time.monotonic() < deadline:
            now = self.notes_path.stat().st_size
            if now > size:
                size, deadline = now, time.monotonic() + self._quiet_seconds
            time.sleep(0.1)
        with open(self.notes_path, "a", encoding="utf-8") as notes:
            notes.write("enough\n")

    def run(self, kills=(), is_enough=lambda jobs: True):
        """All of it: workers, producers, sidecars killed as the jobs go on. IS_ENOUGH(self): is there what has to be there besides the jobs?"""
        self.start_workers()
        self.start_producers()
        for number, name in enumerate(kills, 1):
            self.wait_done(number / (len(kills) + 1.5))
            self.kill(name)
        self.wait_done()
        self.wait_for(is_enough)
        self._join_producers()
        self.world.wait_zero_lag()
        self.stop()
        self.world.wait_zero_lag()

    def _join_producers(self):
        for name, program in self._programs.items():
            if name.startswith("producer"):
                program.join(PRODUCE_SECONDS)

    def stop(self):
        for program in self._programs.values():
            program.tell_to_stop()
        for program in self._programs.values():
            program.stop()

    @property
    def lost(self):
        return sorted(self.wanted - set(self.runs()))

    @property
    def twice(self):
        return {job: dcs for job, dcs in self.runs().items() if len(dcs) > 1}

    @property
    def unanswered(self):
        return {words[0] for words in self.notes("unanswered")}

    @property
    def twice_bound(self):
        """Every worker may have had one job in hand at a kill, and a producer that got no answer has sent its job again."""
        return self.kills * self.workers * len(self.world.dcs) + len(self.unanswered)

    @property
    def lost_bound(self):
        """Where a library pops and only then writes down who has the job: each worker of the datacenter may have been between the two at a kill."""
        return self.kills * self.workers

    def report(self, facts, what, is_popped_safely):
        produced = {words[0] for words in self.notes("produced")}
        ran_at = Counter(dc for dcs in self.runs().values() for dc in dcs)
        facts.note(f"{what}: produced {len(produced)}, done {len(self.runs())}, twice {len(self.twice)}, of them at two datacenters "
                   f"{sum(len(set(dcs)) > 1 for dcs in self.twice.values())}; kills {self.kills}, unanswered {len(self.unanswered)}; runs at {dict(sorted(ran_at.items()))}")
        facts.equal(produced, self.wanted, f"{what}: every job was taken")
        if is_popped_safely:
            facts.check(not self.lost, f"{what}: no job is lost", self.lost[:10])
        else:
            facts.check(len(self.lost) <= self.lost_bound, f"{what}: no job is lost but those that a worker was about to get at a kill ({len(self.lost)}, at most {self.lost_bound})", self.lost[:10])
        if self.lost:
            facts.note(f"left: {str(next(iter(self.world)).data())[:3000]}")
        for name, program in self._programs.items():
            if self.lost or (name.startswith("producer") and program.status != 0):
                facts.note(f"{name} (ended {program.ends} times): {program.log_text()[-1500:]}")
