"""An application that queues by rq: rq_jobs.py work|produce HOST PORT DC NOTES [COUNT]; tests/lib/jobs.py says what it is to do."""

import os
import sys
import time

JOB_SECONDS = 0.02


def note(*words):
    with open(os.environ["NOTES"], "a", encoding="utf-8") as notes:
        notes.write(" ".join(words) + "\n")


def work_on(job):
    time.sleep(JOB_SECONDS)
    note("done", job, os.environ["DC"])


def queues():
    """One for all, or (QUEUES=own) one for the workers of each datacenter."""
    return ["jobs"] if os.environ.get("QUEUES") != "own" else ["eu-jobs", "us-jobs"]


def work(connection, dc):
    from rq import Queue, Worker
    mine = [Queue(name, connection=connection) for name in queues() if name in ("jobs", f"{dc}-jobs")]
    # Looks every 5 seconds for what workers left that are gone, and not every ten minutes.
    Worker(mine, connection=connection, maintenance_interval=5, worker_ttl=10).work(with_scheduler=True)


def produce(connection, dc, count):
    import redis
    from rq import Queue, Retry
    all_queues = [Queue(name, connection=connection) for name in queues()]
    for number in range(count):
        queue = all_queues[number % len(all_queues)]
        job = f"{dc}-{number}"
        while True:
            try:
                queue.enqueue(work_on, job, job_id=job, retry=Retry(max=5), job_timeout=10)
                break
            except redis.exceptions.RedisError:
                note("unanswered", job)
                time.sleep(0.2)
        note("produced", job)
        time.sleep(0.02)


def main():
    import redis
    import redis.backoff
    import redis.retry
    sys.modules["rq_jobs"] = sys.modules["__main__"]   # a worker finds the function under the name that the producer wrote
    sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
    role, host, port, dc, notes = sys.argv[1:6]
    os.environ.update(DC=dc, NOTES=notes)
    connection = redis.Redis(host=host, port=int(port), retry=redis.retry.Retry(redis.backoff.NoBackoff(), 0))   # so that we know which commands got no answer
    if role == "work":
        work(connection, dc)
    else:
        work_on.__module__ = "rq_jobs"
        produce(connection, dc, int(sys.argv[6]))


if __name__ == "__main__":
    main()
