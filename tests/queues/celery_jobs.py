"""An application that queues by Celery: celery_jobs.py work|produce HOST PORT DC NOTES [COUNT]; tests/lib/jobs.py says what it is to do.
Besides its jobs, a producer has a group, whose results it waits for, and a chord: its tasks run, and then the one that adds up their results, and the producer gets the sum from the result back end.
Some jobs kill their worker the first time (KILLS=1): what they were is sent again after the visibility timeout. ACKS=early: a job is acknowledged before it runs. PRIORITIES=1: job DC-n has priority n modulo 10,
0 is served first, and workers begin once the producers have noted "all-produced" twice. CA: the file of the authority whose certificates are trusted; then all goes by TLS."""

import os
import signal
import sys
import time

ROLE, HOST, PORT, DC, NOTES = sys.argv[1:6]
JOB_SECONDS = 0.02
# Where jobs go (QUEUES): to the workers of each datacenter in turn ("own"), or to all of them. With "own" in it there is a chord, which always goes to the workers of its
# datacenter: who waits for a result has to hear its PUBLISH.
SHARE = os.environ.get("QUEUES", "")
OWN_QUEUE = f"{DC}-jobs"
QUEUES = ("eu-jobs", "us-jobs") if SHARE == "own" else ("all-jobs",)
MINE = [OWN_QUEUE] if SHARE == "own" else ["all-jobs", OWN_QUEUE] if SHARE else ["all-jobs"]
CHORD_TASKS = 10
CA = os.environ.get("CA")
URL = f"rediss://{HOST}:{PORT}/0?ssl_cert_reqs=required&ssl_ca_certs={CA}" if CA else f"redis://{HOST}:{PORT}/0"
PRIORITIES = {"priority_steps": list(range(10)), "queue_order_strategy": "priority"} if "PRIORITIES" in os.environ else {}
IS_LATE = os.environ.get("ACKS") != "early"


def note(*words):
    with open(NOTES, "a", encoding="utf-8") as notes:
        notes.write(" ".join(words) + "\n")


def lines():
    with open(NOTES, encoding="utf-8") as notes:
        return notes.read().splitlines()


def die_once(job):
    """With the whole worker, so that nobody gives the job back."""
    if int(job.rpartition("-")[2]) % 25 == 10 and f"killed {job}" not in lines():
        note("killed", job)
        os.kill(os.getppid(), signal.SIGKILL)
        os.kill(os.getpid(), signal.SIGKILL)


def make_application():
    import celery
    application = celery.Celery("jobs", broker=URL, backend=URL)
    application.conf.update(
        task_acks_late=IS_LATE, task_reject_on_worker_lost=IS_LATE, worker_prefetch_multiplier=1, task_default_queue=OWN_QUEUE,
        broker_transport_options={**PRIORITIES, "visibility_timeout": 20, "unacked_restore_interval": 2, "unacked_restore_throttle": 1,
                                  "unacked_key": f"unacked-{DC}", "unacked_index_key": f"unacked-index-{DC}", "unacked_mutex_key": f"unacked-mutex-{DC}"},
        broker_connection_retry_on_startup=True, worker_hijack_root_logger=False)

    @application.task(name="jobs.work_on")
    def work_on(job):
        if "KILLS" in os.environ and not job.startswith("chord"):
            die_once(job)
        time.sleep(JOB_SECONDS)
        note("done", job, DC)
        return 1

    @application.task(name="jobs.add_up")
    def add_up(results):
        return sum(results)
    return application, work_on, add_up


def sent(job, send):
    """Sends until it is answered."""
    while True:
        try:
            return send()
        except Exception as error:  # pylint: disable=broad-except
            note("unanswered", job)
            print(f"{job}: {error!r}", flush=True)
            time.sleep(0.2)


def produce(work_on, add_up, count):
    import celery
    for number in range(count):
        job = f"{DC}-{number}"
        queue = QUEUES[number % len(QUEUES)]
        sent(job, lambda: work_on.apply_async((job,), task_id=job, queue=queue, retry=False, **({"priority": number % 10} if PRIORITIES else {})))
        note("produced", job)
        time.sleep(0.02)
    note("all-produced", DC)
    if not SHARE:
        return
    group = sent("group", lambda: celery.group([work_on.s(f"chord-group-{DC}-{number}") for number in range(CHORD_TASKS)])())
    note("group", DC, str(sum(sent("group", lambda: group.get(timeout=10)))))
    chord = sent("chord", lambda: celery.chord([work_on.s(f"chord-{DC}-{number}") for number in range(CHORD_TASKS)])(add_up.s()))
    # Asked again when the connection breaks meanwhile; a timeout is for a PUBLISH that was missed then.
    note("chord", DC, str(sent("chord", lambda: chord.get(timeout=10))))


if __name__ == "__main__":
    app, work_task, add_task = make_application()
    if ROLE == "work":
        while PRIORITIES and len([line for line in lines() if line.startswith("all-produced")]) < 2:
            time.sleep(0.1)
        app.worker_main(["worker", "--queues", ",".join(MINE), "--loglevel", "INFO", "--concurrency", "1", "--without-gossip", "--without-mingle", "--hostname", f"{DC}{os.getpid()}@host"])
    else:
        produce(work_task, add_task, int(sys.argv[6]))
